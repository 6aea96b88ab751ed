package compare

import (
	"fmt"

	"github.com/parquet-go/parquet-go"

	"plumbline"
)

// dictionary is a chunk's dictionary, looked up once: its numbers, or its texts and their places in a column.
type dictionary struct {
	size   int
	floats []float64
	texts  []string
	places []int32
	class  []uint8
	counts []uint32
	owner  *column // whose places these are
}

// unplaced is a word of a dictionary that no row has held yet.
const unplaced = -3

func (d *dictionary) load(col parquetColumn, from parquet.Dictionary) error {
	d.size, d.owner = from.Len(), nil
	d.floats, d.texts = d.floats[:0], d.texts[:0]
	page := from.Page()
	r := pageReader{}
	if xs, ok := r.numbers(col, page); ok {
		d.floats = append(d.floats, xs...)
		if len(d.floats) != d.size {
			return errPage
		}
		return nil
	}
	for i := range d.size {
		v := from.Index(int32(i))
		switch v.Kind() {
		case parquet.ByteArray, parquet.FixedLenByteArray:
			d.texts = append(d.texts, string(v.ByteArray()))
		default:
			return fmt.Errorf("a dictionary of %v is not read", v.Kind())
		}
	}
	return nil
}

// count counts consecutive rows by their places in the dictionary.
func (d *dictionary) count(indexes []int32, c *column, r *pageReader) {
	if len(d.texts) == 0 {
		out := r.floats[:0]
		for _, i := range indexes {
			out = append(out, d.floats[i])
		}
		r.floats = out
		c.numbers(out)
		return
	}
	for len(indexes) > 0 && (c.held != nil || c.raw != nil) {
		c.text(d.texts[indexes[0]])
		indexes = indexes[1:]
	}
	if len(indexes) == 0 {
		return
	}
	if c.typ != plumbline.TypeCategory && c.typ != plumbline.TypeBoolean {
		for _, i := range indexes {
			c.text(d.texts[i])
		}
		return
	}
	c.passed(int64(len(indexes)))
	d.placeIn(c)
	d.follow(indexes, c.names.order)
	for i, n := range d.counts {
		if n == 0 {
			continue
		}
		if d.places[i] == unplaced {
			d.places[i] = c.names.place(d.texts[i])
		}
		c.names.count(d.places[i], int64(n))
		d.counts[i] = 0
	}
}

func (d *dictionary) placeIn(c *column) {
	if d.owner == c {
		return
	}
	d.owner = c
	d.places, d.class, d.counts = d.places[:0], d.class[:0], d.counts[:0]
	for _, s := range d.texts {
		class := uint8(classes - 1)
		if at, ok := c.names.index[s]; ok {
			class = c.names.classOf(at)
		}
		d.places, d.class, d.counts = append(d.places, unplaced), append(d.class, class), append(d.counts, 0)
	}
}

// follow counts indexes, and their classes in the order of rows.
func (d *dictionary) follow(indexes []int32, o *order) {
	if o == nil {
		for _, i := range indexes {
			d.counts[i]++
		}
		return
	}
	for values, rows := &o.values, &o.rows; len(indexes) > 0; {
		k := min(values.room(), rows.room(), len(indexes))
		for _, i := range indexes[:k] {
			d.counts[i]++
			class := d.class[i] & (slotsOfBlock - 1)
			values.now.counts[class]++
			rows.now.counts[class]++
		}
		values.advance(k)
		rows.advance(k)
		indexes = indexes[k:]
	}
}
