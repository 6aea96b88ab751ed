package detectors

import "math"

// TotalVariation is 1/2 sum_j |q_j - p_j|: the share of rows that would have to change cells, 0 for the same, 1 for disjoint.
//
// Without drift it is 1/2 sqrt(2 c0/pi) sum_j sqrt(p_j (1-p_j)) on average, with the pooled shares: Effect is what exceeds that, SD the shift
// of a normal feature cut at its deciles that has this effect. P is that of [ChiSquare] on the same cells. Reasons as for [ChiSquare].
func TotalVariation(ref, cur []int64) Result { return onTable(ref, cur, tvResult) }

func tvResult(t table) Result {
	m, n := float64(t.m), float64(t.n)
	sum, noise := 0.0, 0.0
	for j := range t.r {
		sum += math.Abs(float64(t.c[j])/n - float64(t.r[j])/m)
		share := (float64(t.r[j]) + float64(t.c[j])) / (n + m)
		noise += math.Sqrt(share * (1 - share))
	}
	value := math.Min(sum/2, 1)
	effect := math.Max(0, value-noise/2*math.Sqrt(2*t.noise()/math.Pi))
	res := Result{Value: number(value), Effect: number(effect), SD: number(ShiftOfTV(effect)), N: t.n, M: t.m}
	res.P, res.Note = chiSquareP(t)
	return res
}
