package detectors

import "testing"

// The generated sets of NIST's Statistical Reference Datasets (univariate summary statistics), with their certified mean and standard
// deviation: what moments lose to cancellation, on both sides of a comparison. Digits that the data themselves lose as doubles are
// allowed for: a spacing of 2e-9 around 1e7.
func TestMomentsOfReferenceDatasets(t *testing.T) {
	alternating := func(whole float64) (v []any) {
		v = append(v, whole+0.2)
		for range 500 {
			v = append(v, whole+0.1, whole+0.3)
		}
		return v
	}
	for name, c := range map[string]struct {
		values             []any
		mean, sd, accuracy float64
	}{
		"NumAcc1": {[]any{10000001.0, 10000003.0, 10000002.0}, 10000002, 1, 1e-15},
		"NumAcc2": {alternating(1), 1.2, 0.1, 1e-12},
		"NumAcc3": {alternating(1e6), 1000000.2, 0.1, 1e-9},
		"NumAcc4": {alternating(1e7), 10000000.2, 0.1, 1e-8},
	} {
		in := numbers(t, c.values, c.values)
		for side, x := range map[string]Moments{"baseline": moments(in.Baseline), "window": moments(in.Current)} {
			near(t, name+" mean of the "+side, x.Mean, c.mean, 1e-15)
			near(t, name+" sd of the "+side, x.SD, c.sd, c.accuracy)
		}
	}
}
