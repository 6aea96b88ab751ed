package compare

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"plumbline"
	"plumbline/detectors"
	"plumbline/profiles"
)

// Tests of compare's own, about columns rather than values.
const (
	testVanished = "vanished_column"
	testNew      = "new_column"
	testType     = "type_change"
)

// shown are the tests that are run on a feature, in the table's order: all that compare one feature with its baseline, without those
// that only make another number of a test its value.
var shown = func() []detectors.Test {
	var out []detectors.Test
	for _, t := range detectors.Builtin() {
		if t.Scope != detectors.FeatureScope || t.Guard || hidden[t.Name] {
			continue
		}
		if strings.HasSuffix(t.Name, "_p") || strings.HasSuffix(t.Name, "_lower") || strings.HasSuffix(t.Name, "_excess") {
			continue
		}
		out = append(out, t)
	}
	return out
}()

// hidden are tests that ask for an argument, or repeat another for another kind.
var hidden = map[string]bool{"category_share": true, "mean_length": true}

// picture is a pair of features to draw.
type picture struct{ ref, cur *profiles.Feature }

// judgedOf names the tests of a type that spend the budget and decide. The others look at the same counts in other ways: they are
// shown.
func judgedOf(t plumbline.FeatureType) []string {
	var names []string
	for _, x := range detectors.Judges(t) {
		if slices.ContainsFunc(shown, func(y detectors.Test) bool { return x.Name == y.Name }) {
			names = append(names, x.Name)
		}
	}
	return names
}

// pair is one column of both sides.
type pair struct {
	ref     *frozen
	cur     profiles.Sample
	spoken  plumbline.FeatureType // of the current values
	present int64                 // rows of the current side
	rows    []float64             // sampled
	own     *frozen               // the current side, if the reference has no value
}

// cells is the side whose type and cells both are counted by: the reference, unless it has no value.
func (p *pair) cells() *frozen {
	if p.ref.typ == plumbline.TypeAuto && p.own != nil {
		return p.own
	}
	return p.ref
}

// judge runs every test on a column. The level is that of each judged test.
func (p *pair) judge(level float64, independent bool) (Feature, error) {
	by := p.cells()
	f := Feature{Name: p.ref.name, Type: by.typ, N: p.cur.N, M: p.ref.sample.N, Missing: Both{p.ref.sample.Missing, p.cur.Missing}, Findings: []Finding{}, Verdict: plumbline.NoVerdict}
	if by.typ == plumbline.TypeAuto {
		f.Findings = append(f.Findings, Finding{Test: "psi", Verdict: plumbline.NoVerdict, Reason: "no row has a value", Judged: true})
		return f, nil
	}
	least, most := math.NaN(), math.NaN()
	if by.sample.N > 0 {
		least, most = by.sample.Min, by.sample.Max
	}
	cells, err := profiles.NewCells(by.name, by.typ, by.cut.edges, by.values, least, most)
	if err != nil {
		return Feature{}, err
	}
	ref, err := cells.Feature(p.ref.sample)
	if err != nil {
		return Feature{}, err
	}
	cur, err := cells.Feature(p.cur)
	if err != nil {
		return Feature{}, err
	}
	f.picture = picture{ref, cur}
	if bins := profiles.Picture(ref, cur); len(bins.Labels) > 0 {
		f.Bins = &bins
	}
	judged := judgedOf(by.typ)
	if changed(p.ref.spoken, p.spoken) {
		share := float64(p.cur.Invalid) / math.Max(1, float64(p.present))
		f.Findings = append(f.Findings, Finding{Test: testType, Value: plumbline.Finite(share), N: float64(p.present), M: float64(p.ref.present), Verdict: plumbline.Drift, Judged: true,
			Reason: fmt.Sprintf("the values are of type %s in the reference and of type %s in the current file", p.ref.called(), calledUnread(p.spoken))})
	}
	var past history
	if !independent {
		past = historyOf(p)
	}
	for _, t := range shown {
		if !t.Applies(by.typ) || t.Name == testType && len(f.Findings) > 0 {
			continue
		}
		in := detectors.Input{Baseline: ref, Current: cur, Alpha: level}
		if slices.Contains(judged, t.Name) {
			x, dependent := past.of(t.Name, by.typ).run(t, in)
			if why := past.withheld(t.Name, f.dependent); why != "" && x.P != nil {
				withhold(&x, why)
			}
			if x.Verdict == plumbline.Drift {
				if note := past.caveat(t.Name, p.rows); note != "" {
					x.Note = note
				}
			}
			if shape[t.Name] && x.Verdict == plumbline.NoDrift && by.blurred > mostBlurred {
				x.Verdict, x.Reason = plumbline.NoVerdict, fmt.Sprintf("%s %% of the reference's values lie too close together, and too far from its first ones, to be told apart: shuffle it, or use --exact", percent(100*by.blurred))
			}
			f.Findings = append(f.Findings, finding(x, true))
			f.dependent = f.dependent || dependent && shape[t.Name]
		} else {
			f.Findings = append(f.Findings, finding(t.Run(in), false))
		}
	}
	f.found, f.constant = f.Findings, p.constant()
	f.conclude()
	return f, nil
}

// constant reports that both sides hold one and the same value: no test has anything to compare, and nothing drifted.
func (p *pair) constant() bool {
	r, c := &p.ref.sample, &p.cur
	if r.N < detectors.MinRows || c.N < detectors.MinRows {
		return false
	}
	if p.ref.typ.Numeric() {
		return r.Min == r.Max && c.Min == r.Min && c.Max == r.Min
	}
	for i, n := range r.Counts {
		if n > 0 {
			return n == r.N && i < len(c.Counts) && c.Counts[i] == c.N
		}
	}
	return false
}

