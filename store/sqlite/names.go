package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"sync"
	"unicode/utf8"

	"plumbline"
	"plumbline/internal/sqlitefile"
)

// ids hands out the integers of one kind of name and remembers them. It is used by the writer only; what a transaction added
// is settled or forgotten with it.
type ids[K comparable] struct {
	known, added map[K]int64
	insert, find *sql.Stmt // both take the columns of the name
}

func (d *ids[K]) get(ctx context.Context, name K, columns ...any) (int64, error) {
	if id, ok := d.known[name]; ok {
		return id, nil
	}
	if id, ok := d.added[name]; ok {
		return id, nil
	}
	if _, err := d.insert.ExecContext(ctx, columns...); err != nil {
		return 0, err
	}
	var id int64
	if err := d.find.QueryRowContext(ctx, columns...).Scan(&id); err != nil {
		return 0, err
	}
	if d.added == nil {
		d.added = map[K]int64{}
	}
	d.added[name] = id
	return id, nil
}

func (d *ids[K]) settle() {
	if d.known == nil {
		d.known = map[K]int64{}
	}
	maps.Copy(d.known, d.added)
	d.added = nil
}

func (d *ids[K]) forget() { d.added = nil }

type version struct{ model, version string }

type series struct {
	version, slice int64
	width          int64
}

// names finds the names of the integers that rows hold: the readers' half. An unknown integer is looked up once.
type names struct {
	mu         sync.RWMutex
	partitions map[int64]plumbline.Partition
	slices     map[int64]string
}

func (s *Store) partition(ctx context.Context, id int64) (plumbline.Partition, error) {
	s.names.mu.RLock()
	p, ok := s.names.partitions[id]
	s.names.mu.RUnlock()
	if ok {
		return p, nil
	}
	err := s.file.Read.QueryRowContext(ctx, "SELECT source, topic, number FROM partitions WHERE id = ?", id).Scan(&p.Source, &p.Topic, &p.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return p, fmt.Errorf("%w: a row of partition %d, which has no name", ErrCorrupt, id)
	}
	if err != nil {
		return p, sqlitefile.Error(err)
	}
	s.names.mu.Lock()
	defer s.names.mu.Unlock()
	if s.names.partitions == nil {
		s.names.partitions = map[int64]plumbline.Partition{}
	}
	s.names.partitions[id] = p
	return p, nil
}

// The slices of an answer are stored as a UTF-8 string with one rune for each: one byte each for the first 127 slices of a
// file, two up to 2047. UTF-8 is self-synchronising, so a substring search finds a slice and never a part of two.

const surrogates = 0xD800 // these 0x800 code points are not runes

func appendSlice(b []byte, id int64) ([]byte, error) {
	if id >= surrogates {
		id += 0x800
	}
	if id > utf8.MaxRune {
		return nil, errors.New("more than a million slices: no model should have so many; declare fewer segments")
	}
	return utf8.AppendRune(b, rune(id)), nil
}

func (s *Store) slices(ctx context.Context, encoded []byte) ([]string, error) {
	var out []string
	for _, r := range string(encoded) {
		id := int64(r)
		if id > surrogates {
			id -= 0x800
		}
		name, err := s.slice(ctx, id)
		if err != nil {
			return nil, err
		}
		out = append(out, name)
	}
	return out, nil
}

func (s *Store) slice(ctx context.Context, id int64) (string, error) {
	s.names.mu.RLock()
	name, ok := s.names.slices[id]
	s.names.mu.RUnlock()
	if ok {
		return name, nil
	}
	err := s.file.Read.QueryRowContext(ctx, "SELECT name FROM slices WHERE id = ?", id).Scan(&name)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("%w: a row of slice %d, which has no name", ErrCorrupt, id)
	}
	if err != nil {
		return "", sqlitefile.Error(err)
	}
	s.names.mu.Lock()
	defer s.names.mu.Unlock()
	if s.names.slices == nil {
		s.names.slices = map[int64]string{}
	}
	s.names.slices[id] = name
	return name, nil
}
