// Package sqlite keeps profiles, rows and checkpoints in one SQLite file. A flush is one transaction: after a crash it is
// there entirely or not at all. The package owns the file's schema and nothing of what a profile means.
package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/klauspost/compress/zstd"

	"plumbline/internal/sqlitefile"
	"plumbline/store"
)

// ErrCorrupt is the error of a file that is damaged or is no SQLite database: it can be put aside and filled anew from the source.
var ErrCorrupt = sqlitefile.ErrCorrupt

// Options are the choices a caller has.
type Options struct {
	// ReadOnly opens an existing file, perhaps while a daemon writes it. Every writing method fails.
	ReadOnly bool
}

// Store is a store.Store in a file.
type Store struct {
	file  *sqlitefile.File
	write writer
	names names
	zip   *zstd.Encoder // neither has a goroutine, so they need no closing
	unzip *zstd.Decoder
}

var _ store.Store = (*Store)(nil)

// Open opens the store at path and creates it, with mode 0600, if it is missing. It returns ErrCorrupt if the file is no
// database, and an error that says so if a newer program or another one has written it.
func Open(ctx context.Context, path string, opts Options) (*Store, error) {
	s, err := open(ctx, path, opts)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	return s, nil
}

func open(ctx context.Context, path string, opts Options) (*Store, error) {
	s := &Store{}
	var err error
	if s.zip, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<18)); err != nil {
		return nil, err
	}
	if s.unzip, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(maxBlock)); err != nil {
		return nil, err
	}
	if opts.ReadOnly {
		if s.file, err = sqlitefile.OpenReadOnly(path); err != nil {
			return nil, err
		}
		if err := s.file.Expect(ctx, tables); err != nil {
			s.Close()
			return nil, err
		}
		return s, nil
	}
	if s.file, err = sqlitefile.Open(ctx, path); err != nil {
		return nil, err
	}
	if err := s.setUp(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Store) setUp(ctx context.Context) error {
	var foreign int
	if err := s.file.Read.QueryRowContext(ctx, foreignTables).Scan(&foreign); err != nil {
		return sqlitefile.Error(err)
	}
	if foreign > 0 {
		return fmt.Errorf("it is the database of another program (%d of its tables are not plumbline's): name another file", foreign)
	}
	if err := s.file.Migrate(ctx, tables); err != nil {
		return err
	}
	return s.write.prepare(ctx, s.file)
}

// Close may be called more than once.
func (s *Store) Close() error { return s.file.Close() }

// Check reads the whole file and returns ErrCorrupt if it is damaged.
func (s *Store) Check(ctx context.Context) error { return s.file.Check(ctx) }

// Panes start at milliseconds, everything else happens at microseconds, since 1970.

func millis(t int64) time.Time { return time.UnixMilli(t).UTC() }

func micros(t int64) time.Time { return time.UnixMicro(t).UTC() }

// ceilMilli and ceilMicro round up, as both bounds of a half-open window need it: x ≥ t exactly if x ≥ ⌈t⌉ for whole x.

func ceilMilli(t time.Time) int64 {
	m := t.UnixMilli()
	if millis(m).Before(t) {
		m++
	}
	return m
}

func ceilMicro(t time.Time) int64 {
	m := t.UnixMicro()
	if micros(m).Before(t) {
		m++
	}
	return m
}

// each calls scan for every row of a query on the readers' connections.
func (s *Store) each(ctx context.Context, query string, args []any, scan func(*sql.Rows) error) error {
	rows, err := s.file.Read.QueryContext(ctx, query, args...)
	if err != nil {
		return sqlitefile.Error(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return sqlitefile.Error(err)
		}
	}
	return sqlitefile.Error(rows.Err())
}
