package clickhouse

import (
	"context"
	"strconv"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"plumbline"
	"plumbline/store"
)

// A row written twice is there twice until the server merges it away; LIMIT 1 BY its place in the log picks one.
const onePerOffset = "LIMIT 1 BY source, topic, partition, `offset`"

const answerFields = "source, topic, partition, `offset`, model, version, id, session, time, CAST(kind, 'Int8') AS kind_number, prediction, score, slices, query"

// answerRows selects the rows of a stream in a window.
func (s *Store) answerRows(condition string) string {
	return "SELECT " + answerFields + " FROM " + answers.in(s.cfg) + `
		WHERE model = {model:String} AND version = {version:String} AND ({slice:String} = '' OR has(slices, {slice:String}))
		  AND time >= fromUnixTimestamp64Micro({from:Int64}, 'UTC') AND time < fromUnixTimestamp64Micro({to:Int64}, 'UTC') AND ` + condition + `
		` + onePerOffset
}

func streamArgs(of plumbline.Stream, w plumbline.Window) []any {
	return append([]any{named("model", of.Model), named("version", of.Version), named("slice", of.Slice)}, windowArgs(w)...)
}

func windowArgs(w plumbline.Window) []any {
	return []any{named("from", ceil(w.From, time.Microsecond).UnixMicro()), named("to", ceil(w.To, time.Microsecond).UnixMicro())}
}

// scanAnswer returns the targets of answerFields; done finishes the row.
func scanAnswer(a *store.Answer) (targets []any, done func()) {
	var kind int8
	return []any{&a.Partition.Source, &a.Partition.Topic, &a.Partition.ID, &a.Offset, &a.Model, &a.Version, &a.ID, &a.Session, &a.Time,
		&kind, &a.Prediction, &a.Score, &a.Slices, &a.Query}, func() { a.Time, a.Kind = a.Time.UTC(), plumbline.Kind(kind) }
}

// Outcomes implements store.Reader. Of an id's labels the latest is taken, then the one of the highest offset.
func (s *Store) Outcomes(ctx context.Context, of plumbline.Stream, w plumbline.Window, asOf time.Time) (out []store.Outcome, err error) {
	query := `
		SELECT a.*, l.newest.1, l.newest.2, l.labels
		FROM (` + s.answerRows("kind IN ('whole', 'response')") + `) AS a
		LEFT JOIN (
			SELECT id, argMax((value, time), (time, ` + "`offset`" + `, source, topic, partition)) AS newest, count() AS labels
			FROM ` + labels.in(s.cfg) + `
			WHERE model = {model:String} AND id != '' AND time < fromUnixTimestamp64Micro({asOf:Int64}, 'UTC') AND id ` + s.in() + ` (
				SELECT id FROM ` + answers.in(s.cfg) + `
				WHERE model = {model:String} AND version = {version:String}
				  AND time >= fromUnixTimestamp64Micro({from:Int64}, 'UTC') AND time < fromUnixTimestamp64Micro({to:Int64}, 'UTC'))
			GROUP BY id
		) AS l ON a.id = l.id
		ORDER BY a.time, a.source, a.topic, a.partition, a.` + "`offset`" + `
		SETTINGS join_use_nulls = 0`
	args := append(streamArgs(of, w), named("asOf", ceil(asOf, time.Microsecond).UnixMicro()))
	err = s.query(ctx, "read outcomes", query, args, func(rows driver.Rows) error {
		var o store.Outcome
		var labels uint64
		targets, done := scanAnswer(&o.Answer)
		if err := rows.Scan(append(targets, &o.Label, &o.LabelTime, &labels)...); err != nil {
			return err
		}
		done()
		if o.LabelTime = o.LabelTime.UTC(); labels == 0 { // the join fills in defaults
			o.LabelTime = time.Time{}
		}
		out = append(out, o)
		return nil
	})
	return out, err
}

// Asks implements store.Reader.
func (s *Store) Asks(ctx context.Context, of plumbline.Stream, w plumbline.Window) (out []store.Answer, err error) {
	query := "SELECT * FROM (" + s.answerRows("session != ''") + ") ORDER BY session, time, source, topic, partition, `offset`"
	err = s.query(ctx, "read asks", query, streamArgs(of, w), func(rows driver.Rows) error {
		var a store.Answer
		targets, done := scanAnswer(&a)
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		done()
		out = append(out, a)
		return nil
	})
	return out, err
}

// Samples implements store.Reader.
func (s *Store) Samples(ctx context.Context, model, version string, w plumbline.Window, limit int) (out []store.Sample, err error) {
	query := "SELECT source, topic, partition, `offset`, id, time, record FROM " + samples.in(s.cfg) + `
		WHERE model = {model:String} AND version = {version:String}
		  AND time >= fromUnixTimestamp64Micro({from:Int64}, 'UTC') AND time < fromUnixTimestamp64Micro({to:Int64}, 'UTC')
		ORDER BY time, source, topic, partition, ` + "`offset`\n" + onePerOffset
	if limit > 0 {
		query += " LIMIT " + strconv.Itoa(limit)
	}
	args := append([]any{named("model", model), named("version", version)}, windowArgs(w)...)
	err = s.query(ctx, "read samples", query, args, func(rows driver.Rows) error {
		x := store.Sample{Model: model, Version: version}
		if err := rows.Scan(&x.Partition.Source, &x.Partition.Topic, &x.Partition.ID, &x.Offset, &x.ID, &x.Time, &x.Record); err != nil {
			return err
		}
		x.Time = x.Time.UTC()
		out = append(out, x)
		return nil
	})
	return out, err
}
