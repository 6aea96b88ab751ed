package detectors

import (
	"fmt"
	"math"
	"strings"

	"plumbline/profiles"
)

// Constant judges a feature whose most frequent value holds k of n rows of the window and, the most frequent one there, l of m of the
// baseline. Value is k/n, 1 for a constant; Effect the difference to l/m. P is the chance that n rows are all alike without drift, if
// they are, at most s^(n-1) for the largest share s, taken at its upper 95 % bound ([Wilson]); 1 if they differ.
func Constant(k, n, l, m int64) Result {
	switch {
	case n <= 0:
		return none(0, max(m, 0), "no rows in the window")
	case m <= 0:
		return none(n, 0, "no baseline")
	case k < 0 || k > n || l < 0 || l > m:
		return none(n, m, "a count is negative or larger than the rows")
	}
	value := float64(k) / float64(n)
	res := Result{Value: number(value), Effect: number(value - float64(l)/float64(m)), P: probability(1), N: n, M: m}
	if k == n && l < m {
		_, s := Wilson(l, m)
		res.P = probability(math.Pow(s, float64(n-1)))
	}
	return res
}

// constantOf reads the most frequent value: exactly for categories; for numbers exactly whether it is the only one, else the most
// frequent cell, which is as much or more.
func constantOf(in Input) outcome {
	k, known := mostFrequent(in.Current)
	l, knownRef := mostFrequent(in.Baseline)
	if n, m := in.Current.N, in.Baseline.N; n > 0 && m > 0 && !(known && knownRef) {
		return outcome{Result: none(n, m, "the feature's values are not told apart")}
	}
	out := outcome{Result: Constant(k, in.Current.N, l, in.Baseline.N)}
	if out.Value != nil && *out.Value == 1 && l < in.Baseline.N {
		if v, ok := in.Current.Min(); ok {
			out.Note = fmt.Sprintf("all are %g", v)
		} else if c := append(in.Current.Categories(), in.Current.UnseenValues()...); len(c) == 1 {
			out.Note = "all are " + brief(c[0].Value)
		}
	}
	return out
}

func mostFrequent(f *profiles.Feature) (k int64, known bool) {
	if f.Type.Numeric() {
		lo, _ := f.Min()
		if hi, ok := f.Max(); ok && lo == hi {
			return f.N, true
		}
		for _, c := range f.Counts() {
			k = max(k, c)
		}
		return min(k, f.N-1), f.Grid() != nil
	}
	rest := f.N
	for _, c := range append(f.Categories(), f.UnseenValues()...) {
		k = max(k, c.Count)
		rest -= c.Count
	}
	return k, k >= rest
}

// typeChangeOf is the share of values whose type is another than the feature's.
func typeChangeOf(in Input) outcome {
	count := func(f *profiles.Feature) (k int64) {
		for _, c := range f.OtherTypes() {
			k += c.Count
		}
		return k
	}
	out := onShare(count, held)(in)
	var names []string
	for _, c := range in.Current.OtherTypes() {
		names = append(names, fmt.Sprintf("%d of type %s", c.Count, c.Type))
	}
	if len(names) > 0 && out.Value != nil {
		out.Note = strings.Join(names, ", ")
		if in.Current.N > 0 {
			out.Note += fmt.Sprintf(", where a %s is asked for", in.Current.Type)
		}
	}
	return out
}

// Distinct compares the number of different values of n rows with what as many rows of a baseline would have: counts are its rows
// per value. Value is seen; Effect the difference to the expectation Σ 1 - (1 - p)^n plus n·N1/m new ones, N1 being the values seen
// once (Good and Turing); P is two-sided, of the normal law with the variance Σ (1 - p)^n (1 - (1 - p)^n) plus that of the new ones,
// which is as much or more, since presences exclude each other. Without counts it is the number alone.
func Distinct(seen, n int64, counts []int64) Result {
	m, ok := total(counts)
	switch {
	case n <= 0:
		return none(0, 0, "no rows in the window")
	case seen < 0 || seen > n || !ok:
		return none(0, 0, "a count is negative, or there are more values than rows")
	}
	res := Result{Value: number(float64(seen)), N: n, M: m}
	if m < MinRows || n < MinRows {
		return res
	}
	var mean, variance, once float64
	for _, c := range counts {
		if c == 0 {
			continue
		}
		if c == 1 {
			once++
		}
		q := math.Exp(float64(n) * math.Log1p(-float64(c)/float64(m)))
		mean, variance = mean+1-q, variance+q*(1-q)
	}
	fresh := float64(n) * once / float64(m)
	mean, variance = mean+fresh, variance+fresh
	d := float64(seen) - mean
	res.Effect = number(d)
	res.P = probability(math.Erfc(math.Max(0, math.Abs(d)-0.5) / math.Sqrt(2*math.Max(variance, 1e-9))))
	return res
}

func distinctOf(in Input) outcome {
	cur := in.Current
	if cur.Type.Numeric() {
		return noOutcome("numbers are not told apart one by one")
	}
	named := append(cur.Categories(), cur.UnseenValues()...)
	rest := cur.N
	for _, c := range named {
		rest -= c.Count
	}
	var counts []int64
	if ref := in.Baseline; ref != nil && ref.Other() == 0 && rest == 0 {
		_, counts = ref.Known()
	}
	out := outcome{Result: Distinct(int64(len(named)), cur.N, counts)}
	if rest > 0 && out.Value != nil {
		out.Note = fmt.Sprintf("%d rows hold further values that are not told apart: it is at least so many", rest)
	}
	return out
}
