package profiles

import "math"

// moments holds shifted power sums Σ(x-shift)^k, k = 1 … 4, and the extremes. Sums are added in the order of folding, so they
// are a pure function of that order. The shift keeps the subtraction in the variance harmless: it is near the baseline's mean,
// or, without a baseline, the first value.
type moments struct {
	shift          float64
	s1, s2, s3, s4 float64
	min, max       float64 // +Inf and -Inf while there are no values
}

func (m *moments) reset(shift float64) {
	*m = moments{shift: shift, min: math.Inf(1), max: math.Inf(-1)}
}

// add counts one finite value. The conversions forbid fused multiply-add, which would make sums depend on the processor.
func (m *moments) add(x float64) {
	d := x - m.shift
	d2 := float64(d * d)
	m.s1 += d
	m.s2 += d2
	m.s3 += float64(d2 * d)
	m.s4 += float64(d2 * d2)
	if x < m.min {
		m.min = x
	}
	if x > m.max {
		m.max = x
	}
}

// merge adds the sums of n values counted with another shift, if need be, after moving them to this one.
func (m *moments) merge(o *moments, n int64) {
	if n == 0 {
		return
	}
	s1, s2, s3, s4 := o.s1, o.s2, o.s3, o.s4
	if d := o.shift - m.shift; d != 0 {
		k := float64(n)
		s4 += 4*d*s3 + 6*d*d*s2 + 4*d*d*d*s1 + k*d*d*d*d
		s3 += 3*d*s2 + 3*d*d*s1 + k*d*d*d
		s2 += 2*d*s1 + k*d*d
		s1 += k * d
	}
	m.s1 += s1
	m.s2 += s2
	m.s3 += s3
	m.s4 += s4
	m.min = min(m.min, o.min)
	m.max = max(m.max, o.max)
}

func finite(x float64) bool { return x-x == 0 }

// mean of n values, kept within their extremes.
func (m *moments) mean(n int64) (float64, bool) {
	if n == 0 {
		return 0, false
	}
	v := m.shift + m.s1/float64(n)
	if !finite(v) {
		return 0, false
	}
	return min(max(v, m.min), m.max), true
}

// sd is the standard deviation with divisor n-1.
func (m *moments) sd(n int64) (float64, bool) {
	if n < 2 {
		return 0, false
	}
	k := float64(n)
	v := (m.s2 - m.s1*(m.s1/k)) / (k - 1)
	if !finite(v) {
		return 0, false
	}
	return math.Sqrt(max(v, 0)), true
}

// shiftFor rounds a mean to a multiple of the power of two at or below sd. Integers then have exact sums in any order.
func shiftFor(mean, sd float64) float64 {
	if !finite(mean) || !finite(sd) || sd <= 0 {
		return mean
	}
	_, e := math.Frexp(sd)
	unit := math.Ldexp(1, e-1)
	v := math.Round(mean/unit) * unit
	if !finite(v) {
		return mean
	}
	return v
}
