package kafka

import (
	"bytes"
	"context"
	"errors"
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

// keep is a handler that takes anything, also from lower offsets.
type keep struct {
	at plumbline.Partition
	mu sync.Mutex
	collectors.Position
	got []string
}

func (k *keep) Open(_ context.Context, p plumbline.Partition, _ func(int64)) (collectors.Position, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if p != k.at {
		return collectors.Position{}, nil
	}
	return k.Position, nil
}

func (k *keep) Handle(_ context.Context, b collectors.Batch) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if b.Partition == k.at {
		k.got = append(k.got, texts(b.Messages)...)
		k.Position = collectors.Position{Next: b.Next, Known: true}
	}
	return nil
}

func (k *keep) Close(context.Context, plumbline.Partition) error { return nil }

func (k *keep) read(t *testing.T, f *feed, c Config) (*counters, error) {
	t.Helper()
	var n counters
	s := newSource(t, c)
	s.metrics = n.metrics()
	w := begin(t, s, k)
	(&collectorstest.Handler{}).Wait(t, "idle or the end", func() bool {
		select {
		case <-w.done:
			return true
		default:
			return w.Idle()
		}
	})
	w.stop()
	<-w.done
	if errors.Is(w.err, context.Canceled) {
		return &n, nil
	}
	return &n, w.err
}

// mismatches reads with each policy from a position that is not in the partition any more.
func mismatches(t *testing.T, f *feed, at int64, saying string, earliest []string, gone int64) {
	p := f.Partitions()[0]
	end := f.client.EndOffset(p.Topic, 0)
	for policy, want := range map[OnMismatch][]string{MismatchFail: nil, MismatchEarliest: earliest, MismatchLatest: nil} {
		c := f.config
		c.OnOffsetMismatch = policy
		k := &keep{at: p, Position: collectors.Position{Next: at, Known: true}}
		n, err := k.read(t, f, c)
		if policy == MismatchFail {
			if err == nil || !bytes.Contains([]byte(err.Error()), []byte(saying)) {
				t.Errorf("%s: the error is %v, want it to say %q", policy, err, saying)
			}
			continue
		}
		if err != nil || !slices.Equal(k.got, want) || k.Next != end {
			t.Errorf("%s: read %q up to %d, %v; want %q up to %d", policy, k.got, k.Next, err, want, end)
		}
		if n.skips("offset_mismatch") == 0 {
			t.Errorf("%s: nothing was counted", policy)
		}
		if policy == MismatchEarliest && n.skips("offset_mismatch") != gone {
			t.Errorf("%s: %d counted, want %d", policy, n.skips("offset_mismatch"), gone)
		}
	}
}

func deletedRecords(t *testing.T, addr string) {
	f := newFeed(t, addr)
	for i := range 10 {
		f.Append(t, 0, fmt.Append(nil, i))
	}
	f.client.DeleteRecords(f.config.Topics[0], 0, 6)
	mismatches(t, f, 2, "offset 2, but the partition now holds [6, 10)", []string{"6", "7", "8", "9"}, 4)
	// Unknown positions and positions within bounds have no quarrel.
	k := &keep{at: f.Partitions()[0]}
	if _, err := k.read(t, f, f.config); err != nil || len(k.got) != 4 {
		t.Errorf("from the beginning: %q, %v", k.got, err)
	}
}

func recreated(t *testing.T, addr string) {
	f := newFeed(t, addr)
	topic := f.config.Topics[0]
	for i := range 10 {
		f.Append(t, 0, fmt.Append(nil, "old ", i))
	}
	f.client.DeleteTopic(topic)
	f.client.CreateTopic(topic, 2)
	f.Append(t, 0, []byte("new 0"), []byte("new 1"))
	for _, policy := range []OnMismatch{MismatchFail, MismatchEarliest, MismatchLatest} {
		c := f.config
		c.OnOffsetMismatch = policy
		k := &keep{at: f.Partitions()[0], Position: collectors.Position{Next: 10, Known: true}}
		_, err := k.read(t, f, c)
		for _, saying := range []string{"offset 10, but the partition now holds [0, 2)", "another name"} {
			if err == nil || !strings.Contains(err.Error(), saying) {
				t.Errorf("%s: the error is %v, want it to say %q", policy, err, saying)
			}
		}
	}
}

// A partition that is added while the source joins its group is in nobody's assignment: it must be noticed by the numbers of before.
func addedWhileJoining(t *testing.T, addr string) {
	f := newFeed(t, addr)
	s := newSource(t, f.config)
	before, err := s.awaitTopics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same, cancel := context.WithTimeout(t.Context(), 2*s.watch)
	defer cancel()
	if s.awaitChange(same, before) {
		t.Error("a change where there was none")
	}
	f.client.AddPartitions(f.config.Topics[0], 3)
	changed, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for range 2 { // also when it was there before watching began
		if !s.awaitChange(changed, before) {
			t.Error("a new partition was not noticed")
		}
	}
}

func latest(t *testing.T, addr string) {
	f := newFeed(t, addr)
	f.config.Start = Latest
	topic := f.config.Topics[0]
	f.Append(t, 0, []byte("old"))
	h := &collectorstest.Handler{FlushEvery: 1}
	w := begin(t, newSource(t, f.config), h)
	p := f.Partitions()[0]
	h.Wait(t, "the store to know where reading began", func() bool { return h.Durable(p).Known })
	f.client.AddPartitions(topic, 3)
	f.client.Produce(topic, 2, []byte("first of a new partition"))
	f.Append(t, 0, []byte("new"))
	added := plumbline.Partition{Source: "prod", Topic: topic, ID: 2}
	h.Wait(t, "two records", func() bool { return h.Len() == 2 })
	w.end(t)
	if got, want := texts(append(h.Messages(p), h.Messages(added)...)), []string{"new", "first of a new partition"}; !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
	h.Check(t)
}

func lateTopic(t *testing.T, addr string) {
	f := newFeed(t, addr)
	topic := f.config.Topics[0]
	f.client.DeleteTopic(topic)
	h := &collectorstest.Handler{}
	s := newSource(t, f.config)
	w := begin(t, s, h)
	for range 20 { // a topic that is not there is not a topic without messages
		if s.Idle() {
			t.Fatal("idle without a topic")
		}
		time.Sleep(5 * time.Millisecond)
	}
	f.client.CreateTopic(topic, 2)
	f.Append(t, 0, []byte("first"))
	h.Wait(t, "the first record", func() bool { return h.Len() == 1 })
	w.end(t)
}
