package profiles

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline"
)

func number(x float64) plumbline.Value  { return plumbline.Value{Kind: plumbline.Number, Num: x} }
func text1(s string) plumbline.Value    { return plumbline.Value{Kind: plumbline.String, Str: s} }
func boolean(x float64) plumbline.Value { return plumbline.Value{Kind: plumbline.Bool, Num: x} }
func vector(x float64) plumbline.Value {
	return plumbline.Value{Kind: plumbline.Vector, Num: x, Len: 3}
}

var (
	null      = plumbline.Value{}
	nan       = plumbline.Value{Kind: plumbline.NaN}
	undefined = plumbline.Value{Kind: plumbline.Invalid}
)

func with(name string, v plumbline.Value) *plumbline.Record {
	return &plumbline.Record{Features: []plumbline.Field{{Name: name, Value: v}}}
}

// TestOneValue states what becomes of every kind of value in every type of feature.
func TestOneValue(t *testing.T) {
	type outcome struct {
		N, Missing, NaN, Invalid int64
		Value                    any // the number, or the category
	}
	present := func(v any) outcome { return outcome{N: 1, Value: v} }
	missing, isNaN, invalid := outcome{Missing: 1}, outcome{Missing: 1, NaN: 1}, outcome{Invalid: 1}
	for _, c := range []struct {
		typ  plumbline.FeatureType
		v    plumbline.Value
		want outcome
	}{
		{plumbline.TypeNumber, number(2.5), present(2.5)},
		{plumbline.TypeNumber, null, missing},
		{plumbline.TypeNumber, nan, isNaN},
		{plumbline.TypeNumber, text1("NaN"), isNaN},
		{plumbline.TypeNumber, text1("-inf"), invalid},
		{plumbline.TypeNumber, text1("2.5"), invalid},
		{plumbline.TypeNumber, boolean(1), invalid},
		{plumbline.TypeNumber, vector(1), invalid},
		{plumbline.TypeNumber, undefined, invalid},
		{plumbline.TypeNumber, number(math.Inf(1)), invalid},
		{plumbline.TypeNumber, number(math.NaN()), isNaN},
		{plumbline.TypeCategory, text1("UA"), present("UA")},
		{plumbline.TypeCategory, text1(""), present("")},
		{plumbline.TypeCategory, text1("nan"), present("nan")},
		{plumbline.TypeCategory, text1(" UA "), present(" UA ")},
		{plumbline.TypeCategory, number(1), present("1")},
		{plumbline.TypeCategory, number(0.1), present("0.1")},
		{plumbline.TypeCategory, number(1e21), present("1e+21")},
		{plumbline.TypeCategory, boolean(1), present("true")},
		{plumbline.TypeCategory, vector(1), invalid},
		{plumbline.TypeCategory, undefined, invalid},
		{plumbline.TypeCategory, nan, isNaN},
		{plumbline.TypeBoolean, boolean(0), present("false")},
		{plumbline.TypeText, text1("naïve"), present(5.0)},
		{plumbline.TypeText, text1("nan"), present(3.0)},
		{plumbline.TypeText, number(5), invalid},
		{plumbline.TypeEmbedding, vector(1.5), present(1.5)},
		{plumbline.TypeEmbedding, number(1.5), invalid},
		{plumbline.TypeAuto, number(3), present(3.0)},
		{plumbline.TypeAuto, text1("x"), present("x")},
		{plumbline.TypeAuto, boolean(1), present("true")},
		{plumbline.TypeAuto, vector(2), present(2.0)},
		{plumbline.TypeAuto, null, missing},
	} {
		l := NewLayout(&plumbline.Model{Features: []plumbline.Feature{{Name: "f", Type: c.typ}}}, nil)
		p := l.NewProfile()
		NewFolder(l).Fold(with("f", c.v), false, p)
		f := p.Feature(Key{Input, "f"})
		got := outcome{N: f.N, Missing: f.Missing, NaN: f.NaN, Invalid: f.Invalid}
		if x, ok := f.Mean(); ok {
			got.Value = x
		}
		if cs := f.Categories(); len(cs) > 0 {
			got.Value = cs[0].Value
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q gets %+v (-want +got):\n%s", c.typ, c.v, diff)
		}
	}
}

