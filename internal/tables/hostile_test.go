package tables

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"

	"plumbline"
)

// A row that never ends is refused without being kept, and of NDJSON the next is read.
func TestRowsAreBounded(t *testing.T) {
	long := strings.Repeat("x", 3*mostBytes)
	rows, bad := read(t, file(t, "long.ndjson", []byte(`{"x":"`+long+"\"}\n{\"x\":1}\n")), Auto)
	if len(rows) != 1 || len(bad) != 1 || !strings.Contains(bad[0].Error(), "row 1: longer than") {
		t.Errorf("%d rows, %v", len(rows), bad)
	}
	r, err := Open(file(t, "open.csv", []byte("x\n1\n\""+long)), Auto, "m")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var rec plumbline.Record
	if err = r.Next(&rec); err == nil {
		err = r.Next(&rec)
	}
	if err == nil || !strings.Contains(err.Error(), "row 2: it is longer than") {
		t.Errorf("a quote that is left open: %v", err)
	}
}

// A line of 64 MiB in as many KiB of gzip.
func TestABombIsNotKept(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	block := bytes.Repeat([]byte("a"), 1<<20)
	for range 64 {
		if _, err := z.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Open(file(t, "bomb.ndjson.gz", packed.Bytes()), Auto, "m")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if line, whole, err := r.(*ndjson).readLine(); cap(line) > 2*mostBytes || whole || !errors.Is(err, io.EOF) {
		t.Errorf("%d bytes are kept, whole %v, %v", cap(line), whole, err)
	}
}

// The index that a data frame writes has no name, other programs put a mark before the first byte, and an array is no row.
func TestFirstBytes(t *testing.T) {
	rows, _ := read(t, file(t, "frame.csv", []byte(",age\n0,31\n1,32\n")), Auto)
	if len(rows) != 2 || rows[1].Features["column 1"] != number(1) || rows[1].Features["age"] != number(32) {
		t.Error(rows)
	}
	rows, bad := read(t, file(t, "marked.ndjson", []byte("\ufeff{\"x\":1}\n{\"x\":2}\n")), Auto)
	if len(rows) != 2 || len(bad) != 0 {
		t.Errorf("%d rows, %v", len(rows), bad)
	}
	r, err := Open(file(t, "array.json", []byte(`[{"x":1}]`)), Auto, "m")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var rec plumbline.Record
	if err := r.Next(&rec); err == nil || !strings.Contains(err.Error(), "one object a line") {
		t.Error(err)
	}
}

// What can't be read of a Parquet file does not keep the rest from being read.
func TestNestedColumnsAreLeftOut(t *testing.T) {
	type line struct {
		A struct{ B int }
		L []float64
		X float64
	}
	var b bytes.Buffer
	if err := parquet.Write(&b, []line{{L: []float64{1, 2, 3}, X: 7}, {X: 8}}); err != nil {
		t.Fatal(err)
	}
	path := file(t, "n.parquet", b.Bytes())
	rows, _ := read(t, path, Auto)
	if len(rows) != 2 || len(rows[0].Features) != 1 || rows[0].Features["X"] != number(7) {
		t.Error(rows)
	}
	r, err := Open(path, Auto, "m")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if left := r.Left(); left["A"] != "nested" || left["L"] != "nested" || len(left) != 2 {
		t.Error(left)
	}
}

// Days, and microseconds that are more nanoseconds than an integer holds.
func TestInstantsOfParquet(t *testing.T) {
	far := time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	near := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	var micro, day, julian bytes.Buffer
	err := errors.Join(
		parquet.Write(&micro, []struct {
			TS time.Time `parquet:"ts,timestamp(microsecond)"`
		}{{far}}),
		parquet.Write(&day, []struct {
			TS int32 `parquet:"ts,date"`
		}{{19723}}),
		parquet.Write(&julian, []struct {
			TS deprecated.Int96 `parquet:"ts"`
		}{{deprecated.Int96{0, 0, 2_440_588 + 19723}}}))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		body []byte
		want time.Time
	}{"micro": {micro.Bytes(), far}, "day": {day.Bytes(), near}, "julian": {julian.Bytes(), near}} {
		rows, bad := read(t, file(t, name+".parquet", c.body), Auto)
		if len(rows) != 1 || !rows[0].Time.Equal(c.want) {
			t.Errorf("%s: %v, %v, want %v", name, rows, bad, c.want)
		}
	}
}

// Values of IEEE 754, table 3.5 of binary16.
func TestHalfOf(t *testing.T) {
	for bits, want := range map[uint16]float64{0: 0, 0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 0x0001: 0x1p-24, 0x03ff: 1023 * 0x1p-24, 0x0400: 0x1p-14, 0x3555: 0.333251953125, 0x7c00: math.Inf(1), 0xfc00: math.Inf(-1)} {
		if got := HalfOf([]byte{byte(bits), byte(bits >> 8)}); got != want {
			t.Errorf("%#04x is %v, want %v", bits, got, want)
		}
	}
	if x := HalfOf([]byte{0, 0x7e}); x == x {
		t.Errorf("%v is a number", x)
	}
}

// Whatever bytes of a file are wrong, reading it ends with rows or an error.
func TestDamagedParquetDoesNotPanic(t *testing.T) {
	type line struct {
		S string  `parquet:",dict"`
		N string  `parquet:",delta"`
		X float64 `parquet:",split"`
		I int64   `parquet:",delta"`
		B *bool
	}
	lines := make([]line, 300)
	for i := range lines {
		yes := i%3 == 0
		lines[i] = line{strings.Repeat("a", i%7), strings.Repeat("b", i%11), float64(i), int64(i * i), &yes}
	}
	var b bytes.Buffer
	if err := parquet.Write(&b, lines); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(5, 5))
	path := file(t, "bad.parquet", nil)
	damaged, caught := 0, 0
	for range 400 {
		body := bytes.Clone(b.Bytes())
		body[4+rng.IntN(len(body)-8)] ^= byte(1 + rng.IntN(255))
		if err := os.WriteFile(path, body, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Open(path, Auto, "m")
		if err != nil {
			damaged++
			continue
		}
		var rec plumbline.Record
		for err = nil; err == nil; err = r.Next(&rec) {
		}
		if !errors.Is(err, io.EOF) {
			damaged++
		}
		if strings.Contains(err.Error(), "the file is damaged") {
			caught++
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if damaged < 100 || caught == 0 {
		t.Errorf("%d of 400 damaged files are called so, in %d its reader panicked", damaged, caught)
	}
}
