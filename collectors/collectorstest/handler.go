package collectorstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"plumbline"
	"plumbline/collectors"
)

// ErrKilled is what a Handler says after Kill.
var ErrKilled = errors.New("the handler's process was killed")

// Handler is a collectors.Handler that keeps everything in memory: what was handed over, how far it is durable, and every
// breach of the contract it saw. The zero value is ready. Its fields are set before the source runs.
//
// A Handler outlives the sources that feed it, as a store does: stop or kill one source, call Revive, run the next one
// with the same Handler, and look at what both handed over together.
type Handler struct {
	// FlushEvery makes everything durable, and acks it, after each so many batches of a partition; 0 only at Close.
	FlushEvery int
	// OnOpen, if set, is called before a partition is opened; its error is Open's.
	OnOpen func(p plumbline.Partition) error
	// OnHandle, if set, is called before a batch is taken and may block; its error is Handle's.
	OnHandle func(ctx context.Context, b collectors.Batch) error

	mu         sync.Mutex
	changed    chan struct{} // closed and replaced at each change
	partitions map[plumbline.Partition]*partition
	breaches   []string
	killed     bool
}

type partition struct {
	open    bool
	busy    bool // inside Handle
	opened  int  // how often
	closed  int
	batches int // since the last flush
	ack     func(int64)
	next    int64 // where the next batch must not begin before
	durable collectors.Position
	taken   []taken
	kept    int // messages of taken that are durable
}

type taken struct {
	collectors.Message
	copy []byte // Value as it was when it was handed over
}

// SetPosition says where a partition's reading goes on, as if a store had it.
func (h *Handler) SetPosition(p plumbline.Partition, next int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at(p).durable = collectors.Position{Next: next, Known: true}
}

// Open implements collectors.Handler.
func (h *Handler) Open(ctx context.Context, p plumbline.Partition, ack func(next int64)) (collectors.Position, error) {
	if h.OnOpen != nil {
		if err := h.OnOpen(p); err != nil {
			return collectors.Position{}, err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	defer h.notify()
	if h.killed {
		return collectors.Position{}, ErrKilled
	}
	s := h.at(p)
	if s.open {
		h.breach("%s was opened twice without a Close between", p)
	}
	s.open, s.ack, s.batches = true, ack, 0
	s.opened++
	s.next = s.durable.Next
	return s.durable, nil
}

// Handle implements collectors.Handler.
func (h *Handler) Handle(ctx context.Context, b collectors.Batch) error {
	h.mu.Lock()
	s := h.at(b.Partition)
	if s.busy {
		h.breach("%s: two batches were handed over at the same time", b.Partition)
	}
	if !s.open {
		h.breach("%s: a batch was handed over while the partition is not open", b.Partition)
	}
	s.busy = true
	h.notify()
	h.mu.Unlock()

	var err error
	if h.OnHandle != nil {
		err = h.OnHandle(ctx, b)
	}

	h.mu.Lock()
	defer h.mu.Unlock()
	defer h.notify()
	s.busy = false
	switch {
	case h.killed:
		return ErrKilled
	case err != nil:
		return err
	}
	h.take(s, b)
	if s.batches++; h.FlushEvery > 0 && s.batches >= h.FlushEvery {
		s.flush()
	}
	return nil
}

// take records a batch and checks that it is one. The mutex is held.
func (h *Handler) take(s *partition, b collectors.Batch) {
	at := s.next
	for i, m := range b.Messages {
		if m.Offset < at {
			h.breach("%s: message %d of a batch has offset %d, reading stood at %d", b.Partition, i, m.Offset, at)
		}
		at = m.Offset + 1
		s.taken = append(s.taken, taken{m, bytes.Clone(m.Value)})
	}
	if b.Next < at {
		h.breach("%s: a batch's next is %d, its messages end at %d", b.Partition, b.Next, at)
	}
	if b.End != -1 && b.End < b.Next {
		h.breach("%s: a batch's end %d is below its next %d", b.Partition, b.End, b.Next)
	}
	s.next = b.Next
}

func (s *partition) flush() {
	s.batches, s.kept = 0, len(s.taken)
	if s.next == s.durable.Next && s.durable.Known {
		return
	}
	s.durable = collectors.Position{Next: s.next, Known: true}
	if s.ack != nil {
		s.ack(s.next)
	}
}

// Close implements collectors.Handler.
func (h *Handler) Close(ctx context.Context, p plumbline.Partition) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer h.notify()
	s := h.at(p)
	if !s.open {
		h.breach("%s was closed while not open", p)
	}
	if s.busy {
		h.breach("%s was closed while a batch was being handled", p)
	}
	s.open = false
	s.closed++
	if h.killed {
		return ErrKilled
	}
	if s.opened > 0 && s.next > s.durable.Next {
		s.flush()
	}
	return nil
}

// Kill is kill -9: from now on nothing is taken and nothing becomes durable.
func (h *Handler) Kill() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.killed = true
	h.notify()
}

