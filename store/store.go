// Package store is the contract of what keeps profiles, rows and checkpoints. A store keeps bytes and keys: it knows nothing
// of what a profile means. Nothing is lost and nothing doubled, without transactions across rows: every pane row is a
// cumulative snapshot that is a pure function of (partition, pane, last offset), and of two rows of one key the one with the
// higher last offset wins, whoever wrote it, in whatever order, however often.
package store

import (
	"context"
	"time"

	"plumbline"
)

// Pane is a cumulative snapshot: everything partition Key.Partition contributed to the pane up to and including LastOffset.
type Pane struct {
	Key        plumbline.PaneKey
	LastOffset int64
	Records    int64  // for overviews, without decoding Body
	Body       []byte // an encoded profile
}

// Answer is the compact row of one answer, for what needs memory across records: joins with labels, sessions asking again,
// duplicate ids. It is idempotent by (Partition, Offset).
type Answer struct {
	Partition  plumbline.Partition
	Offset     int64
	Model      string
	Version    string
	ID         string
	Session    string
	Time       time.Time // event time of the question or answer
	Kind       plumbline.Kind
	Prediction string   // canonical text; "" if the record had none
	Score      *float64 // nil if the record had none
	Slices     []string // the canonical slices it belongs to
	Query      uint64   // hash of the features, 0 if it had none: the same session with another query has switched
}

// Label is what turned out to be true for an id. It holds for all versions. Idempotent by (Partition, Offset); of several
// labels for one id the one with the latest Time wins, then the highest offset.
type Label struct {
	Partition plumbline.Partition
	Offset    int64
	Model     string
	ID        string
	Time      time.Time
	Value     string // canonical text of the label
}

// Sample is a record itself. Idempotent by (Partition, Offset).
type Sample struct {
	Partition plumbline.Partition
	Offset    int64
	Model     string
	Version   string
	ID        string
	Time      time.Time
	Record    []byte // native JSON
}

// Checkpoint is how far a partition has been read, and what became of it so far. Read = Folded + the sum of Rejected.
type Checkpoint struct {
	Partition plumbline.Partition
	Next      int64 // offset to read on from
	Read      int64
	Folded    int64
	Rejected  map[plumbline.Reason]int64
	Newest    time.Time // newest event time seen
}

// Flush is what one partition's worker makes durable at once. A store writes panes, answers, labels and samples first and the
// checkpoint last; a crash in between leaves rows newer than the checkpoint, which is harmless.
type Flush struct {
	Panes      []Pane
	Answers    []Answer
	Labels     []Label
	Samples    []Sample
	Checkpoint Checkpoint
}

// Baseline is a frozen baseline as kept beside the data it explains. Two writers of one (Model, Version) must agree, or the
// latest Created wins; every hash ever written stays readable, since panes refer to it.
type Baseline struct {
	Model   string
	Version string
	Hash    string
	Created time.Time
	Auto    bool // made from the first records, not declared
	Body    []byte
}

// StreamInfo is what is known of a stream without decoding a profile.
type StreamInfo struct {
	plumbline.Stream
	First, Last time.Time // starts of its first and last pane
	Records     int64
}

// Outcome is an answer with its label, if it has one.
type Outcome struct {
	Answer
	Label     string
	LabelTime time.Time // zero if unlabelled
}

// Writer is the collectors' half.
type Writer interface {
	Flush(ctx context.Context, f *Flush) error
	Checkpoint(ctx context.Context, p plumbline.Partition) (Checkpoint, bool, error)
	// Panes returns the stored snapshots of those keys that exist, in any order.
	Panes(ctx context.Context, keys []plumbline.PaneKey) ([]Pane, error)
	// NewestPane returns the start of the newest pane of a partition, zero if it has none: a later pane needs no look-up.
	NewestPane(ctx context.Context, p plumbline.Partition) (time.Time, error)
	PutBaseline(ctx context.Context, b Baseline) error
}

// Reader is the evaluator's half. Windows are half-open; one row per key is returned, the one with the highest last offset.
type Reader interface {
	// Window returns every partition's panes of one stream and width that start in w, ordered by start, then partition.
	Window(ctx context.Context, s plumbline.Stream, width time.Duration, w plumbline.Window) ([]Pane, error)
	// Streams lists every stream, ordered by model, version, slice.
	Streams(ctx context.Context) ([]StreamInfo, error)
	// Outcomes returns the answers (kind whole or response) of a model's version in w in order of time, joined by id with
	// the labels whose time is before asOf. Slice "" is all. One answer per row: duplicates by id are not removed.
	Outcomes(ctx context.Context, s plumbline.Stream, w plumbline.Window, asOf time.Time) ([]Outcome, error)
	// Asks returns the answer rows (all kinds) of a model's version in w that have a session, by session, then time.
	Asks(ctx context.Context, s plumbline.Stream, w plumbline.Window) ([]Answer, error)
	// Samples returns at most limit samples of a model's version in w in order of (time, partition, offset); limit 0 is all.
	Samples(ctx context.Context, model, version string, w plumbline.Window, limit int) ([]Sample, error)
	// Baseline returns the current baseline of a version; false if there is none.
	Baseline(ctx context.Context, model, version string) (Baseline, bool, error)
	// BaselineByHash returns any baseline ever put.
	BaselineByHash(ctx context.Context, hash string) (Baseline, bool, error)
	// Checkpoints lists all partitions ever read.
	Checkpoints(ctx context.Context) ([]Checkpoint, error)
}

// Store is the whole contract. Implementations are safe for concurrent use.
type Store interface {
	Writer
	Reader
	// Expire deletes panes that start before panes, the answers and labels of before that instant, and samples of before samples.
	// Answers and labels live as long as panes: a label may come long after its answer, and windows are recounted from both. It
	// works in small steps and returns the number of rows that went.
	Expire(ctx context.Context, panes, samples time.Time) (int64, error)
	Close() error
}
