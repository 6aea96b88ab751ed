package detectors

import "plumbline/profiles"

func samplesOf(in Input) outcome {
	return outcome{Result: Result{Value: number(float64(in.Current.N)), N: in.Current.N, M: moments(in.Baseline).N}}
}

// meanOf adds the comparison with the baseline where there is one.
func meanOf(in Input) outcome {
	cur := moments(in.Current)
	if cur.N > 0 {
		if _, ok := in.Current.Mean(); !ok {
			return outcome{Result: none(cur.N, 0, "the mean is beyond a double, or this is no number")}
		}
	}
	out := outcome{Result: Mean(cur)}
	if in.Baseline == nil || out.Value == nil || !in.Baseline.Type.Numeric() {
		return out
	}
	shift := MeanShift(moments(in.Baseline), cur)
	out.M, out.Effect, out.SD, out.P = in.Baseline.N, shift.Effect, shift.SD, shift.P
	return out
}

func minOf(in Input) outcome { return extreme(in, (*profiles.Feature).Min) }
func maxOf(in Input) outcome { return extreme(in, (*profiles.Feature).Max) }

func extreme(in Input, of func(*profiles.Feature) (float64, bool)) outcome {
	v, ok := of(in.Current)
	if !ok {
		return noOutcome("no rows in the window")
	}
	out := outcome{Result: Result{Value: number(v), N: in.Current.N}}
	if in.Baseline != nil {
		if ref, ok := of(in.Baseline); ok {
			out.M, out.Effect = in.Baseline.N, number(v-ref)
		}
	}
	return out
}

// quantileOf reads a quantile from the grid: exact up to the cell it falls in. Lower and Upper hold with 95 % together: the
// order-statistic interval of [QuantileRanks], widened to the cells its ends fall in. Effect is the difference to the baseline's
// quantile.
func quantileOf(q float64) func(Input) outcome {
	return func(in Input) outcome {
		cur := in.Current
		if cur.N == 0 {
			return noOutcome("no rows in the window")
		}
		v, _, _, ok := cur.Quantile(q)
		if !ok {
			return outcome{Result: none(cur.N, 0, "the feature has no cells to read a quantile from: it needs a baseline")}
		}
		out := outcome{Result: Result{Value: number(v), N: cur.N}}
		lower, upper, lowerOK, upperOK := QuantileRanks(cur.N, q)
		if lowerOK {
			if _, lo, _, ok := cur.Quantile(rankShare(lower, cur.N)); ok {
				out.Lower = number(min(lo, v))
			}
		}
		if upperOK {
			if _, _, hi, ok := cur.Quantile(rankShare(upper, cur.N)); ok {
				out.Upper = number(max(hi, v))
			}
		}
		if in.Baseline != nil {
			if ref, _, _, ok := in.Baseline.Quantile(q); ok {
				out.M, out.Effect = in.Baseline.N, number(v-ref)
			}
		}
		return out
	}
}

// answers counts answers of a profile; 0 without one.
func answers(p *profiles.Profile, count func(*profiles.Profile) int64) (k, n int64) {
	if p == nil {
		return 0, 0
	}
	return count(p), p.Answers()
}

func onAnswers(count func(*profiles.Profile) int64) func(Input) outcome {
	return func(in Input) outcome {
		k, n := answers(in.CurrentProfile, count)
		l, m := answers(in.BaselineProfile, count)
		if n == 0 {
			return noOutcome("no answers in the window")
		}
		return shares(k, n, l, m, in.Calibration)
	}
}

var (
	nullAnswersOf = onAnswers(func(p *profiles.Profile) int64 { return p.NullAnswers })
	errorsOf      = onAnswers(func(p *profiles.Profile) int64 { return p.Errors })
)

// volumeOf has a value always: no records are 0.
func volumeOf(in Input) outcome {
	n := int64(0)
	if in.CurrentProfile != nil {
		n = in.CurrentProfile.Records()
	}
	return outcome{Result: Result{Value: number(float64(n)), N: n}}
}

func throughputOf(in Input) outcome {
	seconds := in.Window.Duration().Seconds()
	if !(seconds > 0) {
		return noOutcome("the window is empty")
	}
	out := volumeOf(in)
	out.Value = number(float64(out.N) / seconds)
	return out
}
