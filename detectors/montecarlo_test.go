package detectors

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// A share of rejections at level alpha is inside alpha ± 3.29 sqrt(alpha (1-alpha)/rounds) in 99.9 % of runs of a test of that
// size; the rounds here are few so that the suite stays quick, and seeded so that it never flickers.
func band(alpha float64, rounds int) (lo, hi float64) {
	half := 3.29 * math.Sqrt(alpha*(1-alpha)/float64(rounds))
	return alpha - half, alpha + half
}

// multinomial draws n rows over cells with shares in proportion to weights.
func multinomial(rng *rand.Rand, n int, weights []float64) []int64 {
	rest := 0.0
	for _, w := range weights {
		rest += w
	}
	counts := make([]int64, len(weights))
	for j, w := range weights {
		if n == 0 || j == len(weights)-1 {
			counts[j] = int64(n)
			break
		}
		k := int(distuv.Binomial{N: float64(n), P: min(1, w/rest), Src: rng}.Rand())
		counts[j], n, rest = int64(k), n-k, rest-w
	}
	return counts
}

// Without drift every p-value is under alpha in a share alpha of the windows; of KS on a grid in at most that share.
func TestSizeWithoutDrift(t *testing.T) {
	const rounds, m = 1000, 5000
	rng := rand.New(rand.NewPCG(2013, 1))
	// quantileCells draws a window of n rows counted between the quantiles of a baseline of m rows. Whatever the continuous
	// distribution, the true shares of the cells follow Dirichlet(m/cells, …): normalised gamma variables.
	quantileCells := func(n, cells int) (r, c []int64) {
		r = make([]int64, cells)
		weights := make([]float64, cells)
		for j := range r {
			r[j] = int64(m / cells)
			weights[j] = distuv.Gamma{Alpha: float64(r[j]), Beta: 1, Src: rng}.Rand()
		}
		return r, multinomial(rng, n, weights)
	}
	zipf := make([]float64, 50)
	for j := range zipf {
		zipf[j] = 1 / float64(j+1)
	}
	for _, n := range []int{200, 1000} {
		rejected := map[string]int{}
		for range rounds {
			r, c := quantileCells(n, 10)
			reject := func(name string, p *float64) {
				if have(t, name, p) <= 0.05 {
					rejected[name]++
				}
			}
			reject("psi", PSI(r, c).P)
			if p, ok := PSIRelevance(r, c, 0); ok && p <= 0.05 {
				rejected["psi's own law"]++
			}
			r, c = quantileCells(n, 250)
			reject("ks", KS(r, c).P)
			if n == 1000 {
				r, c = ByFrequency(multinomial(rng, m, zipf), multinomial(rng, n, zipf))
				reject("chi2 of 50 Zipf categories", ChiSquare(r, c).P)
				reject("g of 50 Zipf categories", G(r, c).P)
			}
		}
		lo, hi := band(0.05, rounds)
		for name, k := range rejected {
			size := float64(k) / rounds
			t.Logf("n = %d: %s rejects %.3f", n, name, size)
			if size > hi || size < lo && name != "ks" {
				t.Errorf("n = %d: %s rejects %.3f of the windows without drift, want %.3f to %.3f", n, name, size, lo, hi)
			}
		}
	}
}

// At exactly the tolerated drift the relevance test rejects a share alpha; the naive rule PSI > tolerated rejects about half.
func TestSizeOfRelevanceAtTheToleratedDrift(t *testing.T) {
	const rounds, m, cells = 1000, 20000, 10
	rng := rand.New(rand.NewPCG(2013, 2))
	flat := make([]float64, cells)
	for j := range flat {
		flat[j] = 1.0 / cells
	}
	for _, d := range []float64{0.02, 0.1, 0.2} {
		t.Run(fmt.Sprint(d), func(t *testing.T) {
			// A tilt by a exp(j) has PSI d for some a.
			tilt := func(a float64) []float64 {
				q, sum := make([]float64, cells), 0.0
				for j := range q {
					q[j] = math.Exp(a * float64(j))
					sum += q[j]
				}
				for j := range q {
					q[j] /= sum
				}
				return q
			}
			a := invert(d, func(a float64) float64 {
				sum := 0.0
				for _, q := range tilt(a) {
					sum += (q - 0.1) * math.Log(q/0.1)
				}
				return sum
			})
			rejected, naive := 0, 0
			for range rounds {
				r, c := multinomial(rng, m, flat), multinomial(rng, 1000, tilt(a))
				if p, ok := PSIRelevance(r, c, d); ok && p <= 0.05 {
					rejected++
				}
				if *PSI(r, c).Value > d {
					naive++
				}
			}
			size := float64(rejected) / rounds
			t.Logf("relevance rejects %.3f, the naive rule %.3f", size, float64(naive)/rounds)
			if lo, hi := band(0.05, rounds); size < math.Min(lo, 0.03) || size > math.Max(hi, 0.07) {
				t.Errorf("relevance rejects %.3f at the tolerated drift", size)
			}
			if naive < rounds*4/10 {
				t.Errorf("the naive rule rejects only %d of %d: the simulation does not bite", naive, rounds)
			}
		})
	}
}
