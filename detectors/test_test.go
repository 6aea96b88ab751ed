package detectors

import (
	"math"
	"strings"
	"testing"
	"time"

	"plumbline"
	"plumbline/profiles"
)

func TestBuiltinTableIsSound(t *testing.T) {
	seen := map[string]bool{}
	for _, test := range Builtin() {
		if seen[test.Name] {
			t.Errorf("%s is there twice", test.Name)
		}
		seen[test.Name] = true
		if test.Doc == "" || test.Unit == "" || test.run == nil || test.Scope == "" {
			t.Errorf("%s is incomplete: %+v", test.Name, test)
		}
	}
	if _, err := ByName("pis"); err == nil {
		t.Error("a test is called pis")
	}
}

// Whatever is missing, every test answers with a value or a reason.
func TestEveryTestAnswersEveryInput(t *testing.T) {
	base, months := flightsProfiles(t)
	empty := base.Layout().NewProfile()
	bare := profiles.NewLayout(nil, nil)
	lone := bare.NewProfile()
	profiles.NewFolder(bare).Fold(&plumbline.Record{Weight: 1, Features: []plumbline.Field{{Name: "carrier", Value: value("UA")}, {Name: "temp", Value: value(3.0)}}}, false, lone)
	var windows []*profiles.Profile
	windows = append(windows, nil, empty, lone, base)
	for _, p := range months {
		windows = append(windows, p)
		break
	}
	hour := plumbline.Window{From: time.Unix(0, 0), To: time.Unix(3600, 0)}
	for _, test := range Builtin() {
		for _, ref := range windows {
			for _, cur := range windows {
				keys := []profiles.Key{profiles.Score, profiles.Prediction, profiles.Status, {Role: profiles.Runtime, Name: "latency_ms"}}
				for _, name := range []string{"carrier", "temp", "near_holiday", "precip", "nowhere"} {
					keys = append(keys, profiles.Key{Name: name})
				}
				for _, key := range keys {
					for _, tolerated := range []float64{0, 0.1} {
						in := Input{Baseline: find(ref, key), Current: find(cur, key), BaselineProfile: ref, CurrentProfile: cur, Window: hour,
							Category: "UA", Tolerated: tolerated}
						f := test.Run(in)
						checkFinding(t, f)
						if f.Test != test.Name || f.Window != hour {
							t.Fatalf("%s: the finding does not say what it is", test.Name)
						}
						if f.Bins != nil && (len(f.Bins.Labels) != len(f.Bins.Baseline) || len(f.Bins.Labels) != len(f.Bins.Current)) {
							t.Fatalf("%s: bins of different lengths", test.Name)
						}
						if test.Scope == ModelScope {
							break
						}
					}
				}
			}
		}
	}
}

// numbers makes a baseline of xs and a profile of ys of one feature x.
func numbers(t *testing.T, xs, ys []any) Input {
	t.Helper()
	b := profiles.NewBuilder(&plumbline.Model{Name: "m"})
	record := func(v any) *plumbline.Record {
		r := &plumbline.Record{Weight: 1, Features: []plumbline.Field{{Name: "x"}}}
		if v != nil {
			r.Features[0].Value = value(v)
		}
		return r
	}
	for _, x := range xs {
		b.Add(record(x))
	}
	baseline, err := b.Build(time.Unix(0, 0), "test")
	if err != nil {
		t.Fatal(err)
	}
	layout := profiles.NewLayout(nil, baseline)
	p, folder := layout.NewProfile(), profiles.NewFolder(layout)
	for _, y := range ys {
		folder.Fold(record(y), false, p)
	}
	key := profiles.Key{Name: "x"}
	return Input{BaselineProfile: baseline.Profile(), CurrentProfile: p, Baseline: baseline.Profile().Feature(key), Current: p.Feature(key)}
}

func sequence(n int, f func(i int) any) []any {
	out := make([]any, n)
	for i := range out {
		out[i] = f(i)
	}
	return out
}

func TestReasons(t *testing.T) {
	f := func(in Input, test, reason string) {
		t.Helper()
		got := ask(t, test, in)
		if got.Value != nil || !strings.Contains(got.Reason, reason) {
			t.Errorf("%s: value %v, reason %q, want one with %q", test, got.Value, got.Reason, reason)
		}
	}
	ramp := func(i int) any { return float64(i) }
	few := numbers(t, sequence(1000, ramp), sequence(49, ramp))
	f(few, "psi", "49 rows in the window, at least 50")
	f(few, "ks", "49 rows in the window")
	f(few, "mean_shift", "49 rows in the window")
	f(numbers(t, sequence(20, ramp), sequence(100, ramp)), "psi", "20 rows in the baseline")
	constant := func(int) any { return 7.0 }
	f(numbers(t, sequence(1000, constant), sequence(100, constant)), "psi", "fewer than two cells")
	f(numbers(t, sequence(1000, constant), sequence(100, ramp)), "mean_shift", "constant")
	unbased := few
	unbased.Baseline = nil
	f(unbased, "psi", "no baseline")
	letters := func(i int) any { return string(rune('a' + i%5)) }
	f(numbers(t, sequence(1000, letters), sequence(100, letters)), "ks", "needs a number feature")
}

