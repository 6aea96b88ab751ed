package profiles

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline"
)

// array is an embedding as a decoder makes it.
func array(x ...float64) plumbline.Value {
	norm, text := 0.0, make([]string, len(x))
	for i, v := range x {
		norm = math.Hypot(norm, v)
		text[i] = fmt.Sprint(v)
	}
	return plumbline.Value{Kind: plumbline.Vector, Num: norm, Len: int32(len(x)), Str: "[" + strings.Join(text, ",") + "]"}
}

var vectorModel = &plumbline.Model{Name: "m", Multivariate: true, Features: []plumbline.Feature{{Name: "t", Type: plumbline.TypeText}}}

// vectorRecords carry an embedding, a text and three numbers, two of which belong together; now and then something is wrong.
func vectorRecords(n int, seed uint64, shift float64) []plumbline.Record {
	rng := rand.New(rand.NewPCG(seed, 3))
	words := []string{"late", "again", "ça", "va", "12", "7", "日本", "x9"}
	out := make([]plumbline.Record, n)
	for i := range out {
		v := make([]float64, 6)
		for j := range v {
			v[j] = math.Round(1000*(rng.NormFloat64()+shift)) / 1000
		}
		text := make([]string, rng.IntN(5))
		for j := range text {
			text[j] = words[rng.IntN(len(words))]
		}
		c := rng.NormFloat64()
		r := &out[i]
		r.Time = time.Unix(1_700_000_000+int64(i)*60, 0)
		r.Features = []plumbline.Field{{Name: "v", Value: array(v...)}, {Name: "t", Value: text1(strings.Join(text, " "))},
			{Name: "a", Value: number(math.Round(10 * c))}, {Name: "b", Value: number(math.Round(100*c+10*rng.NormFloat64()) / 10)},
			{Name: "d", Value: number(math.Round(100 * rng.NormFloat64()))}}
		switch rng.IntN(20) {
		case 0:
			r.Features[0].Value = array(1, 2)
		case 1:
			r.Features[2].Value = null
		case 2:
			r.Features[0].Value = null
		case 3:
			r.Features[3].Value = number(1e300)
		}
	}
	return out
}

func vectorLayout(t testing.TB) (*Layout, *Baseline) {
	t.Helper()
	b := NewBuilder(vectorModel)
	for _, r := range vectorRecords(500, 1, 0) {
		b.Add(&r)
	}
	base, err := b.Build(time.Unix(0, 0), "test")
	if err != nil {
		t.Fatal(err)
	}
	return NewLayout(vectorModel, base), base
}

func TestVectorsOfABaseline(t *testing.T) {
	l, base := vectorLayout(t)
	var names []string
	for _, f := range base.Features {
		if f.Role == "input" {
			names = append(names, f.Name)
		}
	}
	if diff := cmp.Diff([]string{"v", "t", "a", "b", "d", "t.words", "t.digits", "t.non_ascii", "whole_row"}, names); diff != "" {
		t.Errorf("features (-want +got):\n%s", diff)
	}
	p := base.Profile()
	v, row := p.Feature(Key{Input, "v"}), p.Feature(Key{Input, WholeRow})
	if v.Sketch() == nil || v.Sketch().N != v.N || v.Projection().Dim != 6 || v.Invalid == 0 {
		t.Errorf("vectors: n %d, invalid %d, sketch %+v", v.N, v.Invalid, v.Sketch())
	}
	if row.N != 500 || row.Sketch().N != 500 || row.Projection().Dim != 3 || !row.IsDerived() || v.IsDerived() {
		t.Errorf("whole rows: n %d, of %d coordinates", row.N, row.Projection().Dim)
	}

	file, err := base.Write()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ReadBaseline(file)
	if err != nil {
		t.Fatal(err)
	}
	if again.Hash() != base.Hash() {
		t.Error("read again it is another baseline")
	}
	// The records counted on what was read are those counted on what was built: the frequencies are drawn again alike.
	records := vectorRecords(200, 2, 0.5)
	sameCounts(t, filled(l, records), filled(NewLayout(vectorModel, again), records))
	// A baseline's windows add up to it, vectors included.
	w, err := base.Windows(100*time.Minute, time.Unix(1_700_000_000, 0))
	if err != nil {
		t.Fatal(err)
	}
	for win := range w.All() {
		rest, err := p.Without(win.Profile)
		if err != nil {
			t.Fatal(err)
		}
		if err := rest.Merge(win.Profile); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(v.Sketch(), rest.Feature(v.Key).Sketch()); diff != "" {
			t.Fatalf("the rest and the window are not the whole:\n%s", diff)
		}
	}
}

