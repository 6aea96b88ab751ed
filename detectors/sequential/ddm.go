package sequential

import "math"

// DDM is the drift detection method of Gama and others (SBIA 2004) as River 0.26.1 computes it (river.drift.binary.DDM), for
// compatibility: with p the error rate since the last alarm and s = sqrt(p(1-p)/n), it alarms if p + s > p_min + Drift s_min, where p_min
// and s_min are those of the smallest p + s seen, after more than WarmStart values; it starts over at the value after an alarm.
//
// The minimum of a random walk is no fair reference: at an error rate of 1 % it alarms falsely in 84 % of streams of 1000 values. Use
// [ECUSUM].
type DDM struct {
	WarmStart int64   `json:"warm_start"`
	Warning   float64 `json:"warning"`
	Drift     float64 `json:"drift"`
}

// NewDDM returns River's defaults: 30, 2 and 3.
func NewDDM() DDM { return DDM{WarmStart: 30, Warning: 2, Drift: 3} }

// DDMState is the state of a [DDM]. The zero value starts a stream.
type DDMState struct {
	Steps   int64   `json:"steps"`
	Refused int64   `json:"refused,omitempty"`
	Drift   bool    `json:"drift,omitempty"`
	N       int64   `json:"n"`
	Rate    float64 `json:"rate"`
	MinRate float64 `json:"min_rate"`
	MinSD   float64 `json:"min_sd"`
	MinAt   int64   `json:"min_at,omitempty"` // step of the minimum; 0 before there is one
}

// Step adds one error indicator, 1 for an error and 0 for none. Value is p + s.
func (c DDM) Step(s *DDMState, x float64) Status {
	if !(x >= 0 && x <= 1) {
		s.Refused++
		return Status{Step: s.Steps, Reason: "the error is not between 0 and 1"}
	}
	if s.Drift {
		*s = DDMState{Steps: s.Steps, Refused: s.Refused}
	}
	s.Steps++
	s.N++
	s.Rate += 1 / float64(s.N) * (x - s.Rate)
	sd := math.Sqrt(math.Max(0, s.Rate*(1-s.Rate)/float64(s.N)))
	st := Status{Value: s.Rate + sd, Step: s.Steps}
	if s.N <= c.WarmStart {
		st.Reason = "warming up"
		return st
	}
	if s.MinAt == 0 || s.Rate+sd <= s.MinRate+s.MinSD {
		s.MinRate, s.MinSD, s.MinAt = s.Rate, sd, s.Steps
	}
	st.Threshold = s.MinRate + float64(c.Drift*s.MinSD)
	st.Warning = st.Value > s.MinRate+float64(c.Warning*s.MinSD)
	if st.Value > st.Threshold {
		s.Drift, st.Alarm, st.Warning, st.Direction, st.Since = true, true, false, Up, s.MinAt+1
		st.Reason = "the error rate left its minimum"
	}
	return st
}

// EDDM is the early drift detection method of Baena-García and others (2006) as River 0.26.1 computes it (river.drift.binary.EDDM),
// for compatibility: with p and s mean and standard deviation of the distance between errors, it alarms if (p+2s) over its largest
// value falls below Beta, and warns below Alpha. It alarms within some hundred values of a stream without change.
type EDDM struct {
	WarmStart int64   `json:"warm_start"`
	Alpha     float64 `json:"alpha"`
	Beta      float64 `json:"beta"`
}

// NewEDDM returns River's defaults: 30, 0.95 and 0.9.
func NewEDDM() EDDM { return EDDM{WarmStart: 30, Alpha: 0.95, Beta: 0.9} }

// EDDMState is the state of an [EDDM]. The zero value starts a stream.
type EDDMState struct {
	Steps   int64   `json:"steps"`
	Refused int64   `json:"refused,omitempty"`
	Drift   bool    `json:"drift,omitempty"`
	Warning bool    `json:"warning,omitempty"`
	N       int64   `json:"n"`
	Errors  int64   `json:"errors"`
	Last    int64   `json:"last"` // N at the last error
	Mean    float64 `json:"mean"` // of the distances
	Square  float64 `json:"square"`
	Max     float64 `json:"max"` // largest p + 2s; 0 before there is one
	MaxAt   int64   `json:"max_at,omitempty"`
	Ratio   float64 `json:"ratio"`
}

// Step adds one error indicator, 1 for an error and anything else in [0, 1] for none. Value is (p+2s) over its maximum.
func (c EDDM) Step(s *EDDMState, x float64) Status {
	if !(x >= 0 && x <= 1) {
		s.Refused++
		return Status{Value: s.Ratio, Threshold: c.Beta, Step: s.Steps, Reason: "the error is not between 0 and 1"}
	}
	if s.Drift {
		*s = EDDMState{Steps: s.Steps, Refused: s.Refused}
	}
	s.Steps++
	s.N++
	st := Status{Threshold: c.Beta, Step: s.Steps}
	if x == 1 {
		s.Errors++
		d := float64(s.N - s.Last)
		old := s.Mean
		s.Mean += 1 / float64(s.Errors) * (d - old)
		s.Square += (d - old) * (d - s.Mean)
		s.Last = s.N
		if s.N > c.WarmStart {
			variance := 0.0
			if s.Errors > 1 {
				variance = s.Square / float64(s.Errors-1)
			}
			spread := s.Mean + 2*math.Sqrt(math.Max(0, variance))
			if s.MaxAt == 0 || spread > s.Max {
				s.Max, s.MaxAt, s.Ratio = spread, s.Steps, 1
			} else if s.Errors > c.WarmStart {
				s.Ratio = spread / s.Max
				s.Drift = s.Ratio < c.Beta
				s.Warning = s.Warning && s.Drift || !s.Drift && s.Ratio < c.Alpha
			}
		}
	}
	st.Value, st.Warning = s.Ratio, s.Warning
	if st.Alarm = s.Drift; st.Alarm {
		st.Direction, st.Since = Up, s.MaxAt+1
		st.Reason = "errors come closer together"
	}
	return st
}
