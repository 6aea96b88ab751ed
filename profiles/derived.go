package profiles

import (
	"errors"
	"fmt"
	"slices"

	"plumbline"
	"plumbline/profiles/projection"
)

// WholeRow is the name of the derived feature that holds whole rows: as a vector the numeric inputs of a record, standardised; as a
// number the distance of that vector to the principal components of the baseline.
const WholeRow = "whole_row"

// Derived says how a feature follows from others of the same record.
type Derived struct {
	What  string            `json:"what"` // row, words, digits, non_ascii
	Of    []string          `json:"of"`   // inputs: the text, or the numbers of the row
	Scale *projection.Scale `json:"scale,omitempty"`
	Basis *projection.Basis `json:"basis,omitempty"`
}

const derivedRow = "row"

// rowMap is how a layout gathers whole rows.
type rowMap struct {
	at    int32 // of the derived feature
	scale *projection.Scale
	basis *projection.Basis
}

// derive tells the sources of derived features where those are. What the manifest now declares otherwise feeds none and is not fed.
func (l *Layout) derive(b *Baseline) {
	for i := range b.Features {
		d := b.Features[i].Derived
		if d == nil {
			continue
		}
		at := l.place[b.Features[i].key()]
		l.slots[at].derived = true
		if d.What == derivedRow {
			if l.model.Multivariate && l.slots[at].projection != nil {
				l.deriveRow(at, d)
			}
			continue
		}
		if l.slots[at].typ != plumbline.TypeNumber {
			continue
		}
		source := l.slots[l.place[Key{Input, d.Of[0]}]]
		if source.key == (Key{Input, d.Of[0]}) && source.typ == plumbline.TypeText {
			source.facts = append(source.facts, textFact{at, slices.Index(textFacts[:], d.What)})
		}
	}
}

func (l *Layout) deriveRow(at int32, d *Derived) {
	l.row = &rowMap{at, d.Scale, d.Basis}
	for j, name := range d.Of {
		if s := l.slots[l.place[Key{Input, name}]]; s.key == (Key{Input, name}) && s.typ == plumbline.TypeNumber {
			s.coord = int32(j) + 1
		}
	}
}

// validateDerived checks what was read of derived features and projections.
func (b *Baseline) validateDerived() error {
	inputs := map[string]bool{}
	for i := range b.Features {
		if b.Features[i].Role == Input.String() {
			inputs[b.Features[i].Name] = true
		}
	}
	for i := range b.Features {
		if err := b.Features[i].validateDerived(inputs); err != nil {
			return fmt.Errorf("features[%d] (%q): %w", i, b.Features[i].Name, err)
		}
	}
	return nil
}

func (f *BaselineFeature) validateDerived(inputs map[string]bool) error {
	d := f.Derived
	if d == nil {
		return nil
	}
	if f.Role != Input.String() || len(d.Of) == 0 {
		return errors.New("derived: of nothing, or not an input")
	}
	for _, name := range d.Of {
		if !inputs[name] {
			return fmt.Errorf("derived.of: there is no input %q", name)
		}
	}
	if d.What != derivedRow {
		if slices.Index(textFacts[:], d.What) < 0 || len(d.Of) != 1 || f.Type != plumbline.TypeNumber {
			return fmt.Errorf("derived.what: %q is none of row, words, digits, non_ascii", d.What)
		}
		return nil
	}
	switch {
	case f.Name != WholeRow:
		return fmt.Errorf("derived: whole rows are called %s", WholeRow)
	case f.Type != plumbline.TypeEmbedding || f.Projection == nil || f.Projection.Dim != len(d.Of):
		return errors.New("derived: whole rows need a projection of as many coordinates")
	case d.Scale == nil || d.Basis == nil || d.Basis.Dim != len(d.Of):
		return errors.New("derived: whole rows need a scale and principal components")
	}
	if err := d.Scale.Validate(len(d.Of)); err != nil {
		return fmt.Errorf("derived: %w", err)
	}
	if err := d.Basis.Validate(); err != nil {
		return fmt.Errorf("derived: %w", err)
	}
	return nil
}

// explained is the share of the variance that the principal components of whole rows hold.
const explained = 0.65

// derive makes the features that follow from the columns of a baseline. None is made whose name a record uses.
func (b *Builder) derive(cols []*column) []BaselineFeature {
	var out []BaselineFeature
	free := func(name string) bool {
		_, taken := b.places[Key{Input, name}]
		return !taken && len(name) <= maxName && len(b.places)+len(out) < MaxFeatures
	}
	for _, c := range cols {
		if c.key.Role != Input || c.typ != plumbline.TypeText || c.pii {
			continue
		}
		for i, fact := range textFacts {
			if name := c.key.Name + "." + fact; free(name) {
				out = append(out, c.deriveFact(name, i))
			}
		}
	}
	if b.model.Multivariate && free(WholeRow) {
		if f := b.deriveRow(cols); f != nil {
			out = append(out, *f)
		}
	}
	return out
}

func (c *column) deriveFact(name string, fact int) BaselineFeature {
	f := BaselineFeature{Name: name, Role: Input.String(), Type: plumbline.TypeNumber, Derived: &Derived{What: textFacts[fact], Of: []string{c.key.Name}}}
	var x []float64
	for i, k := range c.kinds {
		if k == plumbline.String {
			x = append(x, c.texts[int(c.nums[i])].fact(fact))
		}
	}
	slices.Sort(x)
	f.freeze(x, false)
	return f
}

// deriveRow makes the feature of whole rows out of the first numeric inputs; nil if there are too few of them, or of rows.
func (b *Builder) deriveRow(cols []*column) *BaselineFeature {
	var parts []*column
	d := &Derived{What: derivedRow}
	for _, c := range cols {
		if c.key.Role == Input && c.typ == plumbline.TypeNumber && len(parts) < projection.MaxBasisDim {
			parts, d.Of = append(parts, c), append(d.Of, c.key.Name)
		}
	}
	if len(parts) < 2 {
		return nil
	}
	var carrying []int
	for i := range b.rows {
		if b.rows[i].carries {
			carrying = append(carrying, i)
		}
	}
	n := min(len(carrying), maxVectors)
	rows := make([][]float64, n)
	for i := range rows {
		rows[i] = make([]float64, len(parts))
		for j, c := range parts {
			rows[i][j] = c.number(carrying[i*len(carrying)/n])
		}
	}
	d.Scale = projection.FitScale(rows)
	for _, v := range rows {
		d.Scale.Standardise(v[:0], v)
	}
	var err error
	if d.Basis, err = projection.FitBasis(rows, explained); err != nil {
		return nil
	}
	f := &BaselineFeature{Name: WholeRow, Role: Input.String(), Type: plumbline.TypeEmbedding, Derived: d}
	if f.Projection, err = projection.Fit(rows, 0, projectionSeed); err != nil {
		return nil
	}
	misses := make([]float64, n)
	for i, v := range rows {
		misses[i] = d.Basis.Error(v)
	}
	slices.Sort(misses)
	f.freeze(misses, false)
	return f
}
