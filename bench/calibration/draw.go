package main

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"plumbline/profiles"
)

// law draws independent values of one distribution.
type law struct {
	name string
	draw func(rng *rand.Rand) float64
}

var (
	normal    = law{"normal", func(rng *rand.Rand) float64 { return rng.NormFloat64() }}
	lognormal = law{"lognormal", func(rng *rand.Rand) float64 { return math.Exp(rng.NormFloat64()) }}
	uniform   = law{"uniform", func(rng *rand.Rand) float64 { return rng.Float64() }}
)

// studentT3 is Student's t with 3 degrees of freedom.
func studentT3(rng *rand.Rand) float64 {
	a, b, c := rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()
	return rng.NormFloat64() / math.Sqrt((a*a+b*b+c*c)/3)
}

// fill draws n values.
func (l law) fill(rng *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = l.draw(rng)
	}
	return x
}

// autoregression is a stationary AR(1) with standard normal margins; rho 0 is independent.
func autoregression(rng *rand.Rand, n int, rho float64) []float64 {
	x, last, spread := make([]float64, n), rng.NormFloat64(), math.Sqrt(1-rho*rho)
	for i := range x {
		last = rho*last + spread*rng.NormFloat64()
		x[i] = last
	}
	return x
}

// days are normal values whose mean differs from day to day by sd; a day has so many rows.
func days(rng *rand.Rand, n, day int, sd float64) []float64 {
	x := make([]float64, n)
	shift := 0.0
	for i := range x {
		if i%day == 0 {
			shift = sd * rng.NormFloat64()
		}
		x[i] = shift + rng.NormFloat64()
	}
	return x
}

// zipf are shares in proportion to 1/1, 1/2, … 1/k.
func zipf(k int) []float64 {
	p, sum := make([]float64, k), 0.0
	for j := range p {
		p[j] = 1 / float64(j+1)
		sum += p[j]
	}
	for j := range p {
		p[j] /= sum
	}
	return p
}

// multinomial draws n rows into cells.
func multinomial(rng *rand.Rand, n int, shares []float64) []int64 {
	counts := make([]int64, len(shares))
	rest := 1.0
	for j, p := range shares[:len(shares)-1] {
		if n == 0 {
			return counts
		}
		k := n
		if q := p / rest; q < 1 {
			k = int(distuv.Binomial{N: float64(n), P: math.Max(q, 0), Src: rng}.Rand())
		}
		counts[j] = int64(k)
		n, rest = n-k, rest-p
	}
	counts[len(shares)-1] = int64(n)
	return counts
}

// quantileCells draws what a window of n rows counts between the quantiles of a baseline of m, that of a continuous feature whatever
// its distribution: the true shares of the cells are Dirichlet (Boracchi's QuantTree principle).
func quantileCells(rng *rand.Rand, m, n, cells int) (r, c []int64) {
	r = make([]int64, cells)
	shares, sum := make([]float64, cells), 0.0
	for j := range r {
		r[j] = int64((j+1)*m/cells - j*m/cells)
		alpha := float64(r[j])
		if j == cells-1 {
			alpha++ // m values leave m+1 gaps
		}
		shares[j] = distuv.Gamma{Alpha: alpha, Beta: 1, Src: rng}.Rand()
		sum += shares[j]
	}
	for j := range shares {
		shares[j] /= sum
	}
	return r, multinomial(rng, n, shares)
}

// baseline is a numeric feature as the product freezes it: the quantile grid and its deciles, counted.
type baseline struct {
	grid    *profiles.Grid
	cuts    []int
	counts  []int64 // on the grid
	deciles []int64
}

func newBaseline(x []float64) *baseline {
	sorted := slices.Clone(x)
	slices.Sort(sorted)
	b := &baseline{grid: profiles.QuantileGrid(sorted)}
	b.counts = b.count(x)
	b.cuts = b.grid.Deciles(b.counts)
	b.deciles = b.group(b.counts)
	return b
}

func (b *baseline) count(x []float64) []int64 {
	c := make([]int64, b.grid.Cells())
	for _, v := range x {
		c[b.grid.Cell(v)]++
	}
	return c
}

func (b *baseline) group(counts []int64) []int64 { return profiles.Group(counts, b.cuts) }

// minus is the rest of a baseline without one of its windows.
func minus(a, b []int64) []int64 {
	out := make([]int64, len(a))
	for j := range a {
		out[j] = a[j] - b[j]
	}
	return out
}
