package sequential

import (
	"fmt"
	"math"
)

// Confidence is the empirical-Bernstein confidence sequence of Waudby-Smith and Ramdas ("Estimating means of bounded random variables by
// betting", JRSS B 2024, theorem 2) for the mean of values in [0, 1]. With a = Alpha and
//
//	mu_t = (1/2 + sum x)/(t+1),  s2_t = (1/4 + sum (x_i-mu_i)^2)/(t+1),
//	l_t = min(sqrt(2 ln(2/a) / (s2_{t-1} t ln(1+t))), 1/2),  psi(l) = (-ln(1-l) - l)/4,
//
// the interval at t is sum l x / sum l +- (ln(2/a) + sum 4 (x_i-mu_{i-1})^2 psi(l_i)) / sum l. With probability 1-a it holds the
// mean at all t at once: one may look after every value and stop when one likes. The values need no common law and no independence as
// long as their conditional mean stays the same; if that drifts, the interval is about its average weighted by l.
type Confidence struct {
	Alpha float64 `json:"alpha"` // in (0, 1)
}

// ConfidenceState is the state of a [Confidence]. The zero value starts a stream.
type ConfidenceState struct {
	Steps   int64   `json:"steps"`
	Refused int64   `json:"refused,omitempty"`
	Sum     float64 `json:"sum"`     // of x
	Square  float64 `json:"square"`  // of (x_i-mu_i)^2
	Bets    float64 `json:"bets"`    // of l
	Payoff  float64 `json:"payoff"`  // of l x
	Penalty float64 `json:"penalty"` // of 4 (x_i-mu_{i-1})^2 psi(l_i)
}

// Interval is a confidence interval for a rate, within [0, 1].
type Interval struct {
	Lower float64 `json:"lower"`
	Upper float64 `json:"upper"`
	Mean  float64 `json:"mean"` // plain mean of the values
	N     int64   `json:"n"`
}

// NewConfidence checks alpha.
func NewConfidence(alpha float64) (Confidence, error) {
	if !(alpha > 0 && alpha < 1) {
		return Confidence{}, fmt.Errorf("confidence sequence: alpha is %g, not between 0 and 1", alpha)
	}
	return Confidence{Alpha: alpha}, nil
}

// Step adds a value and returns the interval after it. A value outside [0, 1] is refused: the interval stays as it was.
func (c Confidence) Step(s *ConfidenceState, x float64) Interval {
	if !(x >= 0 && x <= 1) {
		s.Refused++
		return c.Interval(s)
	}
	t := float64(s.Steps)
	mean, variance := (0.5+s.Sum)/(t+1), (0.25+s.Square)/(t+1)
	s.Steps++
	t++
	l := min(math.Sqrt(2*math.Log(2/c.Alpha)/(variance*t*math.Log1p(t))), 0.5)
	s.Bets += l
	s.Payoff += l * x
	s.Penalty += 4 * (x - mean) * (x - mean) * (-math.Log1p(-l) - l) / 4
	s.Sum += x
	d := x - (0.5+s.Sum)/(t+1)
	s.Square += d * d
	return c.Interval(s)
}

// Interval returns the interval of a state, [0, 1] before its first value.
func (c Confidence) Interval(s *ConfidenceState) Interval {
	if s.Steps <= 0 || !(s.Bets > 0) {
		return Interval{Upper: 1, Mean: 0.5}
	}
	centre, radius := s.Payoff/s.Bets, (math.Log(2/c.Alpha)+s.Penalty)/s.Bets
	return Interval{
		Lower: min(max(centre-radius, 0), 1),
		Upper: min(max(centre+radius, 0), 1),
		Mean:  s.Sum / float64(s.Steps),
		N:     s.Steps,
	}
}

// RiskRise is the rule of Podkopaev and Ramdas ("Tracking the risk of a deployed model and detecting harmful distribution shifts",
// arXiv 2110.06177): alarm when the lower bound of the deployed model's risk exceeds the upper bound of the source's risk plus what is
// tolerated. If both are [Confidence] sequences at level alpha/2 each (or the source's is a fixed interval), the probability of ever
// alarming while the risk is within the tolerance is at most alpha. Value is the deployed lower bound, Threshold what it was compared with.
func RiskRise(source, deployed Interval, tolerated float64) Status {
	st := Status{Value: deployed.Lower, Threshold: source.Upper + tolerated, Step: deployed.N}
	if !finite(st.Value) || !finite(st.Threshold) {
		return Status{Step: deployed.N, Reason: notFinite}
	}
	if st.Alarm = st.Value > st.Threshold; st.Alarm {
		st.Direction = Up
		st.Reason = fmt.Sprintf("the risk is at least %.3g, more than the tolerated %.3g", st.Value, st.Threshold)
	}
	return st
}
