package compare

import (
	"maps"
	"math"
	"slices"

	"plumbline/profiles"
)

// numbers counts doubles in cells that need no look at the data before: the leading bits of u = x - shift, that is its sign, its
// exponent and a few bits of its mantissa. Subtraction and the bits are monotone, so cells are intervals, finest around the shift,
// where the values are. Cells are cut at the reference's quantiles later, when all of them are known.
type numbers struct {
	frame
	n, nan, inf int64
	sums        [4]float64 // Σu^k
	min, max    float64
	whole       bool // all values are whole numbers
	// Where the cells of a sign and exponent begin, and the shift that leaves their number. Those of one are together, in the order
	// they were met; where there are none it is 0, which is nobody's.
	begin [1 << 12]uint32
	down  [1 << 12]uint8
	cells []uint32
	class []uint8              // of cells among marks, if the order of rows is followed
	order *order               // nil: row order is not followed
	late  map[uint64][]float64 // of the reference, by sign and exponent: values that wait until enough of them tell how fine cells must be
}

func newNumbers(f frame) *numbers {
	return &numbers{frame: f, min: math.Inf(1), max: math.Inf(-1), whole: true, cells: make([]uint32, 1), class: make([]uint8, 1)}
}

// openFor opens the cells of the values that the frame was fitted to.
func (c *numbers) openFor(sorted []float64) {
	for _, x := range sorted {
		if slot := c.slot(x); c.begin[slot] == 0 {
			c.open(slot)
		}
	}
}

// blurred is the share of values in cells that hold more than one in shareLate and could not be made finer, though their values differ.
func (c *numbers) blurred() float64 {
	var n int64
	for slot := range c.blurs {
		_, counts := c.of(int(slot))
		for _, k := range counts {
			if int64(k)*shareLate > c.n {
				n += int64(k)
			}
		}
	}
	return float64(n) / math.Max(1, float64(c.n))
}

// open makes the cells of a sign and exponent.
func (c *numbers) open(slot uint64) uint32 {
	bits := c.bits(slot)
	begin, n := uint32(len(c.cells)), 1<<bits
	c.begin[slot], c.down[slot] = begin, uint8(52-bits)
	c.cells = append(c.cells, make([]uint32, n)...)
	if c.order != nil {
		c.class = append(c.class, make([]uint8, n)...)
		class := c.class[begin:]
		for k := range class {
			class[k] = c.classOf(c.shift + math.Float64frombits(slot<<52|uint64(k)<<(52-bits)))
		}
	}
	return begin
}

// Values of a sign and exponent that the first values of the reference lacked.
const (
	enoughLate = 1024
	shareLate  = 128 // none of their cells may hold more than one in so many
)

// wait keeps a value of the reference whose cell is not open yet.
func (c *numbers) wait(slot uint64, x float64) {
	if c.late == nil {
		c.late = map[uint64][]float64{}
	}
	if c.late[slot] = append(c.late[slot], x); len(c.late[slot]) >= enoughLate {
		c.settle(slot)
	}
}

// settle opens the cells of values that waited, and counts them.
func (c *numbers) settle(slot uint64) {
	xs := c.late[slot]
	delete(c.late, slot)
	slices.Sort(xs)
	c.refine(slot, xs, enoughLate/shareLate)
	c.open(slot)
	c.place(xs)
}

// atOnce is how many values stay in a processor's nearest cache while they are looked at several times.
const atOnce = 2048

// add counts a stretch of values, in the order of their rows.
func (c *numbers) add(xs []float64) {
	for len(xs) > 0 {
		k := min(len(xs), atOnce)
		if c.order == nil {
			c.stretch(xs[:k], &block{})
		} else {
			t := &c.order.values
			k = min(k, t.room())
			t.advance(c.stretch(xs[:k], &t.now))
		}
		xs = xs[k:]
	}
}

// stretch counts values in a block of the order of rows, and returns how many are finite.
func (c *numbers) stretch(xs []float64, now *block) (finite int) {
	for len(xs) > 0 {
		var k int
		if c.order != nil {
			k = c.placeInOrder(xs, now)
			c.order.rows.add(givenSlot, k)
		} else {
			k = c.place(xs)
		}
		c.sum(xs[:k], now)
		finite += k
		if k == len(xs) {
			break
		}
		switch x := xs[k]; {
		case x != x:
			c.nan++
		case x-x != 0:
			c.inf++
		case c.order != nil:
			c.wait(c.slot(x), x)
			c.sum(xs[k:k+1], now)
			now.counts[c.classOf(x)]++
			c.order.rows.add(givenSlot, 1)
			finite++
			xs = xs[k+1:]
			continue
		default:
			c.open(c.slot(x))
			xs = xs[k:]
			continue
		}
		if c.order != nil {
			c.order.none(1)
		}
		xs = xs[k+1:]
	}
	return finite
}

// The loops below are where the time goes: each does little enough that everything stays in registers, and calls nothing.

// place counts values in their cells up to the first that has none yet, and returns how many those are.
func (c *numbers) place(xs []float64) int {
	shift, cells := c.shift, c.cells
	for k, x := range xs {
		b := math.Float64bits(x - shift)
		slot := b >> 52
		at := c.begin[slot]
		if at == 0 {
			return k
		}
		cells[uint64(at)+b<<12>>12>>(c.down[slot]&63)]++
	}
	return len(xs)
}

