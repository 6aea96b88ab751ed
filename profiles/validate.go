package profiles

import (
	"errors"
	"fmt"
	"time"

	"plumbline"
)

// maxCount bounds every count read from outside, so that sums of counts don't overflow.
const maxCount = 1 << 48

func (b *Baseline) validate() error {
	if b.Model == "" {
		return errors.New("model: empty")
	}
	if len(b.Features) > MaxFeatures {
		return fmt.Errorf("features: %d, at most %d are possible", len(b.Features), MaxFeatures)
	}
	if len(b.Slices) > maxSlices {
		return fmt.Errorf("slices: %d, at most %d are possible", len(b.Slices), maxSlices)
	}
	for _, t := range []time.Time{b.From, b.To, b.Created} {
		if y := t.Year(); y < 0 || y > 9999 {
			return fmt.Errorf("the year %d is out of range", y)
		}
	}
	if err := b.Tallies.validate(b.Records); err != nil {
		return fmt.Errorf("tallies: %w", err)
	}
	seen := map[Key]bool{}
	for i := range b.Features {
		f := &b.Features[i]
		if err := f.validate(); err != nil {
			return fmt.Errorf("features[%d] (%q): %w", i, f.Name, err)
		}
		if seen[f.key()] {
			return fmt.Errorf("features[%d] (%q): occurs twice", i, f.Name)
		}
		seen[f.key()] = true
		if err := f.Tally.validate(f, &b.Tallies); err != nil {
			return fmt.Errorf("features[%d] (%q): %w", i, f.Name, err)
		}
	}
	for name, s := range b.Slices {
		if parsed, ok := ParseSlice(name); !ok || len(parsed) == 0 {
			return fmt.Errorf("slices[%q]: not a slice like carrier=UA", name)
		}
		if err := s.Tallies.validate(s.Records); err != nil {
			return fmt.Errorf("slices[%q].tallies: %w", name, err)
		}
		if len(s.Features) != len(b.Features) {
			return fmt.Errorf("slices[%q]: %d features, the baseline has %d", name, len(s.Features), len(b.Features))
		}
		for i := range s.Features {
			if err := s.Features[i].validate(&b.Features[i], &s.Tallies); err != nil {
				return fmt.Errorf("slices[%q].features[%d] (%q): %w", name, i, b.Features[i].Name, err)
			}
		}
	}
	if err := b.validateRows(); err != nil {
		return err
	}
	if err := b.Related.validate(); err != nil {
		return err
	}
	if err := b.validateDerived(); err != nil {
		return err
	}
	return b.validateLabels()
}

func (b *Baseline) validateRows() error {
	if r := b.Rows; r != nil {
		if r.Records < 0 || r.Records > maxCount || r.Level < 0 || r.Level > rowBits {
			return errors.New("rows: an impossible number or level")
		}
		var kept, sum int64
		for times, rows := range r.Repeats {
			if times < 1 || times > r.Records || rows < 1 || rows > maxRows {
				return fmt.Errorf("rows.repeats: %d rows that occur %d times", rows, times)
			}
			kept, sum = kept+rows, sum+times*rows
		}
		if kept > maxRows || sum > r.Records {
			return fmt.Errorf("rows.repeats: %d rows with %d of %d records", kept, sum, r.Records)
		}
	}
	return nil
}

func (b *Baseline) validateLabels() error {
	if l := b.Labels; l != nil {
		if l.N < 0 || len(l.Classes) > maxCategories || len(l.ScoreLabelled) != len(l.ScorePositive) || len(l.ScoreLabelled) > maxCells {
			return errors.New("labels: impossible counts")
		}
		for i, n := range l.ScoreLabelled {
			if p := l.ScorePositive[i]; p < 0 || p > n {
				return fmt.Errorf("labels.score_positive[%d]: %d of %d", i, p, n)
			}
		}
	}
	if q := b.Quality; q != nil && q.N < 0 {
		return errors.New("quality.n: negative")
	}
	return nil
}

func (t *Tallies) validate(records int64) error {
	for _, n := range []int64{t.Whole, t.Requests, t.Responses, t.Errors, t.NullAnswers, t.Duplicates, t.Carrying} {
		if n < 0 || n > maxCount {
			return fmt.Errorf("count %d is out of range", n)
		}
	}
	if got := t.Whole + max(t.Requests, t.Responses); got != records {
		return fmt.Errorf("they make %d records, not %d", got, records)
	}
	if t.Carrying > t.Whole+t.Requests+t.Responses {
		return fmt.Errorf("%d records carry features, of %d", t.Carrying, t.Whole+t.Requests+t.Responses)
	}
	return nil
}

