package compare

import (
	"math"
	"strconv"
	"unicode/utf8"

	"plumbline"
	"plumbline/profiles"
)

// column summarises one column of one file. On the reference's side the first rows are held back until they have decided its type and
// where its cells are finest; on the current side the reference has decided both.
type column struct {
	name  string
	typ   plumbline.FeatureType // TypeAuto until it is decided
	held  *held                 // nil once the type is decided
	nums  *numbers              // of numbers, lengths of texts, norms of embeddings
	names *levels               // of categories and booleans

	rows    int64 // values of any kind, and none
	missing int64 // without NaN
	nan     int64
	invalid int64
	votes   profiles.Votes // of values that its own type does not count apart: see spoken

	raw      *raw              // keeps values, and then nothing else is counted
	sampler  *sampler          // of whole rows; nil: not kept
	decimals map[float64]int32 // places of numbers that are categories
}

func newColumn(name string, first int) *column {
	return &column{name: name, held: &held{most: first, index: map[string]int32{}}}
}

// value counts one value of a row.
func (c *column) value(v *plumbline.Value) {
	switch v.Kind {
	case plumbline.Number:
		c.numbers([]float64{v.Num})
	case plumbline.String:
		c.text(v.Str)
	case plumbline.Bool:
		c.boolean(v.Num != 0)
	case plumbline.Vector:
		c.vector(v.Num)
	case plumbline.NaN:
		c.numbers([]float64{math.NaN()})
	case plumbline.Missing:
		c.none(1)
	default:
		c.passed(1)
		if c.held != nil {
			c.hold(plumbline.Invalid, 0, "")
			return
		}
		c.lose(&c.invalid, 1)
	}
}

// passed counts rows without a number.
func (c *column) passed(k int64) {
	if c.sampler != nil {
		c.sampler.none(c.rows, k)
	}
	c.rows += k
}

// lose counts rows that have no value to count.
func (c *column) lose(why *int64, k int64) {
	*why += k
	var o *order
	switch {
	case c.nums != nil:
		o = c.nums.order
	case c.names != nil:
		o = c.names.order
	}
	if o != nil {
		o.none(int(k))
	}
}

// none counts k rows without a value.
func (c *column) none(k int) {
	if c.raw != nil {
		c.raw.none(k)
		return
	}
	c.passed(int64(k))
	for ; k > 0 && c.held != nil; k-- {
		c.hold(plumbline.Missing, 0, "")
	}
	if k > 0 {
		c.lose(&c.missing, int64(k))
	}
}

// numbers counts a stretch of numbers; NaN is missing.
func (c *column) numbers(xs []float64) {
	if c.raw != nil {
		c.raw.numbers(xs)
		return
	}
	if c.sampler != nil {
		c.sampler.numbers(c.rows, xs)
	}
	c.rows += int64(len(xs))
	for len(xs) > 0 && c.held != nil {
		xs = c.holdNumbers(xs)
	}
	if len(xs) > 0 {
		c.countNumbers(xs)
	}
}

func (c *column) countNumbers(xs []float64) {
	switch c.typ {
	case plumbline.TypeNumber:
		c.nums.add(xs)
	case plumbline.TypeCategory, plumbline.TypeBoolean:
		for _, x := range xs {
			switch {
			case x != x:
				c.lose(&c.nan, 1)
			case x-x != 0:
				c.lose(&c.invalid, 1)
			default:
				c.decimal(x)
			}
		}
	default:
		for _, x := range xs {
			if x != x {
				c.lose(&c.nan, 1)
				continue
			}
			if x-x == 0 {
				c.votes.Numbers++
			}
			c.lose(&c.invalid, 1)
		}
	}
}

// decimal counts a number that is a category.
func (c *column) decimal(x float64) {
	c.votes.Numbers++
	at, ok := c.decimals[x]
	if !ok {
		at = c.names.place(profiles.Decimal(x))
		if c.decimals == nil {
			c.decimals = map[float64]int32{}
		}
		if len(c.decimals) < maxLevels && at >= 0 {
			c.decimals[x] = at
		}
	}
	c.names.count(at, 1)
	if c.names.order != nil {
		c.names.order.value(c.names.classOf(at), 1)
	}
}

func (c *column) text(s string) {
	if c.raw != nil {
		c.raw.text(s, false)
		return
	}
	c.passed(1)
	if c.held != nil {
		c.hold(plumbline.String, 0, s)
		return
	}
	c.countText(s)
}

func (c *column) countText(s string) {
	switch c.typ {
	case plumbline.TypeCategory, plumbline.TypeBoolean:
		c.names.add(s, 1)
		return
	case plumbline.TypeText:
		c.nums.add([]float64{float64(utf8.RuneCountInString(s))})
	case plumbline.TypeNumber:
		if plumbline.SpellsNaN(s) {
			c.lose(&c.nan, 1)
			return
		}
		c.lose(&c.invalid, 1)
	default:
		c.lose(&c.invalid, 1)
	}
	c.votes.Text(s, 1)
}

func (c *column) boolean(b bool) {
	x := 0.0
	if b {
		x = 1
	}
	if c.raw != nil {
		c.raw.text(strconv.FormatBool(b), true)
		return
	}
	c.passed(1)
	if c.held != nil {
		c.hold(plumbline.Bool, x, "")
		return
	}
	c.countBool(x)
}

func (c *column) countBool(x float64) {
	c.votes.Booleans++
	switch c.typ {
	case plumbline.TypeCategory, plumbline.TypeBoolean:
		c.names.add(strconv.FormatBool(x != 0), 1)
	default:
		c.lose(&c.invalid, 1)
	}
}

func (c *column) vector(norm float64) {
	c.passed(1)
	if c.held != nil {
		c.hold(plumbline.Vector, norm, "")
		return
	}
	c.countVector(norm)
}

func (c *column) countVector(norm float64) {
	if c.typ == plumbline.TypeEmbedding {
		c.nums.add([]float64{norm})
		return
	}
	c.votes.Vectors++
	c.lose(&c.invalid, 1)
}
