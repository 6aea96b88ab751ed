package projection

import (
	"math"
	"strconv"
)

// Parse appends the numbers of a JSON array of numbers to dst, each as strconv reads it. Not ok: text is no array of numbers, or one
// is not finite. It does not insist on JSON's grammar, which a decoder has checked.
func Parse(dst []float64, text string) (_ []float64, ok bool) {
	i, n := space(text, 0), len(text)
	if i >= n || text[i] != '[' {
		return dst, false
	}
	for i = space(text, i+1); ; i = space(text, i+1) {
		first := i
		x, ok := 0.0, false
		if x, i, ok = simple(text, i); !ok {
			for i = first; i < n && text[i] > ' ' && text[i] != ',' && text[i] != ']'; i++ {
			}
			f, err := strconv.ParseFloat(text[first:i], 64)
			if err != nil || f-f != 0 {
				return dst, false
			}
			x = f
		}
		dst = append(dst, x)
		if i = space(text, i); i >= n || text[i] != ',' {
			break
		}
	}
	return dst, i < n && text[i] == ']' && space(text, i+1) == n
}

func space(s string, i int) int {
	for i < len(s) && s[i] <= ' ' {
		i++
	}
	return i
}

// simple reads a number of at most 15 digits without an exponent: its digits and the power of ten are exact, so that one division
// rounds as it should.
func simple(s string, i int) (x float64, next int, ok bool) {
	neg := i < len(s) && s[i] == '-'
	if neg {
		i++
	}
	m, digits, point := uint64(0), 0, -1
	for ; i < len(s); i++ {
		c := s[i] - '0'
		if c > 9 {
			if s[i] != '.' || point >= 0 || digits == 0 {
				break
			}
			point = digits
			continue
		}
		m = m*10 + uint64(c)
		digits++
	}
	if digits == 0 || digits > 15 || digits == point || i < len(s) && (s[i]|0x20 == 'e' || s[i] == '.') {
		return 0, i, false
	}
	x = float64(m)
	if point >= 0 {
		x /= tens[digits-point]
	}
	if neg {
		x = math.Copysign(x, -1)
	}
	return x, i, true
}

var tens = [16]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}
