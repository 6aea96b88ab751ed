package incumbents

import (
	"math"

	"plumbline/detectors"
)

// Versions of the tools whose rules are here for comparison only.
const (
	AlibiDetectVersion = "0.13.0"
	FrourosVersion     = "0.9.0"
	WhylogsVersion     = "1.6.4"
)

// AlibiDetect is what TabularDrift says of one of the given number of columns: the asymptotic two-sample Kolmogorov-Smirnov test for
// numbers, the contingency chi-square for categories, drift if p < 0.05 / columns (Bonferroni, its default).
func AlibiDetect(name string, ref, cur Column, columns int) Finding {
	f, ok := twoSample(name, ref, cur, asymptoticKS)
	if !ok {
		return f
	}
	f.Threshold = 0.05 / float64(max(columns, 1))
	f.Drift = f.Value < f.Threshold
	return f.checked()
}

// Frouros is the p-value of KSTest for numbers and of ChiSquareTest for categories. frouros has no threshold of its own; this is its
// documentation's: drift if p < 0.05.
func Frouros(name string, ref, cur Column) Finding {
	f, ok := twoSample(name, ref, cur, ksPValue)
	if !ok {
		return f
	}
	f.Threshold = 0.05
	f.Drift = f.Value < f.Threshold
	return f.checked()
}

// twoSample is the p-value of the two-sample tests of SciPy: Kolmogorov-Smirnov or the contingency chi-square.
func twoSample(name string, ref, cur Column, law func(d float64, n, m int) float64) (f Finding, ok bool) {
	f = Finding{Name: name, Test: "chi2"}
	if ref.numeric() != cur.numeric() {
		return f.none(reasonTypes), false
	}
	if ref.numeric() {
		f.Test = "ks"
		r, c := ref.sorted(), cur.sorted()
		f.Rows = len(c)
		if len(r) > 0 && len(c) > 0 {
			f.Value = law(kolmogorovSmirnov(r, c), len(r), len(c))
			return f, true
		}
		return f.none(emptyReason(len(r))), false
	}
	t := tabulate(ref.counts(), cur.counts())
	n, m := total(t.ref), total(t.cur)
	f.Rows = int(m)
	if n > 0 && m > 0 {
		_, _, f.Value = contingency(t)
		return f, true
	}
	return f.none(emptyReason(int(n))), false
}

func emptyReason(referenceRows int) string {
	if referenceRows == 0 {
		return reasonEmptyReference
	}
	return reasonEmptyCurrent
}

// whylogsQuantiles is the number of quantiles at which whylogs compares two distribution functions.
const whylogsQuantiles = 100

// Whylogs is whylogs' default drift rule, computed on the rows: for numbers the largest difference of the distribution functions at 100
// quantiles of either, with the one-sample law of the harmonic sample size; for categories a chi-square that takes the reference's
// shares as exact and truncates the expected counts to whole numbers, so that a category expected less than once makes p = 0. Drift if
// p < 0.05. whylogs itself reads quantiles and counts from random sketches: its numbers differ from these, and between two of its runs.
func Whylogs(name string, ref, cur Column) Finding {
	f := Finding{Name: name, Test: "ks"}
	if ref.numeric() != cur.numeric() {
		return f.none(reasonTypes)
	}
	if ref.numeric() {
		r, c := ref.sorted(), cur.sorted()
		if f.Rows = len(c); len(r) == 0 || len(c) == 0 {
			return f.none(emptyReason(len(r)))
		}
		d := 0.0
		for _, points := range [][]float64{r, c} {
			for i := range whylogsQuantiles {
				v := quantile(points, float64(i)/(whylogsQuantiles-1))
				d = math.Max(d, math.Abs(below(r, v)-below(c, v)))
			}
		}
		f.Value = asymptoticKS(d, len(r), len(c))
	} else {
		f.Test = "chi-square"
		t := tabulate(ref.counts(), cur.counts())
		if f.Rows = int(total(t.cur)); f.Rows == 0 || total(t.ref) == 0 {
			return f.none(emptyReason(int(total(t.ref))))
		}
		f.Value = truncatedChiSquare(t, ref.Rows(), cur.Rows())
	}
	f.Threshold = 0.05
	f.Drift = f.Value < f.Threshold
	return f.checked()
}

// truncatedChiSquare is the p-value of cur against ref's shares of all its rows, the expected counts truncated.
func truncatedChiSquare(t table, refRows, curRows int) (p float64) {
	sum, values := 0.0, 0
	for i := range t.ref {
		expected := math.Trunc(t.ref[i] / float64(refRows) * float64(curRows))
		if expected == 0 {
			return 0
		}
		sum += (t.cur[i] - expected) * (t.cur[i] - expected) / expected
		if t.cur[i] > 0 {
			values++
		}
	}
	return detectors.ChiSquareTail(sum, float64(max(values-1, 1)), 0)
}
