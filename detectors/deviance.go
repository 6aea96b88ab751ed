package detectors

import "math"

// poissonTerm returns lambda^a exp(-lambda) / Gamma(a+1) for a >= 0, lambda > 0, by Loader's saddle-point expansion (2000), which
// does not lose digits for large arguments.
func poissonTerm(a, lambda float64) float64 {
	if a == 0 {
		return math.Exp(-lambda)
	}
	return math.Exp(-stirlingError(a)-deviance(a, lambda)) / math.Sqrt(2*math.Pi*a)
}

// stirlingError is ln Gamma(a+1) - ln(sqrt(2 pi a) (a/e)^a).
func stirlingError(a float64) float64 {
	if a < 15 {
		lg, _ := math.Lgamma(a + 1)
		return lg - (a+0.5)*math.Log(a) + a - 0.5*math.Log(2*math.Pi)
	}
	b := a * a
	return (1.0/12 - (1.0/360-(1.0/1260-(1.0/1680-(1.0/1188)/b)/b)/b)/b) / a
}

// deviance is a ln(a/b) + b - a for a >= 0, b > 0, without cancellation near a = b.
func deviance(a, b float64) float64 { return surplus(a, b, b-a) }

// surplus is the deviance for who knows d = b - a better than as the difference of the two.
func surplus(a, b, d float64) float64 {
	if a == 0 {
		return b
	}
	if math.Abs(d) > 0.2*a {
		return d + a*math.Log(a/b)
	}
	v := d / (2*a + d) // ln(1+u) = 2 atanh v
	sum, power := d*v, 2*a*v
	for j := 1; j < 100; j++ {
		power *= v * v
		next := sum - power/float64(2*j+1)
		if next == sum {
			break
		}
		sum = next
	}
	return sum
}

// lugannaniRice is the tail P(X >= x) of a sum of many (Lugannani and Rice 1980): z is the signed root of twice the deviance at x, u the saddle
// point by its standard error, and skew the law's skewness, which is what they differ by near the mean.
func lugannaniRice(z, u, skew float64) float64 {
	between := -skew / 6
	if math.Abs(z) > 1e-4 { // below, the difference has no digits
		between = 1/u - 1/z
	}
	return clamp01(0.5*math.Erfc(z/math.Sqrt2) + math.Exp(-z*z/2)/math.Sqrt(2*math.Pi)*between)
}
