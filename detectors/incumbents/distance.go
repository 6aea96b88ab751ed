package incumbents

import (
	"math"
	"sort"

	"plumbline/detectors"
)

// shares divides counts by n.
func shares(counts []float64, n int) []float64 {
	out := make([]float64, len(counts))
	for i, k := range counts {
		out[i] = k / float64(n)
	}
	return out
}

// jensenShannon returns the Jensen-Shannon distance in nats of two lists of shares, each first brought to a sum of 1, as
// scipy.spatial.distance.jensenshannon. In [0, sqrt(ln 2)].
func jensenShannon(p, q []float64) float64 {
	ps, qs := total(p), total(q)
	sum := 0.0
	for i := range p {
		a, b := p[i]/ps, q[i]/qs
		m := (a + b) / 2
		if a > 0 {
			sum += a * math.Log(a/m)
		}
		if b > 0 {
			sum += b * math.Log(b/m)
		}
	}
	return math.Sqrt(math.Max(0, sum) / 2)
}

// hellinger returns sqrt(sum (sqrt p - sqrt q)^2 / 2).
func hellinger(p, q []float64) float64 {
	sum := 0.0
	for i := range p {
		d := math.Sqrt(p[i]) - math.Sqrt(q[i])
		sum += d * d
	}
	return math.Sqrt(sum / 2)
}

// wasserstein returns the area between the distribution functions of two ascending lists.
func wasserstein(ref, cur []float64) float64 {
	n, m := float64(len(ref)), float64(len(cur))
	area, last := 0.0, math.Min(ref[0], cur[0])
	for i, j := 0, 0; i < len(ref) || j < len(cur); {
		var v float64
		if j == len(cur) || i < len(ref) && ref[i] <= cur[j] {
			v = ref[i]
		} else {
			v = cur[j]
		}
		area += math.Abs(float64(i)/n-float64(j)/m) * (v - last)
		last = v
		for i < len(ref) && ref[i] == v {
			i++
		}
		for j < len(cur) && cur[j] == v {
			j++
		}
	}
	return area
}

// kolmogorovSmirnov returns the largest distance between the distribution functions of two ascending lists.
func kolmogorovSmirnov(ref, cur []float64) float64 {
	n, m := float64(len(ref)), float64(len(cur))
	d := 0.0
	for i, j := 0, 0; i < len(ref) && j < len(cur); {
		v := math.Min(ref[i], cur[j])
		for i < len(ref) && ref[i] == v {
			i++
		}
		for j < len(cur) && cur[j] == v {
			j++
		}
		d = math.Max(d, math.Abs(float64(i)/n-float64(j)/m))
	}
	return d
}

// goodnessOfFit is Pearson's chi-square of cur against ref as if ref's shares were known exactly (scipy.stats.chisquare). A value that
// ref never had makes it infinite and p zero.
func goodnessOfFit(t table) (p float64) {
	scale := total(t.cur) / total(t.ref)
	sum := 0.0
	for i := range t.ref {
		expected := t.ref[i] * scale
		if expected == 0 {
			return 0
		}
		d := t.cur[i] - expected
		sum += d * d / expected
	}
	if len(t.ref) < 2 {
		return 1
	}
	return detectors.ChiSquareTail(sum, float64(len(t.ref)-1), 0)
}

// contingency is Pearson's chi-square of the two-row table with Yates' correction if it has two columns, as scipy.stats.chi2_contingency
// has by default.
func contingency(t table) (statistic, df, p float64) {
	n, m := total(t.ref), total(t.cur)
	df = float64(len(t.ref) - 1)
	if df < 1 {
		return 0, 0, 1
	}
	for i := range t.ref {
		column := t.ref[i] + t.cur[i]
		for row, observed := range []float64{t.ref[i], t.cur[i]} {
			expected := column * []float64{n, m}[row] / (n + m)
			d := math.Abs(observed - expected)
			if df == 1 {
				d -= math.Min(0.5, d)
			}
			statistic += d * d / expected
		}
	}
	return statistic, df, detectors.ChiSquareTail(statistic, df, 0)
}

// proportions is the two-sided z test with pooled variance of k of n against l of m.
func proportions(k, n, l, m float64) (p float64) {
	pooled := (k + l) / (n + m)
	z := (k/n - l/m) / math.Sqrt(pooled*(1-pooled)*(1/n+1/m))
	return math.Erfc(math.Abs(z) / math.Sqrt2)
}

// quantile returns the value of an ascending list below which a share q lies.
func quantile(sorted []float64, q float64) float64 {
	i := int(math.Ceil(q*float64(len(sorted)))) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}

// below returns the share of an ascending list that is less than v.
func below(sorted []float64, v float64) float64 {
	return float64(sort.SearchFloat64s(sorted, v)) / float64(len(sorted))
}
