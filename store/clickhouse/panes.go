package clickhouse

import (
	"context"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"plumbline"
	"plumbline/store"
)

// maxKeys bounds the keys of one look-up.
const maxKeys = 5000

// Panes implements store.Writer. Keys travel as one array for each column; the set made of them is matched against the primary
// index, so that only granules that may hold one of them are read.
func (s *Store) Panes(ctx context.Context, keys []plumbline.PaneKey) ([]store.Pane, error) {
	var out []store.Pane
	for chunk := range slices.Chunk(keys, maxKeys) {
		found, err := s.panesByKey(ctx, chunk)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

func (s *Store) panesByKey(ctx context.Context, keys []plumbline.PaneKey) (out []store.Pane, err error) {
	type key = plumbline.PaneKey
	query := `
		SELECT model, version, slice, width, start, source, topic, partition,
		       max(last_offset), argMax(records, last_offset), argMax(body, last_offset)
		FROM ` + panes.in(s.cfg) + `
		WHERE (model, version, slice, width, start, source, topic, partition) IN (
			SELECT model, version, slice, width, fromUnixTimestamp64Milli(start, 'UTC'), source, topic, partition
			FROM (SELECT 1)
			ARRAY JOIN {models:Array(String)} AS model, {versions:Array(String)} AS version, {slices:Array(String)} AS slice,
				{widths:Array(UInt32)} AS width, {starts:Array(Int64)} AS start,
				{sources:Array(String)} AS source, {topics:Array(String)} AS topic, {partitions:Array(Int32)} AS partition)
		GROUP BY model, version, slice, width, start, source, topic, partition`
	args := []any{
		named("models", values(keys, func(k *key) string { return k.Model })),
		named("versions", values(keys, func(k *key) string { return k.Version })),
		named("slices", values(keys, func(k *key) string { return k.Slice })),
		named("widths", values(keys, func(k *key) uint32 { return uint32(k.Width / time.Second) })),
		named("starts", values(keys, func(k *key) int64 { return k.Start.UnixMilli() })),
		named("sources", values(keys, func(k *key) string { return k.Partition.Source })),
		named("topics", values(keys, func(k *key) string { return k.Partition.Topic })),
		named("partitions", values(keys, func(k *key) int32 { return k.Partition.ID })),
	}
	err = s.query(ctx, "look up panes", query, args, func(rows driver.Rows) error {
		var p store.Pane
		var width uint32
		k := &p.Key
		if err := rows.Scan(&k.Model, &k.Version, &k.Slice, &width, &k.Start, &k.Partition.Source, &k.Partition.Topic, &k.Partition.ID,
			&p.LastOffset, &p.Records, &p.Body); err != nil {
			return err
		}
		k.Width, k.Start = time.Duration(width)*time.Second, k.Start.UTC()
		out = append(out, p)
		return nil
	})
	return out, err
}

// NewestPane implements store.Writer.
func (s *Store) NewestPane(ctx context.Context, p plumbline.Partition) (newest time.Time, err error) {
	query := `SELECT max(start), count() FROM ` + panes.in(s.cfg) + ` WHERE source = {source:String} AND topic = {topic:String} AND partition = {partition:Int32}`
	err = s.query(ctx, "look up the newest pane", query, placeArgs(p), func(rows driver.Rows) error {
		var n uint64
		if err := rows.Scan(&newest, &n); err != nil {
			return err
		}
		if newest = newest.UTC(); n == 0 {
			newest = time.Time{}
		}
		return nil
	})
	return newest, err
}

// Window implements store.Reader.
func (s *Store) Window(ctx context.Context, of plumbline.Stream, width time.Duration, w plumbline.Window) (out []store.Pane, err error) {
	query := `
		SELECT start, source, topic, partition, max(last_offset), argMax(records, last_offset), argMax(body, last_offset)
		FROM ` + panes.in(s.cfg) + `
		WHERE model = {model:String} AND version = {version:String} AND slice = {slice:String} AND width = {width:UInt32}
		  AND start >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
		GROUP BY start, source, topic, partition
		ORDER BY start, source, topic, partition`
	args := []any{
		named("model", of.Model), named("version", of.Version), named("slice", of.Slice), named("width", uint32(width/time.Second)),
		named("from", ceil(w.From, time.Millisecond).UnixMilli()), named("to", ceil(w.To, time.Millisecond).UnixMilli()),
	}
	err = s.query(ctx, "read panes", query, args, func(rows driver.Rows) error {
		p := store.Pane{Key: plumbline.PaneKey{Stream: of, Width: width}}
		k := &p.Key
		if err := rows.Scan(&k.Start, &k.Partition.Source, &k.Partition.Topic, &k.Partition.ID, &p.LastOffset, &p.Records, &p.Body); err != nil {
			return err
		}
		k.Start = k.Start.UTC()
		out = append(out, p)
		return nil
	})
	return out, err
}

// Streams implements store.Reader. A record is once in the panes of each width; those of the widest are the fewest to count.
func (s *Store) Streams(ctx context.Context) (out []store.StreamInfo, err error) {
	from := "FROM " + panes.in(s.cfg)
	query := `
		SELECT s.model, s.version, s.slice, s.first, s.last, r.records
		FROM (
			SELECT model, version, slice, min(start) AS first, max(start) AS last ` + from + ` GROUP BY model, version, slice
		) AS s
		JOIN (
			SELECT model, version, slice, sum(newest) AS records
			FROM (
				SELECT model, version, slice, argMax(records, last_offset) AS newest ` + from + `
				WHERE (model, version, slice, width) ` + s.in() + ` (SELECT model, version, slice, max(width) ` + from + ` GROUP BY model, version, slice)
				GROUP BY model, version, slice, start, source, topic, partition
			)
			GROUP BY model, version, slice
		) AS r ON s.model = r.model AND s.version = r.version AND s.slice = r.slice
		ORDER BY s.model, s.version, s.slice`
	err = s.query(ctx, "list streams", query, nil, func(rows driver.Rows) error {
		var i store.StreamInfo
		if err := rows.Scan(&i.Model, &i.Version, &i.Slice, &i.First, &i.Last, &i.Records); err != nil {
			return err
		}
		i.First, i.Last = i.First.UTC(), i.Last.UTC()
		out = append(out, i)
		return nil
	})
	return out, err
}

// placeArgs are the parameters source, topic and partition.
func placeArgs(p plumbline.Partition) []any {
	return []any{named("source", p.Source), named("topic", p.Topic), named("partition", p.ID)}
}

// ceil rounds an instant up to the precision of a column, so that comparing with it is comparing with t itself.
func ceil(t time.Time, unit time.Duration) time.Time {
	if down := t.Truncate(unit); !down.Equal(t) {
		return down.Add(unit)
	}
	return t
}
