package detectors

import "math"

// z95 is the 97.5 % quantile of the standard normal distribution: half-width of a two-sided 95 % interval.
const z95 = 1.959963984540054

// Wilson returns the 95 % score interval of a share k/n (Wilson 1927), inside [0, 1] and never of width 0; [0, 1] for n <= 0 or k
// outside 0..n.
func Wilson(k, n int64) (lower, upper float64) {
	if n <= 0 || k < 0 || k > n {
		return 0, 1
	}
	return wilson(float64(k)/float64(n), float64(n))
}

// wilson is Wilson's interval of a share of rows that carry the information of so many independent ones.
func wilson(p, size float64) (lower, upper float64) {
	centre := p + z95*z95/(2*size)
	half := z95 * math.Sqrt(p*(1-p)/size+z95*z95/(4*size*size))
	scale := 1 + z95*z95/size
	lower, upper = math.Max(0, (centre-half)/scale), math.Min(1, (centre+half)/scale)
	// Rounding must not push the ends past the share itself at 0 and 1.
	return math.Min(lower, p), math.Max(upper, p)
}

// Share is a share k/n by itself: Value with its 95 % [Wilson] interval.
func Share(k, n int64) Result {
	switch {
	case n < 0 || k < 0 || k > n:
		return none(0, 0, "a count is negative or larger than the rows")
	case n == 0:
		return none(0, 0, "no rows in the window")
	}
	lower, upper := Wilson(k, n)
	return Result{Value: number(float64(k) / float64(n)), Lower: number(lower), Upper: number(upper), N: n}
}

// CompareShares compares a share of the window, k of n rows, with that of the baseline, l of m. Value is k/n with its 95 % [Wilson]
// interval, Effect the difference k/n - l/m, SD Cohen's h = 2 asin sqrt(k/n) - 2 asin sqrt(l/m). P is two-sided: of the pooled
// two-proportion z test, or of Fisher's exact test if a cell of the 2×2 table expects under [MinExpected]. Without a baseline
// (m = 0) it is [Share].
func CompareShares(k, n, l, m int64) Result {
	res := Share(k, n)
	if res.Value == nil {
		return res
	}
	if m < 0 || l < 0 || l > m {
		return none(n, 0, "a count of the baseline is negative or larger than its rows")
	}
	if m == 0 {
		return res
	}
	p, q := float64(l)/float64(m), float64(k)/float64(n)
	res.M = m
	res.Effect = number(q - p)
	res.SD = number(2*math.Asin(math.Sqrt(q)) - 2*math.Asin(math.Sqrt(p)))
	hits, rows := float64(k)+float64(l), float64(n)+float64(m)
	if math.Min(float64(n), float64(m))*math.Min(hits, rows-hits)/rows < MinExpected {
		res.P = probability(FisherExact(k, n, l, m))
	} else {
		pooled := hits / rows
		z := (q - p) / math.Sqrt(pooled*(1-pooled)*(1/float64(n)+1/float64(m)))
		res.P = probability(math.Erfc(math.Abs(z) / math.Sqrt2))
	}
	return res
}

// FisherExact returns the two-sided p-value of Fisher's exact test for k of n against l of m: the probability, given the margins, of
// all tables no more likely than this one (scipy.stats.fisher_exact agrees). Where the count has a variance above 1e5 given the margins, it is
// that of the signed root of the deviance, off by some 1 % at most. 1 for counts that make no table.
func FisherExact(k, n, l, m int64) float64 {
	if k < 0 || l < 0 || k > n || l > m || n == 0 || m == 0 {
		return 1
	}
	return newHypergeometric(k, n, l, m).p()
}

// BinomialTail returns P(X >= k) of the binomial law with n trials and probability p. 1 for k <= 0, 0 for k > n; p is clamped to
// [0, 1].
func BinomialTail(k, n int64, p float64) float64 {
	switch {
	case k <= 0 || p >= 1:
		if k > n {
			return 0
		}
		return 1
	case k > n || !(p > 0):
		return 0
	}
	return betaTail(float64(k), float64(n-k)+1, p, 1-p)
}
