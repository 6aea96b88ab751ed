package pipeline

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"plumbline"
	"plumbline/collectors"
	"plumbline/collectors/decode"
	"plumbline/store"
)

var errAbandoned = errors.New("abandoned before everything was durable")

// heldBytes is how many bytes of rows and dead letters a worker holds before it flushes, however few records they are.
const heldBytes = 16 << 20

// worker owns one partition: it decodes and folds its messages in offset order and flushes what they changed. Everything in it
// belongs to its goroutine, but for what mu guards.
type worker struct {
	c       *Collector
	part    plumbline.Partition
	source  SourceOptions
	ack     func(int64)
	batches chan collectors.Batch
	syncs   chan chan struct{}
	done    chan struct{}
	ctx     context.Context // ends when the worker is abandoned
	abandon context.CancelFunc
	log     interface {
		Warn(string, ...any)
		Error(string, ...any)
	}

	decoder *decode.Decoder
	record  plumbline.Record
	streams map[versionKey]*stream
	last    *stream // of the previous record: most partitions carry one model
	open    map[paneID]*openPane
	// settled bounds, by width, the starts of panes that may be in the store but not in memory: a later pane is new.
	settled   map[time.Duration]int64
	found     map[paneID]*store.Pane // of this batch, what the store holds; nil: nothing
	lookups   int                    // questions about panes since the last batch
	flushes   int64
	manifests int64 // the registry's generation that streams go by

	cp      store.Checkpoint // as of the last message folded
	answers []store.Answer
	labels  []store.Label
	samples []store.Sample
	letters [][]byte
	arena   arena // what the rows hold
	scratch []byte
	dirty   int  // panes
	pending int  // messages
	ripe    bool // a baseline can be made as soon as its samples are stored
	tally   tally

	mu    sync.Mutex
	base  store.Checkpoint // when the partition was opened
	saved store.Checkpoint // as last made durable
	err   error
}

// tally is what the observer is told once per batch rather than once per record.
type tally struct {
	records  map[string]int
	rejected map[plumbline.Reason]int
	late     map[string]int
	slices   int // beyond their cap
	features int // beyond theirs
}

func newWorker(c *Collector, p plumbline.Partition, cp store.Checkpoint, newest time.Time, ack func(int64)) *worker {
	ctx, cancel := context.WithCancel(context.Background())
	w := &worker{
		c: c, part: p, source: c.options.Sources[p.Source], ack: ack,
		batches: make(chan collectors.Batch, 2), syncs: make(chan chan struct{}), done: make(chan struct{}),
		ctx: ctx, abandon: cancel, log: c.log.With("partition", p.String()),
		decoder: decode.New(c.options.Limits), streams: map[versionKey]*stream{}, open: map[paneID]*openPane{}, settled: map[time.Duration]int64{},
		cp: cp, base: cp, saved: cp,
		tally: tally{records: map[string]int{}, rejected: map[plumbline.Reason]int{}, late: map[string]int{}},
	}
	w.cp.Partition, w.manifests = p, c.registry.generation()
	if w.cp.Rejected == nil {
		w.cp.Rejected = map[plumbline.Reason]int64{}
	} else {
		w.cp.Rejected = maps.Clone(w.cp.Rejected)
	}
	if !newest.IsZero() {
		w.settle(newest.Unix())
		w.lookups = fewLookups // the process before may have died in the middle of a flush
	}
	return w
}

// settle says that panes of any width that begin up to start may be in the store.
func (w *worker) settle(start int64) {
	for _, width := range []time.Duration{0, Hour, Day} { // 0 stands for the finest, whatever its width
		if was, ok := w.settled[width]; !ok || start > was {
			w.settled[width] = start
		}
	}
}

// startOver makes everything durable and goes on as a new worker would, when the manifests have changed.
func (w *worker) startOver() error {
	now := w.c.registry.generation()
	if now == w.manifests {
		return nil
	}
	if err := w.flush(); err != nil {
		return err
	}
	for id := range w.open {
		w.settle(id.start)
	}
	for _, settled := range w.settled {
		w.settle(settled)
	}
	clear(w.open)
	clear(w.streams)
	w.last, w.manifests = nil, now
	return nil
}

