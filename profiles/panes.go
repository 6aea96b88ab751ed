package profiles

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"plumbline"
)

// Bounds on a baseline's panes.
const (
	maxPanes     = 2500     // not empty
	minPanes     = 120      // fewer hours than these are told apart finer
	maxPaneBytes = 24 << 20 // of all panes, unpacked
	maxSpan      = 1 << 34  // seconds between two panes
)

// paneWidths are the widths a baseline's panes can have, in seconds; beyond, the last is doubled. Hours and days are whole panes as
// long as panes are no wider.
var paneWidths = []int64{60, 300, 900, 3600, 2 * 3600, 3 * 3600, 4 * 3600, 6 * 3600, 8 * 3600, 12 * 3600, 24 * 3600, 7 * 24 * 3600}

const hourPanes = 3 // of paneWidths

// Panes are a baseline's own records over event time: what its whole features count, apart in consecutive stretches of equal
// width, counted on the baseline's cells. They tell how much a window differs from the rest when nothing is wrong. Stretches
// without records, and records without a time, are in none. Slices have no panes.
type Panes struct {
	width  int64 // seconds
	starts []int64
	rows   []int64
	bodies [][]byte
}

// Width is how much event time each pane covers; 0 if there are none.
func (p *Panes) Width() time.Duration {
	if p == nil {
		return 0
	}
	return time.Duration(p.width) * time.Second
}

// Len is the number of panes that hold records.
func (p *Panes) Len() int {
	if p == nil {
		return 0
	}
	return len(p.starts)
}

// foldPanes folds all rows that have a time once more, in its order, on a layout with the baseline's cells.
func (b *Builder) foldPanes(l *Layout, cols []*column) *Panes {
	order := make([]int32, 0, len(b.times))
	for i, t := range b.times {
		if t != noTime {
			order = append(order, int32(i))
		}
	}
	if len(order) == 0 {
		return nil
	}
	slices.SortStableFunc(order, func(i, j int32) int { return cmp.Compare(b.times[i], b.times[j]) })
	width := b.paneWidth(order)
	for {
		if p := b.foldPanesOf(l, cols, order, width); p != nil {
			return p
		}
		if b.countPanes(order, width) == 1 {
			return nil
		}
		width = wider(width)
	}
}

// paneWidth is an hour, less if that made a handful of panes, more if it made too many.
func (b *Builder) paneWidth(order []int32) int64 {
	width := paneWidths[hourPanes]
	for i := hourPanes; i > 0 && b.countPanes(order, width) < minPanes; i-- {
		width = paneWidths[i-1]
	}
	for b.countPanes(order, width) > maxPanes {
		width = wider(width)
	}
	return width
}

func (b *Builder) countPanes(order []int32, width int64) (n int) {
	for i, at := range order {
		if i == 0 || floorTo(b.times[at], width) != floorTo(b.times[order[i-1]], width) {
			n++
		}
	}
	return n
}

func wider(width int64) int64 {
	for _, w := range paneWidths {
		if w > width {
			return w
		}
	}
	return 2 * width
}

// foldPanesOf returns nil if panes of that width take too much room.
func (b *Builder) foldPanesOf(l *Layout, cols []*column, order []int32, width int64) *Panes {
	out := &Panes{width: width}
	f, p := NewFolder(l), l.NewProfile()
	targets, size := []*Profile{p}, 0
	var r plumbline.Record
	for i, at := range order {
		b.fill(&r, int(at), &b.rows[at], cols)
		f.Fold(&r, false, targets...)
		start := floorTo(b.times[at], width)
		if i+1 < len(order) && floorTo(b.times[order[i+1]], width) == start {
			continue
		}
		p.settle()
		body := p.appendNatives(p.appendTallies(nil))
		if size += len(body) + 2*binary.MaxVarintLen64; size > maxPaneBytes {
			return nil
		}
		out.starts, out.rows, out.bodies = append(out.starts, start), append(out.rows, p.Records()), append(out.bodies, body)
		p.Reset()
	}
	return out
}

// floorTo is the largest multiple of width that is not above t.
func floorTo(t, width int64) int64 {
	f := t - t%width
	if f > t {
		f -= width
	}
	return f
}

