package sequential

import (
	"fmt"
	"math"
)

// ECUSUM detects that the mean of a loss in [0, 1] has risen above Tolerated (r0), after the e-detectors of Shin, Ramdas and Rinaldo
// (arXiv 2203.03532):
//
//	M <- max(M, 1) (1 + b_t (x_t - r0)),  alarm if M >= ARL0.
//
// The bet b_t = clip((mu-r0)/(s2 + (mu-r0)^2), 0.05, 0.5/r0) depends on the past only, mu and s2 being exponentially weighted (0.01)
// mean and variance of the losses before t. Hence a factor has conditional mean at most 1 whenever E[x_t | past] <= r0, and the mean
// number of steps to a false alarm is at least ARL0: for losses that are dependent, not identically distributed, even chosen by an
// adversary. In return it is slower than a CUSUM made for one law. It tells rises only.
//
// x may be a single loss or the mean loss of a pane: ARL0 counts steps. Range of M: (0, inf), shown up to 1e300.
type ECUSUM struct {
	Tolerated float64 `json:"tolerated"` // r0 in (0, 1): an upper bound on the reference's risk plus what one tolerates
	ARL0      float64 `json:"arl0"`      // > 1
}

// ECUSUMState is the state of an [ECUSUM]. The zero value starts a stream.
type ECUSUMState struct {
	Steps    int64   `json:"steps"`
	Refused  int64   `json:"refused,omitempty"`
	Log      float64 `json:"log"` // ln M
	Mean     float64 `json:"mean"`
	Variance float64 `json:"variance"`
	Restart  int64   `json:"restart"` // last step before which M was at most 1
}

// NewECUSUM checks the chart's parameters.
func NewECUSUM(tolerated, arl0 float64) (ECUSUM, error) {
	if !(tolerated > 0 && tolerated < 1) {
		return ECUSUM{}, fmt.Errorf("e-cusum: the tolerated loss is %g, not between 0 and 1", tolerated)
	}
	if !(arl0 > 1) || math.IsInf(arl0, 1) {
		return ECUSUM{}, fmt.Errorf("e-cusum: the mean run length is %g, not above 1", arl0)
	}
	return ECUSUM{Tolerated: tolerated, ARL0: arl0}, nil
}

const eForget = 0.01

// Step adds one loss in [0, 1].
func (c ECUSUM) Step(s *ECUSUMState, x float64) Status {
	r0 := c.Tolerated
	if !(x >= 0 && x <= 1) {
		s.Refused++
		return c.status(s, "the loss is not between 0 and 1")
	}
	if s.Steps == 0 {
		s.Mean, s.Variance = r0, r0*(1-r0)
	}
	s.Steps++
	if s.Log <= 0 {
		s.Log, s.Restart = 0, s.Steps
	}
	gap := s.Mean - r0
	bet := min(max(gap/(s.Variance+gap*gap), 0.05), 0.5/r0)
	s.Log = min(s.Log+math.Log1p(bet*(x-r0)), limitless)
	d := x - s.Mean
	s.Mean += eForget * d
	s.Variance = (1 - eForget) * (s.Variance + eForget*d*d)
	return c.status(s, "")
}

func (c ECUSUM) status(s *ECUSUMState, refused string) Status {
	st := Status{Value: math.Exp(min(s.Log, 690)), Threshold: c.ARL0, Step: s.Steps, Reason: refused}
	if st.Alarm = refused == "" && s.Log >= math.Log(c.ARL0); st.Alarm {
		st.Since, st.Direction = s.Restart, Up
		st.Reason = fmt.Sprintf("the loss is about %.3g, more than the tolerated %.3g", s.Mean, c.Tolerated)
	}
	return st
}
