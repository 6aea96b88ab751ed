package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"plumbline/store"
)

// PutBaseline keeps b. Of a baseline that was put before, only the date and how it came about change, and only forwards.
func (s *Store) PutBaseline(ctx context.Context, b store.Baseline) error {
	err := s.file.Tx(ctx, func(ctx context.Context, tx *sql.Conn) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO baselines (model, version, hash, created, auto, body) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (model, version, hash) DO UPDATE SET created = excluded.created, auto = excluded.auto
			WHERE excluded.created > baselines.created`, b.Model, b.Version, b.Hash, b.Created.UnixMicro(), b.Auto, blob(b.Body))
		return err
	}, nil)
	if err != nil {
		return fmt.Errorf("put baseline of %s %s: %w", b.Model, b.Version, err)
	}
	return nil
}

// Baseline returns the baseline of a version that was created last.
func (s *Store) Baseline(ctx context.Context, model, version string) (store.Baseline, bool, error) {
	return s.baseline(ctx, "WHERE model = ? AND version = ?", model, version)
}

// BaselineByHash returns any baseline ever put.
func (s *Store) BaselineByHash(ctx context.Context, hash string) (store.Baseline, bool, error) {
	return s.baseline(ctx, "WHERE hash = ?", hash)
}

func (s *Store) baseline(ctx context.Context, where string, args ...any) (b store.Baseline, ok bool, err error) {
	err = s.each(ctx, "SELECT model, version, hash, created, auto, body FROM baselines "+where+" ORDER BY created DESC, hash DESC LIMIT 1", args,
		func(rows *sql.Rows) error {
			var created int64
			err := rows.Scan(&b.Model, &b.Version, &b.Hash, &created, &b.Auto, &b.Body)
			b.Created, ok = micros(created), err == nil
			return err
		})
	if err != nil {
		return store.Baseline{}, false, fmt.Errorf("read baseline: %w", err)
	}
	return b, ok, nil
}
