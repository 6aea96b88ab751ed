package pipeline

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"plumbline"
	"plumbline/collectors"
	"plumbline/collectors/decode"
	"plumbline/profiles"
	"plumbline/rules"
	"plumbline/store"
	"plumbline/store/storetest"
)

// golden is a model with a baseline of 1,000 records, x evenly from 0 to 99 and c half a, and a window of 200 an hour later, in
// which x is evenly from 50 to 99 and c mostly z. Every fourth has no y, every fifth answer is 1, every tenth an error.
func golden(t *testing.T) *Readings {
	t.Helper()
	m := plumbline.Model{Name: "golden", Positive: "1", Task: plumbline.TaskBinary}
	record := func(i, x int, c string, at time.Time) string {
		y, status := `,"y":1`, "ok"
		if i%4 == 0 {
			y = ""
		}
		if i%10 == 0 {
			status = "timeout"
		}
		return fmt.Sprintf(`{"model":"golden","version":"1","ts":%q,"features":{"x":%d,"c":%q%s},"prediction":%d,"score":0.25,"runtime":{"latency_ms":%d,"status":%q}}`,
			at.Format(time.RFC3339Nano), x, c, y, max(0, 1-i%5), 10+i%2, status)
	}
	b, d := profiles.NewBuilder(&m), decode.New(decode.DefaultLimits())
	var r plumbline.Record
	for i := range 1000 {
		if reject := d.Decode(&r, []byte(record(i, i%100, [10]string{"a", "a", "a", "a", "a", "b", "b", "b", "z", "z"}[i/100], t0)), t0); reject != nil {
			t.Fatal(reject)
		}
		b.Add(&r)
	}
	base := must(b.Build(wall, "golden"))
	m.Baseline.File = writeFile(t, "golden.json", must(base.Write()))
	var log []collectors.Message
	for i := range 200 {
		c := [10]string{"a", "a", "b", "b", "b", "z", "z", "z", "z", "z"}[i/20]
		log = append(log, collectors.Message{Offset: int64(i), Value: []byte(record(i, 50+i%50, c, t0.Add(time.Duration(i)*18*time.Second)))})
	}
	s := storetest.Memory()
	registry := NewRegistry(s, []plumbline.Model{m}, testRegistryOptions(), quiet)
	feed(t, NewCollector(s, registry, testOptions(), quiet), part(0), log)
	return NewReadings(s, registry, false)
}

// The numbers that rules see, of records whose statistics are closed forms.
func TestReadings(t *testing.T) {
	m := golden(t)
	sd := math.Sqrt((100*100 - 1) / 12. * 1000 / 999) // of 0 to 99, each ten times
	for _, c := range []struct {
		function, feature, arg string
		want, tolerance        float64
	}{
		{"volume", "", "", 200, 0},
		{"throughput", "", "", 200. / 3600, 1e-12},
		{"error_share", "", "", .1, 1e-12},
		{"null_answer_share", "", "", 0, 0},
		{"positive_share", "", "", .2, 1e-12},
		{"mean_score", "", "", .25, 1e-12},
		{"latency_p95", "", "", 11, 0.5},
		{"history", "", "", 1, 0},
		{"samples", "x", "", 200, 0},
		{"mean", "x", "", 74.5, 1e-12},
		{"min", "x", "", 50, 0},
		{"max", "x", "", 99, 0},
		{"mean_shift", "x", "", 25 / sd, 1e-6},
		{"ks", "x", "", .5, .01}, // half of the baseline lies below all of the window
		{"missing", "y", "", .25, 1e-12},
		{"missing", "x", "", 0, 0},
		{"unseen", "c", "", 0, 0},
		{"category_share", "c", "z", .5, 1e-12},
		{"psi_raw", "c", "", .6 * math.Log(2.5), 1e-9}, // (.5-.2) ln(.5/.2) + 0 + (.2-.5) ln(.2/.5)
		{"js", "c", "", math.Sqrt(.2*math.Log2(.2/.35) + .5*math.Log2(.5/.35)), 1e-9},
	} {
		q := rules.Query{Func: c.function, Model: "golden", Feature: c.feature, Window: time.Hour}
		if c.arg != "" {
			q.Args = []string{c.arg}
		}
		f, err := m.Finding(t.Context(), q, t0.Add(time.Hour))
		if err != nil || f.Value == nil || math.Abs(*f.Value-c.want) > c.tolerance {
			t.Errorf("%s(%s) is %v, %v (%s); want %g", c.function, c.feature, show(f.Value), err, f.Reason, c.want)
			continue
		}
		if f.Test != c.function || f.Model != "golden" || f.Version != "1" || f.Feature != c.feature || f.Note != "" {
			t.Errorf("%s(%s) says it is %+v", c.function, c.feature, f)
		}
		guard := c.function == "volume" || c.function == "samples" || c.function == "history"
		equal(t, c.function+" is a guard", f.Guard, guard)
	}
}

