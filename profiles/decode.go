package profiles

import (
	"encoding/hex"
	"errors"
	"fmt"

	"plumbline"
)

var (
	errShort   = errors.New("it ends too early")
	errCorrupt = errors.New("it is corrupt")
)

// BodyBaseline returns the hash of the baseline a body was counted on, "" for none.
func BodyBaseline(body []byte) (hash string, err error) {
	r := reader{b: body}
	hash = r.baseline()
	if r.err != nil {
		return "", fmt.Errorf("decode profile: %w", r.err)
	}
	return hash, nil
}

// Decode reads a body into a new profile.
func (l *Layout) Decode(body []byte) (*Profile, error) {
	p := l.NewProfile()
	if err := l.DecodeInto(p, body); err != nil {
		return nil, err
	}
	return p, nil
}

// DecodeInto is Decode into a profile of this layout, which is emptied first. After an error its contents are undefined.
func (l *Layout) DecodeInto(p *Profile, body []byte) error {
	if p.layout != l {
		return errors.New("decode profile: into a profile of another layout")
	}
	p.Reset()
	r := reader{b: body}
	if hash := r.baseline(); r.err == nil && hash != l.baseline {
		return fmt.Errorf("decode profile: %w: baseline %s, not %s", errOtherCells, short(hash), short(l.baseline))
	}
	r.tallies(p)
	r.natives(p)
	r.named(p)
	if r.err == nil && len(r.b) > 0 && body[0] > firstVersion && r.byte() == sectionRows {
		r.rows(&p.rows)
	}
	if r.err == nil && len(r.b) > 0 {
		r.err = errCorrupt
	}
	if r.err != nil {
		return fmt.Errorf("decode profile: %w", r.err)
	}
	p.settle()
	return nil
}

func (r *reader) baseline() string {
	if v := r.byte(); r.err == nil && (v < firstVersion || v > bodyVersion) {
		r.fail(fmt.Errorf("version %d, this plumbline reads %d to %d", v, firstVersion, bodyVersion))
	}
	switch r.byte() {
	case 0:
		return ""
	case 1:
		return hex.EncodeToString(r.bytes(32))
	}
	r.fail(errCorrupt)
	return ""
}

func (r *reader) tallies(p *Profile) {
	t := p.tallies()
	mask := r.uvarint()
	if mask >= 1<<len(t) {
		r.fail(errCorrupt)
	}
	for i, n := range t {
		if mask&(1<<i) != 0 {
			*n = r.count()
		}
	}
	p.Carrying = p.Whole + p.Requests - unzigzag(uint64(p.Carrying))
	if p.Carrying < 0 || p.Carrying > p.Whole+p.Requests+p.Responses {
		r.fail(errCorrupt)
	}
}

func (r *reader) natives(p *Profile) {
	l := p.layout
	forms := r.bytes(uint64(len(l.native)+1) / 2)
	if r.err != nil {
		return
	}
	for i, s := range l.native {
		form := forms[i/2] >> (4 * (i % 2)) & 15
		if form == formEmpty {
			continue
		}
		f := &p.base[i]
		if f.slot.native >= 0 {
			r.contents(f, form, p.carriers(f.Role))
		} else {
			r.foreign(f, s, form, p.carriers(f.Role))
		}
		if r.err != nil {
			return
		}
	}
	if n := len(l.native); n%2 == 1 && forms[n/2]>>4 != 0 {
		r.fail(errCorrupt)
	}
}

func (r *reader) named(p *Profile) {
	var last Key
	n := r.uvarint()
	for i := uint64(0); i < n && r.err == nil; i++ {
		k := Key{Role(r.byte()), r.text(maxName)}
		code, form := int(r.byte()), r.byte()
		if r.err != nil {
			return
		}
		ordered := k.Role > last.Role || k.Role == last.Role && k.Name > last.Name
		if k.Role >= roles || k.Name == "" || code >= len(typeCodes) || i > 0 && !ordered {
			r.fail(errCorrupt)
			return
		}
		last = k
		f, t := p.place(k), typeCodes[code]
		switch {
		case f.slot.typ == plumbline.TypeAuto:
			f.Type = t
			r.contents(f, form, p.carriers(k.Role))
		case f.slot.native < 0 && f.slot.typ == t:
			r.contents(f, form, p.carriers(k.Role))
		default:
			s := *p.layout.fresh(k)
			if s.typ = t; categorical(t) {
				s.grid = nil
			}
			r.foreign(f, &s, form, p.carriers(k.Role))
		}
	}
}

// foreign reads a feature that was counted under another declaration than today's and merges it, which makes values of
// another type invalid.
func (r *reader) foreign(f *Feature, s *slot, form byte, carriers int64) {
	var old Feature
	old.init(s)
	r.contents(&old, form, carriers)
	if r.err == nil {
		f.merge(&old)
	}
}

// place finds the feature to read into; one beyond all bounds is read and then forgotten.
func (p *Profile) place(k Key) *Feature {
	i, s := p.layout.find(k, true)
	if i < 0 {
		p.DroppedFeatures++
		f := &Feature{}
		f.init(p.layout.fresh(k))
		return f
	}
	return p.at(i, s)
}

func (r *reader) contents(f *Feature, form byte, carriers int64) {
	if form != formVectors {
		r.values(f, form, carriers)
		return
	}
	r.values(f, r.byte(), carriers)
	r.sketch(f)
}

