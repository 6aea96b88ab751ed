package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"plumbline"
	"plumbline/collectors"
	"plumbline/store"
	"plumbline/store/sqlite"
	"plumbline/store/storetest"
)

// frail is a store whose writer can be killed in the middle of a flush, and which remembers flushes for zombies to repeat.
type frail struct {
	store.Store
	g *generator

	mu   sync.Mutex
	past []*store.Flush
	tear bool          // the next flush is torn
	torn chan struct{} // closed when it was
}

var errTorn = errors.New("torn")

func (f *frail) Flush(ctx context.Context, flush *store.Flush) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.past = append(f.past, flush)
	if !f.tear {
		return f.Store.Flush(ctx, flush)
	}
	f.tear = false
	defer close(f.torn)
	prefix := func(n int) int { return f.g.IntN(n + 1) }
	part := store.Flush{Checkpoint: store.Checkpoint{Partition: flush.Checkpoint.Partition}}
	part.Panes = flush.Panes[:prefix(len(flush.Panes))]
	if len(part.Panes) == len(flush.Panes) {
		part.Answers, part.Labels, part.Samples = flush.Answers[:prefix(len(flush.Answers))], flush.Labels[:prefix(len(flush.Labels))], flush.Samples[:prefix(len(flush.Samples))]
	}
	if cp, known, err := f.Store.Checkpoint(ctx, flush.Checkpoint.Partition); err != nil {
		return err
	} else if known {
		part.Checkpoint = cp // as it was: the writer died before its own
	} else {
		return errTorn // the contract has no flush without checkpoint
	}
	return errors.Join(f.Store.Flush(ctx, &part), errTorn)
}

// run is a random history of collectors over one store.
type run struct {
	t       *testing.T
	g       *generator
	store   *frail
	models  []plumbline.Model
	options CollectorOptions
	logs    map[plumbline.Partition][]collectors.Message
	order   []plumbline.Partition
	c       *Collector
	next    map[plumbline.Partition]int // index into logs
}

func (r *run) open() {
	r.c = NewCollector(r.store, NewRegistry(r.store, r.models, testRegistryOptions(), quiet), r.options, quiet)
	for _, p := range r.order {
		pos, err := r.c.Open(context.Background(), p, nil)
		if err != nil {
			r.t.Fatal(err)
		}
		r.next[p] = 0
		for r.next[p] < len(r.logs[p]) && r.logs[p][r.next[p]].Offset < pos.Next {
			r.next[p]++
		}
		r.next[p] = max(0, r.next[p]-r.g.IntN(10)) // some sources begin further back
	}
}

// crash forgets everything that is not durable.
func (r *run) crash() {
	for _, w := range r.c.workers {
		w.abandon()
		<-w.done
	}
}

func (r *run) batch(c *Collector, p plumbline.Partition, from int) int {
	log := r.logs[p]
	to := min(len(log), from+1+r.g.IntN(40))
	if from >= to {
		return from
	}
	b := collectors.Batch{Partition: p, Messages: log[from:to], Next: log[to-1].Offset + 1, End: log[len(log)-1].Offset + 1}
	if err := c.Handle(context.Background(), b); err != nil {
		r.t.Fatal(err)
	}
	return to
}

func (r *run) done() bool {
	for _, p := range r.order {
		if r.next[p] < len(r.logs[p]) {
			return false
		}
	}
	return true
}

func (r *run) step() {
	ctx := context.Background()
	p := pick(r.g, r.order...)
	switch r.g.IntN(12) {
	case 0:
		r.crash()
		r.open()
	case 1: // a flush is torn, and its writer dies
		r.store.mu.Lock()
		r.store.tear, r.store.torn = true, make(chan struct{})
		r.store.mu.Unlock()
		synced, cancel := make(chan struct{}), context.WithCancel
		c, stop := cancel(ctx)
		go func() { defer close(synced); _ = r.c.Sync(c) }()
		select {
		case <-r.store.torn:
		case <-synced: // there was nothing to flush
		}
		stop()
		<-synced
		r.crash()
		r.store.mu.Lock()
		r.store.tear = false
		r.store.mu.Unlock()
		r.open()
	case 2: // a zombie repeats an old flush
		r.store.mu.Lock()
		if n := len(r.store.past); n > 0 {
			if err := r.store.Store.Flush(ctx, r.store.past[r.g.IntN(n)]); err != nil {
				r.t.Fatal(err)
			}
		}
		r.store.mu.Unlock()
	case 3: // a zombie goes on for a while beside its successor
		old, at := r.c, map[plumbline.Partition]int{}
		for _, p := range r.order {
			at[p] = r.next[p]
		}
		r.open()
		for range r.g.IntN(4) {
			at[p] = r.batch(old, p, at[p])
			r.next[p] = r.batch(r.c, p, r.next[p])
			if r.g.IntN(2) == 0 {
				if err := old.Sync(ctx); err != nil {
					r.t.Fatal(err)
				}
			}
		}
		for _, w := range old.workers {
			w.abandon()
			<-w.done
		}
	case 4: // an orderly hand-over
		for _, p := range r.order {
			if err := r.c.Close(ctx, p); err != nil {
				r.t.Fatal(err)
			}
		}
		r.open()
	case 5, 6:
		if err := r.c.Sync(ctx); err != nil {
			r.t.Fatal(err)
		}
	default:
		r.next[p] = r.batch(r.c, p, r.next[p])
	}
}

func randomRun(t *testing.T, seed uint64, models []plumbline.Model, s store.Store) {
	t.Helper()
	g := newGenerator(seed)
	r := &run{t: t, g: g, store: &frail{Store: s, g: newGenerator(seed + 1)}, models: models, options: testOptions(),
		logs: map[plumbline.Partition][]collectors.Message{}, next: map[plumbline.Partition]int{}}
	r.options.FlushRecords = pick(g, 5, 50, 1<<30)
	r.options.MaxOpenPanes = pick(g, 1, 64)
	want := newRecount(models, r.options)
	for i := range 1 + g.IntN(3) {
		p := plumbline.Partition{Source: "test", Topic: "t", ID: int32(i)}
		r.order = append(r.order, p)
		r.logs[p] = g.log(50 + g.IntN(150))
		want.partition(t, p, r.logs[p])
	}
	r.open()
	for range 2000 {
		if r.done() {
			break
		}
		r.step()
	}
	for _, p := range r.order {
		for r.next[p] < len(r.logs[p]) {
			r.next[p] = r.batch(r.c, p, r.next[p])
		}
		if err := r.c.Close(context.Background(), p); err != nil {
			t.Fatal(err)
		}
	}
	equalStores(t, s, want.store(t))
}

// Whatever dies, is torn, repeated or handed over: the store holds what a single pass counts, bit for bit.
func TestExactInMemory(t *testing.T) {
	models := testModels(t)
	for seed := range uint64(10) {
		if !t.Run(fmt.Sprint(seed), func(t *testing.T) { randomRun(t, seed, models, storetest.Memory()) }) {
			return
		}
	}
}

func TestExactInSQLite(t *testing.T) {
	models := testModels(t)
	for seed := range uint64(5) {
		if !t.Run(fmt.Sprint(seed), func(t *testing.T) {
			s, err := sqlite.Open(context.Background(), t.TempDir()+"/test.db", sqlite.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			randomRun(t, seed, models, s)
		}) {
			return
		}
	}
}
