package exact

import (
	"cmp"
	"math"
	"slices"

	"plumbline/detectors"
)

// Brier is the mean of (score - outcome)^2 over rows, in [0, 1]: 0 for sure and right, 1/4 for scores of one half
// (sklearn.metrics.brier_score_loss agrees). Lower and Upper are the mean ± 1.96 standard errors of independent rows, within [0, 1], from
// two rows on. Reasons: no rows, slices of different lengths, a score outside [0, 1] or NaN.
func Brier(outcomes []bool, scores []float64) detectors.Result {
	return meanLoss(outcomes, scores, 1, func(p float64) float64 { return (1 - p) * (1 - p) })
}

// clip keeps the logarithm of a score finite: a sure and wrong answer costs 34.5 nats.
const clip = 1e-15

// LogLoss is the mean of -ln of the probability that the score gave to the outcome, in nats, in [0, 34.54]; scores are clipped to [1e-15,
// 1 - 1e-15] (sklearn.metrics.log_loss agrees, but clips at the precision of the number's type). ln 2 for scores of one half. Lower,
// Upper and reasons as for [Brier].
func LogLoss(outcomes []bool, scores []float64) detectors.Result {
	return meanLoss(outcomes, scores, -math.Log(clip), func(p float64) float64 { return -math.Log(math.Min(math.Max(p, clip), 1-clip)) })
}

// meanLoss averages the loss of the probability each outcome was given; no loss is above top.
func meanLoss(outcomes []bool, scores []float64, top float64, loss func(p float64) float64) detectors.Result {
	res := detectors.Result{N: int64(len(scores))}
	switch {
	case len(outcomes) != len(scores):
		res.Reason = "there are not as many outcomes as scores"
		return res
	case len(scores) == 0:
		res.Reason = "no rows in the window"
		return res
	}
	losses := make([]float64, len(scores))
	for i, p := range scores {
		if !(p >= 0 && p <= 1) {
			res.Reason = "a score is not between 0 and 1"
			return res
		}
		if !outcomes[i] {
			p = 1 - p
		}
		losses[i] = loss(p)
	}
	n := float64(len(losses))
	mean := 0.0
	for _, x := range losses {
		mean += x / n
	}
	res.Value = number(mean)
	if len(losses) > 1 {
		half := z95 * deviation(losses) / math.Sqrt(n)
		res.Lower, res.Upper = number(math.Max(0, mean-half)), number(math.Min(math.Max(top, mean), mean+half))
	}
	return res
}

// NDCG is the normalised discounted cumulative gain of one query whose items are ranked by score, the largest first: the sum of
// relevance_i/log2(1 + rank_i) over the first k ranks by the largest such sum any order has; in [0, 1]. The gain is the relevance itself, not
// 2^relevance - 1. Items of equal score share their ranks' discounts evenly. k <= 0 takes all items (sklearn.metrics.ndcg_score(k=k)
// agrees). N is the number of items: over queries, average the values of each. Reasons: no items, slices of different lengths, a
// relevance that is negative or infinite, NaN, or no item with any relevance, which every order serves alike.
func NDCG(relevance, scores []float64, k int) detectors.Result {
	res := detectors.Result{N: int64(len(scores))}
	switch {
	case len(relevance) != len(scores):
		res.Reason = "there are not as many relevances as scores"
		return res
	case len(scores) == 0:
		res.Reason = "no items to rank"
		return res
	}
	top := 0.0
	for i, gain := range relevance {
		if !(gain >= 0) || math.IsInf(gain, 1) || math.IsNaN(scores[i]) {
			res.Reason = "a relevance is negative or infinite, or a number is NaN"
			return res
		}
		top = math.Max(top, gain)
	}
	if top == 0 {
		res.Reason = "no item has any relevance"
		return res
	}
	if k <= 0 || k > len(scores) {
		k = len(scores)
	}
	gain := cumulatedGain(relevance, scores, top, k)
	res.Value = number(math.Min(gain/cumulatedGain(relevance, relevance, top, k), 1))
	return res
}

// cumulatedGain is the discounted cumulative gain in units of unit.
func cumulatedGain(relevance, scores []float64, unit float64, k int) float64 {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	sum := 0.0
	for from, to := 0, 0; from < k; from = to {
		gains, discounts := 0.0, 0.0
		for to = from; to < len(order) && scores[order[to]] == scores[order[from]]; to++ {
			gains += relevance[order[to]] / unit
			if to < k {
				discounts += 1 / math.Log2(float64(to)+2)
			}
		}
		sum += gains / float64(to-from) * discounts
	}
	return sum
}
