package profiles

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"plumbline"
)

// What is derived, and the sums of vectors, have windows too.
func TestPanesOfDerivedFeatures(t *testing.T) {
	m := &plumbline.Model{Name: "m", Multivariate: true, Features: []plumbline.Feature{{Name: "t", Type: plumbline.TypeText}}}
	rng := rand.New(rand.NewPCG(1, 2))
	b := NewBuilder(m)
	for i := range 3000 {
		x, y := rng.NormFloat64(), rng.NormFloat64()
		vector := fmt.Sprintf("[%g,%g,%g]", x, y, rng.NormFloat64())
		b.Add(&plumbline.Record{Time: may.Add(time.Duration(i) * 10 * time.Minute), Features: []plumbline.Field{
			{Name: "x", Value: number(x)}, {Name: "y", Value: number(x + y)}, {Name: "t", Value: text1(strings.Repeat("wörd 12 ", 1+i%7))},
			{Name: "e", Value: plumbline.Value{Kind: plumbline.Vector, Num: x*x + y*y, Str: vector, Len: 3}},
		}})
	}
	base, err := b.Build(may, "test")
	if err != nil {
		t.Fatal(err)
	}
	body, err := base.Write()
	if err != nil {
		t.Fatal(err)
	}
	if base, err = ReadBaseline(body); err != nil {
		t.Fatal(err)
	}
	ws, err := base.Windows(24*time.Hour, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	whole, n := base.Profile(), 0
	for w := range ws.All() {
		rest, err := whole.Without(w.Profile)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range whole.Features() {
			if part, other := w.Profile.Feature(f.Key), rest.Feature(f.Key); f.N > 0 && (part.N != w.Records || part.N+other.N != f.N) {
				t.Errorf("%s: %d in the window and %d in the rest of %d", f.Name, part.N, other.N, f.N)
			}
		}
		n++
	}
	if n != 20 || whole.Feature(Key{Input, WholeRow}) == nil || whole.Feature(Key{Input, "t.words"}) == nil { // 3000 × 10 minutes are 20.8 days
		t.Errorf("%d windows of %d features", n, len(whole.Features()))
	}
}

func TestWidthsOfPanes(t *testing.T) {
	for _, c := range []struct {
		n     int
		step  time.Duration
		width time.Duration
		panes int
	}{
		{1000, time.Second, time.Minute, 17},
		{1000, time.Minute, 5 * time.Minute, 200},
		{1000, time.Hour, time.Hour, 1000},
		{3000, time.Hour, 2 * time.Hour, 1500},
		{3000, 24 * time.Hour, 7 * 24 * time.Hour, 429},
		{3000, 14 * 24 * time.Hour, 28 * 24 * time.Hour, 1501},
		{3, 100000 * time.Hour, time.Minute, 3}, // years apart: it is records that count, not time
	} {
		b := NewBuilder(&plumbline.Model{Name: "m"})
		records := timed(columnOf(make([]plumbline.Value, c.n)...), may, c.step)
		for i := range records {
			b.Add(&records[i])
		}
		b.Add(&plumbline.Record{Features: []plumbline.Field{{Name: "f", Value: number(1)}}}) // without a time
		base, err := b.Build(may, "test")
		if err != nil {
			t.Fatal(err)
		}
		if p := base.Panes; p.Width() != c.width || p.Len() != c.panes {
			t.Errorf("%d records %s apart: %d panes of %s, want %d of %s", c.n, c.step, p.Len(), p.Width(), c.panes, c.width)
		}
		if _, err := base.Windows(c.width/2, may); err == nil {
			t.Errorf("windows of %s from panes of %s", c.width/2, c.width)
		}
		if ws, err := base.Windows(c.width+1, may); err != nil || ws.Length != 2*c.width {
			t.Errorf("windows a little longer than panes: %+v, %v", ws, err)
		}
	}
}

func TestWindowsHaveThePhaseOfTheirAnchor(t *testing.T) {
	b := messyBaseline(t, 2000, 4)
	for _, anchor := range []time.Time{may.Add(5 * time.Hour), may.Add(-1003 * time.Hour), {}, may.AddDate(10, 0, 0)} {
		ws, err := b.Windows(6*time.Hour, anchor)
		if err != nil {
			t.Fatal(err)
		}
		last := time.Time{}
		for w := range ws.All() {
			if d := w.Window.From.Unix() - anchor.Unix(); d%(6*3600) != 0 {
				t.Fatalf("%v begins %d seconds from %v", w.Window, d, anchor)
			}
			if !last.IsZero() && !w.Window.From.Equal(last) {
				t.Errorf("%v follows %v", w.Window, last)
			}
			last = w.Window.To
		}
		if ws.Len() < 37 || ws.Empty != 0 || ws.Thin != 0 { // 9.7 days hold 38
			t.Errorf("%d windows, %d empty, %d thin", ws.Len(), ws.Empty, ws.Thin)
		}
	}
}

func TestThinWindowsAreLeftOut(t *testing.T) {
	b := NewBuilder(&plumbline.Model{Name: "m"})
	for day := range 30 {
		for i := range 100 {
			if day == 7 && i > 20 || day == 9 {
				continue // an outage, and a longer one
			}
			b.Add(&plumbline.Record{Time: may.AddDate(0, 0, day).Add(time.Duration(i) * 10 * time.Minute), Features: with("f", number(1)).Features})
		}
	}
	base, err := b.Build(may, "test")
	if err != nil {
		t.Fatal(err)
	}
	ws, err := base.Windows(24*time.Hour, may)
	if err != nil || ws.Len() != 27 || ws.Empty != 1 || ws.Thin != 1 { // the last day ends with its last record's pane, not at midnight
		t.Errorf("%d windows, %d empty, %d thin, %v", ws.Len(), ws.Empty, ws.Thin, err)
	}
}

// Whatever panes a file holds: an error, or windows and seasons.
func FuzzPanes(f *testing.F) {
	b := messyBaseline(f, 300, 6)
	f.Add(b.Panes.binary(), b.Panes.starts[0], b.Panes.Len())
	f.Add([]byte{0, 2, 0, 0, 1, 2, 0, 0}, int64(0), 2)
	f.Fuzz(func(t *testing.T, all []byte, start int64, n int) {
		if n < 0 || n > maxPanes || start%60 != 0 || start < -maxSpan || start > maxSpan {
			return
		}
		c, p := *b, &Panes{width: 60}
		if p.unpack(all, start, n) != nil {
			return
		}
		if c.Panes = p; c.validatePanes() != nil {
			return
		}
		if !bytes.Equal(p.binary(), all) && len(p.binary()) > len(all) {
			t.Error("packed again the panes are longer")
		}
		ws, err := c.Windows(time.Hour, may)
		if err != nil {
			return
		}
		for w := range ws.All() {
			if _, err := c.Profile().Without(w.Profile); err != nil {
				t.Error(err)
			}
			if s := c.Season(w.Window, Season{}); s.Profile == nil {
				t.Error(s.Reason)
			}
		}
	})
}
