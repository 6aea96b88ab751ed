package detectors

import "math"

// LInfinity is max_j |q_j - p_j|, the largest difference of a cell's share, in [0, 1].
//
// P is the union bound over cells, sum_j 2 Phi(-d/s_j) with s_j^2 = c0 p_j (1-p_j) of the pooled shares: Bonferroni's, but each cell with its
// own chance of a difference of d, so that rare cells cost nothing. Effect is Value without noise, sqrt(max(0, d^2 - s^2)) with the s of the
// cell that has d; SD the shift of a normal feature cut at its deciles that has this effect. Reasons as for [ChiSquare].
func LInfinity(ref, cur []int64) Result { return onTable(ref, cur, linfResult) }

func linfResult(t table) Result {
	value, variance, p := largest(t)
	if t.law != nil {
		law := *t.law
		law.phi = t.phi
		_, _, p = largest(law)
	}
	effect := math.Sqrt(math.Max(0, value*value-variance))
	res := Result{Value: number(value), Effect: number(effect), SD: number(ShiftOfLInf(effect)), N: t.n, M: t.m}
	if t.law != nil && len(t.law.r) < 2 {
		res.Note = "no p-value: its categories can't be told apart from those the baseline does not keep by name"
		return res
	}
	res.P = probability(p)
	return res
}

// largest is the largest difference of a cell's share, the variance of that cell's without drift, and the probability of one so large.
func largest(t table) (value, variance, p float64) {
	m, n := float64(t.m), float64(t.n)
	noise := func(j int) float64 {
		share := (float64(t.r[j]) + float64(t.c[j])) / (n + m)
		return t.noise() * share * (1 - share)
	}
	value = -1
	for j := range t.r {
		if d := math.Abs(float64(t.c[j])/n - float64(t.r[j])/m); d > value {
			value, variance = d, noise(j)
		}
	}
	for j := range t.r {
		if v := noise(j); v > 0 {
			p += math.Erfc(value / math.Sqrt(2*v))
		}
	}
	return value, variance, p
}
