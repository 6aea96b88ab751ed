package profiles

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"plumbline"
	"plumbline/profiles/projection"
)

// column holds every value of one feature in a builder.
type column struct {
	key   Key
	typ   plumbline.FeatureType
	pii   bool
	hash  uint64                // of an input that is part of rows, to hash them with
	kinds []plumbline.ValueKind // by row; shorter than the rows if the rest is missing
	nums  []float64             // for a string its place in texts
	texts []text
	index map[string]int32
	tally [plumbline.Vector + 1]int
	bytes int64 // of all strings

	vectors vectorSample
}

type text struct {
	s string // shortened
	textCounts
}

func newColumn(k Key) *column {
	k.Name = strings.Clone(k.Name)
	return &column{key: k, index: map[string]int32{}}
}

// put sets the value of a row; of two values of one row the last wins.
func (c *column) put(row int, v *plumbline.Value) {
	if v.Kind == plumbline.Missing && row >= len(c.kinds) {
		return // trailing missing values take no room
	}
	for len(c.kinds) <= row {
		c.kinds = append(c.kinds, plumbline.Missing)
		c.nums = append(c.nums, 0)
		c.tally[plumbline.Missing]++
	}
	c.tally[c.kinds[row]]--
	x := v.Num
	if v.Kind == plumbline.String {
		s := Shorten(v.Str)
		i, ok := c.index[s]
		if !ok {
			i = int32(len(c.texts))
			s = strings.Clone(s)
			c.texts = append(c.texts, text{s, countText(v.Str)})
			c.index[s] = i
		}
		x = float64(i)
		c.bytes += int64(len(v.Str))
	}
	c.vectors.put(row, v)
	c.kinds[row], c.nums[row] = v.Kind, x
	c.tally[v.Kind]++
}

func (c *column) count(k plumbline.ValueKind) int { return c.tally[k] }

// value returns the value of a row. A text that is counted by its length is made up again in that length.
func (c *column) value(row int) plumbline.Value {
	if row >= len(c.kinds) {
		return plumbline.Value{}
	}
	k, x := c.kinds[row], c.nums[row]
	if k != plumbline.String {
		v := plumbline.Value{Kind: k, Num: x}
		if k == plumbline.Vector {
			c.vectors.fill(row, &v)
		}
		return v
	}
	t := c.texts[int(x)]
	if c.typ == plumbline.TypeText && len(t.s) > maxText-maxText/4 { // perhaps shortened
		return plumbline.Value{Kind: k, Str: t.sample()}
	}
	return plumbline.Value{Kind: k, Str: t.s}
}

// votes are what the column's values say about its type.
func (c *column) votes() Votes {
	v := Votes{Numbers: int64(c.count(plumbline.Number)), Booleans: int64(c.count(plumbline.Bool)), Vectors: int64(c.count(plumbline.Vector)), Bytes: c.bytes}
	rows := make([]int64, len(c.texts))
	for i, k := range c.kinds {
		if k == plumbline.String {
			rows[int(c.nums[i])]++
		}
	}
	for i, t := range c.texts {
		v.Text(t.s, rows[i])
	}
	return v
}

// allNumbers passes the numbers in the order of their rows.
func (c *column) allNumbers(yield func(float64) bool) {
	for i, k := range c.kinds {
		if k == plumbline.Number && !yield(c.nums[i]) {
			return
		}
	}
}

// freeze makes the column's cells: a grid at the quantiles of its numbers, or its most frequent categories.
func (c *column) freeze() BaselineFeature {
	f := BaselineFeature{Name: c.key.Name, Role: c.key.Role.String(), Type: c.typ, PII: c.pii}
	if categorical(c.typ) {
		c.freezeCategories(&f)
		return f
	}
	if c.typ == plumbline.TypeEmbedding && !c.pii {
		f.Projection = c.vectors.fit()
	}
	f.freeze(c.numbers(f.Projection), c.key.Role == Runtime)
	return f
}

// freeze makes the cells of a number from its values, ascending.
func (f *BaselineFeature) freeze(x []float64, logGrid bool) {
	if f.LogGrid = logGrid; !logGrid {
		f.Edges = QuantileGrid(x).Edges
	}
	if len(x) > 0 {
		mean := x[0] + sum(x, func(v float64) float64 { return (v - x[0]) / float64(len(x)) })
		sd := 0.0
		if len(x) > 1 {
			sd = math.Sqrt(sum(x, func(v float64) float64 { return (v - mean) * (v - mean) }) / float64(len(x)-1))
		}
		shift := shiftFor(mean, sd)
		if !finite(shift) {
			shift = 0
		}
		f.Shift = &shift
	}
}

// numbers returns the finite numbers the column will be counted with, ascending; vectors of another dimension than the projection's
// will not be.
func (c *column) numbers(p *projection.Projection) []float64 {
	x := make([]float64, 0, len(c.nums))
	for i, k := range c.kinds {
		v := c.nums[i]
		switch {
		case c.typ == plumbline.TypeNumber && k == plumbline.Number:
		case c.typ == plumbline.TypeEmbedding && k == plumbline.Vector && (p == nil || c.vectors.dim(i) == p.Dim):
		case c.typ == plumbline.TypeText && k == plumbline.String:
			v = float64(c.texts[int(v)].runes)
		default:
			continue
		}
		if finite(v) {
			x = append(x, v)
		}
	}
	slices.Sort(x)
	return x
}

// sum adds with Neumaier's compensation.
func sum(x []float64, f func(float64) float64) float64 {
	var s, c float64
	for _, v := range x {
		y := f(v)
		t := s + y
		if math.Abs(s) >= math.Abs(y) {
			c += (s - t) + y
		} else {
			c += (y - t) + s
		}
		s = t
	}
	return s + c
}

func (c *column) freezeCategories(f *BaselineFeature) {
	counts := map[string]int64{}
	for i, k := range c.kinds {
		var s string
		switch k {
		case plumbline.String:
			s = c.texts[int(c.nums[i])].s
		case plumbline.Number:
			if !finite(c.nums[i]) {
				continue
			}
			s = Decimal(c.nums[i])
		case plumbline.Bool:
			s = strconv.FormatBool(c.nums[i] != 0)
		default:
			continue
		}
		if c.pii {
			s = hexHash(s)
		}
		counts[s]++
	}
	all := make([]Category, 0, len(counts))
	for s, n := range counts {
		all = append(all, Category{s, n})
	}
	slices.SortFunc(all, ByCount)
	f.Categories = all
	if len(all) <= maxCategories {
		return
	}
	f.Categories = all[:maxCategories:maxCategories]
	rest := all[maxCategories:]
	rest = rest[:min(len(rest), maxOtherHashes)]
	hashes := make([]uint64, len(rest))
	for i, r := range rest {
		hashes[i] = hash64(r.Value)
	}
	f.OtherHashes = encodeHashes(hashes)
}

// number is the number of a row, NaN if it has none.
func (c *column) number(row int) float64 {
	if row >= len(c.kinds) || c.kinds[row] != plumbline.Number {
		return math.NaN()
	}
	return c.nums[row]
}
