package plumbline

import (
	"fmt"
	"time"
)

// Partition is an ordered, replayable stream of messages: a Kafka partition, a file, a spool.
type Partition struct {
	Source string // the source's name in the configuration
	Topic  string // the Kafka topic or the file's path
	ID     int32
}

func (p Partition) String() string { return fmt.Sprintf("%s/%s/%d", p.Source, p.Topic, p.ID) }

// Window is the half-open interval [From, To) of event time.
type Window struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

func (w Window) String() string {
	return "[" + w.From.UTC().Format(time.RFC3339) + ", " + w.To.UTC().Format(time.RFC3339) + ")"
}

// Duration is the window's length.
func (w Window) Duration() time.Duration { return w.To.Sub(w.From) }

// Stream names whose records a profile counts: a model's version, all of it or one slice.
type Stream struct {
	Model   string
	Version string
	Slice   string // "" for all records, else canonical like carrier=UA or carrier=UA,origin=EWR (names sorted)
}

// PaneKey names one cumulative snapshot in the store: what one partition contributed to one stream's pane [Start, Start+Width).
type PaneKey struct {
	Stream
	Width     time.Duration
	Start     time.Time
	Partition Partition
}
