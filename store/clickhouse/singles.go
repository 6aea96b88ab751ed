package clickhouse

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"plumbline"
	"plumbline/store"
)

// Checkpoint implements store.Writer.
func (s *Store) Checkpoint(ctx context.Context, p plumbline.Partition) (store.Checkpoint, bool, error) {
	found, err := s.checkpoints(ctx, "WHERE source = {source:String} AND topic = {topic:String} AND partition = {partition:Int32}", placeArgs(p)...)
	if err != nil || len(found) == 0 {
		return store.Checkpoint{}, false, err
	}
	return found[0], true, nil
}

// Checkpoints implements store.Reader.
func (s *Store) Checkpoints(ctx context.Context) ([]store.Checkpoint, error) {
	return s.checkpoints(ctx, "")
}

func (s *Store) checkpoints(ctx context.Context, where string, args ...any) (out []store.Checkpoint, err error) {
	query := `
		SELECT source, topic, partition, next, read, folded, rejected, newest
		FROM ` + checkpoints.in(s.cfg) + ` ` + where + `
		ORDER BY source, topic, partition, next DESC
		LIMIT 1 BY source, topic, partition`
	err = s.query(ctx, "read checkpoints", query, args, func(rows driver.Rows) error {
		var c store.Checkpoint
		var rejected map[string]int64
		var newest *time.Time
		if err := rows.Scan(&c.Partition.Source, &c.Partition.Topic, &c.Partition.ID, &c.Next, &c.Read, &c.Folded, &rejected, &newest); err != nil {
			return err
		}
		if newest != nil {
			c.Newest = newest.UTC()
		}
		if len(rejected) > 0 {
			c.Rejected = make(map[plumbline.Reason]int64, len(rejected))
		}
		for reason, n := range rejected {
			c.Rejected[plumbline.Reason(reason)] = n
		}
		out = append(out, c)
		return nil
	})
	return out, err
}

// Baseline implements store.Reader.
func (s *Store) Baseline(ctx context.Context, model, version string) (store.Baseline, bool, error) {
	return s.baseline(ctx, "model = {model:String} AND version = {version:String}", named("model", model), named("version", version))
}

// BaselineByHash implements store.Reader.
func (s *Store) BaselineByHash(ctx context.Context, hash string) (store.Baseline, bool, error) {
	return s.baseline(ctx, "hash = {hash:String}", named("hash", hash))
}

func (s *Store) baseline(ctx context.Context, where string, args ...any) (b store.Baseline, found bool, err error) {
	query := "SELECT model, version, hash, created, auto, body FROM " + baselines.in(s.cfg) + " WHERE " + where + " ORDER BY created DESC, hash DESC LIMIT 1"
	err = s.query(ctx, "read a baseline", query, args, func(rows driver.Rows) error {
		found = true
		err := rows.Scan(&b.Model, &b.Version, &b.Hash, &b.Created, &b.Auto, &b.Body)
		b.Created = b.Created.UTC()
		return err
	})
	return b, found, err
}
