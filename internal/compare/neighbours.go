package compare

import (
	"cmp"
	"math"
	"slices"

	"plumbline/detectors"
)

// clusters is the probability that values which do not depend on each other are as like their neighbours as the column's: by the
// spread of blocks, and of numbers by the rank correlation of neighbours among the sampled rows, which sees more where there are few
// blocks. Not ok if too few values differ from the others to tell.
func (f *frozen) clusters() (p float64, ok bool) {
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
	ranks, most := ranksOf(xs)
	n := float64(len(ranks))
	if len(ranks) < detectors.MinRows {
		return 1, false
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

// ranksOf are the ranks of the numbers among xs, in their order, less their mean; equal numbers have the mean of theirs. ties is how
// many the most frequent number has.
func ranksOf(xs []float64) (ranks []float64, ties int) {
	type number struct {
		x  float64
		at int
	}
	var sorted []number
	for _, x := range xs {
		if x-x == 0 {
			sorted = append(sorted, number{x, len(sorted)})
		}
	}
	slices.SortFunc(sorted, func(a, b number) int { return cmp.Compare(a.x, b.x) })
	ranks = make([]float64, len(sorted))
	for i := 0; i < len(sorted); {
		j := i
		for j < len(sorted) && sorted[j].x == sorted[i].x {
			j++
		}
		for _, v := range sorted[i:j] {
			ranks[v.at] = float64(i+j-len(sorted)) / 2
		}
		i, ties = j, max(ties, j-i)
	}
	return ranks, ties
}
