package decode

import (
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"unsafe"

	"plumbline"
)

// number scans a numeric literal, or a bare word after a minus, into v.
func (d *Decoder) number(i int, v *plumbline.Value) int {
	b, start := d.b, i
	neg := b[i] == '-'
	if neg {
		i++
	}
	// m is the digits as an integer (modulo 2^64 if there are more than 19), exp the power of ten it is scaled by.
	var m uint64
	exp, digits := 0, 0
	switch {
	case i >= len(b):
		return d.syntax(i, "")
	case b[i] == '0':
		i++
	case isDigit(b[i]):
		first := i
		m, i = integer(b, i, 0)
		digits = i - first
	default:
		return d.bare(start, v)
	}
	if i < len(b) && b[i] == '.' {
		i++
		point := i
		if m == 0 {
			for i < len(b) && b[i] == '0' {
				i++
			}
		}
		first := i
		if m, i = integer(b, i, m); i == point {
			return d.syntax(i, "a number has no digits after its point")
		}
		digits += i - first
		exp = point - i
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		e := 0
		if e, i = d.exponent(i + 1); i < 0 {
			return i
		}
		exp += e
	}
	if i-start > d.lim.MaxNumber {
		return d.fail(plumbline.ReasonNumberLength, start, "a number is longer than the limit")
	}
	f, ok := 0.0, false
	if digits <= 19 {
		f, ok = scale(m, exp)
	}
	if !ok {
		f, _ = strconv.ParseFloat(unsafe.String(unsafe.SliceData(b[start:]), i-start), 64)
	} else if neg {
		f = -f
	}
	if math.IsInf(f, 0) {
		*v = plumbline.Value{Kind: plumbline.Invalid}
		return i
	}
	*v = plumbline.Value{Kind: plumbline.Number, Num: f}
	return i
}

// integer reads digits behind those that m was made of.
func integer(b []byte, i int, m uint64) (_ uint64, next int) {
	for ; uint(i) < uint(len(b)); i++ {
		c := b[i] - '0'
		if c > 9 {
			break
		}
		m = m*10 + uint64(c)
	}
	return m, i
}

func isDigit(c byte) bool { return c-'0' <= 9 }

// exponent scans what follows the e of a number. An exponent of more than four digits is not exact, only as hopeless.
func (d *Decoder) exponent(i int) (e, next int) {
	neg := d.has(i, '-')
	if neg || d.has(i, '+') {
		i++
	}
	first := i
	for i < len(d.b) && isDigit(d.b[i]) {
		if e < 10_000 {
			e = e*10 + int(d.b[i]-'0')
		}
		i++
	}
	if i == first {
		return 0, d.syntax(i, "a number has no digits in its exponent")
	}
	if neg {
		e = -e
	}
	return e, i
}

// powersOfTen are the powers of ten that a float64 holds exactly.
var powersOfTen = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
	1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// scale returns the float64 nearest to m·10^exp, or false if it would take more work to be sure of it.
//
// Where m and the power of ten are both exact, one multiplication or division rounds once (Clinger, "How to Read Floating
// Point Numbers Accurately", 1990). Elsewhere the idea is Eisel and Lemire's ("Number Parsing at a Gigabyte per Second",
// 2021) with a plainer test: the product of m with 64 truncated bits of 5^exp is known to 64 bits but for the last; where
// that bit can't change how the upper 53 round, they are the answer.
func scale(m uint64, exp int) (float64, bool) {
	if m == 0 {
		return 0, true
	}
	if m <= 1<<53 && -22 <= exp && exp <= 22 {
		if exp < 0 {
			return float64(m) / powersOfTen[-exp], true
		}
		return float64(m) * powersOfTen[exp], true
	}
	if exp < -maxFive || exp > maxFive {
		return 0, false
	}
	five := &fives[exp+maxFive]
	zeros := bits.LeadingZeros64(m)
	// hi·2^64 ≤ (m<<zeros)·5^exp (normalised) < (hi+2)·2^64, and hi has 63 or 64 bits.
	hi, _ := bits.Mul64(m<<zeros, five.bits)
	drop := 9 + int(hi>>63) // leaves 53 bits and the one that rounds
	rest, top := hi&(1<<drop-1), hi>>drop
	if rest == 1<<drop-1 || rest == 0 && top&1 == 1 {
		return 0, false
	}
	two := five.exp + exp - zeros + 64 + drop + 1
	return float64((top+1)>>1) * math.Float64frombits(uint64(1023+two)<<52), true
}

// maxFive bounds the table of powers of five. Within it every product with 64 bits is a normal float64.
const maxFive = 64

// fives holds 5^n for n from -maxFive to maxFive as bits·2^exp, bits truncated to 64 with the highest one set.
var fives = func() (table [2*maxFive + 1]struct {
	bits uint64
	exp  int
}) {
	power := big.NewInt(1)
	for n := 0; n <= maxFive; n++ {
		size := power.BitLen()
		up := &table[maxFive+n]
		up.bits, up.exp = new(big.Int).Rsh(new(big.Int).Lsh(power, 64), uint(size)).Uint64(), size-64
		if n > 0 {
			down := &table[maxFive-n]
			one := new(big.Int).Lsh(big.NewInt(1), uint(63+size))
			down.bits, down.exp = one.Quo(one, power).Uint64(), -63-size
		}
		power.Mul(power, big.NewInt(5))
	}
	return table
}()

// vector scans an array into v: the Euclidean norm, the dimension and the text if all elements are finite numbers, else invalid.
func (d *Decoder) vector(i int, v *plumbline.Value) int {
	start := i
	if i = d.open(i); i < 0 {
		return i
	}
	*v = plumbline.Value{Kind: plumbline.Invalid}
	if d.has(i, ']') {
		d.depth--
		return i + 1
	}
	var squares, rough float64
	n, valid := int32(0), true
	for more := true; more; {
		var e plumbline.Value
		if d.has(i, '"') {
			i = d.skip(i)
		} else {
			i = d.value(i, &e)
		}
		if i < 0 {
			return i
		}
		switch a := math.Abs(e.Num); {
		case e.Kind != plumbline.Number:
			valid = false
		case a > 1e140 || a < 1e-140: // its square may be out of range
			rough = math.Hypot(rough, a)
		default:
			squares += a * a
		}
		n++
		if i, more = d.next(i, ']'); i < 0 {
			return i
		}
	}
	if norm := math.Hypot(math.Sqrt(squares), rough); valid && !math.IsInf(norm, 0) {
		*v = plumbline.Value{Kind: plumbline.Vector, Num: norm, Len: n, Str: unsafe.String(&d.b[start], i-start)}
	}
	return i
}
