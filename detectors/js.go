package detectors

import "math"

// JensenShannon is the Jensen-Shannon distance sqrt(JSD / ln 2) between the plain shares: 0 for the same, 1 for disjoint (base 2,
// as NannyML has it; scipy.spatial.distance.jensenshannon(p, q, base=2) agrees). Empty cells need no smoothing.
//
// Without drift 8 JSD/c0 follows chi-square with B-1 degrees of freedom to second order, as X2 does: P is that of [ChiSquare].
// Effect is the distance without noise, sqrt(max(0, JSD - c0 (B-1)/8) / ln 2); SD the shift of a normal feature cut at its
// deciles that has this distance. Reasons as for [ChiSquare].
func JensenShannon(ref, cur []int64) Result { return onTable(ref, cur, jsResult) }

func jsResult(t table) Result {
	nats := jensenShannon(t)
	free := math.Max(0, nats-t.noise()*float64(len(t.r)-1)/8)
	res := Result{Value: number(math.Sqrt(nats / math.Ln2)), Effect: number(math.Sqrt(free / math.Ln2)),
		SD: number(ShiftOfJS(free)), N: t.n, M: t.m}
	res.P, res.Note = chiSquareP(t)
	return res
}

// jensenShannon is the divergence in nats, in [0, ln 2]: half of KL(p||M) + KL(q||M), M = (p+q)/2.
func jensenShannon(t table) float64 {
	m, n := float64(t.m), float64(t.n)
	sum := 0.0
	for j := range t.r {
		p, q := float64(t.r[j])/m, float64(t.c[j])/n
		if p > 0 {
			sum += p * math.Log(2*p/(p+q))
		}
		if q > 0 {
			sum += q * math.Log(2*q/(p+q))
		}
	}
	return math.Min(math.Max(0, sum/2), math.Ln2)
}