// run ends when batches is closed and all is flushed, or when the worker is abandoned.
func (w *worker) run() {
	defer close(w.done)
	defer w.abandon()
	tick := time.NewTicker(w.c.options.FlushInterval)
	defer tick.Stop()
	for {
		select {
		case b, ok := <-w.batches:
			if !ok {
				w.fail(w.flush())
				return
			}
			if !w.fail(w.take(b)) {
				return
			}
		case reply := <-w.syncs:
			ok := w.fail(w.drain()) && w.fail(w.flush())
			close(reply)
			if !ok {
				return
			}
		case <-tick.C:
			if !w.fail(w.flush()) {
				return
			}
		case <-w.ctx.Done():
			w.fail(errAbandoned)
			return
		}
	}
}

// drain takes the batches that are waiting already.
func (w *worker) drain() error {
	for {
		select {
		case b, ok := <-w.batches:
			if !ok {
				return nil
			}
			if err := w.take(b); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

func (w *worker) fail(err error) (ok bool) {
	if err == nil {
		return true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = err
	return false
}

func (w *worker) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// durable is what this worker has made of messages since it was opened.
func (w *worker) durable() Totals {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := Totals{Read: w.saved.Read - w.base.Read, Folded: w.saved.Folded - w.base.Folded, Rejected: map[plumbline.Reason]int64{}}
	for r, n := range w.saved.Rejected {
		if n -= w.base.Rejected[r]; n > 0 {
			t.Rejected[r] = n
		}
	}
	return t
}

// maxDirty bounds the panes that wait for a flush: of a log of few records a minute each opens one, of several kilobytes.
const maxDirty = 10_000

// take folds a batch.
func (w *worker) take(b collectors.Batch) error {
	if err := w.startOver(); err != nil {
		return err
	}
	lookups := w.lookups
	if err := w.patiently(func() error { w.lookups = lookups; return w.lookUp(b) }); err != nil {
		return err
	}
	for i := range b.Messages {
		m := &b.Messages[i]
		if m.Offset < w.cp.Next {
			continue // handed over again by a source that read from further back
		}
		reject, err := w.fold(m)
		if err != nil { // nothing has changed yet
			if err = w.patiently(func() (err error) { reject, err = w.fold(m); return err }); err != nil {
				return err
			}
		}
		w.cp.Read++
		if w.cp.Next = b.Next; i+1 < len(b.Messages) {
			w.cp.Next = b.Messages[i+1].Offset // not m.Offset+1, which need not be where a message begins
		}
		if reject != nil {
			w.reject(*m, reject)
		} else {
			w.cp.Folded++
		}
		w.pending++
		if w.ripe || w.pending >= w.c.options.FlushRecords || w.dirty >= maxDirty || w.arena.held >= heldBytes {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	w.cp.Next = max(w.cp.Next, b.Next)
	w.report(b)
	return nil
}

func (w *worker) reject(m collectors.Message, r *plumbline.Reject) {
	w.cp.Rejected[r.Reason]++
	w.tally.rejected[r.Reason]++
	if w.source.DeadLetters != nil {
		l := encodeLetter(w.part, m, r, w.source.Payload)
		w.letters = append(w.letters, l)
		w.arena.held += len(l)
	}
}

// report tells the observer what the batch brought.
func (w *worker) report(b collectors.Batch) {
	o := w.c.options.Observe
	for model, n := range w.tally.records {
		o.Records(w.part.Source, model, n)
	}
	for reason, n := range w.tally.rejected {
		o.Rejected(w.part.Source, reason, n)
	}
	for model, n := range w.tally.late {
		o.Late(model, n)
	}
	if w.tally.slices > 0 {
		o.Dropped("slices", w.tally.slices)
	}
	if w.tally.features > 0 {
		o.Dropped("features", w.tally.features)
	}
	clear(w.tally.records)
	clear(w.tally.rejected)
	clear(w.tally.late)
	w.tally.slices, w.tally.features = 0, 0
	if b.End >= 0 {
		o.Lag(w.part, max(0, b.End-b.Next))
	}
	if !w.cp.Newest.IsZero() {
		o.Newest(w.cp.Newest)
	}
}
