package detectors

import "math"

// ChiSquare is the two-sample Pearson statistic X2 = sum_j (sqrt(n/m) r_j - sqrt(m/n) c_j)^2 / (r_j + c_j) on the same cells of a
// baseline and a window, without continuity correction (Numerical Recipes §14.3; scipy.stats.chi2_contingency agrees). Both rows
// are samples: the baseline is not taken for the truth.
//
// Value is X2 on the cells given; those empty on both sides are left out. P is from the chi-square law with cells - 1 degrees of
// freedom, after neighbours were merged to an expected count of [MinExpected] (see [ByFrequency] for unordered cells). Effect is
// max(0, c0 (X2 - df)), the PSI it amounts to without noise; SD as in [PSI].
//
// Reason when: no baseline, no rows, under [MinRows] rows on a side, fewer than two cells with rows, rows of different lengths,
// a negative count.
func ChiSquare(ref, cur []int64) Result { return onTable(ref, cur, chiSquareResult) }

func chiSquareResult(t table) Result {
	return contingency(t, chiSquare)
}

// G is the two-sample likelihood-ratio statistic G = 2 sum O ln(O/E), E = row total × column total / (n+m), with the same fields
// and reasons as [ChiSquare] (scipy.stats.chi2_contingency(lambda_="log-likelihood", correction=False) agrees).
func G(ref, cur []int64) Result { return onTable(ref, cur, gResult) }

func gResult(t table) Result {
	return contingency(t, likelihoodRatio)
}

func contingency(t table, statistic func(table) float64) Result {
	value := statistic(t)
	df := float64(len(t.r) - 1)
	effect := math.Max(0, t.noise()*(value-df))
	res := Result{Value: number(value), Effect: number(effect), SD: number(ShiftOfPSI(effect)), N: t.n, M: t.m}
	merged := t.merged()
	res.Note = mergeNote(t, merged)
	if len(merged.r) >= 2 {
		res.P = probability(ChiSquareTail(statistic(merged), float64(len(merged.r)-1), 0))
	}
	return res
}

func chiSquare(t table) float64 {
	a := math.Sqrt(float64(t.n) / float64(t.m))
	sum := 0.0
	for j := range t.r {
		if r, c := float64(t.r[j]), float64(t.c[j]); r+c > 0 {
			d := a*r - c/a
			sum += d * d / (r + c)
		}
	}
	return sum
}

// chiSquareP is the p-value of X2 on the table, cells merged where they are too thin, with the note that says so.
func chiSquareP(t table) (*float64, string) {
	merged := t.merged()
	note := mergeNote(t, merged)
	if len(merged.r) < 2 {
		return nil, note
	}
	return probability(ChiSquareTail(chiSquare(merged), float64(len(merged.r)-1), 0)), note
}

// likelihoodRatio sums deviances O ln(O/E) + E - O: the last two cancel over the table and keep each term exact near O = E.
func likelihoodRatio(t table) float64 {
	n, m := float64(t.n), float64(t.m)
	sum := 0.0
	for j := range t.r {
		r, c := float64(t.r[j]), float64(t.c[j])
		both := (r + c) / (n + m)
		sum += deviance(r, m*both) + deviance(c, n*both)
	}
	return math.Max(0, 2*sum)
}
