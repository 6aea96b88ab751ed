package clickhouse

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"plumbline/store"
)

// Flush makes one partition's work durable: see FlushAll.
func (s *Store) Flush(ctx context.Context, f *store.Flush) error {
	return s.FlushAll(ctx, []*store.Flush{f})
}

// FlushAll makes the work of several partitions durable with one insert for each table, those of the checkpoints after all
// others. After an error nothing, some or all of it is stored, which repeating it puts right. Each insert makes at least one
// part on the server, and a server wants few and large ones: flush many partitions at once rather than one after the other.
func (s *Store) FlushAll(ctx context.Context, flushes []*store.Flush) error {
	group, rowsCtx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return insertAll(rowsCtx, s, panes, paneColumns, flushes, func(f *store.Flush) []store.Pane { return f.Panes })
	})
	group.Go(func() error {
		return insertAll(rowsCtx, s, answers, answerColumns, flushes, func(f *store.Flush) []store.Answer { return f.Answers })
	})
	group.Go(func() error {
		return insertAll(rowsCtx, s, labels, labelColumns, flushes, func(f *store.Flush) []store.Label { return f.Labels })
	})
	group.Go(func() error {
		return insertAll(rowsCtx, s, samples, sampleColumns, flushes, func(f *store.Flush) []store.Sample { return f.Samples })
	})
	if err := group.Wait(); err != nil {
		return err
	}
	return insertAll(ctx, s, checkpoints, checkpointColumns, flushes, func(f *store.Flush) []store.Checkpoint { return []store.Checkpoint{f.Checkpoint} })
}

// PutBaseline keeps a baseline.
func (s *Store) PutBaseline(ctx context.Context, b store.Baseline) error {
	return s.insert(ctx, baselines, baselineColumns([]store.Baseline{b}))
}

// maxInsertRows bounds what one insert holds in memory, here and on the server.
const maxInsertRows = 100_000

// insertAll writes the rows that part picks of each flush.
func insertAll[T any](ctx context.Context, s *Store, t table, columns func([]T) []column, flushes []*store.Flush, part func(*store.Flush) []T) error {
	var rows []T
	for _, f := range flushes {
		rows = append(rows, part(f)...)
	}
	for _, p := range rows {
		if pane, ok := any(p).(store.Pane); ok && pane.Key.Width%time.Second != 0 {
			return fmt.Errorf("clickhouse: a pane's width is %v, not whole seconds", pane.Key.Width)
		}
	}
	for chunk := range slices.Chunk(rows, maxInsertRows) {
		if err := s.insert(ctx, t, columns(chunk)); err != nil {
			return err
		}
	}
	return nil
}

// column is a column of rows to insert: values is a slice.
type column struct {
	name   string
	values any
}

func (s *Store) insert(ctx context.Context, t table, columns []column) error {
	doing := "write " + t.name
	if err := ctx.Err(); err != nil {
		return failed(ctx, doing, err)
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = quoteName(c.name)
	}
	batch, err := s.conn.PrepareBatch(ctx, "INSERT INTO "+t.in(s.cfg)+" ("+strings.Join(names, ", ")+")")
	if err != nil {
		return failed(ctx, doing, err)
	}
	defer batch.Close() // gives the connection back if anything below fails
	for i, c := range columns {
		if err := batch.Column(i).Append(c.values); err != nil {
			return failed(ctx, doing, fmt.Errorf("column %s: %w", c.name, err))
		}
	}
	if err := batch.Send(); err != nil {
		return failed(ctx, doing, err)
	}
	return nil
}

// values picks one column of rows.
func values[T, V any](rows []T, pick func(*T) V) []V {
	out := make([]V, len(rows))
	for i := range rows {
		out[i] = pick(&rows[i])
	}
	return out
}
