package pipeline

import "math"

// average is a running mean, which lies between its values: a sum of valid numbers may not be one.
type average struct {
	value float64
	n     int64
}

// add takes a mean of n values, n > 0.
func (a *average) add(mean float64, n int64) {
	a.n += n
	share := float64(n) / float64(a.n)
	if d := mean - a.value; d-d == 0 {
		a.value += d * share
	} else { // one end of the doubles to the other
		a.value = a.value*(1-share) + mean*share
	}
}

// meanSD is the mean and the standard deviation with divisor n-1; +Inf where that is larger than the doubles.
func meanSD(values []float64) (mean, sd float64) {
	most := 0.0
	for _, v := range values {
		most = math.Max(most, math.Abs(v))
	}
	_, scale := math.Frexp(most) // a power of two: it changes no digit
	for i, v := range values {
		v = math.Ldexp(v, -scale)
		mean += (v - mean) / float64(i+1)
	}
	for _, v := range values {
		v = math.Ldexp(v, -scale)
		sd += (v - mean) * (v - mean)
	}
	return math.Ldexp(mean, scale), math.Ldexp(math.Sqrt(sd/float64(max(len(values)-1, 1))), scale)
}
