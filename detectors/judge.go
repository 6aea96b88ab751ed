package detectors

import "plumbline"

// Judges are the tests that a budget is spent on for a feature of a type: few, since each takes power from the others, and of
// different eyes. psi sees any change of shape, ad a move of location or tails, mean_shift one that every
// window shares where rows depend on each other so much that their distributions hardly overlap, category_shift one rare category, unseen a new
// one, missing a value that no longer arrives; invalid is a change of type.
func Judges(typ plumbline.FeatureType) []Test {
	names := []string{"psi", "category_shift", "unseen", "missing", "invalid"}
	switch {
	case typ == plumbline.TypeEmbedding:
		names = []string{"mmd", "psi", "missing", "invalid"}
	case typ.Numeric():
		names = []string{"psi", "ad", "mean_shift", "missing", "invalid"}
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
