package incumbents

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"plumbline/detectors"
)

// ksPValue is the two-sided p-value of scipy.stats.ks_2samp with its default method: exact where neither side has more than 10,000 rows.
func ksPValue(d float64, n, m int) float64 {
	if max(n, m) <= 10_000 {
		return detectors.KSExactTail(d, int64(n), int64(m))
	}
	return asymptoticKS(d, n, m)
}

// asymptoticKS is the same with method="asymp".
func asymptoticKS(d float64, n, m int) float64 {
	return detectors.KSAsymptoticTail(d, int64(n), int64(m))
}

// chiSquareQuantile returns the point that a chi-square variable with df degrees of freedom exceeds with probability 1-p; 0 for df < 1.
func chiSquareQuantile(p, df float64) float64 {
	if df < 1 {
		return 0
	}
	return distuv.ChiSquared{K: df}.Quantile(p)
}

// studentPValue is the two-sided t test of equal means with pooled variance (scipy.stats.ttest_ind).
func studentPValue(ref, cur []float64) float64 {
	n, m := float64(len(ref)), float64(len(cur))
	mean1, sd1 := moments(ref)
	mean2, sd2 := moments(cur)
	df := n + m - 2
	pooled := (n*sd1*sd1 + m*sd2*sd2) / df
	t := (mean1 - mean2) / math.Sqrt(pooled*(1/n+1/m))
	if df < 1 || math.IsNaN(t) {
		return math.NaN()
	}
	return 2 * distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}.Survival(math.Abs(t))
}

// mannWhitneyLess is the asymptotic one-sided p-value that ref is stochastically less than cur, with correction for ties and continuity
// (scipy.stats.mannwhitneyu(ref, cur, alternative="less")).
func mannWhitneyLess(ref, cur []float64) float64 {
	n, m := float64(len(ref)), float64(len(cur))
	u, ties, seen := 0.0, 0.0, 0.0
	t := tabulateSorted(ref, cur)
	for i := range t.ref { // u counts the pairs in which cur is larger, ties as halves
		u += t.cur[i] * (seen + t.ref[i]/2)
		seen += t.ref[i]
		k := t.ref[i] + t.cur[i]
		ties += k*k*k - k
	}
	rows := n + m
	sd := math.Sqrt(n * m / 12 * (rows + 1 - ties/(rows*(rows-1))))
	return math.Erfc((u-n*m/2-0.5)/sd/math.Sqrt2) / 2
}
