package detectors

import (
	"fmt"
	"math"

	"plumbline/profiles"
)

// DuplicateRows judges how many records of a window equal another one of it in all features. Both sides are samples of different
// rows, each with how often it occurred ([profiles.Rows]).
//
// Value is the share of such records: 1 - (single rows of the sample)·2^level/n, corrected by regression on the number of records,
// which is known (Cochran 1977), unless rows that are not in the sample hold so much of the window that this would mislead. Lower and
// Upper are its 95 % bounds for the window that was, equal to Value while all different rows are kept.
//
// The more records, the more repeat. So the baseline's share is that of as many of its records, drawn without replacement, as the
// window has (Hurlbert's rarefaction): a row that occurred g times in m repeats in n of them with probability 1 - C(m-g, n-1)/C(m-1, n-1).
// Effect is the difference to it, P the one-sided chance of as many duplicates, by the normal law with the errors of both samples.
// It takes records as drawn independently: those of one session or minute may repeat more.
func DuplicateRows(cur, ref profiles.Rows) Result {
	n, m := cur.Records, ref.Records
	switch {
	case n <= 0:
		return none(0, max(m, 0), "no record of the window carries features whose rows were looked at")
	case n < MinRows:
		return none(n, max(m, 0), "%d records in the window, at least %d are needed", n, MinRows)
	}
	value, drawn, own, ok := repeats(cur, func(g int64) float64 {
		if g == 1 {
			return 1
		}
		return 0
	})
	if !ok {
		return none(n, max(m, 0), "a count is negative, or none of the window's rows is in the sample")
	}
	res := Result{Value: number(value), Lower: number(max(0, value-z95*drawn)), Upper: number(min(1, value+z95*drawn)), N: n}
	if cur.Level > 0 {
		res.Note = fmt.Sprintf("from %d of about %.0f different rows", len(cur.Counts), math.Ldexp(float64(len(cur.Counts)), cur.Level))
	}
	if m < MinRows {
		return res
	}
	few := min(n, m)
	expected, _, theirs, ok := repeats(ref, func(g int64) float64 {
		return Absence(g-1, m-1-(few-1), few-1)
	})
	if !ok {
		return res
	}
	if n > m {
		res.Note = joinNotes(res.Note, "the baseline has fewer records than the window, and fewer repeat in fewer")
	}
	res.M = m
	res.Effect = number(value - expected)
	z := (value - expected) / math.Hypot(own, theirs)
	res.P = probability(0.5 * math.Erfc(z/math.Sqrt2))
	return res
}

// repeats estimates the share of records that repeat, where a record whose row occurred g times does not with probability single(g).
// drawn is the standard error that comes from keeping a sample of rows only, whole that of the window as a sample itself.
func repeats(r profiles.Rows, single func(g int64) float64) (share, drawn, whole float64, ok bool) {
	var rows, all, lone, squares, loneSquares, both float64
	for _, g := range r.Counts {
		if g <= 0 {
			return 0, 0, 0, false
		}
		x := float64(g)
		y := x * single(g)
		rows, all, lone = rows+1, all+x, lone+y
		squares, loneSquares, both = squares+x*x, loneSquares+y*y, both+x*y
	}
	if all == 0 || r.Records <= 0 || r.Level < 0 || r.Level > 64 {
		return 0, 0, 0, false
	}
	part := math.Ldexp(1, -r.Level) // of the different rows
	n := float64(r.Records)
	// Σ y/part estimates the single records; what Σ x/part misses of the n that there are corrects it, so far as y follows x.
	slope := both / squares
	if off := math.Abs(all/part - n); off > 2*math.Sqrt(squares*(1-part))/part+0.5 {
		slope = 0 // rows that are not in the sample hold too much
	}
	left := math.Max(0, loneSquares-2*slope*both+slope*slope*squares)
	share = 1 - (lone/part+slope*(n-all/part))/n
	share = min(max(share, 0), 1)
	drawn = math.Sqrt(left*(1-part)) / part / n
	ratio := lone / all
	residual := math.Max(0, loneSquares-2*ratio*both+ratio*ratio*squares)
	spread := math.Hypot(drawn, math.Sqrt(residual*rows/math.Max(1, rows-1))/all)
	// One repeated row more or less is the least that can be told.
	return share, drawn, math.Hypot(spread, 1/all), true
}

func duplicateRowsOf(in Input) outcome {
	if in.CurrentProfile == nil {
		return noOutcome("no records in the window")
	}
	var ref profiles.Rows
	if in.BaselineProfile != nil {
		ref = in.BaselineProfile.Rows()
	}
	return outcome{Result: DuplicateRows(in.CurrentProfile.Rows(), ref)}
}
