package sqlitefile_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"plumbline"
	"plumbline/internal/sqlitefile"
	"plumbline/ledger"
	"plumbline/store"
	"plumbline/store/sqlite"
)

func open(t *testing.T, path string) *sqlitefile.File {
	t.Helper()
	f, err := sqlitefile.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func pragma(t *testing.T, f *sqlitefile.File, name string) (v string) {
	t.Helper()
	err := f.Exclusive(context.Background(), func(c *sql.Conn) error {
		return c.QueryRowContext(context.Background(), "PRAGMA "+name).Scan(&v)
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSettings(t *testing.T) {
	f := open(t, filepath.Join(t.TempDir(), "odd ? name % #.db"))
	for name, want := range map[string]string{ // values as SQLite's documentation of pragmas lists them
		"journal_mode": "wal", "synchronous": "2", "auto_vacuum": "2", "busy_timeout": "10000", "wal_autocheckpoint": "1000", "journal_size_limit": "67108864",
	} {
		if got := pragma(t, f, name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if _, err := f.Read.Exec("CREATE TABLE x (y)"); err == nil {
		t.Error("a reader can write")
	}
}

func TestATransactionIsAllOrNothing(t *testing.T) {
	ctx := context.Background()
	f := open(t, filepath.Join(t.TempDir(), "x.db"))
	exec := func(statements ...string) func(context.Context, *sql.Conn) error {
		return func(ctx context.Context, tx *sql.Conn) error {
			for _, s := range statements {
				if _, err := tx.ExecContext(ctx, s); err != nil {
					return err
				}
			}
			return nil
		}
	}
	count := func() (n int) {
		if err := f.Read.QueryRow("SELECT count(*) FROM x").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if err := f.Tx(ctx, exec("CREATE TABLE x (y UNIQUE)", "INSERT INTO x VALUES (1)"), nil); err != nil {
		t.Fatal(err)
	}
	if err := f.Tx(ctx, exec("INSERT INTO x VALUES (2)", "INSERT INTO x VALUES (1)"), func() { t.Error("committed") }); err == nil {
		t.Fatal("no error")
	}
	canceled, cancel := context.WithCancel(ctx)
	err := f.Tx(canceled, func(ctx context.Context, tx *sql.Conn) error {
		cancel()
		return exec("INSERT INTO x VALUES (3)")(ctx, tx)
	}, nil)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want %v", err, context.Canceled)
	}
	func() {
		defer func() { recover() }()
		f.Tx(ctx, func(ctx context.Context, tx *sql.Conn) error {
			exec("INSERT INTO x VALUES (4)")(ctx, tx)
			panic("a bug")
		}, nil)
	}()
	if n := count(); n != 1 {
		t.Fatalf("%d rows, want 1", n)
	}
	done := false
	if err := f.Tx(ctx, exec("INSERT INTO x VALUES (5)"), func() { done = true }); err != nil || !done {
		t.Fatalf("after all that: %v, committed %v", err, done)
	}
}

func TestClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	f := open(t, path)
	if err := f.Migrate(context.Background(), sqlitefile.Tables{Version: "PRAGMA user_version", SetVersion: "PRAGMA user_version = %d", Steps: []string{"CREATE TABLE x (y)"}}); err != nil {
		t.Fatal(err)
	}
	if err := f.Check(context.Background()); err != nil { // a reader is open too
		t.Fatal(err)
	}
	for range 2 {
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Tx(context.Background(), func(context.Context, *sql.Conn) error { return nil }, nil); err == nil {
		t.Fatal("a transaction in a closed file")
	}
	if left, _ := filepath.Glob(path + "*"); len(left) != 1 {
		t.Fatalf("files %v are left, want the database alone", left)
	}
}

// Store and ledger may live in one file, whichever opens it first, and write at the same time.
func TestStoreAndLedgerShareAFile(t *testing.T) {
	ctx := context.Background()
	for _, ledgerFirst := range []bool{true, false} {
		path := filepath.Join(t.TempDir(), "plumbline.db")
		var s *sqlite.Store
		var l *ledger.Ledger
		steps := []func() error{
			func() (err error) { s, err = sqlite.Open(ctx, path, sqlite.Options{}); return err },
			func() (err error) { l, err = ledger.Open(ctx, path); return err },
		}
		if ledgerFirst {
			steps[0], steps[1] = steps[1], steps[0]
		}
		for range 2 { // the second time both find the other's tables
			for _, step := range steps {
				if err := step(); err != nil {
					t.Fatal(err)
				}
			}
			done := make(chan error)
			go func() {
				var err error
				for i := range 20 {
					_, e := l.Commit(ctx, ledger.Commit{Group: "g", At: time.Unix(int64(i), 0)})
					err = errors.Join(err, e)
				}
				done <- err
			}()
			for i := range int64(20) {
				if err := s.Flush(ctx, &store.Flush{Checkpoint: store.Checkpoint{Partition: plumbline.Partition{Source: "kafka"}, Next: i}}); err != nil {
					t.Fatal(err)
				}
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(s.Close(), l.Close()); err != nil {
				t.Fatal(err)
			}
		}
	}
}
