package detectors

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/stat"
)

// MinWindows is the least number of windows from which a null is learned: a scale estimated from fewer is off by a third and more.
const MinWindows = 20

// Null is how a test's score spreads over windows of one length that did not drift: the baseline's own, each against the rest
// of it. It holds what independent rows would not show: autocorrelation, differences from day to day, bursts.
//
// Of a new window drawn as those were, the probability of a score at least x is that of usual windows plus that of a burst
// ([FitNull]), if the windows have any:
//
//	usual, signed scores:  2 P(T_U >= sqrt(x/mean X))
//	usual, others:         (S+1)/(K+1) P(T_{S-1} >= (ln x - mean ln X) / (sd ln X sqrt(1 + 1/S)))
//	bursts:                (B+1)/(K+1) P(T_{B+9} >= (ln x - mean ln X) / (s sqrt(1 + 1/B)))
//
// over the U usual windows, the S of them with a score at all, and the B windows with a burst; T is Student's t. The first is exact
// for normal numbers around zero; the second is the prediction interval of log-normal ones, whose tail is a little heavier than that
// of the sums of correlated squares that scores really are. Simulated under AR(1) and random day effects it rejects at most 1.7 times
// as often as it should, down to 0.001, where it learned from 50 windows; a two-moment fit (Satterthwaite's F) up to eight times.
// docs/calibration.md has the tables.
type Null struct {
	K      int     // windows
	Phi    float64 // design effect: mean X of the usual windows over that of independent rows, at least 1
	Signed bool
	Bursts int // windows that stray far beyond what the others do

	// Of X by its Mean, so that windows with more and fewer cells can stand together.
	rows   float64   // mean of their Rows; 0 if one has none
	excess float64   // standard errors by which the mean of all exceeds 1, what independent rows have
	limit  float64   // a window at least so far is a burst
	usual  logNormal // of signed scores, and where most windows have none, without windows
	bursts logNormal
}

// FitNull learns a null from the scores of at least two windows. Scores that are not finite, or without a law for independent rows, are an
// error.
func FitNull(scores []Score) (*Null, error) {
	if len(scores) < 2 {
		return nil, errors.New("fewer than two windows to learn from")
	}
	k := float64(len(scores))
	n := &Null{K: len(scores), Signed: scores[0].Signed}
	x := make([]float64, len(scores))
	cv, known := 0.0, true
	for i, s := range scores {
		if !(s.X >= 0) || !(s.Mean > 0) || !(s.CV > 0) || math.IsInf(s.X/s.Mean, 1) || math.IsInf(s.Mean, 1) || math.IsInf(s.CV, 1) {
			return nil, errors.New("a score is negative or beyond a double, or has no mean or deviation")
		}
		x[i] = s.X / s.Mean
		cv += s.CV / k
		n.rows += s.Rows / k
		known = known && s.Rows > 0
	}
	if !known {
		n.rows = 0
	}
	n.excess = (stat.Mean(x, nil) - 1) * math.Sqrt(k) / cv
	slices.Sort(x)
	n.learn(x, farIndependent(len(x), 2/(cv*cv)))
	return n, nil
}

// learn tells usual windows from bursts and learns the law of each, from scores by their mean in ascending order. independent is how far
// those of independent rows go.
func (n *Null) learn(x []float64, independent float64) {
	some := x[sort.SearchFloat64s(x, nothing):]
	rare := !n.Signed && 2*len(some) < len(x) // most windows have no score: those that do are not usual
	switch {
	case n.Signed:
		n.limit = farSquare(x)
	case rare:
		n.limit = independent
	default: // where rows are more alike than independent ones, what those would do is no burst
		n.limit = math.Max(farLogNormal(some), independent)
	}
	usual := x[:sort.SearchFloat64s(x, n.limit)]
	n.Bursts = len(x) - len(usual)
	n.Phi = designEffect(usual)
	if rare {
		n.Phi = designEffect(x)
		n.bursts = logNormalOfRare(some)
		return
	}
	if !n.Signed {
		n.usual = logNormalOf(some[:len(some)-n.Bursts])
	}
	n.bursts = logNormalOfBursts(x[len(usual):], n.limit)
}

// designEffect is the mean of scores by their mean, at least 1; finite also where their sum is not.
func designEffect(x []float64) float64 {
	return math.Min(math.Max(1, stat.Mean(x, nil)), math.MaxFloat64)
}

// A score of a thousandth of what noise brings is none.
const nothing = 1e-3

// Independent reports whether the windows spread no more than independent rows would: mean X is within two standard errors, and no
// window is a burst, which where it is rare hardly moves the mean. With three standard errors weak dependence passed for none too often:
// 20 windows whose days are 0.1 standard deviations apart made the size of X2 at 0.001 seven times too large, now five; 50 windows
// twice too large, now none (bench/calibration).
func (n *Null) Independent() bool { return n.excess < 2 && n.Bursts == 0 }

// Tail is the probability that a window without drift scores at least x times what independent rows do on average.
func (n *Null) Tail(x float64) float64 { return n.tail(x, 1) }

// tail is Tail of a window in which a burst is so many times as likely.
func (n *Null) tail(x, times float64) float64 {
	usual := 0.0
	switch {
	case !(x > 0), x <= nothing && !n.Signed:
		return 1
	case n.Signed:
		usual = studentTail(math.Sqrt(x/n.Phi), float64(n.K-n.Bursts))
	default:
		usual = n.usual.tail(x) * float64(n.usual.n+1) / float64(n.K+1)
	}
	return math.Min(1, usual+times*n.bursts.tail(x)*float64(n.bursts.n+1)/float64(n.K+1))
}

// likened says that a burst has its like among the windows; empty if x is none, or they have none.
func (n *Null) likened(x float64) string {
	if n.Bursts == 0 || x < n.limit {
		return ""
	}
	return fmt.Sprintf("%d of the %d windows of the baseline stray far beyond the others, too", n.Bursts, n.K)
}

// bound is at least the probability that a window longer than these scores s or more without drift. However rows depend on each
// other, if they do so in one way throughout, the average over a longer window strays no further than that over a shorter one: so
// the drift that s shows is held against that of the shorter windows, one of which is a burst the likelier the more there are in it. Not ok
// if s or they don't tell what drift they show, or if s is of fewer rows.
func (n *Null) bound(s Score) (p float64, ok bool) {
	if !(s.Rows > 0) || !(n.rows > 0) || s.Rows < n.rows {
		return 1, false
	}
	return n.tail(s.X/s.Mean*n.rows/s.Rows, s.Rows/n.rows), true
}

// independentTail is the law of independent rows, widened by what these windows leave open: a score is about a chi-square of nu =
// 2/CV^2 degrees of freedom, and the ratio of two such means is Fisher's F.
func (n *Null) independentTail(s Score, x float64) float64 {
	nu := 2 / (s.CV * s.CV)
	return math.Max(s.tail(x/n.Phi), fTail(x/(s.Mean*n.Phi), nu, nu*float64(n.K)))
}
