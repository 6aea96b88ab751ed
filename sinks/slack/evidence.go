package slack

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"plumbline"
)

// Evidence is what an alert rests on, a line for each feature and window: readings of one statistic, such as psi, psi_lower and
// psi_p, say one thing and are told as one. Guards, such as samples, are told only where nothing else was read: how many records a
// number rests on stands at the end of its line. Lines are plain text.
func Evidence(a plumbline.Alert) []string {
	last := latest(a.Findings)
	all := group(a)
	for _, g := range all {
		g.behind(all)
	}
	var out []string
	for _, g := range all {
		out = append(out, g.line(a, last))
	}
	return out
}

// Caveats are the notes of an alert's findings, each once; where these are about several features, with the names of those it is about.
// That the baseline was made from traffic is left to whoever shows Alert.AutoBase.
func Caveats(a plumbline.Alert) []string {
	several := ""
	for _, f := range a.Findings {
		if f.Feature != "" && several == "" {
			several = f.Feature
		}
	}
	named := slices.ContainsFunc(a.Findings, func(f plumbline.Finding) bool { return f.Feature != "" && f.Feature != several })
	var notes []string
	about := map[string][]string{}
	for _, f := range a.Findings {
		for note := range strings.SplitSeq(f.Note, "; ") {
			if note == "" || a.AutoBase && strings.HasPrefix(note, "the baseline was made from") {
				continue
			}
			if !slices.Contains(notes, note) {
				notes = append(notes, note)
			}
			if named && f.Feature != "" && !slices.Contains(about[note], f.Feature) {
				about[note] = append(about[note], f.Feature)
			}
		}
	}
	for i, note := range notes {
		if features := about[note]; len(features) > 0 {
			notes[i] = some(features) + ": " + note
		}
	}
	return notes
}

// maxFeatures are told by name in one line.
const maxFeatures = 5

// some is like temp, dewp and 3 more.
func some(features []string) string {
	shown := make([]string, 0, maxFeatures)
	for _, f := range features[:min(len(features), maxFeatures)] {
		shown = append(shown, label(f))
	}
	text := strings.Join(shown, ", ")
	if n := len(features) - len(shown); n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}

// latest is where the newest window ends.
func latest(findings []plumbline.Finding) time.Time {
	var last time.Time
	for _, f := range findings {
		if f.Window.To.After(last) {
			last = f.Window.To
		}
	}
	return last
}

// readings are an alert's findings about one feature ("" is the model itself) in one window.
type readings struct {
	feature string
	window  plumbline.Window
	stats   []*statistic
	guards  bool     // all of them are guards
	reasons []string // why there is no value
	verdict plumbline.Verdict
	counted []string // features that this number counts
	unsure  []string // and those listed beside them that it does not
	aside   bool     // one of the latter
	n, m    float64
	worth   float64 // of n records that depend on each other; 0 if they don't
	windows int     // of the baseline that the p-value was learned from
}

// group sorts an alert's findings into readings, in the order in which the rule asked.
func group(a plumbline.Alert) []*readings {
	var out []*readings
	guards := !slices.ContainsFunc(a.Findings, func(f plumbline.Finding) bool { return !f.Guard })
	for _, f := range a.Findings {
		if f.Guard && !guards {
			continue
		}
		i := slices.IndexFunc(out, func(g *readings) bool { return g.feature == f.Feature && g.window == f.Window })
		if i < 0 {
			i = len(out)
			out = append(out, &readings{feature: f.Feature, window: f.Window, guards: guards})
		}
		out[i].add(f)
	}
	return out
}

func (g *readings) add(f plumbline.Finding) {
	if f.Value == nil {
		if reason := f.Test + of(f.Args) + " has no value: " + f.Reason; !slices.Contains(g.reasons, reason) {
			g.reasons = append(g.reasons, reason)
		}
		return
	}
	name, part := split(f.Test)
	i := slices.IndexFunc(g.stats, func(s *statistic) bool { return s.name == name && s.of == of(f.Args) })
	if i < 0 {
		i = len(g.stats)
		g.stats = append(g.stats, &statistic{name: name, of: of(f.Args)})
	}
	g.stats[i].add(part, f)
	if f.Verdict == plumbline.Drift || g.verdict == "" {
		g.verdict = f.Verdict
	}
	g.n, g.m = f.N, max(g.m, f.M)
	if f.Windows > 0 {
		g.worth, g.windows = f.NEffective, f.Windows
	}
}

// counts reports whether one of the numbers is how many features changed.
func (g *readings) counts() bool {
	return slices.ContainsFunc(g.stats, func(s *statistic) bool { return counting[s.name] != "" })
}

// behind finds the features that a number of features counts, and those that an alert lists beside them: they moved, but not so surely
// that the budget allows to count them.
func (g *readings) behind(all []*readings) {
	if !g.counts() {
		return
	}
	for _, f := range all {
		switch {
		case f.feature == "" || f.window != g.window || f == g:
		case f.verdict == plumbline.Drift:
			g.counted = append(g.counted, f.feature)
		case f.verdict == plumbline.NoDrift:
			f.aside = true
			g.unsure = append(g.unsure, f.feature)
		}
	}
}

// of is like " of UA".
func of(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return " of " + label(strings.Join(args, ", "))
}

// line is like: last 7d: psi 3.84 (at least 3.7), like a shift of 2.1 sd, p < 1e-6, on 5,758 records against the baseline's 10,447.
func (g *readings) line(a plumbline.Alert, last time.Time) string {
	var b strings.Builder
	if g.feature != "" && g.feature != a.Labels["feature"] {
		b.WriteString(g.feature + ", ")
	}
	if g.window.To.Equal(last) {
		b.WriteString("last " + Span(g.window.Duration()) + ": ")
	} else {
		fmt.Fprintf(&b, "%s to %s: ", Span(g.window.Duration()), stamp(g.window.To))
	}
	if g.aside {
		b.WriteString("not counted, one in ten such is chance: ")
	}
	var parts []string
	for _, s := range g.stats {
		text := s.String()
		if counting[s.name] != "" {
			if len(g.counted) > 0 {
				text += " (" + some(g.counted) + ")"
			}
			if n := len(g.unsure); n > 0 {
				text += fmt.Sprintf(", and perhaps %d more", n)
			}
		}
		parts = append(parts, text)
	}
	parts = append(parts, g.reasons...)
	b.WriteString(strings.Join(parts, "; "))
	if len(g.stats) > 0 && !g.guards {
		fmt.Fprintf(&b, ", on %s records", Count(g.n))
		if g.windows > 0 {
			worth, ones := max(1, math.Round(g.worth)), "ones"
			if worth == 1 {
				ones = "one"
			}
			fmt.Fprintf(&b, " (worth %s independent %s, by %d windows of the baseline)", Count(worth), ones, g.windows)
		}
		if g.m > 0 {
			fmt.Fprintf(&b, " against the baseline's %s", Count(g.m))
		}
	}
	return b.String()
}
