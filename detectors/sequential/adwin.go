package sequential

import "math"

// ADWIN is the adaptive window of Bifet and Gavaldà (SDM 2007) as River 0.26.1 computes it (river.drift.ADWIN), for compatibility. It
// keeps the values since the last change as an exponential histogram: rows of at most MaxBuckets+1 buckets, those of row i holding
// 2^i values by their sum and squared deviations. Every Clock values it compares the means of the older and the newer values at each
// boundary between buckets; with n0, n1 their numbers, w the squared deviations over the number n of all, d = ln(2 ln(n)/Delta) and
// r = 1/(n0-MinWindow+1) + 1/(n1-MinWindow+1), they differ if
//
//	|mean0 - mean1| > sqrt(2 r w d) + 2/3 d r.
//
// It starts over at the value after an alarm. State O(MaxBuckets log n). Delta is not the false-alarm rate it looks like: the bound
// takes values in [0, 1], and neither the number of looks nor the estimated variance is accounted for.
type ADWIN struct {
	Delta      float64 `json:"delta"`
	Clock      int64   `json:"clock"`
	MaxBuckets int     `json:"max_buckets"`
	MinWindow  float64 `json:"min_window"`
	Grace      float64 `json:"grace"` // no test up to this many values
}

// NewADWIN returns River's defaults: delta 0.002, clock 32, 5 buckets, windows of at least 5, grace period 10.
func NewADWIN() ADWIN { return ADWIN{Delta: 0.002, Clock: 32, MaxBuckets: 5, MinWindow: 5, Grace: 10} }

// ADWINState is the state of an [ADWIN]. The zero value starts a stream.
type ADWINState struct {
	Steps   int64         `json:"steps"`
	Refused int64         `json:"refused,omitempty"`
	Drift   bool          `json:"drift,omitempty"`
	Tick    int64         `json:"tick"`
	Width   float64       `json:"width"`
	Total   float64       `json:"total"`
	Square  float64       `json:"square"` // squared deviations of the window
	Rows    [][]ADWINCell `json:"rows"`   // Rows[i]: buckets of 2^i values, oldest first
}

// ADWINCell is a bucket: the sum of its values and their squared deviations.
type ADWINCell struct {
	Total  float64 `json:"t"`
	Square float64 `json:"s"`
}

// adwinRange keeps squares finite.
const adwinRange = 1e100

// Step adds one value. Value is the absolute difference of means at the boundary where it exceeds its bound most clearly or misses it
// least, Threshold that bound; both are 0 on steps without a test.
func (c ADWIN) Step(s *ADWINState, x float64) Status {
	if !(math.Abs(x) <= adwinRange) {
		s.Refused++
		return Status{Step: s.Steps, Reason: notFinite}
	}
	if c.MaxBuckets < 1 {
		return Status{Step: s.Steps, Reason: "a row of the histogram must hold at least one bucket"}
	}
	if s.Drift {
		*s = ADWINState{Steps: s.Steps, Refused: s.Refused}
	}
	s.Steps++
	c.insert(s, x)
	s.Tick++
	st := Status{Step: s.Steps}
	if c.Clock < 1 || s.Tick%c.Clock != 0 || !(s.Width > c.Grace) {
		return st
	}
	for c.cut(s, &st) {
	}
	if st.Alarm = s.Drift; st.Alarm {
		st.Since = s.Steps - int64(s.Width) + 1
		st.Reason = "the means of older and newer values differ"
	} else {
		st.Direction = ""
	}
	return st
}

func (c ADWIN) insert(s *ADWINState, x float64) {
	if len(s.Rows) == 0 {
		s.Rows = append(s.Rows, nil)
	}
	s.Rows[0] = append(s.Rows[0], ADWINCell{Total: x})
	s.Width++
	if s.Width > 1 {
		d := x - s.Total/(s.Width-1)
		s.Square += (s.Width - 1) * d * d / s.Width
	}
	s.Total += x
	for i, size := 0, 1.0; i < len(s.Rows) && len(s.Rows[i]) == c.MaxBuckets+1; i, size = i+1, 2*size {
		if i+1 == len(s.Rows) {
			s.Rows = append(s.Rows, nil)
		}
		a, b := s.Rows[i][0], s.Rows[i][1]
		d := a.Total/size - b.Total/size
		merged := ADWINCell{Total: a.Total + b.Total, Square: a.Square + b.Square + size*size*d*d/(size+size)}
		s.Rows[i+1] = append(s.Rows[i+1], merged)
		s.Rows[i] = append(s.Rows[i][:0], s.Rows[i][2:]...)
	}
}

// cut drops the oldest bucket and returns true if some boundary shows a difference.
func (c ADWIN) cut(s *ADWINState, st *Status) bool {
	var n0, u0 float64
	n1, u1 := s.Width, s.Total
	clearest := math.Inf(-1)
	for i := len(s.Rows) - 1; i >= 0; i-- {
		size := math.Ldexp(1, i)
		for k := 0; k < len(s.Rows[i]); k++ {
			n0 += size
			n1 -= size
			u0 += s.Rows[i][k].Total
			u1 -= s.Rows[i][k].Total
			if n1 < c.MinWindow || n0 < c.MinWindow {
				continue
			}
			difference := u0/n0 - u1/n1
			d := math.Log(2 * math.Log(s.Width) / c.Delta)
			r := 1/(n0-c.MinWindow+1) + 1/(n1-c.MinWindow+1)
			bound := math.Sqrt(2*r*(s.Square/s.Width)*d) + 2.0/3*d*r
			if !finite(bound) || !finite(difference) {
				continue
			}
			margin := math.Abs(difference) - bound
			if margin > 0 || margin > clearest && !s.Drift {
				clearest = margin
				st.Value, st.Threshold, st.Direction = math.Abs(difference), bound, Up
				if difference > 0 {
					st.Direction = Down
				}
			}
			if math.Abs(difference) > bound {
				s.Drift = true
				c.drop(s)
				return true
			}
		}
	}
	return false
}

func (c ADWIN) drop(s *ADWINState) {
	last := len(s.Rows) - 1
	n := math.Ldexp(1, last)
	oldest := s.Rows[last][0]
	s.Width -= n
	s.Total -= oldest.Total
	d := oldest.Total/n - s.Total/s.Width
	s.Square -= oldest.Square + n*s.Width*d*d/(n+s.Width)
	s.Rows[last] = append(s.Rows[last][:0], s.Rows[last][1:]...)
	for ; last >= 0 && len(s.Rows[last]) == 0; last-- { // with one bucket a row there may be empty rows below, too
		s.Rows = s.Rows[:last]
	}
}
