package detectors

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Score is a statistic in the one form in which windows of equal length can be compared with each other, whatever the test: a
// squared distance X >= 0 in units of sampling noise. Of independent rows without drift its law is known; of rows that depend on
// each other it is learned from windows that did not drift ([FitNull]).
type Score struct {
	X    float64
	Mean float64 // of X for independent rows without drift
	CV   float64 // standard deviation of X by Mean, likewise
	// Signed says that X is the square of an about normal number, such as the z of a mean or a share; else it is a sum of many
	// squares, such as a chi-square.
	Signed bool
	// Rows is nm/(n+m), or in proportion to it: what X of a given drift grows with; 0 if X tells nothing of that.
	Rows float64

	tail  func(x float64) float64     // P(X >= x) for independent rows without drift
	shift func(delta float64) float64 // what a shift by delta standard deviations adds to shown; nil: unknown
	// shown is the drift that the window shows, on the scale of shift. It is not always X: a p-value of few counts is not that of its
	// effect, and X2 is not PSI.
	shown float64
	// exceeds is P(shown >= x) if drift has added nc to it; nil: by the triangle inequality.
	exceeds func(x, nc float64) float64
}

// onlyScored stands for a result where only its score is asked for, since p-values and bounds are dear.
func onlyScored(t table) Result { return Result{Value: number(0), P: number(1), N: t.n, M: t.m} }

// chiSquareScore is X of the chi-square law; en is nm/(n+m), psi what the same cells have.
func chiSquareScore(x, df, en, psi float64) Score {
	return Score{X: x, Mean: df, CV: math.Sqrt(2 / df), Rows: en, shown: en * psi,
		tail:    func(x float64) float64 { return ChiSquareTail(x, df, 0) },
		shift:   func(delta float64) float64 { return en * psiOfShift(delta) },
		exceeds: func(x, nc float64) float64 { return ChiSquareTail(x, df, nc) }}
}

// normalScore is the square of a standard normal number z; perShift is the z that a shift of one standard deviation makes, 0 if
// that is unknown.
func normalScore(z, perShift float64) Score {
	s := Score{X: z * z, Mean: 1, CV: math.Sqrt2, Signed: true, shown: z * z, tail: func(x float64) float64 { return math.Erfc(math.Sqrt(x / 2)) }}
	if perShift > 0 {
		s.Rows = perShift * perShift
		s.shift = func(delta float64) float64 { return delta * perShift * delta * perShift }
		s.exceeds = func(x, nc float64) float64 { return 0.5 * math.Erfc((math.Sqrt(x)-math.Sqrt(nc))/math.Sqrt2) }
	}
	return s
}

// leastP is where the normal quantile has no digits left.
const leastP = 1e-300

// scoreOfP is the squared normal number whose two-sided p-value is p: any test with a p-value has a score.
func scoreOfP(p float64) Score {
	if p >= 1 {
		return normalScore(0, 0)
	}
	return normalScore(distuv.UnitNormal.Quantile(math.Max(p, leastP)/2), 0)
}

// relevance is the probability of showing at least this drift if the true one is a shift by tolerated standard deviations. Where rows
// depend on each other, and where the law with drift is not known, distances help themselves with the triangle inequality: the root of
// what the window shows is at most that of the drift plus that of noise. Not ok: the test has no such notion.
func (s Score) relevance(tolerated float64, c *Calibration) (p float64, ok bool) {
	if tolerated <= 0 {
		return 0, true
	}
	if s.shift == nil {
		return 0, false
	}
	nc, null := s.shift(tolerated), c.null()
	if null == nil && s.exceeds != nil {
		return s.exceeds(s.shown, nc), true
	}
	d := math.Max(0, math.Sqrt(s.shown)-math.Sqrt(nc))
	s.X = d * d
	switch {
	case null == nil:
		return s.tail(s.X), true
	case null == c.Windows:
		return null.Tail(s.X / s.Mean), true
	}
	return null.bound(s)
}

// fTail is P(F >= x) of Fisher's F with a and b degrees of freedom.
func fTail(x, a, b float64) float64 {
	if !(x > 0) {
		return 1
	}
	return betaTail(b/2, a/2, b/(b+a*x), a*x/(b+a*x))
}

// fQuantile is the x with P(F >= x) = p for an x of at least 1; Inf beyond 1e30.
func fQuantile(p, a, b float64) float64 {
	lo, hi := 0.0, 69.0 // of the logarithm
	if fTail(math.Exp(hi), a, b) > p {
		return math.Inf(1)
	}
	for range 60 {
		if mid := (lo + hi) / 2; fTail(math.Exp(mid), a, b) > p {
			lo = mid
		} else {
			hi = mid
		}
	}
	return math.Exp(hi)
}

// shareScore is the score of a difference of shares, k of n rows and l of m: by its p-value, and where that has no digits left by the root of
// the deviance, which it is the tail of. The shift h that it shows has the standard error sqrt(1/n + 1/m).
func shareScore(p, h float64, k, n, l, m int64) Score {
	z := math.Sqrt(scoreOfP(p).X)
	if p < leastP {
		z = math.Max(z, math.Sqrt(likelihoodRatio(table{r: []int64{l, m - l}, c: []int64{k, n - k}, n: n, m: m})))
	}
	s := normalScore(z, math.Sqrt(1/(1/float64(n)+1/float64(m))))
	s.shown = s.shift(math.Abs(h))
	return s
}

// ksScore is nm/(n+m) D^2, whose mean and variance under Kolmogorov's law are pi^2/12 and 7 pi^4/720 - (pi^2/12)^2.
func ksScore(d float64, n, m int64) Score {
	en := 1 / (1/float64(n) + 1/float64(m))
	return Score{X: en * d * d, Mean: math.Pi * math.Pi / 12, CV: 0.6325, Rows: en, shown: en * d * d,
		tail: func(x float64) float64 { return KSTail(math.Min(1, math.Sqrt(x/en)), n, m) },
		shift: func(delta float64) float64 {
			d := 2*distuv.UnitNormal.CDF(delta/2) - 1
			return en * d * d
		}}
}
