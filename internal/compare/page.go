package compare

import (
	"errors"
	"fmt"

	"github.com/parquet-go/parquet-go"

	"plumbline/internal/tables"
)

// pageReader turns pages into stretches of numbers or texts. It keeps what it allocates.
type pageReader struct {
	floats []float64
	dict   parquet.Dictionary
	words  dictionary
}

var errPage = errors.New("a page holds fewer values than it says")

// count counts one page.
func (r *pageReader) count(col parquetColumn, page parquet.Page, c *column) error {
	levels := page.DefinitionLevels()
	if len(levels) == 0 || page.NumNulls() == 0 {
		return r.values(col, page, c, nil, 0)
	}
	return r.values(col, page, c, levels, col.most)
}

// values counts a page's values; with levels, those below most are rows without one.
func (r *pageReader) values(col parquetColumn, page parquet.Page, c *column, levels []byte, most byte) error {
	if d := page.Dictionary(); d != nil {
		if r.dict != d {
			r.dict = d
			if err := r.words.load(col, d); err != nil {
				return err
			}
		}
		data := page.Data()
		indexes := data.Int32()
		if limit := int32(r.words.size); limit >= 0 {
			for _, i := range indexes {
				if uint32(i) >= uint32(limit) {
					return errors.New("an index is outside its dictionary")
				}
			}
		}
		return spread(len(indexes), levels, most, c, func(i, j int) { r.words.count(indexes[i:j], c, r) })
	}
	if col.kind == parquet.Boolean {
		data := page.Data()
		bits := data.Boolean()
		n := int(page.NumValues())
		if levels != nil {
			n -= int(page.NumNulls())
		}
		if len(bits)*8 < n {
			return errPage
		}
		return spread(n, levels, most, c, func(i, j int) {
			for ; i < j; i++ {
				c.boolean(bits[i/8]>>(i%8)&1 != 0)
			}
		})
	}
	if xs, ok := r.numbers(col, page); ok {
		return spread(len(xs), levels, most, c, func(i, j int) { c.numbers(xs[i:j]) })
	}
	switch col.kind {
	case parquet.ByteArray:
		data := page.Data()
		bytes, offsets := data.ByteArray()
		return spread(max(len(offsets)-1, 0), levels, most, c, func(i, j int) {
			for ; i < j; i++ {
				c.text(string(bytes[offsets[i]:offsets[i+1]]))
			}
		})
	case parquet.FixedLenByteArray:
		data := page.Data()
		bytes, size := data.FixedLenByteArray()
		if size <= 0 {
			return errPage
		}
		return spread(len(bytes)/size, levels, most, c, func(i, j int) {
			for ; i < j; i++ {
				c.text(string(bytes[i*size : (i+1)*size]))
			}
		})
	}
	return fmt.Errorf("a column of %v is not read", col.kind)
}

// numbers returns a page's values, or a dictionary's, as doubles; false if they are none.
func (r *pageReader) numbers(col parquetColumn, page parquet.Page) ([]float64, bool) {
	data := page.Data()
	if col.kind == parquet.Double && col.scale == 1 {
		return data.Double(), true
	}
	out := r.floats[:0]
	switch {
	case col.fixed:
		out = inBytes(out, page, func(b []byte) float64 { return tables.DecimalOf(b) * col.scale })
	case col.half:
		out = inBytes(out, page, tables.HalfOf)
	case col.kind == parquet.Float:
		for _, x := range data.Float() {
			out = append(out, float64(x))
		}
	case col.plus && col.kind == parquet.Int32:
		for _, x := range data.Uint32() {
			out = append(out, float64(x))
		}
	case col.plus && col.kind == parquet.Int64:
		for _, x := range data.Uint64() {
			out = append(out, float64(x))
		}
	case col.kind == parquet.Int32:
		for _, x := range data.Int32() {
			out = append(out, float64(x)*col.scale)
		}
	case col.kind == parquet.Int64:
		for _, x := range data.Int64() {
			out = append(out, float64(x)*col.scale)
		}
	default:
		return nil, false
	}
	r.floats = out
	return out, true
}

// inBytes reads numbers that are written as bytes.
func inBytes(out []float64, page parquet.Page, number func([]byte) float64) []float64 {
	data := page.Data()
	if page.Type().Kind() == parquet.ByteArray {
		bytes, offsets := data.ByteArray()
		for i := 1; i < len(offsets); i++ {
			out = append(out, number(bytes[offsets[i-1]:offsets[i]]))
		}
		return out
	}
	bytes, size := data.FixedLenByteArray()
	for i := 0; size > 0 && i+size <= len(bytes); i += size {
		out = append(out, number(bytes[i:i+size]))
	}
	return out
}

// spread calls run for each stretch of rows with values, and counts those without between them.
func spread(values int, levels []byte, most byte, c *column, run func(i, j int)) error {
	if levels == nil {
		run(0, values)
		return nil
	}
	at := 0
	for i := 0; i < len(levels); {
		j := i
		if levels[i] == most {
			for j < len(levels) && levels[j] == most {
				j++
			}
			if at+j-i > values {
				return errPage
			}
			run(at, at+j-i)
			at += j - i
		} else {
			for j < len(levels) && levels[j] != most {
				j++
			}
			c.none(j - i)
		}
		i = j
	}
	return nil
}
