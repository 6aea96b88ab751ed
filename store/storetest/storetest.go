// Package storetest is the conformance suite of the store contract: every implementation runs it against itself. It also
// holds the contract's reference implementation, which keeps everything in memory. It owns no test of one implementation's
// own promises (files, connections, speed).
//
// Where the contract is silent the suite decides: times come back in UTC, of panes to the millisecond, of rows to the
// microsecond; of two checkpoints the one with the higher Next wins; partitions are ordered by source, topic and id; rows of
// equal time by partition, then offset; a stream's record count is that of its widest panes, in which each record is once; an
// answer without an id has no label; Asks heeds the slice as Outcomes does.
package storetest

import (
	"context"
	"reflect"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"plumbline"
	"plumbline/store"
)

// Harness makes stores for the suite.
type Harness struct {
	// Open returns a fresh, empty store. It closes what it opened when the test ends.
	Open func(t *testing.T) store.Store
	// Reopen closes old and returns a store over the same data. It may be nil for a store that doesn't outlive its process.
	Reopen func(t *testing.T, old store.Store) store.Store
}

// Test runs the suite on a store that can't be reopened.
func Test(t *testing.T, open func(t *testing.T) store.Store) {
	t.Helper()
	Harness{Open: open}.Test(t)
}

// Test runs the suite. Each subtest has a store of its own.
func (h Harness) Test(t *testing.T) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(t *testing.T, s store.Store)
	}{
		{"an empty store", testEmpty},
		{"panes are read back bit for bit", testPaneRoundTrip},
		{"a flush may be repeated", testRepeatedFlush},
		{"the higher last offset wins", testOutOfDate},
		{"panes newer than the checkpoint survive", testTornFlush},
		{"partitions of one pane are rows of their own", testPartitions},
		{"windows are half-open", testHalfOpen},
		{"widths are kept apart", testWidths},
		{"slices are kept apart", testSlices},
		{"panes by key", testPanesByKey},
		{"the newest pane", testNewestPane},
		{"streams", testStreams},
		{"checkpoints", testCheckpoints},
		{"nothing of a flush is retained", testRetainsNothing},
		{"a large flush", testLargeFlush},
		{"partitions flush at the same time", testConcurrent},
		{"a canceled context", testCanceled},
		{"answers are read back exactly", testAnswerRoundTrip},
		{"outcomes join labels", testOutcomes},
		{"outcomes of a slice", testOutcomeSlices},
		{"asks", testAsks},
		{"samples", testSamples},
		{"baselines", testBaselines},
		{"expiry", testExpire},
		{"hostile names", testHostileNames},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, h.Open(t)) })
	}
	t.Run("any sequence of flushes, retries and crashes", h.testReplays)
	if h.Reopen != nil {
		t.Run("data outlives the process", h.testReopen)
	}
}

// t0 is the midnight the tests' times count from.
var t0 = time.Date(2013, 7, 1, 0, 0, 0, 0, time.UTC)

var always = plumbline.Window{From: t0.AddDate(-1, 0, 0), To: t0.AddDate(1, 0, 0)}

func partition(id int32) plumbline.Partition {
	return plumbline.Partition{Source: "kafka", Topic: "inferences", ID: id}
}

func stream(slice string) plumbline.Stream {
	return plumbline.Stream{Model: "delay", Version: "1", Slice: slice}
}

func pane(s plumbline.Stream, width time.Duration, start time.Time, part int32, last, records int64, body string) store.Pane {
	return store.Pane{
		Key:        plumbline.PaneKey{Stream: s, Width: width, Start: start, Partition: partition(part)},
		LastOffset: last, Records: records, Body: []byte(body),
	}
}

// checkpoint is one without rejects.
func checkpoint(part int32, next int64) store.Checkpoint {
	return store.Checkpoint{Partition: partition(part), Next: next, Read: next, Folded: next, Newest: t0.Add(time.Duration(next) * time.Second)}
}

func flush(t *testing.T, s store.Store, f store.Flush) {
	t.Helper()
	if err := s.Flush(context.Background(), &f); err != nil {
		t.Fatalf("flush: %v", err)
	}
}

// got takes the two results of a read: got(s.Window(…))(t).
func got[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if reflect.DeepEqual(got, want) { // a diff of thousands of panes takes seconds
		return
	}
	if d := gocmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Fatalf("%s (-want +got):\n%s", what, d)
	}
}

func window(t *testing.T, s store.Store, of plumbline.Stream, width time.Duration, w plumbline.Window) []store.Pane {
	t.Helper()
	return got(s.Window(context.Background(), of, width, w))(t)
}

