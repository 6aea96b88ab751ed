package detectors

import (
	"slices"
	"strings"

	"plumbline"
)

// Judges are the tests that a budget is spent on for a feature of a type: few, since each takes power from the others, and of
// different eyes. psi sees any change of shape; ad a move of location or tails; auc a move of features whose records depend on each
// other so much that hardly two windows overlap; category_shift one rare category, unseen a new one; missing a value that no longer
// arrives; invalid a change of type. It is auc and not mean_shift, since the mean of a few independent rows is far from normal where
// values are skewed: the null learned from windows of autocorrelated lognormal values rejects means twenty times too often at 0.0004,
// ranks no more than it should (bench/calibration).
func Judges(typ plumbline.FeatureType) []Test {
	names := []string{"psi", "category_shift", "unseen", "missing", "invalid"}
	switch {
	case typ == plumbline.TypeEmbedding:
		names = []string{"mmd", "psi", "missing", "invalid"}
	case typ.Numeric():
		names = []string{"psi", "ad", "auc", "missing", "invalid"}
	}
	var judges []Test
	for _, t := range Builtin() {
		for _, name := range names {
			if t.Name == name {
				judges = append(judges, t)
			}
		}
	}
	return judges
}

// Calibrated are the tests for which it is worth to learn what windows without drift do: the judges, and whose p-values people ask
// for beside them.
func Calibrated(typ plumbline.FeatureType) []Test {
	tests := Judges(typ)
	for _, t := range Builtin() {
		if typ.Numeric() && (t.Name == "ks" || t.Name == "cvm" || t.Name == "mean_shift") {
			tests = append(tests, t)
		}
	}
	return tests
}

// CountsBursts reports whether the test counts what may come in bursts so rare that every window of a baseline should be looked at, and not
// only enough of them: a feed that breaks for an hour a month is in one of 700.
func (t Test) CountsBursts() bool {
	return slices.Contains([]string{"category_shift", "unseen", "missing", "invalid"}, t.Name)
}

// sharing lists tests that have the same score as another one.
var sharing = map[string][]string{
	"psi":        {"psi_raw", "psi_excess", "chi2", "g", "js", "hellinger", "tv"},
	"mean_shift": {"welch", "mean", "reconstruction_error"},
	"mmd":        {"rows_mmd"},
}

// NullOf is the name of the test whose null is this one's too: psi for psi_p, psi_lower, chi2 and others.
func (t Test) NullOf() string {
	name := t.Name
	for _, part := range []string{"_p", "_lower"} {
		name = strings.TrimSuffix(name, part)
	}
	for of, same := range sharing {
		if slices.Contains(same, name) {
			return of
		}
	}
	return name
}
