package sequential

// PageHinkley is the test of River 0.26.1 (river.drift.PageHinkley), for compatibility. With the running mean X of the values so far,
//
//	U <- Alpha U + (x - X) - Delta,  D <- Alpha D + (x - X) + Delta,
//
// it alarms if U - min U or max D - D exceeds Threshold after MinInstances values, and starts over at the value after an alarm.
//
// Delta and Threshold are in the unit of x: the defaults mean something for values of about unit scale only. On N(0, 10^2) noise they
// alarm every 49 values. Standardise x, or better use [CUSUM], which is told its false-alarm rate.
type PageHinkley struct {
	MinInstances int64   `json:"min_instances"`
	Delta        float64 `json:"delta"`
	Threshold    float64 `json:"threshold"`
	Alpha        float64 `json:"alpha"`
	Mode         string  `json:"mode,omitempty"` // Up, Down, or empty for both
}

// NewPageHinkley returns River's defaults: 30 instances, delta 0.005, threshold 50, alpha 0.9999, both directions.
func NewPageHinkley() PageHinkley {
	return PageHinkley{MinInstances: 30, Delta: 0.005, Threshold: 50, Alpha: 1 - 0.0001}
}

// PageHinkleyState is the state of a [PageHinkley]. The zero value starts a stream.
type PageHinkleyState struct {
	Steps   int64   `json:"steps"`
	Refused int64   `json:"refused,omitempty"`
	Drift   bool    `json:"drift,omitempty"` // the step before was an alarm
	N       int64   `json:"n"`               // values since the last alarm
	Mean    float64 `json:"mean"`
	Rise    float64 `json:"rise"` // U
	Fall    float64 `json:"fall"` // D
	MinRise float64 `json:"min_rise"`
	MaxFall float64 `json:"max_fall"`
	RiseAt  int64   `json:"rise_at"` // step of MinRise
	FallAt  int64   `json:"fall_at"`
}

// Step adds one value. Value is the larger of the two statistics in use.
func (c PageHinkley) Step(s *PageHinkleyState, x float64) Status {
	if !finite(x) {
		s.Refused++
		return Status{Threshold: c.Threshold, Step: s.Steps, Reason: notFinite}
	}
	if s.Drift {
		*s = PageHinkleyState{Steps: s.Steps, Refused: s.Refused}
	}
	s.Steps++
	s.N++
	if s.N == 1 {
		s.MaxFall, s.FallAt = -1, s.Steps // so River starts it
	}
	s.Mean += 1 / float64(s.N) * (x - s.Mean)
	dev := x - s.Mean
	s.Rise = float64(c.Alpha*s.Rise) + dev - c.Delta
	s.Fall = float64(c.Alpha*s.Fall) + dev + c.Delta
	if s.N == 1 || s.Rise < s.MinRise {
		s.MinRise, s.RiseAt = s.Rise, s.Steps
	}
	if s.Fall > s.MaxFall {
		s.MaxFall, s.FallAt = s.Fall, s.Steps
	}
	if !finite(s.Mean) || !finite(s.Rise) || !finite(s.Fall) {
		*s = PageHinkleyState{Steps: s.Steps, Refused: s.Refused + 1}
		return Status{Threshold: c.Threshold, Step: s.Steps, Reason: "the values are too large to be summed"}
	}
	up, down := s.Rise-s.MinRise, s.MaxFall-s.Fall
	st := Status{Threshold: c.Threshold, Step: s.Steps}
	direction, at := Up, s.RiseAt
	if st.Value = up; c.Mode == Down || (c.Mode != Up && down > up) {
		st.Value, direction, at = down, Down, s.FallAt
	}
	if s.N >= c.MinInstances && st.Value > c.Threshold {
		s.Drift, st.Alarm, st.Direction, st.Since = true, true, direction, at+1
		st.Reason = "the sum of deviations left its extreme by more than the threshold"
	}
	return st
}
