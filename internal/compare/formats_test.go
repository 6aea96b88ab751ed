package compare

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parquet-go/parquet-go"

	"plumbline"
)

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
