package detectors

import (
	"fmt"
	"math"

	"plumbline/profiles"
)

// CorrelationChange looks for the pair of numeric features whose rank correlation changed most surely: the largest
// |atanh r - atanh s|/sqrt(v(r, n) + v(s, m)) of Fisher's z, with v(r, n) = (1 + r²/2)/(n - 3) for Spearman's r (Bonett and Wright 2000).
//
// Value is |r - s| of that pair; Effect r - s; P two-sided, Bonferroni's over all pairs; Lower and Upper bound |r - s| with 95 % for
// all pairs at once, from the intervals of both correlations (Zou 2007). Note names the pair. Pairs with fewer than [MinRows] rows on
// a side, or a feature that is constant there, are left out; at least one has to be left. Rows are taken as independent.
func CorrelationChange(cur, ref *profiles.Correlations) Result {
	switch {
	case ref == nil:
		return none(0, 0, "the baseline has no correlations: it needs two numeric features")
	case cur == nil:
		return none(0, 0, "no rows in the window")
	}
	type pair struct {
		a, b       string
		r, s, z    float64
		rows, refs int64
	}
	at := make(map[string]int, len(cur.Features))
	for i, name := range cur.Features {
		at[name] = i
	}
	var worst pair
	pairs, most := 0, int64(0)
	for i := range ref.Features {
		for j := range i {
			k := i*(i-1)/2 + j
			c, okC := at[ref.Features[i]]
			d, okD := at[ref.Features[j]]
			if !okC || !okD || k >= len(ref.R) || k >= len(ref.N) {
				continue
			}
			l := max(c, d)*(max(c, d)-1)/2 + min(c, d)
			if l >= len(cur.R) || l >= len(cur.N) {
				continue
			}
			p := pair{a: ref.Features[j], b: ref.Features[i], r: cur.R[l], s: ref.R[k], rows: cur.N[l], refs: ref.N[k]}
			most = max(most, p.rows)
			if p.rows < MinRows || p.refs < MinRows || p.r-p.r != 0 || p.s-p.s != 0 {
				continue
			}
			p.z = math.Abs(fisher(p.r)-fisher(p.s)) / math.Sqrt(fisherVariance(p.r, p.rows)+fisherVariance(p.s, p.refs))
			if pairs++; pairs == 1 || p.z > worst.z {
				worst = p
			}
		}
	}
	if pairs == 0 {
		return none(most, 0, "no two numeric features have %d rows in the window and the baseline and are not constant", MinRows)
	}
	d := math.Abs(worst.r - worst.s)
	res := Result{Value: number(d), Effect: number(worst.r - worst.s), N: worst.rows, M: worst.refs,
		P: probability(float64(pairs) * math.Erfc(worst.z/math.Sqrt2)), Note: fmt.Sprintf("correlation of %s and %s: %.2f, %.2f in the baseline", brief(worst.a), brief(worst.b), worst.r, worst.s)}
	half := math.Sqrt2 * math.Erfinv(1-0.05/float64(pairs))
	lowR, highR := fisherInterval(worst.r, worst.rows, half)
	lowS, highS := fisherInterval(worst.s, worst.refs, half)
	x, lowX, highX, y, lowY, highY := worst.r, lowR, highR, worst.s, lowS, highS
	if worst.r < worst.s {
		x, lowX, highX, y, lowY, highY = worst.s, lowS, highS, worst.r, lowR, highR
	}
	res.Lower = number(max(0, x-y-math.Hypot(x-lowX, highY-y)))
	res.Upper = number(x - y + math.Hypot(highX-x, y-lowY))
	return res
}

// fisher is atanh, finite also for 1: beyond, ranks of so many rows could not tell.
func fisher(r float64) float64 { return math.Atanh(min(max(r, -0.999999), 0.999999)) }

func fisherVariance(r float64, n int64) float64 { return (1 + r*r/2) / float64(n-3) }

func fisherInterval(r float64, n int64, half float64) (lower, upper float64) {
	half *= math.Sqrt(fisherVariance(r, n))
	return min(math.Tanh(fisher(r)-half), r), max(math.Tanh(fisher(r)+half), r)
}
