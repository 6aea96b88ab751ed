package profiles

import (
	"fmt"
	"math"
	"time"

	"plumbline"
)

// maxBuilderValues bounds what a Builder holds in memory: about 10 bytes for each value.
const maxBuilderValues = 50_000_000

// Builder makes a baseline from records: it keeps every value, so that types, quantiles and moments are exact.
type Builder struct {
	model   *plumbline.Model
	version string
	columns [roles][]*column
	places  map[Key]*column
	labels  *column
	rows    []row
	times   []int64 // event times of the rows, Unix seconds
	repeats rowSample
	slices  map[string]int32
	names   []string // of the slices
	sliced  []int32  // for each row its slices, row after row
	from    time.Time
	to      time.Time
	values  int
	dropped int64
	err     error
	guess   []*column // by position in Record.Features
}

// noTime is the time of a record without one.
const noTime = math.MinInt64

// row is what a record has beside values.
type row struct {
	kind       plumbline.Kind
	carries    bool
	scored     bool // it had a list of scores
	duplicates int32
	slices     int32 // number of entries in sliced
}

// NewBuilder returns an empty builder for a model; nil is a model nobody declared.
func NewBuilder(m *plumbline.Model) *Builder {
	if m == nil {
		m = &plumbline.Model{}
	}
	b := &Builder{model: m, places: map[Key]*column{}, slices: map[string]int32{}, labels: newColumn(Key{})}
	for _, k := range []Key{Prediction, Score, Confidence} {
		b.column(k)
	}
	return b
}

func (b *Builder) column(k Key) *column {
	c := b.places[k]
	if c == nil && len(k.Name) <= maxName && k.Name != "" && len(b.places) < MaxFeatures {
		c = newColumn(k)
		if k.Role == Input && b.model.Feature(k.Name).Type != plumbline.TypeIgnore {
			c.hash = rowKey(k.Name)
		}
		b.places[c.key] = c
		b.columns[k.Role] = append(b.columns[k.Role], c)
	}
	return c
}

// Add takes one record: whole, or a request or response. A label of its own is ignored; labels inside records are used.
func (b *Builder) Add(r *plumbline.Record) {
	if b.err != nil || r.Kind == plumbline.Label {
		return
	}
	n := len(b.rows)
	if b.version == "" {
		b.version = r.Version
	}
	if !r.Time.IsZero() {
		if b.from.IsZero() || r.Time.Before(b.from) {
			b.from = r.Time
		}
		if r.Time.After(b.to) {
			b.to = r.Time
		}
	}
	rw := row{kind: r.Kind, carries: len(r.Features) > 0, scored: len(r.Scores) > 0, duplicates: int32(r.Duplicates)}
	var hash uint64
	for i := range r.Features {
		f := &r.Features[i]
		c := b.input(i, f.Name)
		if c != nil && c.hash != 0 {
			hash += rowValue(c.hash, &f.Value)
		}
		b.put(c, n, &f.Value)
	}
	if rw.carries {
		b.repeats.add(rowHash(hash), 1)
	}
	b.put(b.places[Prediction], n, &r.Prediction)
	b.put(b.places[Score], n, &r.Score)
	if c, ok := r.Confidence(); ok {
		b.put(b.places[Confidence], n, &plumbline.Value{Kind: plumbline.Number, Num: c})
	}
	for i := range r.Runtime.Facts {
		f := &r.Runtime.Facts[i]
		b.put(b.column(Key{Runtime, f.Name}), n, &f.Value)
	}
	if s := r.Runtime.Status; s != "" {
		b.put(b.column(Status), n, &plumbline.Value{Kind: plumbline.String, Str: s})
	}
	b.put(b.labels, n, &r.Label)
	for _, s := range AppendSlices(nil, b.model, r) {
		id, ok := b.slices[s]
		if !ok {
			if len(b.names) >= maxSlices {
				continue
			}
			id = int32(len(b.names))
			b.slices[s] = id
			b.names = append(b.names, s)
		}
		b.sliced = append(b.sliced, id)
		rw.slices++
	}
	b.rows = append(b.rows, rw)
	at := int64(noTime)
	if !r.Time.IsZero() {
		at = r.Time.Unix()
	}
	b.times = append(b.times, at)
	if b.values > maxBuilderValues {
		b.err = fmt.Errorf("build baseline: more than %d values; take fewer records", maxBuilderValues)
	}
}

func (b *Builder) input(i int, name string) *column {
	if i < len(b.guess) {
		if c := b.guess[i]; c != nil && c.key.Name == name {
			return c
		}
	}
	c := b.column(Key{Input, name})
	for len(b.guess) <= i && i < MaxFeatures {
		b.guess = append(b.guess, nil)
	}
	if i < len(b.guess) {
		b.guess[i] = c
	}
	return c
}

func (b *Builder) put(c *column, row int, v *plumbline.Value) {
	if c == nil {
		b.dropped++
		return
	}
	before := len(c.kinds)
	c.put(row, v)
	b.values += len(c.kinds) - before
}

// Version says which version of the model the baseline belongs to; without it that of its first record.
func (b *Builder) Version(v string) { b.version = v }

