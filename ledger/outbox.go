package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"plumbline/internal/sqlitefile"
)

// maxError is how many bytes of an error are kept.
const maxError = 1024

const columns = `key, kind, destination, grp, alert, edge, at, not_before, dry_run, state, attempts, next_try, last_error, reason,
	created, done, batch FROM ledger_deliveries `

// deliveries returns the rows of "SELECT columns" and what follows.
func (l *Ledger) deliveries(ctx context.Context, where string, args ...any) ([]Delivery, error) {
	rows, err := l.file.Read.QueryContext(ctx, "SELECT "+columns+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read deliveries: %w", sqlitefile.Error(err))
	}
	defer rows.Close()
	var out []Delivery
	for rows.Next() {
		var d Delivery
		var body []byte
		var at, notBefore, nextTry, created, done sql.NullInt64
		err := rows.Scan(&d.Key, &d.Kind, &d.Destination, &d.Group, &body, &d.Edge, &at, &notBefore, &d.DryRun, &d.State, &d.Attempts,
			&nextTry, &d.LastError, &d.Reason, &created, &done, &d.Batch)
		if err != nil {
			return nil, fmt.Errorf("read deliveries: %w", sqlitefile.Error(err))
		}
		if err := json.Unmarshal(body, &d.Alert); err != nil {
			return nil, fmt.Errorf("read delivery %s: %w: %w", d.Key, ErrCorrupt, err)
		}
		d.At, d.NotBefore, d.NextTry, d.Created, d.Done = instant(at), instant(notBefore), instant(nextTry), instant(created), instant(done)
		out = append(out, d)
	}
	return out, sqlitefile.Error(rows.Err())
}

// Due returns at most limit pending deliveries whose time has come, in the order of their commits. The rest of a batch comes
// with its first, beyond the limit: a batch is sent as a whole under its key.
func (l *Ledger) Due(ctx context.Context, now time.Time, limit int) ([]Delivery, error) {
	return l.deliveries(ctx, `WHERE seq IN (
			WITH first AS (SELECT seq, batch FROM ledger_deliveries WHERE state = 'pending' AND due <= ? ORDER BY seq LIMIT ?)
			SELECT seq FROM first
			UNION SELECT seq FROM ledger_deliveries WHERE batch <> '' AND state = 'pending' AND batch IN (SELECT batch FROM first)
		) ORDER BY seq`, now.UnixNano(), limit)
}

// Later returns the pending deliveries whose time has not come at now, in the order of their commits.
func (l *Ledger) Later(ctx context.Context, now time.Time) ([]Delivery, error) {
	return l.deliveries(ctx, "WHERE state = 'pending' AND due > ? ORDER BY seq", now.UnixNano())
}

// NextDue returns when the next pending delivery may go, false if none is pending.
func (l *Ledger) NextDue(ctx context.Context) (time.Time, bool, error) {
	var at sql.NullInt64
	err := l.file.Read.QueryRowContext(ctx, "SELECT min(due) FROM ledger_deliveries WHERE state = 'pending'").Scan(&at)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("read outbox: %w", sqlitefile.Error(err))
	}
	return instant(at), at.Valid, nil
}

// Assign remembers, before the first attempt, that deliveries travel together under the key batch, so that every retry
// carries the same. It fails, and assigns none, if one of them is not pending or travels in another batch.
func (l *Ledger) Assign(ctx context.Context, keys []string, batch string) error {
	return l.update(ctx, "assign", keys, "batch = ? WHERE key = ? AND state = 'pending' AND batch IN ('', ?)",
		func(key string) []any { return []any{batch, key, batch} })
}

// Done notes that the destination took pending deliveries.
func (l *Ledger) Done(ctx context.Context, keys []string, now time.Time) error {
	return l.update(ctx, "mark as sent", keys, "state = 'sent', attempts = attempts + 1, last_error = '', done = ? WHERE key = ? AND state = 'pending'",
		func(key string) []any { return []any{nullable(now), key} })
}

// Fail notes that pending deliveries are given up and why. The reason must hold no secret.
func (l *Ledger) Fail(ctx context.Context, keys []string, reason string, now time.Time) error {
	return l.update(ctx, "mark as failed", keys, "state = 'failed', attempts = attempts + 1, last_error = ?, done = ? WHERE key = ? AND state = 'pending'",
		func(key string) []any { return []any{shorten(reason), nullable(now), key} })
}

// Retry notes that an attempt failed and when the next one may be.
func (l *Ledger) Retry(ctx context.Context, keys []string, reason string, next time.Time) error {
	return l.update(ctx, "put off", keys, `attempts = attempts + 1, last_error = ?1, next_try = ?2, due = max(coalesce(not_before, 0), ?2)
		WHERE key = ?3 AND state = 'pending'`,
		func(key string) []any { return []any{shorten(reason), next.UnixNano(), key} })
}

// Suppress notes that pending deliveries are held back for good and why.
func (l *Ledger) Suppress(ctx context.Context, keys []string, reason string, now time.Time) error {
	return l.update(ctx, "suppress", keys, "state = 'suppressed', reason = ?, done = ? WHERE key = ? AND state = 'pending'",
		func(key string) []any { return []any{shorten(reason), nullable(now), key} })
}

// update changes one row for each key, all or none.
func (l *Ledger) update(ctx context.Context, what string, keys []string, set string, args func(key string) []any) error {
	err := l.file.Tx(ctx, func(ctx context.Context, tx *sql.Conn) error {
		for _, key := range keys {
			r, err := tx.ExecContext(ctx, "UPDATE ledger_deliveries SET "+set, args(key)...)
			if err != nil {
				return err
			}
			if n, err := r.RowsAffected(); err != nil {
				return err
			} else if n == 0 {
				return fmt.Errorf("delivery %s is unknown, no longer pending, or travels otherwise", key)
			}
		}
		return nil
	}, nil)
	if err != nil {
		return fmt.Errorf("%s deliveries: %w", what, err)
	}
	return nil
}

func shorten(s string) string {
	if len(s) <= maxError {
		return s
	}
	return strings.ToValidUTF8(s[:maxError], "") + "…"
}
