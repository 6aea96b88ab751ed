package profiles

import (
	"math"
	"slices"
	"sync"
	"time"

	"plumbline"
	"plumbline/profiles/projection"
)

// BaselineFormat is the version of the baseline file that this package writes and reads.
const BaselineFormat = 1

// Bounds on a baseline.
const (
	maxCategories  = 1000   // categories kept by name
	maxOtherHashes = 100000 // further categories, recognised by hash
	maxSlices      = 10000
)

// Baseline is a reference profile: frozen cells and counts per feature. It is immutable once built or read.
type Baseline struct {
	Format   int                      `json:"format"`
	Model    string                   `json:"model"`
	Version  string                   `json:"version"`
	Created  time.Time                `json:"created"`
	Source   string                   `json:"source"` // where the records came from, in words
	From     time.Time                `json:"from"`   // event time of the first record, zero if none had one
	To       time.Time                `json:"to"`     // event time of the last record
	Records  int64                    `json:"records"`
	Tallies  Tallies                  `json:"tallies"`
	Labels   *Labels                  `json:"labels,omitempty"`
	Quality  *Quality                 `json:"quality,omitempty"`
	Rows     *BaselineRows            `json:"rows,omitempty"`
	Related  *Correlations            `json:"correlations,omitempty"` // of the numeric inputs
	Features []BaselineFeature        `json:"features"`
	Slices   map[string]BaselineSlice `json:"slices,omitempty"`
	Panes    *Panes                   `json:"panes,omitempty"` // the records over time, nil if they have no times

	hash   string
	layout func() *Layout
}

// Tallies are the counts of records by kind and fate, as in Profile.
type Tallies struct {
	Whole       int64 `json:"whole"`
	Requests    int64 `json:"requests"`
	Responses   int64 `json:"responses"`
	Errors      int64 `json:"errors"`
	NullAnswers int64 `json:"null_answers"`
	Duplicates  int64 `json:"duplicates"`
	Carrying    int64 `json:"carrying"` // records that carry features
}

// Labels says what the labels inside the baseline's records were.
type Labels struct {
	N        int64      `json:"n"`
	Positive *float64   `json:"positive_share,omitempty"` // share of the model's positive class
	Classes  []Category `json:"classes,omitempty"`        // the most frequent classes
	Mean     *float64   `json:"mean,omitempty"`           // of labels that are numbers, for regression
	// Of a binary model: labelled and positive records per cell of the score, for calibration.
	ScoreLabelled []int64 `json:"score_labelled,omitempty"`
	ScorePositive []int64 `json:"score_positive,omitempty"`
}

// Quality is how good the model was on the baseline's own labelled records.
type Quality struct {
	N        int64    `json:"n"`
	Accuracy *float64 `json:"accuracy,omitempty"`
	MAE      *float64 `json:"mae,omitempty"`
	RMSE     *float64 `json:"rmse,omitempty"`
}

// BaselineRows says how often rows repeat, from a sample of different rows, as Rows does.
type BaselineRows struct {
	Records int64           `json:"records"`
	Level   int             `json:"level"`
	Repeats map[int64]int64 `json:"repeats"` // how many rows of the sample occurred so often
}

func (b *BaselineRows) rows() *Rows {
	if b == nil {
		return nil
	}
	out := &Rows{Records: b.Records, Level: b.Level}
	for times, rows := range b.Repeats {
		for range rows {
			out.Counts = append(out.Counts, times)
		}
	}
	slices.Sort(out.Counts)
	return out
}

// BaselineFeature is one feature: its cells or categories, and the counts on them.
type BaselineFeature struct {
	Name string                `json:"name"`
	Role string                `json:"role"` // input, output, runtime
	Type plumbline.FeatureType `json:"type"`
	PII  bool                  `json:"pii,omitempty"` // categories are hashes
	Tally
	Mean        *float64   `json:"mean,omitempty"`
	SD          *float64   `json:"sd,omitempty"`
	Shift       *float64   `json:"shift,omitempty"` // what moments are shifted by
	Edges       []float64  `json:"edges,omitempty"` // inner edges, right-closed; absent: one cell, or the fixed grid
	LogGrid     bool       `json:"log_grid,omitempty"`
	Categories  []Category `json:"categories,omitempty"`
	OtherHashes string     `json:"other_hashes,omitempty"` // base64 of ascending 64-bit big-endian FNV-1a of further categories
	// Of vectors: how they are summed, and how those of the baseline spread.
	Projection *projection.Projection `json:"projection,omitempty"`
	Derived    *Derived               `json:"derived,omitempty"` // nil: records carry it
}

// BaselineSlice is one slice's share of a baseline: the same features, in the same order, on the same cells.
type BaselineSlice struct {
	Records  int64   `json:"records"`
	Tallies  Tallies `json:"tallies"`
	Features []Tally `json:"features"`
}

// Tally is what was counted of one feature.
type Tally struct {
	N       int64              `json:"n"`
	Missing int64              `json:"missing"`
	NaN     int64              `json:"nan,omitempty"`
	Invalid int64              `json:"invalid,omitempty"`
	Kinds   *[4]int64          `json:"kinds,omitempty"` // of Invalid: numbers, texts, booleans, vectors where another type was asked for
	Below   int64              `json:"below,omitempty"`
	Above   int64              `json:"above,omitempty"`
	Min     *float64           `json:"min,omitempty"`
	Max     *float64           `json:"max,omitempty"`
	Moments *[4]string         `json:"moments,omitempty"` // Σ(x-shift)^k, k = 1 … 4, as texts: they may be infinite
	First   int                `json:"first,omitempty"`   // the cell Counts begin with
	Counts  []int64            `json:"counts,omitempty"`  // per cell, or per category
	Other   int64              `json:"other,omitempty"`
	Sketch  *projection.Sketch `json:"sketch,omitempty"` // of a sample of the vectors
}

