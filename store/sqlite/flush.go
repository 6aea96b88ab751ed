package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"plumbline"
	"plumbline/internal/sqlitefile"
	"plumbline/store"
)

// writer holds what flushes use: the names they know and their statements. The lock of sqlitefile.File guards it.
type writer struct {
	partitions ids[plumbline.Partition]
	models     ids[string]
	versions   ids[version]
	slices     ids[string]
	series     ids[series]

	answers, labels                            bulk
	pane, newest, checkpoint                   *sql.Stmt
	lastBlock, overlap, addBlock, replaceBlock *sql.Stmt
}

func (w *writer) prepare(ctx context.Context, f *sqlitefile.File) error {
	return f.Prepare(ctx, map[**sql.Stmt]string{
		&w.partitions.insert: "INSERT INTO partitions (source, topic, number) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
		&w.partitions.find:   "SELECT id FROM partitions WHERE source = ? AND topic = ? AND number = ?",
		&w.models.insert:     "INSERT INTO models (name) VALUES (?) ON CONFLICT DO NOTHING",
		&w.models.find:       "SELECT id FROM models WHERE name = ?",
		&w.versions.insert:   "INSERT INTO versions (model, version) VALUES (?, ?) ON CONFLICT DO NOTHING",
		&w.versions.find:     "SELECT id FROM versions WHERE model = ? AND version = ?",
		&w.slices.insert:     "INSERT INTO slices (name) VALUES (?) ON CONFLICT DO NOTHING",
		&w.slices.find:       "SELECT id FROM slices WHERE name = ?",
		&w.series.insert:     "INSERT INTO series (version, slice, width) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
		&w.series.find:       "SELECT id FROM series WHERE version = ? AND slice = ? AND width = ?",

		&w.pane: `INSERT INTO panes (series, start, part, last_offset, records, body) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (series, start, part) DO UPDATE SET last_offset = excluded.last_offset, records = excluded.records, body = excluded.body
			WHERE excluded.last_offset > panes.last_offset`,
		&w.newest:       "UPDATE partitions SET newest = ?2 WHERE id = ?1 AND (newest IS NULL OR newest < ?2)",
		&w.answers.one:  insertion("answers", answerValues, 1),
		&w.answers.many: insertion("answers", answerValues, bulkRows),
		&w.labels.one:   insertion("labels", labelValues, 1),
		&w.labels.many:  insertion("labels", labelValues, bulkRows),
		&w.checkpoint: `INSERT INTO checkpoints VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (part) DO UPDATE SET next = excluded.next, read = excluded.read, folded = excluded.folded,
				rejected = excluded.rejected, newest = excluded.newest
			WHERE excluded.next > checkpoints.next`,

		&w.lastBlock: `SELECT first_offset, last_offset, size, body FROM sample_blocks
			WHERE version = ? AND part = ? ORDER BY last_offset DESC LIMIT 1`,
		&w.overlap: `SELECT body FROM sample_blocks WHERE version = ? AND part = ? AND last_offset >= ? AND first_offset <= ?`,
		&w.addBlock: `INSERT INTO sample_blocks (version, part, first_offset, last_offset, oldest, newest, records, size, body)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		&w.replaceBlock: `UPDATE sample_blocks SET last_offset = ?4, oldest = ?5, newest = ?6, records = ?7, size = ?8, body = ?9
			WHERE version = ?1 AND part = ?2 AND first_offset = ?3`,
	})
}

func (w *writer) settle() {
	w.partitions.settle()
	w.models.settle()
	w.versions.settle()
	w.slices.settle()
	w.series.settle()
}

func (w *writer) forget() {
	w.answers.forget()
	w.labels.forget()
	w.partitions.forget()
	w.models.forget()
	w.versions.forget()
	w.slices.forget()
	w.series.forget()
}

func (w *writer) partition(ctx context.Context, p plumbline.Partition) (int64, error) {
	return w.partitions.get(ctx, p, p.Source, p.Topic, p.ID)
}

func (w *writer) version(ctx context.Context, model, name string) (int64, error) {
	m, err := w.models.get(ctx, model, model)
	if err != nil {
		return 0, err
	}
	return w.versions.get(ctx, version{model, name}, m, name)
}

func (w *writer) seriesOf(ctx context.Context, k plumbline.PaneKey) (int64, error) {
	v, err := w.version(ctx, k.Model, k.Version)
	if err != nil {
		return 0, err
	}
	slice, err := w.slices.get(ctx, k.Slice, k.Slice)
	if err != nil {
		return 0, err
	}
	x := series{v, slice, k.Width.Milliseconds()}
	return w.series.get(ctx, x, x.version, x.slice, x.width)
}

// cancelEvery is after how many rows a flush looks whether it was canceled.
const cancelEvery = 256

// Flush writes f in one transaction.
func (s *Store) Flush(ctx context.Context, f *store.Flush) error {
	rows := 0
	canceled := func() error {
		if rows++; rows%cancelEvery != 0 {
			return nil
		}
		return ctx.Err()
	}
	err := s.file.Tx(ctx, func(tx context.Context, _ *sql.Conn) error {
		w := &s.write
		w.forget()
		if err := w.writePanes(tx, f.Panes, canceled); err != nil {
			return fmt.Errorf("panes: %w", err)
		}
		if err := w.writeAnswers(tx, f.Answers, canceled); err != nil {
			return fmt.Errorf("answers: %w", err)
		}
		if err := w.writeLabels(tx, f.Labels, canceled); err != nil {
			return fmt.Errorf("labels: %w", err)
		}
		if err := s.writeSamples(tx, f.Samples, canceled); err != nil {
			return fmt.Errorf("samples: %w", err)
		}
		if err := w.writeCheckpoint(tx, f.Checkpoint); err != nil {
			return fmt.Errorf("checkpoint: %w", err)
		}
		return nil
	}, s.write.settle)
	if err != nil {
		return fmt.Errorf("flush %v: %w", f.Checkpoint.Partition, err)
	}
	return nil
}

func (w *writer) writePanes(ctx context.Context, panes []store.Pane, canceled func() error) error {
	newest := map[int64]time.Time{}
	for i := range panes {
		p := &panes[i]
		part, err := w.partition(ctx, p.Key.Partition)
		if err != nil {
			return err
		}
		series, err := w.seriesOf(ctx, p.Key)
		if err != nil {
			return err
		}
		if t, ok := newest[part]; !ok || p.Key.Start.After(t) {
			newest[part] = p.Key.Start
		}
		if _, err := w.pane.ExecContext(ctx, series, p.Key.Start.UnixMilli(), part, p.LastOffset, p.Records, blob(p.Body)); err != nil {
			return err
		}
		if err := canceled(); err != nil {
			return err
		}
	}
	for part, t := range newest {
		if _, err := w.newest.ExecContext(ctx, part, t.UnixMilli()); err != nil {
			return err
		}
	}
	return nil
}

const answerValues, labelValues = 11, 6 // columns

func (w *writer) writeAnswers(ctx context.Context, answers []store.Answer, canceled func() error) error {
	places := placer{write: w}
	for i := range answers {
		a := &answers[i]
		at, err := places.place(ctx, a.Partition, a.Model, a.Version)
		if err != nil {
			return err
		}
		slices := []byte{}
		for _, name := range a.Slices {
			id, err := w.slices.get(ctx, name, name)
			if err != nil {
				return err
			}
			if slices, err = appendSlice(slices, id); err != nil {
				return err
			}
		}
		var score any
		if a.Score != nil {
			score = *a.Score
		}
		err = w.answers.add(ctx, at.version, a.Time.UnixMicro(), at.part, a.Offset, int64(a.Kind), a.ID, a.Session, a.Prediction, score, slices, int64(a.Query))
		if err != nil {
			return err
		}
		if err := canceled(); err != nil {
			return err
		}
	}
	return w.answers.flush(ctx, answerValues)
}

func (w *writer) writeLabels(ctx context.Context, labels []store.Label, canceled func() error) error {
	for i := range labels {
		l := &labels[i]
		part, err := w.partition(ctx, l.Partition)
		if err != nil {
			return err
		}
		model, err := w.models.get(ctx, l.Model, l.Model)
		if err != nil {
			return err
		}
		if err := w.labels.add(ctx, model, l.ID, l.Time.UnixMicro(), l.Offset, part, l.Value); err != nil {
			return err
		}
		if err := canceled(); err != nil {
			return err
		}
	}
	return w.labels.flush(ctx, labelValues)
}

func (w *writer) writeCheckpoint(ctx context.Context, c store.Checkpoint) error {
	part, err := w.partition(ctx, c.Partition)
	if err != nil {
		return err
	}
	rejected, err := json.Marshal(c.Rejected)
	if err != nil {
		return err
	}
	_, err = w.checkpoint.ExecContext(ctx, part, c.Next, c.Read, c.Folded, string(rejected), c.Newest.UnixMicro())
	return err
}

// blob is b as a value that is not NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
