package pipeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline"
	"plumbline/collectors"
	"plumbline/collectors/decode"
	"plumbline/profiles"
	"plumbline/rules"
	"plumbline/store/storetest"
)

// hostile are streams of doubles that are valid and overflow, underflow or cancel in what is computed carelessly.
var hostile = map[string]func(i int, rng *rand.Rand) float64{
	"as usual":          func(_ int, rng *rand.Rand) float64 { return rng.NormFloat64() },
	"huge":              func(int, *rand.Rand) float64 { return 1e307 },
	"the largest":       func(int, *rand.Rand) float64 { return -math.MaxFloat64 },
	"from end to end":   func(i int, _ *rand.Rand) float64 { return math.Copysign(math.MaxFloat64, float64(i%2)-0.5) },
	"hours end to end":  func(i int, _ *rand.Rand) float64 { return math.Copysign(math.MaxFloat64, float64(i/600%2)-0.5) },
	"all scales":        func(_ int, rng *rand.Rand) float64 { return math.Ldexp(rng.NormFloat64(), rng.IntN(2000)-1000) },
	"the smallest":      func(i int, _ *rand.Rand) float64 { return math.SmallestNonzeroFloat64 * float64(i%2) },
	"one value":         func(int, *rand.Rand) float64 { return 0 },
	"one of a thousand": func(i int, _ *rand.Rand) float64 { return 1e308 * float64(i%1000/999) },
}

// hostileReadings is a model whose baseline holds 30 days of six records an hour, and whose log a day of a few records and three hours of
// ten a minute. Of each stream it has a feature that begins with it, one that ends with it, and one that is it always; the score and
// what runs beside go through all of them. Every answer has a label.
func hostileReadings(t *testing.T) (m *Readings, features []string) {
	t.Helper()
	declared := plumbline.Model{Name: "minutes", Task: plumbline.TaskBinary, Positive: "1"}
	type feature struct{ before, after func(int, *rand.Rand) float64 }
	all, names := map[string]feature{}, slices.Sorted(maps.Keys(hostile))
	for _, name := range names {
		stream := hostile[name]
		all["from "+name], all["to "+name], all[name] = feature{stream, hostile["as usual"]}, feature{hostile["as usual"], stream}, feature{stream, stream}
	}
	features = slices.Sorted(maps.Keys(all))
	for _, name := range features {
		declared.Features = append(declared.Features, plumbline.Feature{Name: name, Type: plumbline.TypeNumber})
	}
	rng := rand.New(rand.NewPCG(3, 8))
	record := func(i int, at time.Time, after bool) []byte {
		x := hostile[names[i%len(names)]](i, rng)
		body := fmt.Appendf(nil, `{"model":"minutes","version":"1","id":"%d","session":"s","ts":%q,"prediction":%d,"label":1,"score":%g,"runtime":{"latency_ms":%g,"memory_mb":%g,"cpu_ms":%g},"features":{"c":"%g"`,
			i, at.Format(time.RFC3339Nano), rng.IntN(2), x, math.Abs(x), math.Abs(x), math.Abs(x), x)
		for _, name := range features {
			stream := all[name].before
			if after {
				stream = all[name].after
			}
			body = fmt.Appendf(body, ",%q:%g", name, stream(i, rng))
		}
		return append(body, "}}"...)
	}
	b, d := profiles.NewBuilder(&declared), decode.New(decode.DefaultLimits())
	var r plumbline.Record
	start := t0.Truncate(Day)
	const rows = 30 * 24 * 6
	for i := range rows {
		at := start.Add(time.Duration(i-rows) * 10 * time.Minute)
		if reject := d.Decode(&r, record(i, at, false), at); reject != nil {
			t.Fatal(reject)
		}
		b.Add(&r)
	}
	declared.Baseline.File = writeFile(t, "minutes.json", must(must(b.Build(wall, "minutes")).Write()))
	var log []collectors.Message
	for i := range 27 * 600 {
		if i >= 24*600 || i%50 == 0 {
			at := start.Add(time.Duration(i) * 6 * time.Second)
			log = append(log, collectors.Message{Offset: int64(len(log)), Value: record(rows+i, at, true)})
		}
	}
	s := storetest.Memory()
	registry := NewRegistry(s, []plumbline.Model{declared}, testRegistryOptions(), quiet)
	feed(t, NewCollector(s, registry, testOptions(), quiet), part(0), log)
	return NewReadings(s, registry, true), append(features, "c", "score", "latency_ms")
}

