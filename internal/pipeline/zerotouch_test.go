package pipeline

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"plumbline"
	"plumbline/collectors"
	"plumbline/profiles"
	"plumbline/rules"
	"plumbline/store"
	"plumbline/store/storetest"
)

// steps is a log of whole records of a model nobody declared, one a minute, x counting up from 0; offset i is minute first+i.
func steps(first, n int) []collectors.Message {
	out := make([]collectors.Message, n)
	for i := range out {
		out[i] = collectors.Message{Offset: int64(i), Value: fmt.Appendf(nil, `{"id":"%d","model":"zero","version":"1","ts":%q,"features":{"x":%d},"prediction":1}`,
			first+i, t0.Add(time.Duration(first+i)*time.Minute).Format(time.RFC3339), first+i)}
	}
	return out
}

func auto(first int) RegistryOptions {
	o := testRegistryOptions()
	o.AutoBaseline = first
	return o
}

var zero = plumbline.Stream{Model: "zero", Version: "1"}

func part(id int32) plumbline.Partition {
	return plumbline.Partition{Source: "test", Topic: "t", ID: id}
}

// baselineOf is the version's baseline as the store has it; nil if it has none.
func baselineOf(t *testing.T, s store.Store) *profiles.Baseline {
	t.Helper()
	stored, ok, err := s.Baseline(t.Context(), zero.Model, zero.Version)
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		return nil
	}
	if !stored.Auto {
		t.Error("the baseline is not marked as made from traffic")
	}
	return must(profiles.ReadBaseline(stored.Body))
}

// bounds are the smallest and largest x of a profile and how many there are.
func bounds(p *profiles.Profile) string {
	f := p.Feature(profiles.Key{Role: profiles.Input, Name: "x"})
	if f == nil {
		return "none"
	}
	lo, _ := f.Min()
	hi, _ := f.Max()
	return fmt.Sprintf("%d of %g to %g", f.N, lo, hi)
}

// The first records in event time become the baseline as soon as there are enough, wherever they came from and however often the
// collector was started meanwhile.
func TestFirstRecords(t *testing.T) {
	for name, f := range map[string]func(t *testing.T, s store.Store, enough bool){
		"one partition": func(t *testing.T, s store.Store, enough bool) {
			n := 99
			if enough {
				n = 130
			}
			feed(t, NewCollector(s, NewRegistry(s, nil, auto(100), quiet), testOptions(), quiet), part(0), steps(0, n))
		},
		"restarted in between": func(t *testing.T, s store.Store, enough bool) {
			log := steps(0, 130)
			ends := []int{40, 41, 99}
			if enough {
				ends = append(ends, 130)
			}
			for _, n := range ends {
				feed(t, NewCollector(s, NewRegistry(s, nil, auto(100), quiet), testOptions(), quiet), part(0), log[:n])
			}
		},
		"two partitions, the later first": func(t *testing.T, s store.Store, enough bool) {
			c := NewCollector(s, NewRegistry(s, nil, auto(100), quiet), testOptions(), quiet)
			feed(t, c, part(0), steps(60, 70))
			if enough {
				feed(t, c, part(1), steps(0, 60))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := storetest.Memory()
			if f(t, s, false); baselineOf(t, s) != nil {
				t.Fatal("there is a baseline of too few records")
			}
			s = storetest.Memory()
			f(t, s, true)
			b := baselineOf(t, s)
			if b == nil {
				t.Fatal("there is no baseline")
			}
			equal(t, "baseline", bounds(b.Profile()), "100 of 0 to 99")
		})
	}
}

