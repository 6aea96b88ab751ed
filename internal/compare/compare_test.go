package compare

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plumbline"
)

// write puts a file into the test's folder.
func write(t *testing.T, name string, body []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func run(t *testing.T, o Options) *Report {
	t.Helper()
	if o.Budget == 0 {
		o.Budget = DefaultBudget
	}
	r, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *Report) feature(t *testing.T, name string) *Feature {
	t.Helper()
	for i := range r.Features {
		if r.Features[i].Name == name {
			return &r.Features[i]
		}
	}
	t.Fatalf("no feature %q", name)
	return nil
}

func (f *Feature) finding(t *testing.T, test string) *Finding {
	t.Helper()
	for i := range f.Findings {
		if f.Findings[i].Test == test {
			return &f.Findings[i]
		}
	}
	t.Fatalf("%s has no test %q", f.Name, test)
	return nil
}

// csvOf writes columns as CSV.
func csvOf(columns map[string][]string) []byte {
	var names []string
	for n := range columns {
		names = append(names, n)
	}
	slices.Sort(names)
	var b bytes.Buffer
	fmt.Fprintln(&b, strings.Join(names, ","))
	for i := range columns[names[0]] {
		for j, n := range names {
			if j > 0 {
				b.WriteByte(',')
			}
			b.WriteString(columns[n][i])
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func texts(x []float64) []string {
	out := make([]string, len(x))
	for i, v := range x {
		out[i] = fmt.Sprint(v)
	}
	return out
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// What differs is found, and only that.
func TestDriftIsFound(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	const n = 5000
	draw := func(f func() string) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = f()
		}
		return out
	}
	number := func(mean, sd float64) []string {
		return draw(func() string { return fmt.Sprint(mean + sd*r.NormFloat64()) })
	}
	word := func(p float64) []string {
		return draw(func() string {
			if r.Float64() < p {
				return "rare"
			}
			return []string{"a", "b", "c"}[r.IntN(3)]
		})
	}
	fixed := func(s string) []string { return slices.Repeat([]string{s}, n) }
	nulls := func(p float64) []string {
		return draw(func() string {
			if r.Float64() < p {
				return ""
			}
			return fmt.Sprint(r.Float64())
		})
	}
	ref := map[string][]string{"same": number(0, 1), "moved": number(0, 1), "wider": number(0, 1), "constant": fixed("5"), "stuck": number(0, 1), "stays": fixed("7"), "rare": word(.002), "word": word(.1),
		"nulls": nulls(.01), "type": number(0, 1), "gone": number(0, 1), "label": word(.5), "code": draw(func() string { return fmt.Sprint(r.IntN(2)) }), "unseen": word(0)}
	cur := map[string][]string{"same": number(0, 1), "moved": number(.3, 1), "wider": number(0, 1.3), "constant": fixed("6"), "stuck": fixed("0.25"), "stays": fixed("7"), "rare": word(.02), "word": word(.1),
		"nulls": nulls(.1), "type": word(.1), "new": number(0, 1), "code": draw(func() string { return fmt.Sprint(2 * r.IntN(2)) }), "unseen": word(.1)}
	a, b := write(t, "a.csv", csvOf(ref)), write(t, "b.csv", csvOf(cur))
	report := run(t, Options{Reference: a, Current: b})
	want := map[string]plumbline.Verdict{"same": plumbline.NoDrift, "word": plumbline.NoDrift, "moved": plumbline.Drift, "wider": plumbline.Drift, "constant": plumbline.Drift, "stuck": plumbline.Drift,
		"rare": plumbline.Drift, "nulls": plumbline.Drift, "type": plumbline.Drift, "gone": plumbline.Drift, "new": plumbline.Drift, "code": plumbline.Drift, "unseen": plumbline.Drift, "stays": plumbline.NoDrift, wholeRows: plumbline.Drift}
	got := map[string]plumbline.Verdict{}
	for _, f := range report.Features {
		got[f.Name] = f.Verdict
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if report.Verdict != plumbline.Drift || len(report.Left) != 1 || report.Left[0].Name != "label" {
		t.Errorf("%s, left out %v", report.Verdict, report.Left)
	}
	for _, x := range []struct{ feature, test string }{{"gone", testVanished}, {"new", testNew}, {"type", testType}, {"nulls", "missing"}, {"rare", "category_shift"}, {"unseen", "unseen"}} {
		if f := report.feature(t, x.feature).finding(t, x.test); f.Verdict != plumbline.Drift || !f.Judged {
			t.Errorf("%s of %s: %s", x.test, x.feature, f.Verdict)
		}
	}
	if sd := *report.feature(t, "moved").finding(t, "ad").SD; math.Abs(sd-.3) > .06 {
		t.Errorf("a shift of 0.3 sd is shown as %v", sd)
	}
	if only := run(t, Options{Reference: a, Current: b, Columns: []string{"same", "word"}}); only.Verdict != plumbline.NoDrift || len(only.Features) != 2 {
		t.Errorf("only two columns: %s of %d", only.Verdict, len(only.Features))
	}
	var page, text bytes.Buffer
	if err := report.HTML(&page); err != nil {
		t.Fatal(err)
	}
	if err := report.Text(&text, 100, false); err != nil {
		t.Fatal(err)
	}
	if s := text.String(); !strings.Contains(s, "11 of 14 columns drifted") || strings.Contains(s, "\x1b") {
		t.Errorf("the text says %q", s[:min(len(s), 300)])
	}
	for _, never := range []string{"http:", "https:", "src=", "<script", "@import", "url("} {
		if strings.Contains(page.String(), never) {
			t.Errorf("the page contains %q", never)
		}
	}
	if strings.Count(page.String(), "<svg") < 20 {
		t.Error("the page has too few pictures")
	}
}

// Rows that depend on each other are no drift, and where the reference can't tell, that is said.
func TestDependentRows(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	columns := func(n int, shift float64) map[string][]string {
		out := map[string][]string{}
		for i := range 8 {
			x := ar(r, n, .9)
			for j := range x {
				x[j] += shift
			}
			out[fmt.Sprintf("x%d", i)] = texts(x)
		}
		return out
	}
	ref := write(t, "ref.csv", csvOf(columns(12000, 0)))
	for _, c := range []struct {
		rows   int
		shift  float64
		wanted plumbline.Verdict
		least  int
	}{{400, 0, plumbline.NoDrift, 8}, {400, 3, plumbline.Drift, 8}, {12000, 0, plumbline.NoVerdict, 8}, {12000, 6, plumbline.Drift, 8}} {
		got := run(t, Options{Reference: ref, Current: write(t, "cur.csv", csvOf(columns(c.rows, c.shift)))})
		n := 0
		for _, f := range got.Features {
			if f.Verdict == c.wanted {
				n++
			}
		}
		if n < c.least {
			t.Errorf("%d rows, moved by %v sd: %d of 8 columns are called %q", c.rows, c.shift, n, c.wanted)
		}
	}
	small := run(t, Options{Reference: write(t, "a.csv", csvOf(columns(400, 0))), Current: write(t, "b.csv", csvOf(columns(400, 0)))})
	if small.Verdict == plumbline.Drift {
		t.Error("400 rows that depend on each other are called drifted")
	}
	if told := run(t, Options{Reference: write(t, "a.csv", csvOf(columns(400, 0))), Current: write(t, "b.csv", csvOf(columns(400, 0))), Independent: true}); told.Verdict != plumbline.Drift {
		t.Error("rows said to be independent were not taken so")
	}
}

func TestErrorsSayWhatAndWhere(t *testing.T) {
	good := write(t, "good.csv", []byte("x,y\n1,2\n3,4\n"))
	for name, c := range map[string]struct {
		o    Options
		want string
	}{
		"no file":     {Options{Reference: good, Current: "nowhere.csv"}, "nowhere.csv: no such file"},
		"empty":       {Options{Reference: good, Current: write(t, "empty.csv", []byte("x,y\n"))}, "empty.csv: there is no row to compare"},
		"parquet":     {Options{Reference: good, Current: write(t, "bad.parquet", []byte("PAR1nothing"))}, "bad.parquet: not a Parquet file"},
		"bad rows":    {Options{Reference: good, Current: write(t, "bad.csv", []byte("x,y\n1,2\n1\n"))}, "1 of 2 rows can't be read; the first: "},
		"format":      {Options{Reference: good, Current: write(t, "data", nil)}, "the format can't be told from the name"},
		"nothing":     {Options{Reference: good, Current: good, Columns: []string{"z"}}, `good.csv has no column "z"`},
		"reserved":    {Options{Reference: good, Current: good, Columns: []string{"ts"}}, `column "ts" is what the record calls itself`},
		"by":          {Options{Reference: good, Current: good, By: "z"}, `good.csv has no column "z"`},
		"few by":      {Options{Reference: good, Current: good, By: "y"}, `no value of "y" has 100 rows`},
		"budget":      {Options{Reference: good, Current: good, Budget: -1}, "the budget is -1"},
		"tool":        {Options{Reference: good, Current: good, Compat: []string{"whylogs"}}, `the defaults of "whylogs" are not known`},
		"no answers":  {Options{Reference: write(t, "a.csv", []byte("label\n1\n")), Current: write(t, "b.csv", []byte("score\n1\n"))}, "no column in common"},
		"wrong magic": {Options{Reference: good, Current: write(t, "c.ndjson", []byte("x,y\n"))}, "1 of 1 rows can't be read"},
	} {
		if c.o.Budget == 0 {
			c.o.Budget = DefaultBudget
		}
		if _, err := Run(context.Background(), c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, not %q", name, err, c.want)
		}
	}
}
