// Package collectors is the contract between sources of raw messages and the pipeline that folds them. A source finds
// partitions, reads them in order from where the store says, and hands batches over. It never decodes, never folds and never
// decides what is durable: the store's checkpoint is the truth, Ack only informs lag tools.
package collectors

import (
	"context"
	"time"

	"plumbline"
)

// Message is one raw message. Value is never written to after it was handed over, so strings may alias it.
type Message struct {
	Offset int64
	Value  []byte
	Time   time.Time        // the transport's own time, used where a record has no ts; zero if there is none
	Reject plumbline.Reason // set if the source itself already refused the message (too large, corrupt); Value may then be nil
}

// Batch is a run of one partition's messages in offset order. Offsets may have gaps.
type Batch struct {
	Partition plumbline.Partition
	Messages  []Message
	Next      int64 // where reading goes on after this batch
	End       int64 // the partition's end as the source last saw it, in offsets; -1 if unknown
}

// Position is where a partition's reading goes on.
type Position struct {
	Next  int64
	Known bool // false: the store has never seen this partition
}

// Handler takes what sources read. Its methods may be called from many goroutines, but for one partition only from one.
type Handler interface {
	// Open takes a partition and returns where to read on. Ack, if not nil, is called with the next offset each time
	// everything before it has become durable; it must not block.
	Open(ctx context.Context, p plumbline.Partition, ack func(next int64)) (Position, error)
	// Handle takes a batch; it blocks while the pipeline is full. An error means the batch was not taken: the source stops.
	Handle(ctx context.Context, b Batch) error
	// Close makes everything handed over durable and gives the partition up. After an error the partition's unflushed
	// messages are forgotten; whoever opens it next reads them again.
	Close(ctx context.Context, p plumbline.Partition) error
}

// Source reads messages from somewhere.
type Source interface {
	// Name is the source's name in the configuration.
	Name() string
	// Run reads until everything there will ever be has been handed over (nil) or ctx ends (its error). It closes every
	// partition it opened before it returns.
	Run(ctx context.Context, h Handler) error
	// Idle reports whether everything there is right now has been handed over.
	Idle() bool
}
