package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"plumbline"
	"plumbline/internal/sqlitefile"
	"plumbline/store"
)

func comparePartitions(a, b plumbline.Partition) int {
	return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.ID, b.ID))
}

// Subqueries for the integers of names. One that nobody stored is NULL, which equals nothing.
const (
	versionID = "(SELECT v.id FROM versions v JOIN models m ON m.id = v.model WHERE m.name = ? AND v.version = ?)"
	seriesID  = "(SELECT id FROM series WHERE version = " + versionID + " AND slice = (SELECT id FROM slices WHERE name = ?) AND width = ?)"
	partID    = "(SELECT id FROM partitions WHERE source = ? AND topic = ? AND number = ?)"
)

// Window returns every partition's panes of one stream and width that start in w, ordered by start, then partition.
func (s *Store) Window(ctx context.Context, of plumbline.Stream, width time.Duration, w plumbline.Window) ([]store.Pane, error) {
	var panes []store.Pane
	err := s.each(ctx, "SELECT start, part, last_offset, records, body FROM panes WHERE series = "+seriesID+" AND start >= ? AND start < ? ORDER BY start",
		[]any{of.Model, of.Version, of.Slice, width.Milliseconds(), ceilMilli(w.From), ceilMilli(w.To)}, func(rows *sql.Rows) error {
			p := store.Pane{Key: plumbline.PaneKey{Stream: of, Width: width}}
			var start, part int64
			if err := rows.Scan(&start, &part, &p.LastOffset, &p.Records, &p.Body); err != nil {
				return err
			}
			p.Key.Start = millis(start)
			var err error
			p.Key.Partition, err = s.partition(ctx, part)
			panes = append(panes, p)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read panes: %w", err)
	}
	slices.SortStableFunc(panes, func(a, b store.Pane) int {
		return cmp.Or(a.Key.Start.Compare(b.Key.Start), comparePartitions(a.Key.Partition, b.Key.Partition))
	})
	return panes, nil
}

// Panes returns the stored snapshots of those keys that exist.
func (s *Store) Panes(ctx context.Context, keys []plumbline.PaneKey) ([]store.Pane, error) {
	panes, err := s.panes(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("read panes: %w", err)
	}
	return panes, nil
}

func (s *Store) panes(ctx context.Context, keys []plumbline.PaneKey) ([]store.Pane, error) {
	if len(keys) == 0 {
		return nil, ctx.Err()
	}
	stmt, err := s.file.Read.PrepareContext(ctx, "SELECT last_offset, records, body FROM panes WHERE series = "+seriesID+" AND start = ? AND part = "+partID)
	if err != nil {
		return nil, sqlitefile.Error(err)
	}
	defer stmt.Close()
	var panes []store.Pane
	for _, k := range keys {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p := store.Pane{Key: k}
		p.Key.Start = k.Start.UTC()
		err := stmt.QueryRowContext(context.WithoutCancel(ctx), k.Model, k.Version, k.Slice, k.Width.Milliseconds(), k.Start.UnixMilli(),
			k.Partition.Source, k.Partition.Topic, k.Partition.ID).Scan(&p.LastOffset, &p.Records, &p.Body)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, sqlitefile.Error(err)
		}
		panes = append(panes, p)
	}
	return panes, nil
}

// NewestPane returns the start of the newest pane a partition ever had.
func (s *Store) NewestPane(ctx context.Context, p plumbline.Partition) (time.Time, error) {
	var start sql.NullInt64
	err := s.file.Read.QueryRowContext(ctx, "SELECT newest FROM partitions WHERE id = "+partID, p.Source, p.Topic, p.ID).Scan(&start)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !start.Valid {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("read newest pane: %w", sqlitefile.Error(err))
	}
	return millis(start.Int64), nil
}

// Streams lists every stream that has panes.
func (s *Store) Streams(ctx context.Context) ([]store.StreamInfo, error) {
	var infos []store.StreamInfo
	var widest []int64 // the series of infos[i] whose records count
	err := s.each(ctx, `
		SELECT * FROM (
			SELECT se.id, m.name AS model, v.version AS version, sl.name AS slice, se.width AS width,
				(SELECT start FROM panes WHERE series = se.id ORDER BY start LIMIT 1) AS first,
				(SELECT start FROM panes WHERE series = se.id ORDER BY start DESC LIMIT 1) AS last
			FROM series se JOIN versions v ON v.id = se.version JOIN models m ON m.id = v.model JOIN slices sl ON sl.id = se.slice
		) WHERE first IS NOT NULL ORDER BY model, version, slice, width DESC`, nil, func(rows *sql.Rows) error {
		var of plumbline.Stream
		var id, width, first, last int64
		if err := rows.Scan(&id, &of.Model, &of.Version, &of.Slice, &width, &first, &last); err != nil {
			return err
		}
		if len(infos) == 0 || infos[len(infos)-1].Stream != of {
			infos = append(infos, store.StreamInfo{Stream: of, First: millis(first), Last: millis(last)})
			widest = append(widest, id)
			return nil
		}
		i := &infos[len(infos)-1]
		if t := millis(first); t.Before(i.First) {
			i.First = t
		}
		if t := millis(last); t.After(i.Last) {
			i.Last = t
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list streams: %w", err)
	}
	for i := range infos {
		// Panes may have expired in between.
		if err := s.file.Read.QueryRowContext(ctx, "SELECT coalesce(sum(records), 0) FROM panes WHERE series = ?", widest[i]).Scan(&infos[i].Records); err != nil {
			return nil, fmt.Errorf("list streams: %w", sqlitefile.Error(err))
		}
	}
	return infos, nil
}

const selectCheckpoints = `SELECT p.source, p.topic, p.number, c.next, c.read, c.folded, c.rejected, c.newest
	FROM checkpoints c JOIN partitions p ON p.id = c.part`

func scanCheckpoint(rows *sql.Rows) (store.Checkpoint, error) {
	var c store.Checkpoint
	var rejected []byte
	var newest int64
	if err := rows.Scan(&c.Partition.Source, &c.Partition.Topic, &c.Partition.ID, &c.Next, &c.Read, &c.Folded, &rejected, &newest); err != nil {
		return c, err
	}
	c.Newest = micros(newest)
	if err := json.Unmarshal(rejected, &c.Rejected); err != nil {
		return c, fmt.Errorf("%w: counts of rejects of %v", ErrCorrupt, c.Partition)
	}
	return c, nil
}

// Checkpoint returns how far a partition has been read, false if it never was.
func (s *Store) Checkpoint(ctx context.Context, p plumbline.Partition) (c store.Checkpoint, ok bool, err error) {
	err = s.each(ctx, selectCheckpoints+" WHERE c.part = "+partID, []any{p.Source, p.Topic, p.ID}, func(rows *sql.Rows) error {
		var err error
		c, err = scanCheckpoint(rows)
		ok = err == nil
		return err
	})
	if err != nil {
		return store.Checkpoint{}, false, fmt.Errorf("read checkpoint: %w", err)
	}
	return c, ok, nil
}

// Checkpoints lists all partitions ever read.
func (s *Store) Checkpoints(ctx context.Context) ([]store.Checkpoint, error) {
	var all []store.Checkpoint
	err := s.each(ctx, selectCheckpoints+" ORDER BY p.source, p.topic, p.number", nil, func(rows *sql.Rows) error {
		c, err := scanCheckpoint(rows)
		all = append(all, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read checkpoints: %w", err)
	}
	return all, nil
}
