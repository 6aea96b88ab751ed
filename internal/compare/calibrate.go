package compare

import (
	"fmt"
	"math"
	"slices"

	"plumbline"
	"plumbline/detectors"
	"plumbline/profiles"
)

// windows are stretches of the reference's own rows, each against the rest of it: from them the judged tests learn how much rows
// depend on each other.
type windows struct {
	list   []pairOf // nil: there are too few
	rows   int64    // of one of them
	enough bool     // they are about as long as the current file
	long   bool     // they are longer, since the reference's order was not followed more finely
	total  int      // windows as long as the current file that the reference holds
	order  knowledge
}

type pairOf struct{ rest, window *profiles.Feature }

// knowledge is whether entries depend on their neighbours, as the order of rows tells where windows don't.
type knowledge int

const (
	apart  knowledge = iota // they do not, or all are the same
	alike                   // they do
	untold                  // too few differ from the others
)

// learned are the tests for which windows are cut: the others count too little in a window.
var learned = map[string]bool{"psi": true, "ad": true, "auc": true, "category_shift": true, "missing": true}

// history is what a column's reference tells of its judged tests: windows of so many values as the current file has for those that
// compare values, however many rows these are spread over, and of so many rows for those that compare which rows have one.
type history struct {
	values, rows, gaps *windows
	lost               knowledge // of rows without a value, by themselves
}

func historyOf(p *pair) history {
	f := p.ref
	if f.order == nil {
		return history{}
	}
	rows := windowsOf(f, &f.order.rows, p.present)
	gaps := *rows
	h := history{values: windowsOf(f, &f.order.values, p.cur.N), rows: rows, gaps: &gaps}
	if !f.constant() {
		h.values.order = told(f.clustering())
		if h.values.order == untold && p.turned() {
			h.values.order = apart
		}
	}
	if f.sample.N > 0 && f.sample.N < f.present {
		h.gaps.order = told(f.order.rows.gaps())
	}
	h.lost = h.gaps.order
	if h.values.order == alike { // so it may be with the gaps between them
		h.gaps.order = alike
	}
	h.rows.order = h.values.order
	if h.gaps.order == alike {
		h.rows.order = alike
	}
	return h
}

// of are the windows for a test, nil if there are none for it. To psi no value is a category too, and windows of rows tell of it, unless
// the values in them are too few and depend on each other.
func (h history) of(test string, typ plumbline.FeatureType) *windows {
	switch {
	case !learned[test]:
		return nil
	case test == "missing":
		return h.gaps
	case test == "psi" && !typ.Numeric() && h.values != nil && (h.values.list != nil || h.values.order != alike):
		return h.rows
	}
	return h.values
}

// caveat is a note on a finding of drift, where the current file's rows depend on each other and the reference's do not.
func (h history) caveat(test string, current []float64) string {
	if h.values == nil || h.values.order != apart || !learned[test] || test == "missing" {
		return ""
	}
	if q, ok := trailing(current); !ok || q >= clusteredLevel {
		return ""
	}
	return "the rows of the current file depend on each other and those of the reference do not: it drifts within itself, or the reference was shuffled, and then p is too small"
}

// withheld is why a test that no window can teach has no verdict: it counts rows that come together as so many that came by themselves.
func (h history) withheld(test string, dependent bool) string {
	switch {
	case h.values == nil:
	case test == "unseen" && (h.values.order == alike || dependent && h.values.order == apart):
		return "the rows depend on each other, and this test takes them as independent"
	case test == "invalid" && h.lost == alike:
		return "rows without a value come together, and this test takes them as independent"
	}
	return ""
}

// constant reports that all values are the same.
func (f *frozen) constant() bool {
	if f.typ.Numeric() {
		return f.sample.Min == f.sample.Max
	}
	return slices.Contains(f.sample.Counts, f.sample.N)
}

// turned reports that most values of the current file are others than most of the reference's. Where nearly all of the reference's are
// the same that is drift, however rows depend on each other.
func (p *pair) turned() bool {
	var most, same int64
	for i, n := range p.ref.sample.Counts {
		if n > most && i < len(p.cur.Counts) {
			most, same = n, p.cur.Counts[i]
		}
	}
	return 2*most > p.ref.sample.N && 2*same < p.cur.N
}

// leastWindows is more than detectors asks for, since tails are read far out; there are less than twice as many.
const leastWindows = 32