// binary is what the file holds, unpacked: for each pane the number of widths since the one before, the body's length, the body.
func (p *Panes) binary() []byte {
	var out []byte
	for i, start := range p.starts {
		last := p.starts[0]
		if i > 0 {
			last = p.starts[i-1]
		}
		out = binary.AppendUvarint(out, uint64((start-last)/p.width))
		out = binary.AppendUvarint(out, uint64(len(p.bodies[i])))
		out = append(out, p.bodies[i]...)
	}
	return out
}

// panesFile is the JSON form.
type panesFile struct {
	Width  int64     `json:"width_seconds"`
	First  time.Time `json:"first"` // start of the first pane
	Panes  int       `json:"panes"`
	Bodies []byte    `json:"bodies"` // base64 of gzip of the panes, for this program only
}

// MarshalJSON packs the panes.
func (p *Panes) MarshalJSON() ([]byte, error) {
	f := panesFile{Width: p.width, Panes: len(p.starts)}
	if len(p.starts) > 0 {
		f.First = time.Unix(p.starts[0], 0).UTC()
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(p.binary()); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	f.Bodies = packed.Bytes()
	return json.Marshal(f)
}

// UnmarshalJSON unpacks the panes; what their bodies hold is validated with the rest of the baseline.
func (p *Panes) UnmarshalJSON(data []byte) error {
	var f panesFile
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return fmt.Errorf("panes: %w", err)
	}
	z, err := gzip.NewReader(bytes.NewReader(f.Bodies))
	if err != nil {
		return fmt.Errorf("panes.bodies: %w", err)
	}
	all, err := io.ReadAll(io.LimitReader(z, 2*maxPaneBytes+1))
	if err != nil {
		return fmt.Errorf("panes.bodies: %w", err)
	}
	year := f.First.Year()
	if f.Width < 1 || f.Width > maxSpan || f.Panes < 0 || f.Panes > maxPanes || len(all) > 2*maxPaneBytes || year < 0 || year > 9999 {
		return errors.New("panes: an impossible width, number or size")
	}
	*p = Panes{width: f.Width}
	return p.unpack(all, f.First.Unix(), f.Panes)
}

// unpack is the inverse of binary.
func (p *Panes) unpack(all []byte, start int64, panes int) error {
	r := reader{b: all}
	for i := range panes {
		step := r.uvarint()
		n := r.uvarint()
		body := r.bytes(n)
		if r.err != nil || step > uint64(maxSpan/p.width) || (step == 0) != (i == 0) {
			return fmt.Errorf("panes.bodies: pane %d is broken", i)
		}
		start += int64(step) * p.width
		p.starts, p.bodies = append(p.starts, start), append(p.bodies, body)
	}
	if len(r.b) > 0 || len(p.starts) > 0 && floorTo(p.starts[0], p.width) != p.starts[0] {
		return errors.New("panes.bodies: something follows the last pane, or the first does not begin at a multiple of the width")
	}
	return nil
}

// decode reads pane i into a profile of the baseline's own layout.
func (p *Panes) decode(i int, into *Profile) error {
	into.Reset()
	r := reader{b: p.bodies[i]}
	r.tallies(into)
	r.natives(into)
	if r.err == nil && len(r.b) > 0 {
		r.err = errCorrupt
	}
	if r.err != nil {
		return fmt.Errorf("pane of %s: %w", time.Unix(p.starts[i], 0).UTC().Format(time.RFC3339), r.err)
	}
	into.settle()
	return nil
}

// validatePanes checks that every pane can be read and that together they are part of the whole.
func (b *Baseline) validatePanes() error {
	p := b.Panes
	if p.Len() == 0 {
		return nil
	}
	pane, sum := b.layout().NewProfile(), b.layout().NewProfile()
	p.rows = make([]int64, len(p.starts))
	for i := range p.starts {
		if err := p.decode(i, pane); err != nil {
			return err
		}
		p.rows[i] = pane.Records()
		if err := sum.Merge(pane); err != nil {
			return err
		}
	}
	if _, err := b.Profile().Without(sum); err != nil {
		return fmt.Errorf("they are not part of the whole: %w", err)
	}
	return nil
}
