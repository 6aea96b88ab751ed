package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"plumbline/internal/sqlitefile"
)

// Triggers returns the pulls of a trigger for a model at or after since (event time), oldest first, without those that were
// suppressed: what cooldowns and limits count.
func (l *Ledger) Triggers(ctx context.Context, trigger, model string, since time.Time) ([]Delivery, error) {
	return l.deliveries(ctx, `WHERE kind = 'trigger' AND destination = ? AND model = ? AND at >= ? AND state <> 'suppressed' ORDER BY at, seq`,
		trigger, model, since.UnixNano())
}

// Told returns when a destination was last told of one of the groups, or when it will be where that still waits; zero if never.
func (l *Ledger) Told(ctx context.Context, destination string, groups ...string) (time.Time, error) {
	args := []any{destination}
	for _, g := range groups {
		args = append(args, g)
	}
	var at sql.NullInt64
	err := l.file.Read.QueryRowContext(ctx, `SELECT max(coalesce(done, not_before)) FROM ledger_deliveries
		WHERE kind = 'notification' AND destination = ? AND state IN ('pending', 'sent') AND grp IN (?`+strings.Repeat(", ?", len(groups)-1)+")", args...).Scan(&at)
	if err != nil {
		return time.Time{}, fmt.Errorf("read deliveries: %w", sqlitefile.Error(err))
	}
	return instant(at), nil
}

// Filter selects deliveries; a zero field is no condition.
type Filter struct {
	Kind, State, Destination, Model string
	Since                           time.Time // created at or after
}

// Deliveries returns at most limit deliveries, newest first; limit 0 is all.
func (l *Ledger) Deliveries(ctx context.Context, f Filter, limit int) ([]Delivery, error) {
	if limit <= 0 {
		limit = -1
	}
	return l.deliveries(ctx, `WHERE (?1 = '' OR kind = ?1) AND (?2 = '' OR state = ?2) AND (?3 = '' OR destination = ?3) AND (?4 = '' OR model = ?4)
		AND (?5 IS NULL OR created >= ?5) ORDER BY seq DESC LIMIT ?6`, f.Kind, f.State, f.Destination, f.Model, nullable(f.Since), limit)
}

// Count is how many deliveries of a kind to a destination are in a state.
type Count struct {
	Kind, Destination, State string
	DryRun                   bool
	N                        int64
}

// Counts counts all deliveries, ordered by kind, destination and state.
func (l *Ledger) Counts(ctx context.Context) ([]Count, error) {
	rows, err := l.file.Read.QueryContext(ctx, `SELECT kind, destination, state, dry_run, count(*) FROM ledger_deliveries
		GROUP BY kind, destination, state, dry_run ORDER BY kind, destination, state, dry_run`)
	if err != nil {
		return nil, fmt.Errorf("count deliveries: %w", sqlitefile.Error(err))
	}
	defer rows.Close()
	var out []Count
	for rows.Next() {
		var c Count
		if err := rows.Scan(&c.Kind, &c.Destination, &c.State, &c.DryRun, &c.N); err != nil {
			return nil, fmt.Errorf("count deliveries: %w", sqlitefile.Error(err))
		}
		out = append(out, c)
	}
	return out, sqlitefile.Error(rows.Err())
}

// expireStep is how many deliveries one transaction deletes at most.
const expireStep = 1000

// Expire deletes deliveries created before a time, except those still pending, and returns how many went. Their keys are
// forgotten, so before must be older than anything that may be evaluated again, and than any cooldown.
func (l *Ledger) Expire(ctx context.Context, before time.Time) (total int64, err error) {
	for {
		var n int64
		err := l.file.Tx(ctx, func(ctx context.Context, tx *sql.Conn) error {
			r, err := tx.ExecContext(ctx, `DELETE FROM ledger_deliveries WHERE seq IN
				(SELECT seq FROM ledger_deliveries WHERE created < ? AND state <> 'pending' LIMIT ?)`, before.UnixNano(), expireStep)
			if err != nil {
				return err
			}
			n, err = r.RowsAffected()
			return err
		}, nil)
		if err != nil {
			return total, fmt.Errorf("expire deliveries: %w", err)
		}
		if total += n; n < expireStep {
			return total, nil
		}
	}
}
