package detectors

import (
	"fmt"
	"math"
	"time"

	"plumbline/profiles"
)

// CorrelationChange looks for the pair of numeric features whose rank correlation changed most surely: the largest |atanh r - atanh s|
// by its standard error.
//
// Of independent rows r has the variance v/n, v being that of the rows' influence on it ([profiles.Correlations]); on the scale of atanh
// v/(1 - r²)²/n. For each side v is the larger of its own and that of both together, weighted by their rows. It is known from as many
// degrees of freedom as the smaller side has of them, whose tail is the heavier one, and P is Student's. Where those are fewer than 12, as
// where a few rows make all the difference between r and 1, or where r is 1 on one side, r itself is judged, with the larger v of both
// sides and its degrees of freedom, which takes a larger change. Where those are fewer than 20, the pair is left out, and Note counts
// such pairs.
//
// What the z of the baseline's own stretches, of about the window's length, vary beyond that is added, with Student's t: it holds all
// dependence of rows on each other.
//
// Value is |r - s| of that pair; Effect r - s; P two-sided, Bonferroni's over all pairs judged; Lower and Upper bound |r - s| with 95 % for
// all pairs at once, from the intervals of both correlations (Zou 2007). Note names the pair. Pairs with fewer than [MinRows] rows on
// a side, or a feature that is constant there, are left out; at least one has to be left. A baseline that does not know v, as those of
// before, gives no P and no bounds.
func CorrelationChange(cur, ref *profiles.Correlations, window time.Duration) Result {
	switch {
	case ref == nil:
		return none(0, 0, "the baseline has no correlations: it needs two numeric features")
	case cur == nil:
		return none(0, 0, "no rows in the window")
	}
	spread, note := spreadOf(ref, window)
	at := make(map[string]int, len(cur.Features))
	for i, name := range cur.Features {
		at[name] = i
	}
	var worst correlated
	pairs, few, most := 0, 0, int64(0)
	for i := range ref.Features {
		for j := range i {
			c, okC := at[ref.Features[i]]
			d, okD := at[ref.Features[j]]
			if !okC || !okD {
				continue
			}
			k := pairAt(i, j)
			now, ok := correlationOf(cur, pairAt(c, d))
			then, okRef := correlationOf(ref, k)
			if !ok || !okRef {
				continue
			}
			most = max(most, now.n)
			if now.n < MinRows || then.n < MinRows || now.r-now.r != 0 || then.r-then.r != 0 {
				continue
			}
			p := correlated{a: ref.Features[j], b: ref.Features[i], now: now, then: then}
			if !p.judge(spread, k, window) {
				few++
				continue
			}
			if pairs++; pairs == 1 || p.p < worst.p || p.p == worst.p && math.Abs(p.change()) > math.Abs(worst.change()) {
				worst = p
			}
		}
	}
	if few > 0 {
		note = joinNotes(fmt.Sprintf("%s left out: too few rows make the correlation", countedPairs(few)), note)
	}
	switch {
	case pairs == 0 && few > 0:
		return none(most, 0, "the correlations of all pairs of numeric features rest on too few rows")
	case pairs == 0:
		return none(most, 0, "no two numeric features have %d rows in the window and the baseline and are not constant", MinRows)
	}
	res := Result{Value: number(math.Abs(worst.change())), Effect: number(worst.change()), N: worst.now.n, M: worst.then.n, Note: joinNotes(worst.String(), note)}
	if !worst.now.known || !worst.then.known {
		res.Note = joinNotes(res.Note, "no p-value: the baseline does not know how sure its correlations are; make it anew")
		return res
	}
	res.P = probability(float64(pairs) * worst.p)
	lower, upper := worst.bounds(0.05 / float64(pairs))
	res.Lower, res.Upper = number(lower), number(upper)
	return res
}

func countedPairs(k int) string {
	if k == 1 {
		return "1 pair"
	}
	return fmt.Sprintf("%d pairs", k)
}

// pairAt is the place of a pair in a list of all of them.
func pairAt(i, j int) int { return max(i, j)*(max(i, j)-1)/2 + min(i, j) }

// spreadOf chooses the shortest stretches of a baseline that say something of a window; nil if there are none.
func spreadOf(ref *profiles.Correlations, window time.Duration) (*profiles.Spread, string) {
	for i := len(ref.Spreads) - 1; i >= 0; i-- {
		if s := &ref.Spreads[i]; s.Seconds >= 0.75*window.Seconds() || i == 0 {
			return s, ""
		}
	}
	return nil, "rows are taken as independent: the baseline's have no times"
}
