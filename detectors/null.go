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
//	others:         (S+1)/(K+1) P(T_{S-1} >= (ln x - mean ln X) / (sd ln X sqrt(1 + 1/S)))
//
// over the S windows with a score at all, mostly all K: values that come in bursts leave most windows without. T is Student's t. The
// first is exact for normal numbers around zero; the second is the prediction interval of log-normal ones, whose tail is a little
// heavier than that of the sums of correlated squares that scores really are. Simulated under AR(1) and random day effects it rejects at
// most 1.7 times as often as it should, down to 0.001, where it learned from 50 windows; a two-moment fit (Satterthwaite's F) up to
// eight times. docs/calibration.md has the tables.
type Null struct {
	K      int     // windows
	Phi    float64 // design effect: mean X over that of independent rows, at least 1
	Signed bool

	// Of X by its Mean, so that windows with more and fewer cells can stand together.
	mean         float64
	rows         float64 // mean of their Rows; 0 if one has none
	some         int     // windows with a score at all: bursts leave most without
	logMean, log float64 // mean and standard deviation of their logarithms
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
		if x := s.X / s.Mean; x > nothing {
			n.some++
			n.logMean += math.Log(x)
		}
		cv += s.CV / k
		n.rows += s.Rows / k
		known = known && s.Rows > 0
	}
	n.logMean /= max(float64(n.some), 1)
	sum := 0.0
	for _, s := range scores {
		if x := s.X / s.Mean; x > nothing {
			d := math.Log(x) - n.logMean
			sum += d * d
		}
	}
	n.log = math.Max(math.Sqrt(sum/max(float64(n.some-1), 1)), 1e-9) // equal scores would make a tail without width
	if n.some < fewScores {
		n.log = math.Max(n.log, 1)
	}
	n.excess = (n.mean - 1) * math.Sqrt(k) / cv
	n.Phi = math.Max(1, n.mean)
	if !known {
		n.rows = 0
	}
	return n, nil
}

// A score of a thousandth of what noise brings is none. Of fewer than five scores the spread of logarithms is not known: then it is
// taken to be at least 1, a factor of e.
const (
	nothing   = 1e-3
	fewScores = 5
)

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
	if x <= nothing {
		return 1
	}
	k := float64(max(n.some, fewScores))
	t := (math.Log(x) - n.logMean) / (n.log * math.Sqrt(1+1/k))
	p := studentTail(t, k-1) / 2
	if t < 0 {
		p = 1 - p
	}
	return p * float64(n.some+1) / float64(n.K+1)
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