// No window counts a record twice or leaves one out while the baseline arrives in the middle of panes of every width, and what is
// counted on it lies behind it.
func TestWindowsAroundABaseline(t *testing.T) {
	s := storetest.Memory()
	registry := NewRegistry(s, nil, auto(100), quiet)
	o := testOptions()
	o.FlushRecords = 10
	feed(t, NewCollector(s, registry, o, quiet), part(0), steps(0, 3000))
	windows := NewWindows(s, registry, false)
	at := func(minute int) time.Time { return t0.Add(time.Duration(minute) * time.Minute) }
	all := must(windows.Read(t.Context(), zero, plumbline.Window{From: at(0), To: at(3000)}))
	begin := 3000 - int(all.Profile.Records()) // of what is counted on the baseline
	if begin < 100 || begin > 130 {
		t.Fatalf("records are counted from %d on, the baseline is made of the first 100", begin)
	}
	g := newGenerator(3)
	for range 200 {
		from := g.IntN(3000)
		to := from + 1 + g.IntN(3000-from)
		w := must(windows.Read(t.Context(), zero, plumbline.Window{From: at(from), To: at(to)}))
		what := fmt.Sprintf("[%d, %d)", from, to)
		counted := max(0, to-max(from, begin))
		equal(t, what+" counted", w.Profile.Records(), int64(counted))
		equal(t, what+" uncounted", w.Uncounted, int64(to-from-counted))
		if counted > 0 {
			equal(t, what, bounds(w.Profile), fmt.Sprintf("%d of %d to %d", counted, to-counted, to-1))
		}
	}
}

// A log that is read at once is judged from where its baseline ends: the flush that makes it does not wait for its turn.
func TestBaselineInTheMiddleOfABatch(t *testing.T) {
	s := storetest.Memory()
	registry := NewRegistry(s, nil, auto(100), quiet)
	feed(t, NewCollector(s, registry, testOptions(), quiet), part(0), steps(0, 3000))
	w := must(NewWindows(s, registry, false).Read(t.Context(), zero, plumbline.Window{From: t0.Add(100 * time.Minute), To: t0.Add(3000 * time.Minute)}))
	if got := bounds(w.Profile); got != "2900 of 100 to 2999" {
		t.Errorf("counted on the baseline are %s, want all behind the first 100", got)
	}
}

// Whoever reads or writes the same store, in this process or another, has the same baseline, and says that it was made from traffic.
func TestOneBaselineForAll(t *testing.T) {
	s, o := storetest.Memory(), testOptions()
	o.FlushRecords = 10
	other := NewCollector(s, NewRegistry(s, nil, auto(100), quiet), o, quiet)
	registry := NewRegistry(s, nil, auto(100), quiet)
	evaluator := NewReadings(s, registry, false)
	feed(t, other, part(1), steps(0, 60)) // it knows the version, without a baseline
	ask := func(minute int) (plumbline.Finding, error) {
		return evaluator.Finding(t.Context(), rules.Query{Func: "psi", Model: "zero", Feature: "x", Window: time.Hour}, t0.Add(time.Duration(minute)*time.Minute))
	}
	if f, err := ask(60); err == nil || !strings.Contains(f.Reason, "no baseline yet") {
		t.Fatalf("without a baseline: %+v, %v", f, err)
	}
	feed(t, NewCollector(s, NewRegistry(s, nil, auto(100), quiet), o, quiet), part(0), steps(0, 400))
	first := baselineOf(t, s)
	if first == nil {
		t.Fatal("there is no baseline")
	}
	feed(t, other, part(2), steps(400, 250)) // enough for one of its own
	equal(t, "baseline", baselineOf(t, s).Hash(), first.Hash())
	f, err := ask(640)
	if err != nil || f.Value == nil || f.M != 100 || !strings.Contains(f.Note, "the first records seen") {
		t.Fatalf("with a baseline: %+v, %v", f, err)
	}
	hash, made := registry.BaselineOf(t.Context(), "zero", "1")
	equal(t, "the alert's baseline", hash, first.Hash())
	equal(t, "made from traffic", made, true)

	// Until somebody declares one.
	declared := plumbline.Model{Name: "zero"}
	b := profiles.NewBuilder(&declared)
	var r plumbline.Record
	r.Features = []plumbline.Field{{Name: "x", Value: plumbline.Value{Kind: plumbline.Number, Num: 7}}}
	for range 50 {
		b.Add(&r)
	}
	made1 := must(b.Build(wall, "declared"))
	declared.Baseline.File = writeFile(t, "baseline.json", must(made1.Write()))
	registry.Declare([]plumbline.Model{declared})
	f, err = ask(641)
	if err == nil || f.Note == "" || strings.Contains(f.Note, "the first records seen") {
		t.Fatalf("declared: %+v, %v", f, err) // its panes are counted on the old one
	}
	if hash, made = registry.BaselineOf(t.Context(), "zero", "1"); made || hash != made1.Hash() {
		t.Errorf("baseline %s, made from traffic: %t", hash, made)
	}
}

