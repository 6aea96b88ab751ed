package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"plumbline/internal/sqlitefile"
	"plumbline/store"
)

// expireStep is how many rows one transaction deletes at most, so that flushes wait a few milliseconds only.
const expireStep = 1000

// freeStep is how many pages one statement gives back to the file system.
const freeStep = 1000

// Expire deletes panes that start before panes with the answers and labels of that time, and samples older than samples, and
// shrinks the file.
func (s *Store) Expire(ctx context.Context, panes, samples time.Time) (int64, error) {
	n, err := s.expire(ctx, panes, samples)
	if err == nil && n > 0 {
		err = s.shrink(ctx)
	}
	if err != nil {
		return n, fmt.Errorf("expire: %w", err)
	}
	return n, nil
}

func (s *Store) expire(ctx context.Context, panes, samples time.Time) (total int64, err error) {
	for _, step := range []func() (int64, error){
		func() (int64, error) {
			return s.expirePrefix(ctx, "series", "DELETE FROM panes WHERE rowid IN (SELECT rowid FROM panes WHERE series = ? AND start < ? LIMIT ?)", ceilMilli(panes))
		},
		func() (int64, error) {
			return s.expirePrefix(ctx, "versions", `DELETE FROM answers WHERE (version, time, part, offset) IN
				(SELECT version, time, part, offset FROM answers WHERE version = ? AND time < ? LIMIT ?)`, ceilMicro(panes))
		},
		func() (int64, error) { return s.expireLabels(ctx, ceilMicro(panes)) },
		func() (int64, error) { return s.expireSamples(ctx, samples) },
	} {
		n, err := step()
		total += n
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// integers returns the rows of a query of one column.
func (s *Store) integers(ctx context.Context, query string, args ...any) (out []int64, err error) {
	err = s.each(ctx, query, args, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		out = append(out, id)
		return err
	})
	return out, err
}

// expirePrefix deletes what is before a time for each id of a table of names, in steps.
func (s *Store) expirePrefix(ctx context.Context, of, query string, before int64) (total int64, err error) {
	ids, err := s.integers(ctx, "SELECT id FROM "+of)
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		for {
			var n int64
			err := s.file.Tx(ctx, func(ctx context.Context, tx *sql.Conn) error {
				r, err := tx.ExecContext(ctx, query, id, before, expireStep)
				if err != nil {
					return err
				}
				n, err = r.RowsAffected()
				return err
			}, nil)
			if err != nil {
				return total, err
			}
			if total += n; n < expireStep {
				break
			}
		}
	}
	return total, nil
}

// labelKey is the primary key of a label.
type labelKey struct {
	model  int64
	id     string
	time   int64
	offset int64
	part   int64
}

// expireLabels walks all labels in steps: they are ordered by id, as the join with answers needs them, and not by time.
func (s *Store) expireLabels(ctx context.Context, before int64) (total int64, err error) {
	at := labelKey{model: -1}
	for {
		var old []labelKey
		n := 0
		err := s.each(ctx, `SELECT model, id, time, offset, part FROM labels
			WHERE (model, id, time, offset, part) > (?, ?, ?, ?, ?) ORDER BY model, id, time, offset, part LIMIT ?`,
			[]any{at.model, at.id, at.time, at.offset, at.part, expireStep}, func(rows *sql.Rows) error {
				n++
				if err := rows.Scan(&at.model, &at.id, &at.time, &at.offset, &at.part); err != nil {
					return err
				}
				if at.time < before {
					old = append(old, at)
				}
				return nil
			})
		if err != nil || n == 0 {
			return total, err
		}
		if len(old) == 0 {
			continue
		}
		err = s.file.Tx(ctx, func(ctx context.Context, tx *sql.Conn) error {
			for _, k := range old {
				_, err := tx.ExecContext(ctx, "DELETE FROM labels WHERE model = ? AND id = ? AND time = ? AND offset = ? AND part = ?",
					k.model, k.id, k.time, k.offset, k.part)
				if err != nil {
					return err
				}
			}
			return nil
		}, nil)
		if err != nil {
			return total, err
		}
		total += int64(len(old))
	}
}

// expireSamples deletes blocks that are old as a whole and takes the old samples out of those that are so in part.
func (s *Store) expireSamples(ctx context.Context, before time.Time) (total int64, err error) {
	for {
		n := 0
		err := s.file.Tx(ctx, func(ctx context.Context, tx *sql.Conn) error {
			blocks, err := oldBlocks(ctx, tx, ceilMicro(before))
			if err != nil {
				return err
			}
			for _, b := range blocks {
				gone, err := s.expireBlock(ctx, tx, b, before)
				if err != nil {
					return err
				}
				n += gone
			}
			return nil
		}, nil)
		if err != nil || n == 0 {
			return total, err
		}
		total += int64(n)
	}
}

type oldBlock struct {
	place
	first int64
	body  []byte
}

func oldBlocks(ctx context.Context, tx *sql.Conn, before int64) ([]oldBlock, error) {
	rows, err := tx.QueryContext(ctx, `SELECT version, part, first_offset, body FROM sample_blocks
		WHERE rowid IN (SELECT rowid FROM sample_blocks INDEXED BY sample_blocks_by_time WHERE oldest < ? LIMIT 16)`, before)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var blocks []oldBlock
	for rows.Next() {
		var b oldBlock
		if err := rows.Scan(&b.version, &b.part, &b.first, &b.body); err != nil {
			return nil, err
		}
		blocks = append(blocks, b)
	}
	return blocks, rows.Err()
}

func (s *Store) expireBlock(ctx context.Context, tx *sql.Conn, b oldBlock, before time.Time) (int, error) {
	samples, err := s.unpack(b.body)
	if err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM sample_blocks WHERE version = ? AND part = ? AND first_offset = ?", b.version, b.part, b.first); err != nil {
		return 0, err
	}
	n := len(samples)
	samples = slices.DeleteFunc(samples, func(x store.Sample) bool { return x.Time.Before(before) })
	return n - len(samples), s.addBlocks(ctx, b.place, samples)
}

// shrink gives free pages back to the file system, a few at a time.
func (s *Store) shrink(ctx context.Context) error {
	for {
		var before, after int64
		err := s.file.Exclusive(ctx, func(c *sql.Conn) error {
			background := context.WithoutCancel(ctx)
			if err := c.QueryRowContext(background, "PRAGMA freelist_count").Scan(&before); err != nil || before == 0 {
				return err
			}
			rows, err := c.QueryContext(background, fmt.Sprintf("PRAGMA incremental_vacuum(%d)", freeStep))
			if err != nil {
				return err
			}
			for rows.Next() { // each step frees a page
			}
			if err := rows.Close(); err != nil {
				return err
			}
			return c.QueryRowContext(background, "PRAGMA freelist_count").Scan(&after)
		})
		if err != nil {
			return sqlitefile.Error(err)
		}
		if after == 0 || after >= before {
			return ctx.Err()
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}
