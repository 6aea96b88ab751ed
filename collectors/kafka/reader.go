package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"plumbline"
	"plumbline/collectors"
)

const (
	chunkMessages = 4096
	chunkBytes    = 4 << 20

	firstBackoff    = 50 * time.Millisecond
	lastBackoff     = 2 * time.Second
	quarantineAfter = 5 // reads of damaged data in a row
	quarantineRetry = 30 * time.Second
)

// reader reads one partition in one generation.
type reader struct {
	*Source
	topic     string
	id        int32
	partition plumbline.Partition
	commit    func(topic string, partition int32, next int64)
	walker    walker
	complain  func(msg string, err error)
	backoff   time.Duration // before the next try; 0 after a success
	damaged   int           // reads of damaged data in a row
	handed    atomic.Int64  // everything before it was handed over
	end       atomic.Int64  // the partition's end at the last fetch; -1 before the first
}

func newReader(s *Source, topic string, id int32, commit func(string, int32, int64)) *reader {
	p := plumbline.Partition{Source: s.name, Topic: topic, ID: id}
	r := &reader{Source: s, topic: topic, id: id, partition: p, commit: commit,
		walker:   walker{maxMessage: s.config.MaxMessage, decompressor: s.decompressor},
		complain: complainer(s.log.With("partition", p.String())),
	}
	r.end.Store(-1)
	return r
}

func (r *reader) idle() bool {
	end := r.end.Load()
	return end >= 0 && r.handed.Load() >= end
}

// run opens the partition, reads it until ctx ends, and closes it. Its error is fatal; a generation's end is none.
func (r *reader) run(ctx context.Context, h collectors.Handler) error {
	pos, err := h.Open(ctx, r.partition, func(next int64) { r.commit(r.topic, r.id, next) })
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("open %s: %w", r.partition, err)
	}
	read, stop := context.WithCancel(ctx)
	chunks := make(chan collectors.Batch) // one is handled while the next waits here
	fetching := make(chan error, 1)
	go func() {
		defer close(chunks)
		fetching <- r.fetchAll(read, pos, chunks)
	}()
	var handling error
	for b := range chunks {
		if handling = h.Handle(ctx, b); handling != nil {
			break
		}
		r.handed.Store(b.Next)
		if b.End >= 0 {
			r.metrics.lag(r.topic, r.id, max(0, b.End-b.Next))
		}
	}
	stop()
	for range chunks { // what was not handed over is read again by whoever comes next
	}
	fetched := <-fetching
	ended := ctx.Err() != nil
	// Kafka gives the partition to another member at the rebalance timeout, so closing must be done well before.
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.config.RebalanceTimeout*2/3)
	defer cancel()
	closed := h.Close(closing, r.partition)
	r.metrics.lag(r.topic, r.id, -1)
	if r.damaged >= quarantineAfter {
		r.metrics.quarantined(r.topic, r.id, false)
	}
	if closed != nil {
		closed = fmt.Errorf("close %s: %w", r.partition, closed)
	}
	if ended { // the handler and the fetch failed because they were told to stop
		return closed
	}
	if handling != nil {
		handling = fmt.Errorf("handle %s: %w", r.partition, handling)
	}
	return errors.Join(handling, fetched, closed)
}

// fetchAll sends chunks until ctx ends (nil) or reading can't go on.
func (r *reader) fetchAll(ctx context.Context, pos collectors.Position, chunks chan<- collectors.Batch) error {
	if pos.Known {
		r.walker.next = pos.Next
		r.handed.Store(pos.Next)
	} else if err := r.begin(ctx, chunks); err != nil {
		return unlessDone(ctx, err)
	}
	for ctx.Err() == nil {
		if r.backoff > 0 && sleep(ctx, r.backoff) != nil {
			return nil
		}
		f, err := r.fetch(ctx, r.topic, r.id, r.walker.next)
		if err == nil {
			err = r.send(ctx, f, chunks)
		}
		switch {
		case err == nil:
			r.recovered()
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, kafkago.OffsetOutOfRange):
			if err := r.mismatch(ctx, chunks); err != nil {
				return unlessDone(ctx, err)
			}
		case errors.Is(err, errDamaged) || errors.Is(err, kafkago.InvalidMessage):
			r.quarantine(err)
		default:
			r.retry(err)
		}
	}
	return nil
}

