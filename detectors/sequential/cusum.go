package sequential

import (
	"fmt"
	"math"
)

// CUSUM is the two-sided tabular cumulative sum chart of Page (1954) for a scalar x with mean Mean and standard deviation SD while
// nothing has changed:
//
//	z   = (x - Mean) / SD
//	S+ <- max(0, S+ + z - K),  S- <- max(0, S- - z - K),  alarm if either exceeds H.
//
// K is half the shift, in standard deviations, one wants to find soonest (0.5 for 1 sd); H sets the mean run length between false
// alarms ([CUSUMLimit], exact for independent normal z). Range of a sum: [0, inf).
//
// If z is autocorrelated as a first-order autoregression with coefficient Phi, the sums run over the innovations
// (z_t - Phi z_{t-1})/sqrt(1-Phi^2) instead, which are uncorrelated; a lasting shift of d sd then moves them by d sqrt((1-Phi)/(1+Phi)),
// the honest price of dependence. Recommended from |Phi| > 0.2 ([Lag1]).
type CUSUM struct {
	Mean float64 `json:"mean"`
	SD   float64 `json:"sd"`
	K    float64 `json:"k"`
	H    float64 `json:"h"`
	Phi  float64 `json:"phi,omitempty"` // in (-1, 1)
}

// CUSUMState is the state of a [CUSUM]. The zero value starts a stream.
type CUSUMState struct {
	Steps    int64   `json:"steps"`
	Refused  int64   `json:"refused,omitempty"`
	Up       float64 `json:"up"`
	Down     float64 `json:"down"`
	ZeroUp   int64   `json:"zero_up"` // last step with Up 0
	ZeroDown int64   `json:"zero_down"`
	Last     float64 `json:"last"` // z of the step before
	Primed   bool    `json:"primed,omitempty"`
}

// limitless keeps a sum that nobody resets after its alarm a finite number.
const limitless = 1e15

// NewCUSUM returns a chart with limits for independent normal z and the given mean run length between false alarms.
func NewCUSUM(mean, sd, k, arl0 float64) (CUSUM, error) {
	if !finite(mean) || !(sd > 0) || math.IsInf(sd, 1) {
		return CUSUM{}, fmt.Errorf("cusum: mean %g and standard deviation %g: the baseline must spread", mean, sd)
	}
	h, err := CUSUMLimit(k, arl0)
	if err != nil {
		return CUSUM{}, err
	}
	return CUSUM{Mean: mean, SD: sd, K: k, H: h}, nil
}

// Step adds one value.
func (c CUSUM) Step(s *CUSUMState, x float64) Status {
	z := (x - c.Mean) / c.SD
	if !finite(z) {
		s.Refused++
		return c.status(s, notFinite)
	}
	s.Steps++
	e := z
	if c.Phi != 0 {
		if s.Primed {
			e = (z - c.Phi*s.Last) / math.Sqrt(1-c.Phi*c.Phi)
		}
		s.Last, s.Primed = z, true
	}
	s.Up = min(max(0, s.Up+e-c.K), limitless)
	s.Down = min(max(0, s.Down-e-c.K), limitless)
	if s.Up == 0 {
		s.ZeroUp = s.Steps
	}
	if s.Down == 0 {
		s.ZeroDown = s.Steps
	}
	return c.status(s, "")
}

func (c CUSUM) status(s *CUSUMState, refused string) Status {
	st := Status{Value: s.Up, Threshold: c.H, Step: s.Steps, Direction: Up, Reason: refused}
	zero := s.ZeroUp
	if s.Down > s.Up {
		st.Value, st.Direction, zero = s.Down, Down, s.ZeroDown
	}
	if st.Alarm = refused == "" && st.Value > c.H; !st.Alarm {
		st.Direction = ""
		return st
	}
	st.Since = zero + 1
	// The sum gained (mean of z - K) a step since it left zero (Page's estimate of the new mean).
	shift := c.K + st.Value/float64(st.Step-zero)
	st.Reason = fmt.Sprintf("about %.2g standard deviations %s for %d steps", shift, st.Direction, st.Step-zero)
	return st
}

// Lag1 returns the first autocorrelation of values, sum (x_t-mean)(x_{t-1}-mean) / sum (x_t-mean)^2, within [-0.99, 0.99]; false if
// there are fewer than 10 values, one is not finite or they don't spread.
func Lag1(values []float64) (phi float64, ok bool) {
	if len(values) < 10 {
		return 0, false
	}
	mean := 0.0
	for i, x := range values {
		mean += (x - mean) / float64(i+1)
	}
	var cross, square float64
	for i, x := range values {
		square += (x - mean) * (x - mean)
		if i > 0 {
			cross += (x - mean) * (values[i-1] - mean)
		}
	}
	if phi = cross / square; !finite(phi) {
		return 0, false
	}
	return min(max(phi, -0.99), 0.99), true
}
