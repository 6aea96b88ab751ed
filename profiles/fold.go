package profiles

import (
	"strconv"
	"strings"

	"plumbline"
	"plumbline/profiles/projection"
)

// Folder folds records into profiles of one layout. It computes each value's cell once for all targets and remembers where
// names stood in the last record. Not safe for concurrent use; a worker has its own.
type Folder struct {
	layout *Layout
	places map[Key]place
	inputs []guess // by position in Record.Features
	facts  []guess // by position in Record.Runtime.Facts

	decimals map[float64]string // texts of numbers met as categories
	coords   []float64          // of the vector being folded
	z        []float64          // of the whole row being folded, standardised
	image    projection.Image
}

type place struct {
	at   int32 // -1: dropped
	slot *slot
	key  uint64 // of an input, to hash rows with; 0 if it is no part of them
}

type guess struct {
	name string
	place
}

// NewFolder returns a folder for profiles of l.
func NewFolder(l *Layout) *Folder {
	f := &Folder{layout: l, places: map[Key]place{}, decimals: map[float64]string{}}
	if l.row != nil {
		f.z = make([]float64, len(l.row.scale.Mean))
	}
	return f
}

// Fold adds one record to every target; a label is no inference event and is ignored. A record counts as one whatever its
// weight. Folding a profile of another layout is a programming error and panics.
func (f *Folder) Fold(r *plumbline.Record, late bool, targets ...*Profile) {
	if r.Kind == plumbline.Label {
		return
	}
	answers := r.Kind == plumbline.Whole || r.Kind == plumbline.Response
	failed := answers && r.Runtime.Status != "" && r.Runtime.Status != "ok"
	null := answers && r.Prediction.Kind == plumbline.Missing && r.Score.Kind != plumbline.Number && len(r.Scores) == 0
	for _, p := range targets {
		if p.layout != f.layout {
			panic("profiles: fold into a profile of another layout")
		}
		p.settled = false
		switch r.Kind {
		case plumbline.Request:
			p.Requests++
		case plumbline.Response:
			p.Responses++
		default:
			p.Whole++
		}
		p.Late += count(late)
		p.Errors += count(failed)
		p.NullAnswers += count(null)
		p.Carrying += count(len(r.Features) > 0)
		p.Shadow += count(r.Deployment == plumbline.Shadow)
		p.Canary += count(r.Deployment == plumbline.Canary)
		p.Duplicates += int64(r.Duplicates)
	}
	var row uint64
	for i := range r.Features {
		v := &r.Features[i]
		pl := f.guess(&f.inputs, i, Input, v.Name)
		if v.Value.Kind == plumbline.Number {
			row += pl.key * rowNumber(v.Value.Num)
		} else if pl.key != 0 {
			row += rowValue(pl.key, &v.Value)
		}
		f.value(pl, &v.Value, targets)
	}
	if len(r.Features) > 0 {
		row = rowHash(row)
		for _, p := range targets {
			p.rows.add(row, 1)
		}
	}
	if f.z != nil && len(r.Features) > 0 {
		f.row(targets)
	}
	f.outputs(r, targets)
	for i := range r.Runtime.Facts {
		v := &r.Runtime.Facts[i]
		f.value(f.guess(&f.facts, i, Runtime, v.Name), &v.Value, targets)
	}
	if s := r.Runtime.Status; s != "" {
		f.category(f.standard(f.layout.status), s, targets)
	}
}

