package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"plumbline"
	"plumbline/store"
)

func testPaneRoundTrip(t *testing.T, s store.Store) {
	odd := pane(stream(""), 5*time.Minute, t0.Add(1234567*time.Millisecond), 0, 1<<40, 1<<33, "")
	odd.Body = make([]byte, 0, 512)
	for i := range 512 {
		odd.Body = append(odd.Body, byte(i))
	}
	want := []store.Pane{
		pane(stream(""), 5*time.Minute, t0, 0, 0, 1, "x"),
		pane(stream(""), 5*time.Minute, t0.Add(5*time.Minute), 0, 7, 0, ""),
		odd,
	}
	elsewhere := slices.Clone(want)
	elsewhere[0].Key.Start = t0.In(time.FixedZone("elsewhere", -3600*5)) // the same instant
	flush(t, s, store.Flush{Panes: elsewhere, Checkpoint: checkpoint(0, 1)})
	panes := window(t, s, stream(""), 5*time.Minute, always)
	equal(t, "panes", panes, want)
	for _, p := range panes {
		if p.Key.Start.Location() != time.UTC {
			t.Fatalf("start %v is not in UTC", p.Key.Start)
		}
	}
}

func testRepeatedFlush(t *testing.T, s store.Store) {
	reference := Memory()
	flush(t, reference, fullFlush(0))
	for range 3 {
		flush(t, s, fullFlush(0))
		equalStores(t, s, reference)
	}
}

func testOutOfDate(t *testing.T, s store.Store) {
	older, newer := fullFlush(0), fullFlush(0)
	for i := range newer.Panes {
		newer.Panes[i].LastOffset += 100
		newer.Panes[i].Records += 100
		newer.Panes[i].Body = []byte("newer")
	}
	newer.Checkpoint = checkpoint(0, 111)
	flush(t, s, older)
	flush(t, s, newer)
	flush(t, s, older)
	equal(t, "panes", window(t, s, stream(""), time.Hour, always), newer.Panes[1:2])
	equal(t, "slice", window(t, s, stream("carrier=UA"), time.Hour, always), newer.Panes[2:3])
	equal(t, "streams", got(s.Streams(context.Background()))(t)[0].Records, newer.Panes[1].Records)
	c, ok, err := s.Checkpoint(context.Background(), partition(0))
	if err != nil || !ok {
		t.Fatalf("checkpoint: %v, %v", ok, err)
	}
	equal(t, "checkpoint", c, newer.Checkpoint)
}

func testTornFlush(t *testing.T, s store.Store) {
	flush(t, s, store.Flush{Panes: []store.Pane{pane(stream(""), time.Hour, t0, 0, 9, 10, "ten")}, Checkpoint: checkpoint(0, 10)})
	// The writer died between its panes and its checkpoint.
	newer := pane(stream(""), time.Hour, t0, 0, 19, 20, "twenty")
	flush(t, s, store.Flush{Panes: []store.Pane{newer}, Checkpoint: checkpoint(0, 10)})
	// Its successor starts at the checkpoint and flushes sooner.
	flush(t, s, store.Flush{Panes: []store.Pane{pane(stream(""), time.Hour, t0, 0, 14, 15, "fifteen")}, Checkpoint: checkpoint(0, 15)})
	equal(t, "panes", window(t, s, stream(""), time.Hour, always), []store.Pane{newer})
	equal(t, "by key", got(s.Panes(context.Background(), []plumbline.PaneKey{newer.Key}))(t), []store.Pane{newer})
	c, _, err := s.Checkpoint(context.Background(), partition(0))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "checkpoint", c, checkpoint(0, 15))
}

func testPartitions(t *testing.T, s store.Store) {
	var want []store.Pane
	for _, start := range []time.Time{t0, t0.Add(time.Hour)} {
		for _, p := range []plumbline.Partition{
			{Source: "file", Topic: "z", ID: 9}, {Source: "kafka", Topic: "a", ID: 2}, {Source: "kafka", Topic: "a", ID: 10},
			{Source: "kafka", Topic: "b", ID: 0},
		} {
			pane := pane(stream(""), time.Hour, start, 0, int64(len(want)), 1, p.String())
			pane.Key.Partition = p
			want = append(want, pane)
		}
	}
	for _, p := range slices.Backward(want) {
		flush(t, s, store.Flush{Panes: []store.Pane{p}, Checkpoint: store.Checkpoint{Partition: p.Key.Partition, Next: p.LastOffset + 1}})
	}
	equal(t, "panes", window(t, s, stream(""), time.Hour, always), want)
	equal(t, "records", got(s.Streams(context.Background()))(t)[0].Records, int64(len(want)))
}

