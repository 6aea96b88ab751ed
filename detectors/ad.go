package detectors

import (
	"math"
	"slices"
)

// AndersonDarling is the two-sample Anderson-Darling statistic on ordered cells, such as the 256 quantile cells of a baseline, in the
// standardised midrank form of Scholz and Stephens (1987) with every cell a tie:
//
//	A2 = (N-1)/N nm/N sum_j l_j (F_j - G_j)^2 / (H_j (1-H_j) - l_j/4),   Value = (A2 - 1)/sigma_N
//
// N = n+m; l_j the pooled share of cell j; F_j, G_j, H_j the shares of baseline, window and both below its middle; sigma_N the standard
// deviation of A2 without ties. Range about (-1.3, inf), 0 on average without drift. It equals scipy.stats.anderson_ksamp of the
// cells' numbers, and of raw values that are no finer than the cells. The weight makes it see the tails; it knows the order of cells.
//
// P is [AndersonDarlingTail] given the pooled cells, so atoms and coarse cells don't make it conservative, as they make [KS]. Effect
// is the integral freed of noise, max(0, (A2-1) c0), an estimate of the true ∫ (F-G)^2/(H(1-H)) dH; SD the shift of a normal feature
// that has it. Reasons as for [ChiSquare], but cells aren't merged.
func AndersonDarling(ref, cur []int64) Result { return onTable(ref, cur, adResult) }

func adResult(t table) Result {
	res, _ := andersonDarling(t)
	return res
}

// adScore is the score of A2, beside A2 itself and its standardised value.
func adScore(t table) (a2, value float64, score Score) {
	a2, sigma := AndersonDarlingStatistic(t.r, t.c)
	value = (a2 - 1) / sigma
	return a2, value, bridgeScore(1+value*sdAD, 1, 1/t.sampling(), adLaw(t.pooled()), func(delta float64) float64 { return adOfShift(delta, t.share()) / t.sampling() })
}

func andersonDarling(t table) (Result, Score) {
	a2, value, score := adScore(t)
	effect := math.Max(0, a2*t.sampling()-t.noise())
	return Result{Value: number(value), Effect: number(effect), P: probability(score.tail(score.X)), SD: number(ShiftOfAD(effect, t.share())),
		N: t.n, M: t.m}, score
}

// bridgeScore is the integral of the square of a Brownian bridge, with the mean of its law; en is nm/(n+m).
func bridgeScore(x, mean, en float64, law quadratic, shift func(delta float64) float64) Score {
	return Score{X: math.Max(0, x), Mean: mean, CV: law.sd() / mean, Rows: en, shown: math.Max(0, x), tail: law.tail, shift: shift}
}

// pooled returns the rows of both sides per cell.
func (t table) pooled() []int64 {
	both := make([]int64, len(t.r))
	for j := range t.r {
		both[j] = t.r[j] + t.c[j]
	}
	return both
}

// share is the window's share of all rows.
func (t table) share() float64 { return float64(t.n) / (float64(t.n) + float64(t.m)) }

// AndersonDarlingStatistic returns A2 and sigma_N of [AndersonDarling] for the counts of two samples, or of more: then the standardised
// statistic is (A2 - (k-1))/sigma_N (Scholz and Stephens 1987, equations 4 and 7). Every sample has rows, there are four or more of them,
// and no cell is empty in all, which is not checked; 0 for fewer than two samples or samples of different lengths.
func AndersonDarlingStatistic(samples ...[]int64) (a2, sigma float64) {
	if len(samples) < 2 || slices.ContainsFunc(samples, func(s []int64) bool { return len(s) != len(samples[0]) }) {
		return 0, 0
	}
	sizes, below := make([]float64, len(samples)), make([]float64, len(samples))
	all := 0.0
	for i, counts := range samples {
		for _, k := range counts {
			sizes[i] += float64(k)
		}
		all += sizes[i]
	}
	upto := 0.0
	for j := range samples[0] {
		l := 0.0
		for _, counts := range samples {
			l += float64(counts[j])
		}
		mid := upto + l/2
		above := all - upto - l
		if v := upto*above + l*(upto+above)/4; v > 0 { // mid (all-mid) - all l/4, without cancellation
			for i, counts := range samples {
				d := below[i] + float64(counts[j])/2 - mid*(sizes[i]/all)
				a2 += l * (d / sizes[i]) * d * all / v
			}
		}
		for i, counts := range samples {
			below[i] += float64(counts[j])
		}
		upto += l
	}
	return a2 * (all - 1) / all, andersonDarlingSD(sizes...)
}

