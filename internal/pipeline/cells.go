package pipeline

import (
	"cmp"
	"slices"

	"plumbline/detectors/sequential"
	"plumbline/profiles"
)

// cutting says how the counts of a feature are put into the few cells a sequential chart watches.
type cutting struct {
	key     profiles.Key
	ordered bool  // cells of a number, in the order of its values; else categories
	group   []int // the cell of each of the grid's cells, or of each known category
	cells   int   // of categories the last one holds all that is rare, unseen or missing
}

// mostCells is into how many cells a number is cut: more see more of the shape and need more rows to see anything.
const mostCells = 16

// cut makes cells that each hold at least least of the reference's rows; fewer than two if there is nothing to watch.
func cut(ref *profiles.Feature, least float64) cutting {
	c := cutting{key: ref.Key, ordered: ref.Type.Numeric()}
	if c.ordered {
		counts := ref.Counts()
		if counts == nil {
			return c
		}
		groups := mostCells
		if least > 0 {
			groups = min(groups, int(float64(ref.N)/least))
		}
		c.group, c.cells = sequential.Coarsen(counts, max(groups, 1))
		return c
	}
	values, counts := ref.Known()
	if values == nil {
		return c
	}
	order := make([]int, len(counts))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Or(cmp.Compare(counts[j], counts[i]), cmp.Compare(i, j)) })
	c.group = make([]int, len(counts))
	for _, i := range order {
		if c.group[i] = c.cells; float64(counts[i]) >= max(least, 1) && c.cells < mostCells-1 {
			c.cells++
		}
	}
	rest := rare(ref)
	for _, i := range order {
		if c.group[i] == c.cells {
			rest += counts[i]
		}
	}
	if c.cells > 0 && float64(rest) < max(least, 1) { // too little to be a cell: with the rarest that is one
		c.cells--
	}
	for i, g := range c.group {
		c.group[i] = min(g, c.cells)
	}
	c.cells++
	return c
}

// rare is what of a category no known value has.
func rare(f *profiles.Feature) int64 { return f.Other() + f.Unseen() + f.Missing }

// add puts a feature's counts into cells, if they were counted on the same ones.
func (c cutting) add(to []int64, f *profiles.Feature) {
	f.EachCell(func(cell int, n int64) {
		if cell < len(c.group) {
			to[c.group[cell]] += n
		}
	})
	if !c.ordered {
		to[c.cells-1] += rare(f)
	}
}

// shares are a profile's in the cells, none of them 0; nil if it has no rows.
func (c cutting) shares(p *profiles.Profile) []float64 {
	counts, n := c.of(p)
	if n == 0 {
		return nil
	}
	out := make([]float64, len(counts))
	for j, k := range counts {
		out[j] = (float64(k) + 0.5) / (n + 0.5*float64(len(counts)))
	}
	return out
}

// of are a profile's counts in the cells.
func (c cutting) of(p *profiles.Profile) (counts []int64, n float64) {
	counts = make([]int64, c.cells)
	if f := p.Feature(c.key); f != nil {
		c.add(counts, f)
	}
	for _, k := range counts {
		n += float64(k)
	}
	return counts, n
}