func TestAnswersAreCounted(t *testing.T) {
	l := NewLayout(&plumbline.Model{Task: plumbline.TaskBinary}, nil)
	p := l.NewProfile()
	f := NewFolder(l)
	for _, r := range []*plumbline.Record{
		{Kind: plumbline.Request, Features: with("a", number(1)).Features},
		{Kind: plumbline.Response, Prediction: number(1), Score: number(0.25), Runtime: plumbline.Runtime{Status: "ok", Facts: with("latency_ms", number(3)).Features}},
		{Kind: plumbline.Response, Runtime: plumbline.Runtime{Status: "timeout"}},
		{Kind: plumbline.Whole, Features: with("a", null).Features, Prediction: boolean(1), Duplicates: 2},
		{Kind: plumbline.Whole, Features: with("b", number(1)).Features, Scores: []plumbline.Score{{Class: "x", Value: 0.3}, {Class: "y", Value: 0.7}}},
		{Kind: plumbline.Label, Label: number(1)},
	} {
		f.Fold(r, r.Duplicates > 0, p)
	}
	if p.Records() != 4 || p.Whole != 2 || p.Requests != 1 || p.Responses != 2 || p.Carrying != 3 {
		t.Errorf("records %d whole %d requests %d responses %d carrying %d", p.Records(), p.Whole, p.Requests, p.Responses, p.Carrying)
	}
	if p.Errors != 1 || p.NullAnswers != 1 || p.Duplicates != 2 || p.Late != 1 {
		t.Errorf("errors %d null answers %d duplicates %d late %d", p.Errors, p.NullAnswers, p.Duplicates, p.Late)
	}
	for _, want := range []struct {
		key        Key
		n, missing int64
		mean       float64
	}{{Prediction, 2, 2, 0}, {Score, 1, 3, 0.25}, {Confidence, 2, 2, (0.75 + 0.7) / 2}, {Key{Runtime, "latency_ms"}, 1, 3, 3}, {Status, 2, 2, 0},
		{Key{Input, "a"}, 1, 2, 1}, {Key{Input, "b"}, 1, 2, 1}} {
		ft := p.Feature(want.key)
		mean, _ := ft.Mean()
		if ft.N != want.n || ft.Missing != want.missing || !near(mean, want.mean, 1e-15) {
			t.Errorf("%v: n %d missing %d mean %v, want %d, %d, %v", want.key, ft.N, ft.Missing, mean, want.n, want.missing, want.mean)
		}
	}
	if got := p.Feature(Prediction).Categories(); !cmp.Equal(got, []Category{{"1", 1}, {"true", 1}}) {
		t.Errorf("predictions %v", got)
	}
	if p.Feature(Key{Input, "c"}) != nil {
		t.Error("a feature nobody named")
	}
}

func TestPredictionsOfUnknownTask(t *testing.T) {
	for _, c := range []struct {
		r    plumbline.Record
		want plumbline.FeatureType
	}{
		{plumbline.Record{Prediction: number(1)}, plumbline.TypeCategory},
		{plumbline.Record{Prediction: number(3.5)}, plumbline.TypeNumber},
		{plumbline.Record{Prediction: number(1e6)}, plumbline.TypeNumber},
		{plumbline.Record{Prediction: number(1e6), Score: number(0.5)}, plumbline.TypeCategory},
		{plumbline.Record{Prediction: text1("cat")}, plumbline.TypeCategory},
		{plumbline.Record{Prediction: boolean(1)}, plumbline.TypeBoolean},
	} {
		l := NewLayout(nil, nil)
		p := l.NewProfile()
		NewFolder(l).Fold(&c.r, false, p)
		if got := p.Feature(Prediction).Type; got != c.want {
			t.Errorf("%+v: %s, want %s", c.r.Prediction, got, c.want)
		}
	}
}

