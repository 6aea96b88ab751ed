package runlength

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"
)

// Poisson draws a count with the given mean, 0 if it is not positive.
func Poisson(rng *rand.Rand, mean float64) int64 {
	if !(mean > 0) {
		return 0
	}
	return int64(distuv.Poisson{Lambda: mean, Src: rng}.Rand())
}

// Multinomial draws n rows into cells with the given shares, which sum to 1. It reuses counts if that is large enough.
func Multinomial(rng *rand.Rand, n int64, shares []float64, counts []int64) []int64 {
	if cap(counts) < len(shares) {
		counts = make([]int64, len(shares))
	}
	counts = counts[:len(shares)]
	clear(counts)
	last := len(shares) - 1
	if n <= int64(4*len(shares)) {
		for range n {
			u := rng.Float64()
			cell := 0
			for cell < last && u >= shares[cell] {
				u -= shares[cell]
				cell++
			}
			counts[cell]++
		}
		return counts
	}
	rest := 1.0
	for j := 0; j < last && n > 0; j++ {
		k := n
		if p := shares[j] / rest; p < 1 {
			k = int64(math.Min(float64(n), distuv.Binomial{N: float64(n), P: math.Max(p, 0), Src: rng}.Rand()))
		}
		counts[j] = k
		n -= k
		rest -= shares[j]
	}
	counts[last] += n
	return counts
}
