package detectors

import (
	"math/rand/v2"
	"testing"
)

// A class of 0.2 % among four common ones: without drift the level holds; trebled, it is found at least as often as by a chi-square of the
// same size, which more rows or more cells drown.
func TestRareClassIsFound(t *testing.T) {
	const rounds, level = 700, 0.002
	rng := rand.New(rand.NewPCG(28, 6))
	draw := func(n, cells int, rare float64) []int64 {
		shares := make([]float64, cells)
		shares[0] = rare
		for j := 1; j < cells; j++ {
			shares[j] = (1 - rare) / float64(cells-1)
		}
		return multinomial(rng, n, shares)
	}
	for _, c := range []struct {
		n, cells int
		least    float64 // power, from 3,000 to 20,000 windows with another seed, less 4 standard errors of these
	}{{1000, 5, 0.165}, {1000, 30, 0.065}, {10000, 30, 0.74}} {
		null, found, drowned := 0, 0, 0
		for range rounds {
			ref, cur := draw(10000, c.cells, 0.002), draw(c.n, c.cells, 0.006)
			if res, _ := CategoryShift(ref, draw(c.n, c.cells, 0.002)); *res.P <= level {
				null++
			}
			if res, worst := CategoryShift(ref, cur); *res.P <= level {
				found++
				if worst != 0 && found < 3 {
					t.Logf("cell %d instead of the rare class", worst)
				}
			}
			if tab, _ := newTable(ref, cur); ChiSquareTail(chiSquare(tab), float64(c.cells-1), 0) <= level {
				drowned++
			}
		}
		power, size := float64(found)/rounds, float64(null)/rounds
		t.Logf("n = %d, %d cells: size %.4f, power %.3f, of chi-square %.3f", c.n, c.cells, size, power, float64(drowned)/rounds)
		if power < c.least || found < drowned-15 {
			t.Errorf("n = %d, %d cells: the rare class is found in %.3f of windows, by chi-square in %.3f", c.n, c.cells, power, float64(drowned)/rounds)
		}
		if size > 0.009 {
			t.Errorf("n = %d, %d cells: %.4f of windows without drift alarm at %v", c.n, c.cells, size, level)
		}
	}
}

// Categories that occur too seldom to reach the level cost nothing.
func TestSingletonsDontBluntTheTest(t *testing.T) {
	ref, cur := []int64{5000, 4980, 20}, []int64{500, 491, 9}
	alone, at := CategoryShift(ref, cur)
	for range 300 {
		ref, cur = append(ref, 1), append(cur, 0)
	}
	among, still := CategoryShift(ref, cur)
	if at != 2 || still != 2 {
		t.Errorf("the worst cells are %d and %d, want 2", at, still)
	}
	near(t, "p among singletons", have(t, "p", among.P), have(t, "p", alone.P), 0.3)
	res, _ := CategoryShift([]int64{500, 500}, []int64{50, 50})
	if *res.Value != 0 || *res.P < 0.5 {
		t.Errorf("no change is %v, p = %v", *res.Value, *res.P)
	}
	if _, worst := CategoryShift(nil, nil); worst != -1 {
		t.Errorf("nothing has a worst cell %d", worst)
	}
}
