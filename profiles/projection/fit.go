package projection

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Sizes of samples that are enough.
const (
	maxSpectrumRows = 8192 // for the covariance of phi
	maxPairs        = 4096 // for the bandwidth
	MinFitRows      = 50
)

// Fit makes a projection for vectors like those of a sample, of which it looks at no more than 8192, evenly spread. All must have
// the same dimension and finite coordinates. frequencies 0 is [DefaultFrequencies]. The same arguments give the same projection.
func Fit(sample [][]float64, frequencies int, seed uint64) (*Projection, error) {
	if frequencies == 0 {
		frequencies = DefaultFrequencies
	}
	rows := spread(sample, maxSpectrumRows)
	if len(rows) < MinFitRows {
		return nil, fmt.Errorf("fit projection: %d vectors, at least %d are needed", len(rows), MinFitRows)
	}
	p := &Projection{Dim: len(rows[0]), Frequencies: frequencies, Seed: seed, Rows: int64(len(rows)), Sigma: 1, Unit: 1}
	if p.Dim == 0 || p.Dim > MaxDim || frequencies < 1 || frequencies > MaxFrequencies {
		return nil, fmt.Errorf("fit projection: %d coordinates, %d frequencies: at most %d and %d are possible", p.Dim, frequencies, MaxDim, MaxFrequencies)
	}
	for _, v := range rows {
		if len(v) != p.Dim {
			return nil, fmt.Errorf("fit projection: vectors of %d and of %d coordinates", p.Dim, len(v))
		}
		for _, x := range v {
			if !(math.Abs(x) <= maxSize) {
				return nil, errors.New("fit projection: a coordinate is not finite, or beyond 1e150")
			}
		}
	}
	p.spreadOf(rows)
	if sigma := medianDistance(rows); sigma > 0 {
		p.Sigma = sigma
	}
	p.Prepare()
	p.Spectrum, p.Variation = p.spectrum(rows)
	return p, nil
}

// spread picks at most n of all rows, evenly.
func spread(rows [][]float64, n int) [][]float64 {
	if len(rows) <= n {
		return rows
	}
	out := make([][]float64, n)
	for i := range out {
		out[i] = rows[i*len(rows)/n]
	}
	return out
}

// spreadOf sets the coordinates' standard deviations and the unit: 1/1024 of their size, rounded down to a power of two.
func (p *Projection) spreadOf(rows [][]float64) {
	p.SD = make([]float64, p.Dim)
	mean, squares := make([]float64, p.Dim), 0.0
	n := float64(len(rows))
	for _, v := range rows {
		for j, x := range v {
			mean[j] += x / n
			squares += x * x / n / float64(p.Dim)
		}
	}
	for _, v := range rows {
		for j, x := range v {
			p.SD[j] += (x - mean[j]) * (x - mean[j]) / (n - 1)
		}
	}
	for j, v := range p.SD {
		p.SD[j] = digits(math.Sqrt(v))
	}
	if squares > 0 {
		_, e := math.Frexp(math.Sqrt(squares))
		p.Unit = math.Ldexp(1, e-11)
	}
}

// digits rounds to about seven digits, which is what a sample can tell.
func digits(x float64) float64 { return float64(float32(x)) }

// medianDistance pairs each row with ones far from it, since neighbours may be alike. 0 if most rows are the same.
func medianDistance(rows [][]float64) float64 {
	n := len(rows)
	var d []float64
	for step := 0; step < 8 && len(d) < maxPairs; step++ {
		gap := n/2 - step*n/17
		if gap <= 0 {
			break
		}
		for i := 0; i < n && len(d) < maxPairs; i++ {
			a, b := rows[i], rows[(i+gap)%n]
			s := 0.0
			for j, x := range a {
				s += (x - b[j]) * (x - b[j])
			}
			if s > 0 {
				d = append(d, math.Sqrt(s))
			}
		}
	}
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return digits(d[len(d)/2])
}

// spectrum estimates the eigenvalues of the covariance S of phi. Those of the sample covariance are spread too wide: their sum is
// right, that of their squares is too large by about (E|phi-mu|^4 - tr S²)/n. So they are drawn towards their mean until the sum of
// squares is right. The variation is E|phi-mu|^4/(tr S)² - 1.
func (p *Projection) spectrum(rows [][]float64) (spectrum []float64, variation float64) {
	d, n := 2*p.Frequencies, float64(len(rows))
	var im Image
	images := make([]int32, 0, d*len(rows))
	mean := make([]float64, d)
	for _, v := range rows {
		p.Project(v, &im)
		images = append(images, im.phi...)
		for i, x := range im.phi {
			mean[i] += float64(x) / n
		}
	}
	s := make([]float64, d*d)
	x, fourth := make([]float64, d), 0.0
	unit := 1 / (one * math.Sqrt(float64(p.Frequencies)))
	for at := 0; at < len(images); at += d {
		size := 0.0
		for i := range x {
			x[i] = (float64(images[at+i]) - mean[i]) * unit
			size += x[i] * x[i]
		}
		fourth += size * size / n
		for i, a := range x {
			row := s[i*d : i*d+i+1]
			for j := range row {
				row[j] += a * x[j]
			}
		}
	}
	trace, squares := 0.0, 0.0
	for i := range d {
		for j := 0; j <= i; j++ {
			c := s[i*d+j] / (n - 1)
			s[i*d+j], s[j*d+i] = c, c
			squares += c * c
			if j < i {
				squares += c * c
			}
		}
		trace += s[i*d+i]
	}
	values, _ := symmetricEigen(s, d, false)
	average := trace / float64(d)
	floor := trace * average // the sum of squares if all were equal
	shrink := 0.0
	if unbiased := squares - (fourth-squares)/n; unbiased > floor && squares > floor {
		shrink = math.Sqrt((unbiased - floor) / (squares - floor))
	}
	if trace > 0 {
		variation = digits(math.Max(0, fourth/(trace*trace)-1))
	}
	for i, v := range values {
		values[i] = digits(max(average+shrink*(v-average), 0))
	}
	return values, variation
}