// placeInOrder is place, and counts the classes of the values too.
func (c *numbers) placeInOrder(xs []float64, now *block) int {
	shift, cells := c.shift, c.cells
	class := c.class[:len(cells)]
	for k, x := range xs {
		b := math.Float64bits(x - shift)
		slot := b >> 52
		at := c.begin[slot]
		if at == 0 {
			return k
		}
		i := uint64(at) + b<<12>>12>>(c.down[slot]&63)
		cells[i]++
		now.counts[class[i]&(slotsOfBlock-1)]++
	}
	return len(xs)
}

// sum adds the powers of finite values to the sums, and takes the values into the range. It takes two values at a time: their sums need
// not wait for each other.
func (c *numbers) sum(xs []float64, now *block) {
	c.n += int64(len(xs))
	shift, low, high := c.shift, c.min, c.max
	var s1, s2, s3, s4, t1, t2, t3, t4 float64
	for i := 1; i < len(xs); i += 2 {
		x, y := xs[i-1], xs[i]
		u, v := x-shift, y-shift
		d, e := float64(u*u), float64(v*v)
		s1, t1 = s1+u, t1+v
		s2, t2 = s2+d, t2+e
		s3, t3 = s3+float64(d*u), t3+float64(e*v)
		s4, t4 = s4+float64(d*d), t4+float64(e*e)
		if x < low || x > high || y < low || y > high {
			low, high = min(low, x, y), max(high, x, y)
		}
	}
	if len(xs)%2 > 0 {
		x := xs[len(xs)-1]
		u := x - shift
		d := float64(u * u)
		s1, s2, s3, s4 = s1+u, s2+d, s3+float64(d*u), s4+float64(d*d)
		low, high = min(low, x), max(high, x)
	}
	s1, s2, s3, s4 = s1+t1, s2+t2, s3+t3, s4+t4
	c.min, c.max = low, high
	for i, s := range [...]float64{s1, s2, s3, s4} {
		c.sums[i] += s
		now.sums[i] += s
	}
	for i := 0; c.whole && i < len(xs); i++ {
		c.whole = xs[i] == math.Trunc(xs[i])
	}
}

// cell is one of the cells that hold something.
type cell struct {
	key int64
	n   int64
}

// list returns the cells that hold something, in ascending order.
func (c *numbers) list() []cell {
	for _, slot := range slices.Sorted(maps.Keys(c.late)) {
		c.settle(slot)
	}
	const negative = len(c.begin) / 2 // slots from here on are those of negative numbers, the last being the least
	some := 0
	for _, n := range c.cells {
		if n > 0 {
			some++
		}
	}
	out := make([]cell, 0, some)
	for slot := len(c.begin) - 1; slot >= negative; slot-- {
		down, cells := c.of(slot)
		for k := len(cells) - 1; k >= 0; k-- {
			if n := cells[k]; n > 0 {
				out = append(out, cell{keyOf(uint64(slot)<<52 | uint64(k)<<down), int64(n)})
			}
		}
	}
	for slot := range negative {
		down, cells := c.of(slot)
		for k, n := range cells {
			if n > 0 {
				out = append(out, cell{keyOf(uint64(slot)<<52 | uint64(k)<<down), int64(n)})
			}
		}
	}
	return out
}

// of are the cells of a sign and exponent, and the shift that leaves their number.
func (c *numbers) of(slot int) (down uint8, cells []uint32) {
	begin, down := c.begin[slot], c.down[slot]
	if begin == 0 {
		return 0, nil
	}
	return down, c.cells[begin : begin+1<<(52-down)]
}

// cut is the reference's cells made final: cell j ends with the fine cell of keys[j].
type cut struct {
	keys  []int64
	edges []float64
}

// freeze cuts the listed cells at the quantiles of what was counted, and once more before the least and behind the greatest value, so
// that what lies outside the reference's range lies in cells of its own.
func (c *numbers) freeze(cells []cell) cut {
	if len(cells) == 0 {
		return cut{}
	}
	counts := make([]int64, len(cells))
	for i, x := range cells {
		counts[i] = x.n
	}
	var out cut
	add := func(key int64, edge float64) {
		if k := len(out.edges); edge-edge == 0 && (k == 0 || edge > out.edges[k-1] && key > out.keys[k-1]) {
			out.keys, out.edges = append(out.keys, key), append(out.edges, edge)
		}
	}
	below := math.Nextafter(c.min, math.Inf(-1))
	if c.whole && c.min-1 < c.min {
		below = c.min - 1
	}
	add(cells[0].key-1, below)
	for _, j := range profiles.QuantileCuts(counts) {
		edge := c.top(cells[j].key)
		if c.whole {
			edge = math.Floor(edge)
		}
		add(cells[j].key, min(edge, c.max))
	}
	add(cells[len(cells)-1].key, c.max)
	return out
}

// sample groups the listed cells by the final ones.
func (c *numbers) sample(cells []cell, to cut) profiles.Sample {
	s := profiles.Sample{N: c.n, Missing: c.nan, NaN: c.nan, Invalid: c.inf, Counts: make([]int64, len(to.keys)+1), Shift: c.shift, Sums: c.sums, Min: c.min, Max: c.max}
	j := 0
	for _, x := range cells {
		for j < len(to.keys) && x.key > to.keys[j] {
			j++
		}
		s.Counts[j] += x.n
	}
	if len(to.keys) > 0 {
		s.Below, s.Above = s.Counts[0], s.Counts[len(s.Counts)-1]
	}
	return s
}
