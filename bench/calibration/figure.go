package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// figure is panels side by side with one legend below.
type figure struct {
	Panels  []panel
	Columns int // panels in a row; 0 is all
}

// panel is one pair of axes.
type panel struct {
	Title  string
	X, Y   axis
	Bands  []band
	Lines  []line // drawn behind the series, not in the legend
	Series []series
}

type axis struct {
	Label  string
	Lo, Hi float64
	Log    bool
	Ticks  []float64
	Names  []string // of the ticks; nil: their numbers
}

// series is a line with markers. NaN is a gap.
type series struct {
	Name   string
	Color  int // place in the palette
	X, Y   []float64
	Dashed bool
	Bare   bool // no markers
	Dots   bool // no line
	Bold   bool
}

// band fills between two lines over X.
type band struct {
	X, Lo, Hi []float64
}

// line is a thin grey line with a word at its end.
type line struct {
	X, Y []float64
	Name string
}

// palette is that of Okabe and Ito, which people with any colour vision can tell apart; markers differ too.
var palette = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#7f7f7f"}

// Sizes in pixels.
const (
	plotWidth, plotHeight = 250.0, 210.0
	left, right           = 58.0, 20.0
	top, bottom           = 34.0, 44.0
	legendRow             = 20.0
	ink, faint, hair      = "#24292f", "#6e7781", "#d8dee4"
)

func (f figure) svg(alt string) string {
	columns := f.Columns
	if columns == 0 {
		columns = len(f.Panels)
	}
	rows := (len(f.Panels) + columns - 1) / columns
	names := f.legend()
	width := math.Max(float64(columns)*(left+plotWidth+right), 520) // room for the legend
	legend := 8.0
	x := left
	places := make([][2]float64, len(names))
	for i, s := range names {
		need := 40 + 6.4*float64(len([]rune(s.Name)))
		if x+need > width-right && x > left {
			x, legend = left, legend+legendRow
		}
		places[i] = [2]float64{x, legend}
		x += need
	}
	panels := float64(rows) * (top + plotHeight + bottom)
	height := panels + legend + legendRow + 8
	var w strings.Builder
	fmt.Fprintf(&w, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" role="img" font-family="system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif" font-size="11">`+"\n", width, height, width, height)
	fmt.Fprintf(&w, "<title>%s</title>\n", html.EscapeString(alt))
	fmt.Fprintf(&w, `<rect width="100%%" height="100%%" rx="6" fill="#ffffff"/>`+"\n")
	for i, p := range f.Panels {
		p.draw(&w, float64(i%columns)*(left+plotWidth+right)+left, float64(i/columns)*(top+plotHeight+bottom)+top, fmt.Sprintf("clip%d", i))
	}
	for i, s := range names {
		x, y := places[i][0], panels+places[i][1]
		s.stroke(&w, []float64{x, x + 26}, []float64{y, y})
		if !s.Bare {
			s.marker(&w, x+13, y)
		}
		text(&w, x+32, y+4, "start", ink, "", s.Name)
	}
	w.WriteString("</svg>\n")
	return w.String()
}

// legend lists the series of all panels once.
func (f figure) legend() []series {
	var out []series
	seen := map[string]bool{}
	for _, p := range f.Panels {
		for _, s := range p.Series {
			if s.Name != "" && !seen[s.Name] {
				seen[s.Name] = true
				out = append(out, s)
			}
		}
	}
	return out
}

func (p panel) draw(w *strings.Builder, x0, y0 float64, clip string) {
	px := func(v float64) float64 { return x0 + p.X.place(v)*plotWidth }
	py := func(v float64) float64 { return y0 + (1-p.Y.place(v))*plotHeight }
	text(w, x0, y0-12, "start", ink, "600", p.Title)
	named := math.Inf(-1)
	for i, v := range p.X.Ticks {
		fmt.Fprintf(w, `<path d="M%.1f %.1fV%.1f" stroke="%s"/>`+"\n", px(v), y0, y0+plotHeight, hair)
		// A name that would touch the one before it is left out.
		if px(v)-named > 27 {
			named = px(v)
			text(w, px(v), y0+plotHeight+15, "middle", faint, "", p.X.tick(i))
		}
	}
	for i, v := range p.Y.Ticks {
		fmt.Fprintf(w, `<path d="M%.1f %.1fH%.1f" stroke="%s"/>`+"\n", x0, py(v), x0+plotWidth, hair)
		text(w, x0-7, py(v)+4, "end", faint, "", p.Y.tick(i))
	}
	fmt.Fprintf(w, `<path d="M%.1f %.1fV%.1fH%.1f" fill="none" stroke="%s"/>`+"\n", x0, y0, y0+plotHeight, x0+plotWidth, faint)
	text(w, x0+plotWidth/2, y0+plotHeight+33, "middle", ink, "", p.X.Label)
	fmt.Fprintf(w, `<text transform="translate(%.1f %.1f) rotate(-90)" text-anchor="middle" fill="%s">%s</text>`+"\n", x0-45, y0+plotHeight/2, ink, html.EscapeString(p.Y.Label))
	fmt.Fprintf(w, `<clipPath id="%s"><rect x="%.1f" y="%.1f" width="%.1f" height="%.1f"/></clipPath><g clip-path="url(#%s)">`+"\n", clip, x0-5, y0-5, plotWidth+10, plotHeight+10, clip)
	for _, b := range p.Bands {
		var d strings.Builder
		for i := range b.X {
			fmt.Fprintf(&d, "%s%.1f %.1f", move(i), px(b.X[i]), py(b.Hi[i]))
		}
		for i := len(b.X) - 1; i >= 0; i-- {
			fmt.Fprintf(&d, "L%.1f %.1f", px(b.X[i]), py(b.Lo[i]))
		}
		fmt.Fprintf(w, `<path d="%sZ" fill="#8c959f" opacity="0.2"/>`+"\n", d.String())
	}
	for _, l := range p.Lines {
		series{Color: 7, Bare: true, Dashed: true}.stroke(w, each(l.X, px), each(l.Y, py))
		if l.Name != "" {
			last := len(l.X) - 1
			text(w, px(l.X[last])-4, py(l.Y[last])-5, "end", faint, "", l.Name)
		}
	}
	for _, s := range p.Series {
		xs, ys := each(s.X, px), each(s.Y, py)
		s.stroke(w, xs, ys)
		for i := range xs {
			if !s.Bare && ys[i] == ys[i] {
				s.marker(w, xs[i], ys[i])
			}
		}
	}
	w.WriteString("</g>\n")
}

// stroke draws the line of a series through pixels.
func (s series) stroke(w *strings.Builder, xs, ys []float64) {
	if s.Dots {
		return
	}
	var d strings.Builder
	open := 0
	for i := range xs {
		if ys[i] != ys[i] {
			open = 0
			continue
		}
		fmt.Fprintf(&d, "%s%.1f %.1f", move(open), xs[i], ys[i])
		open++
	}
	dash, width := "", 1.8
	if s.Dashed {
		dash, width = ` stroke-dasharray="5 4"`, 1.4
	}
	if s.Bold {
		width = 3
	}
	fmt.Fprintf(w, `<path d="%s" fill="none" stroke="%s" stroke-width="%.1f"%s/>`+"\n", d.String(), palette[s.Color], width, dash)
}

// marker draws one of a few shapes, by colour, so that a grey print can be read.
func (s series) marker(w *strings.Builder, x, y float64) {
	c := palette[s.Color]
	switch s.Color % 4 {
	case 0:
		fmt.Fprintf(w, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", x, y, c)
	case 1:
		fmt.Fprintf(w, `<rect x="%.1f" y="%.1f" width="6" height="6" fill="%s"/>`+"\n", x-3, y-3, c)
	case 2:
		fmt.Fprintf(w, `<path d="M%.1f %.1fl3.6 6.4h-7.2z" fill="%s"/>`+"\n", x, y-3.8, c)
	case 3:
		fmt.Fprintf(w, `<path d="M%.1f %.1fl4 4l-4 4l-4 -4z" fill="%s"/>`+"\n", x, y-4, c)
	}
}

func move(i int) string {
	if i == 0 {
		return "M"
	}
	return "L"
}

func each(v []float64, f func(float64) float64) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = f(x)
	}
	return out
}

