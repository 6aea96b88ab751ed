package profiles

import (
	"bytes"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"plumbline"
)

// messyRecords hold everything that occurs in logs: all kinds of records and values, new names, changed types, extremes.
func messyRecords(n int, seed uint64) []plumbline.Record {
	rng := rand.New(rand.NewPCG(seed, 7))
	numbers := []float64{0, 1, -1, 0.1, 123.456, math.Pi, 5e-324, math.Copysign(0, -1)}
	if seed%2 == 1 { // sums of these depend on their order
		numbers = append(numbers, 1e300, -1e300, 1e15, math.MaxFloat64)
	}
	value := func() plumbline.Value {
		switch rng.IntN(12) {
		case 0:
			return null
		case 1:
			return nan
		case 2:
			return undefined
		case 3:
			return text1([]string{"a", "b", "new", "NaN", "inf", ""}[rng.IntN(6)])
		case 4:
			return boolean(float64(rng.IntN(2)))
		case 5:
			return vector(rng.Float64())
		case 6:
			return number(numbers[rng.IntN(len(numbers))])
		}
		return number(40*math.Round(12+8*rng.NormFloat64()) + 0.1) // few enough to be told apart as categories
	}
	out := make([]plumbline.Record, n)
	for i := range out {
		r := &out[i]
		r.Kind = plumbline.Kind(rng.IntN(3))
		if r.Kind != plumbline.Response {
			for _, name := range []string{"x", "c", "ok", "extra", "other"} {
				if rng.IntN(8) > 0 {
					r.Features = append(r.Features, plumbline.Field{Name: name, Value: value()})
				}
			}
		}
		if r.Kind != plumbline.Request {
			if rng.IntN(5) > 0 {
				r.Prediction, r.Score = number(float64(rng.IntN(3))), number(rng.Float64())
			}
			r.Runtime.Status = []string{"", "ok", "error"}[rng.IntN(3)]
			r.Runtime.Facts = []plumbline.Field{{Name: "latency_ms", Value: number(math.Exp(rng.NormFloat64()))}}
		}
	}
	return out
}

// typed makes the layouts under test: with and without a baseline. The types of the two features behind the baseline are
// declared, because what is inferred from a first value depends on which is first.
func typed(t testing.TB) map[string]*Layout {
	m := &plumbline.Model{Name: "m", Task: plumbline.TaskBinary, Features: []plumbline.Feature{{Name: "x", Type: plumbline.TypeNumber},
		{Name: "c", Type: plumbline.TypeCategory}, {Name: "ok", Type: plumbline.TypeBoolean}, {Name: "extra", Type: plumbline.TypeNumber},
		{Name: "other", Type: plumbline.TypeCategory}}}
	return map[string]*Layout{"baseline": NewLayout(m, smallBaseline(t, m)), "none": NewLayout(m, nil)}
}

func TestMergeOfPartsIsTheWhole(t *testing.T) {
	for name, l := range typed(t) {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(20) {
				records := messyRecords(300, 2*seed)
				whole := filled(l, records)
				rng := rand.New(rand.NewPCG(seed, 1))
				merged := l.NewProfile()
				for rest := records; len(rest) > 0; {
					n := 1 + rng.IntN(len(rest))
					part := filled(l, rest[:n])
					before := part.AppendBinary(nil)
					if err := merged.Merge(part); err != nil {
						t.Fatal(err)
					}
					if !bytes.Equal(before, part.AppendBinary(nil)) {
						t.Fatal("merging changed its argument")
					}
					rest = rest[n:]
				}
				sameCounts(t, whole, merged)
			}
		})
	}
}

func TestOrderDoesNotMatter(t *testing.T) {
	for name, l := range typed(t) {
		t.Run(name, func(t *testing.T) {
			records := messyRecords(400, 98)
			shuffled := slices.Clone(records)
			rand.New(rand.NewPCG(1, 1)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			sameCounts(t, filled(l, records), filled(l, shuffled))
		})
	}
}

func TestCodecIsExact(t *testing.T) {
	layouts := typed(t)
	layouts["undeclared"] = NewLayout(nil, nil)
	for name, l := range layouts {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(30) {
				p := filled(l, messyRecords([]int{0, 1, 2, 3, 30, 500}[seed%6], seed))
				body := p.AppendBinary(nil)
				q, err := l.Decode(body)
				if err != nil {
					t.Fatal(err)
				}
				if again := q.AppendBinary(nil); !bytes.Equal(body, again) {
					t.Fatalf("seed %d: decoded and written again the body differs", seed)
				}
				sameCounts(t, p, q)
				for _, f := range p.Features() {
					if g := q.Feature(f.Key); !equalBits(&f.m, &g.m) {
						t.Errorf("seed %d %s: moments %+v, want %+v", seed, f.Name, g.m, f.m)
					}
				}
				// Folding on after decoding is folding on: a snapshot is a pure function of what was folded.
				more := messyRecords(50, seed+1000)
				f := NewFolder(l)
				for i := range more {
					f.Fold(&more[i], false, p, q)
				}
				sameCounts(t, p, q)
				for _, f := range p.Features() {
					if g := q.Feature(f.Key); !equalBits(&f.m, &g.m) {
						t.Errorf("seed %d %s: after folding on moments are %+v, want %+v", seed, f.Name, g.m, f.m)
					}
				}
			}
		})
	}
}

