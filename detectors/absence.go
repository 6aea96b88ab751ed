package detectors

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"plumbline"
	"plumbline/profiles"
)

// surprise is the level, Bonferroni's over all that were looked at, from which an absence is counted as one.
const surprise = 0.05

// Absence returns the probability that none of n rows holds what l of m other rows hold, if nothing changed: that all l fall among
// the m of the m + n rows (Fisher's exact test, one-sided), which allows for the m rows being a sample too. 1 for
// negative counts.
func Absence(l, m, n int64) float64 {
	switch {
	case l < 0 || m < 0 || n < 0:
		return 1
	case l > m:
		return 0
	}
	return allAmong(l, m, n)
}

// allAmong is C(n, t)/C(n+m, t), the probability that t of n + m rows are all among the n: t rows by themselves, and a correction by
// deviances, since logarithms of binomial coefficients cancel.
func allAmong(t, n, m int64) float64 {
	if t > n {
		return 0
	}
	all, in, out, hits := float64(n)+float64(m), float64(n), float64(m), float64(t)
	if out == 0 || hits == 0 {
		return 1
	}
	less := func(x float64) float64 { // ln x! - x ln x + x
		if x == 0 {
			return 0
		}
		return stirlingError(x) + math.Log(2*math.Pi*x)/2
	}
	p, q := in/all, out/all
	one := math.Log(p)
	if p > 0.5 {
		one = math.Log1p(-q)
	}
	log := hits*one + less(all-hits) - less(in-hits) - less(all) + less(in) -
		surplus(in-hits, (all-hits)*p, hits*q) - surplus(out, (all-hits)*q, -hits*q)
	return math.Exp(math.Min(log, 0))
}

// absent is one thing that is missing on one side.
type absent struct {
	name  string
	share float64 // on the other side
	p     float64
}

// absences makes the outcome of a search for what is missing: Value is how many are, surely, P the chance of the surest one,
// Bonferroni's over all that were looked at. gone tells whether their shares are the baseline's or the window's.
func absences(list []absent, looked int, n, m int64, gone bool) outcome {
	var sure []absent
	p := 1.0
	for _, a := range list {
		a.p = math.Min(1, a.p*float64(looked))
		if p = math.Min(p, a.p); a.p <= surprise {
			sure = append(sure, a)
		}
	}
	slices.SortFunc(sure, func(a, b absent) int {
		return cmp.Or(cmp.Compare(a.p, b.p), cmp.Compare(b.share, a.share), cmp.Compare(a.name, b.name))
	})
	value := number(float64(len(sure)))
	out := outcome{Result: Result{Value: value, Effect: value, P: probability(p), N: n, M: m}}
	if len(sure) == 0 {
		return out
	}
	out.bins = &plumbline.Bins{}
	var names []string
	for i, a := range sure[:min(len(sure), maxEvidence)] {
		ref, cur := a.share, 0.0
		if !gone {
			ref, cur = cur, ref
		}
		out.bins.Labels = append(out.bins.Labels, a.name)
		out.bins.Baseline, out.bins.Current = append(out.bins.Baseline, ref), append(out.bins.Current, cur)
		if i < maxNamed {
			names = append(names, brief(a.name))
		}
	}
	out.Note = "gone: " + strings.Join(names, ", ")
	if !gone {
		out.Note = "new: " + strings.Join(names, ", ")
	}
	if more := len(sure) - len(names); more > 0 {
		out.Note += fmt.Sprintf(" and %d more", more)
	}
	return out
}

// maxNamed is how many names a note holds.
const maxNamed = 5

// brief is a name or a category as a note shows it: its first forty characters on one line.
func brief(s string) string {
	runes := []rune(strings.Join(strings.Fields(s), " "))
	if len(runes) > 40 {
		return string(runes[:39]) + "…"
	}
	return string(runes)
}

// vanishedCategoriesOf counts categories of the baseline that are gone.
func vanishedCategoriesOf(in Input) outcome {
	values, l := in.Baseline.Known()
	curValues, k := in.Current.Known()
	n, m := in.Current.N, in.Baseline.N
	switch {
	case values == nil:
		return noOutcome("the baseline has no categories for this feature")
	case n < MinRows || m < MinRows:
		return outcome{Result: none(n, m, "%d rows in the window and %d in the baseline, at least %d of each are needed", n, m, MinRows)}
	case !slices.Equal(values, curValues):
		return outcome{Result: none(n, m, "the window was not counted on the baseline's categories")}
	}
	var list []absent
	looked := 0
	for i, v := range values {
		if l[i] == 0 {
			continue
		}
		if looked++; k[i] == 0 {
			list = append(list, absent{v, float64(l[i]) / float64(m), Absence(l[i], m, n)})
		}
	}
	return absences(list, looked, n, m, true)
}

// inputsOf are the input features of a profile by name; what is derived of others comes and goes with them.
func inputsOf(p *profiles.Profile) map[string]*profiles.Feature {
	out := map[string]*profiles.Feature{}
	for _, f := range p.Features() {
		if f.Role == profiles.Input && !f.IsDerived() {
			out[f.Name] = f
		}
	}
	return out
}

// held is how many records had a value of a feature, of whatever type.
func held(f *profiles.Feature) int64 {
	if f == nil {
		return 0
	}
	return f.N + f.Invalid
}

// featuresOf counts input features that one side has and the other has not: those of the baseline if gone, else the window's.
func featuresOf(gone bool) func(Input) outcome {
	return func(in Input) outcome {
		if in.BaselineProfile == nil {
			return noOutcome("no baseline")
		}
		if in.CurrentProfile == nil {
			return noOutcome("no records in the window")
		}
		n, m := in.CurrentProfile.Carrying, in.BaselineProfile.Carrying
		if n < MinRows || m < MinRows {
			return outcome{Result: none(n, m, "%d records with features in the window and %d in the baseline, at least %d of each are needed", n, m, MinRows)}
		}
		has, other, rows, others := inputsOf(in.BaselineProfile), inputsOf(in.CurrentProfile), m, n
		if !gone {
			has, other, rows, others = other, has, others, rows
		}
		var list []absent
		looked := 0
		for name, f := range has {
			k := min(held(f), rows)
			if k == 0 {
				continue
			}
			if looked++; held(other[name]) == 0 {
				list = append(list, absent{name, float64(k) / float64(rows), Absence(k, rows, others)})
			}
		}
		return absences(list, looked, n, m, gone)
	}
}
