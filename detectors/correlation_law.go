package detectors

import (
	"fmt"
	"math"
	"time"

	"plumbline/profiles"
)

// Degrees of freedom from which Student's law holds in its tails: of a difference on the scale of atanh, and of one of r itself with the
// larger variance of both sides. Found by simulation, see docs/statistics.md.
const (
	leastFreedom      = 12
	leastFreedomPlain = 20
)

// correlation is that of a pair of features on one side.
type correlation struct {
	r, bias           float64
	n                 int64
	known             bool    // how sure it is:
	variance, freedom float64 // of a row's influence
}

// correlationOf reads pair k; false if there is none.
func correlationOf(c *profiles.Correlations, k int) (correlation, bool) {
	if k >= len(c.R) || k >= len(c.N) {
		return correlation{}, false
	}
	out := correlation{r: c.R[k], n: c.N[k]}
	if k < len(c.Variance) && k < len(c.Freedom) && k < len(c.Bias) {
		out.known, out.variance, out.freedom, out.bias = true, c.Variance[k], c.Freedom[k], c.Bias[k]
	}
	return out, true
}

// rows is n as variances are divided by it.
func (c *correlation) rows() float64 { return float64(c.n) - 3 }

// unbiased is r without its bias.
func (c *correlation) unbiased() float64 { return c.r - c.bias }

// steep is what a small change of r is on the scale of atanh.
func (c *correlation) steep() float64 {
	r := min(math.Abs(c.unbiased()), nearOne)
	return 1 / (1 - r*r)
}

// correlationLaw is what a difference of two correlations is judged by.
type correlationLaw struct {
	plain       bool // of r itself, not of atanh r
	difference  float64
	variance    float64 // of a row's influence, from both sides
	own, theirs float64 // from each by itself
	freedom     float64 // Inf: the variance is known
}

// lawOf chooses the scale; false if too few rows make the correlation.
func lawOf(now, then *correlation) (correlationLaw, bool) {
	n, m := now.rows(), then.rows()
	l := correlationLaw{difference: fisher(now.unbiased()) - fisher(then.unbiased()), freedom: math.Inf(1)}
	switch {
	case !now.known || !then.known: // right for normal numbers (Bonett and Wright 2000): enough to find the largest change
		l.own, l.theirs = 1+now.r*now.r/2, 1+then.r*then.r/2
		l.variance = (n*l.own + m*l.theirs) / (n + m)
		return l, true
	case now.variance == 0 && then.variance == 0: // 1 or -1 on both sides: surer than independent ranks
		return correlationLaw{plain: true, difference: now.r - then.r, variance: 1, own: 1, theirs: 1, freedom: l.freedom}, true
	}
	a, b := now.steep(), then.steep()
	l.own, l.theirs = now.variance*a*a, then.variance*b*b
	l.variance = (n*l.own + m*l.theirs) / (n + m)
	l.freedom = (n + m) * (n + m) * l.variance * l.variance / (squareBy(n*l.own, now.freedom) + squareBy(m*l.theirs, then.freedom)) // Satterthwaite
	l.freedom *= min(n, m) / (n + m)
	if l.freedom >= leastFreedom && now.variance > 0 && then.variance > 0 { // atanh 1 has no place
		return l, true
	}
	l = correlationLaw{plain: true, difference: now.unbiased() - then.unbiased(), own: now.variance, theirs: then.variance}
	per := now.freedom / n
	if l.variance = l.own; l.theirs > l.own {
		l.variance, per = l.theirs, then.freedom/m
	}
	c0 := 1/n + 1/m
	l.freedom = c0 * c0 * per / (1/(n*n*n) + 1/(m*m*m))
	return l, l.freedom >= leastFreedomPlain
}

// squareBy is x²/df, 0 where x is.
func squareBy(x, df float64) float64 {
	if x == 0 {
		return 0
	}
	return x * x / df
}

// correlated is a pair of features on both sides.
type correlated struct {
	a, b      string
	now, then correlation
	plain     bool    // judged by r itself
	er, es    float64 // standard errors now and in the baseline
	df        float64 // Inf: they are known
	p         float64
}

func (c *correlated) String() string {
	return fmt.Sprintf("correlation of %s and %s: %.2f, %.2f in the baseline", brief(c.a), brief(c.b), c.now.r, c.then.r)
}

func (c *correlated) change() float64 { return c.now.r - c.then.r }

// judge adds to the variance of independent rows what the baseline's stretches differ beyond it. Means over shorter windows differ more,
// at most by the ratio of the lengths. It is false if too few rows make the correlation.
func (c *correlated) judge(spread *profiles.Spread, k int, window time.Duration) bool {
	l, ok := lawOf(&c.now, &c.then)
	if !ok {
		return false
	}
	n, m := c.now.rows(), c.then.rows()
	own, theirs := math.Max(l.variance, l.own)/n, math.Max(l.variance, l.theirs)/m
	sampling, more, moreRef := own+theirs, 0.0, 0.0
	freedom := squareBy(sampling, l.freedom)
	if spread != nil && k < len(spread.SD) && k < len(spread.Blocks) && spread.SD[k] > 0 && spread.Blocks[k] > 1 {
		blocks, sd := float64(spread.Blocks[k]), spread.SD[k]
		if l.plain {
			sd /= c.then.steep()
		}
		if beyond := sd*sd - l.theirs/math.Max(1, float64(c.then.n)/blocks-3); beyond > 0 {
			moreRef = beyond / blocks
			more = beyond * math.Max(1, spread.Seconds/math.Max(1, window.Seconds()))
			freedom += squareBy(more, blocks-1)
		}
	}
	all := sampling + more + moreRef
	c.plain, c.df = l.plain, all*all/freedom
	c.er, c.es = math.Sqrt(own+more), math.Sqrt(theirs+moreRef)
	c.p = studentTail(l.difference/math.Sqrt(all), c.df)
	return true
}

// bounds are those of |r - s| at a two-sided level.
func (c *correlated) bounds(level float64) (lower, upper float64) {
	half := math.Sqrt2 * math.Erfinv(1-level)
	if !math.IsInf(c.df, 1) {
		half = studentQuantile(level, c.df)
	}
	x, ex, y, ey := c.now.r, c.er, c.then.r, c.es
	if x < y {
		x, ex, y, ey = y, ey, x, ex
	}
	if c.plain {
		half *= math.Hypot(ex, ey)
		return math.Max(0, x-y-half), math.Min(2, x-y+half)
	}
	lowX, highX := fisherInterval(x, half*ex)
	lowY, highY := fisherInterval(y, half*ey)
	return math.Max(0, x-y-math.Hypot(x-lowX, highY-y)), x - y + math.Hypot(highX-x, y-lowY)
}

// nearOne is where atanh is cut: beyond, ranks of so many rows could not tell.
const nearOne = 0.999999

func fisher(r float64) float64 { return math.Atanh(min(max(r, -nearOne), nearOne)) }

func fisherInterval(r, half float64) (lower, upper float64) {
	return min(math.Tanh(fisher(r)-half), r), max(math.Tanh(fisher(r)+half), r)
}
