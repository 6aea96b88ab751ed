package detectors

import (
	"errors"
	"math"
)

// MinWindows is the least number of windows from which a null is learned: a scale estimated from fewer is off by a third and more.
const MinWindows = 20

// Null is how a test's score spreads over windows of one length that did not drift: the baseline's own, each against the rest
// of it. It holds what independent rows would not show: autocorrelation, differences from day to day, bursts.
//
// Of a new window drawn as those were, the probability of a score at least x is
//
//	signed scores:  2 P(T_K >= sqrt(x/mean X))
//	others:         P(T_{K-1} >= (ln x - mean ln X) / (sd ln X sqrt(1 + 1/K)))
//
// T being Student's t. The first is exact for normal numbers around zero; the second is the prediction interval of log-normal
// ones, whose tail is a little heavier than that of the sums of correlated squares that scores really are. Simulated under AR(1)
// and random day effects its size is 0.3 to 1.3 times the nominal one from 0.05 down to 0.0001, where two-moment fits
// (Satterthwaite's chi-square, or its F) reject ten to thirty times too often; docs/adr has the comparison.
type Null struct {
	K      int     // windows
	Phi    float64 // design effect: mean X over that of independent rows, at least 1
	Signed bool

	// Of X by its Mean, so that windows with more and fewer cells can stand together.
	mean         float64
	rows         float64 // mean of their Rows; 0 if one has none
	logMean, log float64 // mean and standard deviation of the logarithm
	excess       float64 // standard errors by which mean exceeds 1, what independent rows have
}

// FitNull learns a null from the scores of at least two windows. Scores that are not finite are an error.
func FitNull(scores []Score) (*Null, error) {
	if len(scores) < 2 {
		return nil, errors.New("fewer than two windows to learn from")
	}
	k := float64(len(scores))
	n := &Null{K: len(scores), Signed: scores[0].Signed}
	cv, known := 0.0, true
	for _, s := range scores {
		if s.X-s.X != 0 || s.X < 0 || !(s.Mean > 0) {
			return nil, errors.New("a score is negative or beyond a double")
		}
		n.mean += s.X / s.Mean / k
		n.logMean += s.log() / k
		cv += s.CV / k
		n.rows += s.Rows / k
		known = known && s.Rows > 0
	}
	sum := 0.0
	for _, s := range scores {
		d := s.log() - n.logMean
		sum += d * d
	}
	n.log = math.Max(math.Sqrt(sum/(k-1)), 1e-9) // equal scores would make a tail without width
	n.excess = (n.mean - 1) * math.Sqrt(k) / cv
	n.Phi = math.Max(1, n.mean)
	if !known {
		n.rows = 0
	}
	return n, nil
}

// log is ln(X/Mean), kept finite: a thousandth of what noise brings is as good as none.
func (s Score) log() float64 { return math.Log(math.Max(s.X/s.Mean, 1e-3)) }

// Independent reports whether the windows spread no more than independent rows would: mean X is within two standard errors. With three,
// weak dependence passed for none too often: 20 windows whose days are 0.1 standard deviations apart made the size of X2 at 0.001
// seven times too large, now five; 50 windows twice too large, now none (bench/calibration).
func (n *Null) Independent() bool { return n.excess < 2 }

// Tail is the probability that a window without drift scores at least x times what independent rows do on average.
func (n *Null) Tail(x float64) float64 {
	if !(x > 0) {
		return 1
	}
	if n.Signed {
		return studentTail(math.Sqrt(x/n.Phi), float64(n.K))
	}
	k := float64(n.K)
	t := (math.Log(x) - n.logMean) / (n.log * math.Sqrt(1+1/k))
	p := studentTail(t, k-1) / 2
	if t < 0 {
		return 1 - p
	}
	return p
}

// bound is at least the probability that a window longer than these scores s or more without drift. However rows depend on each
// other, if they do so in one way throughout, the average over a longer window strays no further than that over a shorter one: so
// the drift that s shows is held against that of the shorter windows. Not ok if s or they don't tell what drift they show, or if s is
// of fewer rows.
func (n *Null) bound(s Score) (p float64, ok bool) {
	if !(s.Rows > 0) || !(n.rows > 0) || s.Rows < n.rows {
		return 1, false
	}
	return n.Tail(s.X / s.Mean * n.rows / s.Rows), true
}

// independentTail is the law of independent rows, widened by what these windows leave open: a score is about a chi-square of nu =
// 2/CV^2 degrees of freedom, and the ratio of two such means is Fisher's F.
func (n *Null) independentTail(s Score, x float64) float64 {
	nu := 2 / (s.CV * s.CV)
	return math.Max(s.tail(x/n.Phi), fTail(x/(s.Mean*n.Phi), nu, nu*float64(n.K)))
}
