package projection

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Sketch holds sums over vectors: of their features and of their coordinates, both in whole units, so that a sketch of a union is
// the sum of the sketches, to the bit and in any order. The zero Sketch is empty.
type Sketch struct {
	N     int64   `json:"n"`
	Phi   []int64 `json:"phi"`   // in 1/4096
	Coord []int64 `json:"coord"` // in the projection's unit
}

// Add counts one vector.
func (s *Sketch) Add(im *Image) {
	if s.Phi == nil {
		s.Phi, s.Coord = make([]int64, len(im.phi)), make([]int64, len(im.coord))
	}
	s.N++
	for i, x := range im.phi {
		s.Phi[i] += int64(x)
	}
	for i, x := range im.coord {
		s.Coord[i] += int64(x)
	}
}

// Merge adds t, which stays as it is. Both are sketches of one projection.
func (s *Sketch) Merge(t *Sketch) { s.combine(t, 1) }

// Subtract removes t, which was merged before.
func (s *Sketch) Subtract(t *Sketch) { s.combine(t, -1) }

func (s *Sketch) combine(t *Sketch, sign int64) {
	if t == nil || t.N == 0 {
		return
	}
	if s.Phi == nil {
		s.Phi, s.Coord = make([]int64, len(t.Phi)), make([]int64, len(t.Coord))
	}
	s.N += sign * t.N
	for i, x := range t.Phi {
		s.Phi[i] += sign * x
	}
	for i, x := range t.Coord {
		s.Coord[i] += sign * x
	}
}

// Clone returns a copy.
func (s *Sketch) Clone() *Sketch {
	if s == nil {
		return nil
	}
	return &Sketch{s.N, slices.Clone(s.Phi), slices.Clone(s.Coord)}
}

// Reset empties the sketch and keeps its memory.
func (s *Sketch) Reset() {
	s.N = 0
	clear(s.Phi)
	clear(s.Coord)
}

// Validate reports whether s can be a sketch of p.
func (s *Sketch) Validate(p *Projection) error {
	if s.N < 0 || s.N > 1<<48 {
		return fmt.Errorf("n: %d is out of range", s.N)
	}
	if s.N == 0 && len(s.Phi) == 0 && len(s.Coord) == 0 {
		return nil
	}
	if len(s.Phi) != 2*p.Frequencies || len(s.Coord) != p.Dim {
		return errors.New("phi, coord: not as long as the projection asks")
	}
	for _, x := range s.Phi {
		if x > s.N*one || x < -s.N*one {
			return errors.New("phi: larger than n allows")
		}
	}
	limit := s.N
	if limit > math.MaxInt64/maxCoord {
		limit = math.MaxInt64 / maxCoord
	}
	for _, x := range s.Coord {
		if x > limit*maxCoord || x < -limit*maxCoord {
			return errors.New("coord: larger than n allows")
		}
	}
	return nil
}

// Fits reports whether the sketch holds vectors and is as long as p asks.
func (s *Sketch) Fits(p *Projection) bool {
	return s != nil && s.N > 0 && len(s.Phi) == 2*p.Frequencies && len(s.Coord) == p.Dim
}

// Mean writes the mean features, of length at most 1, to dst, which is made if it is too short.
func (s *Sketch) Mean(dst []float64) []float64 {
	scale := 1 / (one * float64(s.N) * math.Sqrt(float64(len(s.Phi))/2))
	dst = dst[:0]
	for _, x := range s.Phi {
		dst = append(dst, float64(x)*scale)
	}
	return dst
}

// Centre writes the mean vector to dst.
func (s *Sketch) Centre(p *Projection, dst []float64) []float64 {
	dst = dst[:0]
	for _, x := range s.Coord {
		dst = append(dst, float64(x)/float64(s.N)*p.Unit)
	}
	return dst
}
