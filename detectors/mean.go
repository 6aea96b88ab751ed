package detectors

import "math"

// Moments are what a mean is compared by. SD divides by n-1. NaN is one that is not known, as it is beyond a double. Skewness is m3/m2^1.5 of
// the central moments; 0 also if it isn't known.
type Moments struct {
	N        int64
	Mean, SD float64
	Skewness float64
}

// Mean is the mean by itself, with its 95 % interval mean ± z sd/sqrt(n) from [MinRows] rows on.
func Mean(x Moments) Result {
	if x.N <= 0 {
		return none(0, 0, "no rows in the window")
	}
	res := Result{Value: number(x.Mean), N: x.N}
	if res.Value == nil {
		return none(x.N, 0, "the mean is beyond a double")
	}
	if half := z95 * x.SD / math.Sqrt(float64(x.N)); x.N >= MinRows && x.SD >= 0 {
		res.Lower, res.Upper = number(x.Mean-half), number(x.Mean+half)
	}
	return res
}

// MeanShift compares means: Value, Effect and SD are (mean_cur - mean_ref)/sd_ref, the shift in standard deviations of the
// baseline; P is Welch's t test, two-sided (scipy.stats.ttest_ind(equal_var=False) agrees); Lower and Upper are the shift ± z
// standard errors, the baseline's sd taken as known. Note says so where the law of a mean of so few and so skewed rows is far from
// Student's: where the skewness of the difference is above 0.2, at which p <= 0.001 has a probability of about 0.002. Reasons: no baseline, no rows, under [MinRows] rows on a side, a baseline
// without spread, moments beyond a double.
func MeanShift(ref, cur Moments) Result {
	if reason := tooFew(cur.N, ref.N); reason != "" {
		return none(max(cur.N, 0), max(ref.N, 0), "%s", reason)
	}
	if reason := noUnit(ref.SD); reason != "" {
		return none(cur.N, ref.N, "%s", reason)
	}
	shift := (cur.Mean - ref.Mean) / ref.SD
	a, b := ref.SD*ref.SD/float64(ref.N), cur.SD*cur.SD/float64(cur.N)
	se := math.Sqrt(a + b)
	half := z95 * se / ref.SD
	if bounds := math.Abs(shift) + half; bounds-bounds != 0 || !(se > 0) {
		return none(cur.N, ref.N, "the moments are beyond a double")
	}
	df := (a + b) * (a + b) / (a*a/float64(ref.N-1) + b*b/float64(cur.N-1))
	res := Result{Value: number(shift), Effect: number(shift), SD: number(shift), P: probability(studentTail((cur.Mean-ref.Mean)/se, df)),
		Lower: number(shift - half), Upper: number(shift + half), N: cur.N, M: ref.N}
	if skewnessOfShift(ref, cur) > mostSkewed {
		res.Note = "the rows are too few for such skewed values: of independent ones p may be far too small"
	}
	return res
}

// mostSkewed is the skewness of a difference of means up to which Student's law is taken. By Edgeworth's expansion the tails at z change by
// ± skewness (z³-3z)/6 of themselves, at p = 0.001 by one time itself.
const mostSkewed = 0.2

// skewnessOfShift is that of cur.Mean - ref.Mean without drift: its third cumulant k3 (1/n² - 1/m²), k3 pooled over both sides, by its standard
// deviation cubed.
func skewnessOfShift(ref, cur Moments) float64 {
	n, m := float64(cur.N), float64(ref.N)
	v := cur.SD / ref.SD // in units of the baseline's deviation
	k3 := (m*ref.Skewness + n*cur.Skewness*v*v*v) / (n + m)
	return math.Abs(k3*(1/(n*n)-1/(m*m))) / math.Pow(1/m+v*v/n, 1.5)
}

// noUnit says why a baseline's standard deviation is no unit of a shift; empty if it is one.
func noUnit(sd float64) string {
	switch {
	case sd > 0:
		return ""
	case sd != sd:
		return "the baseline's spread is beyond a double: leave out a number such as -1.8e308 that stands for missing ones"
	}
	return "the baseline is constant: a shift has no unit"
}

// studentTail is P(|T| >= |t|) of Student's t with df degrees of freedom.
func studentTail(t, df float64) float64 {
	if !(df > 0) || t-t != 0 || math.IsInf(df, 1) {
		return math.Erfc(math.Abs(t) / math.Sqrt2)
	}
	return betaTail(df/2, 0.5, df/(df+t*t), t*t/(df+t*t))
}

// studentQuantile is the t with P(|T| >= t) = p, 0 < p < 1; at most 1e300.
func studentQuantile(p, df float64) float64 {
	return upperQuantile(p, 2, 1e-13, func(t float64) float64 { return studentTail(t, df) })
}
