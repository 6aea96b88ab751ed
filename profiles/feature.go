package profiles

import (
	"math"
	"slices"

	"plumbline"
	"plumbline/profiles/projection"
)

// Role says which part of a record a feature comes from.
type Role uint8

const (
	Input   Role = iota // what the model was asked
	Output              // what it answered: prediction, score, confidence
	Runtime             // what the serving software reported: latency_ms, …, status
	roles
)

func (r Role) String() string {
	if r < roles {
		return [...]string{"input", "output", "runtime"}[r]
	}
	return "unknown"
}

// Key names a feature of a profile.
type Key struct {
	Role Role
	Name string
}

// The keys every model has.
var (
	Prediction = Key{Output, "prediction"}
	Score      = Key{Output, "score"}
	Confidence = Key{Output, "confidence"}
	Status     = Key{Runtime, "status"}
)

// slot is what a layout freezes of one feature. It is immutable.
type slot struct {
	key    Key
	typ    plumbline.FeatureType // TypeAuto: inferred per pane from the first value
	grid   *Grid                 // nil: no cells
	frozen bool                  // shift is fixed; else it is a pane's first value
	shift  float64
	lo, hi float64 // values outside count as below or above
	native int32   // index in the baseline's features if counted on its cells, else -1
	listed bool    // in the baseline or declared: shown even if never seen
	pii    bool
	// of vectors and what is derived; nil, 0 and false mostly
	projection *projection.Projection
	facts      []textFact // derived of this text
	coord      int32      // the place in whole rows, from 1 on
	derived    bool       // no record's own value is counted here
	// categories of the baseline, nil without one
	values []string
	index  map[string]int32
	others map[uint64]struct{}
}

func (s *slot) known() bool { return s.index != nil }

// Feature is one feature of a profile. N + Missing + Invalid is the number of records that could have carried it. Numbers of
// it are read through methods; ok is false where there is nothing to say.
type Feature struct {
	Key
	Type plumbline.FeatureType // TypeAuto until a value was seen

	N       int64 // present values of the feature's type
	Missing int64 // null, absent or NaN
	NaN     int64 // of Missing: NaN in any spelling
	Invalid int64 // infinities, and values of another type
	Below   int64 // below the declared minimum, else below the baseline's
	Above   int64

	slot     *slot
	kinds    [kinds]int64 // of Invalid: values of another type, by theirs
	seen     bool         // for features outside the layout: some record named it
	m        moments
	first    []float64 // all values in order while they are few: then they are shorter to write than sums
	cells    cells     // per cell of the grid, or per category of the baseline
	other    int64     // in categories not told apart by name
	overflow int64     // in categories the baseline never saw, beyond those kept in texts
	texts    *values
	sketch   *projection.Sketch
}

func (f *Feature) init(s *slot) {
	*f = Feature{Key: s.key, Type: s.typ, slot: s}
	f.m.reset(s.shift)
}

func (f *Feature) reset() {
	c, t, first, sketch := f.cells, f.texts, f.first, f.sketch
	c.reset()
	if t != nil {
		t.reset()
	}
	f.init(f.slot)
	if sketch != nil {
		sketch.Reset()
	}
	f.cells, f.texts, f.first, f.sketch = c, t, first[:0], sketch
}

// maxListed is how many values are kept in order.
const maxListed = 24

// listed reports that first holds all values.
func (f *Feature) listed() bool { return int64(len(f.first)) == f.N }

// empty reports that no value was ever counted.
func (f *Feature) empty() bool { return f.N == 0 && f.NaN == 0 && f.Invalid == 0 }

func (f *Feature) addNumber(x float64, at int32) {
	s := f.slot
	if f.N == 0 && !s.frozen {
		f.m.shift = x
	}
	if f.N < maxListed && int64(len(f.first)) == f.N {
		f.first = append(f.first, x)
	}
	f.N++
	f.m.add(x)
	if s.grid != nil {
		f.cells.inc(at, 1, len(s.grid.Edges)+1)
	}
	if x < s.lo {
		f.Below++
	} else if x > s.hi {
		f.Above++
	}
}

