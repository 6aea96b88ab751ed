package projection

import (
	"errors"
	"fmt"
	"math"
)

// maxZ cuts standardised numbers, so that one wild value does not hide the rest of its row.
const maxZ = 8

// Scale standardises rows of numbers.
type Scale struct {
	Mean []float64 `json:"mean"`
	SD   []float64 `json:"sd"`
}

// Standardise writes (x-mean)/sd to dst, cut to [-8, 8]. What is missing (NaN), infinite, or constant in the reference becomes 0.
func (s *Scale) Standardise(dst, row []float64) []float64 {
	dst = dst[:0]
	for j, x := range row {
		dst = append(dst, s.Coordinate(j, x))
	}
	return dst
}

// Coordinate is column j of Standardise.
func (s *Scale) Coordinate(j int, x float64) float64 {
	z := (x - s.Mean[j]) / s.SD[j]
	if z != z || x-x != 0 || !(s.SD[j] > 0) {
		return 0
	}
	return min(max(z, -maxZ), maxZ)
}

// Validate reports what is impossible in a scale that was read from outside.
func (s *Scale) Validate(dim int) error {
	if len(s.Mean) != dim || len(s.SD) != dim {
		return fmt.Errorf("scale: %d means and %d deviations for %d columns", len(s.Mean), len(s.SD), dim)
	}
	for j := range s.Mean {
		if m, d := s.Mean[j], s.SD[j]; m-m != 0 || d-d != 0 || d < 0 {
			return errors.New("scale: a number that is negative or not finite")
		}
	}
	return nil
}

// MaxBasisDim is the most columns a [Basis] is fitted to.
const MaxBasisDim = 256

// Basis spans the principal components of rows of zero mean: those that hold a given share of their variance.
type Basis struct {
	Dim        int       `json:"dim"`
	Components []float64 `json:"components"` // orthonormal vectors of length Dim, one after the other, by variance
	Explained  float64   `json:"explained"`  // the share of the variance they hold
}

// FitBasis finds the fewest principal components that hold at least share of the variance of rows, at most 8192 of them, evenly
// spread. Rows are centred already.
func FitBasis(rows [][]float64, share float64) (*Basis, error) {
	rows = spread(rows, maxSpectrumRows)
	if len(rows) < MinFitRows {
		return nil, fmt.Errorf("fit principal components: %d rows, at least %d are needed", len(rows), MinFitRows)
	}
	d := len(rows[0])
	if d < 2 || d > MaxBasisDim {
		return nil, fmt.Errorf("fit principal components: %d columns, they need 2 to %d", d, MaxBasisDim)
	}
	s := make([]float64, d*d)
	for _, v := range rows {
		if len(v) != d {
			return nil, fmt.Errorf("fit principal components: rows of %d and of %d columns", d, len(v))
		}
		for i, a := range v {
			if a-a != 0 {
				return nil, errors.New("fit principal components: a number is not finite")
			}
			for j := 0; j <= i; j++ {
				s[i*d+j] += a * v[j] / float64(len(rows))
			}
		}
	}
	total := 0.0
	for i := range d {
		for j := range i {
			s[j*d+i] = s[i*d+j]
		}
		total += s[i*d+i]
	}
	if !(total > 0) || math.IsInf(total, 0) {
		return nil, errors.New("fit principal components: the rows do not vary")
	}
	values, vectors := symmetricEigen(s, d, true)
	b := &Basis{Dim: d}
	// At least one component is left out, or there is nothing to reconstruct.
	for k := 0; k < d-1 && (k == 0 || b.Explained < share); k++ {
		b.Explained += values[k] / total
		for _, x := range vectors[k*d : (k+1)*d] {
			b.Components = append(b.Components, digits(x))
		}
	}
	b.Explained = digits(min(b.Explained, 1))
	return b, nil
}

// Error is the Euclidean distance of v to the span: what its reconstruction misses.
func (b *Basis) Error(v []float64) float64 {
	v = v[:b.Dim]
	rest := 0.0
	for _, x := range v {
		rest += float64(x * x)
	}
	for at := 0; at < len(b.Components); at += b.Dim {
		c, dot := b.Components[at:at+b.Dim], 0.0
		for j, x := range v {
			dot += float64(c[j] * x)
		}
		rest -= float64(dot * dot)
	}
	return math.Sqrt(max(rest, 0))
}

// Validate reports what is impossible in a basis that was read from outside.
func (b *Basis) Validate() error {
	if b.Dim < 2 || b.Dim > MaxBasisDim || len(b.Components) == 0 || len(b.Components)%b.Dim != 0 || len(b.Components) >= b.Dim*b.Dim {
		return fmt.Errorf("basis: %d numbers in %d dimensions", len(b.Components), b.Dim)
	}
	for _, x := range b.Components {
		if !(math.Abs(x) <= 1.0001) {
			return errors.New("basis: a component that is no unit vector")
		}
	}
	return nil
}

// FitScale finds the columns' means and standard deviations. NaN and infinite numbers are left out.
func FitScale(rows [][]float64) *Scale {
	if len(rows) == 0 {
		return &Scale{}
	}
	d := len(rows[0])
	s := &Scale{Mean: make([]float64, d), SD: make([]float64, d)}
	n := make([]float64, d)
	for _, row := range rows { // Welford's recurrence; SD holds the sum of squares
		for j, x := range row[:min(d, len(row))] {
			if x-x != 0 {
				continue
			}
			n[j]++
			delta := x - s.Mean[j]
			s.Mean[j] += delta / n[j]
			s.SD[j] += delta * (x - s.Mean[j])
		}
	}
	for j := range s.SD {
		sd := math.Sqrt(s.SD[j] / max(n[j]-1, 1))
		if sd-sd != 0 || s.Mean[j]-s.Mean[j] != 0 {
			s.Mean[j], sd = 0, 0
		}
		s.SD[j] = sd
	}
	return s
}
