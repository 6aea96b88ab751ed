package sequential

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// TailDesign returns the design effect to give to a [QTEWMA] on dependent rows, at least 1. mean and variance are those of the
// chi-square scores of the baseline's own windows, whose mean would be df (cells less one) if rows were independent; windows should be
// about as long as the chart's memory.
//
// Dependence does not blow up all differences alike: it makes slow ones large and leaves others as they are, so that the scores' tail
// is heavier than their mean tells. The effect returned makes the tails meet at the level an alarm has, 1/arl0: with nu = 2 mean^2/variance,
// at most df, it is mean/nu chi2inv(1-1/arl0; nu) / chi2inv(1-1/arl0; df) (Satterthwaite's approximation). False if a number is not positive,
// or beyond what the quantiles are known for: df above 1e6, nu below 1e-3, arl0 above 1e15.
func TailDesign(mean, variance, df, arl0 float64) (design float64, ok bool) {
	if !(mean > 0) || !(variance > 0) || !(df > 0) || !(arl0 > 1) || math.IsInf(mean+variance+df+arl0, 1) {
		return 0, false
	}
	nu := math.Min(2*mean*mean/variance, df)
	if !(nu >= 1e-3) || df > 1e6 || arl0 > 1e15 {
		return 0, false
	}
	at := func(nu float64) float64 { return distuv.ChiSquared{K: nu}.Quantile(1 - 1/arl0) }
	design = mean / nu * at(nu) / at(df)
	if !finite(design) {
		return 0, false
	}
	return math.Max(1, design), true
}
