package compare

import (
	"math"

	"plumbline"
	"plumbline/detectors"
	"plumbline/profiles"
)

// windows are stretches of the reference's own rows, each against the rest of it: from them the judged tests learn how much rows
// depend on each other.
type windows struct {
	list   []pairOf
	rows   int64 // of one of them
	enough bool  // they are as long as the current file
	total  int   // windows as long as the current file that the reference holds
	short  bool  // there are none, and rows depend on each other
}

type pairOf struct{ rest, window *profiles.Feature }

// leastWindows is more than detectors asks for, since tails are read far out; there are less than twice as many.
const leastWindows = 32

// windowsOf cuts the reference into windows for a current file of n rows: as long as that if there are enough of them, else as long
// as there can be enough of. Nil without windows of the least length.
func windowsOf(f *frozen, n int64) *windows {
	if f.order == nil || n <= 0 {
		return nil
	}
	o := f.order
	least := (detectors.MinRows + o.length - 1) / o.length
	k := max(len(o.done)/leastWindows, 1)
	if want := int((n + int64(o.length) - 1) / int64(o.length)); len(o.done)/max(want, 1) >= detectors.MinWindows {
		k = max(want, 1)
	}
	k = max(k, least)
	blocks := join(o.done, k)
	if len(blocks) < detectors.MinWindows {
		if o.clustered() {
			return &windows{short: true}
		}
		return nil
	}
	rows := int64(k * o.length)
	w := &windows{rows: rows, enough: rows >= n, total: int(rows * int64(len(blocks)) / n)}
	cells, err := f.coarse()
	if err != nil {
		return nil
	}
	var all block
	for i := range blocks {
		all.add(&blocks[i])
	}
	for i := range blocks {
		rest := all
		rest.remove(&blocks[i])
		a, errA := cells.Feature(rest.sample(f))
		b, errB := cells.Feature(blocks[i].sample(f))
		if errA != nil || errB != nil {
			return nil
		}
		w.list = append(w.list, pairOf{a, b})
	}
	return w
}

func (b *block) remove(o *block) {
	for k := range b.counts {
		b.counts[k] -= o.counts[k]
	}
	for k := range b.sums {
		b.sums[k] -= o.sums[k]
	}
}

// coarse are the cells of the classes in which the order of rows was followed.
func (f *frozen) coarse() (*profiles.Cells, error) {
	if f.typ.Numeric() {
		return profiles.NewCells(f.name, plumbline.TypeNumber, f.frame.marks, nil, f.sample.Min, f.sample.Max)
	}
	names := make([]string, classes)
	for i := range names {
		names[i] = string(rune('a' + i))
	}
	return profiles.NewCells(f.name, plumbline.TypeCategory, nil, names, math.NaN(), math.NaN())
}

func (b *block) sample(f *frozen) profiles.Sample {
	s := profiles.Sample{Missing: int64(b.counts[lostSlot]), Sums: b.sums, Shift: f.frame.shift, Min: f.sample.Min, Max: f.sample.Max}
	size := classes
	if f.typ.Numeric() {
		size = len(f.frame.marks) + 1
	}
	for _, n := range b.counts[:size] {
		s.Counts = append(s.Counts, int64(n))
		s.N += int64(n)
	}
	return s
}

// learned are the tests for which windows are cut: the others count too little in a window.
var learned = map[string]bool{"psi": true, "ad": true, "auc": true, "category_shift": true, "missing": true}

// run runs a judged test on the rung of detectors' ladder that holds. It reports whether rows depend on each other.
func (w *windows) run(t detectors.Test, in detectors.Input) (f plumbline.Finding, dependent bool) {
	in.Calibration = &detectors.Calibration{}
	if w == nil || !learned[t.Name] {
		return t.Run(in), false
	}
	if w.short {
		f = t.Run(in)
		f.P, f.Lower, f.Upper, f.Verdict, f.Note = nil, nil, nil, plumbline.NoVerdict, ""
		f.Reason = "the rows depend on each other and the reference is too short to learn how much"
		return f, true
	}
	var scores []detectors.Score
	for _, p := range w.list {
		if s, ok := t.Score(detectors.Input{Baseline: p.rest, Current: p.window}); ok {
			scores = append(scores, s)
		}
	}
	if len(scores) < detectors.MinWindows {
		return t.Run(in), false
	}
	null, err := detectors.FitNull(scores)
	if err != nil {
		return t.Run(in), false
	}
	if w.enough {
		in.Calibration.Windows, in.Calibration.Available = null, len(scores)
		return t.Run(in), !null.Independent()
	}
	in.Calibration.Shorter, in.Calibration.Available = null, w.total
	return t.Run(in), !null.Independent()
}
