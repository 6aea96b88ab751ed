package detectors

import "math"

// PSI is the population stability index sum_j (q_j - p_j) ln(q_j/p_j), the Jeffreys divergence between the shares of the baseline
// and of the window, in nats, with the Jeffreys estimate of a share: p_j = (r_j + 1/2) / (m + B/2), q_j alike. Range [0, inf);
// finite for any counts.
//
// Without drift PSI/c0 follows chi-square with B-1 degrees of freedom (Yurdakul 2018): the folk thresholds 0.1 and 0.2 mean
// something else at every sample size. Hence the other fields:
//   - P is the p-value of the two-sample X2 on the same cells ([ChiSquare]), to which PSI/c0 is equal to second order and whose
//     tail is truer;
//   - Effect is max(0, PSI - c0 (B-1)), the PSI without what noise alone brings;
//   - Lower and Upper bound the true PSI: the largest d at which a PSI this large, and the smallest at which one this small, would
//     be seen in at most 5 % of windows. Upper is absent if cells had to be merged, since merging can hide drift;
//   - SD is the shift of a normal feature cut at its deciles that has PSI = Effect.
//
// Cells empty on both sides are left out; P and bounds are from neighbours merged to an expected count of [MinExpected]. Reasons as
// for [ChiSquare].
func PSI(ref, cur []int64) Result { return onTable(ref, cur, psiResult) }

func psiResult(t table) Result {
	value := psi(t, 0.5)
	effect := math.Max(0, value-t.noise()*float64(len(t.r)-1))
	res := Result{Value: number(value), Effect: number(effect), SD: number(ShiftOfPSI(effect)), N: t.n, M: t.m}
	merged := t.merged()
	res.Note = mergeNote(t, merged)
	if len(merged.r) >= 2 {
		res.P = probability(ChiSquareTail(chiSquare(merged), float64(len(merged.r)-1), 0))
		res.Lower = number(math.Min(value, psiBound(merged, 0.05)))
		if len(merged.r) == len(t.r) && (t.law == nil || len(t.law.r) == len(t.r)) {
			res.Upper = number(psiBound(merged, 0.95))
		}
	}
	return res
}

// PSIRaw is the PSI of the plain shares, as most tools compute it before their own treatment of zeros, for comparison with them. A
// cell that is empty on one side makes it infinite: then it has a Reason. P, Lower and Upper are absent.
func PSIRaw(ref, cur []int64) Result { return onTable(ref, cur, psiRawResult) }

func psiRawResult(t table) Result {
	for j := range t.r {
		if t.r[j] == 0 || t.c[j] == 0 {
			return none(t.n, t.m, "a cell is empty on one side, which makes the plain PSI infinite; psi smooths it")
		}
	}
	value := psi(t, 0)
	effect := math.Max(0, value-t.noise()*float64(len(t.r)-1))
	return Result{Value: number(value), Effect: number(effect), SD: number(ShiftOfPSI(effect)), N: t.n, M: t.m}
}

// PSIRelevance tests whether the true PSI is at most tolerated: p = P(chi2_{B-1}(nc) >= PSI/c0) with noncentrality nc =
// tolerated/c0, after Potgieter and others (arXiv 2307.11878). At tolerated 0 it is PSI's own null law. It is false if there is no
// verdict, for the reasons of [PSI] or because fewer than two cells expect [MinExpected] rows.
func PSIRelevance(ref, cur []int64, tolerated float64) (p float64, ok bool) {
	t, reason := newTable(ref, cur)
	if reason != "" || !(tolerated >= 0) || math.IsInf(tolerated, 1) {
		return 0, false
	}
	t = t.merged()
	if len(t.r) < 2 {
		return 0, false
	}
	return ChiSquareTail(psi(t, 0.5)/t.noise(), float64(len(t.r)-1), tolerated/t.noise()), true
}

// PSILower returns the largest true PSI that a test at level alpha rejects: a lower confidence bound at level 1-alpha. 0 if even no
// drift at all explains the window; false as for [PSIRelevance].
func PSILower(ref, cur []int64, alpha float64) (bound float64, ok bool) {
	t, reason := newTable(ref, cur)
	if reason != "" || !(alpha > 0 && alpha < 1) {
		return 0, false
	}
	t = t.merged()
	if len(t.r) < 2 {
		return 0, false
	}
	return psiBound(t, alpha), true
}

func psiBound(t table, alpha float64) float64 {
	return t.noise() * noncentralityAt(psi(t, 0.5)/t.noise(), float64(len(t.r)-1), alpha)
}

// psi adds a to every count; a 0 needs counts without zeros.
func psi(t table, a float64) float64 {
	cells := float64(len(t.r))
	m, n := float64(t.m)+a*cells, float64(t.n)+a*cells
	sum := 0.0
	for j := range t.r {
		p, q := (float64(t.r[j])+a)/m, (float64(t.c[j])+a)/n
		sum += (q - p) * math.Log(q/p)
	}
	return math.Max(0, sum)
}
