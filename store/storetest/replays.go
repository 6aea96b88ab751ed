package storetest

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"plumbline"
	"plumbline/store"
)

// logged is what the record at an offset of a partition is: a pure function, as a log is.
type logged struct {
	stream plumbline.Stream
	at     time.Time
	label  bool
	id     string
}

func record(part int32, offset int64) logged {
	r := rand.New(rand.NewPCG(uint64(part), uint64(offset)))
	l := logged{
		stream: plumbline.Stream{Model: "delay", Version: fmt.Sprint(1 + r.IntN(2))},
		at:     t0.Add(time.Duration(offset)*20*time.Second + time.Duration(r.IntN(300_000_000))*time.Microsecond),
		id:     fmt.Sprint(r.IntN(200)),
		label:  r.IntN(4) == 0,
	}
	if r.IntN(2) == 0 {
		l.stream.Slice = fmt.Sprintf("carrier=%c", 'A'+rune(r.IntN(3)))
	}
	return l
}

// worker folds one partition as the pipeline does: it keeps cumulative panes and flushes those that changed.
type worker struct {
	part  int32
	next  int64
	panes map[plumbline.PaneKey]store.Pane
}

func (w *worker) fold(r logged, offset int64, changed map[plumbline.PaneKey]bool) {
	streams := []plumbline.Stream{{Model: r.stream.Model, Version: r.stream.Version}}
	if r.stream.Slice != "" {
		streams = append(streams, r.stream)
	}
	for _, s := range streams {
		for _, width := range []time.Duration{time.Minute, time.Hour, 24 * time.Hour} {
			if s.Slice != "" && width == time.Minute {
				continue
			}
			k := plumbline.PaneKey{Stream: s, Width: width, Start: r.at.Truncate(width), Partition: partition(w.part)}
			p, ok := w.panes[k]
			if !ok {
				p = store.Pane{Key: k, LastOffset: -1, Body: make([]byte, 8)}
			}
			if offset <= p.LastOffset {
				continue
			}
			sum := binary.LittleEndian.Uint64(p.Body) + uint64(offset)
			p.LastOffset, p.Records, p.Body = offset, p.Records+1, binary.LittleEndian.AppendUint64(nil, sum)
			w.panes[k] = p
			changed[k] = true
		}
	}
}

// batch folds the next n records and returns their flush.
func (w *worker) batch(n int64) store.Flush {
	f := store.Flush{}
	changed := map[plumbline.PaneKey]bool{}
	for range n {
		offset := w.next
		w.next++
		r := record(w.part, offset)
		if r.label {
			f.Labels = append(f.Labels, label(w.part, offset, r.id, r.at.Add(time.Hour), fmt.Sprint(offset)))
			continue
		}
		w.fold(r, offset, changed)
		a := answer(w.part, offset, r.id, r.at)
		a.Version, a.Session = r.stream.Version, r.id[:1]
		if r.stream.Slice != "" {
			a.Slices = []string{r.stream.Slice}
		}
		f.Answers = append(f.Answers, a)
		if offset%3 == 0 {
			f.Samples = append(f.Samples, store.Sample{Partition: a.Partition, Offset: offset, Model: a.Model, Version: a.Version, ID: a.ID, Time: a.Time,
				Record: fmt.Appendf(nil, "record %d", offset)})
		}
	}
	for k := range changed {
		f.Panes = append(f.Panes, w.panes[k])
	}
	f.Checkpoint = checkpoint(w.part, w.next)
	return f
}

// testReplays runs workers that retry, replay old flushes, and die between writing some rows and the checkpoint, and compares
// the store with the reference and with a recount of the log.
func (h Harness) testReplays(t *testing.T) {
	const parts = 3
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			s, reference := h.Open(t), Memory()
			both := func(f store.Flush) {
				t.Helper()
				flush(t, s, f)
				flush(t, reference, f)
			}
			rnd := rand.New(rand.NewPCG(seed, 0))
			workers := make([]*worker, parts)
			for i := range workers {
				workers[i] = &worker{part: int32(i), panes: map[plumbline.PaneKey]store.Pane{}}
			}
			var history []store.Flush
			for step := range 50 {
				w := workers[rnd.IntN(parts)]
				before := checkpoint(w.part, w.next)
				f := w.batch(int64(rnd.IntN(12)))
				history = append(history, f)
				switch rnd.IntN(6) {
				case 0: // a crash in the middle of the flush: some rows, the old checkpoint; then a restart from the store
					torn := f
					torn.Panes = f.Panes[:rnd.IntN(len(f.Panes)+1)]
					torn.Answers = f.Answers[:rnd.IntN(len(f.Answers)+1)]
					torn.Labels = f.Labels[:rnd.IntN(len(f.Labels)+1)]
					torn.Samples = f.Samples[:rnd.IntN(len(f.Samples)+1)]
					torn.Checkpoint = before
					both(torn)
					workers[w.part] = restart(t, s, w)
				case 1: // the acknowledgement was lost
					both(f)
					both(f)
				case 2: // a stale writer wakes up
					both(f)
					both(history[rnd.IntN(len(history))])
				default:
					both(f)
				}
				if step%10 == 9 {
					equalStores(t, s, reference)
				}
			}
			for i, w := range workers {
				workers[i] = restart(t, s, w)
				both(workers[i].batch(20)) // beyond whatever a torn flush or a stale writer left
			}
			equalStores(t, s, reference)
			recount(t, s, workers)
		})
	}
}

// restart is a successor that knows only what the store says.
func restart(t *testing.T, s store.Store, dead *worker) *worker {
	t.Helper()
	w := &worker{part: dead.part, panes: map[plumbline.PaneKey]store.Pane{}}
	c, ok, err := s.Checkpoint(t.Context(), partition(w.part))
	if err != nil {
		t.Fatal(err)
	}
	if ok {
		w.next = c.Next
	}
	var keys []plumbline.PaneKey
	for k := range dead.panes {
		keys = append(keys, k)
	}
	for _, p := range got(s.Panes(t.Context(), keys))(t) {
		w.panes[p.Key] = p
	}
	return w
}

// recount folds the whole log once, in order, and compares every pane.
func recount(t *testing.T, s store.Store, workers []*worker) {
	t.Helper()
	for _, w := range workers {
		oracle := &worker{part: w.part, panes: map[plumbline.PaneKey]store.Pane{}}
		oracle.batch(w.next)
		var keys []plumbline.PaneKey
		for k := range oracle.panes {
			keys = append(keys, k)
		}
		found := got(s.Panes(t.Context(), keys))(t)
		if len(found) != len(keys) {
			t.Fatalf("partition %d has %d panes, want %d", w.part, len(found), len(keys))
		}
		for _, p := range found {
			equal(t, "recounted pane", p, oracle.panes[p.Key])
		}
	}
}