func testHalfOpen(t *testing.T, s store.Store) {
	var panes []store.Pane
	for i := range 10 {
		panes = append(panes, pane(stream(""), time.Minute, t0.Add(time.Duration(i)*time.Minute), 0, int64(i), 1, fmt.Sprint(i)))
	}
	flush(t, s, store.Flush{Panes: panes, Checkpoint: checkpoint(0, 10)})
	f := func(from, to time.Duration, want []store.Pane) {
		t.Helper()
		equal(t, "window", window(t, s, stream(""), time.Minute, plumbline.Window{From: t0.Add(from), To: t0.Add(to)}), want)
	}
	f(0, 10*time.Minute, panes)
	f(2*time.Minute, 5*time.Minute, panes[2:5])
	f(2*time.Minute-time.Millisecond, 5*time.Minute+time.Millisecond, panes[2:6])
	f(2*time.Minute+time.Millisecond, 5*time.Minute, panes[3:5])
	f(2*time.Minute, 2*time.Minute, nil)
	f(5*time.Minute, 2*time.Minute, nil)
	f(-time.Hour, 0, nil)
	f(10*time.Minute, time.Hour, nil)
}

func testWidths(t *testing.T, s store.Store) {
	minute := pane(stream(""), time.Minute, t0, 0, 1, 2, "minute")
	hour := pane(stream(""), time.Hour, t0, 0, 1, 2, "hour")
	day := pane(stream(""), 24*time.Hour, t0, 0, 1, 2, "day")
	flush(t, s, store.Flush{Panes: []store.Pane{minute, hour, day}, Checkpoint: checkpoint(0, 2)})
	for _, p := range []store.Pane{minute, hour, day} {
		equal(t, "window", window(t, s, stream(""), p.Key.Width, always), []store.Pane{p})
	}
	equal(t, "window", window(t, s, stream(""), 2*time.Hour, always), []store.Pane(nil))
}

func testSlices(t *testing.T, s store.Store) {
	var panes []store.Pane
	for i, slice := range []string{"", "carrier=UA", "carrier=UA,origin=EWR", "origin=EWR"} {
		panes = append(panes, pane(stream(slice), time.Hour, t0, 0, 5, int64(i), slice))
	}
	other := pane(plumbline.Stream{Model: "delay", Version: "2"}, time.Hour, t0, 0, 5, 9, "other version")
	unversioned := pane(plumbline.Stream{Model: "delay"}, time.Hour, t0, 0, 5, 9, "no version")
	flush(t, s, store.Flush{Panes: append(slices.Clone(panes), other, unversioned), Checkpoint: checkpoint(0, 6)})
	for _, p := range append(panes, other, unversioned) {
		equal(t, "window", window(t, s, p.Key.Stream, time.Hour, always), []store.Pane{p})
	}
	equal(t, "unknown slice", window(t, s, stream("origin=JFK"), time.Hour, always), []store.Pane(nil))
}

func testPanesByKey(t *testing.T, s store.Store) {
	var panes []store.Pane
	for i := range 600 {
		panes = append(panes, pane(stream(""), time.Minute, t0.Add(time.Duration(i)*time.Minute), int32(i%3), int64(i), 1, fmt.Sprint(i)))
	}
	for part := range int32(3) {
		f := store.Flush{Checkpoint: checkpoint(part, 600)}
		for _, p := range panes {
			if p.Key.Partition == partition(part) {
				f.Panes = append(f.Panes, p)
			}
		}
		flush(t, s, f)
	}
	var keys []plumbline.PaneKey
	for _, p := range panes {
		keys = append(keys, p.Key)
		missing := p.Key
		missing.Partition.ID += 10
		keys = append(keys, missing)
	}
	for _, change := range []func(k *plumbline.PaneKey){
		func(k *plumbline.PaneKey) { k.Start = k.Start.Add(time.Millisecond) },
		func(k *plumbline.PaneKey) { k.Width = time.Hour },
		func(k *plumbline.PaneKey) { k.Slice = "carrier=UA" },
		func(k *plumbline.PaneKey) { k.Version = "" },
		func(k *plumbline.PaneKey) { k.Model = "Delay" },
		func(k *plumbline.PaneKey) { k.Partition.Source = "file" },
	} {
		k := panes[0].Key
		change(&k)
		keys = append(keys, k)
	}
	found := got(s.Panes(context.Background(), keys))(t)
	slices.SortFunc(found, func(a, b store.Pane) int { return a.Key.Start.Compare(b.Key.Start) })
	equal(t, "panes", found, panes)
	equal(t, "none", got(s.Panes(context.Background(), keys[len(keys)-6:]))(t), []store.Pane(nil))
}

