package detectors

import "math"

// KullbackLeibler is the Kullback-Leibler divergence sum_j p_j ln(p_j/q_j) of the window's shares from the baseline's, in nats, in
// [0, inf). It is not symmetric: it weighs each cell by the baseline, so that new mass where there was little hardly counts. A cell
// that holds rows of the baseline and none of the window makes it infinite: then it has a Reason. Prefer [PSI], its sum over both
// directions with smoothed shares, or [JensenShannon]; this is for comparison with those who use it.
//
// Without drift 2 KL/c0 follows chi-square with B-1 degrees of freedom to second order, as X2 does: P is that of [ChiSquare]. Effect is
// the divergence without noise, max(0, KL - c0 (B-1)/2); SD the shift of a normal feature cut at its deciles that has this divergence.
// Other reasons as for [ChiSquare].
func KullbackLeibler(ref, cur []int64) Result { return onTable(ref, cur, klResult) }

func klResult(t table) Result {
	sum := 0.0
	for j := range t.r {
		switch p, q := float64(t.r[j])/float64(t.m), float64(t.c[j])/float64(t.n); {
		case p == 0:
		case q == 0:
			return none(t.n, t.m, "a cell of the baseline is empty in the window, which makes the divergence infinite; psi smooths it")
		default:
			sum += p * math.Log(p/q)
		}
	}
	value := math.Max(0, sum)
	effect := math.Max(0, value-t.noise()*float64(len(t.r)-1)/2)
	res := Result{Value: number(value), Effect: number(effect), SD: number(invert(effect, klOfShift)), N: t.n, M: t.m}
	res.P, res.Note = chiSquareP(t)
	return res
}

func klOfShift(delta float64) float64 {
	sum := 0.0
	for _, q := range shifted(delta) {
		sum += 0.1 * math.Log(0.1/math.Max(q, math.SmallestNonzeroFloat64))
	}
	return sum
}
