package detectors

import "math"

// Spread is what a variance is compared by: Kurtosis is m4/m2^2 of the central moments, 3 for a normal distribution; 0 if it isn't known.
type Spread struct {
	Moments
	Kurtosis float64
}

// VarianceRatio is s_cur^2/s_ref^2, in [0, inf).
//
// The textbook F test assumes normal data and is wrong at any size for others: of exponential data it rejects 29 % at a level
// of 5 %. P is Shoemaker's correction (2003, his F1): the two-sided F test with 2n/(k - (n-3)/(n-1)) degrees of freedom on each side, k being the
// kurtosis pooled over both, about each its own mean; n-1 if no kurtosis is known, which is the textbook test. Lower and Upper hold
// with 95 % together, from the same law. Effect is ln(s_cur/s_ref), SD the shift of a normal feature that is as far in Hellinger distance
// ([ShiftOfScale]). Few rows don't tell the kurtosis of heavy tails, and Note says so where they leave either side fewer than 20 degrees of
// freedom: down to there p <= 0.001 has a probability of at most 0.004 in simulations, below it of up to 0.2. Reasons: as for [MeanShift], and a window without spread has ratio 0 and no P.
func VarianceRatio(ref, cur Spread) Result {
	shift := MeanShift(ref.Moments, cur.Moments)
	if shift.Value == nil {
		return shift
	}
	ratio := cur.SD / ref.SD
	value := ratio * ratio
	res := Result{Value: number(value), N: cur.N, M: ref.N}
	if res.Value == nil || math.IsInf(ref.SD, 1) || cur.SD < 0 {
		return none(cur.N, ref.N, "the moments are beyond a double")
	}
	if ratio == 0 {
		res.Note = "the window is constant"
		return res
	}
	res.Effect, res.SD = number(math.Log(ratio)), number(ShiftOfScale(ratio))
	a, b := varianceFreedom(ref, cur)
	if !(a > 0 && b > 0) {
		res.Note = "no p-value: the fourth moments are beyond a double"
		return res
	}
	res.P = probability(2 * math.Min(fTail(value, a, b), fTail(1/value, b, a)))
	if math.Min(a, b) < leastVarianceFreedom {
		res.Note = "the rows are too few for such heavy tails: of independent ones p may be far too small"
	}
	if q, r := fQuantile(0.025, a, b), fQuantile(0.025, b, a); !math.IsInf(q, 1) && !math.IsInf(r, 1) {
		res.Lower, res.Upper = number(value/q), number(value*r)
	}
	return res
}

// leastVarianceFreedom is from how many degrees of freedom the F law holds, by simulation.
const leastVarianceFreedom = 20

// varianceFreedom returns the degrees of freedom of the window's and of the baseline's variance.
func varianceFreedom(ref, cur Spread) (a, b float64) {
	n, m := float64(cur.N), float64(ref.N)
	kurtosis := 3.0
	if ref.Kurtosis > 0 && cur.Kurtosis > 0 {
		// Pooled fourth moment over the square of the pooled second one, in units of the baseline's variance.
		v := cur.SD / ref.SD
		v *= v
		second := (m + n*v) / (n + m)
		kurtosis = (m*ref.Kurtosis + n*cur.Kurtosis*v*v) / (n + m) / (second * second)
	}
	freedom := func(n float64) float64 { return math.Min(2*n/math.Max(kurtosis-(n-3)/(n-1), 1e-3), 1e15) }
	return freedom(n), freedom(m)
}
