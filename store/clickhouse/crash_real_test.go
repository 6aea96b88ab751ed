//go:build real

package clickhouse

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"plumbline"
	"plumbline/internal/chtest"
	"plumbline/store"
)

// midnight is when the log of these tests begins: a record a second, the offset being the second.
var midnight = time.Date(2013, 7, 1, 0, 0, 0, 0, time.UTC)

const (
	partitions    = 4
	recordsAFlush = 40
)

var flights = plumbline.Stream{Model: "flights", Version: "1"}

func at(id int32) plumbline.Partition {
	return plumbline.Partition{Source: "kafka", Topic: "inference", ID: id}
}

// folder is one partition's worker, as small as it can be: its panes sum the offsets they hold.
type folder struct {
	part  plumbline.Partition
	next  int64
	panes map[time.Time]store.Pane
}

// resume makes the worker that follows on what the store says.
func resume(ctx context.Context, s *Store, part plumbline.Partition, dead *folder) (*folder, error) {
	f := &folder{part: part, panes: map[time.Time]store.Pane{}}
	c, _, err := s.Checkpoint(ctx, part)
	if err != nil {
		return nil, err
	}
	f.next = c.Next
	var keys []plumbline.PaneKey
	for _, p := range dead.panes {
		keys = append(keys, p.Key)
	}
	found, err := s.Panes(ctx, keys)
	for _, p := range found {
		f.panes[p.Key.Start] = p
	}
	return f, err
}

func (f *folder) batch() *store.Flush {
	out := &store.Flush{}
	changed := map[time.Time]bool{}
	for range recordsAFlush {
		offset := f.next
		f.next++
		when := midnight.Add(time.Duration(offset) * time.Second)
		out.Answers = append(out.Answers, store.Answer{Partition: f.part, Offset: offset, Model: flights.Model, Version: flights.Version, Time: when, Session: "s"})
		out.Samples = append(out.Samples, store.Sample{Partition: f.part, Offset: offset, Model: flights.Model, Version: flights.Version, Time: when, Record: []byte("{}")})
		start := when.Truncate(time.Minute)
		p, ok := f.panes[start]
		if !ok {
			p = store.Pane{Key: plumbline.PaneKey{Stream: flights, Width: time.Minute, Start: start, Partition: f.part}, LastOffset: -1, Body: make([]byte, 8)}
		}
		if offset <= p.LastOffset {
			continue
		}
		sum := binary.LittleEndian.Uint64(p.Body) + uint64(offset)
		p.LastOffset, p.Records, p.Body = offset, p.Records+1, binary.LittleEndian.AppendUint64(nil, sum)
		f.panes[start] = p
		changed[start] = true
	}
	for start := range changed {
		out.Panes = append(out.Panes, f.panes[start])
	}
	out.Checkpoint = store.Checkpoint{Partition: f.part, Next: f.next, Read: f.next, Folded: f.next}
	return out
}

// The server is killed while four workers flush, five times. After each restart everything that was acknowledged is there,
// and in the end every record is there once.
func TestKill(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	server := chtest.StartEngine(t, t.TempDir())
	cfg := fresh(server)
	if err := Migrate(ctx, cfg, io.Discard); err != nil {
		t.Fatal(err)
	}
	workers := make([]*folder, partitions)
	for i := range workers {
		workers[i] = &folder{part: at(int32(i)), panes: map[time.Time]store.Pane{}}
	}
	acked := make([]int64, partitions) // next offset of the last flush that was acknowledged
	for round := range 5 {
		s := open(t, cfg)
		for i, w := range workers {
			successor, err := resume(ctx, s, w.part, w)
			if err != nil {
				t.Fatal(err)
			}
			if successor.next < acked[i] {
				t.Fatalf("round %d: partition %d goes on at %d, but everything below %d was acknowledged", round, i, successor.next, acked[i])
			}
			workers[i] = successor
		}
		verify(t, s, acked)

		enough := make(chan struct{}, 1000)
		var wg sync.WaitGroup
		errs := make([]error, partitions)
		for i, w := range workers {
			wg.Go(func() {
				for errs[i] == nil {
					f := w.batch()
					if errs[i] = s.Flush(ctx, f); errs[i] == nil {
						acked[i] = f.Checkpoint.Next
						enough <- struct{}{}
					}
				}
			})
		}
		for range 10 + 7*round {
			<-enough
		}
		server.Kill() // in the middle of whatever the others are doing
		wg.Wait()
		server.Restart()
	}

	s := open(t, cfg)
	for i, w := range workers {
		successor, err := resume(ctx, s, w.part, w)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // beyond what a torn flush left
			f := successor.batch()
			if err := s.Flush(ctx, f); err != nil {
				t.Fatal(err)
			}
			acked[i] = f.Checkpoint.Next
		}
	}
	verify(t, s, acked)
	t.Logf("acknowledged up to %v", acked)
}