func TestVectorsMergeAndCodec(t *testing.T) {
	l, _ := vectorLayout(t)
	records := vectorRecords(300, 5, 0.2)
	whole := filled(l, records)
	merged := l.NewProfile()
	for _, part := range [][]plumbline.Record{records[250:], records[:1], records[1:90], records[90:250]} {
		body := filled(l, part).AppendBinary(nil)
		p, err := l.Decode(body)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(p.AppendBinary(nil), body) {
			t.Error("decoded and written again the body differs")
		}
		if err := merged.Merge(p); err != nil {
			t.Fatal(err)
		}
	}
	sameCounts(t, whole, merged)
	clone := whole.Clone()
	body := clone.AppendBinary(nil)
	whole.Reset()
	if s := whole.Feature(Key{Input, "v"}).Sketch(); s != nil {
		t.Errorf("a reset profile holds vectors: %+v", s)
	}
	if !bytes.Equal(clone.AppendBinary(nil), body) {
		t.Error("a clone shares what changes")
	}
	for cut := range len(body) / 2 { // the sections at the end may be absent
		if _, err := l.Decode(body[:cut]); err == nil {
			t.Fatalf("a body cut at %d was read", cut)
		}
	}
}

func TestRowsAreOptional(t *testing.T) {
	_, base := vectorLayout(t)
	records := vectorRecords(20, 3, 0)
	plain := *vectorModel
	plain.Multivariate = false
	if n := filled(NewLayout(&plain, base), records).Feature(Key{Input, WholeRow}).N; n != 0 {
		t.Errorf("%d whole rows counted unasked", n)
	}
	l := NewLayout(vectorModel, base)
	if l.ID() == NewLayout(&plain, base).ID() {
		t.Error("two ways to count have one identity")
	}
	// What is missing stands at the mean: a row without any number is the mean itself.
	p := filled(l, []plumbline.Record{*with("a", null)})
	row := p.Feature(Key{Input, WholeRow})
	if x, _ := row.Max(); row.N != 1 || x != 0 || slices.Max(row.Sketch().Coord) != 0 || slices.Min(row.Sketch().Coord) != 0 {
		t.Errorf("a row without numbers: %d rows, error %v, %v", row.N, x, row.Sketch().Coord)
	}
	// Nobody can write a derived feature.
	p = filled(l, []plumbline.Record{*with(WholeRow, array(1, 2, 3))})
	if got := p.Feature(Key{Input, WholeRow}).N; got != 1 || p.DroppedFeatures != 1 {
		t.Errorf("a record wrote a derived feature: n %d, %d values dropped", got, p.DroppedFeatures)
	}
	// A text feature that is no text any more feeds nothing.
	retyped := *vectorModel
	retyped.Features = []plumbline.Feature{{Name: "t", Type: plumbline.TypeCategory}, {Name: "a", Type: plumbline.TypeCategory}}
	p = filled(NewLayout(&retyped, base), records)
	if n := p.Feature(Key{Input, "t.words"}).N; n != 0 {
		t.Errorf("%d values derived of a category", n)
	}
	retyped.Features = []plumbline.Feature{{Name: "t", Type: plumbline.TypeText}, {Name: "t.words", Type: plumbline.TypeCategory}, {Name: WholeRow, Type: plumbline.TypeNumber}}
	p = filled(NewLayout(&retyped, base), records)
	if w, d := p.Feature(Key{Input, "t.words"}).N, p.Feature(Key{Input, "t.digits"}).N; w != 0 || d != 20 {
		t.Errorf("%d values of a derived feature that is declared otherwise, %d of another", w, d)
	}
	// A column of that name wins over the derived one.
	own := vectorRecords(100, 4, 0)
	for i := range own {
		own[i].Features = append(own[i].Features, plumbline.Field{Name: "t.words", Value: number(7)})
	}
	if f := build(t, vectorModel, own...).Profile().Feature(Key{Input, "t.words"}); f.IsDerived() {
		t.Error("a record's own column was replaced")
	}
}

// TestPersonalVectorsAreNotSummed: the sum of a pane with one record would be that record's vector.
func TestPersonalVectorsAreNotSummed(t *testing.T) {
	personal := &plumbline.Model{Name: "m", Features: []plumbline.Feature{{Name: "v", Type: plumbline.TypeEmbedding, PII: true}}}
	records := vectorRecords(100, 6, 0)
	base := build(t, personal, records...)
	if f := filled(NewLayout(personal, base), records).Feature(Key{Input, "v"}); f.Projection() != nil || f.N == 0 {
		t.Errorf("%d personal vectors with a projection %v", f.N, f.Projection())
	}
	_, open := vectorLayout(t) // made before the feature was declared personal
	l := NewLayout(personal, open)
	if f := filled(l, records).Feature(Key{Input, "v"}); f.Sketch() != nil || f.N == 0 {
		t.Errorf("%d personal vectors, summed: %+v", f.N, f.Sketch())
	}
	if _, err := l.Decode(filled(NewLayout(vectorModel, open), records).AppendBinary(nil)); err != nil {
		t.Errorf("a pane from before: %v", err)
	}
}

