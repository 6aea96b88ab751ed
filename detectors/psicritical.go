package detectors

import "math"

// PSICritical returns the PSI that windows of n rows exceed with probability alpha without drift, against a baseline of m rows on the
// given number of cells: c0 times the upper alpha quantile of chi-square with cells-1 degrees of freedom (Yurdakul 2018). At ten cells and
// alpha 0.05 it is 16.9 (1/n + 1/m): above the customary 0.1 for fewer than 170 rows, and 0.0034 for a hundred thousand against as
// many. Special cases: +Inf for fewer than one row on a side or alpha <= 0; 0 for fewer than two cells or alpha >= 1; NaN counts as
// alpha 0.
func PSICritical(alpha float64, n, m int64, cells int) float64 {
	switch {
	case n < 1 || m < 1 || !(alpha > 0):
		return math.Inf(1)
	case cells < 2 || alpha >= 1:
		return 0
	}
	return (1/float64(n) + 1/float64(m)) * chiSquareQuantile(alpha, float64(cells-1))
}

// chiSquareQuantile is the x with P(chi2_df >= x) = p, 0 < p < 1, to full precision also for a p of 1e-300.
func chiSquareQuantile(p, df float64) float64 {
	return upperQuantile(p, df+10, 0, func(x float64) float64 { return ChiSquareTail(x, df, 0) })
}