func unlessDone(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// send walks a fetch and sends what is in it, in chunks of a bounded size.
func (r *reader) send(ctx context.Context, f fetched, chunks chan<- collectors.Batch) error {
	w := &r.walker
	asked := w.next
	w.reset(f)
	if len(f.records) == 0 {
		r.end.Store(f.end)
		r.metrics.lag(r.topic, r.id, max(0, f.end-r.handed.Load()))
		return nil
	}
	r.end.Store(max(f.end, asked+1)) // not idle from here on
	var messages []collectors.Message
	bytes := 0
	for w.more() {
		var err error
		if messages == nil {
			messages = make([]collectors.Message, 0, 512)
		}
		if messages, err = w.step(messages); err != nil {
			if len(messages) > 0 { // what is whole before the damage
				err = errors.Join(err, r.emit(ctx, messages, f.end, chunks))
			}
			return err
		}
		if bytes += w.bytes; len(messages) >= chunkMessages || bytes >= chunkBytes {
			if err := r.emit(ctx, messages, f.end, chunks); err != nil {
				return err
			}
			messages, bytes = nil, 0
		}
	}
	if w.next == asked && len(messages) == 0 {
		return fmt.Errorf("%w: a fetch at offset %d holds no whole batch", errDamaged, asked)
	}
	if err := r.emit(ctx, messages, f.end, chunks); err != nil {
		return err
	}
	r.end.Store(max(f.end, w.next))
	return nil
}

// emit sends messages as one or more chunks, the last of which goes on where the walker stands.
func (r *reader) emit(ctx context.Context, messages []collectors.Message, end int64, chunks chan<- collectors.Batch) error {
	next := r.walker.next
	end = max(end, next)
	for kind, n := range r.walker.skipped {
		r.metrics.skipped(kind, n)
		delete(r.walker.skipped, kind)
	}
	for {
		n, size := 0, 0
		for n < len(messages) && n < chunkMessages && (n == 0 || size < chunkBytes) {
			size += len(messages[n].Value)
			n++
		}
		b := collectors.Batch{Partition: r.partition, Messages: messages[:n:n], Next: next, End: end}
		if messages = messages[n:]; len(messages) > 0 {
			b.Next = b.Messages[n-1].Offset + 1
		}
		select {
		case chunks <- b:
		case <-ctx.Done():
			return ctx.Err()
		}
		if len(messages) == 0 {
			return nil
		}
	}
}

// recovered notes a fetch that went well.
func (r *reader) recovered() {
	if r.damaged >= quarantineAfter {
		r.log.Info("the partition can be read again", "partition", r.partition.String())
		r.metrics.quarantined(r.topic, r.id, false)
	}
	r.backoff, r.damaged = 0, 0
}

// retry notes an error that passes: a leader that moved, a broker that is away.
func (r *reader) retry(err error) {
	r.backoff = min(max(firstBackoff, r.backoff*2), lastBackoff)
	if r.backoff >= lastBackoff/4 {
		r.complain("can't fetch, trying again", err)
		r.refresh()
	} else if errors.Is(err, kafkago.NotLeaderForPartition) {
		r.refresh()
	}
}

// quarantine notes damaged data. It may be sound on the way here the next time, or on another replica, so reading is tried
// again; but it is never passed over.
func (r *reader) quarantine(err error) {
	r.damaged++
	r.backoff = min(max(firstBackoff, r.backoff*2), lastBackoff)
	r.refresh()
	if r.damaged < quarantineAfter {
		return
	}
	if r.damaged == quarantineAfter {
		r.metrics.quarantined(r.topic, r.id, true)
	}
	r.log.Error("the partition is quarantined: its data at the broker is damaged; plumbline does not pass over it and tries again every half minute; "+
		"move its leader to a sound replica, or delete the records up to the next sound offset",
		"partition", r.partition.String(), "offset", r.walker.next, "error", err)
	r.backoff = quarantineRetry
}