func (r *reader) values(f *Feature, form byte, carriers int64) {
	numeric := f.Type.Numeric()
	f.N = carriers
	if form >= formSame {
		r.head(f, carriers)
	}
	switch {
	case form == formEmpty:
		f.N = 0
		return
	case form == formCounts:
		if r.err == nil && (f.N != 0 || f.empty() || f.Below != 0 || f.Above != 0) {
			r.fail(errCorrupt)
		}
		return
	case f.N == 0:
		r.fail(errCorrupt)
	case form == formNumber && numeric, form == formSame && numeric:
		r.same(f)
	case form == formList && numeric:
		r.list(f)
	case form == formNumbers && numeric:
		r.numbers(f)
	case form == formCategory && categorical(f.Type) && f.slot.known():
		at := r.uvarint()
		if at >= uint64(len(f.slot.values)) {
			r.fail(errCorrupt)
			return
		}
		f.cells.inc(int32(at), f.N, len(f.slot.values))
	case form == formText && categorical(f.Type):
		f.addText(r.text(maxStoredText), f.N)
	case form == formTexts && categorical(f.Type):
		r.texts(f)
	default:
		r.fail(errCorrupt)
	}
}

// maxStoredText is the longest category text in a body; texts are shortened to fewer bytes when they are folded.
const maxStoredText = 2 * maxText

func (r *reader) head(f *Feature, carriers int64) {
	mask := r.uvarint()
	head := f.head()
	if mask >= 1<<len(head) {
		r.fail(errCorrupt)
	}
	for i, n := range head {
		if mask&(1<<i) != 0 {
			*n = r.count()
		}
	}
	if left := f.Invalid - f.kinds[0] - f.kinds[1] - f.kinds[2] - f.kinds[3]; left < 0 {
		r.fail(errCorrupt)
	}
	if f.Below > f.N || f.Above > f.N-f.Below {
		r.fail(errCorrupt)
	}
}

func (r *reader) same(f *Feature) {
	x := r.value()
	if f.N > maxReplay {
		r.fail(errCorrupt)
	}
	if r.err != nil {
		return
	}
	f.m = begin(f.slot, x)
	for i := range f.N {
		f.m.add(x)
		if i < maxListed {
			f.first = append(f.first, x)
		}
	}
	if g := f.slot.grid; g != nil {
		f.cells.inc(int32(g.Cell(x)), f.N, g.Cells())
	}
}

func (r *reader) list(f *Feature) {
	if f.N > maxListed {
		r.fail(errCorrupt)
	}
	for i := range f.N {
		var x float64
		if i > 0 && len(r.b) > 0 && r.b[0] == repeated {
			r.b = r.b[1:]
			x = f.first[i-1]
		} else {
			x = r.value()
		}
		if r.err != nil {
			return
		}
		if i == 0 {
			f.m = begin(f.slot, x)
		}
		f.m.add(x)
		f.first = append(f.first, x)
		if g := f.slot.grid; g != nil {
			f.cells.inc(int32(g.Cell(x)), 1, g.Cells())
		}
	}
}

func (r *reader) numbers(f *Feature) {
	if !f.slot.frozen {
		f.m.shift = r.value()
	}
	f.m.s1, f.m.s2, f.m.s3, f.m.s4 = r.number(), r.number(), r.number(), r.number()
	f.m.min, f.m.max = r.value(), r.value()
	if f.m.min > f.m.max {
		r.fail(errCorrupt)
	}
	if g := f.slot.grid; g != nil && r.cells(&f.cells, g.Cells()) != f.N {
		r.fail(errCorrupt)
	}
}

func (r *reader) texts(f *Feature) {
	var sum int64
	if f.slot.known() {
		sum = r.cells(&f.cells, len(f.slot.values))
		f.overflow = r.count()
	}
	f.other = r.count()
	sum += f.overflow + f.other
	room := maxValues
	if f.slot.known() {
		room = maxUnseen
	}
	last, n := "", r.uvarint()
	if n > uint64(room) {
		r.fail(errCorrupt)
	}
	for i := uint64(0); i < n && r.err == nil; i++ {
		text, k := r.text(maxStoredText), r.count()
		if i > 0 && text <= last || k == 0 {
			r.fail(errCorrupt)
			return
		}
		last = text
		f.addText(text, k)
		sum += k
	}
	if sum != f.N {
		r.fail(errCorrupt)
	}
}

// cells reads counts and returns their sum.
func (r *reader) cells(c *cells, size int) (sum int64) {
	head := r.uvarint()
	if head == 1 {
		if len(r.b) < size {
			r.fail(errShort)
			return 0
		}
		for at := range size {
			if n := r.count(); n > 0 {
				c.inc(int32(at), n, size)
				sum += n
			}
		}
		return sum
	}
	k := head >> 1
	if head&1 != 0 || k > uint64(size) {
		r.fail(errCorrupt)
		return 0
	}
	at := uint64(0)
	for range k {
		step, n := r.uvarint(), r.count()
		at += step
		if r.err != nil || step >= uint64(size) || at >= uint64(size) || n == 0 {
			r.fail(errCorrupt)
			return 0
		}
		c.inc(int32(at), n, size)
		sum += n
		at++
	}
	return sum
}
