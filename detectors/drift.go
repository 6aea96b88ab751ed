package detectors

import (
	"math"

	"plumbline/profiles"
)

// onColumn runs a statistic on a feature's cells, with the design effect that its rows were calibrated to.
func onColumn(statistic func(t table) Result) func(Input) outcome {
	return func(in Input) outcome {
		col, reason := columnOf(in.Baseline, in.Current)
		if reason != "" {
			return outcome{Result: none(in.Current.N, in.Baseline.N, "%s", reason)}
		}
		t, reason := newTable(col.ref, col.cur)
		if reason != "" {
			return outcome{Result: none(t.n, t.m, "%s", reason), bins: col.evidence()}
		}
		t.law = law(in.Baseline, in.Current)
		t.phi = in.Calibration.phi(1 / t.sampling())
		var out outcome
		if merged := t.merged(); len(merged.r) >= 2 {
			s := chiSquareScore(chiSquare(merged), float64(len(merged.r)-1), 1/merged.sampling(), psi(merged, 0.5))
			out.score = &s
		}
		switch {
		case !in.scoring:
			out.Result, out.bins = statistic(t), col.evidence()
		case out.score != nil:
			out.Result = onlyScored(t)
		}
		return out
	}
}

var (
	psiOf    = onColumn(psiResult)
	psiRawOf = onColumn(psiRawResult)
	chi2Of   = onColumn(chiSquareResult)
	gOf      = onColumn(gResult)
	jsOf     = onColumn(jsResult)
)

// ksOf compares on all cells of the grid and shows the deciles.
func ksOf(in Input) outcome {
	r, c, reason := gridCounts(in.Baseline, in.Current)
	if reason != "" {
		return outcome{Result: none(in.Current.N, in.Baseline.N, "%s", reason)}
	}
	if in.scoring { // the p-value is dear, and a score needs none
		t, reason := newTable(r, c)
		if reason != "" {
			return outcome{Result: none(t.n, t.m, "%s", reason)}
		}
		grid, _ := ksBounds(t)
		s := ksScore(grid, t.n, t.m)
		return outcome{Result: Result{Value: number(grid), P: number(1)}, score: &s}
	}
	out := outcome{Result: KS(r, c)}
	if out.Value != nil {
		s := ksScore(*out.Value, out.N, out.M)
		out.score = &s
	}
	if col, reason := numberColumn(in.Baseline, in.Current); reason == "" {
		out.bins = col.evidence()
	}
	return out
}

func moments(f *profiles.Feature) Moments {
	if f == nil {
		return Moments{}
	}
	x := Moments{N: f.N, Mean: math.NaN(), SD: math.NaN()} // not 0, which would say that all values are alike
	if mean, ok := f.Mean(); ok {
		x.Mean = mean
	}
	if sd, ok := f.SD(); ok {
		x.SD = sd
	}
	if _, m2, m3, _, ok := f.CentralMoments(); ok && m2 > 0 {
		x.Skewness = m3 / m2 / math.Sqrt(m2)
	}
	return x
}

func meanShiftOf(in Input) outcome {
	ref, cur := moments(in.Baseline), moments(in.Current)
	out := outcome{Result: MeanShift(ref, cur)}
	if out.P != nil {
		half := (*out.Upper - *out.Lower) / 2
		s := meanScore(*out.Value, cur.N, ref.N)
		half *= math.Sqrt(in.Calibration.phi(s.Rows))
		out.Lower, out.Upper = number(*out.Value-half), number(*out.Value+half)
		out.score = &s
	}
	if col, reason := numberColumn(in.Baseline, in.Current); reason == "" {
		out.bins = col.evidence()
	}
	return out
}

// meanScore is the score of a mean shifted by so many standard deviations of the baseline. It is by the baseline's spread, which the
// window's is without drift, and not by the window's own: an hour of one weather or a window without any of a rare value has next
// to none, which would make every difference a large one. Of a value that one row in a hundred has, 200 rows are at 0.001 in three
// windows in a thousand; by Welch's z they would be in 134.
func meanScore(shift float64, n, m int64) Score {
	perShift := math.Sqrt(1 / (1/float64(n) + 1/float64(m)))
	return normalScore(shift*perShift, perShift)
}
