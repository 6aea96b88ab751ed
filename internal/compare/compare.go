package compare

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"plumbline"
	"plumbline/internal/tables"
	"plumbline/profiles"
)

// Options say what is compared and how.
type Options struct {
	Reference, Current string   // files
	Input              string   // their form: auto, csv, ndjson, parquet
	Columns            []string // only these; empty: all
	By                 string   // a column for each of whose values the comparison is made again
	Budget             float64  // expected false alarms of the whole comparison
	Exact              bool     // statistics of raw values where there are such
	Compat             []string // also what these tools' defaults say: see Tools
	Independent        bool     // the order of rows says nothing: take them as independent
	// Step is told how far the work is; it may be nil.
	Step func(text string, done, total int64)
}

// DefaultBudget is a false alarm in one of a hundred comparisons.
const DefaultBudget = 0.01

// reserved columns of a record are no features.
var reserved = map[string]bool{"id": true, "model": true, "version": true, "session": true, "ts": true}

// answers are columns that training data often lacks: one that is on one side only is left out.
var answers = map[string]bool{"prediction": true, "score": true, "label": true}

// Run compares two files.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Step == nil {
		o.Step = func(string, int64, int64) {}
	}
	if !(o.Budget > 0) {
		return nil, fmt.Errorf("the budget is %v; give a number of false alarms above 0", o.Budget)
	}
	if o.Input == "" || o.Input == tables.Auto {
		for _, path := range []string{o.Reference, o.Current} {
			if _, err := tables.Guess(path); err != nil {
				return nil, fmt.Errorf("%s: the format can't be told from the name; say --input ndjson, csv or parquet", path)
			}
		}
	}
	for _, tool := range o.Compat {
		if !slices.Contains(Tools, tool) {
			return nil, fmt.Errorf("the defaults of %q are not known; there are those of %s", tool, strings.Join(Tools, " and "))
		}
	}
	for _, name := range append(slices.Clone(o.Columns), o.By) {
		if reserved[name] {
			return nil, fmt.Errorf("column %q is what the record calls itself, not a feature", name)
		}
	}
	r := &runner{Options: o, ctx: ctx}
	if r.By != "" {
		if err := r.chooseGroups(); err != nil {
			return nil, err
		}
	}
	ref, err := r.reference()
	if err != nil {
		return nil, err
	}
	if err := r.known(ref); err != nil {
		return nil, err
	}
	cur, err := r.current(ref)
	if err != nil {
		return nil, err
	}
	out, err := r.report(ref, cur)
	if err != nil {
		return nil, err
	}
	if err := r.values(out); err != nil {
		return nil, err
	}
	worst(out.Features)
	out.Verdict = overall(out.Features)
	if out.By != nil && out.Verdict != plumbline.Drift && slices.ContainsFunc(out.By.Groups, func(g Group) bool { return g.Verdict == plumbline.Drift }) {
		out.Verdict = plumbline.Drift
	}
	return out, nil
}

type runner struct {
	Options
	ctx    context.Context
	opened atomic.Int64 // columns of the reference
	groups []string     // the values of By that are compared by themselves, the most frequent first
}

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
	return read(r, r.Reference, func(group, name string) *column { return newColumn(name, r.first(group)) },
		func(_ string, c *column, absent int64) *frozen { return c.finish(absent) })
}

func (r *runner) current(ref *side[*frozen]) (*side[current], error) {
	like := func(group, name string) *frozen {
		if g := ref.groups[group]; g != nil {
			return g.columns[name]
		}
		return nil
	}
	return read(r, r.Current, func(group, name string) *column {
		if f := like(group, name); f != nil {
			return f.like()
		}
		return newColumn(name, firstRows)
	}, func(group string, c *column, absent int64) current {
		f := like(group, c.name)
		if f == nil || f.typ == plumbline.TypeAuto {
			own := c.finish(absent)
			return current{own.sample, own.typ, own.present, own.rows, own}
		}
		return current{c.against(f, absent), c.spoken(), c.rows + absent, c.sampledRows(absent), nil}
	})
}

