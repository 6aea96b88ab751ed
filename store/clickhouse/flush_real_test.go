//go:build real

package clickhouse

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"plumbline"
	"plumbline/internal/chtest"
	"plumbline/store"
)

// load is what `partitions` workers flush at once: for each record an answer and the record itself, and panes of half a
// thousand slices.
type load struct {
	rnd     *rand.Rand
	offset  int64
	records int // a partition
	panes   int // a partition
}

func (l *load) next() (flushes []*store.Flush, rows int) {
	for id := range int32(partitions) {
		part := at(id)
		f := &store.Flush{}
		for i := range l.records {
			offset := l.offset + int64(i)
			when := midnight.Add(time.Duration(offset) * 100 * time.Microsecond)
			score := l.rnd.Float64()
			key := fmt.Sprintf("%d-%08x", offset, l.rnd.Uint32())
			f.Answers = append(f.Answers, store.Answer{Partition: part, Offset: offset, Model: "flights", Version: "1", ID: key, Time: when,
				Prediction: fmt.Sprint(l.rnd.IntN(2)), Score: &score, Slices: []string{"carrier=UA", "origin=EWR"}, Query: l.rnd.Uint64()})
			f.Samples = append(f.Samples, store.Sample{Partition: part, Offset: offset, Model: "flights", Version: "1", ID: key, Time: when, Record: l.record(key)})
		}
		last := l.offset + int64(l.records) - 1
		for i := range l.panes {
			body := make([]byte, 1000)
			for j := 0; j < len(body); j += 4 { // a quarter is entropy, as in small counts
				body[j] = byte(l.rnd.Uint32())
			}
			f.Panes = append(f.Panes, store.Pane{
				Key:        plumbline.PaneKey{Stream: plumbline.Stream{Model: "flights", Version: "1", Slice: fmt.Sprintf("n=%d", i)}, Width: time.Hour, Start: midnight, Partition: part},
				LastOffset: last, Records: int64(l.records), Body: body,
			})
		}
		f.Checkpoint = store.Checkpoint{Partition: part, Next: last + 1, Read: last + 1, Folded: last + 1}
		flushes = append(flushes, f)
		rows += len(f.Panes) + len(f.Answers) + len(f.Samples) + 1
	}
	l.offset += int64(l.records)
	return flushes, rows
}

// record is a native record of 32 features, some 0.9 KB.
func (l *load) record(id string) []byte {
	features := map[string]any{}
	for i := range 24 {
		features[fmt.Sprintf("number_%02d", i)] = float64(l.rnd.IntN(1e6)) / 100
	}
	for i := range 8 {
		features[fmt.Sprintf("category_%d", i)] = fmt.Sprintf("value %d", l.rnd.IntN(30))
	}
	b, err := json.Marshal(map[string]any{"id": id, "model": "flights", "version": "1", "ts": "2013-07-01T00:00:00Z", "features": features, "score": l.rnd.Float64()})
	if err != nil {
		panic(err)
	}
	return b
}