// Build makes the baseline. The records' own layout counts them, exactly as the daemon will.
func (b *Builder) Build(created time.Time, source string) (*Baseline, error) {
	if b.err != nil {
		return nil, b.err
	}
	if len(b.rows) == 0 {
		return nil, fmt.Errorf("build baseline: no records of model %q", b.model.Name)
	}
	base := &Baseline{Format: BaselineFormat, Model: b.model.Name, Version: b.version, Created: created.UTC().Truncate(time.Second),
		Source: source, From: b.from.UTC(), To: b.to.UTC()}
	var cols []*column
	for r := range b.columns {
		for _, c := range b.columns[r] {
			d := b.model.Feature(c.key.Name)
			if c.key.Role != Input {
				d = plumbline.Feature{}
			}
			t := declaredType(&d)
			if t == plumbline.TypeAuto {
				t = b.infer(c)
			}
			if t == plumbline.TypeIgnore || t == plumbline.TypeAuto {
				continue
			}
			c.typ, c.pii = t, d.PII
			cols = append(cols, c)
			base.Features = append(base.Features, c.freeze())
		}
	}
	base.Features = append(base.Features, b.derive(cols)...)
	b.count(base, cols)
	b.judge(base)
	base.Rows, base.Related = b.repeats.frozen(), b.correlate(cols)
	base.prepare()
	if err := base.validate(); err != nil {
		return nil, fmt.Errorf("build baseline: %w", err)
	}
	return base, nil
}

// infer is the type of a column nobody declared; TypeAuto if it never held a value.
func (b *Builder) infer(c *column) plumbline.FeatureType {
	if t := predictionType(b.model.Task); c.key == Prediction && t != plumbline.TypeAuto {
		return t
	}
	return InferType(c.key, c.votes(), c.allNumbers)
}

// count folds all rows into the whole and into their slices.
func (b *Builder) count(base *Baseline, cols []*column) {
	l := NewLayout(b.model, base.frozen())
	f := NewFolder(l)
	whole := l.NewProfile()
	parts := make([]*Profile, len(b.names))
	for i := range parts {
		parts[i] = l.NewProfile()
	}
	var r plumbline.Record
	var targets []*Profile
	at := 0
	for i := range b.rows {
		rw := &b.rows[i]
		targets = append(targets[:0], whole)
		for _, s := range b.sliced[at : at+int(rw.slices)] {
			targets = append(targets, parts[s])
		}
		at += int(rw.slices)
		b.fill(&r, i, rw, cols)
		f.Fold(&r, false, targets...)
	}
	base.Panes = b.foldPanes(l, cols)
	base.Tallies, base.Records = tallies(whole), whole.Records()
	for i := range base.Features {
		bf := &base.Features[i]
		ft := whole.Feature(bf.key())
		bf.Tally = ft.tally()
		for j := range bf.Categories {
			bf.Categories[j].Count = bf.Counts[j]
		}
		if m, ok := ft.Mean(); ok {
			bf.Mean = &m
		}
		if s, ok := ft.SD(); ok {
			bf.SD = &s
		}
	}
	if len(parts) == 0 {
		return
	}
	base.Slices = make(map[string]BaselineSlice, len(parts))
	for i, p := range parts {
		s := BaselineSlice{Records: p.Records(), Tallies: tallies(p)}
		p.settle()
		for j := range base.Features {
			s.Features = append(s.Features, p.Feature(base.Features[j].key()).tally())
		}
		base.Slices[b.names[i]] = s
	}
}

// frozen is a stand-in with the same cells, so that a layout can be made before there are counts.
func (b *Baseline) frozen() *Baseline {
	c := &Baseline{Format: b.Format, Model: b.Model, Version: b.Version, Features: b.Features}
	return c
}

func tallies(p *Profile) Tallies {
	return Tallies{Whole: p.Whole, Requests: p.Requests, Responses: p.Responses, Errors: p.Errors, NullAnswers: p.NullAnswers,
		Duplicates: p.Duplicates, Carrying: p.Carrying}
}

// fill makes row i a record again.
func (b *Builder) fill(r *plumbline.Record, i int, rw *row, cols []*column) {
	r.Reset()
	r.Kind, r.Duplicates = rw.kind, int(rw.duplicates)
	for _, c := range cols {
		v := c.value(i)
		switch {
		case c.key.Role == Input:
			if rw.carries {
				r.Features = append(r.Features, plumbline.Field{Name: c.key.Name, Value: v})
			}
		case c.key == Prediction:
			r.Prediction = v
		case c.key == Score:
			r.Score = v
		case c.key == Confidence:
			if rw.scored && v.Kind == plumbline.Number {
				r.Scores = append(r.Scores, plumbline.Score{Value: v.Num})
			}
		case c.key == Status:
			r.Runtime.Status = v.Str
		case v.Kind != plumbline.Missing:
			r.Runtime.Facts = append(r.Runtime.Facts, plumbline.Field{Name: c.key.Name, Value: v})
		}
	}
	if rw.carries && len(r.Features) == 0 { // it carried only features that are not profiled
		r.Features = append(r.Features, plumbline.Field{Name: "-", Value: plumbline.Value{}})
	}
}
