package profiles

import (
	"fmt"

	"plumbline"
)

// Sample is what somebody else counted of one column: one side of a comparison that never saw a baseline. Counts lie on [Cells].
type Sample struct {
	N       int64 // present values of the column's type
	Missing int64 // with NaN
	NaN     int64
	Invalid int64
	Below   int64 // below the reference's extremes
	Above   int64
	Counts  []int64

	// Of numbers: Σ(x-Shift)^k for k = 1 … 4, and the extremes.
	Shift    float64
	Sums     [4]float64
	Min, Max float64

	// Of categories: values in categories the reference has but does not list, values in categories it never saw, by name as far
	// as they were kept, and the number of those that were not.
	Other    int64
	Unseen   []Category
	Overflow int64
}

// Cells are what the samples of one column are counted on.
type Cells struct {
	slot *slot
	size int
}

// NewCells makes the cells of a column: those with these inner edges for numbers (number, text, embedding), these values for
// categories and booleans. The extremes are the reference's; without any they are NaN. Edges that don't ascend are an error.
func NewCells(name string, typ plumbline.FeatureType, edges []float64, values []string, least, most float64) (*Cells, error) {
	bf := BaselineFeature{Name: name, Role: Input.String(), Type: typ, Edges: edges}
	size := len(edges) + 1
	if categorical(typ) {
		bf.Edges, size = nil, len(values)
		for _, v := range values {
			bf.Categories = append(bf.Categories, Category{Value: v})
		}
	} else {
		if _, err := NewGrid(edges); err != nil {
			return nil, fmt.Errorf("cells of %q: %w", name, err)
		}
		bf.Min, bf.Max = plumbline.Finite(least), plumbline.Finite(most)
	}
	return &Cells{bf.slot(0), size}, nil
}

// Feature is a sample as a feature on these cells. It fails if there are more counts than cells.
func (c *Cells) Feature(x Sample) (*Feature, error) {
	if len(x.Counts) > c.size {
		return nil, fmt.Errorf("cells of %q: %d counts on %d cells", c.slot.key.Name, len(x.Counts), c.size)
	}
	return x.feature(c.slot), nil
}

func (x *Sample) feature(s *slot) *Feature {
	f := &Feature{}
	f.init(s)
	f.seen = true
	f.N, f.Missing, f.NaN, f.Invalid, f.Below, f.Above, f.other, f.overflow = x.N, x.Missing, x.NaN, x.Invalid, x.Below, x.Above, x.Other, x.Overflow
	size := f.size()
	for j, n := range x.Counts {
		if n > 0 {
			f.cells.inc(int32(j), n, size)
		}
	}
	if x.N > 0 && f.Type.Numeric() {
		f.m = moments{shift: x.Shift, s1: x.Sums[0], s2: x.Sums[1], s3: x.Sums[2], s4: x.Sums[3], min: x.Min, max: x.Max}
	}
	if len(x.Unseen) > 0 {
		f.mergeTexts(x.Unseen)
	}
	return f
}

// QuantileCuts chooses, among ascending cells that hold these counts, those at whose end [QuantileGrid] would cut the values: at
// k/240 and ever finer in the tails. The last cell that holds anything is no cut.
func QuantileCuts(counts []int64) (cuts []int) {
	const finest = 240 << 8
	var n, sum int64
	last := -1
	for j, k := range counts {
		n += k
		if k > 0 {
			last = j
		}
	}
	if n == 0 {
		return nil
	}
	ranks := make([]int64, 0, 256)
	cut := func(k int64) { ranks = append(ranks, (n/finest)*k+((n%finest)*k+finest-1)/finest) }
	for i := range 8 {
		cut(1 << i)
	}
	for k := int64(1); k < 240; k++ {
		cut(k << 8)
	}
	for i := 7; i >= 0; i-- {
		cut(finest - 1<<i)
	}
	at := 0
	for j := 0; j < last && at < len(ranks); j++ {
		sum += counts[j]
		reached := false
		for at < len(ranks) && sum >= ranks[at] {
			at, reached = at+1, true
		}
		if reached {
			cuts = append(cuts, j)
		}
	}
	return cuts
}

// Picture is what [Histogram] draws: shares of all records, of numbers in equally wide bins, of categories by name. Empty if there is
// nothing to draw.
func Picture(ref, cur *Feature) plumbline.Bins {
	labels, a, b := display(ref, cur)
	return plumbline.Bins{Labels: labels, Baseline: a, Current: b}
}
