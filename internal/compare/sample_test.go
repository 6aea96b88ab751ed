package compare

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"plumbline"
)

// The rows kept do not depend on how they arrive.
func TestSamplersOfAFileKeepTheSameRows(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for _, rows := range []int{1, 100, 2047, 2048, 2049, 10000, 123456} {
		one, other := newSampler(), newSampler()
		at := 0
		for at < rows {
			k := min(1+r.IntN(3000), rows-at)
			xs := make([]float64, k)
			for i := range xs {
				xs[i] = float64(at + i)
			}
			one.numbers(int64(at), xs)
			at += k
		}
		for i := range rows {
			other.numbers(int64(i), []float64{float64(i)})
		}
		if !slices.Equal(one.kept, other.kept) {
			t.Errorf("%d rows: kept differently page by page and row by row", rows)
		}
		if n := len(one.kept); n < min(rows, mostSampled/2) || n >= mostSampled || one.kept[n-1]+float64(one.stride) < float64(rows) {
			t.Errorf("%d rows: %d kept, the last is %v", rows, n, one.kept[n-1])
		}
		gaps := newSampler()
		gaps.none(0, int64(rows))
		if len(gaps.kept) != len(one.kept) || !math.IsNaN(gaps.kept[0]) {
			t.Errorf("%d rows without a number: %d kept", rows, len(gaps.kept))
		}
	}
}

// Columns that are as they were one by one, and not together, are found by their rows.
func TestWholeRowsAreCompared(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 10))
	columns := func(rho float64, n int) map[string][]string {
		x, y, z := make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range x {
			x[i], z[i] = r.NormFloat64(), r.NormFloat64()
			y[i] = rho*x[i] + r.NormFloat64()*math.Sqrt(1-rho*rho)
		}
		return map[string][]string{"x": texts(x), "y": texts(y), "z": texts(z), "c": slices.Repeat([]string{"a", "b"}, n/2)}
	}
	ref := write(t, "ref.csv", csvOf(columns(0, 4000)))
	for rho, want := range map[float64]plumbline.Verdict{0: plumbline.NoDrift, .7: plumbline.Drift} {
		got := run(t, Options{Reference: ref, Current: write(t, "cur.csv", csvOf(columns(rho, 3000)))})
		rows := got.feature(t, wholeRows)
		if rows.Verdict != want || got.Verdict != want {
			t.Errorf("correlation %v: rows are called %q, all %q", rho, rows.Verdict, got.Verdict)
		}
		for _, test := range []string{testRows, testCorrelations} {
			if x := rows.finding(t, test); x.Verdict != want || x.P == nil {
				t.Errorf("correlation %v: %s says %q", rho, test, x.Verdict)
			}
		}
		for _, name := range []string{"x", "y", "z", "c"} {
			if v := got.feature(t, name).Verdict; v != plumbline.NoDrift {
				t.Errorf("correlation %v: %s is called %q", rho, name, v)
			}
		}
	}
}

// Columns that rows do not always name stay aligned.
func TestRowsStayAligned(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 11))
	var body []byte
	for range 3000 {
		x := r.NormFloat64()
		switch r.IntN(3) {
		case 0:
			body = fmt.Appendf(body, `{"x":%v,"y":%v}`+"\n", x, x)
		case 1:
			body = fmt.Appendf(body, `{"x":%v}`+"\n", x)
		default:
			body = fmt.Appendf(body, `{"y":%v}`+"\n", x)
		}
	}
	file := write(t, "a.ndjson", body)
	got := run(t, Options{Reference: file, Current: file})
	if x := got.feature(t, "x"); x.N+x.Missing.Current != 3000 || x.M+x.Missing.Reference != 3000 {
		t.Errorf("x: %d values, %d missing", x.N, x.Missing.Current)
	}
	if v := got.feature(t, wholeRows).finding(t, testCorrelations); v.Value == nil || *v.Value != 0 {
		t.Errorf("correlations of a file with itself differ by %v (%s)", v.Value, v.Reason)
	}
}

// One column among independent ones takes away the law of whole rows, two that of correlations; columns that only seem dependent by
// chance rarely do.
func TestWholeRowsOfDependentColumnsHaveNoVerdict(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 12))
	draw := func(n, dependent int) map[string][]string {
		out := map[string][]string{}
		for i := range 8 {
			rho := 0.
			if i < dependent {
				rho = .98
			}
			out[fmt.Sprintf("x%d", i)] = texts(ar(r, n, rho))
		}
		return out
	}
	for _, c := range []struct {
		dependent int
		want      plumbline.Verdict
		why       string
	}{{0, plumbline.NoDrift, ""}, {1, plumbline.NoVerdict, "rows depend on each other in x0, and"}, {2, plumbline.NoVerdict, "rows depend on each other in x0, x1, and"}} {
		for range 2 {
			ref := write(t, "ref.csv", csvOf(draw(8000, c.dependent)))
			rows := run(t, Options{Reference: ref, Current: write(t, "cur.csv", csvOf(draw(500, c.dependent)))}).feature(t, wholeRows)
			for _, test := range []string{testRows, testCorrelations} {
				if x := rows.finding(t, test); x.Verdict != c.want || !strings.HasPrefix(x.Reason, c.why) || (x.P == nil) != (c.want == plumbline.NoVerdict) {
					t.Errorf("%d of 8 columns are dependent: %s says %q: %s", c.dependent, test, x.Verdict, x.Reason)
				}
			}
		}
	}
}

func TestIndependentColumnsRarelySeemDependent(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 13))
	const times, columns = 100, 10
	for _, rows := range []int{100, 1500} {
		seem := 0
		for range times {
			all := &together{}
			for i := range columns {
				c := newColumn(fmt.Sprint(i), firstRows)
				c.sampler = newSampler()
				x := ar(r, rows, 0)
				switch i % 3 {
				case 1:
					for j := range x {
						x[j] = math.Round(x[j])
					}
				case 2:
					for j := range x {
						x[j] = max(1, x[j]) // five of six are the same
					}
				}
				c.numbers(x)
				all.names, all.past = append(all.names, c.name), append(all.past, c.finish(0))
			}
			if len(all.dependent()) > 0 {
				seem++
			}
		}
		t.Logf("%d rows: %d of %d", rows, seem, times)
		if seem > 1+4 { // one is expected
			t.Errorf("%d rows: %d of %d files have a column that seems dependent", rows, seem, times)
		}
	}
}

// A column may have the name of whole rows: they then have another.
func TestNoColumnIsTakenForWholeRows(t *testing.T) {
	r := rand.New(rand.NewPCG(16, 16))
	columns := map[string][]string{wholeRows: texts(ar(r, 500, 0)), "y": texts(ar(r, 500, 0))}
	file := write(t, "a.csv", csvOf(columns))
	got := run(t, Options{Reference: file, Current: file, Exact: true})
	names := map[string]bool{}
	for _, f := range got.Features {
		names[f.Name] = true
	}
	if len(names) != 3 || got.feature(t, wholeRows).Type != plumbline.TypeNumber || got.feature(t, "("+wholeRows+")").Type != "rows" {
		t.Errorf("the features are %v", names)
	}
}
