package pipeline

import (
	"math"
	"testing"
)

// A mean lies between its values, however large they are, and the deviation is that of numbers a thousand binary orders smaller.
func TestAverages(t *testing.T) {
	var a average
	for i := range 1000 {
		a.add(math.Copysign(math.MaxFloat64, float64(i%2)-.5), 7)
		if !(math.Abs(a.value) <= math.MaxFloat64) {
			t.Fatalf("%g after %d", a.value, i)
		}
	}
	if a.n != 7000 || math.Abs(a.value) > math.MaxFloat64/1e9 {
		t.Errorf("%+v", a)
	}
	values := []float64{3, 1, 4, 1, 5, 9, 2, 6} // mean 31/8, sum of squares 173
	for _, scale := range []int{0, 1020, -1000} {
		var large []float64
		for _, v := range values {
			large = append(large, math.Ldexp(v, scale))
		}
		mean, sd := meanSD(large)
		if mean, sd = math.Ldexp(mean, -scale), math.Ldexp(sd, -scale); mean != 31./8 || math.Abs(sd-math.Sqrt((173-31.*31/8)/7)) > 1e-12 {
			t.Errorf("2^%d: %g, %g", scale, mean, sd)
		}
	}
	if mean, sd := meanSD([]float64{math.MaxFloat64, -math.MaxFloat64}); mean != 0 || !math.IsInf(sd, 1) {
		t.Errorf("from end to end: %g, %g", mean, sd)
	}
	if mean, sd := meanSD(nil); mean != 0 || sd != 0 {
		t.Errorf("of nothing: %g, %g", mean, sd)
	}
}
