package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"plumbline"
	"plumbline/store"
)

const answerColumns = "a.time, a.part, a.offset, a.kind, a.id, a.session, a.prediction, a.score, a.slices, a.query"

// inSlice restricts answers to a slice, "" being all.
func inSlice(slice string) (string, []any) {
	if slice == "" {
		return "", nil
	}
	return " AND instr(a.slices, CAST(char((SELECT CASE WHEN id >= 55296 THEN id + 2048 ELSE id END FROM slices WHERE name = ?)) AS BLOB)) > 0", []any{slice}
}

// scanAnswer scans answerColumns and whatever the query has behind them.
func (s *Store) scanAnswer(ctx context.Context, rows *sql.Rows, of plumbline.Stream, more ...any) (store.Answer, error) {
	a := store.Answer{Model: of.Model, Version: of.Version}
	var at, part, query int64
	var score sql.NullFloat64
	var encoded []byte
	err := rows.Scan(append([]any{&at, &part, &a.Offset, &a.Kind, &a.ID, &a.Session, &a.Prediction, &score, &encoded, &query}, more...)...)
	if err != nil {
		return a, err
	}
	a.Time, a.Query = micros(at), uint64(query)
	if score.Valid {
		a.Score = &score.Float64
	}
	if a.Slices, err = s.slices(ctx, encoded); err != nil {
		return a, err
	}
	a.Partition, err = s.partition(ctx, part)
	return a, err
}

func compareAnswers(a, b store.Answer) int {
	return cmp.Or(a.Time.Compare(b.Time), comparePartitions(a.Partition, b.Partition), cmp.Compare(a.Offset, b.Offset))
}

// Outcomes returns the answers of a stream in w with their labels.
func (s *Store) Outcomes(ctx context.Context, of plumbline.Stream, w plumbline.Window, asOf time.Time) ([]store.Outcome, error) {
	where, args := inSlice(of.Slice)
	query := "SELECT " + answerColumns + `, l.time, l.offset, l.part, l.value FROM answers a
		LEFT JOIN labels l ON l.model = (SELECT id FROM models WHERE name = ?) AND l.id = a.id AND a.id <> '' AND l.time < ?
		WHERE a.version = ` + versionID + " AND a.time >= ? AND a.time < ? AND a.kind IN (?, ?)" + where + " ORDER BY a.time, a.part, a.offset"
	args = append([]any{of.Model, ceilMicro(asOf), of.Model, of.Version, ceilMicro(w.From), ceilMicro(w.To), int64(plumbline.Whole), int64(plumbline.Response)}, args...)

	var outcomes []store.Outcome
	var best store.Label // of the last outcome; rows of one answer follow each other
	err := s.each(ctx, query, args, func(rows *sql.Rows) error {
		var at, offset, part sql.NullInt64
		var value sql.NullString
		a, err := s.scanAnswer(ctx, rows, of, &at, &offset, &part, &value)
		if err != nil {
			return err
		}
		if n := len(outcomes); n == 0 || outcomes[n-1].Partition != a.Partition || outcomes[n-1].Offset != a.Offset {
			outcomes = append(outcomes, store.Outcome{Answer: a})
			best = store.Label{}
		}
		if !at.Valid {
			return nil
		}
		l := store.Label{Offset: offset.Int64, Time: micros(at.Int64)}
		if l.Partition, err = s.partition(ctx, part.Int64); err != nil {
			return err
		}
		o := &outcomes[len(outcomes)-1]
		if o.LabelTime.IsZero() || cmp.Or(l.Time.Compare(best.Time), cmp.Compare(l.Offset, best.Offset), comparePartitions(l.Partition, best.Partition)) > 0 {
			best, o.Label, o.LabelTime = l, value.String, l.Time
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read outcomes: %w", err)
	}
	slices.SortStableFunc(outcomes, func(a, b store.Outcome) int { return compareAnswers(a.Answer, b.Answer) })
	return outcomes, nil
}

// Asks returns the rows of a stream in w that have a session, by session, then time.
func (s *Store) Asks(ctx context.Context, of plumbline.Stream, w plumbline.Window) ([]store.Answer, error) {
	where, args := inSlice(of.Slice)
	query := "SELECT " + answerColumns + " FROM answers a WHERE a.version = " + versionID + " AND a.time >= ? AND a.time < ? AND a.session <> ''" + where
	args = append([]any{of.Model, of.Version, ceilMicro(w.From), ceilMicro(w.To)}, args...)
	var asks []store.Answer
	err := s.each(ctx, query, args, func(rows *sql.Rows) error {
		a, err := s.scanAnswer(ctx, rows, of)
		asks = append(asks, a)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read asks: %w", err)
	}
	slices.SortFunc(asks, func(a, b store.Answer) int { return cmp.Or(cmp.Compare(a.Session, b.Session), compareAnswers(a, b)) })
	return asks, nil
}
