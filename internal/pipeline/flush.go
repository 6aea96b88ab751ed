package pipeline

import (
	"cmp"
	"slices"
	"time"

	"plumbline"
	"plumbline/store"
)

// flush makes everything folded so far durable: dead letters, then panes, rows and checkpoint, then the acknowledgement. It
// tries again for as long as the worker is not abandoned, because going on without the store would lose what it was told.
func (w *worker) flush() error {
	if w.cp.Next == w.saved.Next && w.dirty == 0 { // a batch without messages moves the position too
		return nil
	}
	f := w.collect()
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		began := w.c.options.Now()
		err := w.write(f)
		w.c.options.Observe.Flushed(w.c.options.Now().Sub(began), len(f.Panes), len(f.Answers)+len(f.Labels)+len(f.Samples), err)
		if err == nil {
			break
		}
		if err := w.wait("flush failed, trying again", err, wait); err != nil {
			return err
		}
	}
	w.forget(f)
	if w.ack != nil {
		w.ack(f.Checkpoint.Next)
	}
	return w.makeBaselines()
}

const (
	firstWait = 100 * time.Millisecond
	lastWait  = 30 * time.Second
	lookTries = 9 // half a minute
)

// wait waits before the next try; its error is errAbandoned.
func (w *worker) wait(why string, err error, wait time.Duration) error {
	if w.ctx.Err() != nil {
		return errAbandoned
	}
	w.log.Error(why, "err", err, "in", wait)
	select {
	case <-time.After(wait):
		return nil
	case <-w.ctx.Done():
		return errAbandoned
	}
}

// patiently does what asks the store until that has worked. A store that is away for a moment must not cost what was folded since
// the last flush, nor, of a partition that has gone quiet, all that is read of it until its next message comes.
func (w *worker) patiently(f func() error) error {
	for wait, tries := firstWait, 1; ; wait, tries = 2*wait, tries+1 {
		err := f()
		if err == nil || tries == lookTries {
			return err
		}
		if err := w.wait("could not look up what a batch needs, trying again", err, wait); err != nil {
			return err
		}
	}
}

func (w *worker) collect() *store.Flush {
	f := &store.Flush{Answers: w.answers, Labels: w.labels, Samples: w.samples, Checkpoint: w.cp}
	f.Checkpoint.Rejected = make(map[plumbline.Reason]int64, len(w.cp.Rejected))
	for r, n := range w.cp.Rejected {
		f.Checkpoint.Rejected[r] = n
	}
	for _, p := range w.open {
		if p.dirty {
			f.Panes = append(f.Panes, p.snapshot(w.part, p.profile.AppendBinary(nil)))
		}
	}
	slices.SortFunc(f.Panes, func(a, b store.Pane) int { // stores write in key order
		return cmp.Or(cmp.Compare(a.Key.Model, b.Key.Model), cmp.Compare(a.Key.Version, b.Key.Version), cmp.Compare(a.Key.Slice, b.Key.Slice),
			cmp.Compare(a.Key.Width, b.Key.Width), a.Key.Start.Compare(b.Key.Start))
	})
	return f
}

func (w *worker) write(f *store.Flush) error {
	if len(w.letters) > 0 {
		if err := w.source.DeadLetters.Write(w.ctx, w.letters); err != nil {
			return err
		}
		w.letters = nil
	}
	return w.c.store.Flush(w.ctx, f)
}

// forget lets go of what is durable now: rows at once, panes when their time is over or there are too many.
func (w *worker) forget(f *store.Flush) {
	w.mu.Lock()
	w.saved = f.Checkpoint
	w.mu.Unlock()
	for _, x := range f.Samples {
		w.c.registry.noteSample(x.Model, x.Version)
	}
	w.answers, w.labels, w.samples = make([]store.Answer, 0, len(w.answers)), nil, nil // about as many as the last time
	w.arena = arena{}
	w.dirty, w.pending, w.ripe = 0, 0, false
	if changed := w.c.changed; changed != nil && len(f.Panes) > 0 {
		changed(f)
	}
	w.evict()
	w.flushes++
}

func (w *worker) evict() {
	newest := w.cp.Newest.Unix()
	crowded := len(w.open) > w.c.options.MaxOpenPanes
	for id, p := range w.open {
		p.dirty = false
		width := int64(id.width / time.Second)
		over := id.start+width <= newest
		if over && (crowded || id.start+2*width <= newest || p.used+10 < w.flushes) {
			w.drop(id)
		}
	}
}

func (w *worker) drop(id paneID) {
	delete(w.open, id)
	s := w.streams[versionKey{id.stream.Model, id.stream.Version}]
	k := w.settledKey(s, id.width)
	if was, ok := w.settled[k]; !ok || id.start > was {
		w.settled[k] = id.start
	}
	if set := s.panes[id.stream.Slice]; set != nil {
		left := false
		for i, p := range set {
			if p != nil && p.id == id {
				set[i] = nil
			}
			left = left || set[i] != nil
		}
		if !left {
			delete(s.panes, id.stream.Slice)
		}
	}
}

// refreshEvery is after how many flushes a stream without a baseline looks whether another process has made it.
const refreshEvery = 12

// makeBaselines tries to give streams without a baseline theirs, from the samples just stored.
func (w *worker) makeBaselines() error {
	for _, s := range w.streams {
		if s.version.Baseline != nil {
			continue
		}
		var err error
		if w.c.registry.enoughSamples(w.ctx, s.version) {
			_, err = w.c.registry.MakeBaseline(w.ctx, s.version.Model.Name, s.version.Version, w.cp.Newest)
		} else if w.flushes%refreshEvery == 0 {
			_, err = w.c.registry.refresh(w.ctx, s.version)
		}
		if err != nil {
			if w.ctx.Err() != nil {
				return errAbandoned
			}
			w.log.Warn("could not make a baseline", "model", s.version.Model.Name, "version", s.version.Version, "err", err)
			continue
		}
		// An error is left to the next batch's own look, and another manifest may not want the version any more.
		if now, reason, err := w.c.registry.Version(w.ctx, s.version.Model.Name, s.version.Version); err == nil && reason == plumbline.ReasonNone {
			s.version = now
		}
	}
	return nil
}