// A collector that alone would never see enough records hears of the baseline too.
func TestBaselineReachesQuietCollectors(t *testing.T) {
	s, o := storetest.Memory(), testOptions()
	o.FlushRecords = 10
	quietly := NewCollector(s, NewRegistry(s, nil, auto(1000), quiet), o, quiet)
	feed(t, quietly, part(0), steps(0, 10))
	feed(t, NewCollector(s, NewRegistry(s, nil, auto(100), quiet), o, quiet), part(1), steps(0, 150))
	feed(t, quietly, part(2), steps(200, 200))
	registry := NewRegistry(s, nil, auto(100), quiet)
	w := must(NewWindows(s, registry, false).Read(t.Context(), zero, plumbline.Window{From: t0.Add(350 * time.Minute), To: t0.Add(400 * time.Minute)}))
	equal(t, "counted on the baseline", w.Profile.Records(), int64(50))
}

// A version for each record is refused beyond the cap, and the others go on.
func TestVersionsAreBounded(t *testing.T) {
	s, o := storetest.Memory(), testOptions()
	log := steps(0, 1500)
	for i := range log {
		if i%3 != 0 {
			log[i].Value = []byte(strings.Replace(string(log[i].Value), `"version":"1"`, fmt.Sprintf(`"version":"v%d"`, i), 1))
		}
	}
	c := NewCollector(s, NewRegistry(s, nil, auto(0), quiet), o, quiet)
	feed(t, c, part(0), log)
	equal(t, "totals", c.Totals(), Totals{Read: 1500, Folded: 1499, Rejected: map[plumbline.Reason]int64{plumbline.ReasonModelLimit: 1}})
	equal(t, "streams", len(must(s.Streams(t.Context()))), maxVersions)
}

// Every record is kept while a baseline is to be made from it, however few are sampled; and only then.
func TestSamplesForABaseline(t *testing.T) {
	kept := func(o RegistryOptions, models ...plumbline.Model) int {
		s := storetest.Memory()
		c := testOptions()
		c.Samples.Rate, c.FlushRecords = 0, 10
		feed(t, NewCollector(s, NewRegistry(s, models, o, quiet), c, quiet), part(0), steps(0, 500))
		return len(must(s.Samples(t.Context(), "zero", "1", allTime, 0)))
	}
	if n := kept(auto(100)); n < 100 || n > 150 { // until the flush after the hundredth
		t.Errorf("%d samples for a baseline of 100", n)
	}
	equal(t, "no baseline is to be made", kept(auto(0)), 0)
	m := plumbline.Model{Name: "zero"}
	m.Baseline.From, m.Baseline.To = t0.Add(50*time.Minute), t0.Add(80*time.Minute)
	equal(t, "of a time", kept(auto(100), m), 30)
}

// A sample is a record that was within the limits, whatever they are, and perhaps nothing is left of it once what it must not
// show is left out. Neither keeps a version from getting its baseline.
func TestFirstRecordsOfAnyForm(t *testing.T) {
	o := testOptions()
	o.Limits.MaxKeys = 10_000
	o.Samples.Exclude = map[string]bool{"ssn": true}
	log := steps(0, 30)
	wide := []byte(`{"model":"zero","version":"1","ts":"2013-07-02T00:00:00Z","prediction":1,"features":{"x":7`)
	for i := range 3000 {
		wide = fmt.Appendf(wide, `,"f%d":1`, i)
	}
	log[3].Value = append(wide, "}}"...)
	log[4].Value = []byte(`{"model":"zero","version":"1","ts":"2013-07-02T00:00:00Z","kind":"request","features":{"ssn":"1"}}`)
	s := storetest.Memory()
	c := NewCollector(s, NewRegistry(s, nil, auto(20), quiet), o, quiet)
	feed(t, c, part(0), log)
	equal(t, "folded", c.Totals().Folded, int64(30))
	if baselineOf(t, s) == nil {
		t.Fatal("there is no baseline")
	}
}
