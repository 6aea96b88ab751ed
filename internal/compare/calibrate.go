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
	rows   float64 // of one of them
	enough bool    // they are as long as the current file
	ratio  float64 // by which the distance of one weighs more with as many rows as the current file has
	total  int     // windows as long as the current file that the reference holds
}

type pairOf struct{ rest, window *profiles.Feature }

// mostWindows bounds what is learned from: more say little more, and each costs.
const mostWindows = 2 * leastWindows

// leastWindows is more than detectors asks for, since tails are read far out.
const leastWindows = 32

// windowsOf cuts the reference into windows for a current file of n rows: as long as that if there are enough of them, else as long
// as there can be enough of. Nil without windows of the least length.
func windowsOf(f *frozen, n int64) *windows {
	if f.order == nil || n <= 0 {
		return nil
	}
	o := f.order
	least := (detectors.MinRows + o.length - 1) / o.length
	k := max(len(o.done)/mostWindows, 1)
	if want := int((n + int64(o.length) - 1) / int64(o.length)); len(o.done)/max(want, 1) >= detectors.MinWindows {
		k = max(want, 1)
	}
	k = max(k, least)
	blocks := join(o.done, k)
	if len(blocks) < detectors.MinWindows {
		return nil
	}
	rows := int64(k * o.length)
	m := float64(rows) * float64(len(blocks))
	w := &windows{enough: rows >= n, rows: float64(rows), total: int(m / float64(n))}
	w.ratio = (1/float64(rows) + 1/(m-float64(rows))) / (1/float64(n) + 1/m)
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
var learned = map[string]bool{"psi": true, "ad": true, "mean_shift": true, "category_shift": true, "missing": true}

// scores of a test on all windows, each distance taken for one of as many rows as the current file has; nil if one can't be computed.
func (w *windows) scores(t detectors.Test, ratio float64) []detectors.Score {
	var out []detectors.Score
	for _, p := range w.list {
		if s, ok := t.Score(detectors.Input{Baseline: p.rest, Current: p.window}); ok {
			s.X *= ratio
			out = append(out, s)
		}
	}
	if len(out) < detectors.MinWindows {
		return nil
	}
	return out
}

// run runs a judged test. If rows depend on each other and the reference holds too few windows as long as the current file, the
// current file is held against the shorter ones: if rows depend on each other in one way throughout, a longer window strays from the
// rest at most as far as a shorter one. It says drift where even so it is too far, and else nothing.
func (w *windows) run(t detectors.Test, in detectors.Input) plumbline.Finding {
	if w == nil || !learned[t.Name] {
		in.Calibration = &detectors.Calibration{}
		return t.Run(in)
	}
	scores := w.scores(t, 1)
	if scores == nil {
		in.Calibration = &detectors.Calibration{}
		return t.Run(in)
	}
	null, err := detectors.FitNull(scores)
	if err != nil {
		in.Calibration = &detectors.Calibration{}
		return t.Run(in)
	}
	if w.enough {
		in.Calibration = &detectors.Calibration{Windows: null, Available: len(w.list)}
		return t.Run(in)
	}
	in.Calibration = &detectors.Calibration{Shorter: null, Available: w.total}
	if null.Independent() {
		return t.Run(in)
	}
	if wide, err := detectors.FitNull(w.scores(t, w.ratio)); err == nil {
		far := in
		far.Calibration = &detectors.Calibration{Windows: wide, Available: len(w.list)}
		if f := t.Run(far); f.Verdict == plumbline.Drift {
			return f
		}
	}
	return t.Run(in)
}
