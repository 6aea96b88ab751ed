package detectors

import (
	"cmp"
	"slices"
)

// BenjaminiHochberg reports which of the hypotheses with these p-values are rejected so that at most a share q of the rejected
// ones is expected to be true (Benjamini and Hochberg 1995): all up to the largest i with p_(i) <= q i/len(p). NaN is never
// rejected.
func BenjaminiHochberg(p []float64, q float64) []bool {
	order := make([]int, 0, len(p))
	for i, x := range p {
		if x == x {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	out := make([]bool, len(p))
	last := -1
	for i, at := range order {
		if p[at] <= q*float64(i+1)/float64(len(p)) {
			last = i
		}
	}
	for _, at := range order[:last+1] {
		out[at] = true
	}
	return out
}
