package detectors

import "math"

// smirnovRows is the largest sample whose far tail is summed exactly: a millisecond.
const smirnovRows = 10000

// KSOneSampleTail returns P(D_n >= d) of the one-sample Kolmogorov statistic without ties (scipy.stats.kstwo.sf). Where n d^2 >= 2.2 it
// is twice Smirnov's one-sided law, exact to many digits since both sides then hardly ever happen together (Simard and L'Ecuyer 2011);
// for n > 10,000 and n d^2 >= 9 it is the limiting law at the corrected argument z + 1/(6 sqrt n) + (z-1)/(4n), z = d sqrt n (Vrbik 2018).
// Else it is the exact law for n <= 140 and where d is small for n, and otherwise the expansion of Pelz and Good, whose error is of order
// n^-2.
// Special cases: 1 for d <= 0 or n < 1; 0 for d >= 1.
func KSOneSampleTail(d, n float64) float64 {
	switch {
	case !(d > 0) || !(n >= 1):
		return 1
	case d >= 1:
		return 0
	}
	root := math.Sqrt(n)
	z := d * root
	switch {
	case z*z >= 2.2 && n <= smirnovRows:
		return math.Min(1, 2*smirnovTail(d, n))
	case z*z >= 9: // below, 1 less the expansion has digits enough
		return KolmogorovTail(z + 1/(6*root) + (z-1)/(4*n))
	case n <= 140 || n <= smirnovRows && n*d*math.Sqrt(d) <= 1.4:
		return clamp01(1 - durbin(d, int(n)))
	}
	return clamp01(1 - pelzGood(z, n))
}

// KSAsymptoticTail returns P(D >= d) of the two-sample statistic for sizes n and m as the one-sample law at round(n m/(n+m)) rows:
// scipy.stats.ks_2samp(method="asymp"), and its default from 10,001 rows on a side on.
func KSAsymptoticTail(d float64, n, m int64) float64 {
	if n < 1 || m < 1 {
		return 1
	}
	return KSOneSampleTail(d, math.Round(float64(n)*float64(m)/(float64(n)+float64(m))))
}

func clamp01(p float64) float64 { return math.Max(0, math.Min(1, p)) }

// pelzGood is P(sqrt(n) D_n < z) by the first four terms of its expansion in 1/sqrt(n), each a theta series in exp(-pi^2/(2 z^2))
// (Pelz and Good 1976). Below z = 0.2 it is less than 1e-11.
func pelzGood(z, n float64) float64 {
	if z < 0.2 {
		return 0
	}
	z2 := z * z
	z4, z6 := z2*z2, z2*z2*z2
	q := math.Pi * math.Pi / (2 * z2)
	var k0, k1, k2, k3 float64
	for j := range 20 {
		// The odd terms, at halves of odd integers.
		h := float64(j) + 0.5
		u := math.Pi * math.Pi * h * h
		e := math.Exp(-h * h * q)
		k0 += e
		k1 += (u - z2) * e
		k2 += (6*z6 + 2*z4 + (2*z4-5*z2)*u + (1-2*z2)*u*u) * e / (36 * z6 * z)
		k3 += (-30*z6 - 90*z6*z2 + (135*z4-96*z6)*u + (212*z4-60*z2)*u*u + (5-30*z2)*u*u*u) * e / (3240 * z6 * z4)
		// The even ones, at the integers from 1.
		i := float64(j) + 1
		v := math.Pi * math.Pi * i * i
		f := math.Exp(-i * i * q)
		k2 -= v * f / (18 * z2 * z)
		k3 += (3*v*z2 - v*v) * f / (108 * z6)
	}
	return 2*math.Sqrt(math.Pi/2)*k0/z + math.Sqrt(math.Pi/2)*(k1/(3*z4*math.Sqrt(n))+k2/n+k3/(n*math.Sqrt(n)))
}

// durbin is P(D_n < d) exactly: n!/n^n times the middle entry of the n-th power of Durbin's matrix of order 2k-1, k the first integer
// above n d (Marsaglia, Tsang and Wang 2003).
func durbin(d float64, n int) float64 {
	k := int(float64(n)*d) + 1
	m := 2*k - 1
	h := float64(k) - float64(n)*d
	a := make([]float64, m*m)
	for i := range m {
		for j := range m {
			if i-j+1 >= 0 {
				a[i*m+j] = 1
			}
		}
	}
	power := 1.0
	for i := range m { // the first column and the last row lack what lies beyond the bound
		power *= h
		a[i*m] -= power
		a[(m-1)*m+m-1-i] -= power
	}
	if 2*h > 1 {
		a[(m-1)*m] += math.Pow(2*h-1, float64(m))
	}
	for i := range m {
		for j := range m {
			for g := 2; g <= i-j+1; g++ {
				a[i*m+j] /= float64(g)
			}
		}
	}
	// exponent counts the powers of 1e140 taken out of the product, which else overflows.
	result, exponent := matrixPower(a, m, n)
	p := result[(k-1)*m+k-1]
	for i := 1; i <= n; i++ {
		p *= float64(i) / float64(n)
		if p < 1e-140 {
			p *= 1e140
			exponent--
		}
	}
	return p * math.Pow(1e140, float64(exponent))
}

// matrixPower returns a^n of the square matrix of order m, divided by 1e140 to the exponent.
func matrixPower(a []float64, m, n int) (out []float64, exponent int) {
	if n == 1 {
		return a, 0
	}
	half, e := matrixPower(a, m, n/2)
	out, exponent = matrixProduct(half, half, m), 2*e
	if n%2 == 1 {
		out = matrixProduct(a, out, m)
	}
	if out[(m/2)*m+m/2] > 1e140 {
		for i := range out {
			out[i] *= 1e-140
		}
		exponent++
	}
	return out, exponent
}

func matrixProduct(a, b []float64, m int) []float64 {
	out := make([]float64, m*m)
	for i := range m {
		for k := range m {
			f := a[i*m+k]
			for j := range m {
				out[i*m+j] += f * b[k*m+j]
			}
		}
	}
	return out
}
