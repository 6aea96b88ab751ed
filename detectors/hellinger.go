package detectors

import "math"

// Hellinger is the Hellinger distance sqrt(1/2 sum_j (sqrt q_j - sqrt p_j)^2) between the plain shares: 0 for the same, 1 for disjoint.
// Empty cells need no smoothing.
//
// Without drift 8 H^2/c0 follows chi-square with B-1 degrees of freedom to second order, as X2 does: P is that of [ChiSquare]. Effect is
// the distance without noise, sqrt(max(0, H^2 - c0 (B-1)/8)); SD the shift of a normal feature cut at its deciles that has this
// distance. Reasons as for [ChiSquare].
func Hellinger(ref, cur []int64) Result { return onTable(ref, cur, hellingerResult) }

func hellingerResult(t table) Result {
	square := hellinger(t)
	effect := math.Sqrt(math.Max(0, square-t.noise()*float64(len(t.r)-1)/8))
	res := Result{Value: number(math.Sqrt(square)), Effect: number(effect), SD: number(ShiftOfHellinger(effect)), N: t.n, M: t.m}
	res.P, res.Note = chiSquareP(t)
	return res
}

// hellinger is the squared distance. The sum of squares, unlike 1 - sum sqrt(pq), is never negative by rounding.
func hellinger(t table) float64 {
	m, n := float64(t.m), float64(t.n)
	sum := 0.0
	for j := range t.r {
		d := math.Sqrt(float64(t.c[j])/n) - math.Sqrt(float64(t.r[j])/m)
		sum += d * d
	}
	return math.Min(sum/2, 1)
}
