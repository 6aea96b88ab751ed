package detectors

import "math"

// Welch is Welch's t statistic (mean_cur - mean_ref)/sqrt(s_cur^2/n + s_ref^2/m), its two-sided P from Student's law with the degrees of
// freedom of Satterthwaite (scipy.stats.ttest_ind(equal_var=False) agrees). Effect and SD are the shift in standard deviations of the
// baseline. It is [MeanShift] seen as a test; reasons are the same, and a window and a baseline that are both constant.
func Welch(ref, cur Moments) Result {
	res := MeanShift(ref, cur)
	if res.Value == nil {
		return res
	}
	se := math.Hypot(ref.SD/math.Sqrt(float64(ref.N)), cur.SD/math.Sqrt(float64(cur.N)))
	t := number((cur.Mean - ref.Mean) / se)
	if t == nil {
		return none(cur.N, ref.N, "the moments are beyond a double")
	}
	res.Value, res.Lower, res.Upper = t, nil, nil
	return res
}
