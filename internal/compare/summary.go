package compare

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"plumbline"
	"plumbline/profiles"
)

// Summary says in words what came out.
func (r *Report) Summary() string {
	var columns, drifted, unjudged int
	whole := ""
	for _, f := range r.Features {
		switch {
		case f.Type == rowsType && f.Verdict == plumbline.Drift:
			whole = " Whole rows drifted."
		case f.Type == rowsType && f.Verdict == plumbline.NoVerdict:
			whole = " No verdict on whole rows."
		}
		if f.Type == rowsType {
			continue
		}
		columns++
		switch f.Verdict {
		case plumbline.Drift:
			drifted++
		case plumbline.NoVerdict:
			unjudged++
		}
	}
	s := fmt.Sprintf("%d of %s drifted.", drifted, counted(columns, "column"))
	switch {
	case drifted == 0 && unjudged == columns:
		return "No verdict on any column." + whole
	case drifted == 0:
		s = fmt.Sprintf("No drift in %s.", counted(columns-unjudged, "column"))
	}
	if unjudged > 0 {
		s += fmt.Sprintf(" No verdict on %s.", counted(unjudged, "column"))
	}
	return s + whole
}

// Why tells the reasons for which columns have no verdict, the most frequent first, and what may help.
func (r *Report) Why() []string {
	names := map[string][]string{}
	dependent := false
	for i := range r.Features {
		f := &r.Features[i]
		if f.Verdict != plumbline.NoVerdict {
			continue
		}
		for _, x := range f.Findings {
			if x.Judged && x.Verdict == plumbline.NoVerdict {
				dependent = dependent || strings.Contains(x.Reason, "depend on each other")
				names[x.Reason] = append(names[x.Reason], profiles.Printable(f.Name))
				break
			}
		}
	}
	reasons := slices.SortedFunc(maps.Keys(names), func(a, b string) int {
		if len(names[a]) != len(names[b]) {
			return len(names[b]) - len(names[a])
		}
		return strings.Compare(a, b)
	})
	var out []string
	for _, why := range reasons {
		out = append(out, fmt.Sprintf("No verdict on %s: %s.", named(names[why]), profiles.Printable(why)))
	}
	if dependent {
		out = append(out, "A longer reference can tell what is ordinary; if the order of rows means nothing, say --independent.")
	}
	return out
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

func (f *Feature) shiftText() string {
	s := f.Shift()
	switch {
	case s >= 1e6, !slices.ContainsFunc(f.Findings, func(x Finding) bool { return x.Judged && x.SD != nil }):
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
