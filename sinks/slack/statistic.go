package slack

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"plumbline"
)

// statistic is what was read of one statistic in one window, by whichever of its functions.
type statistic struct {
	name                       string
	of                         string // like " of UA", where it is asked of something
	value, lower, upper, p, sd *float64
	reference                  *float64 // the same statistic of the baseline
}

// parts of a statistic that rules can read as functions of their own, and how they end.
var parts = []string{"_p", "_lower", "_upper"}

// split takes a function's name apart: psi_p is the p of psi.
func split(test string) (name, part string) {
	for _, p := range parts {
		if name, ok := strings.CutSuffix(test, p); ok {
			return name, p
		}
	}
	return test, ""
}

func (s *statistic) add(part string, f plumbline.Finding) {
	set := func(to **float64, v *float64) {
		if v != nil {
			*to = v
		}
	}
	set(&s.p, f.P)
	set(&s.sd, f.SD)
	switch part {
	case "_p":
		s.p = f.Value
	case "_lower":
		s.lower = f.Value
	case "_upper":
		s.upper = f.Value
	default:
		s.value = f.Value
		set(&s.lower, f.Lower)
		set(&s.upper, f.Upper)
		if f.Effect != nil && f.M > 0 && differs(s.name) {
			s.reference = plumbline.Finite(*f.Value - *f.Effect)
		}
	}
}

// counting statistics are how many features changed.
var counting = map[string]string{"drifted": "drifted", "drifting": "drifting by now"}

// String is like psi 3.84 (at least 3.7), like a shift of 2.1 sd, p < 1e-6.
func (s *statistic) String() string {
	var b strings.Builder
	if verb := counting[s.name]; verb != "" && s.value != nil {
		if *s.value == 1 {
			return "1 feature " + verb
		}
		return Count(*s.value) + " features " + verb
	}
	b.WriteString(s.name + s.of)
	show := func(v *float64) string { return quantity(s.name, *v) }
	switch {
	case s.value != nil && s.lower != nil && s.upper != nil:
		fmt.Fprintf(&b, " %s (%s to %s)", show(s.value), show(s.lower), show(s.upper))
	case s.value != nil && s.lower != nil:
		fmt.Fprintf(&b, " %s (at least %s)", show(s.value), show(s.lower))
	case s.value != nil:
		b.WriteString(" " + show(s.value))
	case s.lower != nil:
		b.WriteString(" at least " + show(s.lower))
	case s.upper != nil:
		b.WriteString(" at most " + show(s.upper))
	}
	if s.reference != nil {
		fmt.Fprintf(&b, ", %s in the baseline", show(s.reference))
	}
	if s.sd != nil && unitOf(s.name) != "sd" && unitOf(s.name) != "%" {
		if undirected(s.name) {
			fmt.Fprintf(&b, ", like a shift of %.2g sd", math.Abs(*s.sd))
		} else {
			fmt.Fprintf(&b, ", shifted by %+.2g sd", *s.sd)
		}
	}
	if s.p != nil {
		b.WriteString(", p " + probability(*s.p))
	}
	return b.String()
}

// undirected statistics say that something moved, not which way.
func undirected(name string) bool {
	switch name {
	case "psi", "psi_raw", "psi_excess", "chi2", "g", "js", "ks", "ad", "cvm", "w1", "w1_sd", "hellinger", "tv", "linf", "var_ratio", "qt_ewma":
		return true
	}
	return false
}

// differs reports whether a statistic's effect is its difference to the baseline's.
func differs(name string) bool {
	switch name {
	case "min", "max", "p50", "p95", "p99", "memory", "missing", "accuracy":
		return true
	}
	switch name {
	case "nan", "invalid", "type_change", "constant", "distinct", "duplicate_rows":
		return true
	}
	return strings.HasPrefix(name, "latency_p") || strings.HasSuffix(name, "_share")
}

// unitOf is how a statistic is shown: "%" for shares, "ms", "MB", "sd", or "".
func unitOf(name string) string {
	switch name {
	case "missing", "nan", "invalid", "out_of_range", "unseen", "accuracy", "label_coverage", "history", "type_change", "constant", "duplicate_rows", "loss":
		return "%"
	case "qt_ewma", "cusum", "risk":
		return "times its limit"
	case "freshness":
		return "s"
	case "mean_shift", "w1_sd":
		return "sd"
	case "memory":
		return "MB"
	case "cpu":
		return "ms"
	case "throughput":
		return "/s"
	}
	switch {
	case strings.HasSuffix(name, "_share"):
		return "%"
	case strings.HasPrefix(name, "latency_"):
		return "ms"
	}
	return ""
}

// quantity prints a statistic's value with its unit.
func quantity(name string, x float64) string {
	switch unit := unitOf(name); unit {
	case "":
		return Figure(x)
	case "%":
		return percent(x)
	case "sd":
		if undirected(name) {
			return fmt.Sprintf("%.3g sd", x)
		}
		return fmt.Sprintf("%+.3g sd", x)
	case "s":
		return Span(time.Duration(min(x, math.MaxInt32) * float64(time.Second)))
	default:
		return Figure(x) + " " + unit
	}
}

// percent prints a share with three digits, and never a share that is not 0 as 0.
func percent(x float64) string {
	p := 100 * x
	if p != 0 && math.Abs(p) < 0.01 {
		return "< 0.01 %"
	}
	decimals := 1
	if a := math.Abs(p); a < 1 || a > 99.95 && a < 100 {
		decimals = 2
	}
	text := strconv.FormatFloat(p, 'f', decimals, 64)
	return strings.TrimRight(strings.TrimRight(text, "0"), ".") + " %"
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
	case a >= 1e15:
		return strconv.FormatFloat(x, 'g', 4, 64)
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

// Span prints a duration in its largest units: 7d, 36h, 90m.
func Span(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d >= 24*time.Hour && d%(24*time.Hour) == 0:
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