func show(v *float64) any {
	if v == nil {
		return "nothing"
	}
	return *v
}

// Where there is nothing to say, every function says so and why, and gives no number; only counts are 0.
func TestNoVerdict(t *testing.T) {
	m := golden(t)
	s := m.store.(store.Store)
	bare := NewRegistry(s, nil, testRegistryOptions(), quiet)
	ask := func(m *Readings, f rules.Function, q rules.Query, at time.Time) (plumbline.Finding, error) {
		q.Func, q.Window = f.Name, time.Hour
		for range f.Args {
			q.Args = append(q.Args, "z")
		}
		return m.Finding(t.Context(), q, at)
	}
	features := map[rules.Scope][]string{rules.ModelScope: {""}, rules.FeatureScope: {"x", "c", "score", "latency_ms", "nobody"}}
	for _, c := range []struct {
		name    string
		of      *Readings
		query   rules.Query
		at      time.Time
		numbers string // functions that have one
		drift   bool   // only functions that compare with a baseline are asked
	}{
		{"an unknown model", m, rules.Query{Model: "nobody"}, t0.Add(time.Hour), "", false},
		{"an unknown version", m, rules.Query{Model: "golden", Version: "9"}, t0.Add(time.Hour), "volume throughput labelled", false},
		{"before its first record", m, rules.Query{Model: "golden"}, t0.Add(-24 * time.Hour), "", false},
		{"a silent hour", m, rules.Query{Model: "golden"}, t0.Add(5 * time.Hour), "volume throughput history freshness samples labelled", false},
		{"an unknown slice", m, rules.Query{Model: "golden", Slice: "c=q"}, t0.Add(time.Hour), "volume throughput samples labelled", false},
		{"no baseline", NewReadings(s, bare, false), rules.Query{Model: "fresh", Version: "1"}, t0.Add(time.Hour), "", true},
	} {
		if c.drift {
			feed(t, NewCollector(s, bare, testOptions(), quiet), part(7), generated("fresh", 300))
		}
		for _, f := range Functions() {
			for _, feature := range features[f.Scope] {
				if c.drift && !compares(f.Name) {
					continue
				}
				q := c.query
				q.Feature = feature
				got, err := ask(c.of, f, q, c.at)
				what := fmt.Sprintf("%s: %s(%s)", c.name, f.Name, feature)
				wanted := strings.Contains(" "+c.numbers+" ", " "+f.Name+" ") && feature != "nobody"
				switch {
				case wanted && (f.Name == "history" || f.Name == "freshness") && err == nil: // it has lived, silently
				case wanted && (err != nil || got.Value == nil || *got.Value != 0):
					t.Errorf("%s is %v, %v; want 0", what, show(got.Value), err)
				case !wanted && (!errors.Is(err, rules.ErrNoData) || got.Value != nil):
					t.Errorf("%s is %v, %v; want no data", what, show(got.Value), err)
				case !wanted && got.Reason == "" && !errors.Is(err, rules.ErrNotApplicable):
					t.Errorf("%s does not say why it has no value", what)
				case c.drift && !errors.Is(err, rules.ErrNotApplicable) && !strings.Contains(got.Reason, "baseline"):
					t.Errorf("%s has no value because %q", what, got.Reason)
				}
			}
		}
	}
}

// compares reports whether a function has no value without a baseline.
func compares(name string) bool {
	switch name {
	case "psi", "psi_raw", "psi_excess", "psi_lower", "psi_p", "chi2", "chi2_p", "g", "g_p", "js", "ks", "ks_p", "mean_shift", "unseen", "unseen_p", "missing_p":
		return true
	}
	return false
}

// generated is a log of one model, with numbers, categories, scores and latencies.
func generated(model string, n int) []collectors.Message {
	g := newGenerator(11)
	out := make([]collectors.Message, n)
	for i := range out {
		out[i] = collectors.Message{Offset: int64(i), Value: fmt.Appendf(nil, `{"model":%q,"version":"1","ts":%q,"features":{"x":%g,"c":%q},"prediction":1,"score":0.5,"runtime":{"latency_ms":3}}`,
			model, t0.Add(time.Duration(i)*time.Second).Format(time.RFC3339), g.NormFloat64(), pick(g, "a", "z"))}
	}
	return out
}

