package detectors

import "math"

// KolmogorovTail returns P(sqrt(n) D_n > z) in the limit of large n: 2 sum_{k>=1} (-1)^(k-1) exp(-2 k^2 z^2), in [0, 1]. Near 0 the
// theta function's other series is used, which converges there (scipy.special.kolmogorov agrees to 1e-14).
func KolmogorovTail(z float64) float64 {
	switch {
	case !(z > 0.03): // below, 1 - 1e-500 is 1
		return 1
	case z < 1.18:
		w := math.Exp(-math.Pi * math.Pi / (8 * z * z))
		cdf := math.Sqrt(2*math.Pi) / z * w * (1 + math.Pow(w, 8) + math.Pow(w, 24) + math.Pow(w, 48))
		return math.Max(0, 1-cdf)
	}
	v := math.Exp(-2 * z * z)
	return math.Max(0, 2*(v-math.Pow(v, 4)+math.Pow(v, 9)-math.Pow(v, 16)))
}

// smirnovTail returns P(D+_n >= d) = d sum_{0 <= j <= n(1-d)} C(n,j) (d + j/n)^(j-1) (1 - d - j/n)^(n-j), each term a binomial
// probability by Loader's expansion.
func smirnovTail(d, n float64) float64 {
	if d >= 1 {
		return 0
	}
	sum, whole := math.Pow(1-d, n), stirlingError(n)
	for j := 1.0; j <= n*(1-d); j++ {
		p, rest := d+j/n, n-j
		if p >= 1 || rest < 1 {
			break
		}
		log := whole - stirlingError(j) - stirlingError(rest) - deviance(j, n*p) - deviance(rest, n-n*p)
		sum += d / p * math.Exp(log) * math.Sqrt(n/(2*math.Pi*j*rest))
	}
	return sum
}

// exactSteps is the largest n·m for which the two-sample law is counted exactly: some tens of milliseconds at worst.
const exactSteps = 1e7

// KSTail returns P(D >= d) of the two-sample Kolmogorov-Smirnov statistic for sizes n and m without ties: exactly if n·m is at
// most 1e7, else the one-sample law at round(n m/(n+m)) rows, as scipy.stats.ks_2samp has it beyond its own limit. With ties it is an upper bound.
// Special cases: 1 for d <= 0 or a size below 1; 0 for d > 1.
func KSTail(d float64, n, m int64) float64 {
	switch {
	case !(d > 0) || n < 1 || m < 1:
		return 1
	case d > 1:
		return 0
	case float64(n)*float64(m) <= exactSteps:
		return KSExactTail(d, n, m)
	}
	return KSAsymptoticTail(d, n, m)
}

// mostSteps is the largest n·m for which the law is counted exactly on demand: a second at worst.
const mostSteps = 1e8

// KSExactTail is [KSTail] counted exactly up to an n·m of 1e8, that of 10,000 rows on both sides: a few nanoseconds for each of at most n·m steps.
func KSExactTail(d float64, n, m int64) float64 {
	switch {
	case !(d > 0) || n < 1 || m < 1:
		return 1
	case d > 1:
		return 0
	case float64(n)*float64(m) > mostSteps:
		return KSAsymptoticTail(d, n, m)
	}
	return latticeTail(n, m, int64(math.Round(d*float64(n/gcd(n, m))*float64(m))))
}

// latticeTail is the share of the orders of n and m values whose D is at least h/lcm(n, m). An order is a lattice path from (0,0)
// to (n,m), and D the largest |i m' - j n'|/lcm on it, m' = m/gcd. With v(i,j) the share of the paths to (i,j) that touched the
// bound, v(i,j) = v(i-1,j) i/(i+j) + v(i,j-1) j/(i+j), and v = 1 outside it: only the band inside is walked, nothing overflows,
// and since all terms are positive small tails keep their digits.
func latticeTail(n, m, h int64) float64 {
	if h <= 0 {
		return 1
	}
	if n < m {
		n, m = m, n
	}
	g := gcd(n, m)
	a, b := m/g, n/g // |i a - j b| < h is inside
	row := make([]float64, m+1)
	for j := range row {
		row[j] = 1
	}
	for i := int64(0); i <= n; i++ {
		lo, hi := max(0, (i*a-h)/b), min(m, (i*a+h)/b)
		for lo <= hi && i*a-lo*b >= h {
			row[lo] = 1
			lo++
		}
		for hi >= lo && hi*b-i*a >= h {
			row[hi] = 1
			hi--
		}
		left := 1.0 // v(i, j-1)
		for j := lo; j <= hi; j++ {
			switch {
			case i == 0 && j == 0:
				left = 0
			case j == 0:
				left = row[0]
			case i > 0:
				w := float64(i) / float64(i+j)
				left = row[j]*w + left*(1-w)
			}
			row[j] = left
		}
	}
	return math.Min(row[m], 1)
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
