// Package mmd compares two samples of vectors, embeddings or standardised rows, that no profile holds: it fits a frozen projection
// to a sample, sums what the projection makes of the vectors of either side, and judges the sums with [detectors.MMD],
// [detectors.CosineShift] and [detectors.ComponentsDrifted]. Sums of parts add up to the sum of the whole.
//
// A sketch takes a few hundred numbers whatever it has counted, and counting a vector takes 64 dot products, so samples of any size
// can be compared in one pass: the example of [Compare]. [MeanCosine], [Components] and [FitBasis] are for direct use as it is: the distance of
// mean vectors, which coordinates moved, and principal components.
package mmd

import (
	"plumbline/detectors"
	"plumbline/profiles/projection"
)

// The pieces, as profiles use them.
type (
	Projection = projection.Projection // a frozen map onto random Fourier features
	Sketch     = projection.Sketch     // mergeable sums of what it gives
	Scale      = projection.Scale      // standardises rows of numbers
	Basis      = projection.Basis      // principal components of rows
)

// Options of a projection; the zero value holds the defaults.
type Options struct {
	Frequencies int    // half the number of features; 0 is 64
	Seed        uint64 // of the random frequencies
}

// Fit makes the projection for vectors like those of a sample: at least 50, of one dimension up to 4096, all finite. Of more than
// 8192 vectors it looks at as many, evenly spread. It takes about 0.3 s.
func Fit(sample [][]float64, o Options) (*Projection, error) {
	return projection.Fit(sample, o.Frequencies, o.Seed)
}

// FitScale finds means and standard deviations of the columns of rows, NaN being a missing number.
func FitScale(rows [][]float64) *Scale { return projection.FitScale(rows) }

// FitBasis finds the fewest principal components that hold at least share of the variance of standardised rows.
func FitBasis(rows [][]float64, share float64) (*Basis, error) {
	return projection.FitBasis(rows, share)
}

// Counter sums vectors. It is not safe for concurrent use; the sketches of several counters can be merged.
type Counter struct {
	projection *Projection
	image      projection.Image
	sketch     Sketch
}

// NewCounter returns a counter without vectors.
func NewCounter(p *Projection) *Counter { return &Counter{projection: p} }

// Add counts one vector. It is false, and the vector not counted, if that has another dimension or a coordinate that isn't finite.
func (c *Counter) Add(v []float64) bool {
	if len(v) != c.projection.Dim {
		return false
	}
	for _, x := range v {
		if x-x != 0 {
			return false
		}
	}
	c.projection.Project(v, &c.image)
	c.sketch.Add(&c.image)
	return true
}

// Sketch returns the sums so far. They change with the counter.
func (c *Counter) Sketch() *Sketch { return &c.sketch }

// Compare is [detectors.MMD]; design is the design effect, 1 for independent rows.
func Compare(p *Projection, ref, cur *Sketch, design float64) detectors.Result {
	return detectors.MMD(vectors(p, ref, cur, design))
}

// MeanCosine is [detectors.CosineShift].
func MeanCosine(p *Projection, ref, cur *Sketch, design float64) detectors.Result {
	return detectors.CosineShift(vectors(p, ref, cur, design))
}

// Components is [detectors.ComponentsDrifted].
func Components(p *Projection, ref, cur *Sketch, design float64) detectors.Result {
	return detectors.ComponentsDrifted(vectors(p, ref, cur, design))
}

func vectors(p *Projection, ref, cur *Sketch, design float64) detectors.Vectors {
	return detectors.Vectors{Projection: p, Ref: ref, Cur: cur, Design: design}
}
