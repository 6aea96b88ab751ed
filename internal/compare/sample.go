package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"plumbline"
	"plumbline/detectors"
	"plumbline/detectors/mmd"
	"plumbline/profiles"
)

// sampler keeps a column's numbers at every stride-th row. When there are too many it drops every other one and doubles the stride, so
// that the rows of all columns of a file, however they are read, are the same.
type sampler struct {
	stride, next int64
	kept         []float64 // NaN for a row without a number
}

// Bounds on whole rows that are compared.
const (
	mostSampled = 2048 // rows of a file: at least half as many, if it has them
	mostWide    = 100  // columns
)

func newSampler() *sampler { return &sampler{stride: 1} }

// numbers passes the numbers of the rows from at on.
func (s *sampler) numbers(at int64, xs []float64) {
	for s.next < at+int64(len(xs)) {
		s.keep(xs[s.next-at])
	}
}

// none passes k rows from at on that have no number.
func (s *sampler) none(at, k int64) {
	for s.next < at+k {
		s.keep(math.NaN())
	}
}

func (s *sampler) keep(x float64) {
	s.kept = append(s.kept, x)
	if len(s.kept) < mostSampled {
		s.next += s.stride
		return
	}
	for i := range mostSampled / 2 {
		s.kept[i] = s.kept[2*i]
	}
	s.kept = s.kept[:mostSampled/2]
	s.stride *= 2
	s.next = int64(len(s.kept)) * s.stride
}

// Tests of whole rows.
const (
	testRows         = "rows_mmd"
	testCorrelations = "correlation_change"
	wholeRows        = "(rows)"
	rowsType         = plumbline.FeatureType("rows")
)

// nameOfRows is what whole rows are called beside columns: in as many brackets as it takes that no column is called so.
func nameOfRows(taken func(string) bool) string {
	name := wholeRows
	for taken(name) {
		name = "(" + name + ")"
	}
	return name
}

// together holds both sides' sampled rows, column by column.
type together struct {
	names    []string
	ref, cur [][]float64
	past     []*frozen
}

// sampled collects the numeric columns that both sides have sampled; nil if they are fewer than two.
func sampled(pairs []pair) *together {
	t := &together{}
	pairs = slices.Clone(pairs)
	slices.SortFunc(pairs, func(a, b pair) int { return strings.Compare(a.ref.name, b.ref.name) }) // whatever their order in the file
	for _, p := range pairs {
		a, b := p.ref.rows, p.rows
		if p.ref.typ != plumbline.TypeNumber || len(a) == 0 || len(b) == 0 || answers[p.ref.name] || p.ref.sample.Min == p.ref.sample.Max {
			continue
		}
		if len(t.names) > 0 && (len(a) != len(t.ref[0]) || len(b) != len(t.cur[0])) {
			continue
		}
		t.names, t.ref, t.cur, t.past = append(t.names, p.ref.name), append(t.ref, a), append(t.cur, b), append(t.past, p.ref)
	}
	if len(t.names) < 2 {
		return nil
	}
	return t
}

// dependentLevel is the chance that one of the columns seems to depend on the order of rows although none does.
const dependentLevel = 0.01

// dependent names the columns whose rows depend on each other, at a level that all columns share: one of them is enough to take away
// the law of a test that looks at all at once.
func (t *together) dependent() (names []string) {
	for i, f := range t.past {
		if p, ok := f.clustering(); ok && p*float64(len(t.past)) < dependentLevel {
			names = append(names, t.names[i])
		}
	}
	return names
}

// judge compares whole rows: their joint distribution, and their correlations. It knows rows only as independent ones.
func (t *together) judge(name string, level float64, independent bool) Feature {
	f := Feature{Name: name, Type: rowsType, N: int64(len(t.cur[0])), M: int64(len(t.ref[0])), Verdict: plumbline.NoVerdict}
	why := ""
	if names := t.dependent(); len(names) > 0 && !independent {
		why = fmt.Sprintf("rows depend on each other in %s, and this test takes them as independent", named(names))
	}
	found := func(test string, r detectors.Result) {
		x := statistic(test, r, level)
		if why != "" && x.P != nil {
			withhold(&x, why)
		}
		if x.Verdict != plumbline.NoVerdict && f.Verdict != plumbline.Drift {
			f.Verdict = x.Verdict
		}
		f.Findings = append(f.Findings, finding(x, true))
	}
	var ref, cur *profiles.Correlations
	var wait sync.WaitGroup
	wait.Go(func() { ref = profiles.Correlate(t.names, t.ref) })
	wait.Go(func() { cur = profiles.Correlate(t.names, t.cur) })
	found(testRows, t.discrepancy())
	wait.Wait()
	found(testCorrelations, detectors.CorrelationChange(cur, ref, 0))
	return f
}

// discrepancy is the maximum mean discrepancy of standardised rows.
func (t *together) discrepancy() detectors.Result {
	ref, cur := across(t.ref), across(t.cur)
	scale := mmd.FitScale(ref)
	for _, rows := range [][][]float64{ref, cur} {
		for i := range rows {
			rows[i] = scale.Standardise(nil, rows[i])
		}
	}
	p, err := mmd.Fit(ref, mmd.Options{})
	if err != nil {
		return detectors.Result{N: int64(len(cur)), M: int64(len(ref)), Reason: fmt.Sprint(err)}
	}
	a, b := mmd.NewCounter(p), mmd.NewCounter(p)
	for _, row := range ref {
		a.Add(row)
	}
	for _, row := range cur {
		b.Add(row)
	}
	return mmd.Compare(p, a.Sketch(), b.Sketch(), 1)
}

// across makes rows of columns.
func across(columns [][]float64) [][]float64 {
	rows := make([][]float64, len(columns[0]))
	for i := range rows {
		rows[i] = make([]float64, len(columns))
		for j := range columns {
			rows[i][j] = columns[j][i]
		}
	}
	return rows
}

// named is a few names and how many more there are.
func named(names []string) string {
	const most = 3
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %s", strings.Join(names[:most], ", "), counted(len(names)-most, "more column"))
}
