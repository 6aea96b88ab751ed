package incumbents

import (
	"fmt"
	"math"
	"slices"
)

// EvidentlyVersion is the release whose numbers Evidently's functions are held to.
const EvidentlyVersion = "0.7.23"

// evidentlySmall is the reference size up to which Evidently's default tests are p-values; above, distances.
const evidentlySmall = 1000

// EvidentlyTests are the tests EvidentlyTest knows, by Evidently's own names.
var EvidentlyTests = []string{"ks", "chisquare", "z", "wasserstein", "jensenshannon", "psi", "kl_div", "hellinger", "t_test", "mannw"}

// Evidently is what DataDriftPreset says of a column: the test it picks by default, with its default threshold.
//
//	                        reference <= 1000 values            more
//	numbers, > 5 different  ks: p <= 0.05                       wasserstein: W1 / sd >= 0.1
//	numbers, 3 to 5         chisquare: p < 0.05                 jensenshannon >= 0.1
//	categories, > 2         chisquare: p < 0.05                 jensenshannon >= 0.1
//	2 or fewer              z: p < 0.05                         jensenshannon >= 0.1
//
// Rows without a value and infinities are left out first. A column's type is that of the current data: a column of integers with at most
// ten different ones is a category, and so is text unless more than half of its values differ; then Evidently trains a classifier, which
// isn't done here: the finding has a reason instead of a number. chisquare takes the reference's shares as exact, whatever its size.
func Evidently(name string, ref, cur Column) Finding {
	s, f, ok := evidentlySample(name, ref, cur)
	if !ok {
		return f
	}
	return s.test(s.pick(), f)
}

// EvidentlyTest is the same with a test of the caller's choice, at that test's default threshold: 0.05 for p-values, 0.1 for distances.
// mannw is one-sided, as in Evidently: p is small where the current values are the larger ones and near 1 where they are the smaller.
func EvidentlyTest(test, name string, ref, cur Column) Finding {
	s, f, ok := evidentlySample(name, ref, cur)
	if !ok {
		f.Test = test
		return f
	}
	return s.test(test, f)
}

// EvidentlyDataset is Evidently's verdict on the whole: drift if at least half of the columns drift. Columns without a number don't count;
// Evidently counts its text columns too.
func EvidentlyDataset(findings []Finding) (share float64, drift bool) {
	columns, drifted := 0, 0
	for _, f := range findings {
		if !f.OK() {
			continue
		}
		columns++
		if f.Drift {
			drifted++
		}
	}
	if columns == 0 {
		return 0, false
	}
	share = float64(drifted) / float64(columns)
	return share, share >= 0.5
}

// evidently is a pair of columns as Evidently's tests see it.
type evidently struct {
	ref, cur   []float64 // ascending; of a category column of text nil
	table      table     // of categories, and of numbers with few values
	categories bool
	integer    bool // both are integers
	n, m       int  // rows of ref and cur with a value
	values     int  // different values in both
	refValues  int  // different values in ref
}

func evidentlySample(name string, ref, cur Column) (s evidently, f Finding, ok bool) {
	f = Finding{Name: name}
	if ref.numeric() != cur.numeric() {
		return s, f.none(reasonTypes), false
	}
	if cur.numeric() {
		s.ref, s.cur = ref.sorted(), cur.sorted()
		s.n, s.m = len(s.ref), len(s.cur)
		s.categories = cur.Integer && distinct(s.cur, 11) <= 10
		s.integer = ref.Integer && cur.Integer
		s.refValues = distinct(s.ref, 21)
		if s.categories || s.refValues <= 20 {
			s.table = tabulateSorted(s.ref, s.cur)
			s.values = len(s.table.ref)
		} else {
			s.values = s.refValues
		}
	} else {
		r, c := ref.counts(), cur.counts()
		s.categories = true
		s.table = tabulate(r, c)
		s.values, s.refValues = len(s.table.ref), len(r)
		s.n, s.m = int(total(s.table.ref)), int(total(s.table.cur))
		switch {
		case cur.Boolean && slices.Contains(cur.Codes, -1): // pandas has no type for it
			return s, f.none("Evidently leaves out booleans that are missing in the current data"), false
		case !cur.Boolean && 2*len(c) > s.m && s.m > 0:
			f.Test = "text"
			return s, f.none("Evidently takes the column for free text and trains a classifier"), false
		}
	}
	f.Rows = s.m
	switch {
	case s.n == 0:
		return s, f.none(reasonEmptyReference), false
	case s.m == 0:
		return s, f.none(reasonEmptyCurrent), false
	}
	return s, f, true
}

