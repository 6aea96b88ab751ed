package projection

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

func check(t *testing.T, text string) {
	t.Helper()
	var want []float64
	err := json.Unmarshal([]byte(text), &want)
	got, ok := Parse(nil, text)
	if err != nil || len(want) == 0 {
		return // what is no array of numbers never gets here
	}
	if !ok || len(got) != len(want) {
		t.Fatalf("%q: %v, %v, want %v", text, got, ok, want)
	}
	for i := range want {
		if got[i] != want[i] || math.Signbit(got[i]) != math.Signbit(want[i]) {
			t.Errorf("%q: number %d is %v, want %v", text, i, got[i], want[i])
		}
	}
}

func TestParse(t *testing.T) {
	for _, s := range []string{"[1]", "[ -1.5 , 2e3,0.1 ]", "[0.30000000000000004,-0,-0.0,1E-7]", "[\n123456789012345,12345678901234567,1e308]\n", "[0.000000000000001]", "[5e-324]"} {
		check(t, s)
	}
	for _, s := range []string{"", "[", "[]", "1", "[1", "[1,]", "[1 2]", "[x]", "[1]2", "[1e999]", "[NaN]", "[.5.]", "[-]", "[,1]", "[1.2.3]"} {
		if v, ok := Parse(nil, s); ok {
			t.Errorf("%q is an array of numbers: %v", s, v)
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		x := rng.NormFloat64() * math.Pow(10, float64(rng.IntN(40)-20))
		check(t, "["+strconv.FormatFloat(x, "eEfgG"[rng.IntN(5)], rng.IntN(18), 64)+","+strconv.FormatFloat(x, 'g', -1, 64)+"]")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("[1,-2.5e3 ,0.1]")
	f.Fuzz(func(t *testing.T, s string) {
		check(t, s)
		if v, ok := Parse(nil, s); ok {
			for _, x := range v {
				if x-x != 0 {
					t.Errorf("%q holds %v", s, x)
				}
			}
		}
	})
}

func BenchmarkParse384(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	text := "["
	for i := range 384 {
		if i > 0 {
			text += ","
		}
		text += strconv.FormatFloat(math.Round(1e7*rng.NormFloat64())/1e8, 'g', -1, 64)
	}
	text += "]"
	var v []float64
	for b.Loop() {
		v, _ = Parse(v[:0], text)
	}
}
