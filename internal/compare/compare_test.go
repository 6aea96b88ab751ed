package compare

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parquet-go/parquet-go"

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

type row struct {
	X       *float64 `parquet:"x,optional"`
	I       int32    `parquet:"i"`
	Carrier *string  `parquet:"carrier,optional,dict"`
	Note    string   `parquet:"note"`
	Late    *bool    `parquet:"late,optional"`
}

// The same rows say the same, whatever file they are in.
func TestEveryFormatSaysTheSame(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var rows []row
	var flat, native, table bytes.Buffer
	table.WriteString("x,i,carrier,note,late\n")
	for i := range 6000 {
		x, carrier, late := r.NormFloat64(), []string{"UA", "B6", "AA"}[r.IntN(3)], r.IntN(2) == 0
		v := row{X: &x, I: int32(r.IntN(9)), Carrier: &carrier, Note: fmt.Sprintf("note %d", r.IntN(1e6)), Late: &late}
		if i%7 == 0 {
			v.X = nil
		}
		if i%11 == 0 {
			v.Carrier = nil
		}
		if i%13 == 0 {
			v.Late = nil
		}
		rows = append(rows, v)
		object, err := json.Marshal(map[string]any{"x": v.X, "i": v.I, "carrier": v.Carrier, "note": v.Note, "late": v.Late})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&flat, "%s\n", object)
		fmt.Fprintf(&native, `{"model":"m","features":%s}`+"\n", object)
		text := func(p any) string {
			if s := string(must(json.Marshal(p))); s != "null" {
				return strings.Trim(s, `"`)
			}
			return ""
		}
		fmt.Fprintf(&table, "%s,%d,%s,%s,%s\n", text(v.X), v.I, text(v.Carrier), v.Note, text(v.Late))
	}
	var pq bytes.Buffer
	if err := parquet.Write(&pq, rows, parquet.Compression(&parquet.Snappy), parquet.MaxRowsPerRowGroup(2500)); err != nil {
		t.Fatal(err)
	}
	current := write(t, "current.csv", table.Bytes()[:1+bytes.LastIndexByte(table.Bytes()[:len(table.Bytes())/2], '\n')])
	var first *Report
	for _, file := range []string{write(t, "t.csv", table.Bytes()), write(t, "flat.ndjson", flat.Bytes()), write(t, "native.jsonl", native.Bytes()), write(t, "t.parquet", pq.Bytes())} {
		got := run(t, Options{Reference: file, Current: current})
		if got.Reference.Rows != 6000 || got.Verdict != plumbline.NoDrift || len(got.Features) != 6 {
			t.Errorf("%s: %d rows, %d features, %s", file, got.Reference.Rows, len(got.Features), got.Verdict)
		}
		got.Reference.Path = ""
		if first == nil {
			first = got
		}
		// Sums are added page by page: their last digits depend on how long pages are.
		near := cmp.Comparer(func(a, b float64) bool { return a == b || math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b), 1e-3) })
		if diff := cmp.Diff(first, got, near, cmpopts.IgnoreUnexported(Feature{})); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
		same := run(t, Options{Reference: file, Current: file, Exact: true, Compat: []string{"evidently"}})
		for _, f := range same.Features {
			if f.Name == wholeRows {
				continue
			}
			if f.Verdict != plumbline.NoDrift || *f.finding(t, "psi").Value > 1e-9 {
				t.Errorf("%s against itself: %s is called %q, psi %v", file, f.Name, f.Verdict, *f.finding(t, "psi").Value)
			}
		}
		if x := same.feature(t, "note"); x.Type != plumbline.TypeText {
			t.Errorf("note is a %s", x.Type)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// The keys of the answer are a contract, which docs/compare.md holds.
func TestKeysOfTheAnswer(t *testing.T) {
	a := write(t, "a.csv", csvOf(map[string][]string{"x": texts(shapes(rand.New(rand.NewPCG(1, 1)), 200)["normal"]), "g": slices.Repeat([]string{"a", "b"}, 100)}))
	b := write(t, "b.csv", []byte("x,g\n1,a\n2,b\n"))
	r := run(t, Options{Reference: a, Current: b, By: "g", Compat: []string{"evidently", "nannyml"}})
	var v any
	if err := json.Unmarshal(must(json.Marshal(r)), &v); err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, x := range v {
				keys[path+k] = true
				walk(path+k+".", x)
			}
		case []any:
			for _, x := range v {
				walk(path, x)
			}
		}
	}
	walk("", v)
	for _, want := range []string{"reference.path", "reference.rows", "current.path", "current.rows", "budget", "level", "judged", "verdict",
		"features.name", "features.type", "features.n", "features.m", "features.missing.reference", "features.missing.current", "features.verdict",
		"features.findings.test", "features.findings.value", "features.findings.effect", "features.findings.p_value", "features.findings.lower",
		"features.findings.upper", "features.findings.sd_shift", "features.findings.n", "features.findings.m", "features.findings.verdict",
		"features.findings.reason", "features.findings.judged", "features.bins.labels", "features.bins.baseline", "features.bins.current",
		"by.column", "by.groups.value", "by.groups.features.findings.test", "by.groups.verdict",
		"compat.evidently.name", "compat.evidently.test", "compat.evidently.value", "compat.evidently.threshold", "compat.evidently.drift", "compat.nannyml.name"} {
		if !keys[want] {
			t.Errorf("the answer has no %s", want)
		}
	}
	if r.Verdict != plumbline.NoVerdict {
		t.Errorf("two rows are called %q", r.Verdict)
	}
	names := map[string]bool{}
	for _, f := range r.Features {
		for _, x := range f.Findings {
			names[x.Test] = true
			if x.Verdict == plumbline.NoVerdict && x.Reason == "" {
				t.Errorf("%s of %s has no verdict and no reason", x.Test, f.Name)
			}
		}
	}
	for _, want := range strings.Fields("psi psi_raw ks js chi2 g ad cvm w1 w1_sd hellinger tv linf auc welch var_ratio missing unseen") {
		if !names[want] {
			t.Errorf("no test is called %s", want)
		}
	}
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
	if s := text.String(); !strings.Contains(s, "12 of 15 columns drifted") || strings.Contains(s, "\x1b") {
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

// A name is text, whatever it looks like.
func TestNamesAreEscaped(t *testing.T) {
	a := write(t, "a.csv", []byte("\"<script>alert(1)</script>\"\n"+strings.Repeat("\"<img src=x>\"\n\"\x1b[31mred\"\n", 60)))
	r := run(t, Options{Reference: a, Current: a})
	var page, text bytes.Buffer
	if err := r.HTML(&page); err != nil {
		t.Fatal(err)
	}
	if err := r.Text(&text, 100, false); err != nil {
		t.Fatal(err)
	}
	if s := page.String(); strings.Contains(s, "<script>") || strings.Contains(s, "<img") || strings.Contains(s, "\x1b") {
		t.Error("a name or a value is markup")
	}
	if strings.Contains(text.String(), "\x1b") {
		t.Error("a value controls the terminal")
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

// A file cut anywhere is an error or fewer rows, never a panic.
func TestBrokenParquetIsAnError(t *testing.T) {
	var b bytes.Buffer
	rows := make([]row, 500)
	for i := range rows {
		s := fmt.Sprint(i % 5)
		rows[i] = row{Carrier: &s, Note: s}
	}
	if err := parquet.Write(&b, rows); err != nil {
		t.Fatal(err)
	}
	good := write(t, "good.parquet", b.Bytes())
	r := rand.New(rand.NewPCG(7, 7))
	for range 30 {
		body := bytes.Clone(b.Bytes())
		for range 1 + r.IntN(4) {
			body[4+r.IntN(len(body)-8)] ^= byte(1 + r.IntN(255))
		}
		_, err := Run(context.Background(), Options{Reference: good, Current: write(t, "bad.parquet", body), Budget: .01})
		_ = err // either answer will do
	}
}
