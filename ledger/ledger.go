// Package ledger is the evaluator's memory: the alert instances and how far each group was evaluated, and, committed in the
// same transaction, every effect the house is to have outside, as deliveries under keys that never change. It owns when a
// delivery may go and what became of it; it sends nothing and decides nothing. It lives in a SQLite file of its own or in that
// of the store.
package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"plumbline"
	"plumbline/internal/sqlitefile"
)

// ErrCorrupt is the error of a file that is damaged or is no SQLite database.
var ErrCorrupt = sqlitefile.ErrCorrupt

// Kinds of a delivery.
const (
	Notification = "notification" // tells a receiver
	Trigger      = "trigger"      // pulls a trigger
)

// States of a delivery.
const (
	Pending    = "pending"    // to be sent, or tried again
	Sent       = "sent"       // the destination took it
	Failed     = "failed"     // given up; LastError says why
	Suppressed = "suppressed" // held back; Reason says why
)

// Delivery is one effect on one destination. The file's rows are converted to it: its JSON is not stored.
type Delivery struct {
	Key         string // unique, and the same whenever the same effect is asked for
	Kind        string // Notification or Trigger
	Destination string // name of the receiver or the trigger
	Group       string // deliveries of one group may travel together; "" if it travels alone
	Alert       plumbline.Alert
	Edge        plumbline.Edge
	At          time.Time // when it happened, in event time
	NotBefore   time.Time // wall time
	DryRun      bool
	State       string // "" on Commit is Pending
	Attempts    int
	NextTry     time.Time // wall time, zero before the first attempt
	LastError   string
	Reason      string
	Created     time.Time // wall time, as the caller says
	Done        time.Time // wall time; zero while pending
	Batch       string    // key of the message it travels in, from the first attempt on; see Assign
}

// Ledger is safe for concurrent use.
type Ledger struct{ file *sqlitefile.File }

var tables = sqlitefile.Tables{
	Version:    "SELECT coalesce(max(version), 0) FROM ledger_schema",
	SetVersion: "INSERT OR REPLACE INTO ledger_schema (one, version) VALUES (1, %d)",
	Steps:      []string{format1},
}

const schemaTable = "CREATE TABLE IF NOT EXISTS ledger_schema (one INTEGER PRIMARY KEY, version INTEGER NOT NULL)"

// Times are nanoseconds since 1970 or NULL. due is the later of not_before and next_try.
const format1 = `
CREATE TABLE ledger_alerts (
  grp         TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  body        TEXT NOT NULL, -- plumbline.Alert as JSON
  PRIMARY KEY (grp, fingerprint)
);
CREATE TABLE ledger_progress (grp TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE ledger_deliveries (
  seq         INTEGER PRIMARY KEY, -- in the order of commits
  key         TEXT NOT NULL UNIQUE,
  kind        TEXT NOT NULL,
  destination TEXT NOT NULL,
  grp         TEXT NOT NULL,
  model       TEXT NOT NULL,
  alert       TEXT NOT NULL, -- plumbline.Alert as JSON
  edge        TEXT NOT NULL,
  at          INTEGER,
  not_before  INTEGER,
  dry_run     INTEGER NOT NULL,
  state       TEXT NOT NULL,
  attempts    INTEGER NOT NULL DEFAULT 0,
  next_try    INTEGER,
  due         INTEGER NOT NULL,
  last_error  TEXT NOT NULL DEFAULT '',
  reason      TEXT NOT NULL,
  created     INTEGER,
  done        INTEGER,
  batch       TEXT NOT NULL DEFAULT ''
);
CREATE INDEX ledger_due ON ledger_deliveries (due) WHERE state = 'pending';
CREATE INDEX ledger_batch ON ledger_deliveries (batch) WHERE batch <> '';
CREATE INDEX ledger_pulls ON ledger_deliveries (destination, model, at) WHERE kind = 'trigger';
CREATE INDEX ledger_told ON ledger_deliveries (destination, grp) WHERE kind = 'notification';
CREATE INDEX ledger_age ON ledger_deliveries (created);
`

// Open opens the ledger in the file at path and creates both, the file with mode 0600, if they are missing.
func Open(ctx context.Context, path string) (*Ledger, error) {
	file, err := sqlitefile.Open(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("open ledger %s: %w", path, err)
	}
	err = file.Exclusive(ctx, func(c *sql.Conn) error {
		_, err := c.ExecContext(ctx, schemaTable)
		return err
	})
	if err == nil {
		err = file.Migrate(ctx, tables)
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("open ledger %s: %w", path, err)
	}
	return &Ledger{file}, nil
}

// Close may be called more than once.
func (l *Ledger) Close() error { return l.file.Close() }

