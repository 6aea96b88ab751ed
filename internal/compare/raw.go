package compare

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"plumbline"
	"plumbline/detectors/incumbents"
	"plumbline/profiles"
)

// raw keeps a column's values, row by row: numbers, and from the first text on categories.
type raw struct {
	nums   []float64 // NaN where a row has no number
	codes  []int32   // nil while all are numbers; -1 where a row has no value
	levels []string
	index  map[string]int32
	bools  bool // all categories are true and false
	parted bool // some numbers are not whole
	lost   bool // a row has no value
}

// maxRaw bounds the values kept of a file that is read row by row, rows without one among them.
var maxRaw = 50_000_000 // fewer in tests

func (r *raw) numbers(xs []float64) {
	if r.codes != nil {
		for _, x := range xs {
			if x != x {
				r.none(1)
			} else {
				r.text(profiles.Decimal(x), false)
			}
		}
		return
	}
	for _, x := range xs {
		if x != x {
			r.lost = true
		} else if x != math.Trunc(x) {
			r.parted = true
		}
	}
	r.nums = append(r.nums, xs...)
}

func (r *raw) none(k int) {
	r.lost = true
	for range k {
		if r.codes != nil {
			r.codes = append(r.codes, -1)
		} else {
			r.nums = append(r.nums, math.NaN())
		}
	}
}

func (r *raw) text(s string, boolean bool) {
	if r.codes == nil {
		nums := r.nums
		r.nums, r.codes, r.index, r.bools = nil, make([]int32, 0, cap(nums)), map[string]int32{}, true
		r.numbers(nums)
	}
	r.bools = r.bools && boolean
	i, ok := r.index[s]
	if !ok {
		i = int32(len(r.levels))
		s = strings.Clone(s)
		r.levels, r.index[s] = append(r.levels, s), i
	}
	r.codes = append(r.codes, i)
}

func (r *raw) rows() int { return max(len(r.nums), len(r.codes)) }

// pad adds rows at the end that did not name the column.
func (r *raw) pad(rows int) {
	if k := rows - r.rows(); k > 0 {
		r.none(k)
	}
}

// finite returns the numbers alone.
func (r *raw) finite() []float64 {
	out := make([]float64, 0, len(r.nums))
	for _, x := range r.nums {
		if x-x == 0 {
			out = append(out, x)
		}
	}
	return out
}

// column is the column as other tools see it.
func (r *raw) column() incumbents.Column {
	if r.codes != nil {
		return incumbents.Column{Codes: r.codes, Levels: r.levels, Boolean: r.bools}
	}
	c := incumbents.Numbers(r.nums)
	c.Integer = !r.parted && !r.lost
	return c
}

// rawFile gives a file's columns, value by value.
type rawFile struct {
	parquet *parquetFile    // read a column at a time
	columns map[string]*raw // of other files, all of them
}

func openRaw(ctx context.Context, path, format string, wanted map[string]bool, step func(string, int64, int64)) (*rawFile, error) {
	if isParquet(path, format) {
		p, err := openParquet(path)
		return &rawFile{parquet: p}, err
	}
	f := &rawFile{columns: map[string]*raw{}}
	kept, rows := 0, 0
	put := func(name string, v *plumbline.Value) {
		if !wanted[name] {
			return
		}
		r := f.columns[name]
		if r == nil {
			r = &raw{}
			f.columns[name] = r
		}
		if r.rows() >= rows { // a name twice in a row: the first stands
			return
		}
		kept += rows - r.rows()
		r.pad(rows - 1)
		switch v.Kind {
		case plumbline.Number, plumbline.Vector:
			r.numbers([]float64{v.Num})
		case plumbline.String:
			if r.codes == nil && plumbline.SpellsNaN(v.Str) {
				r.none(1)
			} else {
				r.text(v.Str, false)
			}
		case plumbline.Bool:
			r.text(strconv.FormatBool(v.Num != 0), true)
		default:
			r.none(1)
		}
	}
	err := scanRows(path, format, newColumnSet(nil), step, func(rec *plumbline.Record) error {
		if rec.Kind == plumbline.Label {
			return nil
		}
		rows++
		for i := range rec.Features {
			put(rec.Features[i].Name, &rec.Features[i].Value)
		}
		put("prediction", &rec.Prediction)
		put("score", &rec.Score)
		put("label", &rec.Label)
		if kept > maxRaw {
			return tooManyValues(path)
		}
		if rows%1024 == 0 {
			return ctx.Err()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, r := range f.columns {
		if kept += rows - r.rows(); kept > maxRaw {
			return nil, tooManyValues(path)
		}
		r.pad(rows)
	}
	return f, nil
}

func tooManyValues(path string) error {
	return fmt.Errorf("%s: to compare value by value every value is kept, and this file has more than %d: choose --columns, or write it as Parquet, which is read a column at a time", path, maxRaw)
}

// column reads one column.
func (f *rawFile) column(name string, reader *pageReader) (*raw, error) {
	if f.parquet == nil {
		r := f.columns[name]
		if r == nil {
			r = &raw{}
		}
		return r, nil
	}
	for _, col := range f.parquet.columns {
		if col.name != name {
			continue
		}
		c := &column{name: name, raw: &raw{}}
		if err := f.parquet.read(col, reader, c, func(int64) {}); err != nil {
			return nil, fmt.Errorf("%s: column %q: %w", f.parquet.path, name, err)
		}
		c.raw.parted = c.raw.parted || !col.whole() // a double that is whole is no integer
		return c.raw, nil
	}
	return &raw{}, nil
}

func (f *rawFile) close() error {
	if f.parquet == nil {
		return nil
	}
	return f.parquet.close()
}
