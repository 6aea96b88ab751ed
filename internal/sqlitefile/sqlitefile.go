// Package sqlitefile opens a SQLite file the way the project keeps state in one: write-ahead log, every commit on disk before
// it is acknowledged, one writer, readers that can't write, versioned tables. It owns connections and transactions; it knows
// no table.
package sqlitefile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrCorrupt is the error of a file that is damaged or was never a database. Its owner may put it aside and start afresh.
var ErrCorrupt = errors.New("the database file is damaged or is no SQLite database")

// readers is the most reads that run at once; more wait.
const readers = 4

// File is an open SQLite file. It is safe for concurrent use.
type File struct {
	Read *sql.DB // connections that can't write

	pool  *sql.DB
	mu    sync.Mutex // held by whoever uses write
	write *sql.Conn  // nil if the file was opened for reading
	stmts []*sql.Stmt
}

// Open opens the file at path and creates it, readable by its owner only, if it is missing.
func Open(ctx context.Context, path string) (*File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // SQLite gives its other files the same mode
	if err != nil {
		return nil, hint(err)
	}
	f.Close()
	read, err := open(path, "query_only(1)")
	if err != nil {
		return nil, err
	}
	file := &File{Read: read}
	file.pool, err = open(path, "auto_vacuum(incremental)", "journal_mode(wal)", "synchronous(full)",
		"wal_autocheckpoint(1000)", "journal_size_limit(67108864)")
	if err == nil {
		file.write, err = file.pool.Conn(ctx)
	}
	if err != nil {
		file.Close()
		return nil, Error(err)
	}
	read.SetMaxOpenConns(readers)
	return file, nil
}

// OpenReadOnly opens the file at path, which must exist, while another process may be writing it.
func OpenReadOnly(path string) (*File, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, hint(err)
	}
	read, err := open(path, "query_only(1)")
	if err != nil {
		return nil, err
	}
	read.SetMaxOpenConns(readers)
	return &File{Read: read}, nil
}

func hint(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: check the path; directories are not created", err)
	}
	return err
}

func open(path string, pragmas ...string) (*sql.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	q := url.Values{"_pragma": append([]string{"busy_timeout(10000)"}, pragmas...)}
	return sql.Open("sqlite", (&url.URL{Scheme: "file", Path: abs, RawQuery: q.Encode()}).String())
}

// Close may be called more than once. The writer goes last, since only it can move the log into the file.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.Read.Close()
	for _, s := range f.stmts {
		err = errors.Join(err, s.Close())
	}
	f.stmts = nil
	if f.write != nil {
		err = errors.Join(err, f.write.Close())
		f.write = nil
	}
	if f.pool != nil {
		err = errors.Join(err, f.pool.Close())
	}
	return err
}

// Prepare prepares statements for use in Tx. They are closed with the file.
func (f *File) Prepare(ctx context.Context, statements map[**sql.Stmt]string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for stmt, text := range statements {
		s, err := f.write.PrepareContext(ctx, text)
		if err != nil {
			return fmt.Errorf("prepare %q: %w", text, Error(err))
		}
		*stmt = s
		f.stmts = append(f.stmts, s)
	}
	return nil
}

// Tx runs do in a transaction that is on disk when Tx returns nil, and has left nothing if it returns an error. One runs at a
// time. The context that do gets is never canceled, since the driver starts a goroutine for each statement that can be; a long
// do looks at ctx itself. Then committed is called, if it isn't nil, before the next transaction begins.
func (f *File) Tx(ctx context.Context, do func(ctx context.Context, tx *sql.Conn) error, committed func()) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if f.write == nil {
		return errors.New("the file is closed or open for reading only")
	}
	background := context.WithoutCancel(ctx)
	if _, err := f.write.ExecContext(background, "BEGIN IMMEDIATE"); err != nil {
		return Error(err)
	}
	done := false
	defer func() { // also when do panics: the lock must not be left with an open transaction
		if !done {
			f.write.ExecContext(background, "ROLLBACK")
		}
	}()
	if err := do(background, f.write); err != nil {
		return Error(err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := f.write.ExecContext(background, "COMMIT"); err != nil {
		return Error(err)
	}
	done = true
	if committed != nil {
		committed()
	}
	return nil
}

// Exclusive runs do on the writer's connection outside a transaction.
func (f *File) Exclusive(ctx context.Context, do func(*sql.Conn) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.write == nil {
		return errors.New("the file is closed or open for reading only")
	}
	return Error(do(f.write))
}

// Check reads the whole file and returns ErrCorrupt if it is damaged. It takes about a second per few hundred megabytes.
func (f *File) Check(ctx context.Context) error {
	var verdict string
	if err := f.Read.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return Error(err)
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: %s", ErrCorrupt, verdict)
	}
	return nil
}

// Error makes the driver's errors of a damaged file ErrCorrupt. Others it leaves as they are.
func Error(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) || errors.Is(err, ErrCorrupt) {
		return err
	}
	if code := e.Code() & 0xff; code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB {
		return fmt.Errorf("%w (%w)", ErrCorrupt, err)
	}
	return err
}