func testNewestPane(t *testing.T, s store.Store) {
	ctx := context.Background()
	flush(t, s, store.Flush{Panes: []store.Pane{
		pane(stream(""), 24*time.Hour, t0, 0, 1, 1, ""), pane(stream(""), time.Minute, t0.Add(90*time.Minute), 0, 1, 1, ""),
		pane(stream("carrier=UA"), time.Hour, t0.Add(time.Hour), 0, 1, 1, ""),
	}, Checkpoint: checkpoint(0, 2)})
	flush(t, s, store.Flush{Checkpoint: checkpoint(1, 2)})
	equal(t, "newest", got(s.NewestPane(ctx, partition(0)))(t), t0.Add(90*time.Minute))
	equal(t, "no panes", got(s.NewestPane(ctx, partition(1)))(t), time.Time{})
	// A late record opens an older pane.
	flush(t, s, store.Flush{Panes: []store.Pane{pane(stream(""), time.Minute, t0.Add(10*time.Minute), 0, 2, 1, "")}, Checkpoint: checkpoint(0, 3)})
	equal(t, "newest", got(s.NewestPane(ctx, partition(0)))(t), t0.Add(90*time.Minute))
}

func testStreams(t *testing.T, s store.Store) {
	b := plumbline.Stream{Model: "b", Version: "1"}
	a2 := plumbline.Stream{Model: "a", Version: "2"}
	a10 := plumbline.Stream{Model: "a", Version: "10", Slice: "x=1"}
	flush(t, s, store.Flush{Panes: []store.Pane{
		pane(b, time.Minute, t0.Add(time.Minute), 0, 1, 1, ""),
		pane(b, time.Minute, t0.Add(61*time.Minute), 0, 2, 2, ""),
		pane(b, time.Hour, t0, 0, 1, 1, ""),
		pane(b, time.Hour, t0.Add(time.Hour), 0, 2, 2, ""),
		pane(b, 24*time.Hour, t0, 0, 2, 3, ""),
		pane(a2, time.Hour, t0.Add(5*time.Hour), 0, 3, 7, ""),
		pane(a10, time.Hour, t0.Add(6*time.Hour), 0, 4, 8, ""),
	}, Checkpoint: checkpoint(0, 5)})
	flush(t, s, store.Flush{Panes: []store.Pane{pane(b, 24*time.Hour, t0, 1, 2, 40, "")}, Checkpoint: checkpoint(1, 41)})
	equal(t, "streams", got(s.Streams(context.Background()))(t), []store.StreamInfo{
		{Stream: a10, First: t0.Add(6 * time.Hour), Last: t0.Add(6 * time.Hour), Records: 8},
		{Stream: a2, First: t0.Add(5 * time.Hour), Last: t0.Add(5 * time.Hour), Records: 7},
		{Stream: b, First: t0, Last: t0.Add(61 * time.Minute), Records: 43},
	})
}

func testCheckpoints(t *testing.T, s store.Store) {
	ctx := context.Background()
	first := store.Checkpoint{Partition: partition(3), Next: 10, Read: 10, Folded: 7, Newest: t0.Add(1500 * time.Microsecond),
		Rejected: map[plumbline.Reason]int64{plumbline.ReasonSyntax: 2, plumbline.ReasonFuture: 1}}
	second := store.Checkpoint{Partition: partition(3), Next: 30, Read: 25, Folded: 20, Newest: t0.Add(time.Hour),
		Rejected: map[plumbline.Reason]int64{plumbline.ReasonSyntax: 2, plumbline.ReasonFuture: 2, plumbline.ReasonTooOld: 1}}
	nothing := store.Checkpoint{Partition: plumbline.Partition{Source: "file", Topic: "/var/log/a.ndjson"}, Next: 5, Read: 5,
		Rejected: map[plumbline.Reason]int64{plumbline.ReasonEmpty: 5}}
	f := func(write store.Checkpoint, want ...store.Checkpoint) {
		t.Helper()
		flush(t, s, store.Flush{Checkpoint: write})
		equal(t, "checkpoints", got(s.Checkpoints(ctx))(t), want)
		for _, w := range want {
			c, ok, err := s.Checkpoint(ctx, w.Partition)
			if err != nil || !ok {
				t.Fatalf("checkpoint of %v: %v, %v", w.Partition, ok, err)
			}
			equal(t, "checkpoint", c, w)
		}
	}
	f(first, first)
	f(second, second)
	f(nothing, nothing, second)
	f(first, nothing, second)
}