// pick returns the test of Evidently's default.
func (s evidently) pick() string {
	small := s.n <= evidentlySmall
	switch {
	case !s.categories && s.values > 5 && small:
		return "ks"
	case !s.categories && s.values > 5:
		return "wasserstein"
	case !small:
		return "jensenshannon"
	case s.values > 2:
		return "chisquare"
	}
	return "z"
}

func (s evidently) test(test string, f Finding) Finding {
	f.Test, f.Threshold = test, 0.1
	numbers, counted := s.ref != nil && !s.categories, s.table.ref != nil
	switch {
	case test == "ks" && numbers:
		f.Value, f.Threshold = ksPValue(kolmogorovSmirnov(s.ref, s.cur), s.n, s.m), 0.05
		f.Drift = f.Value <= f.Threshold
		return f.checked()
	case test == "chisquare" && counted:
		f.Value, f.Threshold = goodnessOfFit(s.table), 0.05
		f.Drift = f.Value < f.Threshold
		return f.checked()
	case test == "z" && counted:
		f.Value, f.Threshold = s.z(), 0.05
		f.Drift = f.Value < f.Threshold
		return f.checked()
	case test == "t_test" && numbers:
		f.Value, f.Threshold = studentPValue(s.ref, s.cur), 0.05
		f.Drift = f.Value < f.Threshold
		return f.checked()
	case test == "mannw" && numbers:
		f.Value, f.Threshold = mannWhitneyLess(s.ref, s.cur), 0.05
		f.Drift = f.Value < f.Threshold
		return f.checked()
	case test == "wasserstein" && numbers:
		_, sd := moments(s.ref)
		f.Value = wasserstein(s.ref, s.cur) / math.Max(sd, 0.001)
	case test == "jensenshannon":
		f.Value = jensenShannon(s.shares())
	case test == "psi":
		p, q := s.shares()
		filled(p)
		filled(q)
		for i := range p {
			f.Value += (p[i] - q[i]) * math.Log(p[i]/q[i])
		}
	case test == "kl_div":
		p, q := s.shares()
		filled(p)
		filled(q)
		ps, qs := total(p), total(q)
		for i := range p {
			f.Value += p[i] / ps * math.Log(p[i]/ps/(q[i]/qs))
		}
	case test == "hellinger":
		f.Value = s.hellinger()
	default:
		return f.none(fmt.Sprintf("Evidently has no test %q for such a column", test))
	}
	f.Drift = f.Value >= f.Threshold
	return f.checked()
}

// shares returns the shares of the bins: of each value if the column is a category or the reference has at most 20 different numbers,
// else of Sturges' bins over both samples together. Evidently's parameter n_bins has no effect.
func (s evidently) shares() (p, q []float64) {
	if s.table.ref != nil {
		return shares(s.table.ref, s.n), shares(s.table.cur, s.m)
	}
	edges := sturges(merged(s.ref, s.cur), s.integer)
	return shares(histogram(s.ref, edges), s.n), shares(histogram(s.cur, edges), s.m)
}

// filled replaces empty shares by 1e-4, or, where a share of at most 1e-4 is there, by a millionth of the smallest. What it fills isn't
// taken from the others: the shares then sum to more than 1.
func filled(p []float64) {
	smallest := math.Inf(1)
	for _, v := range p {
		if v > 0 {
			smallest = math.Min(smallest, v)
		}
	}
	fill := 1e-4
	if smallest <= 1e-4 {
		fill = smallest / 1e6
	}
	for i, v := range p {
		if v == 0 {
			p[i] = fill
		}
	}
}

// z compares the share of the first of at most two values; 1 where both samples hold one and the same value only.
func (s evidently) z() float64 {
	if len(s.table.ref) == 1 {
		return 1
	}
	n, m := float64(s.n), float64(s.m)
	return proportions(n-s.table.ref[0], n, m-s.table.cur[0], m)
}

// hellinger is sqrt(1 - sum sqrt(p q)) over the values of a category, or over Sturges' bins of the different values of a number.
func (s evidently) hellinger() float64 {
	var p, q []float64
	if s.categories {
		p, q = shares(s.table.ref, s.n), shares(s.table.cur, s.m)
	} else {
		edges := sturges(unique(merged(s.ref, s.cur)), s.integer)
		p, q = shares(histogram(s.ref, edges), s.n), shares(histogram(s.cur, edges), s.m)
	}
	sum := 0.0
	for i := range p {
		sum += math.Sqrt(p[i] * q[i])
	}
	return math.Sqrt(1 - math.Min(sum, 1))
}

// merged merges two ascending lists.
func merged(a, b []float64) []float64 {
	out := make([]float64, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0] <= b[0] {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// unique drops repeated values of an ascending list, in place.
func unique(sorted []float64) []float64 {
	out := sorted[:0]
	for i, v := range sorted {
		if i == 0 || v != out[len(out)-1] {
			out = append(out, v)
		}
	}
	return out
}
