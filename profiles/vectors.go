package profiles

import (
	"encoding/binary"

	"plumbline"
	"plumbline/profiles/projection"
)

// Projection is the frozen map by which a feature's vectors are summed, nil if its baseline has none.
func (f *Feature) Projection() *projection.Projection { return f.slot.projection }

// Sketch holds the sums of a feature's vectors, nil if there are none. A baseline's sketch is of a sample of its records.
func (f *Feature) Sketch() *projection.Sketch {
	if f.sketch == nil || f.sketch.N == 0 {
		return nil
	}
	return f.sketch
}

// IsDerived reports whether the feature follows from others of the same record: no record carries it.
func (f *Feature) IsDerived() bool { return f.slot.derived }

// vector folds one embedding; one of another dimension than the baseline's is a value of another type.
func (f *Folder) vector(pl place, v *plumbline.Value, targets []*Profile) {
	p := pl.slot.projection
	if p == nil || pl.slot.pii { // the sum of one vector is that vector
		f.number(pl, v.Num, targets)
		return
	}
	if int(v.Len) != p.Dim {
		f.invalid(pl, v, targets)
		return
	}
	f.number(pl, v.Num, targets)
	if v.Str == "" {
		return
	}
	coords, ok := projection.Parse(f.coords[:0], v.Str)
	if f.coords = coords; !ok || len(coords) != p.Dim {
		return
	}
	f.sketch(pl, coords, targets)
}

func (f *Folder) sketch(pl place, coords []float64, targets []*Profile) {
	pl.slot.projection.Project(coords, &f.image)
	for _, p := range targets {
		ft := p.at(pl.at, pl.slot)
		if ft.sketch == nil {
			ft.sketch = &projection.Sketch{}
		}
		ft.sketch.Add(&f.image)
	}
}

// row folds the numbers of a record, gathered in f.z, as one vector. Its number is what the principal components of the baseline
// miss of it.
func (f *Folder) row(targets []*Profile) {
	m := f.layout.row
	pl := f.standard(m.at)
	f.number(pl, m.basis.Error(f.z), targets)
	f.sketch(pl, f.z, targets)
	clear(f.z)
}

// mergeSketch adds g's sums; both features are counted by one projection.
func (f *Feature) mergeSketch(g *Feature) {
	if g.sketch == nil || g.sketch.N == 0 {
		return
	}
	if f.sketch == nil {
		f.sketch = &projection.Sketch{}
	}
	f.sketch.Merge(g.sketch)
}

// subtractSketch takes g's sums away.
func (f *Feature) subtractSketch(g *Feature) error {
	switch {
	case g.sketch == nil || g.sketch.N == 0:
		return nil
	case f.sketch == nil || f.sketch.N < g.sketch.N:
		return errNotPart
	}
	f.sketch.Subtract(g.sketch)
	return nil
}

// appendSketch writes the number of vectors and the sums.
func appendSketch(dst []byte, s *projection.Sketch) []byte {
	dst = binary.AppendUvarint(dst, uint64(s.N))
	for _, list := range [][]int64{s.Phi, s.Coord} {
		for _, x := range list {
			dst = binary.AppendUvarint(dst, zigzag(x))
		}
	}
	return dst
}

func (r *reader) sketch(f *Feature) {
	p := f.slot.projection
	if p == nil {
		r.fail(errCorrupt)
		return
	}
	s := projection.Sketch{N: r.count(), Phi: make([]int64, 2*p.Frequencies), Coord: make([]int64, p.Dim)}
	for _, list := range [][]int64{s.Phi, s.Coord} {
		for i := range list {
			list[i] = unzigzag(r.uvarint())
		}
	}
	if r.err == nil && (s.N == 0 || s.N > f.N || s.Validate(p) != nil) {
		r.fail(errCorrupt)
	}
	f.sketch = &s
}