func testEmpty(t *testing.T, s store.Store) {
	ctx := context.Background()
	equal(t, "window", window(t, s, stream(""), time.Hour, always), []store.Pane(nil))
	equal(t, "streams", got(s.Streams(ctx))(t), []store.StreamInfo(nil))
	equal(t, "panes", got(s.Panes(ctx, nil))(t), []store.Pane(nil))
	equal(t, "newest pane", got(s.NewestPane(ctx, partition(0)))(t), time.Time{})
	equal(t, "outcomes", got(s.Outcomes(ctx, stream(""), always, always.To))(t), []store.Outcome(nil))
	equal(t, "asks", got(s.Asks(ctx, stream(""), always))(t), []store.Answer(nil))
	equal(t, "samples", got(s.Samples(ctx, "delay", "1", always, 0))(t), []store.Sample(nil))
	equal(t, "checkpoints", got(s.Checkpoints(ctx))(t), []store.Checkpoint(nil))
	equal(t, "expired", got(s.Expire(ctx, always.To, always.To))(t), int64(0))
	if _, ok, err := s.Checkpoint(ctx, partition(0)); ok || err != nil {
		t.Fatalf("checkpoint of an unknown partition: %v, %v", ok, err)
	}
	if _, ok, err := s.Baseline(ctx, "delay", "1"); ok || err != nil {
		t.Fatalf("baseline of an unknown model: %v, %v", ok, err)
	}
	if _, ok, err := s.BaselineByHash(ctx, "x"); ok || err != nil {
		t.Fatalf("baseline of an unknown hash: %v, %v", ok, err)
	}
}

func (h Harness) testReopen(t *testing.T) {
	ctx := context.Background()
	s := h.Open(t)
	reference := Memory()
	for _, to := range []store.Store{s, reference} {
		for i := range int32(3) {
			flush(t, to, fullFlush(i))
		}
		if err := to.PutBaseline(ctx, store.Baseline{Model: "delay", Version: "1", Hash: "abc", Created: t0, Body: []byte{0, 1, 2}}); err != nil {
			t.Fatal(err)
		}
	}
	s = h.Reopen(t, s)
	equalStores(t, s, reference)
	// What came before the reopening still rules what comes after it.
	for _, to := range []store.Store{s, reference} {
		flush(t, to, fullFlush(1))
		flush(t, to, store.Flush{Panes: []store.Pane{pane(stream(""), time.Hour, t0, 2, 0, 1, "older")}, Checkpoint: checkpoint(2, 1)})
		flush(t, to, fullFlush(3))
	}
	equalStores(t, h.Reopen(t, s), reference)
}

// fullFlush has something of everything.
func fullFlush(part int32) store.Flush {
	score := 0.25
	at := t0.Add(time.Duration(part) * time.Minute)
	return store.Flush{
		Panes: []store.Pane{
			pane(stream(""), time.Minute, at, part, 10, 2, "minute"),
			pane(stream(""), time.Hour, t0, part, 10, 2, "hour"),
			pane(stream("carrier=UA"), time.Hour, t0, part, 9, 1, "slice"),
		},
		Answers: []store.Answer{{Partition: partition(part), Offset: 9, Model: "delay", Version: "1", ID: "a", Session: "s", Time: at,
			Prediction: "late", Score: &score, Slices: []string{"carrier=UA"}, Query: 1}},
		Labels:     []store.Label{{Partition: partition(part), Offset: 10, Model: "delay", ID: "a", Time: at.Add(time.Hour), Value: "late"}},
		Samples:    []store.Sample{{Partition: partition(part), Offset: 9, Model: "delay", Version: "1", ID: "a", Time: at, Record: []byte(`{"id":"a"}`)}},
		Checkpoint: checkpoint(part, 11),
	}
}

// equalStores compares everything that can be read of the tests' models.
func equalStores(t *testing.T, s, reference store.Store) {
	t.Helper()
	ctx := context.Background()
	streams := got(reference.Streams(ctx))(t)
	equal(t, "streams", got(s.Streams(ctx))(t), streams)
	equal(t, "checkpoints", got(s.Checkpoints(ctx))(t), got(reference.Checkpoints(ctx))(t))
	for _, i := range streams {
		for _, width := range []time.Duration{time.Minute, time.Hour, 24 * time.Hour} {
			equal(t, "panes", window(t, s, i.Stream, width, always), window(t, reference, i.Stream, width, always))
		}
		equal(t, "outcomes", got(s.Outcomes(ctx, i.Stream, always, always.To))(t), got(reference.Outcomes(ctx, i.Stream, always, always.To))(t))
		equal(t, "asks", got(s.Asks(ctx, i.Stream, always))(t), got(reference.Asks(ctx, i.Stream, always))(t))
		equal(t, "samples", got(s.Samples(ctx, i.Model, i.Version, always, 0))(t), got(reference.Samples(ctx, i.Model, i.Version, always, 0))(t))
		b, ok, err := s.Baseline(ctx, i.Model, i.Version)
		wantB, wantOK, _ := reference.Baseline(ctx, i.Model, i.Version)
		if err != nil || ok != wantOK {
			t.Fatalf("baseline: %v, %v", ok, err)
		}
		equal(t, "baseline", b, wantB)
	}
}
