package detectors

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"plumbline"
	"plumbline/profiles"
)

// counted counts draws on the names of a baseline: those it does not keep among its `kept` largest as others, those it lacks as
// unseen, of which the first hundred are kept by name.
type counted struct {
	cells  *profiles.Cells
	at     map[int]int // name's place; -1 is other
	places int
}

func name(k int) string { return fmt.Sprint("c", k) }

func countedOn(t *testing.T, baseline []int, kept int) counted {
	t.Helper()
	n := map[int]int64{}
	for _, k := range baseline {
		n[k]++
	}
	codes := slices.Collect(maps.Keys(n))
	slices.SortFunc(codes, func(a, b int) int { return cmp.Or(cmp.Compare(n[b], n[a]), cmp.Compare(name(a), name(b))) })
	out := counted{at: map[int]int{}, places: min(kept, len(codes))}
	var names []string
	for i, k := range codes {
		if out.at[k] = i; i < kept {
			names = append(names, name(k))
		} else {
			out.at[k] = -1
		}
	}
	var err error
	if out.cells, err = profiles.NewCells("x", plumbline.TypeCategory, nil, names, math.NaN(), math.NaN()); err != nil {
		t.Fatal(err)
	}
	return out
}

func (c counted) feature(t *testing.T, x []int) *profiles.Feature {
	t.Helper()
	s := profiles.Sample{N: int64(len(x)), Counts: make([]int64, c.places)}
	unseen := map[int]int{}
	for _, k := range x {
		switch at, known := c.at[k]; {
		case !known:
			if i, ok := unseen[k]; ok {
				s.Unseen[i].Count++
			} else if len(s.Unseen) < 100 {
				unseen[k] = len(s.Unseen)
				s.Unseen = append(s.Unseen, profiles.Category{Value: name(k), Count: 1})
			} else {
				s.Overflow++
			}
		case at < 0:
			s.Other++
		default:
			s.Counts[at]++
		}
	}
	f, err := c.cells.Feature(s)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func words(t *testing.T, ref, cur []int, kept int) Input {
	t.Helper()
	c := countedOn(t, ref, kept)
	return Input{Baseline: c.feature(t, ref), Current: c.feature(t, cur)}
}

// A long tail of rare codes, of which every window brings some the baseline never saw, is no drift.
func TestOpenVocabulariesDontDrift(t *testing.T) {
	zipf := func(s float64) func(*rand.Rand) func() int {
		return func(rng *rand.Rand) func() int {
			z := rand.NewZipf(rng, s, 1, 1<<40)
			return func() int { return int(z.Uint64()) }
		}
	}
	const rounds = 300
	uniform := func(codes int) func(*rand.Rand) func() int {
		return func(rng *rand.Rand) func() int { return func() int { return rng.IntN(codes) } }
	}
	for _, c := range []struct {
		name    string
		law     func(*rand.Rand) func() int
		m, n    int
		kept    int
		earlier bool // what the window is compared with is not the baseline, but earlier traffic
	}{
		{"Zipf 2", zipf(2), 5000, 5000, 1000, false},
		{"Zipf 2, small window", zipf(2), 5000, 300, 1000, false},
		{"Zipf 1.5", zipf(1.5), 3000, 600, 1000, false},
		{"Zipf 1.5, large window", zipf(1.5), 1000, 10000, 1000, false},
		{"Zipf 1.3, most codes not kept by name", zipf(1.3), 5000, 1000, 200, false},
		{"Zipf 1.3, against earlier traffic", zipf(1.3), 3000, 2000, 200, true},
		{"uniform", uniform(1000), 3000, 3000, 1000, false},
		{"uniform, most codes not kept by name", uniform(3000), 6000, 6000, 300, false},
		{"uniform, against earlier traffic", uniform(1000), 3000, 1000, 1000, true},
		{"closed", uniform(30), 3000, 500, 1000, false},
	} {
		rng := rand.New(rand.NewPCG(2013, 21))
		draw := c.law(rng)
		hits := map[string]int{}
		for range rounds {
			sample := func(n int) []int {
				x := make([]int, n)
				for i := range x {
					x[i] = draw()
				}
				return x
			}
			ref, cur := sample(c.m), sample(c.n)
			in := words(t, ref, cur, c.kept)
			if c.earlier {
				baseline := countedOn(t, sample(500), c.kept)
				in = Input{Baseline: baseline.feature(t, ref), Current: baseline.feature(t, cur)}
			}
			for _, name := range []string{"psi_p", "unseen_p", "linf_p", "category_shift_p"} {
				if p := ask(t, name, in).P; p != nil && *p <= 0.01 {
					hits[name]++
				}
			}
		}
		t.Logf("%s: at 0.01 of %d: %v", c.name, rounds, hits)
		for name, k := range hits {
			if k > 10 { // 3 expected; 11 and more once in 3,000
				t.Errorf("%s, %s: %d of %d windows without drift are rejected at 0.01", c.name, name, k, rounds)
			}
		}
	}
}

// A new code is found long before it is a percent of the rows, also among others that are new by chance.
func TestNewCodeIsFound(t *testing.T) {
	rng := rand.New(rand.NewPCG(2013, 22))
	draw := func(n int, law func() int, code, times int) []int {
		x := make([]int, n)
		for i := range x {
			if x[i] = law(); i < times {
				x[i] = code
			}
		}
		return x
	}
	closed := func() int { return rng.IntN(30) }
	open := rand.NewZipf(rng, 1.8, 1, 1<<30)
	tail := func() int { return int(open.Uint64()) }
	for _, c := range []struct {
		name     string
		law      func() int
		m, n, k  int
		from, to float64
	}{
		{"1 % of as many rows as the baseline has", closed, 2000, 2000, 20, 1e-7, 1e-5}, // Fisher's exact test has 1.8e-6
		{"three rows of a thousand, a large baseline", closed, 50000, 1000, 3, 1e-6, 1e-4},
		{"one row is nothing", closed, 2000, 2000, 1, 0.3, 1},
		{"ten rows among a long tail", tail, 20000, 2000, 10, 0, 1e-6},
		{"one row among a long tail", tail, 20000, 2000, 1, 0.01, 1},
	} {
		in := words(t, draw(c.m, c.law, -1, 0), draw(c.n, c.law, -2, c.k), 1000)
		if p := have(t, c.name, ask(t, "unseen_p", in).P); p < c.from || p > c.to {
			t.Errorf("%s: p = %v, want %v to %v", c.name, p, c.from, c.to)
		}
	}
}
