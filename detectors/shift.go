package detectors

import (
	"math"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

// maxShift is where the equivalent shift saturates: normal distributions ten standard deviations apart share nothing.
const maxShift = 10

// deciles of the standard normal distribution.
var deciles = func() (z [9]float64) {
	for j := range z {
		z[j] = distuv.UnitNormal.Quantile(float64(j+1) / 10)
	}
	return z
}()

// ShiftOfPSI returns the shift, in standard deviations and in [0, 10], of a normal feature cut at its deciles whose PSI is psi:
// the delta with sum_j (q_j - 0.1) ln(q_j/0.1) = psi, q_j = Phi(z_j - delta) - Phi(z_{j-1} - delta). About sqrt(psi) for small
// shifts; 0.1 is 0.32 and 0.2 is 0.46 standard deviations.
func ShiftOfPSI(psi float64) float64 { return invert(psi, psiOfShift) }

func psiOfShift(delta float64) float64 {
	sum := 0.0
	for _, q := range shifted(delta) {
		q = math.Max(q, math.SmallestNonzeroFloat64)
		sum += (q - 0.1) * math.Log(q/0.1)
	}
	return sum
}

// ShiftOfJS returns the like for a Jensen-Shannon divergence in nats.
func ShiftOfJS(nats float64) float64 {
	return invert(nats, func(delta float64) float64 {
		sum := 0.0
		for _, q := range shifted(delta) {
			sum += 0.1 * math.Log(0.2/(0.1+q))
			if q > 0 {
				sum += q * math.Log(2*q/(0.1+q))
			}
		}
		return sum / 2
	})
}

// ShiftOfKS returns the shift, in standard deviations and in [0, 10], between two normal distributions that are at most d apart:
// 2 Phi^-1((1+d)/2), since D = 2 Phi(delta/2) - 1.
func ShiftOfKS(d float64) float64 {
	switch {
	case !(d > 0):
		return 0
	case d >= 1:
		return maxShift
	}
	return math.Min(2*distuv.UnitNormal.Quantile((1+d)/2), maxShift)
}

// shifted returns the shares of a normal feature moved by delta in the ten cells between the deciles.
func shifted(delta float64) (q [10]float64) {
	// Upper tails, since the mass moves up and differences of numbers near 1 lose it.
	above := 1.0
	for j, z := range deciles {
		next := 0.5 * math.Erfc((z-delta)/math.Sqrt2)
		q[j] = above - next
		if z < delta { // the lower tail is the small one here
			below := 0.0
			if j > 0 {
				below = 0.5 * math.Erfc((delta-deciles[j-1])/math.Sqrt2)
			}
			q[j] = 0.5*math.Erfc((delta-z)/math.Sqrt2) - below
		}
		above = next
	}
	q[9] = above
	return q
}

// invert finds delta in [0, maxShift] with f(delta) = target for an increasing f with f(0) = 0, to 1e-8 of delta: by the Illinois form of
// the regula falsi on the root of f, which is about linear for the squared distances this is asked of.
func invert(target float64, f func(float64) float64) float64 {
	if !(target > 0) {
		return 0
	}
	top := f(maxShift)
	if top <= target {
		return maxShift
	}
	goal := math.Sqrt(target)
	lo, hi, below, above := 0.0, float64(maxShift), -goal, math.Sqrt(math.Min(top, math.MaxFloat64))-goal
	last := 0 // the side that moved last: an end that stays twice is halved
	for range 100 {
		at := hi - above*(hi-lo)/(above-below)
		if !(at > lo && at < hi) {
			at = (lo + hi) / 2
		}
		switch off := math.Sqrt(f(at)) - goal; {
		case math.Abs(off) <= 1e-9*goal || hi-lo <= 1e-9*hi:
			return at
		case off < 0:
			if lo, below = at, off; last < 0 {
				above /= 2
			}
			last = -1
		default:
			if hi, above = at, off; last > 0 {
				below /= 2
			}
			last = 1
		}
	}
	return (lo + hi) / 2
}

// sortedBy returns 0..n-1 ordered by key, equal keys in their first order.
func sortedBy(n int, key func(int) float64) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return key(order[a]) < key(order[b]) })
	return order
}
