package detectors

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// QuadraticTail returns P(sum lambda_i X_i >= x) for independent chi-square X_i of one degree of freedom and weights lambda_i >= 0:
// the law of a squared distance of means. It is the saddle-point approximation of Kuonen (1999), with the r* formula of
// Barndorff-Nielsen. Its relative error stays small also far out in the tail, where matching moments fails: measured against closed
// forms below 4 % for p > 1e-6 and below 6 % for p > 1e-12, and below 0.5 % where many weights matter. Special cases: 1 for x <= 0; 0
// for x = +Inf, or without positive weights; 1 for NaN.
func QuadraticTail(x float64, weights []float64) float64 {
	top, mean, squares := 0.0, 0.0, 0.0
	for _, l := range weights {
		if !(l >= 0) || math.IsInf(l, 1) {
			return 1
		}
		top = math.Max(top, l)
	}
	switch {
	case !(x > 0):
		return 1
	case top == 0 || math.IsInf(x, 1):
		return 0
	}
	for _, l := range weights {
		mean, squares = mean+l/top, squares+(l/top)*(l/top)
	}
	if x /= top; math.IsInf(x, 1) {
		return 0
	}
	if mean*mean < 1.0001*squares { // a single weight
		return mathext.GammaIncRegComp(0.5, x/mean/2)
	}
	if x < 1e-12*mean {
		return 1
	}
	// In units of the largest weight, solve K'(t) = x for the cumulant generating function K(t) = -1/2 sum ln(1 - 2 t lambda). In
	// u = 2 t < 1, K' is convex and grows, so that Newton's method comes down to the root from any point above it: 0 if x is below
	// the mean, K'(0), and else one where the largest term alone is 2x.
	u := 0.0
	if x > mean {
		u = 1 - 0.5/x
	}
	for range 100 {
		s, ds := 0.0, 0.0
		for _, l := range weights {
			r := l / top / (1 - u*(l/top))
			s, ds = s+r, ds+r*r
		}
		step := (s - x) / ds
		if u -= step; !(step > 1e-12*(1-u)) {
			break
		}
	}
	t := u / 2
	k, curve, skew := 0.0, 0.0, 0.0
	for _, l := range weights {
		r := l / top / (1 - u*(l/top))
		k -= 0.5 * math.Log1p(-u*(l/top))
		curve += 2 * r * r
		skew += 8 * r * r * r
	}
	v := t * math.Sqrt(curve)
	if math.Abs(v) < 1e-4 { // the formula is 0/0 at the mean
		return 0.5 - skew/(6*math.Sqrt(2*math.Pi)*math.Pow(curve, 1.5)) - v/math.Sqrt(2*math.Pi)
	}
	w := math.Copysign(math.Sqrt(2*math.Max(t*x-k, 0)), t)
	p := 0.5 * math.Erfc((w+math.Log(v/w)/w)/math.Sqrt2)
	if p-p != 0 {
		return 0
	}
	return p
}

// quadraticQuantile returns the x with QuadraticTail(x, weights) = p, for p in (0, 0.5).
func quadraticQuantile(p float64, weights []float64) float64 {
	mean := 0.0
	for _, l := range weights {
		mean += l
	}
	if !(mean > 0) {
		return 0
	}
	return upperQuantile(p, mean, 1e-5, func(x float64) float64 { return QuadraticTail(x, weights) })
}
