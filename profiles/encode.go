package profiles

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"slices"

	"plumbline"
)

// A body is what a store keeps of a profile. All integers are unsigned varints; every body of a profile is the same bytes.
//
//	version 1 · has baseline 0/1 · 32 bytes of its hash
//	tallies: a mask of the non-zero ones, then those
//	per feature of the baseline a form of 4 bits, two to a byte, low half first; then the contents of each, in order
//	number of other features, and for each: role, name, type, form, contents
//	since version 2, sections where there is something to say, each a byte that names it and its contents: 1 the sample of rows
//
// A form is how a feature is written. A pane of one record mostly needs the first three: a feature costs what its value costs.
const (
	bodyVersion  = 2
	firstVersion = 1 // the oldest that can be read

	sectionRows = 1

	formEmpty    = 0 // never had a value
	formNumber   = 1 // one distinct number, of every record that could carry it
	formCategory = 2 // one category of the baseline, of every record that could carry it
	formText     = 3 // one category by its text, of every record that could carry it
	formSame     = 4 // one distinct number
	formNumbers  = 5 // numbers: sums, extremes, cells
	formTexts    = 6 // categories
	formCounts   = 7 // nothing but NaN and invalid values
	formList     = 8 // few numbers, in order
	formVectors  = 9 // vectors: the form of their norms, those, and sums
)

// maxReplay bounds how many equal values are written as one: reading them adds them up again, one by one.
const maxReplay = 4096

var typeCodes = []plumbline.FeatureType{plumbline.TypeAuto, plumbline.TypeNumber, plumbline.TypeCategory, plumbline.TypeBoolean,
	plumbline.TypeText, plumbline.TypeEmbedding, plumbline.TypeIgnore}

// tallies in the order they are written.
func (p *Profile) tallies() [11]*int64 {
	return [11]*int64{&p.Whole, &p.Requests, &p.Responses, &p.Carrying, &p.Late, &p.Errors, &p.NullAnswers, &p.Duplicates, &p.DroppedFeatures,
		&p.Shadow, &p.Canary}
}

// AppendBinary appends the profile's body to dst.
func (p *Profile) AppendBinary(dst []byte) []byte {
	dst = append(dst, bodyVersion)
	hash, err := hex.DecodeString(p.layout.baseline)
	if p.layout.baseline == "" || err != nil || len(hash) != 32 {
		dst = append(dst, 0)
	} else {
		dst = append(append(dst, 1), hash...)
	}
	dst = p.appendNamed(p.appendNatives(p.appendTallies(dst)))
	if p.rows.n > 0 {
		dst = p.rows.append(append(dst, sectionRows))
	}
	return dst
}

func (p *Profile) appendTallies(dst []byte) []byte {
	counts := *p
	// Nearly always every question carries features: written as the difference, that is nothing.
	counts.Carrying = int64(zigzag(p.Whole + p.Requests - p.Carrying))
	mask := uint64(0)
	for i, n := range counts.tallies() {
		if *n != 0 {
			mask |= 1 << i
		}
	}
	dst = binary.AppendUvarint(dst, mask)
	for _, n := range counts.tallies() {
		if *n != 0 {
			dst = binary.AppendUvarint(dst, uint64(*n))
		}
	}
	return dst
}

// appendNatives appends the baseline's features.
func (p *Profile) appendNatives(dst []byte) []byte {
	natives := len(p.layout.native)
	at := len(dst)
	dst = slices.Grow(dst, (natives+1)/2)[:at+(natives+1)/2]
	clear(dst[at:])
	for i := range natives {
		f := &p.base[i] // the layout begins with the baseline's features
		if f.slot.native < 0 {
			continue // the manifest declares it otherwise: it is written by name
		}
		var form byte
		form, dst = f.appendContents(dst, p.carriers(f.Role))
		dst[at+i/2] |= form << (4 * (i % 2))
	}
	return dst
}

// appendNamed appends the features that are not the baseline's, or not as it has them.
func (p *Profile) appendNamed(dst []byte) []byte {
	var named []*Feature
	for i := range p.base {
		if f := &p.base[i]; f.slot.native < 0 && !f.empty() {
			named = append(named, f)
		}
	}
	for _, f := range p.extra {
		if f != nil && f.seen {
			named = append(named, f)
		}
	}
	slices.SortFunc(named, byKey)
	dst = binary.AppendUvarint(dst, uint64(len(named)))
	for _, f := range named {
		dst = append(dst, byte(f.Role))
		dst = appendString(dst, f.Name)
		dst = append(dst, byte(max(slices.Index(typeCodes, f.Type), 0)), 0)
		at := len(dst) - 1
		var form byte
		form, dst = f.appendContents(dst, p.carriers(f.Role))
		dst[at] = form
	}
	return dst
}

// appendContents appends a feature and says in which form.
func (f *Feature) appendContents(dst []byte, carriers int64) (form byte, out []byte) {
	if f.Sketch() == nil {
		return f.appendValues(dst, carriers)
	}
	at := len(dst)
	form, out = f.appendValues(append(dst, 0), carriers)
	out[at] = form
	return formVectors, appendSketch(out, f.sketch)
}

func (f *Feature) appendValues(dst []byte, carriers int64) (form byte, out []byte) {
	plain := f.N == carriers && f.NaN == 0 && f.Invalid == 0 && f.Below == 0 && f.Above == 0
	switch {
	case f.empty():
		return formEmpty, dst
	case f.N == 0:
		return formCounts, f.appendHead(dst, carriers)
	case !f.Type.Numeric():
		at, text, single := f.single()
		if plain && single && at >= 0 {
			return formCategory, binary.AppendUvarint(dst, uint64(at))
		}
		if plain && single {
			return formText, appendString(dst, text)
		}
		return formTexts, f.appendTexts(f.appendHead(dst, carriers))
	case f.replayable():
		if plain {
			return formNumber, appendNumber(dst, f.m.min)
		}
		return formSame, appendNumber(f.appendHead(dst, carriers), f.m.min)
	case f.relistable():
		return formList, f.appendList(f.appendHead(dst, carriers))
	}
	return formNumbers, f.appendNumbers(f.appendHead(dst, carriers))
}

