package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"plumbline"
	"plumbline/store"
)

// place is where blocks of samples are: one version of one partition.
type place struct{ version, part int64 }

func (s *Store) writeSamples(ctx context.Context, samples []store.Sample, canceled func() error) error {
	groups := map[place][]store.Sample{}
	places := placer{write: &s.write}
	for _, x := range samples {
		at, err := places.place(ctx, x.Partition, x.Model, x.Version)
		if err != nil {
			return err
		}
		groups[at] = append(groups[at], x)
		if err := canceled(); err != nil {
			return err
		}
	}
	for at, group := range groups {
		slices.SortStableFunc(group, func(a, b store.Sample) int { return cmp.Compare(a.Offset, b.Offset) })
		group = slices.CompactFunc(group, func(a, b store.Sample) bool { return a.Offset == b.Offset })
		if err := s.appendBlocks(ctx, at, group); err != nil {
			return err
		}
	}
	return nil
}

// appendBlocks writes samples, in ascending order of offset, that are not there yet.
func (s *Store) appendBlocks(ctx context.Context, at place, samples []store.Sample) error {
	var first, last, size int64
	var body []byte
	err := s.write.lastBlock.QueryRowContext(ctx, at.version, at.part).Scan(&first, &last, &size, &body)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return s.addBlocks(ctx, at, samples)
	case err != nil:
		return err
	}
	replayed, err := s.absent(ctx, at, samples[:countUpTo(samples, last)])
	if err != nil {
		return err
	}
	if err := s.addBlocks(ctx, at, replayed); err != nil {
		return err
	}
	samples = samples[countUpTo(samples, last):]
	if len(samples) == 0 || size >= fullBlock {
		return s.addBlocks(ctx, at, samples)
	}
	// A model that is asked once a minute has one sample a flush, which alone would hardly compress.
	old, err := s.unpack(body)
	if err != nil {
		return err
	}
	n := len(samples)
	for n > 1 && int(size)+rawSize(samples[:n]) > 4*fullBlock {
		n /= 2
	}
	if err := s.putBlock(ctx, s.write.replaceBlock, at, append(old, samples[:n]...)); err != nil {
		return err
	}
	return s.addBlocks(ctx, at, samples[n:])
}

// countUpTo counts the leading samples whose offset is at most last.
func countUpTo(samples []store.Sample, last int64) int {
	n, _ := slices.BinarySearchFunc(samples, last+1, func(x store.Sample, offset int64) int { return cmp.Compare(x.Offset, offset) })
	return n
}

// absent returns those of samples that no block holds.
func (s *Store) absent(ctx context.Context, at place, samples []store.Sample) ([]store.Sample, error) {
	if len(samples) == 0 {
		return nil, nil
	}
	rows, err := s.write.overlap.QueryContext(ctx, at.version, at.part, samples[0].Offset, samples[len(samples)-1].Offset)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	there := map[int64]bool{}
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return nil, err
		}
		block, err := s.unpack(body)
		if err != nil {
			return nil, err
		}
		for _, x := range block {
			there[x.Offset] = true
		}
	}
	var out []store.Sample
	for _, x := range samples {
		if !there[x.Offset] {
			out = append(out, x)
		}
	}
	return out, rows.Err()
}

func rawSize(samples []store.Sample) int {
	n := 0
	for i := range samples {
		n += len(samples[i].Record) + len(samples[i].ID)
	}
	return n
}

// addBlocks writes samples as new blocks of a moderate size.
func (s *Store) addBlocks(ctx context.Context, at place, samples []store.Sample) error {
	for len(samples) > 0 {
		n, size := 0, 0
		for n < len(samples) && size < fullBlock {
			size += len(samples[n].Record)
			n++
		}
		if err := s.putBlock(ctx, s.write.addBlock, at, samples[:n]); err != nil {
			return err
		}
		samples = samples[n:]
	}
	return nil
}

func (s *Store) putBlock(ctx context.Context, stmt *sql.Stmt, at place, samples []store.Sample) error {
	oldest, newest := samples[0].Time, samples[0].Time
	for i := range samples {
		if t := samples[i].Time; t.Before(oldest) {
			oldest = t
		} else if t.After(newest) {
			newest = t
		}
	}
	raw := appendSamples(nil, samples)
	_, err := stmt.ExecContext(ctx, at.version, at.part, samples[0].Offset, samples[len(samples)-1].Offset,
		oldest.UnixMicro(), newest.UnixMicro(), len(samples), len(raw), s.zip.EncodeAll(raw, nil))
	return err
}

func compareSamples(a, b store.Sample) int {
	return cmp.Or(a.Time.Compare(b.Time), comparePartitions(a.Partition, b.Partition), cmp.Compare(a.Offset, b.Offset))
}

// Samples returns at most limit samples of a version in w in order of time, partition and offset; limit 0 is all.
func (s *Store) Samples(ctx context.Context, model, version string, w plumbline.Window, limit int) ([]store.Sample, error) {
	samples, err := s.samples(ctx, model, version, w, limit)
	if err != nil {
		return nil, fmt.Errorf("read samples: %w", err)
	}
	return samples, nil
}

func (s *Store) samples(ctx context.Context, model, version string, w plumbline.Window, limit int) ([]store.Sample, error) {
	type block struct {
		row, part int64
		oldest    time.Time
	}
	var blocks []block // without their bodies, which SQLite would sort along
	err := s.each(ctx, "SELECT rowid, part, oldest FROM sample_blocks WHERE version = "+versionID+" AND newest >= ? AND oldest < ? ORDER BY oldest",
		[]any{model, version, ceilMicro(w.From), ceilMicro(w.To)}, func(rows *sql.Rows) error {
			var b block
			var oldest int64
			err := rows.Scan(&b.row, &b.part, &oldest)
			b.oldest = micros(oldest)
			blocks = append(blocks, b)
			return err
		})
	if err != nil {
		return nil, err
	}
	var samples []store.Sample
	for _, b := range blocks {
		if limit > 0 && len(samples) >= limit {
			slices.SortFunc(samples, compareSamples)
			samples = samples[:limit]
			if samples[limit-1].Time.Before(b.oldest) {
				break // every further block is newer
			}
		}
		p, err := s.partition(ctx, b.part)
		if err != nil {
			return nil, err
		}
		// A block may have expired meanwhile, and another have taken its place.
		err = s.each(ctx, "SELECT body FROM sample_blocks WHERE rowid = ? AND part = ? AND version = "+versionID, []any{b.row, b.part, model, version}, func(rows *sql.Rows) error {
			var body sql.RawBytes
			if err := rows.Scan(&body); err != nil {
				return err
			}
			content, err := s.unpack(body)
			for _, x := range content {
				if !x.Time.Before(w.From) && x.Time.Before(w.To) {
					x.Model, x.Version, x.Partition = model, version, p
					samples = append(samples, x)
				}
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(samples, compareSamples)
	if limit > 0 && len(samples) > limit {
		samples = samples[:limit]
	}
	return samples, nil
}
