package tables

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"plumbline"
)

// parquetReader reads the flat columns of a Parquet file.
type parquetReader struct {
	file        *os.File
	reader      *parquet.GenericReader[any]
	columns     []column // by their place among the leaves
	path, model string
	row, total  int64
	buffer      []parquet.Row
	at, have    int
	left        map[string]string
}

type column struct {
	name string // empty of one that is left out
	kind func(parquet.Value) plumbline.Value
}

// rowsAtOnce is how many rows are read together.
const rowsAtOnce = 256

// Guard runs what reads a Parquet file; parquet-go panics on some that are damaged.
func Guard(read func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the file is damaged: %v", r)
		}
	}()
	return read()
}

func newParquet(f *os.File, size int64, path, model string) (Reader, error) {
	pf, err := OpenParquet(f, size)
	if err != nil {
		return nil, err
	}
	p := &parquetReader{file: f, path: path, model: model, total: pf.NumRows(), buffer: make([]parquet.Row, rowsAtOnce), left: map[string]string{}}
	for _, top := range pf.Root().Columns() {
		if why := Unread(pf, top); why != "" {
			p.left[top.Name()] = why
			continue
		}
		for len(p.columns) <= int(top.Index()) {
			p.columns = append(p.columns, column{})
		}
		p.columns[top.Index()] = column{top.Name(), converter(top.Type(), Half(pf, top))}
	}
	p.reader = parquet.NewGenericReader[any](pf)
	return p, nil
}