// appendHead appends the counts every feature has.
func (f *Feature) appendHead(dst []byte, carriers int64) []byte {
	mask := uint64(0)
	head := f.head()
	if f.N != carriers {
		mask = 1
	}
	for i, n := range head[1:] {
		if *n != 0 {
			mask |= 2 << i
		}
	}
	dst = binary.AppendUvarint(dst, mask)
	for i, n := range head {
		if mask&(1<<i) != 0 {
			dst = binary.AppendUvarint(dst, uint64(*n))
		}
	}
	return dst
}

// head is what is written of every feature; a body of version 1 has only the first five.
func (f *Feature) head() [5 + kinds]*int64 {
	return [5 + kinds]*int64{&f.N, &f.NaN, &f.Invalid, &f.Below, &f.Above, &f.kinds[0], &f.kinds[1], &f.kinds[2], &f.kinds[3]}
}

// replayable reports that adding one value N times gives this feature, bit by bit.
func (f *Feature) replayable() bool {
	if f.N > maxReplay || f.m.min != f.m.max {
		return false
	}
	m := begin(f.slot, f.m.min)
	for range f.N {
		m.add(f.m.min)
	}
	return m == f.m
}

// relistable is replayable for the list of all values. Merging adds sums instead of values, which may round otherwise.
func (f *Feature) relistable() bool {
	if !f.listed() || f.N == 0 {
		return false
	}
	m := begin(f.slot, f.first[0])
	for _, x := range f.first {
		m.add(x)
	}
	return m == f.m
}

// begin returns the moments of no value, before x is the first.
func begin(s *slot, x float64) (m moments) {
	m.reset(s.shift)
	if !s.frozen {
		m.shift = x
	}
	return m
}

// single returns the only category of a feature: its place in the baseline, or -1 and its text.
func (f *Feature) single() (at int32, text string, ok bool) {
	texts := 0
	if f.texts != nil {
		texts = len(f.texts.list)
	}
	known := 0
	if f.slot.known() {
		known = f.cells.distinct()
	}
	if known+texts != 1 || f.other != 0 || f.overflow != 0 {
		return 0, "", false
	}
	if texts == 1 {
		return -1, f.texts.list[0].Value, true
	}
	f.cells.each(func(i int32, _ int64) { at = i })
	return at, "", true
}

func (f *Feature) appendNumbers(dst []byte) []byte {
	if !f.slot.frozen {
		dst = appendNumber(dst, f.m.shift)
	}
	for _, x := range []float64{f.m.s1, f.m.s2, f.m.s3, f.m.s4, f.m.min, f.m.max} {
		dst = appendNumber(dst, x)
	}
	if f.slot.grid != nil {
		dst = f.cells.append(dst, f.slot.grid.Cells())
	}
	return dst
}

// repeated stands for the number before; no number is written like that.
const repeated = 15

func (f *Feature) appendList(dst []byte) []byte {
	for i, x := range f.first {
		if i > 0 && x == f.first[i-1] {
			dst = append(dst, repeated)
		} else {
			dst = appendNumber(dst, x)
		}
	}
	return dst
}

func (f *Feature) appendTexts(dst []byte) []byte {
	if f.slot.known() {
		dst = f.cells.append(dst, len(f.slot.values))
		dst = binary.AppendUvarint(dst, uint64(f.overflow))
	}
	dst = binary.AppendUvarint(dst, uint64(f.other))
	if f.texts == nil {
		return append(dst, 0)
	}
	list := slices.Clone(f.texts.list)
	slices.SortFunc(list, byValue)
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for _, c := range list {
		dst = appendString(dst, c.Value)
		dst = binary.AppendUvarint(dst, uint64(c.Count))
	}
	return dst
}

// append writes counts as (step to the next cell, count) pairs, or all of them where that is shorter. The last pair's count
// is not left out, though N would give it: it checks the rest.
func (c *cells) append(dst []byte, size int) []byte {
	k := c.distinct()
	if 2*k > size {
		dst = binary.AppendUvarint(dst, 1)
		all := c.dense
		if len(all) == 0 {
			all = c.counts(size)
		}
		for _, n := range all {
			dst = binary.AppendUvarint(dst, uint64(n))
		}
		return dst
	}
	dst = binary.AppendUvarint(dst, uint64(k)<<1)
	last := int32(-1)
	c.each(func(at int32, n int64) {
		dst = binary.AppendUvarint(dst, uint64(at-last-1))
		dst = binary.AppendUvarint(dst, uint64(n))
		last = at
	})
	return dst
}

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

var powers = [7]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6}

// appendNumber writes x as zigzag(m)·8 + d if x is m / 10^d to the bit with d <= 6 and |m| < 2^48, else as 7 and its bits.
func appendNumber(dst []byte, x float64) []byte {
	for d, p := range powers {
		m := math.Round(x * p)
		if !(math.Abs(m) < 1<<48) {
			break
		}
		if math.Float64bits(m/p) == math.Float64bits(x) {
			return binary.AppendUvarint(dst, zigzag(int64(m))<<3|uint64(d))
		}
	}
	return binary.LittleEndian.AppendUint64(append(dst, 7), math.Float64bits(x))
}

func zigzag(x int64) uint64   { return uint64(x)<<1 ^ uint64(x>>63) }
func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }
