package detectors

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// ChiSquareTail returns P(X >= x) of the noncentral chi-square distribution with df degrees of freedom and noncentrality nc; nc 0
// is the central one. It is the Poisson mixture sum_i Pois(i; nc/2) P(chi2_{df+2i} >= x), summed around its largest term from
// below, so that every step adds positive numbers. Relative accuracy is about 1e-10 down to 1e-280; below that it returns 0, and above nc = 1e5 Sankaran's approximation takes over.
// Special cases: 1 for x <= 0, 0 for x = +Inf; NaN never leaves: an argument out of range (df <= 0, nc < 0, NaN) returns 1.
func ChiSquareTail(x, df, nc float64) float64 {
	switch {
	case !(x > 0) || !(df > 0) || math.IsInf(df, 1) || !(nc >= 0) || math.IsInf(nc, 1):
		return 1
	case math.IsInf(x, 1):
		return 0
	case nc == 0:
		return mathext.GammaIncRegComp(df/2, x/2)
	case nc > 1e5:
		return sankaranTail(x, df, nc)
	}
	h, y, lambda := df/2, x/2, nc/2
	// Up to the mode of the Poisson weights in the body; in the upper tail the product with the growing chi-square tails peaks
	// where i (i + h) = lambda y.
	mode := lambda
	if y > lambda+h {
		mode = (math.Sqrt(h*h+4*lambda*y) - h) / 2
	}
	first := math.Max(0, math.Floor(mode-10*math.Sqrt(mode)-20))
	weight := poissonTerm(first, lambda)
	tail := mathext.GammaIncRegComp(h+first, y)
	step := poissonTerm(h+first, y) // P(chi2_{df+2i+2} >= x) - P(chi2_{df+2i} >= x)
	sum := 0.0
	for i := first; ; i++ {
		term := weight * tail
		sum += term
		if i > mode && term <= 1e-17*sum {
			return math.Min(sum, 1)
		}
		if tail += step; tail > 1 {
			tail = 1
		}
		step *= y / (h + i + 1)
		weight *= lambda / (i + 1)
	}
}

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
func deviance(a, b float64) float64 {
	if a == 0 {
		return b
	}
	if math.Abs(a-b) > 0.1*(a+b) {
		return a*math.Log(a/b) + b - a
	}
	v := (a - b) / (a + b)
	sum, term := (a-b)*v, 2*a*v
	for j := 1; j < 100; j++ {
		term *= v * v
		next := sum + term/float64(2*j+1)
		if next == sum {
			break
		}
		sum = next
	}
	return sum
}

// sankaranTail is Sankaran's normal approximation (1963), within 1e-5 of p for the noncentralities it is used for, above 1e5, and p > 1e-15.
func sankaranTail(x, df, nc float64) float64 {
	s := df + nc
	h := 1 - 2.0/3*s*(df+3*nc)/((df+2*nc)*(df+2*nc))
	p := (df + 2*nc) / (s * s)
	m := (h - 1) * (1 - 3*h)
	z := (math.Pow(x/s, h) - (1 + h*p*(h-1-0.5*(2-h)*m*p))) / (h * math.Sqrt(2*p) * (1 + 0.5*m*p))
	tail := 0.5 * math.Erfc(z/math.Sqrt2)
	if tail-tail != 0 { // x/s overflowed
		return 0
	}
	return tail
}

// noncentralityAt returns the largest nc with ChiSquareTail(x, df, nc) <= alpha, 0 if there is none: a confidence bound of
// the noncentrality.
func noncentralityAt(x, df, alpha float64) float64 {
	if ChiSquareTail(x, df, 0) > alpha {
		return 0
	}
	// The tail grows with nc, and the answer is mostly within a few standard deviations, sqrt(2 df + 4 nc), of x - df.
	width := 4 * math.Sqrt(2*df+4*x)
	lo, hi := math.Max(0, x-df-width), x+width
	if ChiSquareTail(x, df, lo) > alpha {
		lo = 0
	}
	for hi < 1e300 && ChiSquareTail(x, df, hi) <= alpha {
		lo, hi = hi, 2*hi
	}
	for hi-lo > 1e-9*width+1e-15*hi {
		mid := lo + (hi-lo)/2
		if ChiSquareTail(x, df, mid) <= alpha {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}
