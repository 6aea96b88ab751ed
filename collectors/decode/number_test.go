package decode

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"plumbline"
)

// TestNumbers compares with strconv.ParseFloat, bit by bit, on literals of many shapes.
func TestNumbers(t *testing.T) {
	d := New(Limits{MaxNumber: 2000})
	fast, slow := 0, 0
	f := func(s string) {
		t.Helper()
		want, _ := strconv.ParseFloat(s, 64)
		d.b = []byte(s)
		var v plumbline.Value
		if next := d.number(0, &v); next != len(s) {
			t.Fatalf("%s: scanned up to %d: %v", s, next, d.refusal)
		}
		if math.IsInf(want, 0) {
			if v.Kind != plumbline.Invalid {
				t.Errorf("%s: got kind %d, want invalid", s, v.Kind)
			}
		} else if v.Kind != plumbline.Number || math.Float64bits(v.Num) != math.Float64bits(want) {
			t.Errorf("%s: got %v, want %v", s, v.Num, want)
		}
	}
	for _, s := range []string{"0", "-0", "0.0", "-0.0e5", "0e99999", "1", "-1", "9007199254740992", "9007199254740993", "9007199254740994.5", "18446744073709551615", "18446744073709551616",
		"1e22", "1e23", "8.5e22", "123456789012345678e-10", "0.000000000000000000000000000001234567890123456789", "14.960139999999999", "24.166379999999997", "0.1", "0.30000000000000004",
		"1.7976931348623157e308", "1.7976931348623159e308", "4.9e-324", "2.4e-324", "2.2250738585072011e-308", "1e400", "-1e400", "1e-400", "1e99999999999999999999", "1e-99999999999999999999",
		"9007199254740993e-10", "36028797018963970e1", "72057594037927945", "1." + strings.Repeat("0", 500) + "1", strings.Repeat("9", 400)} {
		f(s)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for range 300_000 {
		x := math.Float64frombits(rng.Uint64())
		if x-x != 0 {
			continue
		}
		f(strconv.FormatFloat(x, 'e', rng.IntN(22), 64))
		y := rng.NormFloat64() * math.Pow(10, float64(rng.IntN(30)-15))
		f(strconv.FormatFloat(y, 'f', rng.IntN(20), 64))
		f(strconv.FormatFloat(y, 'g', -1, 64))
		// Halfway between two neighbours, where rounding is hardest, and just beside it.
		m := 1<<53 | rng.Uint64()>>11
		f(strconv.FormatUint(m<<1|1, 10) + "e" + strconv.Itoa(rng.IntN(8)-4))
		f(strconv.FormatUint(m, 10) + "e" + strconv.Itoa(rng.IntN(140)-70))
		if _, ok := scale(m, rng.IntN(2*maxFive)-maxFive); ok {
			fast++
		} else {
			slow++
		}
	}
	if slow*100 > fast {
		t.Errorf("%d of %d numbers took the slow way", slow, fast+slow)
	}
}

func FuzzNumber(f *testing.F) {
	for _, s := range []string{"0", "-1.5e3", "14.960139999999999", "9007199254740993e22", "1e23"} {
		f.Add(s)
	}
	d := New(Limits{MaxNumber: 2000})
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) == 0 || len(s) > 2000 || s[0] != '-' && !isDigit(s[0]) {
			return
		}
		d.b = []byte(s)
		var v plumbline.Value
		next := d.number(0, &v)
		if next < 0 || v.Kind != plumbline.Number {
			return
		}
		if want, err := strconv.ParseFloat(s[:next], 64); err != nil || math.Float64bits(want) != math.Float64bits(v.Num) {
			t.Errorf("%q: got %v, want %v, %v", s[:next], v.Num, want, err)
		}
	})
}
