package pipeline

import (
	"testing"
	"time"

	"plumbline"
	"plumbline/collectors"
	"plumbline/store"
	"plumbline/store/storetest"
)

// New manifests take effect while collectors run, exactly as if they had been restarted with them: slices, panes, baselines, types.
func TestReloadIsARestart(t *testing.T) {
	before := testModels(t)
	after := []plumbline.Model{
		{Name: "declared", Pane: time.Minute, Features: []plumbline.Feature{{Name: "x", Type: plumbline.TypeCategory}, {Name: "carrier", Type: plumbline.TypeCategory, PII: true}}},
		{Name: "sliced", Slices: [][]string{{"carrier"}}, Pane: 5 * time.Minute},
		{Name: "stray", Pane: time.Hour},
	}
	after[1].Baseline.File = writeBaseline(t, &after[1], "1", 300)
	for seed := range uint64(3) {
		log := newGenerator(seed).log(900)
		halves := [2][]collectors.Message{log[:450], log[450:]}
		f := func(restart bool) store.Store {
			s, o := storetest.Memory(), testOptions()
			o.FlushRecords = 100
			r := NewRegistry(s, before, testRegistryOptions(), quiet)
			c := NewCollector(s, r, o, quiet)
			hand := func(half []collectors.Message) {
				next := half[len(half)-1].Offset + 1
				if err := c.Handle(t.Context(), collectors.Batch{Partition: part(0), Messages: half, Next: next, End: -1}); err != nil {
					t.Fatal(err)
				}
				if err := c.Sync(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			must(c.Open(t.Context(), part(0), nil))
			hand(halves[0])
			if restart {
				if err := c.Close(t.Context(), part(0)); err != nil {
					t.Fatal(err)
				}
				c = NewCollector(s, NewRegistry(s, after, testRegistryOptions(), quiet), o, quiet)
				must(c.Open(t.Context(), part(0), nil))
			} else {
				r.Declare(after)
			}
			hand(halves[1])
			if err := c.Close(t.Context(), part(0)); err != nil {
				t.Fatal(err)
			}
			return s
		}
		got := f(false)
		equalStores(t, got, f(true))
		if n := len(must(got.Window(t.Context(), plumbline.Stream{Model: "sliced", Version: "1", Slice: "carrier=UA"}, Day, allTime))); n == 0 {
			t.Error("the new slices are not there")
		}
	}
}
