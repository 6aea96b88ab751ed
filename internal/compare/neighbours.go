package compare

import (
	"cmp"
	"math"
	"slices"

	"plumbline/detectors"
)

// clustering is the probability that values which do not depend on each other are as like their neighbours as the column's: by the
// spread of blocks, and of numbers by the rank correlation of neighbours among the sampled rows, which sees more where there are few
// blocks. Not ok if too few values differ from the others to tell.
func (f *frozen) clustering() (p float64, ok bool) {
	if f.order == nil {
		return 1, false
	}
	p, ok = f.order.values.clustering()
	q, also := trailing(f.rows)
	switch {
	case !also:
		return p, ok
	case !ok:
		return q, true
	}
	return math.Min(1, 2*math.Min(p, q)), true
}

// leastPairs is how many neighbours must be expected to be both of the rarer values for their number to be about normal.
const leastPairs = 10

// trailing is the probability that the ranks of independent values correlate so much with those of the values before them: about a
// normal number of mean -1/n and variance 1/n. Not ok if there are too few values, or too few that differ from the others.
func trailing(xs []float64) (p float64, ok bool) {
	ranks := ranksOf(xs)
	n := float64(len(ranks))
	if len(ranks) < detectors.MinRows {
		return 1, false
	}
	sorted := slices.Sorted(slices.Values(ranks))
	most, run := 0, 0
	for i, x := range sorted {
		if run++; i > 0 && x != sorted[i-1] {
			run = 1
		}
		most = max(most, run)
	}
	if off := n - float64(most); off*off/n < leastPairs {
		return 1, false
	}
	var squares, products float64
	for i, x := range ranks {
		squares += x * x
		if i > 0 {
			products += x * ranks[i-1]
		}
	}
	z := (products/squares + 1/n) * math.Sqrt(n)
	return math.Erfc(z/math.Sqrt2) / 2, true
}

// ranksOf are the ranks of the numbers among xs, in their order, less their mean; equal numbers have the mean of theirs.
func ranksOf(xs []float64) []float64 {
	var at []int
	for i, x := range xs {
		if x-x == 0 {
			at = append(at, i)
		}
	}
	place := make([]int, len(at))
	for k := range place {
		place[k] = k
	}
	slices.SortFunc(place, func(a, b int) int { return cmp.Compare(xs[at[a]], xs[at[b]]) })
	ranks := make([]float64, len(at))
	for i := 0; i < len(place); {
		j := i
		for j < len(place) && xs[at[place[j]]] == xs[at[place[i]]] {
			j++
		}
		for _, k := range place[i:j] {
			ranks[k] = float64(i+j-len(place)) / 2
		}
		i = j
	}
	return ranks
}
