package tables

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"os"
	"slices"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"plumbline"
)

// parquetReader reads a Parquet file with flat columns.
type parquetReader struct {
	file        *os.File
	reader      *parquet.GenericReader[any]
	columns     []column
	path, model string
	row, total  int64
	buffer      []parquet.Row
	at, have    int
}

type column struct {
	name string
	kind func(parquet.Value) plumbline.Value
}

// rowsAtOnce is how many rows are read together.
const rowsAtOnce = 256

func newParquet(f *os.File, size int64, path, model string) (Reader, error) {
	pf, err := parquet.OpenFile(f, size)
	if err != nil {
		return nil, fmt.Errorf("not a Parquet file: %w", err)
	}
	p := &parquetReader{file: f, path: path, model: model, total: pf.NumRows(), buffer: make([]parquet.Row, rowsAtOnce)}
	for _, field := range pf.Schema().Fields() {
		if !field.Leaf() || field.Repeated() {
			return nil, fmt.Errorf("column %q is nested; only flat columns are read", field.Name())
		}
		if field.Type().Kind() == parquet.Boolean && RunLengthBooleans(pf, len(p.columns)) {
			return nil, fmt.Errorf("column %q holds booleans in run-length encoding, which can't be read; write them plainly", field.Name())
		}
		p.columns = append(p.columns, column{field.Name(), converter(field.Type())})
	}
	p.reader = parquet.NewGenericReader[any](pf)
	return p, nil
}

// RunLengthBooleans reports that a column's values, not only its levels, are run-length encoded: parquet-go v0.32.0 expands a run of
// true to one true in eight, so such booleans must not be read.
func RunLengthBooleans(pf *parquet.File, column int) bool {
	for _, g := range pf.Metadata().RowGroups {
		if column < len(g.Columns) && !slices.Contains(g.Columns[column].MetaData.Encoding, format.Plain) {
			return true
		}
	}
	return false
}

// converter reads values of a column by its physical and logical type.
func converter(t parquet.Type) func(parquet.Value) plumbline.Value {
	number := func(x float64) plumbline.Value {
		switch {
		case math.IsNaN(x):
			return plumbline.Value{Kind: plumbline.NaN}
		case math.IsInf(x, 0):
			return plumbline.Value{Kind: plumbline.Invalid}
		}
		return plumbline.Value{Kind: plumbline.Number, Num: x}
	}
	var unit time.Duration // of an instant
	plus, scale := false, 1.0
	if l := t.LogicalType(); l != nil {
		switch v := l.Value.(type) {
		case *format.TimestampType:
			unit = v.Unit.Value.Duration()
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
			if plus {
				return number(float64(uint32(v.Int32())))
			}
			return number(float64(v.Int32()) * scale)
		case parquet.Int64:
			if unit > 0 {
				return plumbline.Value{Kind: plumbline.String, Str: time.Unix(0, v.Int64()*int64(unit)).UTC().Format(time.RFC3339Nano)}
			}
			if plus {
				return number(float64(uint64(v.Int64())))
			}
			return number(float64(v.Int64()) * scale)
		case parquet.Float:
			return number(float64(v.Float()))
		case parquet.Double:
			return number(v.Double())
		case parquet.ByteArray, parquet.FixedLenByteArray:
			if scale != 1 {
				return number(DecimalOf(v.ByteArray()) * scale)
			}
			return plumbline.Value{Kind: plumbline.String, Str: string(v.ByteArray())}
		}
		return plumbline.Value{Kind: plumbline.Invalid}
	}
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

func (p *parquetReader) Next(r *plumbline.Record) error {
	if p.at == p.have {
		n, err := p.reader.ReadRows(p.buffer)
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
	r.Model, r.Time = p.model, epoch
	for _, v := range row {
		c := p.columns[v.Column()]
		if err := assign(r, c.name, c.kind(v)); err != nil {
			return &RowError{p.path, p.row, err}
		}
	}
	return nil
}

func (p *parquetReader) Progress() (done, total int64) { return p.row, p.total }

func (p *parquetReader) Close() error { return errors.Join(p.reader.Close(), p.file.Close()) }
