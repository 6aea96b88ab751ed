package profiles

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"time"

	"plumbline"
)

// BaselineWindows are consecutive windows of a baseline's own event time, all of one length. They show what a statistic of a window
// against the rest of the baseline is worth when nothing has changed.
type BaselineWindows struct {
	Length time.Duration // of each; the asked one, rounded up to whole panes
	Empty  int           // left out because they have no records
	Thin   int           // left out because they have fewer than half the records of the median window

	baseline *Baseline
	windows  []paneRange
}

// BaselineWindow is one of them.
type BaselineWindow struct {
	Window  plumbline.Window
	Records int64
	Profile *Profile // on the baseline's own layout; valid until the next window
}

// paneRange is a window as the panes it holds: first <= i < end.
type paneRange struct {
	from       int64 // Unix seconds
	first, end int
	rows       int64
}

// Windows cuts the baseline into the consecutive windows [anchor + k·length, anchor + (k+1)·length) that lie within its first and
// last pane. Only the anchor's phase matters: windows anchored at the end of a live window begin and end at its time of day. It
// fails where the baseline has no panes, or where they are wider than length.
func (b *Baseline) Windows(length time.Duration, anchor time.Time) (*BaselineWindows, error) {
	p := b.Panes
	switch {
	case p.Len() == 0:
		return nil, fmt.Errorf("the baseline has no windows: its records have no times")
	case length < p.Width():
		return nil, fmt.Errorf("the baseline has no windows of %s: its records are told apart by %s", inUnits(length), inUnits(p.Width()))
	}
	panes := (length + p.Width() - 1) / p.Width()
	w := &BaselineWindows{Length: panes * p.Width(), baseline: b}
	seconds := int64(panes) * p.width
	phase := floorTo(anchor.Unix(), p.width) % seconds
	start := func(t int64) int64 { return floorTo(t-phase, seconds) + phase }
	from, to := start(p.starts[0]), p.starts[len(p.starts)-1]+p.width
	if from < p.starts[0] {
		from += seconds
	}
	for i := 0; i < len(p.starts); {
		r := paneRange{from: start(p.starts[i]), first: i}
		for ; i < len(p.starts) && start(p.starts[i]) == r.from; i++ {
			r.rows += p.rows[i]
		}
		if r.end = i; r.from >= from && r.from+seconds <= to {
			w.windows = append(w.windows, r)
		}
	}
	if to > from {
		w.Empty = int((to-from)/seconds) - len(w.windows)
	}
	w.leaveThin()
	return w, nil
}

// leaveThin leaves out windows that are hardly any: nights, or an outage.
func (w *BaselineWindows) leaveThin() {
	if len(w.windows) == 0 {
		return
	}
	rows := make([]int64, len(w.windows))
	for i, r := range w.windows {
		rows[i] = r.rows
	}
	slices.SortFunc(rows, cmp.Compare)
	median := rows[(len(rows)-1)/2]
	kept := w.windows[:0]
	for _, r := range w.windows {
		if 2*r.rows >= median {
			kept = append(kept, r)
		}
	}
	w.Thin, w.windows = len(w.windows)-len(kept), kept
}

// Len is the number of windows.
func (w *BaselineWindows) Len() int { return len(w.windows) }

// All yields the windows in order of time. One profile serves all of them.
func (w *BaselineWindows) All() iter.Seq[BaselineWindow] {
	return func(yield func(BaselineWindow) bool) {
		if len(w.windows) == 0 {
			return
		}
		l := w.baseline.layout()
		sum, pane := l.NewProfile(), l.NewProfile()
		for _, r := range w.windows {
			sum.Reset()
			for i := r.first; i < r.end; i++ {
				w.baseline.Panes.add(i, sum, pane)
			}
			sum.settle()
			from := time.Unix(r.from, 0).UTC()
			if !yield(BaselineWindow{plumbline.Window{From: from, To: from.Add(w.Length)}, sum.Records(), sum}) {
				return
			}
		}
	}
}

// add merges pane i into sum, by way of a scratch profile.
func (p *Panes) add(i int, sum, scratch *Profile) {
	if p.decode(i, scratch) == nil { // it was validated
		_ = sum.Merge(scratch) // of one layout
	}
}
