package profiles

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Colours of a terminal: the baseline stands back, the present stands out.
const (
	grey  = "\x1b[90m"
	cyan  = "\x1b[36m"
	plain = "\x1b[0m"
)

const displayBins = 16

// Histogram draws the baseline against now, one line a bin, width columns at most: numbers in equally wide bins between their
// 1 % and 99 % quantiles, or the most frequent categories. Either may be nil and is then left out.
func Histogram(w io.Writer, ref, cur *Feature, width int, color bool) {
	labels, a, b := display(ref, cur)
	if len(labels) == 0 {
		fmt.Fprintln(w, "  no cells to draw")
		return
	}
	widest := 0
	for i, l := range labels {
		labels[i] = Clip(Printable(l), 24)
		widest = max(widest, utf8.RuneCountInString(labels[i]))
	}
	columns := count(ref != nil) + count(cur != nil)
	bar := min(max((width-widest-4)/max(int(columns), 1)-10, 4), 60)
	most := 0.0
	for i := range labels {
		most = math.Max(most, math.Max(a[i], b[i]))
	}
	paint := func(code, s string) string {
		if !color {
			return s
		}
		return code + s + plain
	}
	for i, l := range labels {
		line := "  " + strings.Repeat(" ", widest-utf8.RuneCountInString(l)) + l + " "
		if ref != nil {
			line += paint(grey, labelledBar(a[i], most, bar))
		}
		if cur != nil {
			line += paint(cyan, labelledBar(b[i], most, bar))
		}
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
}

// labelledBar is one bar and its share in per cent.
func labelledBar(share, most float64, width int) string {
	return " ▏" + bars(share, most, width) + fmt.Sprintf("%6.1f%%", 100*share)
}

// bars is share/most of width columns, in eighths.
func bars(share, most float64, width int) string {
	if !(most > 0) || !(share > 0) {
		return strings.Repeat(" ", width)
	}
	eighths := int(math.Round(share / most * float64(8*width)))
	eighths = min(max(eighths, 1), 8*width) // something is never drawn as nothing
	s := strings.Repeat("█", eighths/8)
	if r := eighths % 8; r > 0 {
		s += string([]rune("▏▎▍▌▋▊▉")[r-1])
	}
	return s + strings.Repeat(" ", width-utf8.RuneCountInString(s))
}

// Sparkline draws shares as one character each; nothing is a space, something never is.
func Sparkline(shares []float64) string {
	most := 0.0
	for _, s := range shares {
		if s > most && finite(s) {
			most = s
		}
	}
	var b strings.Builder
	for _, s := range shares {
		if !(s > 0) || most == 0 {
			b.WriteByte(' ')
			continue
		}
		b.WriteRune([]rune("▁▂▃▄▅▆▇█")[min(int(s/most*8), 7)])
	}
	return b.String()
}

// display is what Histogram draws: labels, and the shares of either side.
func display(ref, cur *Feature) (labels []string, a, b []float64) {
	of := ref
	if of == nil || of.N == 0 && cur != nil {
		of = cur
	}
	if of == nil {
		return nil, nil, nil
	}
	g := of.Grid()
	switch {
	case categorical(of.Type):
		bins := RebinPair(ref, cur, displayBins)
		return bins.Labels, bins.Baseline, bins.Current
	case g == nil: // numbers that were counted before there was a baseline lie in no cells
		return nil, nil, nil
	}
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, f := range []*Feature{ref, cur} {
		if f != nil {
			if q, _, _, ok := f.Quantile(0.01); ok {
				lo = min(lo, q)
			}
			if q, _, _, ok := f.Quantile(0.99); ok {
				hi = max(hi, q)
			}
		}
	}
	edges := rows(g, lo, hi)
	if len(edges) == 0 {
		bins := RebinPair(ref, cur, displayBins)
		return bins.Labels, bins.Baseline, bins.Current
	}
	labels = append(labels, "≤ "+exact(edges[0]))
	for i := 1; i < len(edges); i++ {
		labels = append(labels, exact(edges[i-1])+" … "+exact(edges[i]))
	}
	labels = append(labels, "> "+exact(edges[len(edges)-1]))
	a, b = ref.spread(edges), cur.spread(edges)
	if missing(ref) > 0 || missing(cur) > 0 {
		labels = append(labels, "missing")
		a, b = append(a, ref.missingShare()), append(b, cur.missingShare())
	}
	return labels, a, b
}

// exact is Short, or longer where that would name another number.
func exact(x float64) string {
	s := Short(x)
	if y, err := strconv.ParseFloat(s, 64); err == nil && y != x {
		return strconv.FormatFloat(x, 'g', 6, 64)
	}
	return s
}

// rows are round numbers between lo and hi. What lies in an outer cell, beyond nearly all of the baseline, is a row of its own:
// the cell is open, and nobody counted where in it the values are.
func rows(g *Grid, lo, hi float64) []float64 {
	if len(g.Edges) == 0 {
		return nil
	}
	first, last := g.Edges[0], g.Edges[len(g.Edges)-1]
	edges := ticks(max(lo, first), min(hi, last))
	if lo < first && (len(edges) == 0 || first < edges[0]) {
		edges = slices.Insert(edges, 0, first)
	}
	if hi > last && (len(edges) == 0 || last > edges[len(edges)-1]) {
		edges = append(edges, last)
	}
	return edges
}

// ticks are up to 16 round numbers between lo and hi.
func ticks(lo, hi float64) []float64 {
	if !(hi > lo) || !finite(hi-lo) {
		return nil
	}
	step := math.Pow(10, math.Floor(math.Log10((hi-lo)/displayBins)))
	for _, k := range []float64{1, 2, 2.5, 5, 10} {
		if (hi-lo)/(k*step) <= displayBins {
			step *= k
			break
		}
	}
	if !(step > 0) || lo+step == lo {
		return nil
	}
	var out []float64
	for k := math.Ceil(lo / step); k*step <= hi && len(out) <= displayBins; k++ {
		out = append(out, k*step)
	}
	return out
}

func (f *Feature) missingShare() float64 {
	if f == nil || f.N+f.Missing == 0 {
		return 0
	}
	return float64(f.Missing) / float64(f.N+f.Missing)
}

// spread is the share of values between edges, of all records; inner cells that straddle an edge are split evenly, and no edge
// lies in an outer one.
func (f *Feature) spread(edges []float64) []float64 {
	out := make([]float64, len(edges)+1)
	if f == nil || f.N == 0 || f.Grid() == nil {
		return out
	}
	counts, g := f.Counts(), f.Grid()
	below := func(x float64) float64 { // values <= x
		j := g.Cell(x)
		var n int64
		for _, c := range counts[:j] {
			n += c
		}
		lo, hi := f.m.min, f.m.max
		if j > 0 {
			lo = max(lo, g.Edges[j-1])
		}
		if j < len(g.Edges) {
			hi = min(hi, g.Edges[j])
		}
		part := 0.0
		switch {
		case x >= hi:
			part = 1
		case x > lo:
			part = (x - lo) / (hi - lo)
		}
		return float64(n) + part*float64(counts[j])
	}
	total := float64(f.N + f.Missing)
	last := 0.0
	for i, e := range edges {
		n := below(e)
		out[i] = max(n-last, 0) / total
		last = n
	}
	out[len(edges)] = max(float64(f.N)-last, 0) / total
	return out
}

// Printable keeps control characters of a name or a category away from a terminal: each becomes a dot, as do bytes that are no UTF-8.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return '·'
		}
		return r
	}, strings.ToValidUTF8(s, "·"))
}

// Clip shortens a text to so many characters, at least one; where it cuts, the last is an ellipsis.
func Clip(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most-1]) + "…"
}