func testRetainsNothing(t *testing.T, s store.Store) {
	f := fullFlush(0)
	flush(t, s, f)
	for i := range f.Panes {
		f.Panes[i].Body[0] = '!'
	}
	*f.Answers[0].Score = 99
	f.Answers[0].Slices[0] = "carrier=AA"
	f.Samples[0].Record[0] = '!'
	reference := Memory()
	flush(t, reference, fullFlush(0))
	equalStores(t, s, reference)
	window(t, s, stream(""), time.Hour, always)[0].Body[0] = '!'
	equalStores(t, s, reference)
}

func testLargeFlush(t *testing.T, s store.Store) {
	f := store.Flush{Checkpoint: checkpoint(0, 5000)}
	body := make([]byte, 300)
	for i := range 5000 {
		p := pane(plumbline.Stream{Model: fmt.Sprintf("m%02d", i%50), Version: "1"}, time.Minute, t0.Add(time.Duration(i/50)*time.Minute), 0, int64(i), 1, "")
		p.Body = append([]byte(fmt.Sprint(i)), body...)
		f.Panes = append(f.Panes, p)
	}
	flush(t, s, f)
	streams := got(s.Streams(context.Background()))(t)
	if len(streams) != 50 {
		t.Fatalf("%d streams, want 50", len(streams))
	}
	var all []store.Pane
	for _, i := range streams {
		all = append(all, window(t, s, i.Stream, time.Minute, always)...)
	}
	slices.SortFunc(all, func(a, b store.Pane) int { return cmp.Compare(a.LastOffset, b.LastOffset) })
	equal(t, "panes", all, f.Panes)
}

func testConcurrent(t *testing.T, s store.Store) {
	const parts, flushes = 4, 8
	var wg sync.WaitGroup
	errs := make([]error, parts)
	for part := range int32(parts) {
		wg.Go(func() {
			for i := range int64(flushes) {
				last := 10*i + 9
				errs[part] = errors.Join(errs[part], s.Flush(context.Background(), &store.Flush{
					Panes: []store.Pane{
						pane(stream(""), time.Hour, t0, part, last, last+1, fmt.Sprint(part, last)),
						pane(stream(fmt.Sprintf("part=%d", part)), time.Hour, t0, part, last, last+1, ""), // a stream nobody else has
					},
					Answers: []store.Answer{{Partition: partition(part), Offset: last, Model: "delay", Version: "1",
						ID: fmt.Sprintf("%d-%d", part, last), Time: t0.Add(time.Duration(last) * time.Second)}},
					Checkpoint: checkpoint(part, last+1),
				}))
				_, err := s.Streams(context.Background())
				errs[part] = errors.Join(errs[part], err)
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	var want []store.Pane
	for part := range int32(parts) {
		want = append(want, pane(stream(""), time.Hour, t0, part, 79, 80, fmt.Sprint(part, 79)))
	}
	equal(t, "panes", window(t, s, stream(""), time.Hour, always), want)
	equal(t, "answers", len(got(s.Outcomes(context.Background(), stream(""), always, always.To))(t)), parts*flushes)
	equal(t, "streams", len(got(s.Streams(context.Background()))(t)), 1+parts)
	equal(t, "checkpoints", len(got(s.Checkpoints(context.Background()))(t)), parts)
}

func testCanceled(t *testing.T, s store.Store) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	f := fullFlush(0)
	if err := s.Flush(ctx, &f); !errors.Is(err, context.Canceled) {
		t.Fatalf("flush: %v, want %v", err, context.Canceled)
	}
	if _, err := s.Window(ctx, stream(""), time.Hour, always); !errors.Is(err, context.Canceled) {
		t.Fatalf("window: %v, want %v", err, context.Canceled)
	}
	if _, err := s.Outcomes(ctx, stream(""), always, always.To); !errors.Is(err, context.Canceled) {
		t.Fatalf("outcomes: %v, want %v", err, context.Canceled)
	}
	equalStores(t, s, Memory())
	flush(t, s, f) // and the store still works
}