// Bounds on texts kept per feature and profile.
const (
	maxUnseen = 100  // categories the baseline never saw
	maxValues = 1000 // categories where there is no baseline
)

func (f *Feature) addText(text string, n int64) {
	if f.texts == nil {
		f.texts = &values{}
	}
	room := maxValues
	if f.slot.known() {
		room = maxUnseen
	}
	if f.texts.add(text, n, room) {
		return
	}
	if f.slot.known() {
		f.overflow += n
	} else {
		f.other += n
	}
}

// categorical reports whether the type is summarised as categories.
func categorical(t plumbline.FeatureType) bool {
	return t == plumbline.TypeCategory || t == plumbline.TypeBoolean
}

// compatible reports whether values of the two types can be counted together.
func compatible(a, b plumbline.FeatureType) bool {
	return a == b || categorical(a) && categorical(b)
}

// sameCells reports whether both slots count on the same cells. Slots of one baseline are the same by construction.
func sameCells(a, b *slot) bool {
	return a == b || a.native == b.native && (a.native >= 0 || a.grid.equal(b.grid))
}

// merge adds g. Values that can't be counted together with f's, because the feature's type changed, become invalid: a type
// that changes must be visible.
func (f *Feature) merge(g *Feature) {
	f.seen = f.seen || g.seen
	f.NaN += g.NaN
	f.Invalid += g.Invalid
	for k, n := range g.kinds {
		f.kinds[k] += n
	}
	if g.N == 0 {
		return
	}
	if f.N == 0 && (f.slot.typ == plumbline.TypeAuto || f.Type == plumbline.TypeAuto) {
		f.Type = g.Type
	}
	if !compatible(f.Type, g.Type) || !sameCells(f.slot, g.slot) {
		f.Invalid += g.N
		if !compatible(f.Type, g.Type) {
			f.kinds[kindOfType(g.Type)] += g.N
		}
		return
	}
	f.Below += g.Below
	f.Above += g.Above
	if f.Type.Numeric() {
		if f.N == 0 && !f.slot.frozen {
			f.m.shift = g.m.shift
		}
		f.m.merge(&g.m, g.N)
		if f.N+g.N <= maxListed && f.listed() && g.listed() {
			f.first = append(f.first, g.first...)
		}
	}
	f.N += g.N
	f.mergeSketch(g)
	if size := f.size(); size > 0 {
		g.cells.each(func(at int32, n int64) { f.cells.inc(at, n, size) })
	}
	f.other += g.other
	f.overflow += g.overflow
	if g.texts != nil {
		f.mergeTexts(g.texts.list)
	}
}

// mergeTexts unites the texts and, beyond the bound, keeps the most frequent.
func (f *Feature) mergeTexts(list []Category) {
	if len(list) == 0 {
		return
	}
	if f.texts == nil {
		f.texts = &values{}
	}
	for _, c := range list {
		f.texts.add(c.Value, c.Count, math.MaxInt)
	}
	room, rest := maxValues, &f.other
	if f.slot.known() {
		room, rest = maxUnseen, &f.overflow
	}
	if len(f.texts.list) <= room {
		return
	}
	slices.SortFunc(f.texts.list, ByCount)
	for _, c := range f.texts.list[room:] {
		*rest += c.Count
	}
	f.texts = (&values{list: f.texts.list[:room]}).clone()
}

func (f *Feature) clone() Feature {
	c := *f
	c.cells = f.cells.clone()
	c.texts = f.texts.clone()
	c.first = slices.Clone(f.first)
	c.sketch = f.sketch.Clone()
	return c
}

// size is the number of cells, or of categories of the baseline.
func (f *Feature) size() int {
	if f.slot.known() {
		return len(f.slot.values)
	}
	if f.slot.grid != nil {
		return f.slot.grid.Cells()
	}
	return 0
}
