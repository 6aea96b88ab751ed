package pipeline

import (
	"time"

	"plumbline"
	"plumbline/profiles"
	"plumbline/store"
)

// Widths of the coarser panes. The finest is the model's own; slices are kept from Hour up.
const (
	Minute = time.Minute
	Hour   = time.Hour
	Day    = 24 * time.Hour
)

// paneID is a pane of one partition's worker; the partition is implied.
type paneID struct {
	stream plumbline.Stream
	width  time.Duration
	start  int64 // Unix seconds
}

func (id paneID) key(p plumbline.Partition) plumbline.PaneKey {
	return plumbline.PaneKey{Stream: id.stream, Width: id.width, Start: time.Unix(id.start, 0).UTC(), Partition: p}
}

// openPane is a pane in memory: a cumulative snapshot that goes on growing.
type openPane struct {
	id      paneID
	profile *profiles.Profile
	last    int64 // highest offset folded in
	sampled int   // records kept as samples
	dirty   bool
	used    int64 // newest flush that touched it
}

func (p *openPane) snapshot(part plumbline.Partition, body []byte) store.Pane {
	return store.Pane{Key: p.id.key(part), LastOffset: p.last, Records: p.profile.Records(), Body: body}
}

// floor returns the start of the pane of that width that holds t, in Unix seconds.
func floor(t time.Time, width time.Duration) int64 {
	s, w := t.Unix(), int64(width/time.Second)
	f := s - s%w
	if s%w < 0 {
		f -= w
	}
	return f
}

// fineWidth is the width of a model's finest pane.
func fineWidth(m *plumbline.Model) time.Duration {
	if m.Pane > 0 {
		return m.Pane
	}
	return Minute
}
