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
// Of independent rows its variance is v(r, n) = (1 + r²/2)/(n - 3) for Spearman's r (Bonett and Wright 2000). What the z of the
// baseline's own stretches, of about the window's length, vary beyond that is added, with Student's t: it holds all dependence of rows
// on each other.
//
// Value is |r - s| of that pair; Effect r - s; P two-sided, Bonferroni's over all pairs; Lower and Upper bound |r - s| with 95 % for
// all pairs at once, from the intervals of both correlations (Zou 2007). Note names the pair. Pairs with fewer than [MinRows] rows on
// a side, or a feature that is constant there, are left out; at least one has to be left.
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
	pairs, most := 0, int64(0)
	for i := range ref.Features {
		for j := range i {
			k := pairAt(i, j)
			c, okC := at[ref.Features[i]]
			d, okD := at[ref.Features[j]]
			if !okC || !okD || k >= len(ref.R) || k >= len(ref.N) || pairAt(c, d) >= len(cur.R) || pairAt(c, d) >= len(cur.N) {
				continue
			}
			l := pairAt(c, d)
			p := correlated{a: ref.Features[j], b: ref.Features[i], r: cur.R[l], s: ref.R[k], n: cur.N[l], m: ref.N[k]}
			most = max(most, p.n)
			if p.n < MinRows || p.m < MinRows || p.r-p.r != 0 || p.s-p.s != 0 {
				continue
			}
			p.judge(spread, k, window)
			if pairs++; pairs == 1 || p.p < worst.p || p.p == worst.p && math.Abs(p.r-p.s) > math.Abs(worst.r-worst.s) {
				worst = p
			}
		}
	}
	if pairs == 0 {
		return none(most, 0, "no two numeric features have %d rows in the window and the baseline and are not constant", MinRows)
	}
	res := Result{Value: number(math.Abs(worst.r - worst.s)), Effect: number(worst.r - worst.s), N: worst.n, M: worst.m,
		P: probability(float64(pairs) * worst.p), Note: joinNotes(worst.String(), note)}
	lower, upper := worst.bounds(0.05 / float64(pairs))
	res.Lower, res.Upper = number(lower), number(upper)
	return res
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

// correlated is a pair of features on both sides.
type correlated struct {
	a, b   string
	r, s   float64 // now, and in the baseline
	n, m   int64
	er, es float64 // standard errors of Fisher's z
	df     float64 // Inf: they are known
	p      float64
}

func (c *correlated) String() string {
	return fmt.Sprintf("correlation of %s and %s: %.2f, %.2f in the baseline", brief(c.a), brief(c.b), c.r, c.s)
}

// judge adds to the variance of independent rows what the baseline's stretches differ beyond it. Means over shorter windows differ more,
// at most by the ratio of the lengths.
func (c *correlated) judge(spread *profiles.Spread, k int, window time.Duration) {
	own, theirs, df := fisherVariance(c.r, float64(c.n)), fisherVariance(c.s, float64(c.m)), math.Inf(1)
	if spread != nil && k < len(spread.SD) && k < len(spread.Blocks) && spread.SD[k] > 0 && spread.Blocks[k] > 1 {
		blocks := float64(spread.Blocks[k])
		noise := fisherVariance(c.s, math.Max(4, float64(c.m)/blocks))
		if more := spread.SD[k]*spread.SD[k] - noise; more > 0 {
			theirs += more / blocks
			more *= math.Max(1, spread.Seconds/math.Max(1, window.Seconds()))
			own += more
			df = (blocks - 1) * (own + theirs) * (own + theirs) / (more * more) // Satterthwaite
		}
	}
	c.er, c.es, c.df = math.Sqrt(own), math.Sqrt(theirs), df
	c.p = studentTail((fisher(c.r)-fisher(c.s))/math.Sqrt(own+theirs), df)
}

// bounds are those of |r - s| at a two-sided level.
func (c *correlated) bounds(level float64) (lower, upper float64) {
	half := math.Sqrt2 * math.Erfinv(1-level)
	if !math.IsInf(c.df, 1) {
		half = studentQuantile(level, c.df)
	}
	x, ex, y, ey := c.r, c.er, c.s, c.es
	if x < y {
		x, ex, y, ey = y, ey, x, ex
	}
	lowX, highX := fisherInterval(x, half*ex)
	lowY, highY := fisherInterval(y, half*ey)
	return math.Max(0, x-y-math.Hypot(x-lowX, highY-y)), x - y + math.Hypot(highX-x, y-lowY)
}

// fisher is atanh, finite also for 1: beyond, ranks of so many rows could not tell.
func fisher(r float64) float64 { return math.Atanh(min(max(r, -0.999999), 0.999999)) }

func fisherVariance(r, n float64) float64 { return (1 + r*r/2) / (n - 3) }

func fisherInterval(r, half float64) (lower, upper float64) {
	return min(math.Tanh(fisher(r)-half), r), max(math.Tanh(fisher(r)+half), r)
}
