package compare

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"plumbline"
)

// Differences to the shift that are beyond doubles must not open a cell for what is no number.
func TestTheLargestNumbersAreCountedApartFromNoNumbers(t *testing.T) {
	c := newColumn("x", 64)
	var xs []float64
	for i := range 64 {
		xs = append(xs, math.Copysign(1.7e308, float64(i-40)))
	}
	c.numbers(xs)
	c.numbers([]float64{math.NaN(), math.NaN(), math.Inf(1)})
	if s := c.finish(0).sample; s.N != 64 || s.NaN != 2 || s.Invalid != 1 || s.Max != 1.7e308 || s.Min != -1.7e308 {
		t.Errorf("n %d, nan %d, invalid %d, %v to %v", s.N, s.NaN, s.Invalid, s.Min, s.Max)
	}
}

// Numbers chosen so that every exponent asks for fine cells.
func TestCellsAreBounded(t *testing.T) {
	c := newColumn("x", firstRows)
	for e := range 490 {
		for k := range 33 {
			c.numbers([]float64{math.Ldexp(1+float64(k)*1e-12, e-240)})
		}
	}
	if c.finish(0); len(c.nums.cells) > 2*mostFiner {
		t.Errorf("%d cells", len(c.nums.cells))
	}
}

// Columns are read side by side; which is read first must not show.
func TestTheSameFilesHaveTheSameReport(t *testing.T) {
	const columns, rows = mostWide + 20, 3000
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8))
	file := func(name string, seed uint64) string {
		group := parquet.Group{}
		for i := range columns {
			group[fmt.Sprintf("c%03d", i)] = parquet.Leaf(parquet.DoubleType)
		}
		var b bytes.Buffer
		w := parquet.NewWriter(&b, parquet.NewSchema("wide", group))
		r := rand.New(rand.NewPCG(seed, 1))
		for range rows {
			line := make(parquet.Row, columns)
			for i := range line {
				line[i] = parquet.DoubleValue(r.NormFloat64()).Level(0, 0, i)
			}
			if _, err := w.WriteRows([]parquet.Row{line}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return write(t, name, b.Bytes())
	}
	o := Options{Reference: file("a.parquet", 1), Current: file("b.parquet", 2)}
	var first []byte
	for range 4 {
		got, err := json.Marshal(run(t, o))
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = got
		}
		if !bytes.Equal(first, got) {
			t.Fatal("another report of the same files")
		}
	}
}

// A row that lacks a column counts as a value that is kept.
func TestValuesKeptAreBounded(t *testing.T) {
	defer func(n int) { maxRaw = n }(maxRaw)
	maxRaw = 5000
	var b strings.Builder
	wanted := map[string]bool{}
	for i := range 1000 {
		name := fmt.Sprintf("c%d", i%50)
		wanted[name] = true
		fmt.Fprintf(&b, "{\"k\":1,%q:%d}\n", name, i)
	}
	if _, err := openRaw(context.Background(), write(t, "sparse.ndjson", []byte(b.String())), "auto", wanted, func(string, int64, int64) {}); err == nil || !strings.Contains(err.Error(), "more than 5000") {
		t.Error(err)
	}
}

// half is a type that parquet-go reads and does not write by itself.
type half struct{ parquet.Type }

func (half) LogicalType() *format.LogicalType {
	return &format.LogicalType{Value: &format.Float16Type{}}
}

// Numbers of two bytes are numbers, page by page and row by row.
func TestHalfNumbers(t *testing.T) {
	group := parquet.Group{"h": parquet.Leaf(half{parquet.FixedLenByteArrayType(2)}), "g": parquet.String()}
	file := func(name string, bits int) string {
		var b bytes.Buffer
		w := parquet.NewWriter(&b, parquet.NewSchema("halves", group))
		for i := range 400 {
			x := bits + i%100
			line := parquet.Row{parquet.ByteArrayValue([]byte("a")).Level(0, 0, 0), parquet.FixedLenByteArrayValue([]byte{byte(x), byte(x >> 8)}).Level(0, 0, 1)}
			if _, err := w.WriteRows([]parquet.Row{line}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return write(t, name, b.Bytes())
	}
	o := Options{Reference: file("a.parquet", 0x3c00), Current: file("b.parquet", 0x3c60), Independent: true}
	for _, by := range []string{"", "g"} {
		o.By = by
		if h := run(t, o).feature(t, "h"); h.Type != plumbline.TypeNumber || h.Verdict != plumbline.Drift || h.N != 400 {
			t.Errorf("by %q: %s, %s, %d values", by, h.Type, h.Verdict, h.N)
		}
	}
}
