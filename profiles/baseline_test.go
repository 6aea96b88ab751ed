package profiles

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"plumbline"
)

func build(t *testing.T, m *plumbline.Model, records ...plumbline.Record) *Baseline {
	t.Helper()
	b := NewBuilder(m)
	for i := range records {
		b.Add(&records[i])
	}
	base, err := b.Build(time.Unix(0, 0), "test")
	if err != nil {
		t.Fatal(err)
	}
	return base
}

// column of records with one feature.
func columnOf(values ...plumbline.Value) (out []plumbline.Record) {
	for _, v := range values {
		out = append(out, *with("f", v))
	}
	return out
}

func TestBuilderInfersTypes(t *testing.T) {
	words, ids := []plumbline.Value{}, []plumbline.Value{}
	for i := range 3000 {
		ids = append(ids, text1(fmt.Sprintf("id-%d", i)))
		words = append(words, text1(fmt.Sprintf("w-%d", i%1200)))
	}
	for _, c := range []struct {
		name    string
		values  []plumbline.Value
		want    plumbline.FeatureType
		invalid int64
	}{
		{"numbers", []plumbline.Value{number(1), null, number(2)}, plumbline.TypeNumber, 0},
		{"numbers with NaN in words", []plumbline.Value{text1("nan"), text1("NaN"), text1("-nan"), number(2)}, plumbline.TypeNumber, 0},
		{"mostly numbers", []plumbline.Value{number(1), number(2), text1("x")}, plumbline.TypeNumber, 1},
		{"mostly strings", []plumbline.Value{number(1), text1("y"), text1("x")}, plumbline.TypeCategory, 0},
		{"booleans", []plumbline.Value{boolean(1), boolean(0)}, plumbline.TypeBoolean, 0},
		{"vectors", []plumbline.Value{vector(1), vector(2)}, plumbline.TypeEmbedding, 0},
		{"long strings", []plumbline.Value{text1(strings.Repeat("word ", 20))}, plumbline.TypeText, 0},
		{"identifiers", ids, plumbline.TypeText, 0},
		{"many repeated words", words, plumbline.TypeCategory, 0},
	} {
		p := build(t, &plumbline.Model{Name: "m"}, columnOf(c.values...)...).Profile()
		if f := p.Feature(Key{Input, "f"}); f.Type != c.want || f.Invalid != c.invalid {
			t.Errorf("%s: %s with %d invalid, want %s with %d", c.name, f.Type, f.Invalid, c.want, c.invalid)
		}
	}
}

func TestCategoriesBeyondTheTop(t *testing.T) {
	var records []plumbline.Record
	for i := range 1500 {
		records = append(records, columnOf(text1(fmt.Sprintf("v%d", i)), text1(fmt.Sprintf("v%d", i%1400)))...)
	}
	m := &plumbline.Model{Name: "m", Features: []plumbline.Feature{{Name: "f", Type: plumbline.TypeCategory}}}
	b := build(t, m, records...)
	f := b.Profile().Feature(Key{Input, "f"})
	if len(f.Categories()) != maxCategories || f.Other() == 0 || f.N != 3000 {
		t.Errorf("%d categories, other %d, n %d", len(f.Categories()), f.Other(), f.N)
	}
	p := NewLayout(m, b).NewProfile()
	folder := NewFolder(p.Layout())
	for _, s := range []string{"v100", "v999", "v1499", "new"} {
		folder.Fold(with("f", text1(s)), false, p)
	}
	if f := p.Feature(Key{Input, "f"}); f.Other() != 2 || f.Unseen() != 1 {
		t.Errorf("other %d unseen %d, want 2 and 1", f.Other(), f.Unseen())
	}
}

func TestLabelsOfARegression(t *testing.T) {
	var records []plumbline.Record
	for _, pair := range [][2]float64{{1, 2}, {5, 3}, {4, 4}} {
		records = append(records, plumbline.Record{Prediction: number(pair[0]), Label: number(pair[1])})
	}
	b := build(t, &plumbline.Model{Name: "m", Task: plumbline.TaskRegression}, records...)
	// closed form: errors -1, 2, 0
	if b.Quality.N != 3 || *b.Quality.MAE != 1 || !near(*b.Quality.RMSE*(*b.Quality.RMSE), 5.0/3, 1e-12) || *b.Labels.Mean != 3 {
		t.Errorf("labels %+v quality %+v", b.Labels, b.Quality)
	}
}

func TestBuilderNeedsRecords(t *testing.T) {
	if _, err := NewBuilder(&plumbline.Model{Name: "m"}).Build(time.Unix(0, 0), ""); err == nil {
		t.Error("a baseline of nothing")
	}
}

