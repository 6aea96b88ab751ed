package detectors

import "math"

// QuantileRanks returns the 95 % interval of the q-quantile of n rows as ranks, 1 <= lower <= upper <= n: the interval from the
// lower-th to the upper-th smallest value covers the true quantile with at least 95 % probability whatever the distribution,
// because the number of values below it is binomial(n, q). A side that n rows cannot bound is not ok: the 99th percentile needs
// 368 rows for an upper bound.
func QuantileRanks(n int64, q float64) (lower, upper int64, lowerOK, upperOK bool) {
	if n < 1 || !(q > 0 && q < 1) {
		return 0, 0, false, false
	}
	const half = 0.025
	// lower: the largest rank l with P(X < l) <= half, X the number of values at or below the quantile.
	// upper: the smallest rank u with P(X >= u) <= half.
	tailFrom := func(k int64) float64 { return BinomialTail(k, n, q) }
	lower = lastRank(n, func(l int64) bool { return 1-tailFrom(l) <= half })
	last := lastRank(n, func(u int64) bool { return tailFrom(u) > half })
	return lower, last + 1, lower >= 1, last < n
}

// lastRank returns the largest k in 1..n with ok(k), for an ok that is true up to some k and false after; 0 if there is none.
func lastRank(n int64, ok func(int64) bool) int64 {
	lo, hi := int64(0), n
	for lo < hi {
		mid := hi - (hi-lo)/2
		if ok(mid) {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	return lo
}

// rankShare is the argument at which an empirical quantile function, the smallest value whose share of values at or below reaches
// q, gives the value of that rank.
func rankShare(rank, n int64) float64 {
	return math.Min(1, (float64(rank)-0.5)/float64(n))
}
