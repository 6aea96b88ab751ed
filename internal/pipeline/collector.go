package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"plumbline"
	"plumbline/collectors"
	"plumbline/collectors/decode"
	"plumbline/store"
)

// SourceOptions is what a source's configuration says about its messages.
type SourceOptions struct {
	DeadLetters DeadLetters // nil: rejected messages are counted only
	Payload     bool        // dead letters carry the message itself
}

// CollectorOptions are the Collector's bounds; every field must be set.
type CollectorOptions struct {
	Limits        decode.Limits
	FlushInterval time.Duration
	FlushRecords  int // a worker flushes at the latest after so many records
	MaxOpenPanes  int // beyond so many, a flush closes all panes of a worker whose time is over
	MaxSlices     int // distinct slices per model and partition
	Lateness      time.Duration
	Retention     time.Duration // of panes, counted from the newest event time seen
	Samples       SampleOptions
	Sources       map[string]SourceOptions
	Now           func() time.Time // the wall clock
	Observe       Observer
}

// SampleOptions says which records are kept themselves.
type SampleOptions struct {
	Rate       float64 // share, chosen by a hash of partition and offset so that a replay keeps the same
	MaxPerPane int     // 0: no limit
	Exclude    map[string]bool
}

// Observer is told what happened, for metrics. Implementations are safe for concurrent use and don't block.
type Observer interface {
	Records(source, model string, n int)
	Rejected(source string, reason plumbline.Reason, n int)
	Late(model string, n int)
	Dropped(what string, n int) // a bound bit: slices, …
	Flushed(took time.Duration, panes, rows int, err error)
	Lag(p plumbline.Partition, messages int64)
	Newest(t time.Time)
}

// Totals is what became of messages. Read = Folded + the sum of Rejected.
type Totals struct {
	Read     int64                      `json:"read"`
	Folded   int64                      `json:"folded"`
	Rejected map[plumbline.Reason]int64 `json:"rejected"`
}

func (t *Totals) add(o Totals) {
	t.Read += o.Read
	t.Folded += o.Folded
	for r, n := range o.Rejected {
		t.Rejected[r] += n
	}
}

// Collector folds what sources read into the store. It implements collectors.Handler.
type Collector struct {
	store    store.Store
	registry *Registry
	options  CollectorOptions
	log      *slog.Logger

	mu      sync.Mutex
	workers map[plumbline.Partition]*worker
	closed  Totals // of workers that are gone
	changed func(*store.Flush)
}

// NewCollector makes a collector over a store.
func NewCollector(s store.Store, r *Registry, o CollectorOptions, log *slog.Logger) *Collector {
	return &Collector{store: s, registry: r, options: o, log: log, workers: map[plumbline.Partition]*worker{}, closed: Totals{Rejected: map[plumbline.Reason]int64{}}}
}

var _ collectors.Handler = (*Collector)(nil)

// Open starts the partition's worker where the store's checkpoint says.
func (c *Collector) Open(ctx context.Context, p plumbline.Partition, ack func(int64)) (collectors.Position, error) {
	cp, known, err := c.store.Checkpoint(ctx, p)
	if err != nil {
		return collectors.Position{}, fmt.Errorf("read the checkpoint of %s: %w", p, err)
	}
	newest, err := c.store.NewestPane(ctx, p)
	if err != nil {
		return collectors.Position{}, fmt.Errorf("look up the panes of %s: %w", p, err)
	}
	w := newWorker(c, p, cp, newest, ack)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.workers[p] != nil {
		return collectors.Position{}, fmt.Errorf("partition %s is open already", p)
	}
	c.workers[p] = w
	go w.run()
	return collectors.Position{Next: cp.Next, Known: known}, nil
}

func (c *Collector) worker(p plumbline.Partition) *worker {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.workers[p]
}

// Handle queues a batch; it blocks while the worker has two batches waiting.
func (c *Collector) Handle(ctx context.Context, b collectors.Batch) error {
	w := c.worker(b.Partition)
	if w == nil {
		return fmt.Errorf("partition %s is not open", b.Partition)
	}
	select {
	case w.batches <- b:
		return nil
	case <-w.done:
		return w.failure()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close flushes the partition and gives it up. When ctx has ended what is not durable is forgotten.
func (c *Collector) Close(ctx context.Context, p plumbline.Partition) error {
	w := c.worker(p)
	if w == nil {
		return nil
	}
	close(w.batches)
	select {
	case <-w.done:
	case <-ctx.Done():
		w.abandon()
		<-w.done
	}
	c.mu.Lock()
	delete(c.workers, p)
	c.closed.add(w.durable())
	c.mu.Unlock()
	if err := w.failure(); err != nil && !errors.Is(err, errAbandoned) {
		return err
	}
	return ctx.Err()
}

// Sync makes everything handed over so far durable.
func (c *Collector) Sync(ctx context.Context) error {
	c.mu.Lock()
	ws := make([]*worker, 0, len(c.workers))
	for _, w := range c.workers {
		ws = append(ws, w)
	}
	c.mu.Unlock()
	for _, w := range ws {
		reply := make(chan struct{})
		select {
		case w.syncs <- reply:
			select {
			case <-reply:
			case <-w.done:
			case <-ctx.Done():
				return ctx.Err()
			}
		case <-w.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := w.failure(); err != nil {
			return err
		}
	}
	return nil
}

// Totals is what this process has made durable.
func (c *Collector) Totals() Totals {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := Totals{Rejected: map[plumbline.Reason]int64{}}
	t.add(c.closed)
	for _, w := range c.workers {
		t.add(w.durable())
	}
	return t
}
