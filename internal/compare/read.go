package compare

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"plumbline"
	"plumbline/profiles"
)

// side is one file, read: its columns by name for the whole and for each group.
type side[C any] struct {
	Side
	groups map[string]*section[C]
	left   map[string]string
	known  []string // all columns, compared or not
	rest   int64    // rows in none of the groups, if there are groups
}

// section is the rows of one group, "" being all of them.
type section[C any] struct {
	rows    int64
	names   []string
	columns map[string]C
}

// current is a finished column of the current file.
type current struct {
	sample  profiles.Sample
	spoken  plumbline.FeatureType // of a column that the reference lacks its own type
	present int64
	rows    []float64 // sampled
	own     *frozen   // of a column of which the reference has no value: cells of its own
}

func (r *runner) wanted(name string) bool {
	return !reserved[name] && (len(r.Columns) == 0 || slices.Contains(r.Columns, name))
}

func (r *runner) reference() (*side[*frozen], error) {
	return read(r, r.Reference, func(_, name string, first int) *column { return newColumn(name, first) },
		func(_ string, c *column, absent int64) *frozen { return c.finish(absent) })
}

func (r *runner) current(ref *side[*frozen]) (*side[current], error) {
	like := func(group, name string) *frozen {
		if g := ref.groups[group]; g != nil {
			return g.columns[name]
		}
		return nil
	}
	return read(r, r.Current, func(group, name string, first int) *column {
		if f := like(group, name); f != nil && f.typ != plumbline.TypeAuto {
			return f.like()
		}
		return newColumn(name, first)
	}, func(group string, c *column, absent int64) current {
		f := like(group, c.name)
		if f == nil || f.typ == plumbline.TypeAuto {
			own := c.finish(absent)
			return current{own.sample, own.typ, own.present, own.rows, own}
		}
		return current{c.against(f, absent), c.spoken(), c.rows + absent, c.sampledRows(absent), nil}
	})
}

// mostRows of a file are compared: cells hold no more.
const mostRows = math.MaxUint32

func tooManyRows(path string) error {
	return fmt.Errorf("%s has more than %d rows: compare parts of it", path, int64(mostRows))
}

// read makes one pass over a file. open makes the column of a name in a group, of which so many first rows may be held back; finish
// ends it.
func read[C any](r *runner, path string, open func(group, name string, first int) *column, finish func(group string, c *column, absent int64) C) (*side[C], error) {
	s := &side[C]{Side: Side{Path: path}, groups: map[string]*section[C]{}, left: map[string]string{}}
	var err error
	if isParquet(path, r.Input) && r.By == "" {
		err = readColumns(r, path, s, open, finish)
	} else {
		err = readRows(r, path, s, open, finish)
	}
	if err != nil {
		return nil, err
	}
	if s.Rows == 0 {
		return nil, fmt.Errorf("%s: there is no row to compare", path)
	}
	return s, nil
}

func readRows[C any](r *runner, path string, s *side[C], open func(group, name string, first int) *column, finish func(group string, c *column, absent int64) C) error {
	if isParquet(path, r.Input) {
		p, err := openParquet(path)
		if err != nil {
			return err
		}
		maps.Copy(s.left, p.left)
		if err := p.close(); err != nil {
			return err
		}
	}
	opened, taken := 0, 0
	set := func(group string) *columnSet {
		return newColumnSet(func(name string) *column {
			if !r.wanted(name) || group != "" && name == r.By || s.left[name] != "" {
				return nil
			}
			opened++
			c := open(group, name, first(opened, group))
			if group == "" {
				if taken++; taken <= mostWide {
					c.sampler = newSampler()
				}
			}
			return c
		})
	}
	all := set("")
	sets := map[string]*columnSet{}
	for _, g := range r.groups {
		sets[g] = set(g)
	}
	err := scanRows(path, r.Input, all, r.Step, func(rec *plumbline.Record) error {
		all.fold(rec)
		if len(sets) > 0 && rec.Kind != plumbline.Label {
			if g, ok := valueOf(rec, r.By); !ok {
				s.rest++
			} else if part := sets[g]; part != nil {
				part.fold(rec)
			} else {
				s.rest++
			}
		}
		if all.rows%1024 > 0 {
			return nil
		}
		if all.rows > mostRows {
			return tooManyRows(path)
		}
		return r.ctx.Err()
	})
	if err != nil {
		return err
	}
	if all.skipped > 0 {
		s.Skipped, s.First = all.skipped, all.first.Error()
		if float64(all.skipped) > mostBad*float64(all.rows+all.skipped) {
			return fmt.Errorf("%d of %d rows can't be read; the first: %w", all.skipped, all.rows+all.skipped, all.first)
		}
	}
	s.Rows = all.rows
	maps.Copy(s.left, all.left)
	s.known = slices.Collect(maps.Keys(all.place))
	sets[""] = all
	for group, set := range sets {
		g := &section[C]{rows: set.rows, columns: map[string]C{}}
		for _, c := range set.list {
			g.names, g.columns[c.name] = append(g.names, c.name), finish(group, c, set.absent(c))
		}
		s.groups[group] = g
	}
	return nil
}

func readColumns[C any](r *runner, path string, s *side[C], open func(group, name string, first int) *column, finish func(group string, c *column, absent int64) C) (err error) {
	p, err := openParquet(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if s.Rows = p.parquet.NumRows(); s.Rows > mostRows {
		return tooManyRows(path)
	}
	maps.Copy(s.left, p.left)
	g := &section[C]{rows: s.Rows, columns: map[string]C{}}
	s.groups[""] = g
	var wanted int64
	for _, c := range p.columns {
		s.known = append(s.known, c.name)
		if r.wanted(c.name) {
			wanted, g.names = wanted+1, append(g.names, c.name)
		}
	}
	var mu sync.Mutex
	var done atomic.Int64
	total := wanted * s.Rows
	text := "reading " + filepath.Base(path)
	return p.scan(runtime.GOMAXPROCS(0), func(at int) *column {
		name := p.columns[at].name
		if !r.wanted(name) {
			return nil
		}
		n := slices.Index(g.names, name)
		c := open("", name, first(n+1, ""))
		if n < mostWide {
			c.sampler = newSampler()
		}
		return c
	}, func(c *column) error {
		out := finish("", c, 0)
		mu.Lock()
		g.columns[c.name] = out
		mu.Unlock()
		return r.ctx.Err()
	}, func(rows int64) { r.Step(text, done.Add(rows), total) })
}