// judgeAll judges columns, as many at a time as there are processors.
func judgeAll(list []pair, level float64, independent bool) ([]Feature, error) {
	out, errs := make([]Feature, len(list)), make([]error, len(list))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(list); i = int(next.Add(1)) - 1 {
				out[i], errs[i] = list[i].judge(level, independent)
			}
		})
	}
	wg.Wait()
	return out, errors.Join(errs...)
}

// changed reports that values are of another type than they were.
func changed(ref, cur plumbline.FeatureType) bool {
	return ref != plumbline.TypeAuto && cur != plumbline.TypeAuto && ref != cur
}

// called is the type most values speak for: of texts what the report calls the column, since nobody told categories apart from others.
func (f *frozen) called() string {
	if f.spoken == plumbline.TypeCategory && f.typ == plumbline.TypeText {
		return string(f.typ)
	}
	return string(f.spoken)
}

// calledUnread is the type that values speak for which were not counted as such.
func calledUnread(t plumbline.FeatureType) string {
	if t == plumbline.TypeCategory {
		return "category or text"
	}
	return string(t)
}

// statistic is the result of no test of detectors', judged by its p-value at a level.
func statistic(test string, r detectors.Result, level float64) plumbline.Finding {
	x := plumbline.Finding{Test: test, Value: r.Value, Effect: r.Effect, P: r.P, Lower: r.Lower, Upper: r.Upper, SD: r.SD, N: float64(r.N), M: float64(r.M), Reason: r.Reason, Note: r.Note, Verdict: plumbline.NoVerdict}
	switch {
	case r.Value == nil || r.P == nil:
		if r.Reason == "" {
			x.Reason = "it has no p-value to judge it by"
		}
	case *r.P <= level:
		x.Verdict = plumbline.Drift
	default:
		x.Verdict = plumbline.NoDrift
	}
	return x
}

// ours is a text of detectors in the words of the report: the baseline is the reference.
var ours = strings.NewReplacer("the baseline", "the reference").Replace

// finding is what the report keeps of a finding.
func finding(x plumbline.Finding, judged bool) Finding {
	return Finding{Test: x.Test, Value: x.Value, Effect: x.Effect, P: x.P, Lower: x.Lower, Upper: x.Upper, SD: x.SD, N: x.N, M: x.M, Reason: ours(x.Reason), Note: ours(x.Note), Verdict: x.Verdict, Judged: judged}
}

// withhold takes the verdict from a finding whose p-value does not hold, and says why.
func withhold(x *plumbline.Finding, why string) {
	x.P, x.Lower, x.Upper, x.Verdict, x.Reason, x.Note = nil, nil, nil, plumbline.NoVerdict, why, ""
}

// mostBlurred is how many values may be in cells that can't tell them apart where the shape of all is said not to have drifted.
const mostBlurred = .05

// shape are the tests of what is most of a distribution: without a verdict of theirs there is no saying that a column did not drift.
var shape = map[string]bool{"psi": true, "ad": true, "mmd": true}

// conclude makes the feature's verdict that of its judged tests. Tests that are only shown say drift only where one of those does:
// there are many of them, and nobody counted their false alarms. Where categories are too rare for psi to have a p-value, the share that
// moved most speaks for the shape.
func (f *Feature) conclude() {
	f.Findings, f.Verdict = slices.Clone(f.found), plumbline.NoVerdict
	for _, x := range f.Findings {
		switch {
		case !x.Judged:
		case x.Verdict == plumbline.Drift:
			f.Verdict = plumbline.Drift
		case x.Verdict == plumbline.NoDrift && (shape[x.Test] || x.Test == "category_shift") && f.Verdict != plumbline.Drift:
			f.Verdict = plumbline.NoDrift
		}
	}
	if f.Verdict == plumbline.NoVerdict && f.constant {
		f.Verdict = plumbline.NoDrift
	}
	for i := range f.Findings {
		x := &f.Findings[i]
		switch {
		case x.Judged:
		case f.dependent && x.P != nil:
			x.P, x.Verdict, x.Reason = nil, plumbline.NoVerdict, "shown only: its p-value would take rows as independent"
		case x.Verdict == plumbline.NoVerdict:
		case f.Verdict == plumbline.NoVerdict:
			x.Verdict, x.Reason = plumbline.NoVerdict, "shown only, and the judged tests have no verdict"
		case x.Verdict == plumbline.Drift && f.Verdict == plumbline.NoDrift:
			x.Verdict, x.Reason = plumbline.NoVerdict, "shown only, and the judged tests see no drift"
		}
	}
}

// worst orders features for people: drifted ones first, by the largest shift in sd, then those without a verdict.
func worst(list []Feature) {
	rank := func(f *Feature) float64 {
		switch f.Verdict {
		case plumbline.Drift:
			return 2e9 + f.Shift()
		case plumbline.NoVerdict:
			return 1e9 + f.Shift()
		}
		return f.Shift()
	}
	slices.SortStableFunc(list, func(a, b Feature) int {
		x, y := rank(&a), rank(&b)
		switch {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
}

// Shift is the largest effect of a judged test in standard deviations; a vanished, new or retyped column is beyond all of them.
func (f *Feature) Shift() float64 {
	most := 0.0
	for _, x := range f.Findings {
		switch {
		case !x.Judged:
		case x.SD != nil:
			most = max(most, math.Abs(*x.SD))
		case x.Verdict == plumbline.Drift:
			most = 1e6
		}
	}
	return most
}

// overall is the verdict of all features.
func overall(list []Feature) plumbline.Verdict {
	v := plumbline.NoVerdict
	for _, f := range list {
		if f.Verdict == plumbline.Drift {
			return plumbline.Drift
		}
		if f.Verdict == plumbline.NoDrift {
			v = plumbline.NoDrift
		}
	}
	return v
}
