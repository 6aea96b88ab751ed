package detectors

import "plumbline/profiles"

// onColumn runs a statistic on a feature's cells.
func onColumn(statistic func(ref, cur []int64) Result, relevance func(ref, cur []int64, tolerated float64) (float64, bool)) func(Input) outcome {
	return func(in Input) outcome {
		col, reason := columnOf(in.Baseline, in.Current)
		if reason != "" {
			return outcome{Result: none(in.Current.N, in.Baseline.N, "%s", reason)}
		}
		ref, cur := col.mergeable()
		out := outcome{Result: statistic(ref, cur), bins: col.evidence()}
		if relevance != nil {
			out.relevance = func(tolerated float64) (float64, bool) { return relevance(ref, cur, tolerated) }
		}
		return out
	}
}

var (
	psiOf    = onColumn(PSI, PSIRelevance)
	psiRawOf = onColumn(PSIRaw, nil)
	chi2Of   = onColumn(ChiSquare, nil)
	gOf      = onColumn(G, nil)
	jsOf     = onColumn(JensenShannon, JensenShannonRelevance)
)

// ksOf compares on all cells of the grid and shows the deciles.
func ksOf(in Input) outcome {
	r, c, reason := gridCounts(in.Baseline, in.Current)
	if reason != "" {
		return outcome{Result: none(in.Current.N, in.Baseline.N, "%s", reason)}
	}
	out := outcome{Result: KS(r, c), relevance: func(tolerated float64) (float64, bool) { return KSRelevance(r, c, tolerated) }}
	if col, reason := numberColumn(in.Baseline, in.Current); reason == "" {
		out.bins = col.evidence()
	}
	return out
}

func moments(f *profiles.Feature) Moments {
	if f == nil {
		return Moments{}
	}
	x := Moments{N: f.N}
	x.Mean, _ = f.Mean()
	x.SD, _ = f.SD()
	return x
}

func meanShiftOf(in Input) outcome {
	ref, cur := moments(in.Baseline), moments(in.Current)
	out := outcome{Result: MeanShift(ref, cur), relevance: func(tolerated float64) (float64, bool) { return MeanShiftRelevance(ref, cur, tolerated) }}
	if col, reason := numberColumn(in.Baseline, in.Current); reason == "" {
		out.bins = col.evidence()
	}
	return out
}
