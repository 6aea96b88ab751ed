package compare

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"sync"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"plumbline"
	"plumbline/internal/tables"
)

// parquetFile is an open Parquet file and its flat columns.
type parquetFile struct {
	path    string
	file    *os.File
	parquet *parquet.File
	columns []parquetColumn
	left    map[string]string // columns that can't be compared, and why
}

type parquetColumn struct {
	name  string
	index int // of the leaf
	most  byte
	kind  parquet.Kind
	scale float64 // of a decimal, else 1
	fixed bool    // a decimal in bytes
	plus  bool    // an integer without a sign
}

func openParquet(path string) (*parquetFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	p, err := newParquetFile(f, path)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return p, nil
}

func newParquetFile(f *os.File, path string) (*parquetFile, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	pf, err := parquet.OpenFile(f, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(1<<18))
	if err != nil {
		return nil, fmt.Errorf("not a Parquet file: %w", err)
	}
	p := &parquetFile{path: path, file: f, parquet: pf, left: map[string]string{}}
	for _, c := range pf.Root().Columns() {
		name := c.Name()
		switch {
		case !c.Leaf() || c.Repeated():
			p.left[name] = "nested"
			continue
		case reserved[name]:
			continue
		}
		col := parquetColumn{name: name, index: int(c.Index()), kind: c.Type().Kind(), scale: 1, most: byte(c.MaxDefinitionLevel())}
		if why := col.logical(c.Type()); why != "" {
			p.left[name] = why
			continue
		}
		if col.kind == parquet.Boolean && tables.RunLengthBooleans(pf, col.index) {
			p.left[name] = "booleans in run-length encoding, which can't be read; write them plainly"
			continue
		}
		p.columns = append(p.columns, col)
	}
	return p, nil
}

// logical takes in what a column's values stand for, or says why they can't be compared.
func (c *parquetColumn) logical(t parquet.Type) string {
	if c.kind == parquet.Int96 {
		return "an instant"
	}
	l := t.LogicalType()
	if l == nil {
		return ""
	}
	switch v := l.Value.(type) {
	case *format.TimestampType, *format.DateType, *format.TimeType:
		return "an instant"
	case *format.IntType:
		c.plus = !v.IsSigned
	case *format.DecimalType:
		c.scale = math.Pow10(-int(v.Scale))
		c.fixed = c.kind == parquet.FixedLenByteArray || c.kind == parquet.ByteArray
	}
	return ""
}

// whole reports that the type itself is one of whole numbers.
func (c *parquetColumn) whole() bool {
	return (c.kind == parquet.Int32 || c.kind == parquet.Int64) && c.scale == 1
}

func (p *parquetFile) close() error { return p.file.Close() }

// scan reads every column that is asked for, a few at a time. done is called for each as it ends, from any of the goroutines.
func (p *parquetFile) scan(workers int, open func(name string) *column, done func(*column) error, step func(rows int64)) error {
	work := make(chan parquetColumn)
	stop := make(chan struct{})
	var first error
	var once sync.Once
	fail := func(err error) { once.Do(func() { first = err; close(stop) }) }
	var wg sync.WaitGroup
	for range max(1, workers) {
		wg.Go(func() {
			r := &pageReader{}
			for col := range work {
				c := open(col.name)
				if c == nil {
					continue
				}
				err := p.read(col, r, c, step)
				if err == nil {
					err = done(c)
				}
				if err != nil {
					fail(fmt.Errorf("%s: column %q: %w", p.path, col.name, err))
					return
				}
			}
		})
	}
feed:
	for _, col := range p.columns {
		select {
		case work <- col:
		case <-stop:
			break feed
		}
	}
	close(work)
	wg.Wait()
	return first
}

// read counts one column, page by page.
func (p *parquetFile) read(col parquetColumn, r *pageReader, c *column, step func(rows int64)) error {
	for _, group := range p.parquet.RowGroups() {
		pages := group.ColumnChunks()[col.index].Pages()
		r.dict = nil
		for {
			page, err := pages.ReadPage()
			if errors.Is(err, io.EOF) {
				break
			}
			if err == nil {
				err = r.count(col, page, c)
				step(page.NumRows())
				parquet.Release(page)
			}
			if err != nil {
				return errors.Join(err, pages.Close())
			}
		}
		if err := pages.Close(); err != nil {
			return err
		}
	}
	return nil
}

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
		out = decimals(out, col, page)
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

// decimals reads decimals that are written as big-endian bytes.
func decimals(out []float64, col parquetColumn, page parquet.Page) []float64 {
	data := page.Data()
	read := func(b []byte) { out = append(out, tables.DecimalOf(b)*col.scale) }
	if col.kind == parquet.ByteArray {
		bytes, offsets := data.ByteArray()
		for i := 1; i < len(offsets); i++ {
			read(bytes[offsets[i-1]:offsets[i]])
		}
		return out
	}
	bytes, size := data.FixedLenByteArray()
	for i := 0; size > 0 && i+size <= len(bytes); i += size {
		read(bytes[i : i+size])
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
	c.kinds[plumbline.String] += int64(len(indexes))
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

// unplaced is a word of a dictionary that no row has held yet.
const unplaced = -3

// follow counts indexes, and their classes in the order of rows.
func (d *dictionary) follow(indexes []int32, o *order) {
	if o == nil {
		for _, i := range indexes {
			d.counts[i]++
		}
		return
	}
	for len(indexes) > 0 {
		k := min(o.room(), len(indexes))
		for _, i := range indexes[:k] {
			d.counts[i]++
			o.now.counts[d.class[i]&(slotsOfBlock-1)]++
		}
		o.advance(k)
		indexes = indexes[k:]
	}
}
