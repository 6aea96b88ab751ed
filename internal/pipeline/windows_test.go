package pipeline

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"plumbline"
	"plumbline/collectors"
	"plumbline/profiles"
	"plumbline/rules"
	"plumbline/store"
	"plumbline/store/storetest"
)

// recorded is a random log of three partitions, folded by a collector and recounted by the recount.
func recorded(t *testing.T, seed uint64) (store.Store, *Registry, *recount) {
	t.Helper()
	models := testModels(t)
	s, o := storetest.Memory(), testOptions()
	registry := NewRegistry(s, models, testRegistryOptions(), quiet)
	c, want := NewCollector(s, registry, o, quiet), newRecount(models, o)
	for i := range 3 {
		p := plumbline.Partition{Source: "test", Topic: "t", ID: int32(i)}
		log := newGenerator(seed + uint64(i)).log(600)
		want.partition(t, p, log)
		feed(t, c, p, log)
	}
	return s, registry, want
}

// feed has a collector read a partition from where it stands to the end of log.
func feed(t testing.TB, c *Collector, p plumbline.Partition, log []collectors.Message) {
	t.Helper()
	pos, err := c.Open(t.Context(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	for len(log) > 0 && log[0].Offset < pos.Next {
		log = log[1:]
	}
	if len(log) > 0 {
		next := log[len(log)-1].Offset + 1
		if err := c.Handle(t.Context(), collectors.Batch{Partition: p, Messages: log, Next: next, End: next}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}

// A window is the sum of its finest panes, whichever panes it was read from: every window, stream and cache.
func TestWindows(t *testing.T) {
	s, registry, want := recorded(t, 1)
	var streams []plumbline.Stream
	for _, info := range must(s.Streams(t.Context())) {
		streams = append(streams, info.Stream)
	}
	readers := map[string]*Windows{"read anew": NewWindows(s, registry, false), "kept": NewWindows(s, registry, true)}
	keys := slices.SortedFunc(maps.Keys(want.panes), func(a, b plumbline.PaneKey) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Partition.ID, b.Partition.ID))
	})
	g := newGenerator(5)
	nonempty := 0
	for range 300 {
		of := pick(g, streams...)
		from := t0.Add(-60*time.Hour + time.Duration(g.Int64N(int64(160*time.Hour))))
		length := pick(g, 0, time.Second, time.Minute, 37*time.Minute, time.Hour, 5*time.Hour, 24*time.Hour, 71*time.Hour, 240*time.Hour)
		if g.IntN(2) == 0 { // windows mostly begin at round times
			from = from.Truncate(pick(g, time.Minute, 5*time.Minute, time.Hour, 24*time.Hour))
		}
		asked := plumbline.Window{From: from, To: from.Add(length)}
		finest := time.Hour
		if of.Slice == "" {
			finest = map[string]time.Duration{"declared": 5 * time.Minute, "sliced": time.Hour, "stray": time.Minute}[of.Model]
		}
		covered := plumbline.Window{From: asked.From.Truncate(finest), To: asked.To.Add(finest - 1).Truncate(finest)}
		sum := want.layout(t, want.models[of.Model], of.Version).NewProfile()
		for _, k := range keys {
			if k.Stream == of && k.Width == finest && !k.Start.Before(covered.From) && k.Start.Before(covered.To) {
				if err := sum.Merge(want.panes[k]); err != nil {
					t.Fatal(err)
				}
			}
		}
		if sum.Records() > 0 {
			nonempty++
		}
		for name, r := range readers {
			got, err := r.Read(t.Context(), of, asked)
			if err != nil {
				t.Fatal(err)
			}
			what := fmt.Sprintf("%s: %v of %s", name, of, asked)
			equal(t, what+": covered", got.Window, covered)
			equal(t, what+": uncounted", got.Uncounted, int64(0))
			if d := gocmp.Diff(typed(profiles.NewView(of, covered, sum, 0, nil)), typed(profiles.NewView(of, got.Window, got.Profile, 0, nil)), cmpopts.EquateApprox(1e-9, 1e-9)); d != "" { // sums of doubles depend on their order
				t.Fatalf("%s (-want +got):\n%s", what, d)
			}
		}
	}
	if nonempty < 100 {
		t.Errorf("only %d of 300 windows held a record", nonempty)
	}
}

// typed leaves out features of which no manifest and no baseline says the type, and whose values are of several: each pane takes the
// first value's type, so what counts as invalid depends on the pane.
func typed(v profiles.View) profiles.View {
	v.Features = slices.DeleteFunc(v.Features, func(f profiles.FeatureView) bool {
		return f.Name == "mixed" && (v.Model != "declared" || v.Version != "1") || f.Name == "x" && v.Model != "declared"
	})
	return v
}

// A rule's window of a slice has the length it asks for and ends with the last whole hour, wherever in the hour it is judged: even
// traffic is an even number.
func TestWindowsOfSlicesAreEven(t *testing.T) {
	s := storetest.Memory()
	registry := NewRegistry(s, []plumbline.Model{{Name: "m", Slices: [][]string{{"page"}}}}, testRegistryOptions(), quiet)
	c := NewCollector(s, registry, testOptions(), quiet)
	begin := t0.Truncate(24 * time.Hour)
	var log []collectors.Message
	for i := range 300 {
		log = append(log, collectors.Message{Offset: int64(i), Value: fmt.Appendf(nil, `{"model":"m","version":"1","ts":%q,"prediction":1,"segments":{"page":"/a/b"}}`,
			begin.Add(time.Duration(i)*time.Minute).Format(time.RFC3339))})
	}
	feed(t, c, part(0), log)
	for name, m := range map[string]*Readings{"daemon": NewReadings(s, registry, false), "recorded": NewReadings(s, registry, true)} {
		for minute := 10; minute <= 290; minute += 10 {
			at := begin.Add(time.Duration(minute) * time.Minute)
			targets := must(m.Targets(t.Context(), map[string]string{"model": "m", "slice": "page=*"}, at))
			if known := minute >= 60; len(targets) == 1 != known {
				t.Errorf("%s, minute %d: targets %v", name, minute, targets)
			}
			for _, l := range targets {
				f := must(m.Finding(t.Context(), rules.Query{Func: "volume", Model: "m", Version: "1", Slice: l["slice"], Window: time.Hour}, at))
				if *f.Value != 60 || f.Window.Duration() != time.Hour || f.Window.To.After(at) {
					t.Errorf("%s, minute %d: %g records in %v", name, minute, *f.Value, f.Window)
				}
			}
		}
	}
}
