//go:build real

package clickhouse

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"plumbline"
	"plumbline/internal/chtest"
	"plumbline/store"
)

func TestMigrate(t *testing.T) {
	ctx := t.Context()
	cfg := fresh(chtest.Start(t, t.TempDir()))
	if _, err := Open(ctx, cfg); !errors.Is(err, ErrSchema) || !strings.Contains(err.Error(), "run plumbline migrate") {
		t.Fatalf("open without a schema: %v", err)
	}
	migrate := func(want string) {
		t.Helper()
		var out bytes.Buffer
		if err := Migrate(ctx, cfg, &out); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), want) {
			t.Fatalf("printed %q, want %q in it", out.String(), want)
		}
	}
	ddl := func(s *Store) (create string) {
		t.Helper()
		if err := s.conn.QueryRow(ctx, "SHOW CREATE TABLE "+panes.in(cfg)).Scan(&create); err != nil {
			t.Fatal(err)
		}
		return create
	}
	migrate("CREATE TABLE IF NOT EXISTS")
	s := open(t, cfg)
	t.Cleanup(func() { s.conn.Exec(t.Context(), "DROP DATABASE IF EXISTS "+quoteName(cfg.Database)) })
	before := ddl(s)
	f := store.Flush{Checkpoint: store.Checkpoint{Partition: at(0), Next: 7}}
	if err := s.Flush(ctx, &f); err != nil {
		t.Fatal(err)
	}

	migrate("is up to date: schema version 1")
	if after := ddl(s); after != before {
		t.Fatalf("the second run changed\n%s\nto\n%s", before, after)
	}
	for _, statement := range Statements(cfg) { // a first run that died on its way is run again as a whole
		if err := s.conn.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	if c, ok, err := s.Checkpoint(ctx, at(0)); err != nil || !ok || c.Next != 7 {
		t.Fatalf("checkpoint after migrations: %+v, %v, %v", c, ok, err)
	}

	for _, retention := range []time.Duration{10 * day, 0, 20 * day} {
		cfg.PaneRetention = retention
		migrate("TTL")
		ttl := panes.ttl(cfg)
		if got := ddl(s); strings.Contains(got, "TTL") != (ttl != "") || ttl != "" && !strings.Contains(got, strings.NewReplacer("INTERVAL ", "toIntervalDay(", " DAY", ")").Replace(ttl)) {
			t.Fatalf("retention of %v gives\n%s", retention, got)
		}
		migrate("is up to date")
	}

	if err := s.conn.Exec(ctx, "INSERT INTO "+schema.in(cfg)+" (version) VALUES (99)"); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(ctx, cfg); err == nil || !strings.Contains(err.Error(), "newer plumbline") {
		t.Fatalf("open of a newer schema: %v", err)
	}
	if err := Migrate(ctx, cfg, io.Discard); err == nil || !strings.Contains(err.Error(), "newer plumbline") {
		t.Fatalf("migrate of a newer schema: %v", err)
	}
}

// A log of years ago outlives merges: retention by the server counts from when a row was written.
func TestOldLogsStay(t *testing.T) {
	ctx := t.Context()
	s := migrated(t, chtest.Start(t, t.TempDir()))
	w := &folder{part: at(0), panes: map[time.Time]store.Pane{}}
	if err := s.Flush(ctx, w.batch()); err != nil {
		t.Fatal(err)
	}
	for _, of := range tables {
		if err := s.conn.Exec(ctx, "OPTIMIZE TABLE "+of.in(s.cfg)+" FINAL"); err != nil {
			t.Fatal(err)
		}
	}
	verify(t, s, []int64{w.next})

	// And rows of a past retention go, without anybody calling Expire.
	if err := s.conn.Exec(ctx, "ALTER TABLE "+panes.in(s.cfg)+" MODIFY TTL written - INTERVAL 1 DAY"); err != nil {
		t.Fatal(err)
	}
	if err := s.conn.Exec(ctx, "OPTIMIZE TABLE "+panes.in(s.cfg)+" FINAL"); err != nil {
		t.Fatal(err)
	}
	if n := count(t, s, panes); n != 0 {
		t.Errorf("%d rows have outlived their retention", n)
	}
}

// Months that are past as a whole are dropped, the one the limit falls into is cut.
func TestExpireMonths(t *testing.T) {
	ctx := t.Context()
	s := migrated(t, chtest.Start(t, t.TempDir()))
	var f store.Flush
	for d := range 100 { // from July 1 to October 8
		f.Panes = append(f.Panes, store.Pane{Key: plumbline.PaneKey{Stream: flights, Width: 24 * time.Hour, Start: midnight.AddDate(0, 0, d), Partition: at(0)}})
	}
	if err := s.Flush(ctx, &f); err != nil {
		t.Fatal(err)
	}
	for _, limit := range []struct {
		before time.Time
		want   int64
	}{
		{midnight, 0},
		{midnight.AddDate(0, 1, 0), 31},                      // July, exactly
		{midnight.AddDate(0, 2, 3), 31 + 3},                  // August, and three days
		{midnight.AddDate(0, 2, 3).Add(time.Microsecond), 1}, // the pane of that day starts before it
		{midnight.AddDate(0, 0, 100), 100 - 31 - 31 - 3 - 1}, // the rest
		{midnight.AddDate(1, 0, 0), 0},
	} {
		n, err := s.Expire(ctx, limit.before, midnight)
		if err != nil || n != limit.want {
			t.Fatalf("before %v: %d rows went, %v; want %d", limit.before, n, err, limit.want)
		}
		left, err := s.Window(ctx, flights, 24*time.Hour, plumbline.Window{From: midnight, To: midnight.AddDate(1, 0, 0)})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range left {
			if p.Key.Start.Before(limit.before) {
				t.Fatalf("pane of %v is still there before %v", p.Key.Start, limit.before)
			}
		}
	}
}