// place is where v lies on the axis, 0 to 1; what a logarithm can't show lies at its foot.
func (a axis) place(v float64) float64 {
	lo, hi := a.Lo, a.Hi
	if a.Log {
		lo, hi, v = math.Log(lo), math.Log(hi), math.Log(math.Max(v, a.Lo))
	}
	return (v - lo) / (hi - lo)
}

func (a axis) tick(i int) string {
	if i < len(a.Names) {
		return a.Names[i]
	}
	return digits(a.Ticks[i])
}

func text(w *strings.Builder, x, y float64, anchor, color, weight, s string) {
	if s == "" {
		return
	}
	if weight != "" {
		weight = ` font-weight="` + weight + `"`
	}
	fmt.Fprintf(w, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="%s"%s>%s</text>`+"\n", x, y, anchor, color, weight, html.EscapeString(s))
}

// levels is a logarithmic axis for probabilities from lo to hi.
func levels(label string, lo, hi float64) axis {
	a := axis{Label: label, Lo: lo, Hi: hi, Log: true}
	for _, v := range []float64{1e-5, 1e-4, 1e-3, 0.01, 0.1, 1} {
		if v >= lo*0.999 && v <= hi*1.001 {
			a.Ticks = append(a.Ticks, v)
		}
	}
	for _, v := range a.Ticks {
		a.Names = append(a.Names, map[float64]string{1e-5: "10⁻⁵", 1e-4: "10⁻⁴", 1e-3: "0.001", 0.01: "0.01", 0.1: "0.1", 1: "1"}[v])
	}
	return a
}

// percentages is a linear axis from 0 to 100 %.
func percentages(label string) axis {
	return axis{Label: label, Lo: 0, Hi: 1, Ticks: []float64{0, 0.25, 0.5, 0.75, 1}, Names: []string{"0 %", "25 %", "50 %", "75 %", "100 %"}}
}

// sizesOfWindows is a logarithmic axis for n.
func sizesOfWindows(ns []int) axis {
	a := axis{Label: "rows in the window", Lo: float64(ns[0]), Hi: float64(ns[len(ns)-1]), Log: true}
	for _, n := range ns {
		a.Ticks = append(a.Ticks, float64(n))
		name := fmt.Sprint(n)
		if n >= 1000 {
			name = fmt.Sprintf("%dk", n/1000)
		}
		a.Names = append(a.Names, name)
	}
	return a
}
