package compare

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Ranks of 3 1 2 2 are 4 1 2.5 2.5, their mean is 2.5, and two are the same.
func TestRanksLessTheirMean(t *testing.T) {
	want := []float64{1.5, -1.5, 0, 0}
	ranks, ties := ranksOf([]float64{3, math.NaN(), 1, 2, 2})
	if len(ranks) != len(want) || ties != 2 {
		t.Fatalf("%d ranks, %d of which are the same", len(ranks), ties)
	}
	for i, x := range ranks {
		if x != want[i] {
			t.Errorf("rank %d less the mean is %v, not %v", i, x, want[i])
		}
	}
}

// A hundred rows hold a dozen blocks, by which weak dependence is not seen; neighbours show it.
func TestShortFilesShowTheirDependence(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 14))
	const times = 400
	for rho, bounds := range map[float64][2]int{0: {0, 4}, .7: {times * 19 / 20, times}} {
		found := 0
		for range times {
			c := newColumn("x", firstRows)
			c.sampler = newSampler()
			c.numbers(ar(r, 100, rho))
			if told(c.finish(0).clustering()) == alike {
				found++
			}
		}
		if found < bounds[0] || found > bounds[1] {
			t.Errorf("correlation %v: %d of %d seem dependent", rho, found, times)
		}
	}
}
