package detectors

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// manyFreedom is the sum of degrees of freedom and noncentrality from which on the tail of a chi-square law is the Lugannani-Rice formula's.
const manyFreedom = 1e5

// leastTail is the distance from sqrt(df) + sqrt(nc), on the scale of sqrt(x), beyond which P is below exp(-36^2/2) = 4e-282: by the triangle
// inequality of the root, which is the length of a normal vector, and the bound of Laurent and Massart (2000).
const leastTail = 36

// ChiSquareTail returns P(X >= x) of the noncentral chi-square distribution with df degrees of freedom and noncentrality nc; nc 0
// is the central one. It is the Poisson mixture sum_i Pois(i; nc/2) P(chi2_{df+2i} >= x), summed around its largest term from
// below, so that every step adds positive numbers: a relative accuracy of about 1e-10 down to 1e-280, below which it is 0. From df + nc = 1e5
// on it is the Lugannani-Rice formula, within 4e-8 of p, besides what x, df and nc being rounded brings, about 1e-16 z sqrt(df + nc) at z
// standard deviations.
// Special cases: 1 for x <= 0, 0 for x = +Inf; NaN never leaves: an argument out of range (df <= 0, nc < 0, NaN) returns 1.
func ChiSquareTail(x, df, nc float64) float64 {
	h, y, lambda := math.Max(df/2, math.SmallestNonzeroFloat64), x/2, nc/2
	switch {
	case !(x > 0) || !(df > 0) || math.IsInf(df, 1) || !(nc >= 0) || math.IsInf(nc, 1):
		return 1
	case math.Sqrt(x)-math.Sqrt(df)-math.Sqrt(nc) > leastTail:
		return 0
	case df+nc >= manyFreedom:
		return chiSquareOfMany(x, df, nc)
	case nc == 0:
		return mathext.GammaIncRegComp(h, y)
	}
	// Up to the mode of the Poisson weights in the body; in the upper tail the product with the growing chi-square tails peaks
	// where i (i + h) = lambda y.
	mode := lambda
	if y > lambda+h {
		mode = 2 * lambda * y / (math.Sqrt(h*h+4*lambda*y) + h)
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

// chiSquareOfMany is ChiSquareTail by its saddle point t. With r = 1/(1-2t) it is the root of nc r^2 + df r = x, of which r - 1 is known by the
// distance of x from the mean.
func chiSquareOfMany(x, df, nc float64) float64 {
	if df+nc > 1e300 { // doubles of it overflow; its spread is far below one digit
		if x > df+nc {
			return 0
		}
		return 1
	}
	root := math.Hypot(df, 2*math.Sqrt(nc)*math.Sqrt(x))
	d := x - df - nc
	r, less := 2*x/(df+root), 2*d/(2*nc+df+root)
	z := math.Copysign(math.Sqrt(nc*less*less+2*surplus(df/2, df/2*r, df/2*less)), d)
	return lugannaniRice(z, less*math.Sqrt(nc*r+df/2), (3*nc+df)/(2*nc+df)*math.Sqrt(8/(2*nc+df)))
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
