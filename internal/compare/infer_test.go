package compare

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"plumbline"
	"plumbline/internal/tables"
	"plumbline/profiles"
)

// times repeats values, in turn.
func times(n int, values ...any) (out []any) {
	for i := range n {
		out = append(out, values[i%len(values)])
	}
	return out
}

// many are n texts, different of them different.
func many(n, different int) (out []any) {
	for i := range n {
		out = append(out, fmt.Sprintf("w%d", i%different))
	}
	return out
}

// A file that is compared and a baseline that is built of it agree on every column's type.
func TestTypesAreThoseOfABaseline(t *testing.T) {
	long := strings.Repeat("word ", 16) // 80 bytes
	for _, c := range []struct {
		name             string
		values           []any
		want, prediction plumbline.FeatureType
	}{
		{"numbers", times(300, 1.5, 2, nil), plumbline.TypeNumber, plumbline.TypeNumber},
		{"classes", times(300, 0, 1, nil), plumbline.TypeNumber, plumbline.TypeCategory},
		{"100 whole numbers", numbered(300, 100), plumbline.TypeNumber, plumbline.TypeCategory},
		{"101 whole numbers", numbered(300, 101), plumbline.TypeNumber, plumbline.TypeNumber},
		{"numbers with some texts", times(300, 1.5, 2.5, "x"), plumbline.TypeNumber, plumbline.TypeNumber},
		{"as many texts as numbers", times(300, 1.5, "x"), plumbline.TypeNumber, plumbline.TypeNumber},
		{"texts with some classes", times(300, "x", "y", 1), plumbline.TypeCategory, plumbline.TypeCategory},
		{"booleans with some classes", times(300, true, false, 1), plumbline.TypeBoolean, plumbline.TypeCategory},
		{"numbers with more spellings", times(300, 1.5, "NaN", "nan", "-Infinity"), plumbline.TypeNumber, plumbline.TypeNumber},
		{"nothing but spellings", times(300, "NaN", "inf"), plumbline.TypeCategory, plumbline.TypeCategory},
		{"booleans", times(300, true, false, nil), plumbline.TypeBoolean, plumbline.TypeBoolean},
		{"vectors", times(300, []float64{1, 2}, []float64{3, 4}), plumbline.TypeEmbedding, plumbline.TypeEmbedding},
		{"48 bytes", times(300, long[:48]), plumbline.TypeCategory, plumbline.TypeCategory},
		{"long texts", times(300, long[:49]), plumbline.TypeText, plumbline.TypeText},
		{"long texts and as many spellings", times(300, long, "NaN"), plumbline.TypeCategory, plumbline.TypeCategory}, // 41.5 bytes on average
		{"many different texts", many(2001, 1001), plumbline.TypeText, plumbline.TypeText},
		{"not quite as many", many(2001, 1000), plumbline.TypeCategory, plumbline.TypeCategory},
		{"many, but half of all", many(2002, 1001), plumbline.TypeCategory, plumbline.TypeCategory},
		{"many and a spelling", append(many(2002, 1001), "NaN"), plumbline.TypeCategory, plumbline.TypeCategory},
		{"1000 and a spelling", append(many(1100, 1000), "NaN"), plumbline.TypeCategory, plumbline.TypeCategory},
		{"nothing", times(300, nil), plumbline.TypeAuto, plumbline.TypeAuto},
		{"nothing of any type", times(300, nil, map[string]any{"a": 1}), plumbline.TypeAuto, plumbline.TypeAuto},
	} {
		for _, path := range filesOf(t, c.values) {
			compared, built := typesOfComparison(t, path), typesOfBaseline(t, path)
			for _, name := range []string{"f", "prediction", "score"} {
				if name == "score" && built[name] == "" { // a baseline has no score that is no number
					continue
				}
				if compared[name].typ != built[name] {
					t.Errorf("%s: %s of %s is %q to compare, %q to a baseline", c.name, name, path, compared[name].typ, built[name])
				}
			}
			f := compared["f"]
			spoken := f.typ
			if spoken == plumbline.TypeText {
				spoken = plumbline.TypeCategory
			}
			if f.spoken != spoken {
				t.Errorf("%s: a column of %s holds %q in %s, but all its rows speak for %q", c.name, f.typ, spoken, path, f.spoken)
			}
			if strings.HasSuffix(path, ".ndjson") && (f.typ != c.want || compared["prediction"].typ != c.prediction) {
				t.Errorf("%s: %q and as a prediction %q, not %q and %q", c.name, f.typ, compared["prediction"].typ, c.want, c.prediction)
			}
		}
	}
}

func numbered(n, different int) (out []any) {
	for i := range n {
		out = append(out, i%different)
	}
	return out
}

// filesOf writes values as a feature, a prediction and a score, in every form that can hold them.
func filesOf(t *testing.T, values []any) []string {
	t.Helper()
	var lines, table bytes.Buffer
	table.WriteString("f,prediction,score\n")
	for _, v := range values {
		fmt.Fprintf(&lines, "%s\n", must(json.Marshal(map[string]any{"f": v, "prediction": v, "score": v})))
		cell := fmt.Sprintf("%q", fmt.Sprint(v))
		if v == nil {
			cell = ""
		}
		fmt.Fprintf(&table, "%s,%s,%s\n", cell, cell, cell)
	}
	files := []string{write(t, "values.ndjson", lines.Bytes()), write(t, "values.csv", table.Bytes())}
	if b := parquetOf[float64](t, values); b != nil {
		files = append(files, write(t, "numbers.parquet", b))
	}
	if b := parquetOf[string](t, values); b != nil {
		files = append(files, write(t, "texts.parquet", b))
	}
	if b := parquetOf[bool](t, values); b != nil {
		files = append(files, write(t, "booleans.parquet", b))
	}
	return files
}

