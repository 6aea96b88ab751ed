package pipeline

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"plumbline"
	"plumbline/collectors"
	"plumbline/store"
	"plumbline/store/storetest"
)

// asked counts questions about panes, and forgets checkpoints as a crash in the middle of a flush does.
type asked struct {
	store.Store
	questions int
	torn      bool
}

func (a *asked) Panes(ctx context.Context, keys []plumbline.PaneKey) ([]store.Pane, error) {
	a.questions++
	return a.Store.Panes(ctx, keys)
}

func (a *asked) Checkpoint(ctx context.Context, p plumbline.Partition) (store.Checkpoint, bool, error) {
	if a.torn {
		return store.Checkpoint{}, false, nil
	}
	return a.Store.Checkpoint(ctx, p)
}

// After a torn flush everything of it is folded again. What the store already has of it is asked for by the batch, not pane by pane.
func TestTornFlushIsLookedUpAtOnce(t *testing.T) {
	s := &asked{Store: storetest.Memory()}
	registry := func() *Registry { return NewRegistry(s, nil, testRegistryOptions(), quiet) }
	var log []collectors.Message
	for i := range 2000 { // a pane each
		log = append(log, collectors.Message{Offset: int64(i), Value: fmt.Appendf(nil, `{"model":"m","version":"1","ts":%q,"prediction":1}`,
			t0.Add(time.Duration(i)*time.Minute).Format(time.RFC3339))})
	}
	feed(t, NewCollector(s, registry(), testOptions(), quiet), part(0), log)
	if s.questions != 0 {
		t.Errorf("%d questions about panes of a new partition", s.questions)
	}
	s.torn = true
	feed(t, NewCollector(s, registry(), testOptions(), quiet), part(0), log)
	if s.questions == 0 || s.questions > 5 {
		t.Errorf("%d questions for one batch", s.questions)
	}
	w, err := NewWindows(s, registry(), false).Read(t.Context(), plumbline.Stream{Model: "m", Version: "1"}, allTime)
	if err != nil {
		t.Fatal(err)
	}
	if n := w.Profile.Records() + w.Uncounted; n != 2000 {
		t.Errorf("%d records, want 2000", n)
	}
}

// flaky is a store that can't be read now and then.
type flaky struct {
	store.Store
	asked int
}

func (f *flaky) Panes(ctx context.Context, keys []plumbline.PaneKey) ([]store.Pane, error) {
	if f.asked++; f.asked%2 == 1 {
		return nil, errors.New("the store is away")
	}
	return f.Store.Panes(ctx, keys)
}

func (f *flaky) Baseline(ctx context.Context, model, version string) (store.Baseline, bool, error) {
	if f.asked++; f.asked%2 == 1 {
		return store.Baseline{}, false, errors.New("the store is away")
	}
	return f.Store.Baseline(ctx, model, version)
}

// A store that can't be read for a moment is waited for: no other message may come that would have the source read again.
func TestLookUpsAreTriedAgain(t *testing.T) {
	s := storetest.Memory()
	log := steps(0, 40)
	open := func(s store.Store) *Collector {
		return NewCollector(s, NewRegistry(s, nil, testRegistryOptions(), quiet), testOptions(), quiet)
	}
	feed(t, open(s), part(0), log[:30])
	away := &asked{Store: &flaky{Store: s}, torn: true} // everything is read again and looked up
	c := open(away)
	feed(t, c, part(0), log)
	equal(t, "totals", c.Totals(), Totals{Read: 40, Folded: 40, Rejected: map[plumbline.Reason]int64{}})
	w := must(NewWindows(s, NewRegistry(s, nil, testRegistryOptions(), quiet), false).Read(t.Context(), zero, allTime))
	equal(t, "records", w.Profile.Records()+w.Uncounted, int64(40))
}
