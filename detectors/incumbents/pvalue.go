package incumbents

import (
	"gonum.org/v1/gonum/stat/distuv"

	"plumbline/detectors"
)

// ksPValue is the two-sided p-value of scipy.stats.ks_2samp with its default method.
func ksPValue(d float64, n, m int) float64 {
	return detectors.KSTail(d, int64(n), int64(m))
}

// chiSquareQuantile returns the point that a chi-square variable with df degrees of freedom exceeds with probability 1-p; 0 for df < 1.
func chiSquareQuantile(p, df float64) float64 {
	if df < 1 {
		return 0
	}
	return distuv.ChiSquared{K: df}.Quantile(p)
}

// asymptoticKS is the same with method="asymp": the one-sample law at n m/(n+m) rows.
func asymptoticKS(d float64, n, m int) float64 {
	return detectors.KSTail(d, int64(n), int64(m))
}
