package detectors

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"plumbline"
	"plumbline/profiles"
)

// embeddings are records with a vector of four coordinates and two numbers that belong together. Every coordinate is moved by shift
// standard deviations; loose breaks the tie of the numbers.
func embeddings(n int, seed uint64, shift float64, loose bool) []plumbline.Record {
	rng := rand.New(rand.NewPCG(seed, 5))
	out := make([]plumbline.Record, n)
	for i := range out {
		text, norm := make([]string, 4), 0.0
		for j := range text {
			x := 2*(rng.NormFloat64()+shift) + 1
			text[j], norm = fmt.Sprint(x), math.Hypot(norm, x)
		}
		c := rng.NormFloat64()
		d := c
		if loose {
			d = rng.NormFloat64()
		}
		value := func(x float64) plumbline.Value { return plumbline.Value{Kind: plumbline.Number, Num: x} }
		out[i] = plumbline.Record{Time: time.Unix(1_700_000_000+30*int64(i), 0), Features: []plumbline.Field{
			{Name: "v", Value: plumbline.Value{Kind: plumbline.Vector, Num: norm, Len: 4, Str: "[" + strings.Join(text, ",") + "]"}},
			{Name: "a", Value: value(c)}, {Name: "b", Value: value(10*d + rng.NormFloat64())}, {Name: "c", Value: value(rng.NormFloat64())}}}
	}
	return out
}

func TestEmbeddings(t *testing.T) {
	m := &plumbline.Model{Name: "m", Multivariate: true}
	build := func(m *plumbline.Model) *profiles.Baseline {
		b := profiles.NewBuilder(m)
		for _, r := range embeddings(6000, 1, 0, false) {
			b.Add(&r)
		}
		base, err := b.Build(time.Unix(0, 0), "test")
		if err != nil {
			t.Fatal(err)
		}
		return base
	}
	base := build(m)
	layout := profiles.NewLayout(m, base)
	input := func(base *profiles.Baseline, l *profiles.Layout, feature string, records []plumbline.Record) Input {
		p := l.NewProfile()
		f := profiles.NewFolder(l)
		for i := range records {
			f.Fold(&records[i], false, p)
		}
		k := profiles.Key{Role: profiles.Input, Name: feature}
		ref := base.Profile()
		return Input{BaselineProfile: ref, CurrentProfile: p, Baseline: ref.Feature(k), Current: p.Feature(k)}
	}
	finding := func(name string, in Input) plumbline.Finding {
		t.Helper()
		test, err := ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		return test.Run(in)
	}
	p := func(f plumbline.Finding) float64 {
		t.Helper()
		if f.P == nil {
			t.Fatalf("%s has no p-value: %s", f.Test, f.Reason)
		}
		return *f.P
	}
	same := input(base, layout, "v", embeddings(500, 2, 0, false))
	moved := input(base, layout, "v", embeddings(500, 3, 0.4, false))
	broken := input(base, layout, "v", embeddings(500, 4, 0, true))
	for _, name := range []string{"mmd", "components_drifted", "rows_mmd", "reconstruction_error"} {
		if got := p(finding(name, same)); got < 0.001 {
			t.Errorf("%s without drift: p = %v", name, got)
		}
	}
	if f := finding("mmd", moved); p(f) > 1e-9 || math.Abs(*f.SD-0.4) > 0.08 || f.N != 500 || f.M != 6000 {
		t.Errorf("mmd of a shift by 0.4 sd: %+v", f)
	}
	if f := finding("components_drifted", moved); *f.Value != 1 || math.Abs(*f.SD-0.4) > 0.1 {
		t.Errorf("all components moved by 0.4 sd: share %v, shift %v", *f.Value, *f.SD)
	}
	if f := finding("cosine_shift", moved); f.Value == nil || f.N != 500 {
		t.Errorf("cosine_shift: %+v", f)
	}
	// No feature alone changes, only how two belong together.
	for _, name := range []string{"rows_mmd", "reconstruction_error"} {
		if got := p(finding(name, broken)); got > 1e-9 {
			t.Errorf("%s where the dependence is broken: p = %v", name, got)
		}
	}
	// A tolerated drift is a shift of all coordinates.
	for tolerated, want := range map[float64]plumbline.Verdict{0.1: plumbline.Drift, 0.5: plumbline.NoDrift} {
		in := moved
		in.Tolerated = tolerated
		if f := finding("mmd", in); f.Verdict != want {
			t.Errorf("0.4 sd where %v are tolerated: %s, want %s (%s)", tolerated, f.Verdict, want, f.Reason)
		}
	}
	// The rows of the baseline are independent: the scores of its windows are on average what the law says.
	test, _ := ByName("mmd")
	windows, err := base.Windows(time.Hour, time.Unix(1_700_000_000, 0))
	if err != nil {
		t.Fatal(err)
	}
	sum, n := 0.0, 0.0
	for w := range windows.All() {
		rest, err := same.BaselineProfile.Without(w.Profile)
		if err != nil {
			t.Fatal(err)
		}
		s, ok := test.Score(Input{Baseline: rest.Feature(same.Baseline.Key), Current: w.Profile.Feature(same.Baseline.Key)})
		if !ok {
			t.Fatal("a window of the baseline has no score")
		}
		sum, n = sum+s.X/s.Mean, n+1
	}
	// Windows four times as far apart as those of independent rows leave a quarter of the rows to bound the value with.
	var spread []Score
	for i := range 25 {
		spread = append(spread, Score{X: 4 * math.Exp(0.1*float64(i%5-2)), Mean: 1, CV: 0.3})
	}
	null, err := FitNull(spread)
	if err != nil {
		t.Fatal(err)
	}
	dependent := moved
	dependent.Calibration = &Calibration{Windows: null, Available: 25}
	free, bound := finding("mmd", moved), finding("mmd", dependent)
	if *bound.Value != *free.Value || *bound.Lower >= *free.Lower || *bound.Effect >= *free.Effect || bound.NEffective != 500/null.Phi {
		t.Errorf("rows that depend on each other: %+v; independent: %+v", bound, free)
	}
	a, _ := test.Score(moved)
	if b, _ := test.Score(dependent); a.X != b.X {
		t.Errorf("the score depends on the calibration: %v and %v", a.X, b.X)
	}
	if mean := sum / n; n < 40 || math.Abs(mean-1) > 0.2 {
		t.Errorf("the mean score of %v windows is %v times that of independent rows", n, mean)
	}
	// Without whole rows there is a reason.
	plain := &plumbline.Model{Name: "m"}
	other := build(plain)
	in := input(other, profiles.NewLayout(plain, other), "a", embeddings(100, 9, 0, false))
	for _, name := range []string{"rows_mmd", "reconstruction_error_p"} {
		if f := finding(name, in); f.Value != nil || !strings.Contains(f.Reason, "multivariate") {
			t.Errorf("%s without whole rows: %+v", name, f)
		}
	}
	if f := finding("mmd", in); f.Value != nil || f.Reason == "" {
		t.Errorf("mmd of a number: %+v", f)
	}
}