// hostileRules is a rule for each function of each feature, and for each reference of those that judge.
func hostileRules(t *testing.T, features []string) rules.Group {
	t.Helper()
	var b strings.Builder
	b.WriteString("groups:\n- name: all\n  rules:\n")
	for _, f := range Functions() {
		references, options, window, targets := rules.References[:1], "", "3h", []string{""}
		if f.Spends {
			references, options = rules.References, ", budget: 1 per 2d"
		}
		if f.Least > 3*time.Hour {
			window = "2d"
		}
		if f.Scope == rules.FeatureScope {
			targets = features
		}
		for _, feature := range targets {
			call := fmt.Sprintf("%q", window)
			for range f.Args {
				call = `"1e+307", ` + call
			}
			if feature != "" {
				call = fmt.Sprintf("%q, ", feature) + call
			}
			for _, against := range references {
				fmt.Fprintf(&b, "  - {alert: A, against: %s, expr: '%s(%s) > 0 or %s(%s) * 1e308 < 1e-308', annotations: {summary: '{{ $value }} {{ printf \"%%.3g\" $values.%s }}'}%s}\n",
					against, f.Name, call, f.Name, call, f.Name, options)
			}
		}
	}
	groups, problems := rules.Parse("hostile.yaml", []byte(b.String()), rules.Catalogue{Functions: Functions()})
	if problems.Errors() {
		t.Fatal(problems)
	}
	return groups[0]
}

// No stream of valid numbers stops an evaluation, or makes a finding that says nothing or can't be written down.
func TestHostileStreams(t *testing.T) {
	m, features := hostileReadings(t)
	r, err := rules.NewEngine(hostileRules(t, features), nil).Eval(t.Context(), t0.Truncate(Day).Add(27*time.Hour), m)
	if err != nil || len(r.Findings) < 1000 {
		t.Fatalf("%d findings, %v", len(r.Findings), err)
	}
	for _, err := range r.Errors {
		t.Error(err)
	}
	values := 0
	for _, f := range r.Findings {
		if f.Value != nil {
			values++
		}
		if f.Value == nil && f.Reason == "" {
			t.Errorf("%s(%s) has no value and no reason", f.Test, f.Feature)
		}
		if _, err := json.Marshal(f); err != nil {
			t.Errorf("%s(%s): %v", f.Test, f.Feature, err)
		}
	}
	if values < len(r.Findings)/2 {
		t.Errorf("only %d of %d findings have a value", values, len(r.Findings))
	}
	for feature, shifted := range map[string]bool{"to as usual": false, "to huge": true, "huge": false} {
		f, err := m.Finding(t.Context(), rules.Query{Func: "cusum", Model: "minutes", Feature: feature, Window: 3 * time.Hour, Budget: plumbline.DefaultBudget}, t0.Truncate(Day).Add(27*time.Hour))
		if err == nil && shifted != (*f.Value > 1 && strings.Contains(f.Note, "off since about")) || err != nil && shifted {
			t.Errorf("cusum(%s) is %v (%s), %v", feature, show(f.Value), f.Note, err)
		}
	}
	f, err := m.Finding(t.Context(), rules.Query{Func: "cusum", Model: "minutes", Feature: "to the largest", Window: 3 * time.Hour, Budget: plumbline.DefaultBudget}, t0.Truncate(Day).Add(27*time.Hour))
	if !errors.Is(err, rules.ErrNoData) || f.Reason != "its values are too large for a mean" {
		t.Errorf("cusum of sums that are no number: %v, %v", show(f.Value), err)
	}
}
