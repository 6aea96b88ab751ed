package decode

import (
	"unsafe"

	"plumbline"
)

// enter starts to scan the members of the object that a known member should be. done is true if there are none to scan:
// it is null or empty, or i is negative.
func (d *Decoder) enter(i int, m member, s scope) (_ int, done bool) {
	d.names.enter(s)
	if !d.has(i, '{') {
		var v plumbline.Value
		next := d.value(i, &v)
		if next >= 0 && v.Kind != plumbline.Missing {
			next = d.wrongType(i, m)
		}
		return next, true
	}
	if i = d.open(i); i >= 0 && d.has(i, '}') {
		d.depth--
		return i + 1, true
	}
	return i, i < 0
}

// name scans the name of a member and the colon after it. k is its index among the decoder's names.
func (d *Decoder) name(i int) (k int32, next int) {
	if !d.has(i, '"') {
		return 0, d.syntax(i, "a name is missing")
	}
	last := d.names.last
	k = d.names.list[last].next
	if guess := &d.names.list[k]; guess.plain {
		if next = d.spells(i+1, guess.text); next > 0 {
			d.names.last = k
			return k, d.colon(next)
		}
	}
	s, _, next := d.text(i, maxName)
	if next < 0 {
		return 0, next
	}
	if k = d.names.find(s); k == 0 {
		return 0, d.fail(plumbline.ReasonType, i, "a name has control characters")
	}
	d.names.list[last].next = k
	d.names.last = k
	return k, d.colon(next)
}

// fields scans the members of the object at i into fs. A name that comes again takes the place it had.
func (d *Decoder) fields(r *plumbline.Record, fs []plumbline.Field, i int, m member, s scope) ([]plumbline.Field, int) {
	fs = fs[:0]
	i, done := d.enter(i, m, s)
	for more := !done; more; {
		var k int32
		if k, i = d.name(i); i < 0 {
			return fs, i
		}
		n := &d.names.list[k]
		if n.mark == d.names.mark {
			r.Duplicates++
		} else {
			n.mark, n.at = d.names.mark, int32(len(fs))
			if len(fs) < cap(fs) {
				fs = fs[:len(fs)+1]
			} else {
				fs = append(fs, plumbline.Field{})
			}
			fs[n.at].Name = n.text
		}
		v, start := &fs[n.at].Value, i
		if i = d.value(i, v); i < 0 {
			return fs, i
		}
		if s != featureNames && !admit(s, d.b[start:i], v) {
			return fs, d.wrongType(start, m)
		}
		if i, more = d.next(i, '}'); i < 0 {
			return fs, i
		}
	}
	return fs, i
}

// admit makes of a value, written as literal, what objects of the scope s have as members: a number, a text, or nothing
// (Missing) where a value says nothing. It is false if they can't have such a value.
func admit(s scope, literal []byte, v *plumbline.Value) bool {
	switch s {
	case scoreNames:
		return asNumber(literal, v)
	case factNames:
		if text := *v; !asNumber(literal, v) {
			if *v = (plumbline.Value{}); text.Kind == plumbline.String {
				*v = text // perhaps the status
			}
		}
		return true
	}
	switch first := literal[0]; {
	case v.Kind == plumbline.String, v.Kind == plumbline.Missing:
	case first == '{', first == '[':
		return false
	case v.Kind == plumbline.Bool, isDigit(literal[len(literal)-1]):
		*v = plumbline.Value{Kind: plumbline.String, Str: unsafe.String(unsafe.SliceData(literal), len(literal))}
	default: // a bare NaN or Infinity names no segment
		*v = plumbline.Value{}
	}
	return true
}

// asNumber reports whether a value, written as literal, can stand where a number should: it is then Number, NaN, Invalid, or
// Missing for null. A string that spells a value JSON has no number for is taken for it.
func asNumber(literal []byte, v *plumbline.Value) bool {
	switch v.Kind {
	case plumbline.String:
		switch {
		case plumbline.SpellsNaN(v.Str):
			*v = plumbline.Value{Kind: plumbline.NaN}
		case plumbline.SpellsInf(v.Str):
			*v = plumbline.Value{Kind: plumbline.Invalid}
		default:
			return false
		}
	case plumbline.Bool, plumbline.Vector:
		return false
	case plumbline.Invalid:
		return literal[0] != '{' && literal[0] != '['
	}
	return true
}

func (d *Decoder) score(r *plumbline.Record, i int) int {
	next := d.value(i, &r.Score)
	if next >= 0 && !asNumber(d.b[i:next], &r.Score) {
		return d.wrongType(i, memberScore)
	}
	return next
}

func (d *Decoder) features(r *plumbline.Record, i int) int {
	r.Features, i = d.fields(r, r.Features, i, memberFeatures, featureNames)
	return i
}

// scores leaves r without scores if one of them is not finite: nobody can say then which class had the highest.
func (d *Decoder) scores(r *plumbline.Record, i int) int {
	d.members, i = d.fields(r, d.members, i, memberScores, scoreNames)
	r.Scores, d.spoilt = r.Scores[:0], plumbline.Missing
	for _, f := range d.members {
		switch f.Value.Kind {
		case plumbline.Number:
			r.Scores = append(r.Scores, plumbline.Score{Class: f.Name, Value: f.Value.Num})
		case plumbline.NaN, plumbline.Invalid:
			d.spoilt = max(d.spoilt, f.Value.Kind)
		}
	}
	if d.spoilt != plumbline.Missing {
		r.Scores = r.Scores[:0]
	}
	return i
}

func (d *Decoder) segments(r *plumbline.Record, i int) int {
	d.members, i = d.fields(r, d.members, i, memberSegments, segmentNames)
	r.Segments = r.Segments[:0]
	for _, f := range d.members {
		if f.Value.Kind == plumbline.String {
			r.Segments = append(r.Segments, plumbline.Segment{Name: f.Name, Value: f.Value.Str})
		}
	}
	return i
}

func (d *Decoder) runtime(r *plumbline.Record, i int) int {
	d.members, i = d.fields(r, d.members, i, memberRuntime, factNames)
	r.Runtime.Status, r.Runtime.Facts = "", r.Runtime.Facts[:0]
	for _, f := range d.members {
		switch f.Value.Kind {
		case plumbline.Missing:
		case plumbline.String:
			if f.Name == "status" {
				r.Runtime.Status = f.Value.Str
			}
		default:
			r.Runtime.Facts = append(r.Runtime.Facts, f)
		}
	}
	return i
}