// read makes one pass over a file. open makes the column of a name in a group, finish ends it.
func read[C any](r *runner, path string, open func(group, name string) *column, finish func(group string, c *column, absent int64) C) (*side[C], error) {
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

func readRows[C any](r *runner, path string, s *side[C], open func(group, name string) *column, finish func(group string, c *column, absent int64) C) error {
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
	taken := 0
	set := func(group string) *columnSet {
		return newColumnSet(func(name string) *column {
			if !r.wanted(name) || group != "" && name == r.By || s.left[name] != "" {
				return nil
			}
			c := open(group, name)
			if taken++; group == "" && taken <= mostWide {
				c.sampler = newSampler()
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
		if all.rows%1024 == 0 {
			return r.ctx.Err()
		}
		return nil
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

func readColumns[C any](r *runner, path string, s *side[C], open func(group, name string) *column, finish func(group string, c *column, absent int64) C) (err error) {
	p, err := openParquet(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	s.Rows = p.parquet.NumRows()
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
	var done, taken atomic.Int64
	total := wanted * s.Rows
	text := "reading " + filepath.Base(path)
	return p.scan(runtime.GOMAXPROCS(0), func(name string) *column {
		if !r.wanted(name) {
			return nil
		}
		c := open("", name)
		if taken.Add(1) <= mostWide {
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

// UnknownColumnError is a column that was asked for and that the reference does not have.
type UnknownColumnError struct {
	File, Column string
	Known        []string
}

func (e *UnknownColumnError) Error() string {
	return fmt.Sprintf("%s has no column %q", e.File, e.Column)
}

// known refuses names of columns that the reference does not have.
func (r *runner) known(ref *side[*frozen]) error {
	all := ref.groups[""]
	for _, name := range r.Columns {
		if _, ok := all.columns[name]; ok {
			continue
		}
		if why := ref.left[name]; why != "" {
			return fmt.Errorf("column %q can't be compared: %s", name, why)
		}
		slices.Sort(ref.known)
		return &UnknownColumnError{ref.Path, name, ref.known}
	}
	return nil
}

// report judges all columns of both sides.
func (r *runner) report(ref *side[*frozen], cur *side[current]) (*Report, error) {
	out := &Report{Reference: ref.Side, Current: cur.Side, Budget: r.Budget, Features: []Feature{}}
	left := map[string]string{}
	maps.Copy(left, cur.left)
	maps.Copy(left, ref.left)
	sections := map[string][]pair{}
	for _, group := range append([]string{""}, r.groups...) {
		g, h := ref.groups[group], cur.groups[group]
		for _, name := range g.names {
			f := g.columns[name]
			if c, ok := h.columns[name]; ok {
				p := pair{f, c.sample, c.spoken, c.present, c.rows, c.own}
				sections[group] = append(sections[group], p)
				out.Judged += len(judgedOf(p.cells().typ))
			}
		}
	}
	rows := sampled(sections[""])
	if rows != nil {
		out.Judged += 2
	}
	out.Level = min(r.Budget/float64(max(1, out.Judged)), 0.05)
	var whole Feature
	var wait sync.WaitGroup
	if rows != nil {
		name := nameOfRows(func(name string) bool { return slices.Contains(ref.known, name) || slices.Contains(cur.known, name) })
		wait.Go(func() { whole = rows.judge(name, out.Level, r.Independent) })
	}
	var err error
	out.Features, err = judgeAll(sections[""], out.Level, r.Independent)
	if wait.Wait(); err != nil {
		return nil, err
	}
	if rows != nil {
		out.Features = append(out.Features, whole)
	}
	g, h := ref.groups[""], cur.groups[""]
	for _, name := range g.names {
		if _, ok := h.columns[name]; ok || left[name] != "" {
			continue
		}
		if answers[name] {
			left[name] = "only the reference has it"
			continue
		}
		f := g.columns[name]
		out.Features = append(out.Features, schema(testVanished, name, f.typ, 0, f.sample.N, Both{f.sample.Missing, 0}, "only the reference has it"))
	}
	for _, name := range h.names {
		if _, ok := g.columns[name]; ok || left[name] != "" {
			continue
		}
		if answers[name] {
			left[name] = "only the current file has it"
			continue
		}
		c := h.columns[name]
		out.Features = append(out.Features, schema(testNew, name, c.spoken, c.sample.N, 0, Both{0, c.sample.Missing}, "only the current file has it"))
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		out.Left = append(out.Left, Left{name, left[name]})
	}
	if len(out.Features) == 0 {
		return nil, fmt.Errorf("%s and %s have no column in common that can be compared", ref.Path, cur.Path)
	}
	if r.By == "" {
		return out, nil
	}
	out.By = &By{Column: r.By, Groups: []Group{}, Rest: cur.rest}
	for _, group := range r.groups {
		x := Group{Value: group, Reference: ref.groups[group].rows, Current: cur.groups[group].rows}
		if x.Features, err = judgeAll(sections[group], out.Level, r.Independent); err != nil {
			return nil, err
		}
		worst(x.Features)
		x.Verdict = overall(x.Features)
		out.By.Groups = append(out.By.Groups, x)
	}
	return out, nil
}

// schema is a column that one file lacks.
func schema(test, name string, typ plumbline.FeatureType, n, m int64, missing Both, why string) Feature {
	return Feature{Name: name, Type: typ, N: n, M: m, Missing: missing, Verdict: plumbline.Drift,
		Findings: []Finding{{Test: test, N: float64(n), M: float64(m), Verdict: plumbline.Drift, Reason: why, Judged: true}}}
}
