package pipeline

import (
	"fmt"
	"time"

	"plumbline"
	"plumbline/collectors"
	"plumbline/store"
)

// width is how wide the panes of a level are: 0 the finest, 1 an hour, 2 a day. There is none where a finer level, from first
// on, is at least as wide.
func (s *stream) width(level, first int) (width time.Duration, ok bool) {
	width = [3]time.Duration{s.fine, Hour, Day}[level]
	return width, level == 0 || first > 0 || s.fine < width
}

func (s *stream) id(slice string, width time.Duration, start int64) paneID {
	return paneID{plumbline.Stream{Model: s.version.Model.Name, Version: s.version.Version, Slice: slice}, width, start}
}

// panesOf appends the stream's panes at t to s.touched, from level first up.
func (w *worker) panesOf(s *stream, slice string, t time.Time, first int) error {
	set := s.panes[slice]
	if set == nil {
		set = &paneSet{}
		s.panes[slice] = set
	}
	for level := first; level < 3; level++ {
		width, ok := s.width(level, first)
		if !ok {
			continue
		}
		start := floor(t, width)
		p := set[level]
		if p == nil || p.id.start != start {
			var err error
			if p, err = w.pane(s, s.id(slice, width, start)); err != nil {
				return err
			}
			set[level] = p
		}
		p.used = w.flushes
		s.touched = append(s.touched, p)
	}
	return nil
}

// pane returns the open pane, from memory, from the store, or new.
func (w *worker) pane(s *stream, id paneID) (*openPane, error) {
	if p := w.open[id]; p != nil {
		return p, nil
	}
	p := &openPane{id: id, last: -1}
	if w.mayBeStored(s, id) {
		if err := w.restore(p); err != nil {
			return nil, err
		}
	}
	if p.profile == nil {
		p.profile = s.version.Layout.NewProfile()
	}
	w.open[id] = p
	return p, nil
}

func (w *worker) mayBeStored(s *stream, id paneID) bool {
	settled, ok := w.settled[w.settledKey(s, id.width)]
	return ok && id.start <= settled
}

func (w *worker) settledKey(s *stream, width time.Duration) time.Duration {
	if width == s.fine {
		return 0
	}
	return width
}

// restore gives the pane what the store holds of it.
func (w *worker) restore(p *openPane) error {
	row, known := w.found[p.id]
	delete(w.found, p.id) // true once: a flush in the middle of the batch may write the pane anew
	if !known {
		rows, err := w.c.store.Panes(w.ctx, []plumbline.PaneKey{p.id.key(w.part)})
		if err != nil {
			return fmt.Errorf("read a pane of %s: %w", w.part, err)
		}
		w.lookups++
		if len(rows) > 0 {
			row = &rows[0]
		}
	}
	if row == nil {
		return nil
	}
	var err error
	if p.profile, err = w.c.registry.Decode(w.ctx, *row); err != nil {
		return fmt.Errorf("decode a pane of %s: %w", w.part, err)
	}
	p.last = row.LastOffset
	p.sampled = int(min(row.Records, int64(w.c.options.Samples.MaxPerPane)))
	return nil
}

// fewLookups is how many panes of a batch may be asked for one by one before the next batch asks for all at once.
const fewLookups = 8

// lookUp asks the store for all panes a batch needs in one question. It decodes the batch a first time to know them, which pays
// where there are many: after a crash between a flush's panes and its checkpoint, or where old records come in.
func (w *worker) lookUp(b collectors.Batch) error {
	many := w.lookups >= fewLookups
	w.found, w.lookups = nil, 0
	if !many {
		return nil
	}
	var keys []plumbline.PaneKey
	w.found = map[paneID]*store.Pane{}
	want := func(s *stream, slice string, first int) {
		for level := first; level < 3; level++ {
			width, ok := s.width(level, first)
			id := s.id(slice, width, floor(w.record.Time, width))
			if _, asked := w.found[id]; !ok || asked || w.open[id] != nil || !w.mayBeStored(s, id) {
				continue
			}
			w.found[id] = nil
			keys = append(keys, id.key(w.part))
		}
	}
	for i := range b.Messages {
		m := &b.Messages[i]
		if m.Offset < w.cp.Next || w.decode(m) != nil || w.record.Kind == plumbline.Label {
			continue
		}
		s, reason, err := w.stream(w.record.Model, w.record.Version)
		if err != nil {
			return err
		}
		if reason != plumbline.ReasonNone {
			continue
		}
		want(s, "", 0)
		slices, _ := s.slicer.of(&w.record)
		for _, slice := range slices {
			want(s, slice, 1)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	rows, err := w.c.store.Panes(w.ctx, keys)
	if err != nil {
		return fmt.Errorf("read panes of %s: %w", w.part, err)
	}
	for i := range rows {
		k := rows[i].Key
		w.found[paneID{k.Stream, k.Width, k.Start.Unix()}] = &rows[i]
	}
	w.lookups = len(keys)
	return nil
}