// smallBaseline has one feature of each type.
func smallBaseline(t testing.TB, m *plumbline.Model) *Baseline {
	t.Helper()
	b := NewBuilder(m)
	for i := range 1000 {
		r := plumbline.Record{Features: []plumbline.Field{
			{Name: "x", Value: number(float64(i))},
			{Name: "c", Value: text1([]string{"a", "b", "b", "c"}[i%4])},
			{Name: "ok", Value: boolean(float64(i % 2))},
		}, Prediction: number(float64(i % 2)), Score: number(float64(i) / 1000), Time: time.Unix(int64(i), 0)}
		b.Add(&r)
	}
	base, err := b.Build(time.Unix(0, 0), "test")
	if err != nil {
		t.Fatal(err)
	}
	return base
}

func TestUnseenCategories(t *testing.T) {
	m := &plumbline.Model{Name: "m"}
	l := NewLayout(m, smallBaseline(t, m))
	p := l.NewProfile()
	f := NewFolder(l)
	for i := range 500 {
		f.Fold(with("c", text1(strings.Repeat("z", i%250+1))), false, p)
	}
	f.Fold(with("c", text1("b")), false, p)
	c := p.Feature(Key{Input, "c"})
	if c.Unseen() != 500 || len(c.UnseenValues()) != maxUnseen || c.N != 501 || c.Other() != 0 {
		t.Errorf("n %d unseen %d (%d told apart) other %d", c.N, c.Unseen(), len(c.UnseenValues()), c.Other())
	}
	if got := c.Categories(); !cmp.Equal(got, []Category{{"b", 1}}) {
		t.Errorf("known categories %v", got)
	}
	if x := p.Feature(Key{Input, "x"}); x.Missing != 501 {
		t.Errorf("x is absent from 501 records, missing says %d", x.Missing)
	}
}

func TestRangesAndTypeChanges(t *testing.T) {
	base := smallBaseline(t, &plumbline.Model{Name: "m"})
	low := 10.0
	for _, c := range []struct {
		name         string
		declared     []plumbline.Feature
		below, above int64
		invalid      int64
	}{
		{"the baseline's range", nil, 1, 1, 1},
		{"a declared minimum", []plumbline.Feature{{Name: "x", Min: &low}}, 2, 1, 1},
	} {
		l := NewLayout(&plumbline.Model{Name: "m", Features: c.declared}, base)
		p := l.NewProfile()
		f := NewFolder(l)
		for _, v := range []plumbline.Value{number(-1), number(5), number(999), number(1000), text1("12")} {
			f.Fold(with("x", v), false, p)
		}
		x := p.Feature(Key{Input, "x"})
		if x.Below != c.below || x.Above != c.above || x.Invalid != c.invalid {
			t.Errorf("%s: below %d above %d invalid %d, want %d, %d, %d", c.name, x.Below, x.Above, x.Invalid, c.below, c.above, c.invalid)
		}
	}

	// Panes counted before the feature was declared otherwise stay readable; their values become invalid.
	old := NewLayout(&plumbline.Model{Name: "m"}, base)
	now := NewLayout(&plumbline.Model{Name: "m", Features: []plumbline.Feature{{Name: "x", Type: plumbline.TypeCategory}}}, base)
	if old.ID() == now.ID() || old.BaselineHash() != now.BaselineHash() {
		t.Error("the layouts differ in their declarations, not in their baseline")
	}
	for _, pair := range [][2]*Layout{{old, now}, {now, old}} {
		p := pair[0].NewProfile()
		NewFolder(pair[0]).Fold(with("x", number(5)), false, p)
		q, err := pair[1].Decode(p.AppendBinary(nil))
		if err != nil {
			t.Fatal(err)
		}
		NewFolder(pair[1]).Fold(with("x", number(7)), false, q)
		if x := q.Feature(Key{Input, "x"}); x.N != 1 || x.Invalid != 1 {
			t.Errorf("n %d invalid %d, want 1 and 1", x.N, x.Invalid)
		}
	}
}

func TestOtherBaselinesDoNotMix(t *testing.T) {
	m := &plumbline.Model{Name: "m"}
	with, without := NewLayout(m, smallBaseline(t, m)), NewLayout(m, nil)
	p, q := with.NewProfile(), without.NewProfile()
	if err := p.Merge(q); err == nil {
		t.Error("profiles of other cells were merged")
	}
	if _, err := with.Decode(q.AppendBinary(nil)); err == nil {
		t.Error("a body of other cells was decoded")
	}
	for _, l := range []*Layout{with, without} {
		got, err := BodyBaseline(l.NewProfile().AppendBinary(nil))
		if err != nil || got != l.BaselineHash() {
			t.Errorf("the body says baseline %q, %v; want %q", got, err, l.BaselineHash())
		}
	}
}

