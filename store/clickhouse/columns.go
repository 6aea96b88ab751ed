package clickhouse

import (
	"time"

	"plumbline"
	"plumbline/store"
)

// The columns of each kind of row, as they are inserted.

func paneColumns(rows []store.Pane) []column {
	type row = store.Pane
	return append(placeColumns(rows, func(p *row) *plumbline.Partition { return &p.Key.Partition }),
		column{"model", values(rows, func(p *row) string { return p.Key.Model })},
		column{"version", values(rows, func(p *row) string { return p.Key.Version })},
		column{"slice", values(rows, func(p *row) string { return p.Key.Slice })},
		column{"width", values(rows, func(p *row) uint32 { return uint32(p.Key.Width / time.Second) })},
		column{"start", values(rows, func(p *row) time.Time { return p.Key.Start })},
		column{"last_offset", values(rows, func(p *row) int64 { return p.LastOffset })},
		column{"records", values(rows, func(p *row) int64 { return p.Records })},
		column{"body", values(rows, func(p *row) []byte { return notNil(p.Body) })},
	)
}

func answerColumns(rows []store.Answer) []column {
	type row = store.Answer
	return append(placeColumns(rows, func(a *row) *plumbline.Partition { return &a.Partition }),
		column{"offset", values(rows, func(a *row) int64 { return a.Offset })},
		column{"model", values(rows, func(a *row) string { return a.Model })},
		column{"version", values(rows, func(a *row) string { return a.Version })},
		column{"time", values(rows, func(a *row) time.Time { return a.Time })},
		column{"id", values(rows, func(a *row) string { return a.ID })},
		column{"session", values(rows, func(a *row) string { return a.Session })},
		column{"kind", values(rows, func(a *row) int8 { return int8(a.Kind) })},
		column{"prediction", values(rows, func(a *row) string { return a.Prediction })},
		column{"score", values(rows, func(a *row) *float64 { return a.Score })},
		column{"slices", values(rows, func(a *row) []string { return a.Slices })},
		column{"query", values(rows, func(a *row) uint64 { return a.Query })},
	)
}

func labelColumns(rows []store.Label) []column {
	type row = store.Label
	return append(placeColumns(rows, func(l *row) *plumbline.Partition { return &l.Partition }),
		column{"offset", values(rows, func(l *row) int64 { return l.Offset })},
		column{"model", values(rows, func(l *row) string { return l.Model })},
		column{"id", values(rows, func(l *row) string { return l.ID })},
		column{"time", values(rows, func(l *row) time.Time { return l.Time })},
		column{"value", values(rows, func(l *row) string { return l.Value })},
	)
}

func sampleColumns(rows []store.Sample) []column {
	type row = store.Sample
	return append(placeColumns(rows, func(s *row) *plumbline.Partition { return &s.Partition }),
		column{"offset", values(rows, func(s *row) int64 { return s.Offset })},
		column{"model", values(rows, func(s *row) string { return s.Model })},
		column{"version", values(rows, func(s *row) string { return s.Version })},
		column{"time", values(rows, func(s *row) time.Time { return s.Time })},
		column{"id", values(rows, func(s *row) string { return s.ID })},
		column{"record", values(rows, func(s *row) []byte { return notNil(s.Record) })},
	)
}

func checkpointColumns(rows []store.Checkpoint) []column {
	type row = store.Checkpoint
	return append(placeColumns(rows, func(c *row) *plumbline.Partition { return &c.Partition }),
		column{"next", values(rows, func(c *row) int64 { return c.Next })},
		column{"read", values(rows, func(c *row) int64 { return c.Read })},
		column{"folded", values(rows, func(c *row) int64 { return c.Folded })},
		column{"rejected", values(rows, func(c *row) map[string]int64 {
			m := make(map[string]int64, len(c.Rejected))
			for reason, n := range c.Rejected {
				m[string(reason)] = n
			}
			return m
		})},
		column{"newest", values(rows, func(c *row) *time.Time {
			if c.Newest.IsZero() {
				return nil
			}
			return &c.Newest
		})},
	)
}

func baselineColumns(rows []store.Baseline) []column {
	type row = store.Baseline
	return []column{
		{"model", values(rows, func(b *row) string { return b.Model })},
		{"version", values(rows, func(b *row) string { return b.Version })},
		{"hash", values(rows, func(b *row) string { return b.Hash })},
		{"created", values(rows, func(b *row) time.Time { return b.Created })},
		{"auto", values(rows, func(b *row) bool { return b.Auto })},
		{"body", values(rows, func(b *row) []byte { return notNil(b.Body) })},
	}
}

func placeColumns[T any](rows []T, of func(*T) *plumbline.Partition) []column {
	return []column{
		{"source", values(rows, func(r *T) string { return of(r).Source })},
		{"topic", values(rows, func(r *T) string { return of(r).Topic })},
		{"partition", values(rows, func(r *T) int32 { return of(r).ID })},
	}
}

// notNil tells the driver that nothing is an empty string and not NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
