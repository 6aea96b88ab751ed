package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"plumbline"
	"plumbline/detectors"
	"plumbline/profiles"
)

// Every section of the page, with few repetitions: what it promises within what few repetitions leave open.
func TestPromises(t *testing.T) {
	o := options{Seed: 2013, Scale: 1, Quick: true}
	for _, s := range sections(o) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(o)
			l.begin(s.name)
			if err := s.measure(l); err != nil {
				t.Fatal(err)
			}
			kept := s.promises()
			if len(kept) == 0 {
				t.Error("nothing is promised")
			}
			for _, p := range kept {
				if !p.kept() {
					t.Error(p)
				}
			}
			p := &page{lab: l}
			s.write(p)
			if text := p.text(kept); strings.Contains(text, "NaN") || strings.Contains(text, "%!") {
				t.Errorf("the page has holes:\n%s", text)
			}
		})
	}
}

// The scores that the simulations make without profiles are those of the detectors.
func TestScoresAreTheDetectors(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	x := autoregression(rng, baselineRows, 0)
	s := newScorer(x)
	for _, n := range []int{50, 100, 500} {
		window := autoregression(rng, n, 0.9)
		ref, cur := s.features(t, x, window)
		var nulls [3][]detectors.Score
		for i := 0; i < baselineRows; i += n {
			for j, sc := range s.apart(x[i : i+n]) {
				nulls[j] = append(nulls[j], sc)
			}
		}
		for j, name := range []string{"chi2", "ad", "auc"} {
			test, err := detectors.ByName(name)
			if err != nil {
				t.Fatal(err)
			}
			in := detectors.Input{Baseline: ref, Current: cur}
			want, ok := test.Score(in)
			got := s.score(window)[j]
			if !ok || !near(got.X, want.X, 1e-4) || !near(got.Mean, want.Mean, 1e-9) || !near(got.CV, want.CV, 1e-2) || got.Signed != want.Signed {
				t.Errorf("%s: score %+v, want %+v", name, got, want)
			}
			null, err := detectors.FitNull(nulls[j])
			if err != nil {
				t.Fatal(err)
			}
			in.Calibration = &detectors.Calibration{Windows: null, Available: null.K}
			if got, want := laddered(null, got, n, baselineRows), *test.Run(in).P; !near(got, want, 0.03) {
				t.Errorf("%s: p %v, want %v", name, got, want)
			}
		}
		if got, want := pOfKS(s.counts, s.count(window)), *detectors.KS(s.counts, s.count(window)).P; !near(got, want, 1e-9) {
			t.Errorf("ks: p %v, want %v", got, want)
		}
		if got, want := pOfAD(s.counts, s.count(window)), *detectors.AndersonDarling(s.counts, s.count(window)).P; !near(got, want, 1e-6) && want < 0.1 {
			t.Errorf("ad: p %v, want %v", got, want)
		}
	}
}

// features makes profiles' features of the same rows.
func (s *scorer) features(t *testing.T, x, window []float64) (ref, cur *profiles.Feature) {
	t.Helper()
	sample := func(v []float64) profiles.Sample {
		a, b := sums(v)
		return profiles.Sample{N: int64(len(v)), Counts: s.count(v), Sums: [4]float64{a, b}, Min: slices.Min(v), Max: slices.Max(v)}
	}
	cells, err := profiles.NewCells("x", plumbline.TypeNumber, s.grid.Edges, nil, slices.Min(x), slices.Max(x))
	if err != nil {
		t.Fatal(err)
	}
	if ref, err = cells.Feature(sample(x)); err != nil {
		t.Fatal(err)
	}
	if cur, err = cells.Feature(sample(window)); err != nil {
		t.Fatal(err)
	}
	return ref, cur
}

func near(a, b, relative float64) bool { return math.Abs(a-b) <= relative*math.Abs(b)+1e-12 }

// Figures do not depend on the number of cores: repetitions have their own generators.
func TestRepeatable(t *testing.T) {
	run := func() []relevanceRow {
		s := &relevance{}
		l := newLab(options{Seed: 1, Scale: 1, Quick: true})
		l.begin("relevance")
		if err := s.measure(l); err != nil {
			t.Fatal(err)
		}
		return s.rows
	}
	a, b := run(), run()
	for i := range a {
		if a[i] != b[i] {
			t.Errorf("%+v and %+v from the same seed", a[i], b[i])
		}
	}
}

func TestDigits(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 0.0123456: "0.0123", 1: "1", 0.05: "0.05", 12.34: "12.3", 1234: "1,234", -1234567: "-1,234,567", 0.00012: "0.00012"} {
		if got := digits(x); got != want {
			t.Errorf("%v is written %q, want %q", x, got, want)
		}
	}
}
