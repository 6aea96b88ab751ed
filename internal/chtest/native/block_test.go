//go:build linux && amd64

package native

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"
	"testing"
)

// block writes a bare block of one column.
func bareBlock(typ string, rows int, data ...byte) []byte {
	b := binary.AppendUvarint(nil, 1)
	b = binary.AppendUvarint(b, uint64(rows))
	for _, s := range []string{"c", typ} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	return append(b, data...)
}

func le64(values ...uint64) (b []byte) {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return b
}

// Two blocks in a row come apart at the right byte, in both directions.
func TestBlockEnds(t *testing.T) {
	// Layouts are those of ClickHouse's Native format, written out by hand.
	f := func(typ string, rows int, data ...byte) {
		t.Helper()
		bare := bareBlock(typ, rows, data...)
		in := &walker{src: bytes.NewReader(slices.Concat(bare, bare))}
		for range 2 {
			in.out = nil
			if columns, err := in.block(0, revision); err != nil || columns != 1 {
				t.Fatalf("%s: %d columns, %v", typ, columns, err)
			}
			back := &walker{src: bytes.NewReader(in.out)}
			if _, err := back.block(revision, 0); err != nil {
				t.Fatalf("%s back: %v", typ, err)
			}
			if !bytes.Equal(back.out, bare) {
				t.Fatalf("%s: % x, want % x", typ, back.out, bare)
			}
		}
		if _, err := in.block(0, revision); err != io.EOF {
			t.Fatalf("%s: after the last block: %v, want EOF", typ, err)
		}
		cut := &walker{src: bytes.NewReader(bare[:len(bare)-1])}
		if _, err := cut.block(0, revision); err == nil || err == io.EOF {
			t.Fatalf("%s: a cut block gives %v", typ, err)
		}
	}
	f("UInt8", 3, 1, 2, 3)
	f("DateTime64(3, 'UTC')", 1, le64(7)...)
	f("FixedString(3)", 2, []byte("abcdef")...)
	f("Decimal(20, 3)", 1, le64(1, 0)...)
	f("Enum8('a, (b' = 1, 'c' = 2)", 2, 1, 2)
	f("String", 2, 1, 'a', 0)
	f("Nullable(UInt8)", 2, 0, 1, 5, 0)
	f("Array(String)", 2, slices.Concat(le64(1, 2), []byte{1, 'a', 1, 'b'})...)
	f("Map(String, UInt8)", 1, slices.Concat(le64(2), []byte{1, 'a', 1, 'b'}, []byte{1, 2})...)
	f("Tuple(a String, `b c` UInt8)", 1, 1, 'a', 2)
	f("SimpleAggregateFunction(max, UInt8)", 1, 9)
	f("LowCardinality(String)", 2, slices.Concat(le64(1, 1<<9, 2), []byte{0, 1, 'a'}, le64(2), []byte{0, 1})...)
	f("LowCardinality(Nullable(UInt8))", 1, slices.Concat(le64(1, 1<<9, 1), []byte{0}, le64(1), []byte{0})...)
	f("Array(LowCardinality(String))", 1, slices.Concat(le64(1), le64(1), le64(1<<9|1, 1), []byte{0}, le64(1), []byte{0, 0})...)
	f("String", 0)
}

func TestUnsupportedType(t *testing.T) {
	for _, typ := range []string{"JSON", "AggregateFunction(sum, UInt64)", "", "Array", "FixedString", "Decimal(x)"} {
		if _, err := parseType(typ); err == nil {
			t.Errorf("%q was accepted", typ)
		}
	}
}

func TestParseInsert(t *testing.T) {
	f := func(query, table string, columns ...string) {
		t.Helper()
		in, ok := parseInsert(query)
		if ok != (table != "") {
			t.Fatalf("%q: rows follow: %v", query, ok)
		}
		if ok && (in.table != table || !slices.Equal(in.columns, columns)) {
			t.Fatalf("%q: %q %q", query, in.table, in.columns)
		}
	}
	f("INSERT INTO t VALUES", "t")
	f("insert into `d`.`t` (`a`, b) FORMAT Native", "`d`.`t`", "a", "b")
	f("-- why\nINSERT INTO t (a) SETTINGS async_insert=0 FORMAT Native;", "t", "a")
	f("INSERT INTO t VALUES (1)", "")
	f("INSERT INTO t SELECT 1", "")
	f("SELECT 'INSERT INTO t VALUES'", "")
}

func TestUnquote(t *testing.T) {
	for in, want := range map[string]string{`'a'`: "a", `'it\'s'`: "it's", `'\\n'`: `\n`, `'\n'`: "\n", `5`: "5", `''`: ""} {
		if got := unquote(in); got != want {
			t.Errorf("unquote(%s) = %q, want %q", in, got, want)
		}
	}
}

func FuzzBlock(f *testing.F) {
	f.Add(bareBlock("LowCardinality(String)", 2, slices.Concat(le64(1, 1<<9, 2), []byte{0, 1, 'a'}, le64(2), []byte{0, 1})...))
	f.Add(bareBlock("Map(String, Array(Nullable(UInt8)))", 1, le64(1<<60)...))
	f.Add(bareBlock("Tuple(a UInt8)", 1<<40))
	f.Fuzz(func(t *testing.T, data []byte) {
		w := &walker{src: bytes.NewReader(data)}
		if _, err := w.block(0, 0); err == nil && len(w.out) > len(data) {
			t.Fatalf("%d bytes came of %d", len(w.out), len(data))
		}
	})
}
