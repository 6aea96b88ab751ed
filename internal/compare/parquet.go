package compare

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sync"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

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
	half  bool    // a number of two bytes
	plus  bool    // an integer without a sign
}

func openParquet(path string) (*parquetFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
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
	pf, err := tables.OpenParquet(f, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(1<<18))
	if err != nil {
		return nil, err
	}
	p := &parquetFile{path: path, file: f, parquet: pf, left: map[string]string{}}
	for _, c := range pf.Root().Columns() {
		name := c.Name()
		if reserved[name] {
			continue
		}
		if why := tables.Unread(pf, c); why != "" {
			p.left[name] = why
			continue
		}
		col := parquetColumn{name: name, index: int(c.Index()), kind: c.Type().Kind(), scale: 1, most: byte(c.MaxDefinitionLevel()), half: tables.Half(pf, c)}
		if why := col.logical(c.Type()); why != "" {
			p.left[name] = why
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

// scan reads every column that open makes, a few at a time. done is called for each as it ends, from any of the goroutines.
func (p *parquetFile) scan(workers int, open func(at int) *column, done func(*column) error, step func(rows int64)) error {
	work := make(chan int)
	stop := make(chan struct{})
	var first error
	var once sync.Once
	fail := func(err error) { once.Do(func() { first = err; close(stop) }) }
	var wg sync.WaitGroup
	for range max(1, workers) {
		wg.Go(func() {
			r := &pageReader{}
			for at := range work {
				c := open(at)
				if c == nil {
					continue
				}
				err := p.read(p.columns[at], r, c, step)
				if err == nil {
					err = done(c)
				}
				if err != nil {
					fail(fmt.Errorf("%s: column %q: %w", p.path, p.columns[at].name, err))
					return
				}
			}
		})
	}
feed:
	for at := range p.columns {
		select {
		case work <- at:
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
	return tables.Guard(func() error { return p.readPages(col, r, c, step) })
}

func (p *parquetFile) readPages(col parquetColumn, r *pageReader, c *column, step func(rows int64)) error {
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

// isParquet reports whether a file is read as Parquet.
func isParquet(path, format string) bool {
	if format == "" || format == tables.Auto {
		ext := filepath.Ext(path)
		return ext == ".parquet" || ext == ".pq"
	}
	return format == tables.Parquet
}