// prepare fixes the hash and the layout of a finished baseline.
func (b *Baseline) prepare() {
	for i := range b.Features {
		if p := b.Features[i].Projection; p != nil {
			p.Prepare()
		}
	}
	b.hash = b.computeHash()
	b.layout = sync.OnceValue(func() *Layout { return NewLayout(nil, b) })
}

// slot makes the frozen slot of feature i.
func (bf *BaselineFeature) slot(i int32) *slot {
	s := &slot{key: bf.key(), typ: bf.Type, native: i, listed: true, pii: bf.PII, lo: math.Inf(-1), hi: math.Inf(1)}
	if categorical(bf.Type) {
		s.values, s.index = make([]string, len(bf.Categories)), make(map[string]int32, len(bf.Categories))
		for j, c := range bf.Categories {
			s.values[j], s.index[c.Value] = c.Value, int32(j)
		}
		if hashes, err := decodeHashes(bf.OtherHashes); err == nil && len(hashes) > 0 {
			s.others = make(map[uint64]struct{}, len(hashes))
			for _, h := range hashes {
				s.others[h] = struct{}{}
			}
		}
		return s
	}
	if bf.LogGrid {
		s.grid = LogGrid()
	} else if g, err := NewGrid(bf.Edges); err == nil {
		s.grid = g
	}
	if bf.Shift != nil {
		s.shift, s.frozen = *bf.Shift, true
	}
	if bf.Role != Runtime.String() && bf.Min != nil && bf.Max != nil {
		s.lo, s.hi = *bf.Min, *bf.Max
	}
	s.projection = bf.Projection
	return s
}

func (bf *BaselineFeature) key() Key {
	for r := Input; r < roles; r++ {
		if r.String() == bf.Role {
			return Key{r, bf.Name}
		}
	}
	return Key{roles, bf.Name}
}

// Profile returns the baseline's counts as a profile on the baseline's own layout.
func (b *Baseline) Profile() *Profile {
	tallies := make([]Tally, len(b.Features))
	for i := range b.Features {
		tallies[i] = b.Features[i].Tally
	}
	p := b.profile(&b.Tallies, tallies)
	p.frozen = b.Rows.rows()
	return p
}

// SliceProfile returns the counts of one canonical slice, false if the baseline has none.
func (b *Baseline) SliceProfile(slice string) (*Profile, bool) {
	if slice == "" {
		return b.Profile(), true
	}
	s, ok := b.Slices[slice]
	if !ok {
		return nil, false
	}
	return b.profile(&s.Tallies, s.Features), true
}

func (b *Baseline) profile(t *Tallies, tallies []Tally) *Profile {
	p := b.layout().NewProfile()
	p.Whole, p.Requests, p.Responses = t.Whole, t.Requests, t.Responses
	p.Errors, p.NullAnswers, p.Duplicates, p.Carrying = t.Errors, t.NullAnswers, t.Duplicates, t.Carrying
	for i := range tallies {
		tallies[i].into(&p.base[i])
	}
	p.settle()
	return p
}

// into sets a feature's counts; the tally was validated.
func (t *Tally) into(f *Feature) {
	f.N, f.NaN, f.Invalid, f.Below, f.Above, f.other = t.N, t.NaN, t.Invalid, t.Below, t.Above, t.Other
	if t.Min != nil && t.Max != nil {
		f.m.min, f.m.max = *t.Min, *t.Max
	}
	if t.Moments != nil {
		if s, err := parseMoments(t.Moments); err == nil {
			f.m.s1, f.m.s2, f.m.s3, f.m.s4 = s[0], s[1], s[2], s[3]
		}
	}
	if t.Kinds != nil {
		f.kinds = *t.Kinds
	}
	if f.slot.projection != nil {
		f.sketch = t.Sketch.Clone()
	}
	size := f.size()
	for j, n := range t.Counts {
		if at := t.First + j; n > 0 && at < size {
			f.cells.inc(int32(at), n, size)
		}
	}
}

// tally is the inverse of into.
func (f *Feature) tally() Tally {
	t := Tally{N: f.N, Missing: f.Missing, NaN: f.NaN, Invalid: f.Invalid, Below: f.Below, Above: f.Above, Other: f.other}
	if f.kinds != [kinds]int64{} {
		k := f.kinds
		t.Kinds = &k
	}
	size := f.size()
	if size > 0 {
		t.Counts = f.cells.counts(size)
	}
	if f.slot.grid == LogGrid() { // mostly empty: cut the ends
		for len(t.Counts) > 0 && t.Counts[len(t.Counts)-1] == 0 {
			t.Counts = t.Counts[:len(t.Counts)-1]
		}
		for len(t.Counts) > 0 && t.Counts[0] == 0 {
			t.Counts, t.First = t.Counts[1:], t.First+1
		}
		if len(t.Counts) == 0 {
			t.First = 0
		}
	}
	if f.Type.Numeric() && f.N > 0 {
		t.Min, t.Max = plumbline.Finite(f.m.min), plumbline.Finite(f.m.max)
		t.Moments = formatMoments(&f.m)
		t.Sketch = f.Sketch().Clone()
	}
	return t
}
