package compare

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"

	"plumbline"
	"plumbline/profiles"
)

//go:embed report.html
var pageText string

// HTML writes the report as one page that needs nothing else: no network, no scripts.
func (r *Report) HTML(w io.Writer) error { return pageTemplate.Execute(w, r) }

var pageTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"thousands": thousands, "figure": figure, "figureOf": figureOf, "p": probability, "counted": counted, "sd": sdText,
	"printable": profiles.Printable,
	"class":     func(v plumbline.Verdict) string { return strings.ReplaceAll(string(v), " ", "-") },
	"spark":     func(f *Feature) template.HTML { return sparkline(f.Bins) },
	"histogram": func(f *Feature) template.HTML { return histogram(f.Bins) },
	"shift":     (*Feature).shiftText, "pOf": (*Feature).pText, "by": (*Feature).byText, "missing": (*Feature).missingText,
	"drifted": func(list []Feature) int {
		n := 0
		for _, f := range list {
			if f.Verdict == plumbline.Drift {
				n++
			}
		}
		return n
	},
	"ref": func(list []Feature) []*Feature { // methods are on pointers
		out := make([]*Feature, len(list))
		for i := range list {
			out[i] = &list[i]
		}
		return out
	},
	"names": func(list []Feature) string {
		var names []string
		for _, f := range list {
			if f.Verdict == plumbline.Drift {
				names = append(names, profiles.Printable(f.Name))
			}
		}
		return strings.Join(names, ", ")
	},
	"remark": func(x Finding) string {
		if x.Reason != "" {
			return x.Reason
		}
		return x.Remark()
	},
}).Parse(pageText))

func sdText(x *float64) string {
	if x == nil {
		return ""
	}
	return fmt.Sprintf("%+.2f sd", *x)
}

// sparkline draws both sides as one small picture: the reference as an area, the current file as a line.
func sparkline(b *plumbline.Bins) template.HTML {
	if b == nil || len(b.Labels) == 0 {
		return ""
	}
	const width, height = 120.0, 26.0
	most := mostOf(b)
	step := width / float64(len(b.Labels))
	var area, line strings.Builder
	for i := range b.Labels {
		x, h := float64(i)*step, b.Baseline[i]/most*(height-2)
		fmt.Fprintf(&area, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, x, height-h, max(step-1, .5), h)
		y := height - b.Current[i]/most*(height-2)
		if i == 0 {
			fmt.Fprintf(&line, "M%.1f %.1f", x, y)
		} else {
			fmt.Fprintf(&line, "V%.1f", y)
		}
		fmt.Fprintf(&line, "H%.1f", x+step)
	}
	return template.HTML(fmt.Sprintf(`<svg class="spark" viewBox="0 0 %g %g" role="img" aria-label="reference and current shares"><g class="ref">%s</g><path class="cur" d="%s"/></svg>`, width, height, &area, &line))
}

func mostOf(b *plumbline.Bins) float64 {
	most := math.SmallestNonzeroFloat64
	for i := range b.Labels {
		most = max(most, b.Baseline[i], b.Current[i])
	}
	return most
}

// histogram draws both sides as pairs of bars, with labels and shares.
func histogram(b *plumbline.Bins) template.HTML {
	if b == nil || len(b.Labels) == 0 {
		return ""
	}
	const width, labelled, row, bar = 640.0, 170.0, 25.0, 9.0
	most := mostOf(b)
	room := width - labelled - 60
	var s strings.Builder
	fmt.Fprintf(&s, `<svg class="histogram" viewBox="0 0 %g %g" role="img" aria-label="histogram of the reference and the current file">`, width, row*float64(len(b.Labels))+4)
	for i, label := range b.Labels {
		y := row*float64(i) + 3
		fmt.Fprintf(&s, `<text class="label" x="%g" y="%.1f">%s</text>`, labelled-8, y+13, template.HTMLEscapeString(profiles.Clip(profiles.Printable(label), 26)))
		for k, side := range []struct {
			class string
			share float64
		}{{"ref", b.Baseline[i]}, {"cur", b.Current[i]}} {
			w := side.share / most * room
			if side.share > 0 {
				w = max(w, 1)
			}
			top := y + float64(k)*(bar+1)
			fmt.Fprintf(&s, `<rect class="%s" x="%g" y="%.1f" width="%.1f" height="%g" rx="1"/><text class="share" x="%.1f" y="%.1f">%.1f%%</text>`, side.class, labelled, top, w, bar, labelled+w+5, top+8, 100*side.share)
		}
	}
	s.WriteString(`</svg>`)
	return template.HTML(s.String())
}
