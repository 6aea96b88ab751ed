package detectors

import "math"

// QuantileShift is the difference of a quantile of the window to that of the baseline, in units of the feature, from each side's own
// estimate with its 95 % interval ([QuantileRanks]); a side that the rows could not bound is infinite. Lower and Upper hold with about
// 95 % together, by the method of variance estimates recovery (Zou and Donner 2008): each is away from Value by the root of the sum
// of the squared distances of the estimates to the ends that matter. They are widened by what cells hide, as the intervals are. Effect is
// Value; SD is Value by sd, the standard deviation of the baseline, absent if that is not positive. Reasons: no baseline, no rows,
// under [MinRows] rows on a side, a quantile that is not finite.
func QuantileShift(ref, cur Quantile, sd float64) Result {
	if reason := tooFew(cur.N, ref.N); reason != "" {
		return none(max(cur.N, 0), max(ref.N, 0), "%s", reason)
	}
	d := cur.Value - ref.Value
	if d-d != 0 {
		return none(cur.N, ref.N, "the quantile is beyond a double")
	}
	res := Result{Value: number(d), Effect: number(d), N: cur.N, M: ref.N,
		Lower: number(d - math.Hypot(math.Max(0, cur.Value-cur.Lower), math.Max(0, ref.Upper-ref.Value))),
		Upper: number(d + math.Hypot(math.Max(0, cur.Upper-cur.Value), math.Max(0, ref.Value-ref.Lower)))}
	if sd > 0 {
		res.SD = number(math.Min(math.Max(d/sd, -maxShift), maxShift))
	}
	return res
}

// Quantile is an estimate from N rows, in an interval whose ends may be infinite.
type Quantile struct {
	Value, Lower, Upper float64
	N                   int64
}

// QuantileP is the p-value of Mood's test at the q-quantile of both sides together: whether the share of rows up to the end of the cell in
// which it falls is the same on both, by [CompareShares]. It needs no density. Absent for the reasons of [ChiSquare], and where no cell ends
// near the quantile, within half of q or 1-q, because a single value holds the rows around it.
func QuantileP(ref, cur []int64, q float64) *float64 {
	t, reason := newTable(ref, cur)
	if reason != "" || !(q > 0 && q < 1) {
		return nil
	}
	var r, c, bestR, bestC int64
	best := math.Inf(1)
	for j := range t.r[:len(t.r)-1] {
		r, c = r+t.r[j], c+t.c[j]
		if d := math.Abs((float64(r)+float64(c))/(float64(t.n)+float64(t.m)) - q); d < best {
			best, bestR, bestC = d, r, c
		}
	}
	if best > math.Min(q, 1-q)/2 {
		return nil
	}
	return CompareShares(bestC, t.n, bestR, t.m).P
}