func TestReadBaselineNamesTheFault(t *testing.T) {
	good, err := smallBaseline(t, &plumbline.Model{Name: "m"}).Write()
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(good)
	z.Close()
	if _, err := ReadBaseline(packed.Bytes()); err != nil {
		t.Errorf("gzipped: %v", err)
	}
	for _, c := range []struct {
		old, new, want string
	}{
		{`"format": 1`, `"format": 2`, "format 2"},
		{`"format": 1`, `"form": 1`, "no format"},
		{`"model": "m"`, `"model": ""`, "model: empty"},
		{`"model": "m"`, `"modell": "m"`, "modell"},
		{`"whole": 1000`, `"whole": 1001`, "tallies"},
		{`"records": 1000`, `"records": 999`, "tallies"},
		{`"role": "input"`, `"role": "in"`, `features[0] ("x"): role`},
		{`"type": "number"`, `"type": "ignore"`, `features[0] ("x"): type`},
		{`"name": "c"`, `"name": "x"`, `features[1] ("x"): occurs twice`},
		{`"n": 1000`, `"n": -1`, `features[0] ("x")`},
		{`"n": 1000`, `"n": 999`, `features[0] ("x")`},
		{`"edges": [0, `, `"edges": [7, `, `features[0] ("x"): edges`},
		{`"shift": `, `"sd": 1, "shift": null, "mean": `, `shift`},
		{`"counts": [1, `, `"counts": [2, `, `features[0] ("x"): counts`},
		{`{"value": "c", "count": 250}`, `{"value": "a", "count": 250}`, `features[1] ("c"): categories[2]`},
		{`"moments": ["`, `"moments": ["x`, "moments"},
	} {
		text := strings.Replace(string(good), c.old, c.new, 1)
		if text == string(good) {
			t.Errorf("%s is not in the file", c.old)
			continue
		}
		if _, err := ReadBaseline([]byte(text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s → %s: error %v, want one with %q", c.old, c.new, err, c.want)
		}
	}
	for _, text := range []string{"", "{}", "[]", "null", string(good) + "{}", string(good[:len(good)/2]), "\x1f\x8b\x08"} {
		if _, err := ReadBaseline([]byte(text)); err == nil {
			t.Errorf("%.20q was read", text)
		}
	}
}

func FuzzReadBaseline(f *testing.F) {
	m := &plumbline.Model{Name: "m", Slices: [][]string{{"c"}}}
	b := NewBuilder(m)
	for i := range 4 {
		r := with("x", number(float64(i*i)))
		r.Features = append(r.Features, with("c", text1("ab"[i%2:i%2+1])).Features...)
		b.Add(r)
	}
	base, err := b.Build(time.Unix(0, 0), "")
	if err != nil {
		f.Fatal(err)
	}
	good, err := base.Write()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	_, vectors := vectorLayout(f)
	vectors.Panes = nil
	if good, err = vectors.Write(); err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	records := vectorRecords(5, 9, 0)
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := ReadBaseline(data)
		if err != nil {
			return
		}
		NewLayout(m, b)
		filled(NewLayout(vectorModel, b), records)
		b.Show(&bytes.Buffer{}, 80, true)
		for name := range b.Slices {
			b.SliceProfile(name)
		}
		again, err := b.Write()
		if err != nil {
			t.Fatal(err)
		}
		c, err := ReadBaseline(again)
		if err != nil {
			t.Fatalf("what was read and written again is not readable: %v", err)
		}
		if b.Hash() != c.Hash() {
			t.Error("the hash changed")
		}
	})
}

func TestSlicesAreCanonical(t *testing.T) {
	m := &plumbline.Model{Slices: [][]string{{"carrier"}, {"carrier", "ok"}, {"absent"}}}
	r := &plumbline.Record{Segments: []plumbline.Segment{{Name: "carrier", Value: "U,A=%"}}, Features: []plumbline.Field{{Name: "ok", Value: boolean(1)}}}
	got := AppendSlices(nil, m, r)
	if len(got) != 2 || got[0] != "carrier=U%2CA%3D%25" || got[1] != "carrier=U%2CA%3D%25,ok=true" {
		t.Errorf("slices %q", got)
	}
	parsed, ok := ParseSlice(got[1])
	if !ok || parsed["carrier"] != "U,A=%" || parsed["ok"] != "true" {
		t.Errorf("parsed %v", parsed)
	}
	for _, bad := range []string{"carrier", "=x", "a=b=c", ",", "a=b,"} {
		if _, ok := ParseSlice(bad); ok {
			t.Errorf("%q was parsed", bad)
		}
	}
}

