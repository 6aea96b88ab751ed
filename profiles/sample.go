package profiles

import (
	"slices"
	"strings"

	"plumbline"
	"plumbline/profiles/projection"
)

// Bounds on the vectors a builder keeps of one feature.
const (
	maxVectors     = 8192
	maxVectorBytes = 96 << 20 // of their texts
	maxCoordinates = 8 << 20  // of those a projection is fitted to
)

// vectorSample keeps the vectors of every step-th row, as texts, and the dimension of all.
type vectorSample struct {
	step   int // 0 is 1
	rows   []int32
	texts  []string
	bytes  int
	common int32           // the first vector's dimension
	others map[int32]int32 // by row, where it is another
}

// put notes the value of a row, which replaces an earlier one of the same row.
func (s *vectorSample) put(row int, v *plumbline.Value) {
	if n := len(s.rows); n > 0 && int(s.rows[n-1]) == row {
		s.bytes -= len(s.texts[n-1])
		s.rows, s.texts = s.rows[:n-1], s.texts[:n-1]
	}
	if v.Kind != plumbline.Vector {
		return
	}
	if s.common == 0 {
		s.common = v.Len
	}
	if v.Len != s.common {
		if s.others == nil {
			s.others = map[int32]int32{}
		}
		s.others[int32(row)] = v.Len
	} else {
		delete(s.others, int32(row))
	}
	s.step = max(s.step, 1)
	if v.Str == "" || row%s.step != 0 || v.Len > projection.MaxDim {
		return
	}
	s.rows, s.texts = append(s.rows, int32(row)), append(s.texts, strings.Clone(v.Str))
	s.bytes += len(v.Str)
	for (len(s.rows) > maxVectors || s.bytes > maxVectorBytes) && len(s.rows) > 1 {
		s.thin()
	}
}

// thin drops every other row.
func (s *vectorSample) thin() {
	s.step *= 2
	kept := 0
	s.bytes = 0
	for i, row := range s.rows {
		if int(row)%s.step == 0 {
			s.rows[kept], s.texts[kept] = row, s.texts[i]
			s.bytes += len(s.texts[i])
			kept++
		}
	}
	clear(s.texts[kept:])
	s.rows, s.texts = s.rows[:kept], s.texts[:kept]
}

// dim is the dimension of the vector of a row that has one.
func (s *vectorSample) dim(row int) int {
	if d, ok := s.others[int32(row)]; ok {
		return int(d)
	}
	return int(s.common)
}

// fill completes the value of a row that has a vector.
func (s *vectorSample) fill(row int, v *plumbline.Value) {
	v.Len = int32(s.dim(row))
	if i, ok := slices.BinarySearch(s.rows, int32(row)); ok {
		v.Str = s.texts[i]
	}
}

// projectionSeed draws the frequencies of all baselines. Those of two features may be the same: they are never compared.
const projectionSeed = 20130101

// fit makes the projection for vectors of the commonest dimension; nil if there are too few.
func (s *vectorSample) fit() *projection.Projection {
	count := map[int]int{}
	for _, row := range s.rows {
		count[s.dim(int(row))]++
	}
	dim := 0
	for d, n := range count {
		if n > count[dim] || n == count[dim] && d > dim {
			dim = d
		}
	}
	var sample [][]float64
	every := len(s.rows)*dim/maxCoordinates + 1
	for i, row := range s.rows {
		if s.dim(int(row)) != dim || i%every != 0 {
			continue
		}
		if v, ok := projection.Parse(make([]float64, 0, dim), s.texts[i]); ok && len(v) == dim {
			sample = append(sample, v)
		}
	}
	p, err := projection.Fit(sample, 0, projectionSeed)
	if err != nil {
		return nil
	}
	return p
}
