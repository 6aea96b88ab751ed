package profiles

import (
	"errors"
	"fmt"
	"slices"
)

// errNotPart is what Without returns for a profile that is not part of the other.
var errNotPart = errors.New("it is not part of the other")

// Without returns what remains of p when q, which is part of it, is taken away: a baseline without one of its windows. Counts are
// exact; sums of moments are differences of sums, equal to those of the remaining records but for rounding; the extremes stay those
// of p. It fails if q is counted on another baseline's cells or counts anything that p does not.
func (p *Profile) Without(q *Profile) (*Profile, error) {
	if p.layout.baseline != q.layout.baseline {
		return nil, fmt.Errorf("subtract profiles: %w: baseline %s and %s", errOtherCells, short(p.layout.baseline), short(q.layout.baseline))
	}
	out := p.Clone()
	out.settled = false
	theirs := q.tallies()
	for i, n := range out.tallies() {
		if *n -= *theirs[i]; *n < 0 {
			return nil, fmt.Errorf("subtract profiles: %w: its tallies are larger", errNotPart)
		}
	}
	subtract := func(g *Feature) error {
		if g == nil || g.empty() {
			return nil
		}
		i, s := out.layout.find(g.Key, false)
		if i < 0 {
			return fmt.Errorf("subtract profiles: %w: only it has %s", errNotPart, g.Name)
		}
		if err := out.at(i, s).subtract(g); err != nil {
			return fmt.Errorf("subtract profiles: %s: %w", g.Name, err)
		}
		return nil
	}
	for i := range q.base {
		if err := subtract(&q.base[i]); err != nil {
			return nil, err
		}
	}
	for _, g := range q.extra {
		if err := subtract(g); err != nil {
			return nil, err
		}
	}
	out.settle()
	return out, nil
}

// subtract takes g's counts away.
func (f *Feature) subtract(g *Feature) error {
	theirs := g.head()
	for i, n := range f.head() {
		if *n -= *theirs[i]; *n < 0 {
			return errNotPart
		}
	}
	f.other -= g.other
	f.overflow -= g.overflow
	if g.N == 0 {
		return nil
	}
	if !compatible(f.Type, g.Type) || !sameCells(f.slot, g.slot) {
		return errOtherCells
	}
	f.first = nil
	if err := f.subtractSketch(g); err != nil {
		return err
	}
	if f.Type.Numeric() {
		f.m.subtract(&g.m, g.N)
	}
	if f.N == 0 {
		f.m.reset(f.slot.shift)
	}
	if size := f.size(); size > 0 && !f.cells.subtract(&g.cells, size) {
		return errNotPart
	}
	if g.texts != nil {
		f.subtractTexts(g.texts.list)
	}
	if f.other < 0 || f.overflow < 0 {
		return errNotPart
	}
	return nil
}

// subtractTexts takes texts away; those the whole did not keep by name are among its others.
func (f *Feature) subtractTexts(list []Category) {
	rest := &f.other
	if f.slot.known() {
		rest = &f.overflow
	}
	left := map[string]int64{}
	for _, c := range list {
		left[c.Value] += c.Count
	}
	var kept []Category
	if f.texts != nil {
		for _, c := range f.texts.list {
			n := left[c.Value]
			if delete(left, c.Value); c.Count > n {
				kept = append(kept, Category{c.Value, c.Count - n})
			} else {
				*rest += c.Count - n
			}
		}
	}
	for _, n := range left {
		*rest -= n
	}
	f.texts = (&values{list: slices.Clip(kept)}).clone()
}

// subtract takes o's counts away and reports whether there was enough of each.
func (c *cells) subtract(o *cells, size int) bool {
	if len(c.dense) == 0 {
		c.densify(size)
	}
	enough := true
	o.each(func(at int32, n int64) {
		c.dense[at] -= n
		enough = enough && c.dense[at] >= 0
	})
	return enough
}

// subtract takes the sums of n values away, after moving them to this shift.
func (m *moments) subtract(o *moments, n int64) {
	moved := moments{shift: m.shift}
	moved.merge(o, n)
	m.s1 -= moved.s1
	m.s2 -= moved.s2
	m.s3 -= moved.s3
	m.s4 -= moved.s4
}
