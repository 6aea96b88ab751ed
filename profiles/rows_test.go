package profiles

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plumbline"
)

// repeatedRows returns n records of one feature, with one of different values each.
func repeatedRows(n, different int, seed uint64) []plumbline.Record {
	rng := rand.New(rand.NewPCG(seed, 3))
	out := make([]plumbline.Record, n)
	for i := range out {
		out[i].Features = []plumbline.Field{{Name: "x", Value: number(float64(rng.IntN(different)))}, {Name: "c", Value: text1("same")}}
	}
	return out
}

func TestRowsOfPartsAreTheWholes(t *testing.T) {
	l := NewLayout(nil, nil)
	for _, different := range []int{1, 200, maxRows, 5000, 1 << 30} {
		records := repeatedRows(20000, different, uint64(different))
		whole := filled(l, records)
		if n := len(whole.Rows().Counts); n > maxRows || n == 0 {
			t.Errorf("%d different rows: %d are kept", different, n)
		}
		merged := l.NewProfile()
		rng := rand.New(rand.NewPCG(uint64(different), 4))
		for rest := records; len(rest) > 0; {
			n := min(1+rng.IntN(1+rng.IntN(3000)), len(rest))
			part, err := l.Decode(filled(l, rest[:n]).AppendBinary(nil))
			if err != nil {
				t.Fatal(err)
			}
			if err := merged.Merge(part); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if diff := cmp.Diff(whole.rows.append(nil), merged.rows.append(nil)); diff != "" {
			t.Errorf("%d different rows: merged from parts the sample differs", different)
		}
		slices.Reverse(records)
		if !bytes.Equal(whole.rows.append(nil), filled(l, records).rows.append(nil)) {
			t.Errorf("%d different rows: the sample depends on their order", different)
		}
	}
}

func TestRowsCountExactlyWhileTheyAreFew(t *testing.T) {
	l := NewLayout(nil, nil)
	p := filled(l, repeatedRows(3000, 100, 1))
	r := p.Rows()
	var sum int64
	for _, n := range r.Counts {
		sum += n
	}
	if r.Level != 0 || len(r.Counts) != 100 || sum != 3000 || r.Records != 3000 {
		t.Errorf("level %d, %d different rows with %d of %d records; want all of 100", r.Level, len(r.Counts), sum, r.Records)
	}
}

// What makes rows equal, and what does not.
func TestWhichRowsAreEqual(t *testing.T) {
	m := &plumbline.Model{Features: []plumbline.Feature{{Name: "id", Type: plumbline.TypeIgnore}}}
	row := func(fields ...plumbline.Field) plumbline.Record { return plumbline.Record{Features: fields} }
	f := func(name string, v plumbline.Value) plumbline.Field { return plumbline.Field{Name: name, Value: v} }
	for _, c := range []struct {
		what  string
		a, b  plumbline.Record
		equal bool
	}{
		{"another order", row(f("a", number(1)), f("b", number(2))), row(f("b", number(2)), f("a", number(1))), true},
		{"swapped values", row(f("a", number(1)), f("b", number(2))), row(f("a", number(2)), f("b", number(1))), false},
		{"differences that cancel", row(f("a", number(1)), f("b", number(4))), row(f("a", number(2)), f("b", number(3))), false},
		{"null and absent", row(f("a", number(1)), f("b", null)), row(f("a", number(1))), true},
		{"zero and null", row(f("a", number(0)), f("b", number(1))), row(f("a", null), f("b", number(1))), false},
		{"two zeros", row(f("a", number(0))), row(f("a", number(math.Copysign(0, -1)))), true},
		{"ignored features", row(f("a", number(1)), f("id", text1("x"))), row(f("a", number(1)), f("id", text1("y"))), true},
		{"a number and its text", row(f("a", number(1))), row(f("a", text1("1"))), false},
		{"true and 1", row(f("a", boolean(1))), row(f("a", number(1))), false},
		{"texts that begin alike", row(f("a", text1("a long text, and more"))), row(f("a", text1("a long text, and mere"))), false},
		{"the outcome", plumbline.Record{Features: []plumbline.Field{f("a", number(1))}, Score: number(.1)}, row(f("a", number(1))), true},
	} {
		p := filled(NewLayout(m, nil), []plumbline.Record{c.a, c.b})
		if got := len(p.Rows().Counts) == 1; got != c.equal {
			t.Errorf("%s: equal is %v", c.what, got)
		}
	}
}

// Different rows are told apart: small whole numbers, texts and booleans in a few features are where a weak hash fails.
func TestRowHashesDoNotCollide(t *testing.T) {
	l := NewLayout(nil, nil)
	seen := map[uint64]bool{}
	f := NewFolder(l)
	n := 0
	for a := range 40 {
		for b := range 40 {
			for c := range 20 {
				for _, s := range []string{"", "a", "b", "ab", "ba", "value-1", "value-10", "value-11", "value-12"} {
					r := plumbline.Record{Features: []plumbline.Field{{Name: "a", Value: number(float64(a))}, {Name: "b", Value: number(float64(b) / 8)},
						{Name: "c", Value: number(float64(-c))}, {Name: "s", Value: text1(s)}, {Name: "t", Value: boolean(float64(a & 1))}}}
					p := l.NewProfile()
					f.Fold(&r, false, p)
					seen[p.rows.sorted()[0].hash] = true
					n++
				}
			}
		}
	}
	if len(seen) != n {
		t.Errorf("%d hashes of %d rows", len(seen), n)
	}
}

// A body of version 1 has no sections and no kinds; it is what version 2 is without them.
func TestOldBodiesAreReadable(t *testing.T) {
	for name, l := range typed(t) {
		p := filled(l, wideRecords(40, 9))
		p.rows.reset()
		body := p.AppendBinary(nil)
		old := slices.Clone(body)
		old[0] = 1
		q, err := l.Decode(old)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !bytes.Equal(body, q.AppendBinary(nil)) {
			t.Errorf("%s: an old body reads otherwise", name)
		}
		if r := q.Rows(); r.Records != 0 || len(r.Counts) != 0 {
			t.Errorf("%s: an old body has rows %+v", name, r)
		}
		old[0] = 3
		if _, err := l.Decode(old); err == nil {
			t.Errorf("%s: a body of a version to come is read", name)
		}
	}
}

func TestOtherTypes(t *testing.T) {
	m := &plumbline.Model{Features: []plumbline.Feature{{Name: "x", Type: plumbline.TypeNumber}}}
	l := NewLayout(m, nil)
	var records []plumbline.Record
	for _, v := range []plumbline.Value{number(1), text1("12.5"), text1("n/a"), boolean(1), vector(3), text1("inf"), undefined, nan, null, text1("NaN")} {
		records = append(records, *with("x", v))
	}
	p, err := l.Decode(filled(l, records).AppendBinary(nil))
	if err != nil {
		t.Fatal(err)
	}
	f := p.Feature(Key{Input, "x"})
	want := []TypeCount{{plumbline.TypeText, 2}, {plumbline.TypeBoolean, 1}, {plumbline.TypeEmbedding, 1}}
	if diff := cmp.Diff(want, f.OtherTypes()); diff != "" {
		t.Error(diff)
	}
	if f.N != 1 || f.Invalid != 6 || f.NaN != 2 {
		t.Errorf("n %d, invalid %d, NaN %d", f.N, f.Invalid, f.NaN)
	}
	// A feature nobody declared changes its type from one pane to the next.
	l = NewLayout(nil, nil)
	p = filled(l, []plumbline.Record{*with("x", number(1))})
	if err := p.Merge(filled(l, []plumbline.Record{*with("x", text1("a")), *with("x", text1("b"))})); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]TypeCount{{plumbline.TypeText, 2}}, p.Feature(Key{Input, "x"}).OtherTypes()); diff != "" {
		t.Error(diff)
	}
}