func TestDataQuality(t *testing.T) {
	// Closed forms: 30 of 300 missing against 10 of 1000; NaN is missing; one value in the window is out of the baseline's range.
	xs := sequence(1000, func(i int) any {
		if i < 10 {
			return nil
		}
		return float64(i % 100)
	})
	ys := sequence(300, func(i int) any {
		switch {
		case i < 30:
			return nil
		case i == 30:
			return 1000.0
		}
		return float64(i % 100)
	})
	in := numbers(t, xs, ys)
	missing := ask(t, "missing", in)
	near(t, "missing", have(t, "value", missing.Value), 0.1, 1e-15)
	near(t, "difference", have(t, "effect", missing.Effect), 0.09, 1e-12)
	near(t, "Cohen's h", have(t, "sd", missing.SD), 2*math.Asin(math.Sqrt(0.1))-2*math.Asin(math.Sqrt(0.01)), 1e-12)
	if missing.N != 300 || missing.M != 1000 || *missing.P > 1e-10 {
		t.Errorf("missing: %+v", missing)
	}
	out := ask(t, "out_of_range", in)
	near(t, "out of range", have(t, "value", out.Value), 1.0/270, 1e-12)

	in.Tolerated = 0.6
	if v := ask(t, "missing", in).Verdict; v != plumbline.NoDrift {
		t.Errorf("9 points more missing than before, h of 0.6 tolerated: %q", v)
	}
	in.Tolerated = 0.1
	if v := ask(t, "missing", in).Verdict; v != plumbline.Drift {
		t.Errorf("9 points more missing than before, h of 0.1 tolerated: %q", v)
	}
}

func TestVerdictOnlyForAToleratedDrift(t *testing.T) {
	in := flightsInput(t, "2013-07", "temp") // July against January and February
	if v := ask(t, "psi", in).Verdict; v != "" {
		t.Errorf("verdict %q without a tolerated drift", v)
	}
	in.Tolerated = 0.2
	for _, test := range []string{"psi", "ks", "js", "mean_shift"} {
		if f := ask(t, test, in); f.Verdict != plumbline.Drift {
			t.Errorf("%s says %q of July's temperature against winter's: %+v", test, f.Verdict, f)
		}
	}
	in = flightsInput(t, "2013-03", "distance")
	in.Tolerated = 0.05
	for _, test := range []string{"psi", "ks", "js", "mean_shift"} {
		if f := ask(t, test, in); f.Verdict != plumbline.NoDrift {
			t.Errorf("%s says %q of March's distances: %+v", test, f.Verdict, f)
		}
	}
}

func TestRuntimeAndOutput(t *testing.T) {
	base, months := flightsProfiles(t)
	in := Input{BaselineProfile: base, CurrentProfile: months["2013-03"], Category: "1",
		Window: plumbline.Window{From: time.Date(2013, 3, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2013, 4, 1, 0, 0, 0, 0, time.UTC)}}
	// golden.json, windows.2013-03.runtime.1: p50 2.503, p95 6.481, p99 8.548, memory at most 160.7, 5,766 records all ok.
	for test, want := range map[string]float64{"latency_p50": 2.503, "latency_p95": 6.481, "latency_p99": 8.548} {
		f := ask(t, test, in)
		near(t, test, have(t, test, f.Value), want, 0.023) // half a cell of the logarithmic grid, as its documentation states
		if *f.Lower > want || want > *f.Upper {
			t.Errorf("%s: %v is outside [%v, %v]", test, want, *f.Lower, *f.Upper)
		}
	}
	near(t, "memory", have(t, "memory", ask(t, "memory", in).Value), 160.7, 1e-12)
	near(t, "volume", have(t, "volume", ask(t, "volume", in).Value), 5766, 0)
	near(t, "throughput", have(t, "throughput", ask(t, "throughput", in).Value), 5766/(31*86400.0), 1e-12)
	near(t, "errors", have(t, "error_share", ask(t, "error_share", in).Value), 0, 0)
	if f := ask(t, "cpu", in); f.Value != nil || !strings.Contains(f.Reason, "cpu_ms") {
		t.Errorf("nobody reported cpu_ms, yet %+v", f)
	}
	if f := ask(t, "positive_share", in); f.Value == nil || *f.Value <= 0 || *f.Value >= 1 || f.M == 0 {
		t.Errorf("positive share: %+v", f)
	}
	sum := 0.0
	classes := months["2013-03"].Feature(profiles.Prediction)
	for _, c := range append(classes.Categories(), classes.UnseenValues()...) {
		sum += have(t, c.Value, ask(t, "category_share", Input{Current: classes, Category: c.Value}).Value)
	}
	near(t, "class shares", sum, 1, 1e-12)
}

// To ask for the score alone is quicker, and the same.
func TestScoreIsThatOfTheRun(t *testing.T) {
	in := numbers(t, sequence(500, func(i int) any { return float64(i % 97) }), sequence(200, func(i int) any { return float64(i%89) + 3 }))
	for _, test := range Calibrated(plumbline.TypeNumber) {
		s, ok := test.Score(in)
		want, whole := test.outcome(in).scored()
		if ok != whole || s.X != want.X || s.Mean != want.Mean || s.CV != want.CV || s.Rows != want.Rows || s.shown != want.shown {
			t.Errorf("%s: alone %+v, %v, of the run %+v, %v", test.Name, s, ok, want, whole)
		}
	}
}
