package pipeline

import (
	"fmt"
	"math"
	"math/rand/v2"
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

// related is a model with a baseline in which b follows a, and two hours: one like it, one in which b goes its own way, while every
// feature by itself is as before. Of the second hour's records each tenth is sent twice.
func related(t *testing.T) *Readings {
	t.Helper()
	m := plumbline.Model{Name: "related"}
	rng := rand.New(rand.NewPCG(8, 9))
	record := func(at time.Time, together bool) string {
		a, b := rng.NormFloat64(), rng.NormFloat64()
		if together {
			b = (a + b) / math.Sqrt2
		}
		return fmt.Sprintf(`{"model":"related","version":"1","ts":%q,"features":{"a":%g,"b":%g,"c":%g}}`, at.Format(time.RFC3339Nano), a, b, rng.Float64())
	}
	b, d := profiles.NewBuilder(&m), decode.New(decode.DefaultLimits())
	var r plumbline.Record
	for range 2000 {
		if reject := d.Decode(&r, []byte(record(t0, true)), t0); reject != nil {
			t.Fatal(reject)
		}
		b.Add(&r)
	}
	base := must(b.Build(wall, "related"))
	m.Baseline.File = writeFile(t, "related.json", must(base.Write()))
	var log []collectors.Message
	add := func(line string) { log = append(log, collectors.Message{Offset: int64(len(log)), Value: []byte(line)}) }
	for i := range 1000 {
		line := record(t0.Add(time.Duration(i)*7200*time.Millisecond), i < 500)
		add(line)
		if i >= 500 && i%10 == 0 {
			add(line)
		}
	}
	s := storetest.Memory()
	registry := NewRegistry(s, []plumbline.Model{m}, testRegistryOptions(), quiet)
	feed(t, NewCollector(s, registry, testOptions(), quiet), part(0), log)
	return NewReadings(s, registry, false)
}

func TestCorrelationsAndRows(t *testing.T) {
	m := related(t)
	ask := func(function string, at time.Time) plumbline.Finding {
		t.Helper()
		f, err := m.Finding(t.Context(), rules.Query{Func: function, Model: "related", Window: time.Hour}, at)
		if err != nil || f.Value == nil {
			t.Fatalf("%s: %v", function, err)
		}
		return f
	}
	same, changed := t0.Add(time.Hour), t0.Add(2*time.Hour)
	if f := ask("correlation_change", same); *f.P < 0.01 || *f.Lower != 0 {
		t.Errorf("without a change: %v, p %v", *f.Value, *f.P)
	}
	// Spearman's of a normal pair is 6/π asin(ρ/2) (Pearson 1907): 0.690 for ρ = 1/√2.
	f := ask("correlation_change", changed)
	if math.Abs(*f.Effect+0.690) > 0.15 || *f.P > 1e-9 || !strings.Contains(f.Note, "a and b") || *f.Lower < 0.4 || *f.Lower > *f.Value {
		t.Errorf("the change is %v (%v), p %v, at least %v: %s", *f.Value, *f.Effect, *f.P, *f.Lower, f.Note)
	}
	equal(t, "its p-value", *ask("correlation_change_p", changed).Value, *f.P)
	equal(t, "its bound", *ask("correlation_change_lower", changed).Value, *f.Lower)
	equal(t, "duplicates of the first hour", *ask("duplicate_rows", same).Value, 0.)
	// 50 of 550 records are sent again: both of each pair have their equal.
	if f := ask("duplicate_rows", changed); math.Abs(*f.Value-100./550) > 0.06 || *f.P > 1e-4 {
		t.Errorf("%v of the rows are duplicates, p %v; want 0.18: %s", *f.Value, *f.P, f.Note)
	}
}

func TestFreshness(t *testing.T) {
	m := related(t)
	for _, c := range []struct {
		at          time.Time
		least, most float64
		window      time.Duration
	}{
		{t0.Add(2 * time.Hour), 0, 60, time.Hour},
		{t0.Add(5 * time.Hour), 3 * 3600, 3*3600 + 60, time.Hour},
		{t0.Add(90 * time.Minute), 0, 60, time.Hour}, // what comes after is not known yet
	} {
		f, err := m.Finding(t.Context(), rules.Query{Func: "freshness", Model: "related", Window: c.window}, c.at)
		if err != nil || *f.Value != c.least || *f.Upper != c.most {
			t.Errorf("at %v: %v to %v, %v; want %v to %v", c.at, show(f.Value), show(f.Upper), err, c.least, c.most)
		}
	}
	if _, err := m.Finding(t.Context(), rules.Query{Func: "freshness", Model: "related", Window: time.Hour}, t0.Add(-time.Hour)); err == nil {
		t.Error("there was something fresh before the first record")
	}
}