// Revive starts the next life: what was not durable is forgotten and its partitions are not open any more.
func (h *Handler) Revive() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.killed = false
	for _, s := range h.partitions {
		s.taken, s.open, s.busy = s.taken[:s.kept], false, false
	}
	h.notify()
}

// Messages are what was handed over of a partition and not forgotten since, in the order it came.
func (h *Handler) Messages(p plumbline.Partition) []collectors.Message {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]collectors.Message, 0, len(h.at(p).taken))
	for _, m := range h.at(p).taken {
		out = append(out, m.Message)
	}
	return out
}

// Len is the number of messages of all partitions.
func (h *Handler) Len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, s := range h.partitions {
		n += len(s.taken)
	}
	return n
}

// Durable is how far a partition is durable.
func (h *Handler) Durable(p plumbline.Partition) collectors.Position {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at(p).durable
}

// Partitions are the partitions that were ever opened.
func (h *Handler) Partitions() []plumbline.Partition {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []plumbline.Partition
	for p, s := range h.partitions {
		if s.opened > 0 {
			out = append(out, p)
		}
	}
	return out
}

// OpenPartitions are the partitions that are open at this moment.
func (h *Handler) OpenPartitions() []plumbline.Partition {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []plumbline.Partition
	for p, s := range h.partitions {
		if s.open {
			out = append(out, p)
		}
	}
	return out
}

// Check fails the test with every breach of the contract so far, and with every value that was written to after it had been
// handed over.
func (h *Handler) Check(t testing.TB) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, b := range h.breaches {
		t.Error("broken contract: " + b)
	}
	h.breaches = nil
	for p, s := range h.partitions {
		for _, m := range s.taken {
			if !bytes.Equal(m.Value, m.copy) {
				t.Errorf("broken contract: %s: the value at offset %d was written to after it had been handed over", p, m.Offset)
			}
		}
	}
}

// Wait waits until done says so; it is asked again at each change of the handler and every few milliseconds.
func (h *Handler) Wait(t testing.TB, what string, done func() bool) {
	t.Helper()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	for !done() {
		select {
		case <-h.change():
		case <-time.After(5 * time.Millisecond):
		case <-limit.C:
			h.Check(t)
			t.Fatalf("waited 30 s for: %s (%d messages so far)", what, h.Len())
		}
	}
}

func (h *Handler) change() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.changed == nil {
		h.changed = make(chan struct{})
	}
	return h.changed
}

// notify wakes who waits. The mutex is held.
func (h *Handler) notify() {
	if h.changed != nil {
		close(h.changed)
		h.changed = nil
	}
}

func (h *Handler) at(p plumbline.Partition) *partition {
	if h.partitions == nil {
		h.partitions = map[plumbline.Partition]*partition{}
	}
	if h.partitions[p] == nil {
		h.partitions[p] = &partition{}
	}
	return h.partitions[p]
}

func (h *Handler) breach(format string, args ...any) {
	h.breaches = append(h.breaches, fmt.Sprintf(format, args...))
}
