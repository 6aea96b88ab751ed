package detectors

import "math"

// AUC is the probability that a row of the window is larger than one of the baseline, equality counting half: Mann and Whitney's U over
// nm, the area under the ROC curve of the feature as a detector of the window. Range [0, 1]; 1/2 without drift, above it if values
// grew. Rows of the same cell count as equal.
//
// P is two-sided, from the normal law with the correction for ties and for continuity (scipy.stats.mannwhitneyu(method="asymptotic") of the
// cells' numbers agrees). Effect is Value - 1/2; SD the shift of a normal feature, sqrt2 Phi^-1(Value), with its sign. Lower and Upper hold
// with 95 % together: Value ± z standard errors after DeLong, DeLong and Clarke-Pearson (1988); absent if one side is wholly above the
// other. Reasons as for [ChiSquare], but cells aren't merged.
func AUC(ref, cur []int64) Result { return onTable(ref, cur, aucResult) }

func aucResult(t table) Result {
	auc, se := AreaUnderCurve(t.r, t.c)
	se *= math.Sqrt(t.phi)
	res := Result{Value: number(auc), Effect: number(auc - 0.5), P: probability(MannWhitneyP(auc, t.n, t.m, t.pooled())),
		SD: number(ShiftOfAUC(auc)), N: t.n, M: t.m}
	if se > 0 {
		res.Lower, res.Upper = number(math.Max(0, auc-z95*se)), number(math.Min(1, auc+z95*se))
	}
	return res
}

// aucScore is the square of the shift of a normal feature that has the area, in standard errors: of windows that differ from each other
// it is normal even where the areas come near 0 and 1, and it tells how far a window is that shares no value with the baseline. A
// shift by one standard deviation moves a normal feature's area by phi(0)/sqrt2 at first, and the area has the variance c0/12 without
// ties.
func aucScore(t table, auc float64) Score {
	ties := t.pooled()
	perShift := math.Sqrt(3 / math.Pi / t.sampling())
	scale := perShift / math.Sqrt(math.Max(1-tiedShare(float64(t.n)+float64(t.m), ties), 1e-12))
	s := normalScore(ShiftOfAUC(auc)*scale, scale)
	s.tail = func(x float64) float64 {
		return MannWhitneyP(0.5*math.Erfc(-math.Sqrt(x)/scale/2), t.n, t.m, ties)
	}
	return s
}

// AreaUnderCurve returns the area of [AUC] for any counts and DeLong's standard error of it: the variance of the placements of each side's
// rows among the other's. 0 if it can't be estimated. Where a side has no rows, or they are of different lengths, the area is 1/2.
func AreaUnderCurve(ref, cur []int64) (auc, se float64) {
	if len(ref) != len(cur) {
		return 0.5, 0
	}
	var m, n float64
	for j := range ref {
		m, n = m+float64(ref[j]), n+float64(cur[j])
	}
	if !(m > 0 && n > 0) {
		return 0.5, 0
	}
	f, g := 0.0, 0.0                    // shares below the cell
	var meanC, squareC, squareR float64 // of the placements; both means are the area
	for j := range ref {
		r, c := float64(ref[j])/m, float64(cur[j])/n
		above, below := f+r/2, 1-g-c/2
		meanC += c * above
		squareC += c * above * above
		squareR += r * below * below
		f, g = f+r, g+c
	}
	auc = math.Min(math.Max(meanC, 0), 1)
	variance := func(square, rows float64) float64 { return math.Max(0, square-auc*auc) / (rows - 1) }
	v := variance(squareC, n) + variance(squareR, m)
	if !(v > 1e-24) || math.IsInf(v, 1) {
		return auc, 0
	}
	return auc, math.Sqrt(v)
}

// MannWhitneyP returns the two-sided p-value of an area under the curve of n against m rows, from the normal law with the corrections for
// ties, which are the pooled rows per cell or distinct value, and for continuity. Special cases: 1 if all rows are equal.
func MannWhitneyP(auc float64, n, m int64, ties []int64) float64 {
	a, b := float64(n), float64(m)
	all := a + b
	sd := math.Sqrt(a / 12 * b * (all + 1) * math.Max(0, 1-tiedShare(all, ties)))
	z := (math.Abs(auc-0.5)*a*b - 0.5) / sd
	if !(sd > 0) || z != z {
		return 1
	}
	return math.Min(1, math.Erfc(z/math.Sqrt2))
}

// tiedShare is the share of the variance that ties take: sum (l^3 - l) / (N^3 - N), in a form that neither overflows nor loses digits.
func tiedShare(all float64, ties []int64) float64 {
	tied := 0.0
	for _, k := range ties {
		l := float64(k)
		tied += l / all * ((l - 1) / (all - 1)) * ((l + 1) / (all + 1))
	}
	return tied
}