// BenchmarkFlush compares FlushAll with its floor: the same rows, their columns laid out beforehand, inserted by the bare
// client into tables without key, codec, retention or fsync.
func BenchmarkFlush(b *testing.B) {
	s := migrated(b, chtest.Start(b, b.TempDir()))
	ctx := context.Background()
	measure := func(b *testing.B, flush func([]*store.Flush) func() error) {
		l := &load{rnd: rand.New(rand.NewPCG(1, 2)), records: 5000, panes: 500}
		total := 0
		for b.Loop() {
			b.StopTimer()
			flushes, rows := l.next()
			run := flush(flushes)
			total += rows
			b.StartTimer()
			if err := run(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(total)/b.Elapsed().Seconds(), "rows/s")
	}
	b.Run("store", func(b *testing.B) {
		measure(b, func(flushes []*store.Flush) func() error { return func() error { return s.FlushAll(ctx, flushes) } })
		for _, t := range []table{panes, answers, samples} {
			var bytes, rows uint64
			if err := s.conn.QueryRow(ctx, "SELECT sum(bytes_on_disk), sum(rows) FROM system.parts WHERE active AND database = {db:String} AND table = {table:String}",
				named("db", s.cfg.Database), named("table", t.name)).Scan(&bytes, &rows); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(bytes)/float64(rows), "B/"+t.name[:len(t.name)-1])
		}
	})
	b.Run("floor", func(b *testing.B) {
		for _, t := range []table{panes, answers, samples, checkpoints} {
			if err := s.conn.Exec(ctx, "CREATE TABLE IF NOT EXISTS "+raw(t).in(s.cfg)+" ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM "+t.in(s.cfg)+" LIMIT 0"); err != nil {
				b.Fatal(err)
			}
		}
		measure(b, func(flushes []*store.Flush) func() error {
			var all store.Flush
			var marks []store.Checkpoint
			for _, f := range flushes {
				all.Panes, all.Answers, all.Samples = append(all.Panes, f.Panes...), append(all.Answers, f.Answers...), append(all.Samples, f.Samples...)
				marks = append(marks, f.Checkpoint)
			}
			p, a, x, c := paneColumns(all.Panes), answerColumns(all.Answers), sampleColumns(all.Samples), checkpointColumns(marks)
			return func() error {
				for _, t := range []struct {
					table   table
					columns []column
				}{{panes, p}, {answers, a}, {samples, x}, {checkpoints, c}} {
					if err := s.insert(ctx, raw(t.table), t.columns); err != nil {
						return err
					}
				}
				return nil
			}
		})
	})
}

func raw(t table) table { return table{name: "raw_" + t.name} }

// BenchmarkPanes looks 2,000 keys up among a million panes.
func BenchmarkPanes(b *testing.B) {
	s := migrated(b, chtest.Start(b, b.TempDir()))
	ctx := context.Background()
	const streams, hours = 1000, 250
	for part := range int32(partitions) {
		if err := s.conn.Exec(ctx, fmt.Sprintf(`
			INSERT INTO %s (model, version, slice, width, start, source, topic, partition, last_offset, records, body)
			SELECT 'flights', '1', concat('n=', toString(number %% %d)) AS slice, w, toDateTime64('2013-07-01 00:00:00', 3, 'UTC') + toIntervalSecond(intDiv(intDiv(number, %d) * 3600, w) * w) AS start,
			       'kafka', 'inference', %d, max(number), count(), randomString(200)
			FROM numbers(%d) ARRAY JOIN [3600, 86400] AS w
			GROUP BY slice, w, start`, panes.in(s.cfg), streams, streams, part, streams*hours)); err != nil {
			b.Fatal(err)
		}
	}
	var keys []plumbline.PaneKey
	for i := range 2000 { // what one worker needs at the turn of an hour that it has seen before
		keys = append(keys, plumbline.PaneKey{Stream: plumbline.Stream{Model: "flights", Version: "1", Slice: fmt.Sprintf("n=%d", i%streams)},
			Width: time.Hour, Start: midnight.Add(time.Duration(100+i/streams) * time.Hour), Partition: at(2)})
	}
	b.Run("2000 keys", func(b *testing.B) {
		for b.Loop() {
			if found, err := s.Panes(ctx, keys); err != nil || len(found) != len(keys) {
				b.Fatalf("%d panes, %v", len(found), err)
			}
		}
	})
	b.Run("window", func(b *testing.B) {
		for b.Loop() {
			w := plumbline.Window{From: midnight, To: midnight.AddDate(0, 0, 30)}
			if found, err := s.Window(ctx, keys[0].Stream, time.Hour, w); err != nil || len(found) != hours*partitions {
				b.Fatalf("%d panes, %v", len(found), err)
			}
		}
	})
	b.Run("streams", func(b *testing.B) {
		for b.Loop() {
			if found, err := s.Streams(ctx); err != nil || len(found) != streams {
				b.Fatalf("%d streams, %v", len(found), err)
			}
		}
	})
	b.Run("newest pane", func(b *testing.B) {
		for b.Loop() {
			if newest, err := s.NewestPane(ctx, at(1)); err != nil || newest.IsZero() {
				b.Fatal(newest, err)
			}
		}
	})
}
