package sqlite

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"plumbline"
	"plumbline/store"
)

// BenchmarkFlush writes 100 panes of 1 KB and 1000 answers.
func BenchmarkFlush(b *testing.B) { benchmarkFlush(b, 100, 1000, 1000) }

// BenchmarkFlushFeatures writes 400 panes of 400 bytes: what 200 features in two widths would be, one a row.
func BenchmarkFlushFeatures(b *testing.B) { benchmarkFlush(b, 400, 400, 0) }

func benchmarkFlush(b *testing.B, panes, size, answers int) {
	s := openAt(b, filepath.Join(b.TempDir(), "plumbline.db"))
	rnd := rand.NewChaCha8([32]byte{})
	var took []time.Duration
	var offset int64
	for b.Loop() {
		b.StopTimer()
		f := store.Flush{}
		at := day0.Add(time.Duration(offset) * time.Millisecond)
		for i := range panes {
			p := store.Pane{Key: plumbline.PaneKey{Stream: plumbline.Stream{Model: "m", Version: "1", Slice: fmt.Sprint(i)}, Width: time.Hour,
				Start: at.Truncate(time.Hour), Partition: part(0)}, LastOffset: offset, Records: 1, Body: make([]byte, size)}
			rnd.Read(p.Body)
			f.Panes = append(f.Panes, p)
		}
		for range answers {
			one := batch(0, offset, 1)
			offset++
			f.Answers = append(f.Answers, one.Answers...)
		}
		offset++
		f.Checkpoint = store.Checkpoint{Partition: part(0), Next: offset}
		b.StartTimer()
		began := time.Now()
		flush(b, s, f)
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

// BenchmarkWindow reads 30 days of hour panes of 1 KB among those of 20 other streams.
func BenchmarkWindow(b *testing.B) {
	s := openAt(b, filepath.Join(b.TempDir(), "plumbline.db"))
	rnd := rand.NewChaCha8([32]byte{})
	const hours = 30 * 24
	for h := range int64(hours) {
		f := store.Flush{Checkpoint: store.Checkpoint{Partition: part(0), Next: h + 1}}
		for i := range 20 {
			p := store.Pane{Key: plumbline.PaneKey{Stream: plumbline.Stream{Model: "m", Version: "1", Slice: fmt.Sprint(i)}, Width: time.Hour,
				Start: day0.Add(time.Duration(h) * time.Hour), Partition: part(0)}, LastOffset: h, Records: 1, Body: make([]byte, 1000)}
			rnd.Read(p.Body)
			f.Panes = append(f.Panes, p)
		}
		flush(b, s, f)
	}
	for b.Loop() {
		panes, err := s.Window(context.Background(), plumbline.Stream{Model: "m", Version: "1", Slice: "7"}, time.Hour,
			plumbline.Window{From: day0, To: day0.AddDate(0, 0, 30)})
		if err != nil || len(panes) != hours {
			b.Fatal(len(panes), err)
		}
	}
}

// BenchmarkOutcomes reads 7 days of one answer a minute with their labels, of 60 days.
func BenchmarkOutcomes(b *testing.B) {
	s := openAt(b, filepath.Join(b.TempDir(), "plumbline.db"))
	for d := range int64(60) {
		flush(b, s, batch(0, d*1440, 1440))
	}
	for b.Loop() {
		o, err := s.Outcomes(context.Background(), all, plumbline.Window{From: day0.AddDate(0, 0, 50), To: day0.AddDate(0, 0, 57)}, day0.AddDate(1, 0, 0))
		if err != nil || len(o) != 7*1440 {
			b.Fatal(len(o), err)
		}
	}
}
