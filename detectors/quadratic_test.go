package detectors

import (
	"math"
	"testing"
)

// exactPairs is the tail of sum l_i chi2_2, all l different: a sum of exponential variables (closed form).
func exactPairs(x float64, l []float64) (p float64) {
	for i, a := range l {
		c := math.Exp(-x / (2 * a))
		for j, b := range l {
			if i != j {
				c *= a / (a - b)
			}
		}
		p += c
	}
	return p
}

func TestQuadraticTail(t *testing.T) {
	near := func(what string, got, want, tolerance float64) {
		t.Helper()
		if want < 1e-6 {
			tolerance *= 2
		}
		if !(math.Abs(got/want-1) <= tolerance) {
			t.Errorf("%s = %v, want %v within %.1f %%", what, got, want, 100*tolerance)
		}
	}
	repeat := func(l float64, n int) (w []float64) {
		for range n {
			w = append(w, l)
		}
		return w
	}
	// Equal weights are a scaled chi-square.
	for _, df := range []int{3, 10, 128} {
		for _, z := range []float64{-1.5, -0.5, 0, 0.001, 0.5, 1, 2, 4, 8, 16} {
			x := float64(df) + z*math.Sqrt(2*float64(df))
			if x <= 0 {
				continue
			}
			near("tail of equal weights", QuadraticTail(0.3*x, repeat(0.3, df)), ChiSquareTail(x, float64(df), 0), 0.03/float64(min(df, 8)-2))
		}
	}
	near("tail of one weight", QuadraticTail(2*3.841458820694124, []float64{2, 0, 0}), 0.05, 1e-9) // scipy.stats.chi2.ppf(.95, 1)
	// Pairs of weights, as many as they are: some large, many small, as the spectra of kernels are.
	spectra := [][]float64{{1, 0.5}, {1, 0.5, 0.25, 0.125, 0.0625}, {0.4, 0.1, 0.05, 0.04, 0.03, 0.02, 0.01}}
	for _, l := range spectra {
		var weights []float64
		for _, x := range l {
			weights = append(weights, x, x)
		}
		for _, x := range []float64{1, 2, 3, 5, 8, 12, 20} {
			near("tail of pairs", QuadraticTail(x, weights), exactPairs(x, l), 0.035)
		}
	}
	if got := QuadraticTail(quadraticQuantile(0.05, []float64{3, 2, 1, 1}), []float64{3, 2, 1, 1}); math.Abs(got-0.05) > 1e-5 {
		t.Errorf("the tail at its own quantile is %v", got)
	}
	for _, x := range []float64{-1, 0, 1e-300, 1e-9, 1, 1e9, 1e300, math.Inf(1), math.NaN()} {
		for _, w := range [][]float64{nil, {0}, {1}, {1, 1e-300}, {1e-300, 1e-300}, {1e300, 1}, {math.NaN()}, {-1}, {math.Inf(1)}, repeat(1e-12, 200)} {
			if p := QuadraticTail(x, w); !(p >= 0 && p <= 1) {
				t.Errorf("QuadraticTail(%v, %v) = %v", x, w, p)
			}
		}
	}
}