// verify checks that all below next is in the store once: rows by offset, panes by a recount.
func verify(t *testing.T, s *Store, next []int64) {
	t.Helper()
	ctx := t.Context()
	all := plumbline.Window{From: midnight, To: midnight.AddDate(0, 0, 10)}
	rows, err := s.Asks(ctx, flights, all)
	if err != nil {
		t.Fatal(err)
	}
	samples, err := s.Samples(ctx, flights.Model, flights.Version, all, 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, r := range rows {
		seen[fmt.Sprint("answer", r.Partition, r.Offset)]++
	}
	for _, r := range samples {
		seen[fmt.Sprint("sample", r.Partition, r.Offset)]++
	}
	panes, err := s.Window(ctx, flights, time.Minute, all)
	if err != nil {
		t.Fatal(err)
	}
	last := map[string]int64{}
	for _, p := range panes {
		from := int64(p.Key.Start.Sub(midnight) / time.Second)
		if want := p.LastOffset - from + 1; p.Records != want {
			t.Fatalf("pane %v of %v up to %d holds %d records, want %d", p.Key.Start, p.Key.Partition, p.LastOffset, p.Records, want)
		}
		if got, want := binary.LittleEndian.Uint64(p.Body), uint64((from+p.LastOffset)*p.Records/2); got != want {
			t.Fatalf("pane %v of %v sums to %d, want %d", p.Key.Start, p.Key.Partition, got, want)
		}
		last[p.Key.Partition.String()] = max(last[p.Key.Partition.String()], p.LastOffset)
	}
	for i, n := range next {
		if n > 0 && last[at(int32(i)).String()] < n-1 {
			t.Fatalf("the panes of partition %d end at %d, want %d", i, last[at(int32(i)).String()], n-1)
		}
		for offset := range n {
			for _, kind := range []string{"answer", "sample"} {
				if got := seen[fmt.Sprint(kind, at(int32(i)), offset)]; got != 1 {
					t.Fatalf("%s %d of partition %d is there %d times", kind, offset, i, got)
				}
			}
		}
	}
}

// A worker that dies after its panes and before its checkpoint is followed by one that counts nothing twice; a stale one that
// comes back changes nothing. Whatever merges the server has done by then must not matter.
func TestMergesDoNotMatter(t *testing.T) {
	s := migrated(t, chtest.Start(t, t.TempDir()))
	w := &folder{part: at(0), panes: map[time.Time]store.Pane{}}
	var history []*store.Flush
	for range 5 {
		f := w.batch()
		history = append(history, f)
		if err := s.Flush(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	replay := func() {
		t.Helper()
		for _, f := range history {
			if err := s.Flush(t.Context(), f); err != nil {
				t.Fatal(err)
			}
		}
		verify(t, s, []int64{w.next})
	}
	replay()
	for _, t2 := range tables {
		if err := s.conn.Exec(t.Context(), "OPTIMIZE TABLE "+t2.in(s.cfg)+" FINAL"); err != nil {
			t.Fatal(err)
		}
	}
	verify(t, s, []int64{w.next})
	if rows := count(t, s, answers); rows != uint64(w.next) {
		t.Fatalf("merged answers are %d rows, want %d", rows, w.next)
	}
	replay()
}

func count(t testing.TB, s *Store, of table) (n uint64) {
	t.Helper()
	if err := s.conn.QueryRow(context.Background(), "SELECT count() FROM "+of.in(s.cfg)).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