// andersonDarlingSD is the exact standard deviation of A2 for continuous data. The double sum g = sum_{i<j<N} 1/((N-i) j) of Scholz and
// Stephens is h2(N) - 2 h(N)/N + 1/N^2 with h and h2 the harmonic numbers of order 1 and 2.
func andersonDarlingSD(sizes ...float64) float64 {
	k, all, inverse := float64(len(sizes)), 0.0, 0.0
	for _, n := range sizes {
		all, inverse = all+n, inverse+1/n
	}
	if all < 4 {
		return 1
	}
	whole, squares := harmonic(all)
	h, g := whole-1/all, squares-2*whole/all+1/(all*all)
	a := (4*g-6)*(k-1) + (10-6*g)*inverse
	b := (2*g-4)*k*k + 8*h*k + (2*g-14*h-4)*inverse - 8*h + 4*g - 6
	c := (6*h+2*g-2)*k*k + (4*h-4*g+6)*k + (2*h-6)*inverse + 4*h
	d := (2*h+6)*k*k - 4*h*k
	return math.Sqrt((a + b/all + c/(all*all) + d/(all*all*all)) / ((1 - 1/all) * (1 - 2/all) * (1 - 3/all)))
}

// harmonic returns sum 1/i and sum 1/i^2 for i up to n.
func harmonic(n float64) (first, second float64) {
	if n < 200 {
		for i := n; i >= 1; i-- {
			first, second = first+1/i, second+1/(i*i)
		}
		return first, second
	}
	const euler = 0.57721566490153286
	v := 1 / (n * n) // the next terms are below 1e-16
	first = math.Log(n) + euler + 1/(2*n) - v/12 + v*v/120
	second = math.Pi*math.Pi/6 - 1/n + v/2 - v/(6*n) + v*v/(30*n)
	return first, second
}

// sdAD is the standard deviation of the limiting law: sqrt(2 sum 1/(j(j+1))^2).
var sdAD = math.Sqrt(2 * (math.Pi*math.Pi/3 - 3))

// AndersonDarlingTail returns P(T >= t) for the standardised two-sample statistic T = (A2-1)/sigma_N of n and m rows without drift. ties
// are the pooled rows per cell or distinct value, from the smallest on; nil for none.
//
// It is the limiting law, sum_j lambda_j X_j^2 with X_j standard normal and lambda_j = 1/(j(j+1)), or those of the same form on a Brownian
// bridge seen only between the ties (tridiagonal, see bridge.go), at the argument that has T's mean and standard deviation. The law
// itself is computed to 1e-11 of p. As the law of windows of 50 or 200 rows on 256 cells it was found at 0.0498 and 0.0501 of the windows
// for p = 0.05, and at 1.1e-4 and 1.0e-4 for 1e-4 (300,000 windows each). Special cases: 1 for NaN, or a side or ties without rows.
func AndersonDarlingTail(t float64, n, m int64, ties []int64) float64 {
	if !(t > math.Inf(-1)) || n < 1 || m < 1 {
		return 1
	}
	return adLaw(ties).tail(1 + t*sdAD)
}

// adLaw returns the limiting law of A2, whose mean is 1 with any ties.
func adLaw(ties []int64) quadratic {
	if ties == nil {
		return continuousAD
	}
	return tiedLaw(pooledShares(ties), func(mid, variance float64) float64 { return 1 / variance })
}