// OpenParquet opens a Parquet file. One that is compressed by LZ4 is refused: parquet-go v0.32.0 takes what was in its buffer before for
// the values of a page that fills it, and doubles the buffer for ever if a page is damaged.
func OpenParquet(f *os.File, size int64, options ...parquet.FileOption) (*parquet.File, error) {
	var pf *parquet.File
	err := Guard(func() (err error) {
		pf, err = parquet.OpenFile(f, size, options...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("not a Parquet file: %w", err)
	}
	for _, g := range pf.Metadata().RowGroups {
		for _, c := range g.Columns {
			if c.MetaData.Codec == format.Lz4Raw {
				return nil, fmt.Errorf("column %q is compressed by LZ4, which can't be read; write the file with snappy or zstd", strings.Join(c.MetaData.PathInSchema, "."))
			}
		}
	}
	return pf, nil
}

// Unread is why a column of the file can't be read; empty if it can.
func Unread(pf *parquet.File, c *parquet.Column) string {
	switch {
	case !c.Leaf() || c.Repeated():
		return "nested"
	case c.Type().Kind() == parquet.Boolean && runLengthBooleans(pf, int(c.Index())):
		return "booleans in run-length encoding, which can't be read; write them plainly"
	}
	return ""
}

// runLengthBooleans reports that a column's values, not only its levels, are run-length encoded: parquet-go v0.32.0 expands a run of
// true to one true in eight, so such booleans must not be read.
func runLengthBooleans(pf *parquet.File, column int) bool {
	for _, g := range pf.Metadata().RowGroups {
		if column < len(g.Columns) && !slices.Contains(g.Columns[column].MetaData.Encoding, format.Plain) {
			return true
		}
	}
	return false
}

// converter reads values of a column by its physical and logical type.
func converter(t parquet.Type, half bool) func(parquet.Value) plumbline.Value {
	stamp := func(t time.Time) plumbline.Value {
		return plumbline.Value{Kind: plumbline.String, Str: t.UTC().Format(time.RFC3339Nano)}
	}
	number := func(x float64) plumbline.Value {
		switch {
		case math.IsNaN(x):
			return plumbline.Value{Kind: plumbline.NaN}
		case math.IsInf(x, 0):
			return plumbline.Value{Kind: plumbline.Invalid}
		}
		return plumbline.Value{Kind: plumbline.Number, Num: x}
	}
	var instant func(int64) time.Time
	plus, scale := false, 1.0
	if l := t.LogicalType(); l != nil {
		switch v := l.Value.(type) {
		case *format.TimestampType:
			instant = instantOf(v.Unit.Value.Duration())
		case *format.DateType:
			instant = func(days int64) time.Time { return time.Unix(days*86400, 0) }
		case *format.IntType:
			plus = !v.IsSigned
		case *format.DecimalType:
			scale = math.Pow10(-int(v.Scale))
		}
	}
	return func(v parquet.Value) plumbline.Value {
		if v.IsNull() {
			return plumbline.Value{}
		}
		switch v.Kind() {
		case parquet.Boolean:
			if v.Boolean() {
				return plumbline.Value{Kind: plumbline.Bool, Num: 1}
			}
			return plumbline.Value{Kind: plumbline.Bool}
		case parquet.Int32:
			if instant != nil {
				return stamp(instant(int64(v.Int32())))
			}
			if plus {
				return number(float64(uint32(v.Int32())))
			}
			return number(float64(v.Int32()) * scale)
		case parquet.Int64:
			if instant != nil {
				return stamp(instant(v.Int64()))
			}
			if plus {
				return number(float64(uint64(v.Int64())))
			}
			return number(float64(v.Int64()) * scale)
		case parquet.Int96: // nanoseconds of a Julian day; that of 1970 is 2,440,588
			x := v.Int96()
			return stamp(time.Unix((int64(x[2])-2_440_588)*86400, int64(x[1])<<32|int64(x[0])))
		case parquet.Float:
			return number(float64(v.Float()))
		case parquet.Double:
			return number(v.Double())
		case parquet.ByteArray, parquet.FixedLenByteArray:
			if scale != 1 {
				return number(DecimalOf(v.ByteArray()) * scale)
			}
			if half {
				return number(HalfOf(v.ByteArray()))
			}
			return plumbline.Value{Kind: plumbline.String, Str: string(v.ByteArray())}
		}
		return plumbline.Value{Kind: plumbline.Invalid}
	}
}

// instantOf reads a number of units since 1970.
func instantOf(unit time.Duration) func(int64) time.Time {
	switch unit {
	case time.Millisecond:
		return time.UnixMilli
	case time.Microsecond:
		return time.UnixMicro
	}
	return func(x int64) time.Time { return time.Unix(0, x) }
}

// DecimalOf reads the unscaled value of a decimal: big-endian, two's complement.
func DecimalOf(b []byte) float64 {
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	x, _ := new(big.Float).SetInt(n).Float64()
	return x
}

// Half reports that a column holds numbers of two bytes, which parquet-go takes for any two bytes.
func Half(pf *parquet.File, c *parquet.Column) bool {
	return slices.ContainsFunc(pf.Metadata().Schema, func(e format.SchemaElement) bool {
		_, half := e.LogicalType.Value.(*format.Float16Type)
		return half && e.Name == c.Name() && c.Type().Kind() == parquet.FixedLenByteArray
	})
}

// HalfOf reads a double from IEEE 754 binary16, little-endian; NaN if it is not of two bytes.
func HalfOf(b []byte) float64 {
	if len(b) != 2 {
		return math.NaN()
	}
	bits := int(b[1])<<8 | int(b[0])
	x := float64(bits & 0x3ff)
	switch exponent := bits >> 10 & 0x1f; {
	case exponent == 0:
		x = math.Ldexp(x, -24)
	case exponent < 0x1f:
		x = math.Ldexp(x+1024, exponent-25)
	case x == 0:
		x = math.Inf(1)
	default:
		x = math.NaN()
	}
	if bits>>15 != 0 {
		return -x
	}
	return x
}

func (p *parquetReader) Next(r *plumbline.Record) error {
	if p.at == p.have {
		var n int
		err := Guard(func() (err error) {
			n, err = p.reader.ReadRows(p.buffer)
			return err
		})
		if n == 0 {
			if err == nil || errors.Is(err, io.EOF) {
				return io.EOF
			}
			return fmt.Errorf("%s: after row %d: %w", p.path, p.row, err)
		}
		p.at, p.have = 0, n
	}
	row := p.buffer[p.at]
	p.at++
	p.row++
	r.Reset()
	r.Model, r.Time = p.model, noTime
	for _, v := range row {
		if v.Column() >= len(p.columns) || p.columns[v.Column()].name == "" {
			continue
		}
		c := p.columns[v.Column()]
		if err := assign(r, c.name, c.kind(v)); err != nil {
			return &RowError{p.path, p.row, err}
		}
	}
	return nil
}

func (p *parquetReader) Left() map[string]string { return p.left }

func (p *parquetReader) Progress() (done, total int64) { return p.row, p.total }

func (p *parquetReader) Close() error { return errors.Join(p.reader.Close(), p.file.Close()) }
