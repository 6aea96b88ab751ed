package detectors

import (
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// DirichletNull simulates the law that any statistic of the cells' counts has without drift, for a window of n independent rows
// counted on cells cut at a baseline's own quantiles: whatever the continuous distribution, the true shares of cells that hold r_1,
// …, r_B of the baseline's values follow Dirichlet(r_1, …, r_B + 1), and the window's counts are multinomial given those (the
// QuantTree principle: Boracchi and others 2018). It is exact at any n, where the chi-square law needs some five rows a cell; rows
// with ties follow it only roughly. It returns draws values in ascending order, the same for the same seed; nil for counts that make
// no baseline, or n or draws below 1.
func DirichletNull(ref []int64, n int64, draws int, seed uint64, statistic func(ref, cur []int64) float64) []float64 {
	m, ok := total(ref)
	if !ok || m == 0 || n < 1 || draws < 1 || len(ref) < 2 {
		return nil
	}
	rng := rand.New(rand.NewPCG(seed, uint64(len(ref))))
	out := make([]float64, 0, draws)
	shares, cur := make([]float64, len(ref)), make([]int64, len(ref))
	for range draws {
		sum := 0.0
		for j, r := range ref {
			alpha := float64(r)
			if j == len(ref)-1 {
				alpha++
			}
			shares[j] = 0
			if alpha > 0 {
				shares[j] = distuv.Gamma{Alpha: alpha, Beta: 1, Src: rng}.Rand()
			}
			sum += shares[j]
		}
		left := n
		for j := range cur {
			switch p := shares[j] / sum; {
			case left == 0 || !(p > 0):
				cur[j] = 0
			case j == len(cur)-1 || p >= 1:
				cur[j] = left
			default:
				cur[j] = min(left, int64(distuv.Binomial{N: float64(left), P: p, Src: rng}.Rand()))
			}
			left, sum = left-cur[j], sum-shares[j]
		}
		if x := statistic(ref, cur); x == x {
			out = append(out, x)
		}
	}
	slices.Sort(out)
	return out
}

// EmpiricalTail is the p-value of x among values drawn without drift, in ascending order: (1 + those at least x)/(1 + all), which is
// never 0 and exact if x is one more such draw.
func EmpiricalTail(sorted []float64, x float64) float64 {
	i, _ := slices.BinarySearch(sorted, x)
	return float64(1+len(sorted)-i) / float64(1+len(sorted))
}

// ExactChiSquareP is the p-value of [ChiSquare]'s statistic by [DirichletNull], for windows too small for its law: 1e-4 at the least. 1
// without rows on a side.
func ExactChiSquareP(ref, cur []int64) float64 {
	n, okN := total(cur)
	m, okM := total(ref)
	if !okN || !okM || len(ref) != len(cur) {
		return 1
	}
	statistic := func(r, c []int64) float64 { return chiSquare(table{r: r, c: c, n: n, m: m}) }
	null := DirichletNull(ref, n, 9999, 1, statistic)
	if null == nil {
		return 1
	}
	return EmpiricalTail(null, statistic(ref, cur))
}
