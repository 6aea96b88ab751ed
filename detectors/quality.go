package detectors

import (
	"slices"

	"plumbline"
	"plumbline/profiles"
)

// rows is the number of records that could have carried a feature; 0 of a nil feature.
func rows(f *profiles.Feature) int64 {
	if f == nil {
		return 0
	}
	return f.N + f.Missing + f.Invalid
}

// onShare compares a share of the window with the baseline's. count is not called on nil.
func onShare(count func(*profiles.Feature) int64, of func(*profiles.Feature) int64) func(Input) outcome {
	return func(in Input) outcome {
		k, n := count(in.Current), of(in.Current)
		var l, m int64
		if in.Baseline != nil {
			l, m = count(in.Baseline), of(in.Baseline)
		}
		return shares(k, n, l, m, in.Calibration)
	}
}

func shares(k, n, l, m int64, c *Calibration) outcome {
	out := outcome{Result: CompareShares(k, n, l, m)}
	if phi := c.phi(1 / (1/float64(n) + 1/float64(m))); phi > 1 && out.Value != nil {
		lower, upper := wilson(*out.Value, float64(n)/phi)
		out.Lower, out.Upper = number(lower), number(upper)
	}
	if out.P != nil {
		s := shareScore(*out.P, *out.SD, k, n, l, m)
		out.score = &s
	}
	return out
}

func present(f *profiles.Feature) int64 { return f.N }

var (
	missingOf    = onShare(func(f *profiles.Feature) int64 { return f.Missing }, rows)
	nanOf        = onShare(func(f *profiles.Feature) int64 { return f.NaN }, rows)
	invalidOf    = onShare(func(f *profiles.Feature) int64 { return f.Invalid }, rows)
	outOfRangeOf = onShare(func(f *profiles.Feature) int64 { return f.Below + f.Above }, present)
)

// unseenOf shows the unseen categories themselves as evidence.
func unseenOf(in Input) outcome {
	if values, _ := in.Baseline.Known(); values == nil {
		return noOutcome("the baseline has no categories for this feature")
	}
	names, known := in.Baseline.Known()
	theirs, seen := in.Current.Known()
	switch {
	case in.Current.N > 0 && theirs == nil:
		return noOutcome("the window was not counted on the baseline's categories")
	case theirs != nil && !slices.Equal(names, theirs):
		return noOutcome("the window was counted on another baseline's categories")
	}
	unseen := in.Current.Unseen()
	for j := range seen { // a part of a baseline may lack what the whole has
		if known[j] == 0 {
			unseen += seen[j]
		}
	}
	var out outcome
	old := in.Baseline.Unseen()
	if old > 0 { // earlier traffic, which has some itself
		unseen = in.Current.Unseen()
		out.Result = CompareShares(unseen, in.Current.N, old, in.Baseline.N)
	} else {
		out.Result = newcomers(vocabularyOf(in.Baseline, in.Current), unseen, in.Current.N, in.Baseline.N)
	}
	if out.P != nil {
		s := shareScore(*out.P, *out.SD, unseen, in.Current.N, old, in.Baseline.N)
		s.Signed = false // where rows depend on each other new values come in bursts, nothing like a normal number
		out.score = &s
	}
	if out.Value != nil && in.Baseline.Other() > 0 {
		out.Note = "the baseline has more categories than are kept by name: values among them count as seen"
	}
	values := in.Current.UnseenValues()
	if len(values) == 0 || in.Current.N == 0 {
		return out
	}
	out.bins = &plumbline.Bins{}
	for _, c := range values[:min(len(values), maxEvidence)] {
		out.bins.Labels = append(out.bins.Labels, c.Value)
		out.bins.Baseline = append(out.bins.Baseline, 0)
		out.bins.Current = append(out.bins.Current, float64(c.Count)/float64(in.Current.N))
	}
	return out
}

// categoryShareOf counts one category.
func categoryShareOf(in Input) outcome {
	if in.Category == "" {
		return noOutcome("no category is named; for positive_share the manifest says which class is positive")
	}
	if in.Current.Type.Numeric() {
		return noOutcome("%s is a number, not a category", in.Current.Key.Name)
	}
	k, _ := in.Current.Count(in.Category)
	var l, m int64
	if in.Baseline != nil && !in.Baseline.Type.Numeric() {
		l, _ = in.Baseline.Count(in.Category)
		m = in.Baseline.N
	}
	return shares(k, in.Current.N, l, m, in.Calibration)
}
