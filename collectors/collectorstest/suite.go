package collectorstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"plumbline"
	"plumbline/collectors"
)

// Feed is where a source under test reads from.
type Feed interface {
	// Partitions are all partitions of the feed, under the names the source gives them.
	Partitions() []plumbline.Partition
	// Append adds messages to one of them, by index; a running source that follows its feed reads them.
	Append(t testing.TB, partition int, values ...[]byte)
	// Source is a new source over the same feed, as a restarted process would make it. The one before has stopped.
	Source(t testing.TB) collectors.Source
}

// Harness makes sources for the suite.
type Harness struct {
	// New makes a feed without messages and a source over it. The feed should have two partitions or more.
	New func(t *testing.T) (collectors.Source, Feed)
	// Finite sources end by themselves (Run returns nil) at the end of what there is; the others follow their feed.
	Finite bool
	// MaxMessage is the largest message the source hands over, in bytes; one more byte and it is too_large.
	MaxMessage int
}

// Test runs every promise of collectors.Source.
func Test(t *testing.T, h Harness) {
	t.Run("hands every message over once and in order", h.once)
	t.Run("says its name", h.name)
	t.Run("is idle only after everything was handed over", h.idle)
	t.Run("is idle when there is nothing", h.idleEmpty)
	t.Run("follows what is appended", h.follows)
	t.Run("goes on where a stopped one was", h.resumes)
	t.Run("goes on from what is durable after a crash", h.crashes)
	t.Run("starts at any message", h.startsAnywhere)
	t.Run("next is where the next message is read from", h.nextIsNext)
	t.Run("stops when a batch is not taken", h.handleFails)
	t.Run("stops when a partition can't be opened", h.openFails)
	t.Run("stops while the handler blocks", h.stopsWhileBlocked)
	t.Run("waits for a slow handler", h.backpressure)
	t.Run("acks are optional", h.flushesAtClose)
	t.Run("hands over a refusal for what is too large", h.tooLarge)
}

// values are n different messages of partition p, not all of one length.
func values(p, from, n int) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = fmt.Appendf(nil, `{"partition":%d,"n":%d,"pad":%q}`, p, from+i, bytes.Repeat([]byte("x"), (from+i)%97))
	}
	return out
}

// fill appends n messages to each partition, numbered from from.
func fill(t testing.TB, f Feed, from, n int) {
	for i := range f.Partitions() {
		f.Append(t, i, values(i, from, n)...)
	}
}

// wantAll fails unless the handler holds messages 0..n-1 of each partition, once and in order.
func wantAll(t *testing.T, h *Handler, f Feed, n int) {
	t.Helper()
	h.Check(t)
	for i, p := range f.Partitions() {
		want(t, p, h.Messages(p), values(i, 0, n))
	}
}

func want(t *testing.T, p plumbline.Partition, got []collectors.Message, want [][]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d messages were handed over, want %d", p, len(got), len(want))
	}
	for i := range min(len(got), len(want)) {
		if got[i].Reject != plumbline.ReasonNone {
			t.Fatalf("%s: message %d was refused as %s", p, i, got[i].Reject)
		}
		if !bytes.Equal(got[i].Value, want[i]) {
			t.Fatalf("%s: message %d (offset %d) is %.60q, want %.60q", p, i, got[i].Offset, got[i].Value, want[i])
		}
	}
}

// running is a source at work.
type running struct {
	collectors.Source
	stop context.CancelFunc
	done chan struct{}
	err  error
}

func start(t testing.TB, s collectors.Source, h collectors.Handler) *running {
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{Source: s, stop: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		r.err = s.Run(ctx, h)
	}()
	t.Cleanup(func() {
		cancel()
		<-r.done
	})
	return r
}

// end stops the source and fails unless Run said why it ended and closed what it had opened.
func (r *running) end(t *testing.T, h *Handler) {
	t.Helper()
	r.stop()
	<-r.done
	if r.err != nil && !errors.Is(r.err, context.Canceled) {
		t.Errorf("Run: %v, want nil or the context's error", r.err)
	}
	if open := h.OpenPartitions(); len(open) > 0 {
		t.Errorf("Run returned and left %v open", open)
	}
	h.Check(t)
}

// drain waits until all n messages came and the source is idle (or, if it is finite, has ended), then ends it.
func (hs Harness) drain(t *testing.T, r *running, h *Handler, n int) {
	t.Helper()
	h.Wait(t, fmt.Sprintf("%d messages", n), func() bool { return h.Len() >= n })
	if hs.Finite {
		<-r.done
		if r.err != nil {
			t.Errorf("Run of a finite source: %v", r.err)
		}
	} else {
		h.Wait(t, "idle", r.Idle)
	}
	if !r.Idle() {
		t.Error("not idle after everything was handed over")
	}
	r.end(t, h)
}

// gate blocks a Handler's OnHandle until it is opened.
type gate struct {
	entered chan struct{} // one for each batch that came to the gate
	opened  chan struct{}
}

func newGate() *gate {
	return &gate{entered: make(chan struct{}, 1<<16), opened: make(chan struct{})}
}

func (g *gate) open() { close(g.opened) }

func (g *gate) wait(ctx context.Context, _ collectors.Batch) error {
	g.entered <- struct{}{}
	select {
	case <-g.opened:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
