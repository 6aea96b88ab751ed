package compare

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"plumbline"
	"plumbline/profiles"
)

// pictured is how many features are drawn in full.
const pictured = 8

// Colours of a terminal.
const (
	red   = "\x1b[31m"
	green = "\x1b[32m"
	grey  = "\x1b[90m"
	bold  = "\x1b[1m"
	plain = "\x1b[0m"
)

// Text prints the report for a terminal: all features in a table, the worst first, then the first of those that drifted in full.
func (r *Report) Text(w io.Writer, width int, color bool) error {
	t := &text{w: w, width: min(width, 140), color: color}
	t.head(r)
	t.table(r.Features)
	why := r.Why()
	for i, line := range why {
		switch last := i == len(why)-1; {
		case i < 4 || last:
			t.line("%s", t.paint(grey, line))
		case i == 4:
			t.line("… %s", counted(len(why)-1-i, "more reason"))
		}
	}
	if len(why) > 0 {
		t.line("")
	}
	for i, f := range r.Features {
		if i >= pictured || f.Verdict != plumbline.Drift && len(r.Features) > 3 {
			break
		}
		t.feature(&f)
	}
	if r.By != nil {
		t.by(r.By)
	}
	t.compat(r.Compat)
	t.foot(r)
	return t.err
}

type text struct {
	w     io.Writer
	width int
	color bool
	err   error
}

func (t *text) line(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintln(t.w, strings.TrimRight(fmt.Sprintf(format, args...), " "))
	}
}

func (t *text) paint(code, s string) string {
	if !t.color || s == "" {
		return s
	}
	return code + s + plain
}

func (t *text) verdict(v plumbline.Verdict, s string) string {
	switch v {
	case plumbline.Drift:
		return t.paint(red, s)
	case plumbline.NoDrift:
		return t.paint(green, s)
	}
	return t.paint(grey, s)
}

func (t *text) head(r *Report) {
	for _, s := range []struct {
		name string
		Side
	}{{"reference", r.Reference}, {"current", r.Current}} {
		skipped := ""
		if s.Skipped > 0 {
			skipped = fmt.Sprintf(", %s more can't be read; the first: %s", thousands(s.Skipped), s.First)
		}
		t.line("%-10s %s: %s rows%s", s.name, profiles.Printable(s.Path), thousands(s.Rows), skipped)
	}
	t.line("%s", t.verdict(r.Verdict, r.Summary()))
	t.line("%d judged tests share a budget of %s expected false alarms: each has the level %s.", r.Judged, figure(r.Budget), figure(r.Level))
	t.line("")
}

// table prints a line a feature.
func (t *text) table(list []Feature) {
	rows := [][]string{{"column", "type", "verdict", "shift", "psi", "p", "by", "missing", "reference", "current"}}
	for i := range list {
		f := &list[i]
		a, b := f.sparklines()
		rows = append(rows, []string{profiles.Clip(profiles.Printable(f.Name), 28), string(f.Type), string(f.Verdict), f.shiftText(), figureOf(f.value("psi")), f.pText(), f.byText(), f.missingText(), a, b})
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, s := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(s))
		}
	}
	for n, row := range rows {
		var b strings.Builder
		for i, s := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(s))
			cell := s + pad
			if i >= 3 && i <= 5 {
				cell = pad + s
			}
			switch {
			case n == 0:
				cell = t.paint(bold, cell)
			case i == 2:
				cell = t.verdict(list[n-1].Verdict, cell)
			case i == 8:
				cell = t.paint(grey, cell)
			}
			b.WriteString(cell + "  ")
		}
		t.line("%s", b.String())
	}
	t.line("")
}

func (f *Feature) value(test string) *float64 {
	for _, x := range f.Findings {
		if x.Test == test {
			return x.Value
		}
	}
	return nil
}

func (f *Feature) sparklines() (ref, cur string) {
	if f.Bins == nil {
		return "", ""
	}
	return profiles.Sparkline(f.Bins.Baseline), profiles.Sparkline(f.Bins.Current)
}

