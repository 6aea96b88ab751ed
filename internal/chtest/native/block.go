//go:build linux && amd64

package native

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"
)

// Blocks are forwarded, never decoded: the engine speaks revision 0 of the Native format, clients a newer one, and the two
// differ only in a few bytes around the columns. So a block is walked just far enough to know where each column ends.

type byteSource interface {
	io.Reader
	io.ByteReader
}

// walker copies Native data from src to out. Its first error sticks; everything after it is a no-op.
type walker struct {
	src byteSource
	out []byte
	err error
}

// revisionSerialization is the first revision with one more byte for each column: the kind of its serialization.
const revisionSerialization = 54454

// blockInfo says: not an overflow row, no bucket, end.
var blockInfo = []byte{1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0}

// block copies one block from revision in to revision out; 0 is the bare format. At a clean end it returns io.EOF.
func (w *walker) block(in, out int) (columns int, err error) {
	if in > 0 {
		w.drop(len(blockInfo))
	}
	columns, eof := w.first()
	if eof {
		return 0, io.EOF
	}
	if out > 0 {
		w.out = append(w.out, blockInfo...)
	}
	w.out = binary.AppendUvarint(w.out, uint64(columns))
	rows := w.uvarint()
	for i := 0; i < columns && w.err == nil; i++ {
		w.str() // name
		t, err := parseType(w.str())
		if w.err == nil {
			w.err = err
		}
		if w.err != nil {
			break
		}
		if in >= revisionSerialization {
			if w.drop(1)[0] != 0 && w.err == nil {
				w.err = errors.New("sparse columns are not supported by the test server")
			}
		}
		if out >= revisionSerialization {
			w.out = append(w.out, 0)
		}
		if rows > 0 {
			w.prefix(t)
			w.column(t, rows)
		}
	}
	return columns, w.err
}

// first reads the number of columns, the only place where the data may end.
func (w *walker) first() (columns int, eof bool) {
	n, err := binary.ReadUvarint(w.src)
	if err == io.EOF && w.err == nil {
		return 0, true
	}
	w.fail(err)
	return int(n), false
}

// prefix copies the serialization states that precede a column's data.
func (w *walker) prefix(t *columnType) {
	if t.name == "LowCardinality" {
		w.bytes(8)
		return
	}
	for _, in := range t.inner {
		w.prefix(in)
	}
}

func (w *walker) column(t *columnType, rows int) {
	switch {
	case rows == 0 || w.err != nil:
	case rows < 0 || rows > maxColumn:
		w.fail(errors.New("a number of rows in the block is absurd"))
	case t.width > 0:
		w.bytes(rows * t.width)
	case t.name == "String":
		for ; rows > 0 && w.err == nil; rows-- {
			w.bytes(w.uvarint())
		}
	case t.name == "Nullable":
		w.bytes(rows) // flags
		w.column(t.inner[0], rows)
	case t.name == "Tuple":
		for _, in := range t.inner {
			w.column(in, rows)
		}
	case t.name == "Array":
		if ends := w.bytes(8 * rows); w.err == nil {
			w.column(t.inner[0], int(binary.LittleEndian.Uint64(ends[len(ends)-8:])))
		}
	case t.name == "LowCardinality":
		dictionary := t.inner[0]
		if dictionary.name == "Nullable" { // the dictionary has no flags: its first value stands for NULL
			dictionary = dictionary.inner[0]
		}
		for rows > 0 && w.err == nil {
			flags := w.uint64()
			w.column(dictionary, int(w.uint64()))
			n := int(w.uint64())
			if n <= 0 || n > rows {
				w.fail(errors.New("a dictionary's indexes are not as many as rows"))
				return
			}
			w.bytes(n << (flags & 3)) // indexes of 1, 2, 4 or 8 bytes
			rows -= n
		}
	}
}

const (
	maxColumn = 1 << 31 // no length in a block is larger
	readStep  = 1 << 20 // memory is taken as data comes, not as a length promises
)

// bytes copies n bytes and returns them. After an error it returns n zeros if n is small, else nothing.
func (w *walker) bytes(n int) []byte {
	at := len(w.out)
	if n < 0 || n > maxColumn {
		w.fail(errors.New("a length in the block is absurd"))
	}
	for left := n; left > 0 && w.err == nil; {
		step := min(left, readStep)
		w.out = slices.Grow(w.out, step)[:len(w.out)+step]
		_, err := io.ReadFull(w.src, w.out[len(w.out)-step:])
		w.fail(err)
		left -= step
	}
	if w.err != nil {
		w.out = w.out[:at]
		return make([]byte, min(max(n, 0), len(blockInfo)))
	}
	return w.out[at:]
}

func (w *walker) fail(err error) {
	if w.err != nil || err == nil {
		return
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	w.err = err
}

// drop reads n bytes that are not copied.
func (w *walker) drop(n int) []byte {
	at := len(w.out)
	b := w.bytes(n)
	w.out = w.out[:at]
	return b
}

func (w *walker) uvarint() int {
	if w.err != nil {
		return 0
	}
	n, err := binary.ReadUvarint(w.src)
	w.fail(err)
	w.out = binary.AppendUvarint(w.out, n)
	return int(n)
}

func (w *walker) str() string { return string(w.bytes(w.uvarint())) }

func (w *walker) uint64() uint64 { return binary.LittleEndian.Uint64(w.bytes(8)) }
