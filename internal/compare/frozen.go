package compare

import (
	"sync"

	"plumbline"
	"plumbline/profiles"
)

// frozen is a finished reference's column: its counts on final cells, and what the current side needs to count alike.
type frozen struct {
	name    string
	typ     plumbline.FeatureType
	spoken  plumbline.FeatureType
	frame   frame
	cut     cut
	values  []string // categories in the order of sample.Counts
	levels  *levels
	sample  profiles.Sample
	order   *order
	rows    []float64 // sampled
	present int64     // rows that could have carried the column
	blurred float64   // share of values that cells can't tell apart
	// clustering is what clusters says, which two judges ask for.
	clustering func() (p float64, ok bool)
}

// like makes the current side's column of a finished reference whose type is known.
func (r *frozen) like() *column {
	c := &column{name: r.name, typ: r.typ}
	switch {
	case r.typ.Numeric():
		c.nums = newNumbers(r.frame)
	default:
		c.names = r.levels.like()
	}
	return c
}

// finish ends a reference's column. absent is the number of rows that did not even name it.
func (c *column) finish(absent int64) *frozen {
	if c.held != nil && len(c.held.kinds) > 0 {
		c.decide()
	}
	f := &frozen{name: c.name, typ: c.typ, spoken: c.spoken(), present: c.rows + absent}
	switch {
	case c.nums != nil:
		cells := c.nums.list()
		f.frame, f.cut, f.order = c.nums.frame, c.nums.freeze(cells), c.nums.order
		f.sample, f.blurred = c.nums.sample(cells, f.cut), c.nums.blurred()
	case c.names != nil:
		f.levels, f.values, f.order = c.names, c.names.names, c.names.order
		f.sample = c.names.sample()
	}
	c.amend(&f.sample, absent)
	f.rows = c.sampledRows(absent)
	f.clustering = sync.OnceValues(f.clusters)
	return f
}

// against ends the current side's column on the reference's cells.
func (c *column) against(r *frozen, absent int64) profiles.Sample {
	var s profiles.Sample
	switch {
	case c.nums != nil:
		s = c.nums.sample(c.nums.list(), r.cut)
	case c.names != nil:
		s = c.names.sample()
	}
	c.amend(&s, absent)
	return s
}

// sampledRows ends the sample with the rows that did not name the column.
func (c *column) sampledRows(absent int64) []float64 {
	if c.sampler == nil {
		return nil
	}
	c.sampler.none(c.rows, absent)
	return c.sampler.kept
}

func (c *column) amend(s *profiles.Sample, absent int64) {
	s.Missing += c.missing + c.nan + absent
	s.NaN += c.nan
	s.Invalid += c.invalid
}
