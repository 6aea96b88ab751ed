package tables

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"

	"plumbline"
)

func number(x float64) plumbline.Value { return plumbline.Value{Kind: plumbline.Number, Num: x} }
func str(s string) plumbline.Value     { return plumbline.Value{Kind: plumbline.String, Str: s} }

var (
	yes     = plumbline.Value{Kind: plumbline.Bool, Num: 1}
	no      = plumbline.Value{Kind: plumbline.Bool}
	missing = plumbline.Value{}
	nan     = plumbline.Value{Kind: plumbline.NaN}
)

// row is what a test says of a record: what is not named must be zero.
type row struct {
	ID, Model, Version, Session string
	Time                        time.Time
	Prediction, Score, Label    plumbline.Value
	Features                    map[string]plumbline.Value
}

func file(t *testing.T, name string, body []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// read returns the good rows, copied, and the bad ones' errors.
func read(t *testing.T, path, format string) (rows []row, bad []*RowError) {
	t.Helper()
	r, err := Open(path, format, "m")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		done, total := r.Progress()
		if done != total || total == 0 {
			t.Errorf("at its end %d of %d were read", done, total)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	var rec plumbline.Record
	for {
		err := r.Next(&rec)
		var wrong *RowError
		switch {
		case errors.Is(err, io.EOF):
			return rows, bad
		case errors.As(err, &wrong):
			bad = append(bad, wrong)
			continue
		case err != nil:
			t.Fatal(err)
		}
		out := row{ID: strings.Clone(rec.ID), Model: strings.Clone(rec.Model), Version: strings.Clone(rec.Version), Session: strings.Clone(rec.Session), Time: rec.Time.UTC(),
			Prediction: own(rec.Prediction), Score: own(rec.Score), Label: own(rec.Label), Features: map[string]plumbline.Value{}}
		for _, f := range rec.Features {
			out.Features[strings.Clone(f.Name)] = own(f.Value)
		}
		rows = append(rows, out)
	}
}

// own copies a value; what text says "not a number" is left to the type of its feature, which is not known yet.
func own(v plumbline.Value) plumbline.Value {
	if v.Kind == plumbline.String && plumbline.SpellsNaN(v.Str) {
		return nan
	}
	v.Str = strings.Clone(v.Str)
	return v
}

func gz(t *testing.T, s string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zst(t *testing.T, s string) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.EncodeAll([]byte(s), nil)
}

var morning = time.Date(2013, 3, 1, 8, 15, 0, 0, time.UTC)

// The same three rows in every form there is.
var three = []row{
	{ID: "a", Model: "m", Version: "1", Session: "s", Time: morning, Prediction: number(0), Score: number(0.25), Label: number(1),
		Features: map[string]plumbline.Value{"distance": number(1400), "carrier": str("UA"), "late": yes}},
	{ID: "b", Model: "m", Version: "1", Time: morning, Prediction: number(1), Score: number(0.5),
		Features: map[string]plumbline.Value{"distance": nan, "carrier": missing, "late": no}},
	{ID: "c", Model: "m", Version: "1", Time: morning, Prediction: number(1), Score: number(-1e-3),
		Features: map[string]plumbline.Value{"distance": missing, "carrier": str("B6 \"x\", y"), "late": missing}},
}

const asCSV = `id,version,session,ts,prediction,score,label,distance,carrier,late
a,1,s,2013-03-01T08:15:00Z,0,0.25,1,1400,UA,true
b,1,,2013-03-01 08:15:00,1,0.5,,NaN,,False
c,1,,2013-03-01T08:15:00,1,-1e-3,,,"B6 ""x"", y",
`

const asNative = `{"id":"a","model":"m","version":"1","session":"s","ts":"2013-03-01T08:15:00Z","prediction":0,"score":0.25,"label":1,"features":{"distance":1400,"carrier":"UA","late":true}}

{"id":"b","model":"m","version":"1","ts":1362125700,"prediction":1,"score":0.5,"features":{"distance":"NaN","carrier":null,"late":false}}
{"id":"c","model":"m","version":"1","ts":1362125700000,"prediction":1,"score":-1e-3,"features":{"distance":null,"carrier":"B6 \"x\", y","late":null}}`

const asFlat = `{"id":"a","version":"1","session":"s","ts":"2013-03-01T08:15:00Z","prediction":0,"score":0.25,"label":1,"distance":1400,"carrier":"UA","late":true}
{"id":"b","version":1,"ts":1362125700,"prediction":1,"score":0.5,"distance":"NaN","carrier":null,"late":false}
{"id":"c","version":"1","ts":1362125700000,"prediction":1,"score":-1e-3,"distance":null,"carrier":"B6 \"x\", y","late":null}
`

type parquetRow struct {
	ID         string    `parquet:"id"`
	Version    string    `parquet:"version"`
	Session    *string   `parquet:"session,optional"`
	Time       time.Time `parquet:"ts,timestamp(microsecond)"`
	Prediction int32     `parquet:"prediction"`
	Score      float64   `parquet:"score"`
	Label      *int64    `parquet:"label,optional"`
	Distance   *float64  `parquet:"distance,optional"`
	Carrier    *string   `parquet:"carrier,optional"`
	Late       *bool     `parquet:"late,optional"`
}

func asParquet(t *testing.T, rows []parquetRow) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := parquet.Write(&b, rows); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestEveryFormatReadsTheSameRows(t *testing.T) {
	one, s, ua, b6 := int64(1), "s", "UA", `B6 "x", y`
	d, none := 1400.0, math.NaN()
	truth, lie := true, false
	table := asParquet(t, []parquetRow{
		{"a", "1", &s, morning, 0, 0.25, &one, &d, &ua, &truth},
		{"b", "1", nil, morning, 1, 0.5, nil, &none, nil, &lie},
		{"c", "1", nil, morning, 1, -1e-3, nil, nil, &b6, nil},
	})
	for name, body := range map[string][]byte{
		"t.csv": []byte(asCSV), "bom.csv": []byte("\ufeff" + strings.ReplaceAll(asCSV, "\n", "\r\n")), "t.csv.gz": gz(t, asCSV), "t.ndjson": []byte(asNative), "t.jsonl": []byte(asNative),
		"t.ndjson.gz": gz(t, asNative), "t.ndjson.zst": zst(t, asNative), "t.csv.zst": zst(t, asCSV), "flat.json": []byte(asFlat), "t.parquet": table, "t.pq": table,
	} {
		t.Run(name, func(t *testing.T) {
			rows, bad := read(t, file(t, name, body), Auto)
			if len(bad) > 0 {
				t.Errorf("bad rows: %v", bad)
			}
			if diff := cmp.Diff(three, rows); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFormatCanBeNamed(t *testing.T) {
	for format, body := range map[string]string{NDJSON: asFlat, CSV: asCSV} {
		if rows, _ := read(t, file(t, "data", []byte(body)), format); len(rows) != 3 {
			t.Errorf("%s: %d rows", format, len(rows))
		}
	}
}

func TestBadRowsAreToldAndReadingGoesOn(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		good int
		bad  []int64 // rows
	}{
		"t.csv":    {"id,x\na,1\nb,1,2\nc\nd,4\n", 2, []int64{2, 3}},
		"ts.csv":   {"ts,x\n2013-03-01,1\nyesterday,2\n,3\n", 2, []int64{2}},
		"t.ndjson": {asNative + "\n{\"half\":\n[]\n{}\n\xff\n{\"x\":1}\n", 4, []int64{4, 5, 6, 7}},
	} {
		rows, bad := read(t, file(t, name, []byte(c.body)), Auto)
		var at []int64
		for _, b := range bad {
			at = append(at, b.Row)
			if b.File == "" || b.Err == nil || !strings.Contains(b.Error(), fmt.Sprintf("%s: row %d: ", b.File, b.Row)) {
				t.Errorf("%s: %v", name, b)
			}
		}
		if diff := cmp.Diff(c.bad, at); diff != "" || len(rows) != c.good {
			t.Errorf("%s: %d good rows, want %d, bad rows %v: %s", name, len(rows), c.good, bad, diff)
		}
	}
}

// A value of the data must not get into a message that is logged.
func TestErrorsHoldNoValues(t *testing.T) {
	for name, body := range map[string]string{
		"t.csv": "ts,x\nhunter2,1\n\"hunter2\nx,1,2,3\n", "t.ndjson": `{"ts":"hunter2","x":1}` + "\n" + `{"model":"m","features":{"a":1},"ts":"hunter2"}` + "\n" + `{"x":hunter2}`,
	} {
		_, bad := read(t, file(t, name, []byte(body)), Auto)
		if len(bad) == 0 {
			t.Errorf("%s: no bad row", name)
		}
		for _, b := range bad {
			if strings.Contains(b.Error(), "hunter2") {
				t.Errorf("%s: %v", name, b)
			}
		}
	}
}

func TestFilesThatAreNotWhatTheySay(t *testing.T) {
	var packed bytes.Buffer
	if err := parquet.Write(&packed, []struct{ X float64 }{{1}}, parquet.Compression(&parquet.Lz4Raw)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		body   []byte
		format string
		says   string
	}{
		"t.txt":      {[]byte("x"), Auto, "--format ndjson, csv or parquet"},
		"t.parquet":  {[]byte("PAR1, not"), Auto, "not a Parquet file"},
		"a.parquet":  {nil, Auto, "not a Parquet file"},
		"lz.parquet": {packed.Bytes(), Auto, `column "X" is compressed by LZ4`},
		"empty.csv":  {nil, Auto, "the file is empty"},
		"twice.csv":  {[]byte("a,b,a\n1,2,3\n"), Auto, `columns 1 and 3 of the header are both "a"`},
		"semi.csv":   {[]byte("a;b\n1;2\n"), Auto, "columns are separated by commas"},
		"tab.csv":    {[]byte("a\tb\n1\t2\n"), Auto, "columns are separated by commas"},
		"t.csv":      {[]byte(asCSV), "xml", `format "xml": use ndjson, csv or parquet`},
		"half.gz":    {[]byte("\x1f\x8bx"), CSV, "gzip"},
		"missing/ok": {nil, CSV, "no such file"},
	} {
		path := filepath.Join(t.TempDir(), "no such", "file")
		if name != "missing/ok" {
			path = file(t, name, c.body)
		}
		if _, err := Open(path, c.format, "m"); err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q with the path", name, err, c.says)
		}
	}
}

// A gzip stream that breaks off is an error, not the end of the file.
func TestHalfAGzipIsNotTheEnd(t *testing.T) {
	for name, text := range map[string]string{"t.csv.gz": asCSV, "t.ndjson.gz": asFlat} {
		whole := gz(t, strings.Repeat(text, 2000))
		r, err := Open(file(t, name, whole[:len(whole)/2]), Auto, "m")
		if err != nil {
			t.Fatal(err)
		}
		var rec plumbline.Record
		var bad *RowError
		for n := 0; n < 10000 && (err == nil || errors.As(err, &bad)); n++ {
			err = r.Next(&rec)
		}
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: ended with %v", name, err)
		}
		r.Close()
	}
}

func TestCells(t *testing.T) {
	for s, want := range map[string]plumbline.Value{
		"": missing, "NaN": nan, "nan": nan, "1": number(1), "-2.5e3": number(-2500), "007": number(7), " 1": str(" 1"), "0x10": str("0x10"), "1_000": str("1_000"),
		"true": yes, "FALSE": no, "yes": str("yes"), "UA": str("UA"), "1e400": {Kind: plumbline.Invalid}, "-1e400": {Kind: plumbline.Invalid}, "1e-400": number(0), "Infinity": str("Infinity"), "-inf": str("-inf"),
	} {
		if got := cell(s); got.Kind != want.Kind || got.Num != want.Num || want.Kind == plumbline.String && got.Str != want.Str {
			t.Errorf("%q is %+v, want %+v", s, got, want)
		}
	}
}

func TestInstants(t *testing.T) {
	// One instant in the forms of the native record: RFC 3339, or Unix seconds to nanoseconds, told apart by size.
	for _, v := range []plumbline.Value{str("2013-03-01T08:15:00Z"), str("2013-03-01T03:15:00-05:00"), str("2013-03-01 08:15:00"), str("2013-03-01T08:15:00"),
		number(1362125700), number(1362125700e3), number(1362125700e6), number(1362125700e9)} {
		if got, err := instant(v); err != nil || !got.Equal(morning) {
			t.Errorf("%+v is %v, %v", v, got, err)
		}
	}
	for _, v := range []plumbline.Value{number(math.MaxFloat64), number(-1), yes, str("soon"), {Kind: plumbline.Invalid}} {
		if got, err := instant(v); err == nil {
			t.Errorf("%+v is %v, want an error", v, got)
		}
	}
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte(asCSV))
	f.Add([]byte("a,b\n\"1\n2\",3\n"))
	fuzz(f, CSV)
}

func FuzzNDJSON(f *testing.F) {
	f.Add([]byte(asNative))
	f.Add([]byte(asFlat))
	fuzz(f, NDJSON)
}

// fuzz reads a file to its end: it may be refused, and never panics or goes on for ever.
func fuzz(f *testing.F, format string) {
	f.Fuzz(func(t *testing.T, body []byte) {
		path := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(path, body, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Open(path, format, "m")
		if err != nil {
			return
		}
		defer r.Close()
		var rec plumbline.Record
		for n := 0; ; n++ {
			var bad *RowError
			if err := r.Next(&rec); err != nil && !errors.As(err, &bad) {
				return
			}
			if n > len(body)+1 {
				t.Fatalf("more rows than bytes")
			}
		}
	})
}
