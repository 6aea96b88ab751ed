package detectors

import "math"

// UnseenShare tests whether a window holds more never-seen categories than a baseline leads to expect. That m rows never showed a
// value does not make it impossible: Good and Turing estimate the probability of a value not yet seen by N1/m, N1 being the number
// of values seen exactly once. The null rate is N1/m + sqrt(ln(1/0.05)/(2m)), the slack covering the estimate's own error with 95 %
// confidence (McAllester and Schapire 2000). It needs no more than two sums; where the counts of the categories are known,
// [NewCategories] sees far less.
//
// Value is unseen/n with its 95 % [Wilson] interval; Effect what exceeds the null rate, at least 0; SD Cohen's h of Value against
// the null rate, at least 0; P the one-sided binomial P(X >= unseen). Without a baseline (m = 0) there is no value: every category
// is unseen.
func UnseenShare(unseen, n, singletons, m int64) Result {
	if m <= 0 {
		return none(n, 0, "no baseline")
	}
	if singletons < 0 || singletons > m {
		return none(n, m, "the baseline has a negative count or more singletons than rows")
	}
	res := Share(unseen, n)
	res.M = m
	if res.Value == nil {
		return res
	}
	rate := math.Min(1, float64(singletons)/float64(m)+math.Sqrt(math.Log(20)/(2*float64(m))))
	share := *res.Value
	res.Effect = number(math.Max(0, share-rate))
	res.SD = number(math.Max(0, 2*math.Asin(math.Sqrt(share))-2*math.Asin(math.Sqrt(rate))))
	res.P = probability(BinomialTail(unseen, n, rate))
	return res
}
