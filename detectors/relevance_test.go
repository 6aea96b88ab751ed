package detectors

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Of a drift that is just the tolerated one at most about as many windows are drift as the level says, whether rows depend on each other or
// not; of one that is clearly larger most are.
func TestToleratedDriftKeepsItsLevel(t *testing.T) {
	const m, n, per, rounds = 10000, 500, 10, 40
	for _, rho := range []float64{0, 0.9} {
		rng := rand.New(rand.NewPCG(2013, 23))
		at := map[float64]int{}
		for range rounds {
			x := autoregression(rng, m+n*per, rho)
			edges := tenths(x[:m])
			all := countOn(edges, x[:m])
			null := learn(t, edges, all, x[:m], n)
			for i := m; i < len(x); i += n {
				for _, shift := range []float64{0.5, 1.5} {
					moved := slices.Clone(x[i : i+n])
					for j := range moved {
						moved[j] += shift
					}
					p, ok := scoreOfTable(t, all, countOn(edges, moved)).relevance(0.5, &Calibration{Windows: null, Available: null.K})
					if !ok {
						t.Fatal("no relevance")
					}
					if p <= 0.05 {
						at[shift]++
					}
				}
			}
		}
		t.Logf("rho %v: %v of %d", rho, at, rounds*per)
		if k := at[0.5]; k > 32 { // 20 expected
			t.Errorf("rho %v: %d of %d windows with the tolerated drift are drift", rho, k, rounds*per)
		}
		if k := at[1.5]; k < rounds*per/4 {
			t.Errorf("rho %v: a drift three times as large is found in %d of %d windows", rho, k, rounds*per)
		}
	}
}

// The more rows miss a value, the smaller is p, through all ways to compute it.
func TestSharesAreMonotone(t *testing.T) {
	null, err := FitNull(func() (list []Score) {
		rng := rand.New(rand.NewPCG(2013, 24))
		for range 30 {
			z := 1.7 * rng.NormFloat64()
			list = append(list, normalScore(z, 0))
		}
		return list
	}())
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []int64{0, 2, 500} {
		last := 1.0
		for k := l / 100; k <= 1000; k++ {
			r := CompareShares(k, 1000, l, 100000)
			p, _, _ := (&Calibration{Windows: null}).tail(shareScore(*r.P, *r.SD, k, 1000, l, 100000))
			if p > last*(1+1e-9) {
				t.Fatalf("%d of 1,000 against %d of 100,000: p = %v, of one fewer %v", k, l, p, last)
			}
			last = p
		}
	}
}
