package incumbents

import (
	"math"
	"sort"
)

// sturges returns NumPy's histogram_bin_edges(values, "sturges"): equal bins of width (max-min)/(log2 n + 1), as many as it takes.
// A list of integers gets no bin narrower than 1. The values must be ascending.
func sturges(sorted []float64, integer bool) []float64 {
	if len(sorted) == 0 {
		return spanned(0, 1, 1)
	}
	width := (sorted[len(sorted)-1] - sorted[0]) / (math.Log2(float64(len(sorted))) + 1)
	if integer && width > 0 && width < 1 {
		width = 1
	}
	return byWidth(sorted, width)
}

// doane returns NumPy's histogram_bin_edges(values, "doane"): as Sturges, with log2(1 + |g|/s) more bins for skewness g, s its standard
// deviation for normal values. The values must be ascending.
func doane(sorted []float64) []float64 {
	n := float64(len(sorted))
	width := 0.0
	if n > 2 {
		mean, sd := moments(sorted)
		if sd > 0 {
			g := 0.0
			for _, v := range sorted {
				z := (v - mean) / sd
				g += z * z * z
			}
			g /= n
			s := math.Sqrt(6 * (n - 2) / ((n + 1) * (n + 3)))
			width = (sorted[len(sorted)-1] - sorted[0]) / (1 + math.Log2(n) + math.Log2(1+math.Abs(g)/s))
		}
	}
	return byWidth(sorted, width)
}

// byWidth spans the values with equal bins of at most the given width; one bin if the width is 0.
func byWidth(sorted []float64, width float64) []float64 {
	lo, hi := outer(sorted)
	bins := 1
	if width > 0 && !math.IsInf(hi-lo, 0) {
		bins = int(math.Ceil((hi - lo) / width))
	}
	return spanned(lo, hi, bins)
}

// outer returns the ends of NumPy's histogram of ascending values: their extremes, or half a unit around the only value.
func outer(sorted []float64) (lo, hi float64) {
	if len(sorted) == 0 {
		return 0, 1
	}
	lo, hi = sorted[0], sorted[len(sorted)-1]
	if lo == hi {
		return lo - 0.5, hi + 0.5
	}
	return lo, hi
}

// spanned returns the edges of equal bins, with the roundings of NumPy's linspace: a value on an edge must fall to the same side.
func spanned(lo, hi float64, bins int) []float64 {
	edges := make([]float64, bins+1)
	step := (hi - lo) / float64(bins)
	edges[0] = lo
	for i := 1; i < bins; i++ {
		edges[i] = lo + float64(float64(i)*step) // the conversion forbids a fused multiplication, which would round differently
	}
	edges[bins] = hi
	return edges
}

// histogram counts ascending values in the bins between edges: [e0, e1), [e1, e2), … and the last one closed. What lies outside isn't
// counted.
func histogram(sorted, edges []float64) []float64 {
	counts := make([]float64, len(edges)-1)
	last := len(counts) - 1
	below := sort.SearchFloat64s(sorted, edges[0])
	for i := range counts {
		rest := sorted[below:]
		var inside int
		if i == last {
			inside = sort.Search(len(rest), func(j int) bool { return rest[j] > edges[i+1] })
		} else {
			inside = sort.SearchFloat64s(rest, edges[i+1])
		}
		counts[i] = float64(inside)
		below += inside
	}
	return counts
}

// moments returns mean and standard deviation with divisor n.
func moments(values []float64) (mean, sd float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += v
	}
	mean /= n
	sum := 0.0
	for _, v := range values {
		sum += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(sum / n)
}
