package compare

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"plumbline"
	"plumbline/internal/tables"
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
	groups []string // the values of By that are compared by themselves, the most frequent first
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
