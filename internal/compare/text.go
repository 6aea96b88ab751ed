package compare

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
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
		if i == 4 {
			t.line("… %d more reasons", len(why)-i)
			break
		}
		t.line("%s", t.paint(grey, line))
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

// Summary says in words what came out.
func (r *Report) Summary() string {
	var drifted, unjudged int
	for _, f := range r.Features {
		switch f.Verdict {
		case plumbline.Drift:
			drifted++
		case plumbline.NoVerdict:
			unjudged++
		}
	}
	s := fmt.Sprintf("%d of %s drifted.", drifted, counted(len(r.Features), "column"))
	switch {
	case drifted == 0 && unjudged == len(r.Features):
		return "No verdict on any column."
	case drifted == 0:
		s = fmt.Sprintf("No drift in %s.", counted(len(r.Features)-unjudged, "column"))
	}
	if unjudged > 0 {
		s += fmt.Sprintf(" No verdict on %s.", counted(unjudged, "column"))
	}
	return s
}

// Why tells the reasons for which columns have no verdict, the most frequent first, each with an example.
func (r *Report) Why() []string {
	count, example := map[string]int{}, map[string]string{}
	for i := range r.Features {
		f := &r.Features[i]
		if f.Verdict != plumbline.NoVerdict {
			continue
		}
		for _, x := range f.Findings {
			if x.Judged && x.Verdict == plumbline.NoVerdict {
				if count[x.Reason]++; count[x.Reason] == 1 {
					example[x.Reason] = f.Name
				}
				break
			}
		}
	}
	reasons := slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		if count[a] != count[b] {
			return count[b] - count[a]
		}
		return strings.Compare(a, b)
	})
	var out []string
	for _, why := range reasons {
		out = append(out, fmt.Sprintf("No verdict on %s (%s): %s.", counted(count[why], "column"), profiles.Printable(example[why]), profiles.Printable(why)))
	}
	return out
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// table prints a line a feature.
func (t *text) table(list []Feature) {
	rows := [][]string{{"column", "type", "verdict", "shift", "psi", "p", "by", "missing", "reference", "current"}}
	for i := range list {
		f := &list[i]
		a, b := f.sparklines()
		rows = append(rows, []string{clip(profiles.Printable(f.Name), 28), string(f.Type), string(f.Verdict), f.shiftText(), figureOf(f.value("psi")), f.pText(), f.byText(), f.missingText(), a, b})
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

// Strongest is the judged test that speaks loudest: of those that say drift the one with the smallest p-value, else of all.
func (f *Feature) Strongest() *Finding {
	var best *Finding
	for i := range f.Findings {
		x := &f.Findings[i]
		if !x.Judged || x.P == nil && x.Verdict != plumbline.Drift {
			continue
		}
		switch {
		case best == nil, x.Verdict == plumbline.Drift && best.Verdict != plumbline.Drift:
			best = x
		case best.Verdict == plumbline.Drift && x.Verdict != plumbline.Drift:
		case x.P == nil, best.P != nil && *x.P < *best.P:
			best = x
		}
	}
	return best
}

func (f *Feature) value(test string) *float64 {
	for _, x := range f.Findings {
		if x.Test == test {
			return x.Value
		}
	}
	return nil
}

func (f *Feature) shiftText() string {
	s := f.Shift()
	switch {
	case s >= 1e6:
		return "–"
	case s >= 10:
		return "≥ 10 sd"
	}
	return fmt.Sprintf("%.2f sd", s)
}

func (f *Feature) pText() string {
	x := f.Strongest()
	if x == nil || f.Verdict == plumbline.NoVerdict {
		return "–"
	}
	return probability(x.P)
}

// byText names the judged tests that say drift.
func (f *Feature) byText() string {
	var names []string
	for _, x := range f.Findings {
		if x.Judged && x.Verdict == plumbline.Drift {
			names = append(names, x.Test)
		}
	}
	return strings.Join(names, " ")
}

func (f *Feature) missingText() string {
	share := func(missing, n int64) float64 {
		if missing+n == 0 {
			return 0
		}
		return 100 * float64(missing) / float64(missing+n)
	}
	if f.Missing.Reference == 0 && f.Missing.Current == 0 {
		return ""
	}
	return fmt.Sprintf("%s → %s %%", percent(share(f.Missing.Reference, f.M)), percent(share(f.Missing.Current, f.N)))
}

func percent(x float64) string {
	if x > 0 && x < .1 {
		return "< 0.1"
	}
	return strconv.FormatFloat(math.Round(10*x)/10, 'f', -1, 64)
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

// Remark is what of a note is worth a reader's time where the numbers stand: not how the p-value was come by.
func (x *Finding) Remark() string {
	var kept []string
	for _, s := range strings.Split(x.Note, "; ") {
		if s != "" && !strings.Contains(s, "taken as independent") && !strings.HasPrefix(s, "p-value and bounds from") && !strings.HasPrefix(s, "no p-value") {
			kept = append(kept, s)
		}
	}
	return strings.Join(kept, "; ")
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
		t.line("  %-20s %9s → %-9s rows  %s  %s", clip(profiles.Printable(g.Value), 20), thousands(g.Reference), thousands(g.Current), t.verdict(g.Verdict, fmt.Sprintf("%-10s", g.Verdict)), text)
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
				t.line("  %-38s %s", clip(profiles.Printable(v.Name), 28), v.Reason)
				continue
			}
			name := clip(profiles.Printable(v.Name), 28)
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

// clip shortens a text to so many characters.
func clip(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most-1]) + "…"
}

func figureOf(x *float64) string {
	if x == nil {
		return "–"
	}
	return figure(*x)
}

// figure shows three digits that count.
func figure(x float64) string {
	if a := math.Abs(x); a >= 1000 && a < 1e9 {
		return strconv.FormatFloat(math.Round(x), 'f', -1, 64)
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}

// probability shows a p-value.
func probability(p *float64) string {
	switch {
	case p == nil:
		return "–"
	case *p < 1e-99:
		return "< 1e-99"
	case *p < .001:
		return strconv.FormatFloat(*p, 'e', 1, 64)
	}
	return strconv.FormatFloat(*p, 'f', 3, 64)
}

func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
