package slack

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"plumbline"
)

// Evidence is a line for each statistic an alert read, each statistic of a feature and window once.
func Evidence(a plumbline.Alert) []string {
	var out []string
	seen := map[string]bool{}
	for _, f := range a.Findings {
		k := f.Test + "\x00" + f.Feature + "\x00" + f.Window.String()
		if seen[k] {
			continue
		}
		seen[k] = true
		out = append(out, line(f))
	}
	return out
}

// line is like: psi of temp 3.84 (at least 3.7), a shift of +2.1 sd, on 5,758 records of 7d to 2013-04-02 00:00 UTC against 10,447.
func line(f plumbline.Finding) string {
	var b strings.Builder
	b.WriteString(f.Test)
	if f.Feature != "" {
		b.WriteString(" of " + f.Feature)
	}
	if f.Value == nil {
		fmt.Fprintf(&b, ": no value, because %s", f.Reason)
		return b.String()
	}
	b.WriteString(" " + Figure(*f.Value))
	switch {
	case f.Lower != nil && f.Upper != nil:
		fmt.Fprintf(&b, " (%s to %s)", Figure(*f.Lower), Figure(*f.Upper))
	case f.Lower != nil:
		fmt.Fprintf(&b, " (at least %s)", Figure(*f.Lower))
	}
	if f.SD != nil {
		fmt.Fprintf(&b, ", a shift of %+.2g sd", *f.SD)
	}
	if f.P != nil {
		fmt.Fprintf(&b, ", p %s", probability(*f.P))
	}
	fmt.Fprintf(&b, ", on %s records of %s to %s", Count(f.N), Span(f.Window.Duration()), stamp(f.Window.To))
	if f.M > 0 {
		fmt.Fprintf(&b, " against %s of the baseline", Count(f.M))
	}
	if f.Note != "" {
		fmt.Fprintf(&b, " (%s)", f.Note)
	}
	return b.String()
}

func probability(p float64) string {
	if p < 1e-6 {
		return "< 1e-6"
	}
	return "= " + strconv.FormatFloat(p, 'g', 2, 64)
}

// Figure prints a number with about four digits.
func Figure(x float64) string {
	switch a := math.Abs(x); {
	case a == math.Trunc(a) && a < 1e6:
		return Count(x)
	case a >= 1000:
		return Count(math.Round(x))
	case a >= 0.001:
		return strconv.FormatFloat(x, 'g', 4, 64)
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}

// Count prints a whole number with thousands separated.
func Count(x float64) string {
	s := strconv.FormatFloat(math.Abs(x), 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if x < 0 {
		s = "-" + s
	}
	return s
}

// Span prints a duration in its largest whole units: 7d, 36h, 90m.
func Span(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d >= 48*time.Hour && d%(24*time.Hour) == 0:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	case d >= 48*time.Hour:
		return fmt.Sprintf("%dd%dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d >= time.Minute && d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return d.String()
}

// chart draws the first histogram among an alert's findings: the baseline above, the window below, a column for each cell.
func chart(a plumbline.Alert) string {
	for _, f := range a.Findings {
		if f.Bins == nil || len(f.Bins.Labels) == 0 {
			continue
		}
		b := f.Bins
		first, last := b.Labels[0], b.Labels[len(b.Labels)-1]
		return fmt.Sprintf("baseline %s\nnow      %s\n         %s … %s", bars(b.Baseline, b.Current), bars(b.Current, b.Baseline), first, last)
	}
	return ""
}

// bars draws shares on a scale common with the other histogram; a cell that is not empty is never drawn as empty.
func bars(shares, other []float64) string {
	top := 0.0
	for i := range shares {
		top = max(top, shares[i])
		if i < len(other) {
			top = max(top, other[i])
		}
	}
	levels := []rune("▁▂▃▄▅▆▇█")
	var b strings.Builder
	for _, s := range shares {
		switch {
		case s <= 0 || top <= 0:
			b.WriteString("  ")
		default:
			r := levels[min(len(levels)-1, int(s/top*float64(len(levels))))]
			b.WriteRune(r)
			b.WriteRune(r)
		}
	}
	return b.String()
}
