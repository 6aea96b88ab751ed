package detectors

import (
	"math"
	"slices"
	"testing"
)

// The exact null of X2 on ten decile cells has the chi-square law's mean and, far out, its tail.
func TestDirichletNullAgreesWithItsLaw(t *testing.T) {
	ref := make([]int64, 10)
	for j := range ref {
		ref[j] = 1000
	}
	x2 := func(r, c []int64) float64 { return chiSquare(table{r: r, c: c, m: 10000, n: 500, phi: 1}) }
	null := DirichletNull(ref, 500, 20000, 7, x2)
	mean := 0.0
	for _, x := range null {
		mean += x / float64(len(null))
	}
	near(t, "mean", mean, 9, 4*math.Sqrt(18.0/20000)/9)
	for _, alpha := range []float64{0.05, 0.01, 0.001} {
		x := null[int(float64(len(null))*(1-alpha))]
		near(t, "law at the exact quantile", ChiSquareTail(x, 9, 0), alpha, 4/math.Sqrt(20000*alpha))
	}
	if !slices.Equal(null, DirichletNull(ref, 500, 20000, 7, x2)) {
		t.Error("the same seed gives other draws")
	}
}

// With two rows a cell the chi-square law is off and merging blunts it.
func TestExactChiSquare(t *testing.T) {
	ref := slices.Repeat([]int64{5}, 10)
	flat := slices.Repeat([]int64{2}, 10)
	if p := ExactChiSquareP(ref, flat); p < 0.99 {
		t.Errorf("a window like the baseline has p = %v", p)
	}
	one := []int64{20, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	if p := ExactChiSquareP(ref, one); p != 1e-4 {
		t.Errorf("all rows in one cell have p = %v", p)
	}
	for _, bad := range [][2][]int64{{nil, nil}, {{1, 2}, {1}}, {{-1, 2}, {1, 1}}, {{1, 2}, {-1, 1}}, {{0, 0}, {1, 1}}, {{3, 4}, {0, 0}}} {
		if p := ExactChiSquareP(bad[0], bad[1]); p != 1 {
			t.Errorf("%v: p = %v", bad, p)
		}
	}
}
