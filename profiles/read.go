package profiles

import "slices"

// Grid returns the cells a numeric feature is counted on, nil if it has none.
func (f *Feature) Grid() *Grid { return f.slot.grid }

// Counts returns a copy of the counts per cell of the grid, nil if there is no grid.
func (f *Feature) Counts() []int64 {
	if f.slot.grid == nil {
		return nil
	}
	return f.cells.counts(f.slot.grid.Cells())
}

// EachCell visits the cells that have rows, in ascending order: of the grid by their number, of categories by their place in
// [Feature.Known]. It returns how many cells there are, 0 without grid and baseline.
func (f *Feature) EachCell(visit func(cell int, n int64)) int {
	cells := 0
	switch {
	case f.slot.grid != nil:
		cells = f.slot.grid.Cells()
	case f.slot.known():
		cells = len(f.slot.values)
	default:
		return 0
	}
	f.cells.each(func(at int32, n int64) { visit(int(at), n) })
	return cells
}

// Mean of the present values of a numeric feature.
func (f *Feature) Mean() (mean float64, ok bool) {
	if !f.Type.Numeric() {
		return 0, false
	}
	return f.m.mean(f.N)
}

// SD is the standard deviation with divisor n-1; it needs two values.
func (f *Feature) SD() (sd float64, ok bool) {
	if !f.Type.Numeric() {
		return 0, false
	}
	return f.m.sd(f.N)
}

// Sum of the present values.
func (f *Feature) Sum() (sum float64, ok bool) {
	if !f.Type.Numeric() {
		return 0, false
	}
	sum = f.m.shift*float64(f.N) + f.m.s1
	return sum, finite(sum)
}

// Min is the smallest present value.
func (f *Feature) Min() (v float64, ok bool) {
	if f.N == 0 || !f.Type.Numeric() {
		return 0, false
	}
	return f.m.min, true
}

// Max is the largest present value.
func (f *Feature) Max() (v float64, ok bool) {
	if f.N == 0 || !f.Type.Numeric() {
		return 0, false
	}
	return f.m.max, true
}

// CentralMoments returns the mean and the second, third and fourth central moment, each a plain average (divisor n).
func (f *Feature) CentralMoments() (mean, m2, m3, m4 float64, ok bool) {
	if f.N == 0 || !f.Type.Numeric() {
		return 0, 0, 0, 0, false
	}
	n := float64(f.N)
	d := f.m.s1 / n
	a2, a3, a4 := f.m.s2/n, f.m.s3/n, f.m.s4/n
	m2 = max(a2-d*d, 0)
	m3 = a3 - 3*d*a2 + 2*d*d*d
	m4 = max(a4-4*d*a3+6*d*d*a2-3*d*d*d*d, 0)
	mean, ok = f.m.mean(f.N)
	return mean, m2, m3, m4, ok && finite(m2) && finite(m3) && finite(m4)
}

// Quantile reads the q-quantile, 0 <= q <= 1, from the cells: linear inside a cell, with the extremes closing the outer
// cells. The true quantile lies in [lo, hi].
func (f *Feature) Quantile(q float64) (value, lo, hi float64, ok bool) {
	g := f.slot.grid
	if g == nil || f.N == 0 || !(q >= 0 && q <= 1) {
		return 0, 0, 0, false
	}
	rank := q * float64(f.N)
	var sum int64
	for j, n := range f.Counts() {
		if n == 0 || float64(sum+n) < rank {
			sum += n
			continue
		}
		lo, hi = f.m.min, f.m.max
		if j > 0 {
			lo = max(lo, g.Edges[j-1])
		}
		if j < len(g.Edges) {
			hi = min(hi, g.Edges[j])
		}
		share := min(max((rank-float64(sum))/float64(n), 0), 1)
		value = lo*(1-share) + hi*share
		return min(max(value, lo), hi), lo, hi, true
	}
	return f.m.max, f.m.max, f.m.max, true
}

// Categories returns the categories that occurred, by count, then value: those the baseline knows by name, or without a
// baseline those told apart.
func (f *Feature) Categories() []Category {
	var out []Category
	if f.slot.known() {
		f.cells.each(func(at int32, n int64) { out = append(out, Category{f.slot.values[at], n}) })
	} else if f.texts != nil {
		out = slices.Clone(f.texts.list)
	}
	slices.SortFunc(out, ByCount)
	return out
}

// Known returns the baseline's categories in its order, and the count of each, zero or not; nil without a baseline. Callers
// don't change values.
func (f *Feature) Known() (values []string, counts []int64) {
	if !f.slot.known() {
		return nil, nil
	}
	return f.slot.values, f.cells.counts(len(f.slot.values))
}

// Count returns how often one category occurred; false if it is not told apart.
func (f *Feature) Count(category string) (int64, bool) {
	if i, ok := f.slot.index[category]; ok {
		return f.cells.get(i), true
	}
	if f.texts != nil {
		for _, c := range f.texts.list {
			if c.Value == category {
				return c.Count, true
			}
		}
	}
	return 0, false
}

// Unseen is the number of values in categories the baseline never saw; 0 without a baseline.
func (f *Feature) Unseen() int64 {
	if !f.slot.known() {
		return 0
	}
	n := f.overflow
	if f.texts != nil {
		for _, c := range f.texts.list {
			n += c.Count
		}
	}
	return n
}

// UnseenValues lists categories the baseline never saw, by count, then value; a bounded list, so that its sum may be less
// than Unseen.
func (f *Feature) UnseenValues() []Category {
	if !f.slot.known() || f.texts == nil {
		return nil
	}
	out := slices.Clone(f.texts.list)
	slices.SortFunc(out, ByCount)
	return out
}

// Other is the number of values in categories that the baseline saw but does not keep by name, or without a baseline of
// those beyond the bound of categories.
func (f *Feature) Other() int64 { return f.other }

// HasBaseline reports whether the feature is counted on a baseline's cells or categories.
func (f *Feature) HasBaseline() bool { return f.slot.native >= 0 }