// A regression has no accuracy, rather than one of 0.
func TestAccuracyOfARegression(t *testing.T) {
	s := storetest.Memory()
	registry := NewRegistry(s, []plumbline.Model{{Name: "m", Task: plumbline.TaskRegression}}, testRegistryOptions(), quiet)
	for _, function := range []string{"accuracy", "accuracy_upper"} {
		f, err := NewReadings(s, registry, false).Finding(t.Context(), rules.Query{Func: function, Model: "m", Version: "1", Window: time.Hour}, t0)
		if !errors.Is(err, rules.ErrNotApplicable) || f.Value != nil {
			t.Errorf("%s is %v, %v", function, show(f.Value), err)
		}
	}
}

// Accuracy and its company, against a count that knows nothing of caches and days: the window lies the label delay back, labels that
// came later than the instant do not exist yet, and of an id asked twice the first answer counts.
func TestOutcomes(t *testing.T) {
	const delay = 7 * time.Hour
	g := newGenerator(2)
	s := storetest.Memory()
	f := store.Flush{Checkpoint: store.Checkpoint{Partition: part(0), Next: 1}}
	for i := range 600 {
		at := t0.Add(time.Duration(g.IntN(72*60)) * time.Minute)
		a := store.Answer{Partition: part(0), Offset: int64(2 * i), Model: "m", Version: "1", ID: fmt.Sprint(g.IntN(500)), Time: at, Kind: pick(g, plumbline.Whole, plumbline.Response, plumbline.Request),
			Prediction: pick(g, "0", "1")}
		if g.IntN(2) == 0 {
			a.Slices = []string{"carrier=UA"}
		}
		f.Answers = append(f.Answers, a)
		if g.IntN(3) > 0 {
			f.Labels = append(f.Labels, store.Label{Partition: part(0), Offset: int64(2*i + 1), Model: "m", ID: a.ID, Time: at.Add(time.Duration(g.IntN(24*60)) * time.Minute), Value: pick(g, "0", "1")})
		}
	}
	if err := s.Flush(t.Context(), &f); err != nil {
		t.Fatal(err)
	}
	registry := NewRegistry(s, []plumbline.Model{{Name: "m", LabelDelay: delay}}, testRegistryOptions(), quiet)
	readers := map[string]*Readings{"read anew": NewReadings(s, registry, false), "kept": NewReadings(s, registry, true)}
	some := 0
	for range 60 {
		at := t0.Add(time.Duration(g.IntN(90*60)) * time.Minute)
		window := pick(g, time.Hour, 10*time.Hour, 24*time.Hour, 60*time.Hour)
		slice := pick(g, "", "carrier=UA")
		ids := map[string]bool{}
		var answered, labelled, right float64
		for _, o := range must(s.Outcomes(t.Context(), plumbline.Stream{Model: "m", Version: "1", Slice: slice}, allTime, at)) {
			if o.Time.Before(at.Add(-window-delay)) || !o.Time.Before(at.Add(-delay)) || ids[o.ID] {
				continue
			}
			ids[o.ID] = true
			answered++
			if !o.LabelTime.IsZero() {
				labelled++
				if o.Label == o.Prediction {
					right++
				}
			}
		}
		for name, m := range readers {
			ask := func(function string) plumbline.Finding {
				f, err := m.Finding(t.Context(), rules.Query{Func: function, Model: "m", Version: "1", Slice: slice, Window: window}, at)
				if err != nil && !errors.Is(err, rules.ErrNoData) {
					t.Fatal(err)
				}
				return f
			}
			what := fmt.Sprintf("%s: %v to %v", name, window, at)
			equal(t, what+": labelled", *ask("labelled").Value, labelled)
			if coverage := ask("label_coverage"); (coverage.Value == nil) != (answered == 0) || answered > 0 && *coverage.Value != labelled/answered {
				t.Fatalf("%s: coverage %v, want %g of %g", what, show(coverage.Value), labelled, answered)
			}
			accuracy := ask("accuracy")
			if (accuracy.Value == nil) != (labelled == 0) || labelled > 0 && *accuracy.Value != right/labelled {
				t.Fatalf("%s: accuracy %v, want %g of %g", what, show(accuracy.Value), right, labelled)
			}
			if upper := ask("accuracy_upper"); labelled > 0 && (upper.Value == nil || *upper.Value < right/labelled || *upper.Value > 1) {
				t.Fatalf("%s: at most %v of %g", what, show(upper.Value), right/labelled)
			}
			if accuracy.Window != (plumbline.Window{From: at.Add(-window - delay), To: at.Add(-delay)}) {
				t.Fatalf("%s: accuracy is of %v", what, accuracy.Window)
			}
			some += int(labelled)
		}
	}
	if some < 1000 {
		t.Errorf("%d labels were compared", some)
	}
}