func TestViewIsTheRecount(t *testing.T) {
	m := &plumbline.Model{Name: "m"}
	l := NewLayout(m, smallBaseline(t, m))
	p := l.NewProfile()
	f := NewFolder(l)
	for _, x := range []float64{2, 4} {
		r := with("x", number(x))
		r.Features = append(r.Features, with("c", text1("a")).Features...)
		f.Fold(r, x == 4, p)
	}
	from := time.Date(2013, 3, 1, 0, 0, 0, 0, time.UTC)
	v := NewView(plumbline.Stream{Model: "m", Version: "1", Slice: "origin=EWR"}, plumbline.Window{From: from, To: from.Add(time.Hour)}, p, 1, []string{"c", "ok"})
	got, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"model":"m","version":"1","slice":{"origin":"EWR"},"from":"2013-03-01T00:00:00Z","to":"2013-03-01T01:00:00Z","records":2,"late":1,"labelled":1,` +
		`"features":[{"name":"c","type":"category","n":2,"missing":0,"unseen":0,"other":0,"categories":{"a":2}},` +
		`{"name":"ok","type":"boolean","n":0,"missing":2,"unseen":0,"other":0,"categories":{}}],"outputs":[],"runtime":[]}`
	if string(got) != want {
		t.Errorf("view\n%s\nwant\n%s", got, want)
	}
	x := NewView(plumbline.Stream{}, plumbline.Window{}, p, 0, []string{"x"}).Features[0]
	if *x.Mean != 3 || x.N != 2 || len(x.Bins.Counts) != len(x.Bins.Edges)+1 {
		t.Errorf("x: %+v", x)
	}
	empty, err := json.Marshal(NewView(plumbline.Stream{}, plumbline.Window{}, l.NewProfile(), 0, []string{"x"}).Features[0])
	if err != nil {
		t.Fatal(err)
	}
	want = `{"name":"x","type":"number","n":0,"missing":0,"nan":0,"invalid":0,"mean":null,"sd":null,"min":null,"max":null,"below":0,"above":0,"bins":null}`
	if string(empty) != want {
		t.Errorf("empty\n%s\nwant\n%s", empty, want)
	}
}

func TestPictures(t *testing.T) {
	m := &plumbline.Model{Name: "m"}
	base := smallBaseline(t, m)
	l := NewLayout(m, base)
	p := l.NewProfile()
	f := NewFolder(l)
	for i := range 100 {
		r := with("x", number(float64(900+i)))
		r.Features = append(r.Features, with("c", text1("new\x1b[31m")).Features...)
		f.Fold(r, false, p)
	}
	ref := base.Profile()
	for _, k := range []Key{{Input, "x"}, {Input, "c"}, {Input, "ok"}} {
		a, b := ref.Feature(k), p.Feature(k)
		bins := RebinPair(a, b, 10)
		if len(bins.Labels) > maxEvidence || len(bins.Labels) != len(bins.Baseline) || len(bins.Labels) != len(bins.Current) {
			t.Errorf("%s: %+v", k.Name, bins)
		}
		for _, shares := range [][]float64{bins.Baseline, bins.Current} {
			if s := sum(shares, func(x float64) float64 { return x }); !near(s, 1, 1e-12) {
				t.Errorf("%s: shares sum to %v", k.Name, s)
			}
		}
		for _, pair := range [][2]*Feature{{a, b}, {a, nil}, {nil, b}, {nil, nil}} {
			var plainText bytes.Buffer
			Histogram(&plainText, pair[0], pair[1], 80, false)
			if strings.Contains(plainText.String(), "\x1b") {
				t.Errorf("%s: an escape sequence on a plain terminal", k.Name)
			}
			for line := range strings.Lines(plainText.String()) {
				if n := len([]rune(line)); n > 81 {
					t.Errorf("%s: a line of %d columns: %q", k.Name, n, line)
				}
			}
			RebinPair(pair[0], pair[1], 10)
		}
	}
	if bins := RebinPair(ref.Feature(Key{Input, "c"}), p.Feature(Key{Input, "c"}), 10); bins.Labels[len(bins.Labels)-1] != "unseen" || bins.Current[len(bins.Current)-1] != 1 {
		t.Errorf("unseen: %+v", bins)
	}
	if got := Sparkline([]float64{0, 0.001, 0.5, 1}); got != " ▁▅█" {
		t.Errorf("sparkline %q", got)
	}
	var out bytes.Buffer
	Diff(&out, base, base, 80, false)
	if !strings.Contains(out.String(), "same content") {
		t.Errorf("diff with itself:\n%s", out.String())
	}
}

// The version is part of what is hashed: what was built has the hash of what is read from its file.
func TestHashOfTheFile(t *testing.T) {
	b := NewBuilder(&plumbline.Model{Name: "m"})
	b.Add(&plumbline.Record{Model: "m", Features: []plumbline.Field{{Name: "x", Value: plumbline.Value{Kind: plumbline.Number, Num: 1}}}})
	b.Version("7")
	built, err := b.Build(time.Unix(0, 0), "test")
	if err != nil {
		t.Fatal(err)
	}
	body, err := built.Write()
	if err != nil {
		t.Fatal(err)
	}
	read, err := ReadBaseline(body)
	if err != nil {
		t.Fatal(err)
	}
	if built.Version != "7" || read.Version != "7" || built.Hash() != read.Hash() {
		t.Errorf("built version %q as %.12s, read %q as %.12s", built.Version, built.Hash(), read.Version, read.Hash())
	}
}
