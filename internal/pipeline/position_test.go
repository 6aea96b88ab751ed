package pipeline

import (
	"context"
	"testing"

	"plumbline"
	"plumbline/collectors"
	"plumbline/store"
	"plumbline/store/storetest"
)

// positions is a store that remembers where reading would have gone on after each flush.
type positions struct {
	store.Store
	next []int64
}

func (s *positions) Flush(ctx context.Context, f *store.Flush) error {
	s.next = append(s.next, f.Checkpoint.Next)
	return s.Store.Flush(ctx, f)
}

// Offsets of a file are bytes: a flush in the middle of a batch must not leave a position inside a line.
func TestPositionsAreWhereMessagesBegin(t *testing.T) {
	s := &positions{Store: storetest.Memory()}
	o := testOptions()
	o.FlushRecords = 3
	c := NewCollector(s, NewRegistry(s, nil, testRegistryOptions(), quiet), o, quiet)
	p := plumbline.Partition{Source: "files", Topic: "log.ndjson"}
	if _, err := c.Open(t.Context(), p, nil); err != nil {
		t.Fatal(err)
	}
	g, begins, at := newGenerator(1), map[int64]bool{}, int64(0)
	for range 5 {
		b := collectors.Batch{Partition: p, End: -1}
		for i := range 10 {
			text := []byte(g.whole("m", "1", t0))
			if i == 4 {
				text = []byte("no record")
			}
			b.Messages = append(b.Messages, collectors.Message{Offset: at, Value: text})
			begins[at] = true
			at += int64(len(text)) + 1
		}
		b.Next = at
		if err := c.Handle(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	begins[at] = true
	if err := c.Close(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if len(s.next) < 15 {
		t.Errorf("%d flushes: too few to show anything", len(s.next))
	}
	for _, next := range s.next {
		if !begins[next] {
			t.Errorf("a checkpoint says to read on at byte %d, where no line begins", next)
		}
	}
}
