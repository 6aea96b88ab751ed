package detectors

// upperQuantile is the x with tail(x) = p of a tail that falls from 1 at 0, to a relative precision; 0 is as far as doubles go. It is sought
// from a first guess above 0 on in steps that double, and is at most about 1e300.
func upperQuantile(p, guess, precision float64, tail func(x float64) float64) float64 {
	lo, hi := 0.0, guess
	for hi < 1e300 && tail(hi) > p {
		lo, hi = hi, 2*hi
	}
	for hi-lo > precision*hi {
		mid := (lo + hi) / 2
		switch {
		case mid <= lo || mid >= hi:
			return hi
		case tail(mid) > p:
			lo = mid
		default:
			hi = mid
		}
	}
	return hi
}
