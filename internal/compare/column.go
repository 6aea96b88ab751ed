package compare

import (
	"math"
	"slices"
	"strings"
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
	kinds   [plumbline.Vector + 1]int64

	raw      *raw              // keeps values, and then nothing else is counted
	sampler  *sampler          // of whole rows; nil: not kept
	decimals map[float64]int32 // places of numbers that are categories
}

// held are the first rows of a reference's column.
type held struct {
	most  int // rows to hold back
	kinds []plumbline.ValueKind
	nums  []float64 // of a string its place in texts
	texts []string
	index map[string]int32
	bytes int
}

// firstRows is how many rows decide a column's type and cells.
const firstRows = 16384

func newColumn(name string, first int) *column {
	return &column{name: name, held: &held{most: first, index: map[string]int32{}}}
}

// like makes the current side's column of a finished reference.
func (r *frozen) like() *column {
	c := &column{name: r.name, typ: r.typ}
	switch {
	case r.typ == plumbline.TypeAuto:
		return newColumn(r.name, firstRows)
	case r.typ.Numeric():
		c.nums = newNumbers(r.frame)
	default:
		c.names = r.levels.like()
	}
	return c
}

func (h *held) put(k plumbline.ValueKind, x float64, s string) {
	if k == plumbline.String {
		i, ok := h.index[s]
		if !ok {
			i = int32(len(h.texts))
			s = strings.Clone(s)
			h.texts, h.index[s] = append(h.texts, s), i
		}
		x = float64(i)
		h.bytes += len(s)
	}
	if h.kinds == nil {
		h.kinds, h.nums = make([]plumbline.ValueKind, 0, h.most/4), make([]float64, 0, h.most/4)
	}
	h.kinds, h.nums = append(h.kinds, k), append(h.nums, x)
}

func (c *column) hold(k plumbline.ValueKind, x float64, s string) {
	c.held.put(k, x, s)
	if len(c.held.kinds) >= c.held.most {
		c.decide()
	}
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
		c.kinds[plumbline.Invalid]++
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
		o.add(lostSlot, int(k))
	}
}

// none counts k rows without a value.
func (c *column) none(k int) {
	if c.raw != nil {
		c.raw.none(k)
		return
	}
	c.passed(int64(k))
	c.kinds[plumbline.Missing] += int64(k)
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
	c.kinds[plumbline.Number] += int64(len(xs))
	for len(xs) > 0 && c.held != nil {
		c.hold(plumbline.Number, xs[0], "")
		xs = xs[1:]
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
			} else {
				c.lose(&c.invalid, 1)
			}
		}
	}
}

// decimal counts a number that is a category.
func (c *column) decimal(x float64) {
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
		c.names.order.add(c.names.classOf(at), 1)
	}
}

func (c *column) text(s string) {
	if c.raw != nil {
		c.raw.text(s, false)
		return
	}
	c.passed(1)
	c.kinds[plumbline.String]++
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
}

func (c *column) boolean(b bool) {
	x := 0.0
	if b {
		x = 1
	}
	if c.raw != nil {
		c.raw.text(boolText(x), true)
		return
	}
	c.passed(1)
	c.kinds[plumbline.Bool]++
	if c.held != nil {
		c.hold(plumbline.Bool, x, "")
		return
	}
	c.countBool(x)
}

func (c *column) countBool(x float64) {
	switch c.typ {
	case plumbline.TypeCategory, plumbline.TypeBoolean:
		c.names.add(boolText(x), 1)
	default:
		c.lose(&c.invalid, 1)
	}
}

func (c *column) vector(norm float64) {
	c.passed(1)
	c.kinds[plumbline.Vector]++
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
	c.lose(&c.invalid, 1)
}

// decide fixes the type and the cells by the rows held back, and counts them. Rows without any value decide nothing.
func (c *column) decide() {
	h := c.held
	c.typ = h.infer(c.name)
	if c.typ == plumbline.TypeAuto {
		for _, k := range h.kinds {
			if k == plumbline.Missing {
				c.missing++
			} else {
				c.nan++
			}
		}
		c.held = &held{most: h.most, index: map[string]int32{}}
		return
	}
	c.held = nil
	if c.typ.Numeric() {
		c.nums = newNumbers(frameOf(h.sorted(c.typ)))
		c.nums.order = newOrder()
	} else {
		c.names = newLevels()
		for i, k := range h.kinds { // the most frequent get classes of their own
			if s, ok := h.category(i, k); ok {
				if at := c.names.place(s); at >= 0 {
					c.names.counts[at]++
				}
			}
		}
		c.names.follow()
		clear(c.names.counts)
	}
	for i, k := range h.kinds {
		switch x := h.nums[i]; k {
		case plumbline.Number:
			c.countNumbers([]float64{x})
		case plumbline.String:
			c.countText(h.texts[int(x)])
		case plumbline.Bool:
			c.countBool(x)
		case plumbline.Vector:
			c.countVector(x)
		case plumbline.Missing:
			c.lose(&c.missing, 1)
		default:
			c.lose(&c.invalid, 1)
		}
	}
}

