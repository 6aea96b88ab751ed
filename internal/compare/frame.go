package compare

import "math"

// frame is what both sides' cells must have in common.
type frame struct {
	shift float64
	fine  map[uint64]uint // bits of the mantissa for a sign and exponent, where leastBits are too few
	finer int             // cells that these are more
	blurs map[uint64]bool // signs and exponents for which even mostBits are too few
	marks []float64       // between the classes in which the order of rows is followed
}

const (
	leastBits = 8
	mostBits  = 18
	mostFiner = 1 << 20 // cells beyond those of leastBits
	classes   = 10      // cells in which the order of rows is followed
)

// frameOf fits a frame to the first values, which are sorted: the shift is their median, the resolution such that no cell holds more
// than one in 512 of them unless they are all the same.
func frameOf(sorted []float64) frame {
	f := frame{}
	n := len(sorted)
	if n == 0 {
		return f
	}
	if f.shift = sorted[n/2]; math.Abs(f.shift) >= 0x1p970 { // the difference to a number could be infinite
		f.shift = 0
	}
	for i := 1; i < classes; i++ {
		if q := sorted[i*n/classes]; q < sorted[n-1] && (len(f.marks) == 0 || q > f.marks[len(f.marks)-1]) {
			f.marks = append(f.marks, q)
		}
	}
	for i := 0; i < n; {
		slot := f.slot(sorted[i])
		j := i + 1
		for j < n && f.slot(sorted[j]) == slot {
			j++
		}
		f.refine(slot, sorted[i:j], max(n/512, 1))
		i = j
	}
	return f
}

// refine makes the cells of a sign and exponent so fine that none holds more than limit of its values unless they are all the same.
func (f *frame) refine(slot uint64, sorted []float64, limit int) {
	for !f.resolves(sorted, limit) {
		if f.fine == nil {
			f.fine, f.blurs = map[uint64]uint{}, map[uint64]bool{}
		}
		bits := f.bits(slot)
		if bits >= mostBits || f.finer >= mostFiner {
			f.blurs[slot] = true
			return
		}
		f.finer += 3 << bits
		f.fine[slot] = bits + 2
	}
}

func (f *frame) bits(slot uint64) uint { return max(f.fine[slot], leastBits) }

func (f *frame) slot(x float64) uint64 { return math.Float64bits(x-f.shift) >> 52 }

func (f *frame) resolves(sorted []float64, limit int) bool {
	for i := 0; i < len(sorted); {
		j, k := i, f.key(sorted[i])
		for j < len(sorted) && f.key(sorted[j]) == k {
			j++
		}
		if j-i > limit && sorted[i] != sorted[j-1] {
			return false
		}
		i = j
	}
	return true
}

// key numbers the cells in ascending order of their values.
func (f *frame) key(x float64) int64 {
	b := math.Float64bits(x - f.shift)
	down := 52 - f.bits(b>>52)
	return keyOf(b >> down << down)
}

// keyOf is the key of a cell by the bits it begins with, of its least value if that is positive.
func keyOf(bits uint64) int64 {
	k := int64(bits&^(1<<63)) >> (52 - mostBits)
	if bits>>63 != 0 && k != 0 { // minus zero is zero
		return -k - 1
	}
	return k
}

// top is the largest value of a cell.
func (f *frame) top(key int64) float64 {
	var u float64
	if key >= 0 {
		b := uint64(key) << (52 - mostBits)
		u = math.Float64frombits(b + 1<<(52-f.bits(b>>52)) - 1)
	} else {
		u = -math.Float64frombits(uint64(-key-1) << (52 - mostBits))
	}
	x := min(max(f.shift+u, -math.MaxFloat64), math.MaxFloat64)
	for range 4 { // the sum was rounded
		if f.key(x) <= key {
			break
		}
		x = math.Nextafter(x, math.Inf(-1))
	}
	for range 4 {
		y := math.Nextafter(x, math.Inf(1))
		if f.key(y) > key {
			break
		}
		x = y
	}
	return x
}

func (f *frame) classOf(x float64) uint8 {
	j := 0
	for j < len(f.marks) && x > f.marks[j] {
		j++
	}
	return uint8(j)
}
