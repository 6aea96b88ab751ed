package detectors

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"plumbline"
	"plumbline/profiles"
)

// words counts draws of categories as a baseline of at most `kept` names and a window of it are counted.
func words(t *testing.T, ref, cur []int, kept int) Input {
	t.Helper()
	count := func(x []int) map[int]int64 {
		n := map[int]int64{}
		for _, k := range x {
			n[k]++
		}
		return n
	}
	name := func(k int) string { return fmt.Sprint("c", k) }
	r, c := count(ref), count(cur)
	var all []profiles.Category
	of := map[string]int{}
	for k, n := range r {
		all = append(all, profiles.Category{Value: name(k), Count: n})
		of[name(k)] = k
	}
	slices.SortFunc(all, profiles.ByCount)
	a, b := profiles.Sample{N: int64(len(ref))}, profiles.Sample{N: int64(len(cur))}
	var names []string
	for i, k := range all {
		if i >= kept {
			a.Other += k.Count
			b.Other += c[of[k.Value]]
			continue
		}
		names = append(names, k.Value)
		a.Counts, b.Counts = append(a.Counts, k.Count), append(b.Counts, c[of[k.Value]])
	}
	for k, n := range c {
		if r[k] == 0 {
			b.Unseen = append(b.Unseen, profiles.Category{Value: name(k), Count: n})
		}
	}
	slices.SortFunc(b.Unseen, profiles.ByCount)
	for _, k := range b.Unseen[min(len(b.Unseen), 100):] {
		b.Overflow += k.Count
	}
	b.Unseen = b.Unseen[:min(len(b.Unseen), 100)]
	cells, err := profiles.NewCells("x", plumbline.TypeCategory, nil, names, math.NaN(), math.NaN())
	if err != nil {
		t.Fatal(err)
	}
	var in Input
	if in.Baseline, err = cells.Feature(a); err != nil {
		t.Fatal(err)
	}
	if in.Current, err = cells.Feature(b); err != nil {
		t.Fatal(err)
	}
	return in
}

// A long tail of rare codes, of which every window brings some the baseline never saw, is no drift.
func TestOpenVocabulariesDontDrift(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates")
	}
	zipf := func(s float64) func(*rand.Rand) func() int {
		return func(rng *rand.Rand) func() int {
			z := rand.NewZipf(rng, s, 1, 1<<40)
			return func() int { return int(z.Uint64()) }
		}
	}
	const rounds = 400
	for _, c := range []struct {
		name string
		law  func(*rand.Rand) func() int
		m, n int
		kept int
	}{
		{"Zipf 2", zipf(2), 5000, 5000, 1000},
		{"Zipf 2, small window", zipf(2), 5000, 300, 1000},
		{"Zipf 1.5", zipf(1.5), 3000, 600, 1000},
		{"Zipf 1.3, most codes not kept by name", zipf(1.3), 5000, 1000, 200},
		{"uniform", func(rng *rand.Rand) func() int { return func() int { return rng.IntN(1000) } }, 3000, 3000, 1000},
		{"closed", func(rng *rand.Rand) func() int { return func() int { return rng.IntN(30) } }, 3000, 500, 1000},
	} {
		rng := rand.New(rand.NewPCG(2013, 21))
		draw := c.law(rng)
		hits := map[string]int{}
		for range rounds {
			ref, cur := make([]int, c.m), make([]int, c.n)
			for i := range ref {
				ref[i] = draw()
			}
			for i := range cur {
				cur[i] = draw()
			}
			in := words(t, ref, cur, c.kept)
			for _, name := range []string{"psi_p", "unseen_p", "linf_p", "category_shift_p"} {
				if p := ask(t, name, in).P; p != nil && *p <= 0.01 {
					hits[name]++
				}
			}
		}
		t.Logf("%s: at 0.01 of %d: %v", c.name, rounds, hits)
		for name, k := range hits {
			if k > 12 { // 4 expected; 13 and more once in 4,000
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
