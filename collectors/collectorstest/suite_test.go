package collectorstest_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"plumbline"
	"plumbline/collectors"
	"plumbline/collectors/collectorstest"
)

const maxMessage = 1 << 20

// memory is a feed that is two slices, and the simplest source there is.
type memory struct {
	mu     sync.Mutex
	log    [2][][]byte
	next   [2]int
	finite bool
}

func (m *memory) Partitions() []plumbline.Partition {
	return []plumbline.Partition{{Source: "mem", Topic: "a"}, {Source: "mem", Topic: "a", ID: 1}}
}

func (m *memory) Append(_ testing.TB, p int, values ...[]byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.log[p] = append(m.log[p], values...)
}

func (m *memory) Source(testing.TB) collectors.Source { return m }

func (m *memory) Name() string { return "mem" }

func (m *memory) Idle() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.next[0] == len(m.log[0]) && m.next[1] == len(m.log[1])
}

func (m *memory) Run(ctx context.Context, h collectors.Handler) (err error) {
	for i, p := range m.Partitions() {
		pos, err := h.Open(ctx, p, func(int64) {})
		if err != nil {
			return err
		}
		defer h.Close(context.WithoutCancel(ctx), p)
		m.mu.Lock()
		m.next[i] = int(pos.Next)
		m.mu.Unlock()
	}
	for {
		for i, p := range m.Partitions() {
			m.mu.Lock()
			from, to := m.next[i], min(m.next[i]+256, len(m.log[i]))
			b := collectors.Batch{Partition: p, Next: int64(to), End: int64(len(m.log[i]))}
			for j, v := range m.log[i][from:to] {
				msg := collectors.Message{Offset: int64(from + j), Value: v}
				if len(v) > maxMessage {
					msg.Value, msg.Reject = nil, plumbline.ReasonTooLarge
				}
				b.Messages = append(b.Messages, msg)
			}
			m.mu.Unlock()
			if from == to {
				continue
			}
			if err := h.Handle(ctx, b); err != nil {
				return err
			}
			m.mu.Lock()
			m.next[i] = to
			m.mu.Unlock()
		}
		if m.finite && m.Idle() {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}

func TestMemory(t *testing.T) {
	for _, finite := range []bool{false, true} {
		t.Run(fmt.Sprintf("finite=%v", finite), func(t *testing.T) {
			collectorstest.Test(t, collectorstest.Harness{
				Finite:     finite,
				MaxMessage: maxMessage,
				New: func(t *testing.T) (collectors.Source, collectorstest.Feed) {
					m := &memory{finite: finite}
					return m, m
				},
			})
		})
	}
}

// complaints stands in for a test and keeps what is said against it.
type complaints struct {
	testing.TB
	said []string
}

func (c *complaints) Helper()                      {}
func (c *complaints) Error(args ...any)            { c.said = append(c.said, fmt.Sprint(args...)) }
func (c *complaints) Errorf(f string, args ...any) { c.said = append(c.said, fmt.Sprintf(f, args...)) }
func (c *complaints) has(t *testing.T, words string) { // fails unless a complaint says so
	t.Helper()
	if !slices.ContainsFunc(c.said, func(s string) bool { return strings.Contains(s, words) }) {
		t.Errorf("no complaint with %q in %q", words, c.said)
	}
}

func TestHandlerComplains(t *testing.T) {
	ctx := context.Background()
	p := plumbline.Partition{Source: "mem", Topic: "a"}
	batch := func(next int64, offsets ...int64) collectors.Batch {
		b := collectors.Batch{Partition: p, Next: next, End: -1}
		for _, o := range offsets {
			b.Messages = append(b.Messages, collectors.Message{Offset: o, Value: []byte("value")})
		}
		return b
	}
	for words, broken := range map[string]func(h *collectorstest.Handler){
		"opened twice": func(h *collectorstest.Handler) { h.Open(ctx, p, nil) },
		"not open":     func(h *collectorstest.Handler) { h.Close(ctx, p); h.Handle(ctx, batch(1, 0)) },
		"has offset 0": func(h *collectorstest.Handler) { h.Handle(ctx, batch(1, 0)); h.Handle(ctx, batch(1, 0)) },
		"next is 1":    func(h *collectorstest.Handler) { h.Handle(ctx, batch(1, 0, 1)) },
		"written to after": func(h *collectorstest.Handler) {
			b := batch(1, 0)
			h.Handle(ctx, b)
			b.Messages[0].Value[0] = 'X'
		},
		"at the same time": func(h *collectorstest.Handler) {
			h.OnHandle = func(context.Context, collectors.Batch) error {
				h.OnHandle = nil
				return h.Handle(ctx, batch(1, 0))
			}
			h.Handle(ctx, batch(1, 0))
		},
	} {
		t.Run(words, func(t *testing.T) {
			h, c := &collectorstest.Handler{}, &complaints{}
			h.Open(ctx, p, nil)
			broken(h)
			h.Check(c)
			c.has(t, words)
		})
	}
}

func TestHandlerForgetsWhatWasNotDurable(t *testing.T) {
	ctx := context.Background()
	p := plumbline.Partition{Source: "mem", Topic: "a"}
	var acked []int64
	h := &collectorstest.Handler{FlushEvery: 2}
	h.Open(ctx, p, func(next int64) { acked = append(acked, next) })
	for i := range int64(5) {
		h.Handle(ctx, collectors.Batch{Partition: p, Messages: []collectors.Message{{Offset: i}}, Next: i + 1, End: 5})
	}
	h.Kill()
	if err := h.Close(ctx, p); err == nil {
		t.Error("a killed handler closed in peace")
	}
	h.Revive()
	if got := len(h.Messages(p)); got != 4 {
		t.Errorf("%d messages survived, want 4", got)
	}
	if pos, _ := h.Open(ctx, p, nil); pos.Next != 4 || !pos.Known {
		t.Errorf("reading goes on at %+v, want 4", pos)
	}
	if !slices.Equal(acked, []int64{2, 4}) {
		t.Errorf("acked %v, want 2 and 4", acked)
	}
	h.Check(t)
}