func TestFeaturesAreBounded(t *testing.T) {
	l := NewLayout(nil, nil)
	p := l.NewProfile()
	f := NewFolder(l)
	r := &plumbline.Record{}
	for i := range MaxFeatures + 100 {
		r.Features = append(r.Features, plumbline.Field{Name: "f" + Decimal(float64(i)), Value: number(1)})
	}
	r.Features = append(r.Features, plumbline.Field{Name: strings.Repeat("n", 300), Value: number(1)})
	f.Fold(r, false, p)
	if n := len(p.Features()); n > MaxFeatures || int64(n)+p.DroppedFeatures != int64(len(r.Features)) {
		t.Errorf("%d features and %d dropped of %d", n, p.DroppedFeatures, len(r.Features))
	}
}

func TestPersonalCategoriesAreHashed(t *testing.T) {
	m := &plumbline.Model{Name: "m", Features: []plumbline.Feature{{Name: "c", PII: true}}}
	open := smallBaseline(t, &plumbline.Model{Name: "m"})
	for name, base := range map[string]*Baseline{"none": nil, "made in the open": open, "made hashed": smallBaseline(t, m)} {
		l := NewLayout(m, base)
		p := l.NewProfile()
		NewFolder(l).Fold(with("c", text1("b")), false, p)
		c := p.Feature(Key{Input, "c"})
		if got := c.Categories(); !cmp.Equal(got, []Category{{hexHash("b"), 1}}) || c.Unseen() != 0 {
			t.Errorf("baseline %s: categories %v, unseen %d", name, got, c.Unseen())
		}
		if strings.Contains(string(p.AppendBinary(nil)), "\x01b") {
			t.Errorf("baseline %s: the body holds the value", name)
		}
	}
}

// A number that is personal must be in no profile and no baseline, neither as an extreme nor as an edge.
func TestPersonalNumbersAreHashed(t *testing.T) {
	build := func(m *plumbline.Model) *Baseline {
		b := NewBuilder(m)
		for i := range 100 {
			b.Add(with("c", plumbline.Value{Kind: plumbline.Number, Num: 70000 + float64(i)}))
		}
		base, err := b.Build(time.Unix(0, 0), "test")
		if err != nil {
			t.Fatal(err)
		}
		return base
	}
	open := build(&plumbline.Model{Name: "m"})
	for _, typ := range []plumbline.FeatureType{plumbline.TypeAuto, plumbline.TypeNumber} {
		m := &plumbline.Model{Name: "m", Features: []plumbline.Feature{{Name: "c", Type: typ, PII: true}}}
		hashed := build(m)
		if text, err := hashed.Write(); err != nil || strings.Contains(string(text), "7000") {
			t.Errorf("type %q: the baseline holds values: %v", typ, err)
		}
		for name, base := range map[string]*Baseline{"none": nil, "made in the open": open, "made hashed": hashed} {
			l := NewLayout(m, base)
			p := l.NewProfile()
			NewFolder(l).Fold(with("c", plumbline.Value{Kind: plumbline.Number, Num: 70003}), false, p)
			c := p.Feature(Key{Input, "c"})
			if _, ok := c.Min(); ok || !cmp.Equal(c.Categories(), []Category{{hexHash("70003"), 1}}) {
				t.Errorf("type %q, baseline %s: %+v", typ, name, c.Categories())
			}
		}
	}
}

func TestFoldDoesNotAllocate(t *testing.T) {
	l := wideLayout(t)
	f := NewFolder(l)
	p, q := l.NewProfile(), l.NewProfile()
	records := wideRecords(2000, 9)
	for i := range records {
		f.Fold(&records[i], false, p, q)
	}
	i := 0
	if n := testing.AllocsPerRun(1000, func() { f.Fold(&records[i%len(records)], false, p, q); i++ }); n > 0 {
		t.Errorf("%v allocations a record", n)
	}
}
