package detectors

import "plumbline/profiles"

// onVectors runs a statistic on the vectors of a feature: an embedding, or whole rows.
func onVectors(statistic func(Vectors) (Result, *Score)) func(Input) outcome {
	return func(in Input) outcome {
		r, score := statistic(Vectors{Projection: in.Baseline.Projection(), Ref: in.Baseline.Sketch(), Cur: in.Current.Sketch()})
		return outcome{Result: r, score: score}
	}
}

var (
	mmdOf = func(in Input) outcome {
		return onVectors(func(v Vectors) (Result, *Score) {
			if _, _, reason := v.check(); reason == "" {
				v.Design = in.Calibration.phi(1 / v.sampling())
			}
			return mmd(v)
		})(in)
	}
	cosineOf     = onVectors(func(v Vectors) (Result, *Score) { return CosineShift(v), nil })
	componentsOf = onVectors(func(v Vectors) (Result, *Score) { return ComponentsDrifted(v), nil })
)

// onRows runs a test on the whole rows of the profiles.
func onRows(run func(Input) outcome) func(Input) outcome {
	key := profiles.Key{Role: profiles.Input, Name: profiles.WholeRow}
	return func(in Input) outcome {
		in.Baseline, in.Current = find(in.BaselineProfile, key), find(in.CurrentProfile, key)
		switch {
		case in.Baseline == nil || in.Baseline.Projection() == nil:
			return noOutcome("the baseline holds no whole rows: build it with multivariate: true in the manifest")
		case in.Current == nil || in.Current.N == 0:
			return outcome{Result: none(0, in.Baseline.N, "no whole rows in the window")}
		}
		return run(in)
	}
}