func (f *BaselineFeature) validate() error {
	if f.Name == "" || len(f.Name) > maxName {
		return fmt.Errorf("name: empty or longer than %d bytes", maxName)
	}
	if f.key().Role == roles {
		return fmt.Errorf("role: %q is none of input, output, runtime", f.Role)
	}
	if categorical(f.Type) {
		return f.validateCategories()
	}
	if !f.Type.Numeric() {
		return fmt.Errorf("type: %q is none of number, category, boolean, text, embedding", f.Type)
	}
	if len(f.Categories) > 0 || f.OtherHashes != "" {
		return errors.New("categories: of a number")
	}
	if f.Projection != nil {
		if f.Type != plumbline.TypeEmbedding {
			return errors.New("projection: of what is no vector")
		}
		if err := f.Projection.Validate(); err != nil {
			return fmt.Errorf("projection: %w", err)
		}
	}
	if f.LogGrid && len(f.Edges) > 0 {
		return errors.New("edges: a feature on the fixed grid has none")
	}
	if _, err := NewGrid(f.Edges); err != nil {
		return fmt.Errorf("edges: %w", err)
	}
	if f.N > 0 && f.Shift == nil {
		return errors.New("shift: absent")
	}
	return nil
}

func (f *BaselineFeature) validateCategories() error {
	if len(f.Edges) > 0 || f.LogGrid || f.Shift != nil || f.Moments != nil {
		return errors.New("a category has neither edges nor moments")
	}
	if len(f.Categories) > maxCategories {
		return fmt.Errorf("categories: %d, at most %d are possible", len(f.Categories), maxCategories)
	}
	seen := make(map[string]bool, len(f.Categories))
	for i, c := range f.Categories {
		if seen[c.Value] {
			return fmt.Errorf("categories[%d]: %q occurs twice", i, c.Value)
		}
		seen[c.Value] = true
		if i >= len(f.Counts) || f.Counts[i] != c.Count {
			return fmt.Errorf("categories[%d]: its count is not that in counts", i)
		}
	}
	if _, err := decodeHashes(f.OtherHashes); err != nil {
		return fmt.Errorf("other_hashes: %w", err)
	}
	return nil
}

func (t *Tally) validate(f *BaselineFeature, of *Tallies) error {
	for _, n := range []int64{t.N, t.Missing, t.NaN, t.Invalid, t.Below, t.Above, t.Other} {
		if n < 0 || n > maxCount {
			return fmt.Errorf("count %d is out of range", n)
		}
	}
	if t.Kinds != nil {
		var sum int64
		for _, n := range t.Kinds {
			if n < 0 || n > t.Invalid {
				return fmt.Errorf("kinds: %d of %d invalid values", n, t.Invalid)
			}
			sum += n
		}
		if sum > t.Invalid {
			return fmt.Errorf("kinds: %d of %d invalid values", sum, t.Invalid)
		}
	}
	carriers := of.Carrying
	if f.key().Role != Input {
		carriers = of.Whole + of.Responses
	}
	if t.Missing != max(carriers-t.N-t.Invalid, 0) {
		return fmt.Errorf("missing: %d, but %d records less n and invalid leave %d", t.Missing, carriers, max(carriers-t.N-t.Invalid, 0))
	}
	size := len(f.Edges) + 1
	if f.LogGrid {
		size = LogGrid().Cells()
	} else if categorical(f.Type) {
		size = len(f.Categories)
	}
	if t.First < 0 || t.First > size || len(t.Counts) > size-t.First {
		return fmt.Errorf("counts: %d from cell %d on, there are %d cells", len(t.Counts), t.First, size)
	}
	sum := t.Other
	for j, n := range t.Counts {
		if n < 0 || n > maxCount {
			return fmt.Errorf("counts[%d]: %d is out of range", j, n)
		}
		sum += n
	}
	if sum != t.N {
		return fmt.Errorf("counts: their sum is %d, n is %d", sum, t.N)
	}
	if categorical(f.Type) || t.N == 0 {
		return nil
	}
	if t.Other != 0 {
		return errors.New("other: of a number")
	}
	if t.Min == nil || t.Max == nil || *t.Min > *t.Max {
		return errors.New("min, max: absent or the wrong way round")
	}
	if t.Moments == nil {
		return errors.New("moments: absent")
	}
	if _, err := parseMoments(t.Moments); err != nil {
		return fmt.Errorf("moments: %w", err)
	}
	if t.Sketch == nil {
		return nil
	}
	if f.Projection == nil || t.Sketch.N > t.N {
		return errors.New("sketch: of no projection, or of more vectors than there are")
	}
	if err := t.Sketch.Validate(f.Projection); err != nil {
		return fmt.Errorf("sketch: %w", err)
	}
	return nil
}
