package detectors

import (
	"math"
	"math/cmplx"
)

// quadratic is the law of Q = sum_j lambda_j X_j^2, X_j independent standard normal, lambda_j > 0, by its moment generating function
// exp(K(s)) = E exp(sQ), K(s) = -1/2 sum_j log(1 - 2 s lambda_j).
type quadratic struct {
	end float64 // where K becomes infinite: 1/(2 max lambda_j)
	// log returns K in the closed upper half-plane without (end, inf), where it is continuous.
	log func(s complex128) complex128
}

// tail returns P(Q >= x), to about 1e-12 of itself however small it is. It is the inversion integral
//
//	1/(2 pi i) ∫ exp(K(s) - s x)/s ds
//
// over a path that crosses the real axis between the pole at 0 and end, at the saddle point of the integrand, and then bends away
// around the cut from end to infinity, where exp(-s x) vanishes: the hyperbola s = c + d (sin(a + iu) - sin a). The trapezoidal rule
// on it converges exponentially (Weideman and Trefethen 2007 for such paths; Rice 1980 and Lugannani and Rice for the saddle point).
func (q quadratic) tail(x float64) float64 {
	switch {
	case !(x > 0) || !(q.end > 0):
		return 1
	case q.end*x > 800:
		return 0
	}
	exponent := func(s complex128) complex128 { return q.log(s) - s*complex(x, 0) - cmplx.Log(s) }
	// The exponent is convex between 0 and end. Any point near its minimum serves.
	at := func(v float64) float64 { return q.end / (1 + math.Exp(-v)) }
	c := at(minimum(-30, 30, func(v float64) float64 { return real(exponent(complex(at(v), 0))) }))
	const a, h = math.Pi / 4, 0.12
	d := math.Min(1.2*c, 3*(q.end-c))
	top := exponent(complex(c, 0))
	sum := d * math.Cos(a) / (2 * math.Pi)
	for k, small := 1, 0; k < 2000 && small < 3; k++ {
		u := h * float64(k)
		s := complex(c+d*math.Sin(a)*(math.Cosh(u)-1), d*math.Cos(a)*math.Sinh(u))
		step := complex(d*math.Sin(a)*math.Sinh(u), d*math.Cos(a)*math.Cosh(u))
		term := cmplx.Exp(exponent(s)-top) * step / complex(0, math.Pi)
		sum += real(term)
		if small++; cmplx.Abs(term) > 1e-17*math.Abs(sum) {
			small = 0
		}
	}
	p := h * sum * math.Exp(real(top))
	if p-p != 0 { // unreachable for finite arguments; a p-value must never leave [0, 1]
		return 1
	}
	return math.Min(math.Max(p, 0), 1)
}

// sd is the standard deviation, the root of the second derivative of K at 0, by differences; the law has a K at 0.
func (q quadratic) sd() float64 {
	if !(q.end > 0) {
		return 0
	}
	h := 1e-3 * q.end
	return math.Sqrt(math.Max(0, real(q.log(complex(h, 0))+q.log(complex(-h, 0))))) / h
}

// minimum finds where a function with one minimum has it, to about 1e-3 of the interval.
func minimum(lo, hi float64, f func(float64) float64) float64 {
	const golden = 0.6180339887498949
	a, b := hi-golden*(hi-lo), lo+golden*(hi-lo)
	fa, fb := f(a), f(b)
	for range 16 {
		if fa < fb {
			hi, b, fb = b, a, fa
			a = hi - golden*(hi-lo)
			fa = f(a)
		} else {
			lo, a, fa = a, b, fb
			b = lo + golden*(hi-lo)
			fb = f(b)
		}
	}
	return (lo + hi) / 2
}
