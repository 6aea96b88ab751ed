package detectors

import (
	"fmt"
	"math"

	"plumbline/profiles"
)

// onGrid runs a statistic of ordered cells on all cells of the grid and shows the deciles.
func onGrid(statistic func(in Input, t table) (Result, *Score)) func(Input) outcome {
	return func(in Input) outcome {
		r, c, reason := gridCounts(in.Baseline, in.Current)
		if reason != "" {
			return outcome{Result: none(in.Current.N, in.Baseline.N, "%s", reason)}
		}
		t, reason := newTable(r, c)
		if reason != "" {
			return outcome{Result: none(t.n, t.m, "%s", reason)}
		}
		t.phi = in.Calibration.phi(1 / t.sampling())
		var out outcome
		out.Result, out.score = statistic(in, t)
		if in.scoring {
			return out
		}
		if col, reason := numberColumn(in.Baseline, in.Current); reason == "" {
			out.bins = col.evidence()
		}
		return out
	}
}

var (
	adOf = onGrid(func(in Input, t table) (Result, *Score) {
		if in.scoring {
			_, _, s := adScore(t)
			return onlyScored(t), &s
		}
		res, s := andersonDarling(t)
		return res, &s
	})
	cvmOf = onGrid(func(_ Input, t table) (Result, *Score) {
		res, s := cramerVonMises(t)
		return res, &s
	})
	aucOf = onGrid(func(in Input, t table) (Result, *Score) {
		if in.scoring {
			auc, _ := AreaUnderCurve(t.r, t.c)
			s := aucScore(t, auc)
			return onlyScored(t), &s
		}
		res := aucResult(t)
		s := aucScore(t, *res.Value)
		return res, &s
	})
	hellingerOf = onColumn(hellingerResult)
	tvOf        = onColumn(tvResult)
	linfOf      = withoutScore(onColumn(linfResult))
)

// withoutScore leaves the score to the p-value: the test has a law of its own, not that of its cells' chi-square.
func withoutScore(run func(Input) outcome) func(Input) outcome {
	return func(in Input) outcome {
		in.scoring = false
		out := run(in)
		out.score = nil
		return out
	}
}

// w1Of measures on all cells of the grid.
func w1Of(in Input) outcome {
	r, c, reason := gridCounts(in.Baseline, in.Current)
	if reason != "" {
		return outcome{Result: none(in.Current.N, in.Baseline.N, "%s", reason)}
	}
	axis := Axis{Edges: in.Baseline.Grid().Edges}
	axis.Low, axis.High = math.Inf(1), math.Inf(-1)
	for _, f := range []*profiles.Feature{in.Baseline, in.Current} {
		if v, ok := f.Min(); ok {
			axis.Low = math.Min(axis.Low, v)
		}
		if v, ok := f.Max(); ok {
			axis.High = math.Max(axis.High, v)
		}
	}
	out := outcome{Result: Wasserstein(r, c, axis, moments(in.Baseline), moments(in.Current))}
	if col, reason := numberColumn(in.Baseline, in.Current); reason == "" {
		out.bins = col.evidence()
	}
	return out
}

func w1SDOf(in Input) outcome {
	out := w1Of(in)
	out.Result = perSD(out.Result, moments(in.Baseline).SD)
	return out
}

func welchOf(in Input) outcome {
	out := meanShiftOf(in)
	out.Result = Welch(moments(in.Baseline), moments(in.Current))
	return out
}

func varRatioOf(in Input) outcome {
	out := outcome{Result: VarianceRatio(spread(in.Baseline), spread(in.Current))}
	if col, reason := numberColumn(in.Baseline, in.Current); reason == "" {
		out.bins = col.evidence()
	}
	return out
}

func spread(f *profiles.Feature) Spread {
	x := Spread{Moments: moments(f)}
	if f == nil {
		return x
	}
	if _, m2, _, m4, ok := f.CentralMoments(); ok && m2 > 0 {
		x.Kurtosis = m4 / m2 / m2
	}
	return x
}

// quantileShiftOf compares a quantile with the baseline's.
func quantileShiftOf(q float64) func(Input) outcome {
	read := quantileOf(q)
	estimate := func(f *profiles.Feature) (Quantile, string) {
		res := read(Input{Current: f}).Result
		x := Quantile{Lower: math.Inf(-1), Upper: math.Inf(1), N: res.N}
		if res.Value == nil {
			return x, res.Reason
		}
		x.Value = *res.Value
		if res.Lower != nil {
			x.Lower = *res.Lower
		}
		if res.Upper != nil {
			x.Upper = *res.Upper
		}
		return x, ""
	}
	return func(in Input) outcome {
		ref, refReason := estimate(in.Baseline)
		cur, curReason := estimate(in.Current)
		if in.Baseline.N > 0 && refReason != "" {
			return outcome{Result: none(in.Current.N, in.Baseline.N, "%s", refReason)}
		}
		if in.Current.N > 0 && curReason != "" {
			return outcome{Result: none(in.Current.N, in.Baseline.N, "%s", curReason)}
		}
		out := outcome{Result: QuantileShift(ref, cur, moments(in.Baseline).SD)}
		if out.Value == nil {
			return out
		}
		if r, c, reason := gridCounts(in.Baseline, in.Current); reason == "" {
			if out.P = QuantileP(r, c, q); out.P == nil {
				out.Note = "no p-value: one cell holds the rows around the quantile"
			}
		}
		if col, reason := numberColumn(in.Baseline, in.Current); reason == "" {
			out.bins = col.evidence()
		}
		return out
	}
}

// categoryShiftOf judges every category the baseline knew; unseen and missing values have tests of their own. Those not kept by name are
// left out, and those so rare that they are there, or are kept by name, by chance: they were chosen for the rows they have in the baseline.
func categoryShiftOf(in Input) outcome {
	col, reason := columnOf(in.Baseline, in.Current)
	if reason != "" {
		return outcome{Result: none(in.Current.N, in.Baseline.N, "%s", reason)}
	}
	most := inWindowAtMost(seldomInWindow, in.Current.N, in.Baseline.N) - 1
	if in.Baseline.Other() > 0 {
		most = max(most, vocabularyOf(in.Baseline, in.Current).most)
	}
	var labels []string
	var ref, cur []int64
	var judged []bool
	for j, label := range col.labels {
		if label == cellMissing {
			continue
		}
		labels, ref, cur, judged = append(labels, label), append(ref, col.ref[j]), append(cur, col.cur[j]), append(judged, label != cellUnseen && label != cellOther && col.ref[j]+col.cur[j] > most)
	}
	res, worst := categoryShift(ref, cur, judged)
	out := outcome{Result: res}
	if !in.scoring {
		out.bins = col.evidence()
	}
	if worst >= 0 {
		out.Note = fmt.Sprintf("most of all %q: %.3g %% of values, %.3g %% in the baseline", labels[worst],
			100*float64(cur[worst])/float64(res.N), 100*float64(ref[worst])/float64(res.M))
	}
	return out
}
