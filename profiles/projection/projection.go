// Package projection owns frozen maps of vectors, such as embeddings or standardised rows, and the sums of what the maps give: a
// [Projection] onto random Fourier features, a [Sketch] of many vectors, a [Basis] of principal components, a [Scale] for rows.
// Sums are integers, so merging two sketches is exact in any order. The package never judges a difference and knows no records.
package projection

import (
	"errors"
	"fmt"
	"math"
)

// Bounds and defaults.
const (
	MaxDim             = 4096 // coordinates of a vector
	DefaultFrequencies = 64   // of a projection: 128 features
	MaxFrequencies     = 256

	one      = 1 << 12 // the integer a feature of 1 is counted as
	maxCoord = 1 << 30 // largest coordinate in units; what is beyond is cut
	maxPhase = 1 << 30
	maxSize  = 1e150
)

// Projection maps vectors onto random Fourier features (Rahimi and Recht 2007): for K frequencies w_k drawn from N(0, I/sigma²),
// phi(x) = (cos w_1·x, sin w_1·x, …)/sqrt(K). Then phi(x)·phi(y) is close to the Gaussian kernel exp(-|x-y|²/(2 sigma²)), |phi(x)|
// is 1, and the distance of two mean phi is close to the maximum mean discrepancy of two samples. Beside that it knows how phi
// spreads in the sample it was fitted to. It is immutable and safe for concurrent use once made by [Fit] or [Projection.Prepare].
type Projection struct {
	Dim         int       `json:"dim"`
	Frequencies int       `json:"frequencies"`
	Seed        uint64    `json:"seed"`
	Sigma       float64   `json:"sigma"`    // bandwidth: the median distance of two vectors of the sample
	Unit        float64   `json:"unit"`     // what 1 stands for in a sketch's coordinates; a power of two
	Rows        int64     `json:"rows"`     // of the sample
	SD          []float64 `json:"sd"`       // of each coordinate in the sample
	Spectrum    []float64 `json:"spectrum"` // eigenvalues of the covariance of phi, descending
	// Variation is the variance of |phi - mean phi|² by the square of its mean, from row to row: the share of rows that are far from all
	// others is about its inverse, if they are few. 0 if it is not known, as of projections of before.
	Variation float64 `json:"variation,omitempty"`

	weights []float64 // frequency by frequency
}

// Validate reports what is impossible in a projection that was read from outside.
func (p *Projection) Validate() error {
	switch {
	case p.Dim < 1 || p.Dim > MaxDim:
		return fmt.Errorf("dim: %d is not in 1 … %d", p.Dim, MaxDim)
	case p.Frequencies < 1 || p.Frequencies > MaxFrequencies:
		return fmt.Errorf("frequencies: %d is not in 1 … %d", p.Frequencies, MaxFrequencies)
	case !(p.Sigma > 0) || math.IsInf(p.Sigma, 0):
		return errors.New("sigma: not a positive number")
	case !(p.Unit > 0) || math.IsInf(p.Unit, 0):
		return errors.New("unit: not a positive number")
	case p.Rows < 0:
		return errors.New("rows: negative")
	case len(p.SD) != p.Dim:
		return fmt.Errorf("sd: %d numbers for %d coordinates", len(p.SD), p.Dim)
	case len(p.Spectrum) != 2*p.Frequencies:
		return fmt.Errorf("spectrum: %d numbers for %d features", len(p.Spectrum), 2*p.Frequencies)
	case !(p.Variation >= 0) || math.IsInf(p.Variation, 1):
		return errors.New("variation: negative or not finite")
	}
	for _, list := range [][]float64{p.SD, p.Spectrum} {
		for _, x := range list {
			if !(x >= 0) || math.IsInf(x, 0) {
				return errors.New("sd, spectrum: a number that is negative or not finite")
			}
		}
	}
	return nil
}

// Prepare draws the frequencies from the seed. It must be called, once, on a projection that was read from outside.
func (p *Projection) Prepare() {
	g := normals{state: p.Seed}
	w := make([]float64, p.Frequencies*p.Dim)
	for i := range w {
		// Rounded to 32 bits, so that the last bit of a logarithm doesn't matter.
		w[i] = float64(float32(g.next())) / p.Sigma
	}
	p.weights = w
}

// normals draws standard normal numbers: splitmix64 (Steele, Lea, Flood 2014) and Box-Muller. The stream is part of the format of
// baselines: it must never change.
type normals struct {
	state uint64
	spare float64
	full  bool
}

func (g *normals) bits() uint64 {
	g.state += 0x9e3779b97f4a7c15
	x := g.state
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// uniform is in (0, 1].
func (g *normals) uniform() float64 { return float64(g.bits()>>11+1) / (1 << 53) }

func (g *normals) next() float64 {
	if g.full {
		g.full = false
		return g.spare
	}
	r := math.Sqrt(-2 * math.Log(g.uniform()))
	s, c := math.Sincos(2 * math.Pi * g.uniform())
	g.spare, g.full = r*s, true
	return r * c
}

// Image is one vector as a sketch counts it. Its memory is used again.
type Image struct {
	phi   []int32
	coord []int32
}

// Project computes the image of v, which has Dim finite coordinates. Conversions forbid fused multiply-add, which would make the
// image depend on the processor.
func (p *Projection) Project(v []float64, im *Image) {
	v = v[:p.Dim]
	im.coord = resize(im.coord, p.Dim)
	scale := 1 / p.Unit
	for j, x := range v {
		im.coord[j] = int32(math.RoundToEven(min(max(x*scale, -maxCoord), maxCoord)))
	}
	im.phi = resize(im.phi, 2*p.Frequencies)
	w, d := p.weights, p.Dim
	k := 0
	for ; k+4 <= p.Frequencies; k += 4 {
		at := k * d
		w0, w1, w2, w3 := w[at:at+d], w[at+d:at+2*d], w[at+2*d:at+3*d], w[at+3*d:at+4*d]
		var s0, s1, s2, s3 float64
		for j, x := range v {
			s0 += float64(w0[j] * x)
			s1 += float64(w1[j] * x)
			s2 += float64(w2[j] * x)
			s3 += float64(w3[j] * x)
		}
		im.put(k, s0)
		im.put(k+1, s1)
		im.put(k+2, s2)
		im.put(k+3, s3)
	}
	for ; k < p.Frequencies; k++ {
		var s float64
		for j, x := range v {
			s += float64(w[k*d+j] * x)
		}
		im.put(k, s)
	}
}

func (im *Image) put(k int, phase float64) {
	if !(math.Abs(phase) <= maxPhase) { // so far out that its angle is noise
		phase = 0
	}
	s, c := math.Sincos(phase)
	im.phi[2*k], im.phi[2*k+1] = quantise(c), quantise(s)
}

func quantise(x float64) int32 { return int32(float64(x*one)+(one+0.5)) - one }

func resize(s []int32, n int) []int32 {
	if cap(s) < n {
		return make([]int32, n)
	}
	return s[:n]
}