// windowsOf cuts a track of the reference into windows for a current file of n entries: about as long as that if there are enough of
// them, else as long as there can be enough of, else none.
func windowsOf(f *frozen, t *track, n int64) *windows {
	w := &windows{}
	if n <= 0 {
		return w
	}
	least := (detectors.MinRows + t.length - 1) / t.length
	as := blocksOf(n, t.length)
	k := as
	if w.total = len(t.done) / as; w.total < detectors.MinWindows {
		k = max(len(t.done)/leastWindows, t.telling())
	}
	k = max(k, least)
	blocks := join(t.done, k)
	if len(blocks) < detectors.MinWindows {
		return w
	}
	cells, err := f.coarse()
	if err != nil {
		return w
	}
	w.rows = int64(k * t.length)
	w.enough, w.long = 4*w.rows >= 3*n, 2*w.rows > 3*n
	blocks = spaced(blocks, mostWindows)
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
			w.list = nil
			return w
		}
		w.list = append(w.list, pairOf{a, b})
	}
	return w
}

// tellingRare is how many entries other than the commonest kind a window must expect that is shorter than the current file: the scores
// of fewer vary more than their laws say, so that independent rows pass for such that depend on each other.
const tellingRare = 10

// telling is how many blocks hold so many.
func (t *track) telling() int {
	var all block
	for i := range t.done {
		all.add(&t.done[i])
	}
	total, most := 0.0, 0.0
	for _, n := range all.counts {
		total, most = total+float64(n), math.Max(most, float64(n))
	}
	if most == total {
		return 1
	}
	return int(math.Ceil(math.Min(tellingRare/(total-most)*float64(len(t.done)), float64(len(t.done)))))
}

// blocksOf is how many blocks of a length are about n entries: rounded up, unless that is more than half as much again.
func blocksOf(n int64, length int) int {
	k := int((n + int64(length) - 1) / int64(length))
	if k > 1 && 2*int64(k*length) > 3*n {
		k--
	}
	return k
}

// mostWindows are as many as there would be of coarse blocks: more take time and tell little.
const mostWindows = coarseBlocks

// spaced are at most so many blocks, evenly spread.
func spaced(blocks []block, most int) []block {
	if len(blocks) <= most {
		return blocks
	}
	out := make([]block, most)
	for i := range out {
		out[i] = blocks[i*len(blocks)/most]
	}
	return out
}

// told makes knowledge of the probability that entries which do not depend on each other are so like their neighbours.
func told(p float64, ok bool) knowledge {
	switch {
	case !ok:
		return untold
	case p < clusteredLevel:
		return alike
	}
	return apart
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

// run runs a judged test on the rung of detectors' ladder that holds. It reports whether rows may depend on each other.
func (w *windows) run(t detectors.Test, in detectors.Input) (f plumbline.Finding, dependent bool) {
	in.Calibration = &detectors.Calibration{}
	if w == nil {
		return t.Run(in), false
	}
	null := w.null(t)
	if null != nil && w.long && (w.order == alike || !null.Independent()) {
		f = t.Run(in)
		withhold(&f, fmt.Sprintf("the rows depend on each other, and the reference's order is followed in stretches of %d, longer than the current file", w.rows))
		return f, true
	}
	if null != nil {
		if in.Calibration.Available = w.total; w.enough {
			in.Calibration.Windows, in.Calibration.Available = null, null.K
		} else {
			in.Calibration.Shorter = null
		}
		return t.Run(in), !null.Independent()
	}
	f = t.Run(in)
	why := ""
	switch {
	case w.order == alike:
		why = "the rows depend on each other and the reference is too short to learn how much"
	case w.order == untold && f.Verdict == plumbline.Drift: // rows that depend on each other differ more than others, not less
		why = "too few values of the reference differ from the others to tell whether rows depend on each other"
	default:
		return f, w.order != apart
	}
	withhold(&f, why)
	return f, true
}

// null is what the windows tell of a test; nil if it has a number in too few of them.
func (w *windows) null(t detectors.Test) *detectors.Null {
	var scores []detectors.Score
	for _, p := range w.list {
		if s, ok := t.Score(detectors.Input{Baseline: p.rest, Current: p.window}); ok {
			scores = append(scores, s)
		}
	}
	if len(scores) < detectors.MinWindows {
		return nil
	}
	null, err := detectors.FitNull(scores)
	if err != nil {
		return nil
	}
	return null
}