// category is a row held back as a category; false if it is none.
func (h *held) category(row int, k plumbline.ValueKind) (string, bool) {
	switch x := h.nums[row]; {
	case k == plumbline.String:
		return h.texts[int(x)], true
	case k == plumbline.Bool:
		return boolText(x), true
	case k == plumbline.Number && x-x == 0:
		return profiles.Decimal(x), true
	}
	return "", false
}

func boolText(x float64) string {
	if x != 0 {
		return "true"
	}
	return "false"
}

// sorted returns the numbers that a type counts, ascending.
func (h *held) sorted(t plumbline.FeatureType) []float64 {
	var out []float64
	for i, k := range h.kinds {
		x := h.nums[i]
		switch {
		case t == plumbline.TypeNumber && k == plumbline.Number, t == plumbline.TypeEmbedding && k == plumbline.Vector:
		case t == plumbline.TypeText && k == plumbline.String:
			x = float64(utf8.RuneCountInString(h.texts[int(x)]))
		default:
			continue
		}
		if x-x == 0 {
			out = append(out, x)
		}
	}
	slices.Sort(out)
	return out
}

// infer is the type most values speak for, as for a baseline; TypeAuto if there are none.
func (h *held) infer(name string) plumbline.FeatureType {
	var of [plumbline.Vector + 1]int
	nan := map[int32]bool{} // spellings of NaN and infinity speak for no type
	for s, i := range h.index {
		if plumbline.SpellsNaN(s) || plumbline.SpellsInf(s) {
			nan[i] = true
		}
	}
	distinct := map[float64]bool{}
	small := true // numbers look like classes
	for i, k := range h.kinds {
		x := h.nums[i]
		switch {
		case k == plumbline.String && nan[int32(x)], k == plumbline.Number && x-x != 0:
			continue
		case k == plumbline.Number && small:
			distinct[x] = true
			small = x >= 0 && x < 1000 && x == math.Trunc(x) && len(distinct) <= 100
		}
		of[k]++
	}
	numbers, texts, bools, vectors := of[plumbline.Number], of[plumbline.String], of[plumbline.Bool], of[plumbline.Vector]
	switch most := max(numbers, texts, bools, vectors); {
	case most == 0 && len(h.texts) > 0:
		return plumbline.TypeCategory
	case most == 0:
		return plumbline.TypeAuto
	case most == numbers:
		if small && (name == "prediction" || name == "label") {
			return plumbline.TypeCategory
		}
		return plumbline.TypeNumber
	case most == texts:
		if h.bytes > 48*texts || len(h.texts) > 1000 && len(h.texts) > texts/2 {
			return plumbline.TypeText
		}
		return plumbline.TypeCategory
	case most == bools:
		return plumbline.TypeBoolean
	}
	return plumbline.TypeEmbedding
}

// spoken is the type most of all values speak for, whatever they were counted as.
func (c *column) spoken() plumbline.FeatureType {
	numbers, texts, bools, vectors := c.kinds[plumbline.Number]-c.nan, c.kinds[plumbline.String], c.kinds[plumbline.Bool], c.kinds[plumbline.Vector]
	if c.nums != nil {
		numbers -= c.nums.nan
	}
	switch most := max(numbers, texts, bools, vectors); {
	case most <= 0:
		return plumbline.TypeAuto
	case most == numbers:
		return plumbline.TypeNumber
	case most == texts:
		return plumbline.TypeCategory
	case most == bools:
		return plumbline.TypeBoolean
	}
	return plumbline.TypeEmbedding
}

// frozen is a finished reference's column: its counts on final cells, and what the current side needs to count alike.
type frozen struct {
	name    string
	typ     plumbline.FeatureType
	spoken  plumbline.FeatureType
	frame   frame
	cut     cut
	values  []string // categories in the order of sample.Counts
	levels  *levels
	sample  profiles.Sample
	order   *order
	rows    []float64 // sampled
	present int64     // rows that could have carried the column
}

// finish ends a reference's column. absent is the number of rows that did not even name it.
func (c *column) finish(absent int64) *frozen {
	if c.held != nil && len(c.held.kinds) > 0 {
		c.decide()
	}
	f := &frozen{name: c.name, typ: c.typ, spoken: c.spoken(), present: c.rows + absent}
	switch {
	case c.nums != nil:
		f.frame, f.cut, f.order = c.nums.frame, c.nums.freeze(), c.nums.order
		f.sample = c.nums.sample(f.cut)
	case c.names != nil:
		f.levels, f.values, f.order = c.names, c.names.names, c.names.order
		f.sample = c.names.sample()
	}
	c.amend(&f.sample, absent)
	f.rows = c.sampledRows(absent)
	return f
}

// against ends the current side's column on the reference's cells.
func (c *column) against(r *frozen, absent int64) profiles.Sample {
	var s profiles.Sample
	switch {
	case c.nums != nil:
		s = c.nums.sample(r.cut)
	case c.names != nil:
		s = c.names.sample()
	}
	c.amend(&s, absent)
	return s
}

// sampledRows ends the sample with the rows that did not name the column.
func (c *column) sampledRows(absent int64) []float64 {
	if c.sampler == nil {
		return nil
	}
	c.sampler.none(c.rows, absent)
	return c.sampler.kept
}

func (c *column) amend(s *profiles.Sample, absent int64) {
	s.Missing += c.missing + c.nan + absent
	s.NaN += c.nan
	s.Invalid += c.invalid
}
