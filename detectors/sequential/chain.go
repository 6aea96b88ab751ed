package sequential

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// chainStates is the number of states of the Markov chain that stands for one cumulative sum. With 200 the run length is within
// 0.02 % of its limit at h = 4 and 5.
const chainStates = 200

// CUSUMRunLength returns the mean run length, in steps from the start at zero, of a two-sided tabular CUSUM of independent normal z
// with unit variance and mean shift: 1/ARL = 1/ARL+ + 1/ARL- (van Dobben de Bruyn 1968), each side by the Markov chain of Brook and Evans
// (Biometrika 59, 1972). 0 if h or k is not positive.
func CUSUMRunLength(k, h, shift float64) float64 {
	if !(h > 0) || !(k > 0) || !finite(h) || !finite(k) || !finite(shift) {
		return 0
	}
	up, down := CUSUMRunLengthOneSided(k, h, shift), CUSUMRunLengthOneSided(k, h, -shift)
	return up * down / (up + down)
}

// CUSUMRunLengthOneSided is the same for the upper sum alone. It saturates at 1e15.
func CUSUMRunLengthOneSided(k, h, shift float64) float64 {
	const n = chainStates
	width := 2 * h / (2*n - 1) // state i stands for sums within width/2 of i*width, state 0 also for all below
	// I - P, with P(i, j) = Phi((j-i+1/2) width + k - shift) - Phi((j-i-1/2) width + k - shift): a function of j-i, except at j = 0.
	cdf := make([]float64, 2*n)
	for d := range cdf {
		cdf[d] = normalCDF((float64(d-n)+0.5)*width + k - shift) // up to state difference d-n
	}
	a := mat.NewDense(n, n, nil)
	for i := range n {
		a.Set(i, 0, -cdf[n-i])
		for j := 1; j < n; j++ {
			a.Set(i, j, -(cdf[n+j-i] - cdf[n+j-i-1]))
		}
		a.Set(i, i, a.At(i, i)+1)
	}
	ones := make([]float64, n)
	for i := range ones {
		ones[i] = 1
	}
	var lengths mat.VecDense
	// A condition error still comes with a solution; the run lengths it concerns are beyond any use.
	if err := lengths.SolveVec(a, mat.NewVecDense(n, ones)); lengths.Len() == 0 || (err != nil && !(lengths.AtVec(0) > 0)) {
		return limitless
	}
	arl := lengths.AtVec(0)
	if !(arl > 0) || arl > limitless {
		return limitless
	}
	return arl
}

// CUSUMLimit returns the h at which a two-sided tabular CUSUM of independent standard normal z has mean run length arl0, which must be
// between 5 and 1e9; k between 0.05 and 3.
func CUSUMLimit(k, arl0 float64) (h float64, err error) {
	if !(k >= 0.05 && k <= 3) {
		return 0, fmt.Errorf("cusum: k is %g, not between 0.05 and 3", k)
	}
	if !(arl0 >= 5 && arl0 <= 1e9) {
		return 0, fmt.Errorf("cusum: mean run length %g is not between 5 and 1e9", arl0)
	}
	// log ARL is nearly linear in h, so the secant converges in a few steps; the bracket keeps it safe.
	f := func(h float64) float64 { return math.Log(CUSUMRunLength(k, h, 0) / arl0) }
	lo, hi := 1e-6, 1.0
	flo, fhi := f(lo), f(hi)
	if flo > 0 {
		return 0, fmt.Errorf("cusum: at k %g even h 0 has a longer mean run than %g", k, arl0)
	}
	for fhi < 0 {
		lo, flo = hi, fhi
		hi *= 2
		fhi = f(hi)
	}
	for range 100 {
		mid := lo + (hi-lo)*min(max(-flo/(fhi-flo), 0.02), 0.98)
		fm := f(mid)
		if math.Abs(fm) < 1e-9 || hi-lo < 1e-9*hi {
			return mid, nil
		}
		if fm < 0 {
			lo, flo = mid, fm
		} else {
			hi, fhi = mid, fm
		}
	}
	return (lo + hi) / 2, nil
}

func normalCDF(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }
