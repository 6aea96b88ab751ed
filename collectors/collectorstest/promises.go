package collectorstest

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"plumbline"
	"plumbline/collectors"
)

func (hs Harness) once(t *testing.T) {
	const n = 3000
	s, f := hs.New(t)
	fill(t, f, 0, n)
	h := &Handler{FlushEvery: 3}
	hs.drain(t, start(t, s, h), h, n*len(f.Partitions()))
	wantAll(t, h, f, n)
}

func (hs Harness) name(t *testing.T) {
	s, f := hs.New(t)
	if s.Name() == "" {
		t.Error("no name")
	}
	for _, p := range f.Partitions() {
		if p.Source != s.Name() {
			t.Errorf("partition %s of source %q", p, s.Name())
		}
	}
	fill(t, f, 0, 1)
	h := &Handler{}
	hs.drain(t, start(t, s, h), h, len(f.Partitions()))
	known := map[plumbline.Partition]bool{}
	for _, p := range f.Partitions() {
		known[p] = true
	}
	for _, p := range h.Partitions() {
		if !known[p] {
			t.Errorf("opened %s, which the feed does not have", p)
		}
	}
}

func (hs Harness) idle(t *testing.T) {
	const n = 500
	s, f := hs.New(t)
	fill(t, f, 0, n)
	if s.Idle() {
		t.Error("idle before Run, with messages waiting")
	}
	h := &Handler{}
	h.OnHandle = func(_ context.Context, b collectors.Batch) error {
		if len(b.Messages) > 0 && s.Idle() {
			t.Error("idle while a batch is being handed over")
		}
		return nil
	}
	hs.drain(t, start(t, s, h), h, n*len(f.Partitions()))
}

func (hs Harness) idleEmpty(t *testing.T) {
	s, _ := hs.New(t)
	h := &Handler{}
	hs.drain(t, start(t, s, h), h, 0)
	if h.Len() > 0 {
		t.Errorf("%d messages out of nothing", h.Len())
	}
}

func (hs Harness) follows(t *testing.T) {
	const n, rounds = 40, 5
	s, f := hs.New(t)
	if hs.Finite {
		return // it ends at the end of what there is
	}
	h := &Handler{FlushEvery: 1}
	r := start(t, s, h)
	for i := range rounds {
		fill(t, f, i*n, n)
		h.Wait(t, "what was appended", func() bool { return h.Len() >= (i+1)*n*len(f.Partitions()) })
	}
	hs.drain(t, r, h, rounds*n*len(f.Partitions()))
	wantAll(t, h, f, rounds*n)
}

func (hs Harness) resumes(t *testing.T) {
	const n, rounds = 400, 4
	s, f := hs.New(t)
	h := &Handler{FlushEvery: 1}
	for i := range rounds {
		fill(t, f, i*n, n)
		if i > 0 {
			s = f.Source(t)
		}
		hs.drain(t, start(t, s, h), h, (i+1)*n*len(f.Partitions()))
	}
	// Once more without anything new.
	hs.drain(t, start(t, f.Source(t), h), h, rounds*n*len(f.Partitions()))
	wantAll(t, h, f, rounds*n)
}

func (hs Harness) crashes(t *testing.T) {
	const n, lives = 9000, 4
	s, f := hs.New(t)
	fill(t, f, 0, n)
	h := &Handler{FlushEvery: 2}
	all := n * len(f.Partitions())
	for life := range lives {
		if life > 0 {
			s = f.Source(t)
		}
		batches := newGate() // counts; it is open from the start
		batches.open()
		h.OnHandle = func(ctx context.Context, b collectors.Batch) error {
			if err := batches.wait(ctx, b); err != nil {
				return err
			}
			if len(batches.entered) > life+1 {
				h.Kill()
			}
			return nil
		}
		r := start(t, s, h)
		h.Wait(t, "the crash or the end", func() bool { return h.isKilled() || h.Len() == all })
		r.stop()
		<-r.done
		h.Revive()
	}
	h.OnHandle = nil
	hs.drain(t, start(t, f.Source(t), h), h, all)
	wantAll(t, h, f, n)
}

func (h *Handler) isKilled() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.killed
}

func (hs Harness) startsAnywhere(t *testing.T) {
	const n = 7
	s, f := hs.New(t)
	fill(t, f, 0, n)
	first := &Handler{}
	hs.drain(t, start(t, s, first), first, n*len(f.Partitions()))
	for k := range n {
		h := &Handler{}
		for _, p := range f.Partitions() {
			if all := first.Messages(p); len(all) == n {
				h.SetPosition(p, all[k].Offset)
			}
		}
		hs.drain(t, start(t, f.Source(t), h), h, (n-k)*len(f.Partitions()))
		for i, p := range f.Partitions() {
			want(t, p, h.Messages(p), values(i, k, n-k))
		}
	}
}

func (hs Harness) nextIsNext(t *testing.T) {
	const n = 2000
	s, f := hs.New(t)
	fill(t, f, 0, n)
	h := &Handler{}
	type stop struct {
		next int64
		seen int // messages of the first partition before next
	}
	var stops []stop
	p := f.Partitions()[0]
	seen := 0
	h.OnHandle = func(_ context.Context, b collectors.Batch) error {
		if b.Partition == p {
			seen += len(b.Messages)
			stops = append(stops, stop{b.Next, seen})
		}
		return nil
	}
	hs.drain(t, start(t, s, h), h, n*len(f.Partitions()))
	if end := h.Durable(p); !end.Known || len(stops) == 0 || end.Next != stops[len(stops)-1].next {
		t.Fatalf("after Close the partition is durable up to %v, want the last batch's next", end)
	}
	for _, st := range stops[:min(len(stops), 5)] {
		h := &Handler{}
		h.SetPosition(p, st.next)
		hs.drain(t, start(t, f.Source(t), h), h, n*(len(f.Partitions())-1)+n-st.seen)
		want(t, p, h.Messages(p), values(0, st.seen, n-st.seen))
	}
}

func (hs Harness) handleFails(t *testing.T) {
	s, f := hs.New(t)
	fill(t, f, 0, 300)
	full := errors.New("the disk is full")
	h := &Handler{OnHandle: func(context.Context, collectors.Batch) error { return full }}
	r := start(t, s, h)
	<-r.done
	if !errors.Is(r.err, full) {
		t.Errorf("Run: %v, want the handler's error", r.err)
	}
	if open := h.OpenPartitions(); len(open) > 0 {
		t.Errorf("Run returned and left %v open", open)
	}
	if r.Idle() {
		t.Error("idle although nothing was taken")
	}
	h.Check(t)
	h.OnHandle = nil
	hs.drain(t, start(t, f.Source(t), h), h, 300*len(f.Partitions()))
	wantAll(t, h, f, 300)
}

func (hs Harness) openFails(t *testing.T) {
	s, f := hs.New(t)
	fill(t, f, 0, 10)
	locked := errors.New("the store is locked")
	parts := f.Partitions()
	h := &Handler{OnOpen: func(p plumbline.Partition) error {
		if p == parts[len(parts)-1] {
			return locked
		}
		return nil
	}}
	r := start(t, s, h)
	<-r.done
	if !errors.Is(r.err, locked) {
		t.Errorf("Run: %v, want Open's error", r.err)
	}
	if open := h.OpenPartitions(); len(open) > 0 {
		t.Errorf("Run returned and left %v open", open)
	}
	h.Check(t)
}

func (hs Harness) stopsWhileBlocked(t *testing.T) {
	s, f := hs.New(t)
	fill(t, f, 0, 300)
	g := newGate()
	h := &Handler{OnHandle: g.wait}
	r := start(t, s, h)
	<-g.entered
	r.stop()
	select {
	case <-r.done:
	case <-time.After(20 * time.Second):
		t.Fatal("Run did not return within 20 s although the handler did")
	}
	if !errors.Is(r.err, context.Canceled) {
		t.Errorf("Run: %v, want the context's error", r.err)
	}
	r.end(t, h)
}

func (hs Harness) backpressure(t *testing.T) {
	const size, n = 64 << 10, 700 // 45 MB in the first partition
	value := func(i int) []byte { return append(values(0, i, 1)[0], bytes.Repeat([]byte{'y'}, size)...) }
	s, f := hs.New(t)
	for i := 0; i < n; i += 10 {
		var vs [][]byte
		for j := range 10 {
			vs = append(vs, value(i+j))
		}
		f.Append(t, 0, vs...)
	}
	g := newGate()
	got := 0
	h := &Handler{} // it would keep all messages, so the batches are looked at and emptied on the way
	p := f.Partitions()[0]
	sink := handlerFunc{h, func(ctx context.Context, b collectors.Batch) error {
		if err := g.wait(ctx, b); err != nil {
			return err
		}
		if b.Partition == p {
			for _, m := range b.Messages {
				if !bytes.Equal(m.Value, value(got)) {
					t.Errorf("message %d is %.60q after a long block", got, m.Value)
				}
				got++
			}
		}
		b.Messages = nil
		return h.Handle(ctx, b)
	}}
	before := heap()
	r := start(t, s, sink)
	<-g.entered
	for range 10 { // as long as it takes to read everything, were it not for the block
		time.Sleep(30 * time.Millisecond)
		if grown := heap() - before; grown > 30<<20 {
			t.Fatalf("the heap grew by %d MB while the handler was blocked", grown>>20)
		}
	}
	g.open()
	if hs.Finite {
		<-r.done
	} else {
		h.Wait(t, "idle after the block", r.Idle)
	}
	r.end(t, h)
	if got != n {
		t.Errorf("%d messages, want %d", got, n)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

type handlerFunc struct {
	collectors.Handler
	handle func(context.Context, collectors.Batch) error
}

func (h handlerFunc) Handle(ctx context.Context, b collectors.Batch) error { return h.handle(ctx, b) }

func (hs Harness) flushesAtClose(t *testing.T) {
	const n = 100
	s, f := hs.New(t)
	fill(t, f, 0, n)
	h := &Handler{} // durable only at Close, and Close is all that a restart has
	hs.drain(t, start(t, s, h), h, n*len(f.Partitions()))
	fill(t, f, n, n)
	hs.drain(t, start(t, f.Source(t), h), h, 2*n*len(f.Partitions()))
	wantAll(t, h, f, 2*n)
}

func (hs Harness) tooLarge(t *testing.T) {
	if hs.MaxMessage == 0 {
		t.Fatal("the harness does not say MaxMessage")
	}
	s, f := hs.New(t)
	p := f.Partitions()[0]
	exact := bytes.Repeat([]byte{'e'}, hs.MaxMessage)
	huge := bytes.Repeat([]byte{'h'}, hs.MaxMessage+1)
	f.Append(t, 0, []byte("before"), huge, exact, []byte("after"))
	h := &Handler{FlushEvery: 1}
	hs.drain(t, start(t, s, h), h, 4)
	got := h.Messages(p)
	if len(got) != 4 {
		t.Fatalf("%d messages, want 4", len(got))
	}
	for i, m := range got {
		if i == 1 {
			if m.Reject != plumbline.ReasonTooLarge {
				t.Errorf("a message of %d bytes came as %q, want %q", len(huge), m.Reject, plumbline.ReasonTooLarge)
			}
			continue
		}
		if v := [][]byte{[]byte("before"), nil, exact, []byte("after")}[i]; m.Reject != "" || !bytes.Equal(m.Value, v) {
			t.Errorf("message %d beside a too large one: %q, %.40q", i, m.Reject, m.Value)
		}
	}
	// It is over and done with: the next life does not see it again.
	f.Append(t, 0, []byte("later"))
	hs.drain(t, start(t, f.Source(t), h), h, 5)
	if got := h.Messages(p); len(got) != 5 || string(got[4].Value) != "later" {
		t.Errorf("after a restart there are %d messages", len(got))
	}
}
