package detectors

import (
	"math"
	"math/rand/v2"
	"sort"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// dirichletWindow returns a drawer of windows of n rows counted between the quantiles of a baseline of m rows without drift: whatever the
// continuous distribution, the true shares of the cells are Dirichlet(m/cells, …), normalised gamma variables.
func dirichletWindow(rng *rand.Rand, m, cells int) (ref []int64, draw func(n int) []int64) {
	ref = make([]int64, cells)
	for j := range ref {
		ref[j] = int64(m / cells)
	}
	gamma := distuv.Gamma{Alpha: float64(m / cells), Beta: 1, Src: rng}
	upto := make([]float64, cells)
	return ref, func(n int) []int64 {
		sum := 0.0
		for j := range upto {
			sum += gamma.Rand()
			upto[j] = sum
		}
		cur := make([]int64, cells)
		for range n {
			cur[min(sort.SearchFloat64s(upto, rng.Float64()*sum), cells-1)]++
		}
		return cur
	}
}

// The p-values of Anderson-Darling and Cramér-von Mises on 256 cells hold far into the tail. 300,000 windows each with another seed gave,
// at 0.05, 0.01, 1e-3, 1e-4 and 1e-5: AD at 50 rows .0498 .0100 .00102 1.1e-4 1.3e-5, at 200 rows .0501 .0098 .00095 1.0e-4 1.7e-5; CvM at 50
// rows .0503 .0101 .00093 .9e-4 .7e-5, at 200 rows .0501 .0098 .00091 1.0e-4 1.3e-5.
func TestBridgesHoldTheirSize(t *testing.T) {
	const rounds, m, cells = 20000, 10240, 256
	rng := rand.New(rand.NewPCG(1952, 4))
	ref, draw := dirichletWindow(rng, m, cells)
	levels := []float64{0.01, 1e-3, 1e-4}
	rejected := map[string][]int{"ad": make([]int, 3), "cvm": make([]int, 3)}
	for range rounds {
		cur := draw(120)
		// The law of 256 cells is computed only where that without ties is near the tail: they are close.
		a2, sigma := AndersonDarlingStatistic(ref, cur)
		near := continuousAD.tail(1 + (a2-1)/sigma*sdAD)
		count := func(name string, p *float64) {
			for i, level := range levels {
				if *p <= level {
					rejected[name][i]++
				}
			}
		}
		if near < 0.012 {
			count("ad", AndersonDarling(ref, cur).P)
		}
		if near < 0.05 { // the two statistics differ
			count("cvm", CramerVonMises(ref, cur).P)
		}
	}
	for name, k := range rejected {
		for i, level := range levels {
			size := float64(k[i]) / rounds
			t.Logf("%s at %g: %.2g", name, level, size)
			half := 3.29 * math.Sqrt(level/rounds)
			if size > level+half+2/float64(rounds) || size < level-half {
				t.Errorf("%s rejects %.2g of windows without drift at level %g", name, size, level)
			}
		}
	}
}

// The same for the tests of two samples that have no law of cells, on data that is far from normal.
func TestSpreadAndAreaHoldTheirSize(t *testing.T) {
	const rounds, m, n = 3000, 4000, 300
	rng := rand.New(rand.NewPCG(1952, 5))
	spreadOf := func(v []float64) Spread {
		mean, m2, m4 := 0.0, 0.0, 0.0
		for _, x := range v {
			mean += x / float64(len(v))
		}
		for _, x := range v {
			d := (x - mean) * (x - mean)
			m2, m4 = m2+d/float64(len(v)), m4+d*d/float64(len(v))
		}
		k := float64(len(v))
		return Spread{Moments{N: int64(len(v)), Mean: mean, SD: math.Sqrt(m2 * k / (k - 1))}, m4 / m2 / m2}
	}
	for _, law := range []struct { // in this order: the numbers are drawn one after the other
		name string
		draw func() float64
	}{
		{"normal", rng.NormFloat64}, {"exponential", rng.ExpFloat64}, {"uniform", rng.Float64},
		{"normal, one in ten thrice as wide", func() float64 {
			if rng.IntN(10) == 0 {
				return 3 * rng.NormFloat64()
			}
			return rng.NormFloat64()
		}},
	} {
		name, draw := law.name, law.draw
		sample := func(n int) []float64 {
			v := make([]float64, n)
			for i := range v {
				v[i] = draw()
			}
			return v
		}
		// One baseline for many windows would share its error among them.
		robust, textbook, inside := 0, 0, 0
		for range rounds / 4 {
			ref, cur := spreadOf(sample(m)), spreadOf(sample(n))
			res := VarianceRatio(ref, cur)
			if *res.P <= 0.05 {
				robust++
			}
			if *res.Lower <= 1 && 1 <= *res.Upper {
				inside++
			}
			ref.Kurtosis = 0
			if *VarianceRatio(ref, cur).P <= 0.05 {
				textbook++
			}
		}
		size := float64(robust) / (rounds / 4)
		t.Logf("%s: variance ratio rejects %.3f, the textbook test %.3f", name, size, float64(textbook)/(rounds/4))
		if size > 0.09 || size < 0.02 {
			t.Errorf("%s: the variance ratio rejects %.3f at 0.05", name, size)
		}
		if math.Abs(size+float64(inside)/(rounds/4)-1) > 1e-9 {
			t.Errorf("%s: the interval and the test of the variance ratio disagree", name)
		}
	}
	ref, draw := dirichletWindow(rng, 10000, 250)
	rejected, covered := 0, 0
	for range rounds {
		res := AUC(ref, draw(n))
		if *res.P <= 0.05 {
			rejected++
		}
		if *res.Lower <= 0.5 && 0.5 <= *res.Upper {
			covered++
		}
	}
	lo, hi := band(0.05, rounds)
	if size := float64(rejected) / rounds; size < lo || size > hi {
		t.Errorf("AUC rejects %.3f at 0.05", size)
	}
	if miss := 1 - float64(covered)/rounds; miss < lo-0.005 || miss > hi+0.005 {
		t.Errorf("the interval of AUC misses 1/2 in %.3f of windows", miss)
	}
}