func equalBits(a, b *moments) bool {
	x := [...]float64{a.shift, a.s1, a.s2, a.s3, a.s4, a.min, a.max}
	y := [...]float64{b.shift, b.s1, b.s2, b.s3, b.s4, b.min, b.max}
	for i := range x {
		if math.Float64bits(x[i]) != math.Float64bits(y[i]) {
			return false
		}
	}
	return true
}

func TestResetAndClone(t *testing.T) {
	for name, l := range typed(t) {
		t.Run(name, func(t *testing.T) {
			p := filled(l, messyRecords(500, 1))
			c := p.Clone()
			body := c.AppendBinary(nil)
			p.Reset()
			if !bytes.Equal(p.AppendBinary(nil), l.NewProfile().AppendBinary(nil)) {
				t.Error("a reset profile is not empty")
			}
			f := NewFolder(l)
			for _, r := range messyRecords(40, 2) {
				f.Fold(&r, false, p)
			}
			if want := filled(l, messyRecords(40, 2)).AppendBinary(nil); !bytes.Equal(p.AppendBinary(nil), want) {
				t.Error("a reset profile remembers")
			}
			if !bytes.Equal(body, c.AppendBinary(nil)) {
				t.Error("a clone shares what changes")
			}
		})
	}
}

func TestNoNumberIsEverNaN(t *testing.T) {
	l := NewLayout(nil, nil)
	for _, values := range [][]float64{{}, {1e308, 1e308, -1e308}, {1e200, -1e200}, {5e-324, 0}, {1, 1, 1}, {1e15 + 1, 1e15 + 2}} {
		p := l.NewProfile()
		f := NewFolder(l)
		for _, x := range values {
			f.Fold(with("x", number(x)), false, p)
		}
		for _, ft := range append(p.Features(), &Feature{slot: l.fresh(Key{Input, "y"})}) {
			for what, read := range map[string]func() (float64, bool){"mean": ft.Mean, "sd": ft.SD, "sum": ft.Sum, "min": ft.Min, "max": ft.Max} {
				if v, ok := read(); ok && !finite(v) {
					t.Errorf("%v: %s is %v", values, what, v)
				}
			}
		}
	}
	p := filled(l, []plumbline.Record{*with("x", number(1e15+1)), *with("x", number(1e15+3))})
	if sd, _ := p.Feature(Key{Input, "x"}).SD(); !near(sd, math.Sqrt2, 1e-12) { // closed form
		t.Errorf("sd %v", sd)
	}
}

func FuzzDecode(f *testing.F) {
	layouts := typed(f)
	for _, l := range layouts {
		for seed := range uint64(6) {
			f.Add(filled(l, messyRecords(int(seed*seed), seed)).AppendBinary(nil))
		}
	}
	hash, err := hex.DecodeString(layouts["baseline"].BaselineHash())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := BodyBaseline(body); err != nil && len(body) > 40 && body[0] == bodyVersion && body[1] <= 1 {
			t.Errorf("the head is whole: %v", err)
		}
		if len(body) > 34 && body[1] == 1 {
			copy(body[2:34], hash) // or nothing would get past it
		}
		for _, l := range layouts {
			p, err := l.Decode(body)
			if err != nil {
				continue
			}
			first := p.AppendBinary(nil)
			q, err := l.Decode(first)
			if err != nil {
				t.Fatalf("what was decoded and written again is not readable: %v", err)
			}
			if !bytes.Equal(first, q.AppendBinary(nil)) {
				t.Fatal("writing is not stable")
			}
			if err := q.Merge(p); err != nil {
				t.Fatal(err)
			}
			for _, ft := range q.Features() {
				ft.View()
				ft.Quantile(0.5)
				RebinPair(ft, ft, 10)
			}
		}
	})
}