func TestTextCounts(t *testing.T) {
	f := func(s string, want textCounts) {
		t.Helper()
		if got := countText(s); got != want {
			t.Errorf("%q: %+v, want %+v", s, got, want)
		}
		if again := countText(want.sample()); again != want {
			t.Errorf("%q is made up as %q: %+v, want %+v", s, want.sample(), again, want)
		}
	}
	f("", textCounts{})
	f("   ", textCounts{runes: 3})
	f("one two", textCounts{runes: 7, words: 2})
	f(" le 14 juillet\n", textCounts{runes: 15, words: 3, digits: 2})
	f("ça va à 7", textCounts{runes: 9, words: 4, digits: 1, foreign: 2})
	f("日本語", textCounts{runes: 3, words: 1, foreign: 3})
	rng := rand.New(rand.NewPCG(1, 1))
	for range 500 {
		var s []rune
		for range rng.IntN(400) {
			s = append(s, []rune("ab1é日 \n5")[rng.IntN(8)])
		}
		c := countText(string(s))
		f(string(s), c)
		if x := c.fact(1) + c.fact(2); !(x >= 0 && x <= 1) {
			t.Errorf("shares of %q: %v", string(s), x)
		}
	}
}

// TestVectorSampleIsBounded: of many vectors every step-th is kept, and only those are summed.
func TestVectorSampleIsBounded(t *testing.T) {
	var s vectorSample
	for row := range 3 * maxVectors {
		v := array(float64(row%7), float64(row%11), 1)
		s.put(row, &v)
		if len(s.rows) > maxVectors {
			t.Fatalf("%d vectors", len(s.rows))
		}
	}
	if s.step != 4 || len(s.rows) != 3*maxVectors/4 {
		t.Errorf("%d vectors, every %d. row", len(s.rows), s.step)
	}
	v := plumbline.Value{Kind: plumbline.Vector}
	s.fill(8, &v)
	if v.Len != 3 || v.Str != "[1,8,1]" {
		t.Errorf("row 8 is %+v", v)
	}
	v = plumbline.Value{Kind: plumbline.Vector}
	if s.fill(9, &v); v.Len != 3 || v.Str != "" {
		t.Errorf("row 9 is %+v", v)
	}
	last := array(1, 2) // the last of two values of a row wins
	s.put(3*maxVectors, &last)
	s.put(3*maxVectors, &plumbline.Value{Kind: plumbline.Number})
	if s.rows[len(s.rows)-1] == 3*maxVectors {
		t.Error("a vector that was replaced is kept")
	}
}

func FuzzDecodeVectors(f *testing.F) {
	l, _ := vectorLayout(f)
	for _, n := range []int{1, 3, 60} {
		f.Add(filled(l, vectorRecords(n, uint64(n), 0)).AppendBinary(nil)[34:])
	}
	head := l.NewProfile().AppendBinary(nil)[:34]
	f.Fuzz(func(t *testing.T, rest []byte) {
		p, err := l.Decode(append(slices.Clone(head), rest...))
		if err != nil {
			return
		}
		q, err := l.Decode(p.AppendBinary(nil))
		if err != nil {
			t.Fatalf("what was decoded and written again is not readable: %v", err)
		}
		sameCounts(t, p, q)
		if err := q.Merge(p); err != nil {
			t.Fatal(err)
		}
		for _, ft := range q.Features() {
			if s := ft.Sketch(); s != nil && !s.Fits(ft.Projection()) {
				t.Errorf("%s: sketch %+v", ft.Name, s)
			}
		}
	})
}

func BenchmarkFoldEmbedding384(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	records := make([]plumbline.Record, 200)
	for i := range records {
		x := make([]float64, 384)
		for j := range x {
			x[j] = math.Round(1e7*rng.NormFloat64()) / 1e8
		}
		records[i] = *with("v", array(x...))
	}
	builder := NewBuilder(nil)
	for i := range records {
		builder.Add(&records[i])
	}
	builder.model = &plumbline.Model{Name: "m"}
	base, err := builder.Build(time.Unix(0, 0), "test")
	if err != nil {
		b.Fatal(err)
	}
	l := NewLayout(nil, base)
	f, p := NewFolder(l), l.NewProfile()
	for i := 0; b.Loop(); i++ {
		f.Fold(&records[i%len(records)], false, p)
	}
	b.ReportMetric(float64(len(p.AppendBinary(nil))), "body-bytes")
}