// Fingerprint identifies an alert instance: a hash of its rule and its labels, each with its length, so that no two sets of
// labels spell the same.
func Fingerprint(a plumbline.Alert) string {
	h := sha256.New()
	field := func(s string) {
		h.Write(binary.AppendUvarint(nil, uint64(len(s))))
		h.Write([]byte(s))
	}
	field(a.Rule)
	for _, name := range slices.Sorted(maps.Keys(a.Labels)) {
		field(name)
		field(a.Labels[name])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Commit is the result of one evaluation of one group.
type Commit struct {
	Group      string
	At         time.Time // the instant that was evaluated; zero leaves the progress as it is
	Alerts     []plumbline.Alert
	Forget     []string // fingerprints of alerts that are over
	Deliveries []Delivery
}

// Commit writes an evaluation in one transaction and returns how many of its deliveries are new. A delivery whose key is there
// already stays as it is, whatever became of it.
func (l *Ledger) Commit(ctx context.Context, c Commit) (added int, err error) {
	err = l.file.Tx(ctx, func(ctx context.Context, tx *sql.Conn) error {
		if err := putAlerts(ctx, tx, c); err != nil {
			return err
		}
		for i := range c.Deliveries {
			isNew, err := addDelivery(ctx, tx, &c.Deliveries[i])
			if err != nil {
				return fmt.Errorf("delivery %s: %w", c.Deliveries[i].Key, err)
			}
			if isNew {
				added++
			}
		}
		if c.At.IsZero() {
			return nil
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO ledger_progress (grp, at) VALUES (?, ?) ON CONFLICT (grp) DO UPDATE SET at = excluded.at",
			c.Group, c.At.UnixNano())
		return err
	}, nil)
	if err != nil {
		return 0, fmt.Errorf("commit group %s: %w", c.Group, err)
	}
	return added, nil
}

func putAlerts(ctx context.Context, tx *sql.Conn, c Commit) error {
	for _, fingerprint := range c.Forget {
		if _, err := tx.ExecContext(ctx, "DELETE FROM ledger_alerts WHERE grp = ? AND fingerprint = ?", c.Group, fingerprint); err != nil {
			return err
		}
	}
	for _, a := range c.Alerts {
		body, err := json.Marshal(a)
		if err != nil {
			return fmt.Errorf("alert %s: %w", a.Name, err)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO ledger_alerts (grp, fingerprint, body) VALUES (?, ?, ?)
			ON CONFLICT (grp, fingerprint) DO UPDATE SET body = excluded.body WHERE body <> excluded.body`,
			c.Group, Fingerprint(a), string(body))
		if err != nil {
			return err
		}
	}
	return nil
}

func addDelivery(ctx context.Context, tx *sql.Conn, d *Delivery) (bool, error) {
	body, err := json.Marshal(d.Alert)
	if err != nil {
		return false, err
	}
	state, done := d.State, nullable(d.Done)
	if state == "" {
		state = Pending
	}
	if state != Pending && done == nil {
		done = nullable(d.Created)
	}
	r, err := tx.ExecContext(ctx, `INSERT INTO ledger_deliveries
		(key, kind, destination, grp, model, alert, edge, at, not_before, dry_run, state, next_try, due, reason, created, done, batch)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING`,
		d.Key, d.Kind, d.Destination, d.Group, d.Alert.Labels["model"], string(body), string(d.Edge), nullable(d.At), nullable(d.NotBefore), d.DryRun,
		state, nullable(d.NextTry), due(d.NotBefore, d.NextTry), d.Reason, nullable(d.Created), done, d.Batch)
	if err != nil {
		return false, err
	}
	n, err := r.RowsAffected()
	return n > 0, err
}

// Alerts returns the alert instances of a group, or of all groups if it is "", ordered by group and fingerprint.
func (l *Ledger) Alerts(ctx context.Context, group string) ([]plumbline.Alert, error) {
	rows, err := l.file.Read.QueryContext(ctx, "SELECT body FROM ledger_alerts WHERE ?1 = '' OR grp = ?1 ORDER BY grp, fingerprint", group)
	if err != nil {
		return nil, fmt.Errorf("read alerts: %w", sqlitefile.Error(err))
	}
	defer rows.Close()
	var alerts []plumbline.Alert
	for rows.Next() {
		var body []byte
		var a plumbline.Alert
		if err := rows.Scan(&body); err != nil {
			return nil, fmt.Errorf("read alerts: %w", sqlitefile.Error(err))
		}
		if err := json.Unmarshal(body, &a); err != nil {
			return nil, fmt.Errorf("read alerts: %w: %w", ErrCorrupt, err)
		}
		alerts = append(alerts, a)
	}
	return alerts, sqlitefile.Error(rows.Err())
}

// Progress returns the last instant a group was evaluated at, false if it never was.
func (l *Ledger) Progress(ctx context.Context, group string) (time.Time, bool, error) {
	var at sql.NullInt64
	err := l.file.Read.QueryRowContext(ctx, "SELECT max(at) FROM ledger_progress WHERE grp = ?", group).Scan(&at)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("read progress: %w", sqlitefile.Error(err))
	}
	return instant(at), at.Valid, nil
}

// nullable is a time as it is stored: NULL if it is zero, whose nanoseconds no integer holds.
func nullable(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixNano()
}

func instant(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return time.Unix(0, n.Int64).UTC()
}

// due is the later of two times, 0 if neither is set.
func due(a, b time.Time) int64 {
	if b.After(a) {
		a = b
	}
	if a.IsZero() {
		return 0
	}
	return a.UnixNano()
}
