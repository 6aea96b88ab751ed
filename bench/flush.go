package main

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite"

	"plumbline"
	"plumbline/store"
	"plumbline/store/sqlite"
)

// benchFlush measures how rows become durable in SQLite, against the same rows and bytes in a table that has nothing but a key
// and a body, in one transaction on the same driver, and against the bytes written to a file and synced.
func benchFlush(r *report, o options) error {
	for _, c := range []struct {
		name   string
		unit   string
		target float64
		make   func(n int) *store.Flush
	}{
		{"3 panes of 8 KB, 50,000 answers, checkpoint", "rows/s", 0, func(n int) *store.Flush { return flushOf(n, 3, 8000, o.scaled(50_000), 0) }},
		{"400 panes of 400 bytes, checkpoint", "flushes/s", 1000. / 15, func(n int) *store.Flush { return flushOf(n, 400, 400, 0, 0) }},
		{"20,000 samples of 0.9 KB", "rows/s", 0, func(n int) *store.Flush { return flushOf(n, 1, 8000, 0, o.scaled(20_000)) }},
	} {
		if err := benchFlushOf(r, o, c.name, c.unit, c.target, c.make); err != nil {
			return err
		}
	}
	return nil
}

func benchFlushOf(r *report, o options, name, unit string, target float64, makeFlush func(int) *store.Flush) (err error) {
	ctx := context.Background()
	dir, err := os.MkdirTemp(o.Dir, "flush-")
	if err != nil {
		return err
	}
	s, err := sqlite.Open(ctx, filepath.Join(dir, "store.db"), sqlite.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	raw, err := openRaw(ctx, filepath.Join(dir, "raw.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, raw.Close()) }()
	file, err := os.Create(filepath.Join(dir, "bytes"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()

	// One flush is too short to be measured in CPU time, so that a measurement is several of them.
	const flushes = 8
	n := 0
	var next []*store.Flush
	prepare := func() {
		next = nil
		for range flushes {
			next = append(next, makeFlush(n))
			n++
		}
	}
	prepare()
	units := float64(flushes)
	if unit == "rows/s" {
		units *= float64(len(next[0].Panes) + len(next[0].Answers) + len(next[0].Samples))
	}
	taken, err := byTurns(o.Rounds,
		func() error { return each(next, func(f *store.Flush) error { return appendSynced(file, f) }) },
		func() error { return each(next, func(f *store.Flush) error { return raw.flush(ctx, f) }) },
		func() error {
			err := each(next, func(f *store.Flush) error { return s.Flush(ctx, f) })
			prepare()
			return err
		},
	)
	if err != nil {
		return err
	}
	rate := func(what string, u []usage) row {
		return row{Part: "flush", Name: name + ": " + what, Unit: unit, spread: spreadOf(u, func(u usage) float64 { return units / u.wall.Seconds() })}
	}
	plain := rate("raw SQLite, the same bytes", taken[1])
	own := rate("store/sqlite", taken[2]).than(plain)
	own.Floor, own.Target = "raw SQLite", target
	r.add(rate("write and fsync the same bytes", taken[0]), plain, own)
	return nil
}

func each(list []*store.Flush, f func(*store.Flush) error) error {
	for _, x := range list {
		if err := f(x); err != nil {
			return err
		}
	}
	return nil
}

// flushOf is the n-th flush of a partition.
func flushOf(n, panes, size, answers, samples int) *store.Flush {
	p := plumbline.Partition{Source: "bench", Topic: "memory"}
	rnd := rand.NewChaCha8([32]byte{byte(n), byte(n >> 8)})
	g := newGenerator(uint64(n))
	first := int64(n) * int64(answers+samples+1)
	next := first + int64(answers+samples) + 1
	f := &store.Flush{Checkpoint: store.Checkpoint{Partition: p, Next: next, Read: next, Folded: next, Newest: start}}
	for i := range panes {
		pane := store.Pane{LastOffset: next - 1, Records: 1, Body: make([]byte, size), Key: plumbline.PaneKey{
			Stream: plumbline.Stream{Model: model, Version: version, Slice: fmt.Sprintf("country=%d", i)}, Width: time.Hour, Start: start, Partition: p}}
		rnd.Read(pane.Body)
		f.Panes = append(f.Panes, pane)
	}
	for i := range answers {
		x, score := g.next(), 0.0
		score = x.Score.Num
		f.Answers = append(f.Answers, store.Answer{Partition: p, Offset: first + int64(i), Model: model, Version: version, ID: x.ID,
			Time: x.Time.Add(time.Duration(n) * time.Minute), Prediction: "true", Score: &score})
	}
	if samples > 0 {
		list, _ := lines(samples, uint64(n))
		for i, b := range list {
			f.Samples = append(f.Samples, store.Sample{Partition: p, Offset: first + int64(i), Model: model, Version: version, Time: start, Record: b})
		}
	}
	return f
}

// rowsOf calls f with the bytes of every row, which are reused.
func rowsOf(x *store.Flush, f func([]byte) error) error {
	for i := range x.Panes {
		if err := f(x.Panes[i].Body); err != nil {
			return err
		}
	}
	var b []byte
	for i := range x.Answers {
		a := &x.Answers[i]
		b = binary.AppendVarint(b[:0], a.Offset)
		b = binary.AppendVarint(b, a.Time.UnixMicro())
		b = append(append(b, a.ID...), a.Prediction...)
		b = binary.BigEndian.AppendUint64(b, 0) // the score
		if err := f(b); err != nil {
			return err
		}
	}
	for i := range x.Samples {
		if err := f(x.Samples[i].Record); err != nil {
			return err
		}
	}
	return nil
}

func appendSynced(file *os.File, x *store.Flush) error {
	var all []byte
	rowsOf(x, func(b []byte) error { all = append(all, b...); return nil })
	if _, err := file.Write(all); err != nil {
		return err
	}
	return file.Sync()
}

// rawSQLite is a table of bytes.
type rawSQLite struct {
	db     *sql.DB
	conn   *sql.Conn
	insert *sql.Stmt
}

func openRaw(ctx context.Context, path string) (*rawSQLite, error) {
	r := &rawSQLite{}
	var err error
	if r.db, err = sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(wal)&_pragma=synchronous(full)"); err != nil {
		return nil, err
	}
	if r.conn, err = r.db.Conn(ctx); err != nil {
		return nil, err
	}
	if _, err = r.conn.ExecContext(ctx, "CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB NOT NULL)"); err != nil {
		return nil, err
	}
	r.insert, err = r.conn.PrepareContext(ctx, "INSERT INTO t (body) VALUES (?)")
	return r, err
}

func (r *rawSQLite) flush(ctx context.Context, x *store.Flush) error {
	if _, err := r.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err := rowsOf(x, func(b []byte) error { _, err := r.insert.ExecContext(ctx, b); return err }); err != nil {
		return err
	}
	_, err := r.conn.ExecContext(ctx, "COMMIT")
	return err
}

func (r *rawSQLite) Close() error {
	return errors.Join(r.insert.Close(), r.conn.Close(), r.db.Close())
}
