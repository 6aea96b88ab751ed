package detectors

import "math"

// manyRows is the parameter of a beta law from which on its tail is the Lugannani-Rice formula's. The steps that the continued fraction
// needs grow with the parameter's root, the formula's relative error falls with its power of 3/2.
const manyRows = 1e4

// betaTail is P(X <= x) of the beta law with parameters a, b > 0; y is 1 - x, which the caller may know without rounding. Its relative
// error is below 1e-11, if a and b are both at least 1e4 below 2e-7 (2e-8 where p is above 1e-20), besides what x and y being rounded
// brings, about 1e-16 z sqrt(a) at z standard deviations: measured against SciPy's betainc for p above 1e-290.
//
// gonum's RegIncBeta is not up to counts of rows: its logarithms of gamma functions cancel and its fraction is cut off after 300 steps.
// For a = b and a half, as of two sides of the same rows, it is wrong by 3e-11 at 1e4, 7e-7 at 1e6, 2e-2 at 1e7 and says 2.2 at 1e9.
func betaTail(a, b, x, y float64) float64 {
	if !(x > 0) {
		return 0
	}
	if !(y > 0) {
		return 1
	}
	// How far n x is above a, its value at the mean, where n = a + b; as a difference of the two it would lose its digits.
	above := x*b - y*a
	deviance := surplus(a, (a+b)*x, above) + surplus(b, (a+b)*y, -above)
	switch {
	case min(a, b) >= manyRows:
		z := math.Copysign(math.Sqrt(2*deviance), above)
		sd := 1 / math.Sqrt(1/a+1/b)
		return lugannaniRice(-z, -above/sd, 2*(a-b)/(a+b)/sd)
	case above > 0:
		return 1 - betaDensity(a, b, deviance)*betaFraction(b, a, y, x, -above)
	}
	return betaDensity(a, b, deviance) * betaFraction(a, b, x, y, above)
}

// betaDensity is x^a y^b/B(a, b), of which the deviance holds all that is large.
func betaDensity(a, b, deviance float64) float64 {
	return math.Exp(stirlingError(a+b)-stirlingError(a)-stirlingError(b)-deviance) / math.Sqrt(2*math.Pi*(1/a+1/b))
}

// betaFraction is betaTail by betaDensity, up to the mean: the continued fraction of Didonato and Morris (1992).
func betaFraction(a, b, x, y, above float64) float64 {
	const tiny = 1e-300
	term := func(m float64) float64 { return m + m*(b-m)*x/(a+2*m-1) + (a+m)/(a+2*m+1)*(1-above+m*(1+y)) }
	f := a / (a + 1) * (1 - above) // term(0), which is 0/0 at a = 1
	c, d := f, 0.0                 // Lentz's algorithm
	for m := 1.0; m < 1e5; m++ {
		over := (a + m - 1) / (a + 2*m - 1) * (a + b + m - 1) / (a + 2*m - 1) * m * (b - m) * x * x
		under := term(m)
		if d = under + over*d; d == 0 {
			d = tiny
		}
		if c = under + over/c; c == 0 {
			c = tiny
		}
		d = 1 / d
		f *= c * d
		if math.Abs(c*d-1) < 1e-15 {
			break
		}
	}
	return 1 / f
}