func count(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func (f *Folder) outputs(r *plumbline.Record, targets []*Profile) {
	l := f.layout
	if r.Prediction.Kind != plumbline.Missing {
		pl := f.standard(l.prediction)
		if pl.slot.typ == plumbline.TypeAuto {
			scored := r.Score.Kind == plumbline.Number || len(r.Scores) > 0
			f.inferred(pl, &r.Prediction, inferPrediction(&r.Prediction, scored), targets)
		} else {
			f.value(pl, &r.Prediction, targets)
		}
	}
	if r.Score.Kind != plumbline.Missing {
		f.value(f.standard(l.score), &r.Score, targets)
	}
	if c, ok := r.Confidence(); ok {
		f.number(f.standard(l.confidence), c, targets)
	}
}

func (f *Folder) standard(at int32) place { return place{at: at, slot: f.layout.slots[at]} }

// guess finds the place of the i-th name, which mostly is the one that stood there in the last record.
func (f *Folder) guess(list *[]guess, i int, r Role, name string) place {
	if i < len(*list) {
		if g := &(*list)[i]; g.name == name {
			return g.place
		}
	}
	return f.learn(list, i, r, name)
}

func (f *Folder) learn(list *[]guess, i int, r Role, name string) place {
	pl, ok := f.places[Key{r, name}]
	if !ok {
		pl.at, pl.slot = f.layout.find(Key{r, name}, true)
		if pl.at >= 0 && pl.slot.derived {
			pl.at = -1
		}
		if pl.at < 0 {
			return pl // not remembered: there is no bound on such names
		}
		if r == Input && pl.slot.typ != plumbline.TypeIgnore {
			pl.key = rowKey(name)
		}
		name = strings.Clone(name)
		f.places[Key{r, name}] = pl
	} else {
		name = pl.slot.key.Name
	}
	for len(*list) <= i && i < MaxFeatures {
		*list = append(*list, guess{place: place{at: -1}})
	}
	if i < len(*list) {
		(*list)[i] = guess{name, pl}
	}
	return pl
}

// value folds one value as its slot's type asks.
func (f *Folder) value(pl place, v *plumbline.Value, targets []*Profile) {
	if pl.at < 0 {
		for _, p := range targets {
			p.DroppedFeatures++
		}
		return
	}
	switch pl.slot.typ {
	case plumbline.TypeNumber:
		if v.Kind == plumbline.Number {
			f.number(pl, v.Num, targets)
			return
		}
	case plumbline.TypeCategory, plumbline.TypeBoolean:
		if v.Kind == plumbline.String {
			f.category(pl, v.Str, targets)
			return
		}
	case plumbline.TypeAuto:
		f.inferred(pl, v, infer(v), targets)
		return
	case plumbline.TypeIgnore:
		return
	}
	f.uncommon(pl, pl.slot.typ, v, targets)
}

// uncommon folds the rarer pairs of a type and a kind of value.
func (f *Folder) uncommon(pl place, t plumbline.FeatureType, v *plumbline.Value, targets []*Profile) {
	switch {
	case v.Kind == plumbline.Missing:
		for _, p := range targets {
			p.at(pl.at, pl.slot) // named, if without a value
		}
	case v.Kind == plumbline.NaN, v.Kind == plumbline.String && t == plumbline.TypeNumber && plumbline.SpellsNaN(v.Str):
		for _, p := range targets {
			p.at(pl.at, pl.slot).NaN++
		}
	case categorical(t) && v.Kind == plumbline.String:
		f.category(pl, v.Str, targets)
	case categorical(t) && v.Kind == plumbline.Bool:
		f.category(pl, strconv.FormatBool(v.Num != 0), targets)
	case categorical(t) && v.Kind == plumbline.Number:
		f.category(pl, f.decimal(v.Num), targets)
	case t == plumbline.TypeNumber && v.Kind == plumbline.Number:
		f.number(pl, v.Num, targets)
	case t == plumbline.TypeEmbedding && v.Kind == plumbline.Vector:
		f.vector(pl, v, targets)
	case t == plumbline.TypeText && v.Kind == plumbline.String:
		f.text(pl, v.Str, targets)
	default:
		f.invalid(pl, v, targets)
	}
}

// invalid folds a value of another type than the feature's.
func (f *Folder) invalid(pl place, v *plumbline.Value, targets []*Profile) {
	kind, ok := kindOf(v)
	for _, p := range targets {
		ft := p.at(pl.at, pl.slot)
		ft.Invalid++
		if ok {
			ft.kinds[kind]++
		}
	}
}

// inferred folds a value of a feature without a type: in each profile the first value decides.
func (f *Folder) inferred(pl place, v *plumbline.Value, t plumbline.FeatureType, targets []*Profile) {
	for i, p := range targets {
		ft := p.at(pl.at, pl.slot)
		if ft.Type == plumbline.TypeAuto {
			ft.Type = t
		}
		f.uncommon(pl, ft.Type, v, targets[i:i+1])
	}
}

// infer is the type a first value speaks for, TypeAuto if it says nothing.
func infer(v *plumbline.Value) plumbline.FeatureType {
	switch v.Kind {
	case plumbline.Number:
		return plumbline.TypeNumber
	case plumbline.String:
		if plumbline.SpellsNaN(v.Str) || plumbline.SpellsInf(v.Str) {
			return plumbline.TypeAuto
		}
		return plumbline.TypeCategory
	case plumbline.Bool:
		return plumbline.TypeBoolean
	case plumbline.Vector:
		return plumbline.TypeEmbedding
	}
	return plumbline.TypeAuto
}

// inferPrediction is infer for answers: a small whole number, or one that comes with a score, is a class.
func inferPrediction(v *plumbline.Value, scored bool) plumbline.FeatureType {
	if v.Kind == plumbline.Number && (scored || isClass(v.Num)) {
		return plumbline.TypeCategory
	}
	return infer(v)
}

// number folds one number.
func (f *Folder) number(pl place, x float64, targets []*Profile) {
	if x-x != 0 {
		for _, p := range targets {
			if ft := p.at(pl.at, pl.slot); x != x {
				ft.NaN++
			} else {
				ft.Invalid++
			}
		}
		return
	}
	if x == 0 {
		x = 0 // one zero, not two
	}
	if j := pl.slot.coord; j > 0 && f.z != nil {
		f.z[j-1] = f.layout.row.scale.Coordinate(int(j)-1, x)
	}
	var at int32
	if g := pl.slot.grid; g != nil {
		at = int32(g.Cell(x))
	}
	for _, p := range targets {
		p.at(pl.at, pl.slot).addNumber(x, at)
	}
}

// category folds one category.
func (f *Folder) category(pl place, text string, targets []*Profile) {
	s := pl.slot
	text = Shorten(text)
	if s.pii {
		text = hexHash(text)
	}
	known, at := false, int32(0)
	if s.index != nil {
		at, known = s.index[text]
	}
	other := false
	if !known && len(s.others) > 0 {
		_, other = s.others[hash64(text)]
	}
	for _, p := range targets {
		ft := p.at(pl.at, s)
		ft.N++
		switch {
		case known:
			ft.cells.inc(at, 1, len(s.values))
		case other:
			ft.other++
		default:
			ft.addText(text, 1)
		}
	}
}

// decimal is Decimal with a memory, for classes that are numbers.
func (f *Folder) decimal(x float64) string {
	if s, ok := f.decimals[x]; ok {
		return s
	}
	s := Decimal(x)
	if len(f.decimals) < 4096 {
		f.decimals[x] = s
	}
	return s
}