// parquetOf is nil if a value is of another type than T.
func parquetOf[T any](t *testing.T, values []any) []byte {
	t.Helper()
	type row struct {
		F          *T `parquet:"f,optional"`
		Prediction *T `parquet:"prediction,optional"`
		Score      *T `parquet:"score,optional"`
	}
	var rows []row
	for _, v := range values {
		if i, ok := v.(int); ok {
			v = float64(i)
		}
		x, ok := v.(T)
		switch {
		case ok:
			rows = append(rows, row{&x, &x, &x})
		case v == nil:
			rows = append(rows, row{})
		default:
			return nil
		}
	}
	var b bytes.Buffer
	if err := parquet.Write(&b, rows); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func typesOfComparison(t *testing.T, path string) map[string]*frozen {
	t.Helper()
	r := &runner{Options: Options{Reference: path, Step: func(string, int64, int64) {}}, ctx: t.Context()}
	s, err := r.reference()
	if err != nil {
		t.Fatal(err)
	}
	out := s.groups[""].columns
	for _, name := range []string{"f", "prediction", "score"} {
		if out[name] == nil { // a row without an answer does not name it
			out[name] = &frozen{typ: plumbline.TypeAuto}
		}
	}
	return out
}

func typesOfBaseline(t *testing.T, path string) map[string]plumbline.FeatureType {
	t.Helper()
	r, err := tables.Open(path, tables.Auto, "m")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b := profiles.NewBuilder(&plumbline.Model{Name: "m"})
	var rec plumbline.Record
	for {
		if err = r.Next(&rec); err != nil {
			break
		}
		b.Add(&rec)
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	base, err := b.Build(time.Unix(0, 0), "test")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]plumbline.FeatureType{}
	for _, f := range base.Features {
		if f.Derived == nil {
			out[f.Name] = f.Type
		}
	}
	return out
}

// Numbers of Parquet reach compare as they are: those that are not finite decide no type and are counted as what they are.
func TestInfinitiesSpeakForNoType(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	path := write(t, "x.parquet", parquetOf[float64](t, times(300, nan, inf, inf)))
	f := typesOfComparison(t, path)["f"]
	if f.typ != plumbline.TypeAuto || f.spoken != plumbline.TypeAuto || f.sample.NaN != 100 || f.sample.Missing != 100 || f.sample.Invalid != 200 {
		t.Errorf("%q, spoken %q, %d NaN, %d missing, %d invalid", f.typ, f.spoken, f.sample.NaN, f.sample.Missing, f.sample.Invalid)
	}
	path = write(t, "y.parquet", parquetOf[float64](t, times(300, 1, 0, inf)))
	if p := typesOfComparison(t, path)["prediction"]; p.typ != plumbline.TypeCategory || typesOfBaseline(t, path)["prediction"] != p.typ {
		t.Errorf("classes and infinities are %q", p.typ)
	}
}

// Spellings of NaN and infinity among numbers are missing and invalid, however many; they are no change of type.
func TestSpellingsAreNoChangeOfType(t *testing.T) {
	lines := func(values []any) string { return filesOf(t, values)[0] }
	numbers := lines(times(3000, 1.5, 2.5, 3))
	for name, c := range map[string]struct {
		values []any
		want   bool
	}{
		"most are NaN":     {times(3000, 1.5, "NaN", "nan"), false},
		"all are NaN":      {times(3000, "NaN", "-nan"), false},
		"all are infinite": {times(3000, "inf", "-Infinity"), false},
		"texts":            {times(3000, "a", "b", 1), true},
		"texts and NaN":    {times(3000, "a", "NaN"), true},
	} {
		r := run(t, Options{Reference: numbers, Current: lines(c.values), Columns: []string{"f"}})
		f := r.feature(t, "f")
		at := slices.IndexFunc(f.Findings, func(x Finding) bool {
			return x.Test == testType && x.Verdict == plumbline.Drift && strings.HasPrefix(x.Reason, "the values are of type")
		})
		if (at >= 0) != c.want || f.Verdict != plumbline.Drift {
			t.Errorf("%s: a change of type is %v, the verdict %q", name, at >= 0, f.Verdict)
		}
	}
}

// A column that only the current file has is called what a baseline would call it.
func TestNewColumnHasItsType(t *testing.T) {
	a, b := write(t, "a.csv", []byte("x\n"+strings.Repeat("1\n2\n", 200))), write(t, "b.csv", []byte("x,note\n"+strings.Repeat("1,"+strings.Repeat("word ", 16)+"\n", 400)))
	if f := run(t, Options{Reference: a, Current: b}).feature(t, "note"); f.Type != plumbline.TypeText || f.finding(t, testNew).Verdict != plumbline.Drift {
		t.Errorf("%q: %+v", f.Type, f.Findings)
	}
}

// The finding says of the reference what the report calls the column.
func TestChangeOfTypeSaysWhatTheColumnIsCalled(t *testing.T) {
	lines := func(values []any) string { return filesOf(t, values)[0] }
	numbers, texts := lines(times(3000, 1.5, 2.5, 3)), lines(many(3000, 3000))
	for _, c := range []struct{ reference, current, want string }{
		{texts, numbers, "of type text in the reference and of type number in the current file"},
		{numbers, texts, "of type number in the reference and of type category or text in the current file"},
	} {
		f := run(t, Options{Reference: c.reference, Current: c.current, Columns: []string{"f"}}).feature(t, "f")
		if x := f.finding(t, testType); !strings.HasSuffix(x.Reason, c.want) || !strings.Contains(c.want, "of type "+string(f.Type)+" in the reference") {
			t.Errorf("%s: %s", f.Type, x.Reason)
		}
	}
}