// feature prints one feature in full.
func (t *text) feature(f *Feature) {
	t.line("%s  %s, %s", t.paint(bold, profiles.Printable(f.Name)), f.Type, t.verdict(f.Verdict, string(f.Verdict)))
	for i := range f.Findings {
		if x := &f.Findings[i]; x.Judged {
			t.finding(x)
		}
	}
	t.shown(f)
	if f.picture.ref != nil && t.err == nil {
		profiles.Histogram(t.w, f.picture.ref, f.picture.cur, t.width, t.color)
	}
	t.line("")
}

func (t *text) finding(x *Finding) {
	shift := ""
	if x.SD != nil {
		shift = strconv.FormatFloat(*x.SD, 'f', 2, 64) + " sd"
	}
	why := x.Reason
	if why == "" {
		why = x.Remark()
	}
	if why != "" {
		why = ": " + profiles.Printable(why)
	}
	t.line("  %-15s %10s  %9s  p %-8s  %s%s", x.Test, figureOf(x.Value), shift, probability(x.P), t.verdict(x.Verdict, string(x.Verdict)), t.paint(grey, why))
}

// shown prints the other tests' values, as many to a line as there is room.
func (t *text) shown(f *Feature) {
	line := " "
	for _, x := range f.Findings {
		if x.Judged || x.Value == nil {
			continue
		}
		s := fmt.Sprintf(" %s %s ", x.Test, figure(*x.Value))
		if utf8.RuneCountInString(line+s) > t.width && line != " " {
			t.line("%s", t.paint(grey, line))
			line = " "
		}
		line += s
	}
	if line != " " {
		t.line("%s", t.paint(grey, line))
	}
}

func (t *text) by(b *By) {
	t.line("%s", t.paint(bold, "By "+profiles.Printable(b.Column)))
	for _, g := range b.Groups {
		var names []string
		for _, f := range g.Features {
			if f.Verdict == plumbline.Drift {
				names = append(names, profiles.Printable(f.Name))
			}
		}
		text := strings.Join(names, ", ")
		if len(names) > 8 {
			text = strings.Join(names[:8], ", ") + fmt.Sprintf(", … %d more", len(names)-8)
		}
		t.line("  %-20s %9s → %-9s rows  %s  %s", profiles.Clip(profiles.Printable(g.Value), 20), thousands(g.Reference), thousands(g.Current), t.verdict(g.Verdict, fmt.Sprintf("%-10s", g.Verdict)), text)
	}
	if b.Rest > 0 {
		t.line("  %s rows have values that are not compared by themselves.", thousands(b.Rest))
	}
	t.line("")
}

func (t *text) compat(c Compat) {
	for _, tool := range Tools {
		list, ok := c[tool]
		if !ok {
			continue
		}
		drifted := 0
		for _, v := range list {
			if v.Drift {
				drifted++
			}
		}
		t.line("%s", t.paint(bold, fmt.Sprintf("What %s's defaults say: %d of %s drifted", tool, drifted, counted(len(list), "finding"))))
		for _, v := range list {
			word := "no drift"
			if v.Drift {
				word = "drift"
			}
			if v.Reason != "" {
				t.line("  %-38s %s", profiles.Clip(profiles.Printable(v.Name), 28), v.Reason)
				continue
			}
			name := profiles.Clip(profiles.Printable(v.Name), 28)
			if v.Chunk > 0 {
				name += fmt.Sprintf(", chunk %d", v.Chunk)
			}
			t.line("  %-38s %-18s %10s  threshold %-8s  %s", name, v.Test, figure(v.Value), figure(v.Threshold), word)
		}
		t.line("")
	}
}

func (t *text) foot(r *Report) {
	for _, l := range r.Left {
		t.line("Not compared: %s: %s.", profiles.Printable(l.Name), l.Reason)
	}
}
