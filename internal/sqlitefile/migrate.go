package sqlitefile

import (
	"context"
	"database/sql"
	"fmt"
)

// Tables are the versioned tables of one owner of a file. Version n is made from n-1 by Steps[n-1].
type Tables struct {
	Steps []string
	// Version selects the version of what is there, 0 if nothing is. SetVersion is a format with a place for a number.
	Version, SetVersion string
}

// version returns the version of the tables in the file, and an error if it is newer than this program.
func (t Tables) version(ctx context.Context, q interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}) (int, error) {
	var v int
	if err := q.QueryRowContext(ctx, t.Version).Scan(&v); err != nil {
		return 0, Error(err)
	}
	if v > len(t.Steps) {
		return v, fmt.Errorf("the file has format %d and this program knows formats up to %d: use the newer program, or another file", v, len(t.Steps))
	}
	return v, nil
}

// Migrate brings the tables to the newest version, all steps or none.
func (f *File) Migrate(ctx context.Context, t Tables) error {
	return f.Tx(ctx, func(ctx context.Context, tx *sql.Conn) error {
		v, err := t.version(ctx, tx)
		if err != nil || v == len(t.Steps) {
			return err
		}
		for ; v < len(t.Steps); v++ {
			if _, err := tx.ExecContext(ctx, t.Steps[v]); err != nil {
				return fmt.Errorf("migrate to format %d: %w", v+1, err)
			}
		}
		_, err = tx.ExecContext(ctx, fmt.Sprintf(t.SetVersion, v))
		return err
	}, nil)
}

// Expect returns an error unless the tables have exactly the newest version: what may not write can't migrate.
func (f *File) Expect(ctx context.Context, t Tables) error {
	v, err := t.version(ctx, f.Read)
	if err != nil {
		return err
	}
	if v < len(t.Steps) {
		return fmt.Errorf("the file has format %d, this program reads format %d: start the daemon on it once to bring it up to date", v, len(t.Steps))
	}
	return nil
}
