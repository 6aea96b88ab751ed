package exact

import (
	"math"

	"plumbline/detectors"
)

// Wasserstein is the first Wasserstein distance ∫ |F-G| dx in units of the values, in [0, inf) (scipy.stats.wasserstein_distance agrees). Effect
// is what exceeds its mean without drift, sqrt(2 c0/pi) ∫ sqrt(H(1-H)) dx with H the pooled distribution and c0 = 1/n + 1/m; SD is Effect
// by the standard deviation of the baseline, absent if that is 0. P is absent: its law depends on the distribution. An infinity
// among the values, or a distance beyond a double, gives a Reason.
func Wasserstein(ref, cur []float64) detectors.Result {
	p, res := finite(ref, cur)
	if res.Reason != "" {
		return res
	}
	n, m := float64(res.N), float64(res.M)
	distance, noise := 0.0, 0.0
	p.intervals(func(width, f, g float64) {
		h := (f*m + g*n) / (n + m)
		distance += width * math.Abs(f-g)
		noise += width * math.Sqrt(math.Max(0, h*(1-h)))
	})
	noise *= math.Sqrt(2 / math.Pi * (1/n + 1/m))
	if distance-distance != 0 {
		return result(ref, cur, "the distance is beyond a double")
	}
	effect := math.Max(0, distance-noise)
	res.Value, res.Effect = number(distance), number(effect)
	if sd := deviation(p.ref); sd > 0 {
		res.SD = number(math.Min(effect/sd, 10))
	}
	return res
}

// Energy is the energy distance sqrt(2 ∫ (F-G)^2 dx) of Székely and Rizzo, in square roots of units (scipy.stats.energy_distance agrees).
// Effect is what exceeds its root mean square without drift, sqrt(2 c0 ∫ H(1-H) dx); SD the shift of a normal feature with the baseline's
// standard deviation that has it. Else as [Wasserstein].
func Energy(ref, cur []float64) detectors.Result {
	p, res := finite(ref, cur)
	if res.Reason != "" {
		return res
	}
	n, m := float64(res.N), float64(res.M)
	square, noise := 0.0, 0.0
	p.intervals(func(width, f, g float64) {
		h := (f*m + g*n) / (n + m)
		square += 2 * width * (f - g) * (f - g)
		noise += 2 * width * h * (1 - h)
	})
	if square-square != 0 {
		return result(ref, cur, "the distance is beyond a double")
	}
	free := math.Max(0, square-noise*(1/n+1/m))
	res.Value, res.Effect = number(math.Sqrt(square)), number(math.Sqrt(free))
	if sd := deviation(p.ref); sd > 0 {
		res.SD = number(shiftOfEnergy(free / sd))
	}
	return res
}

// shiftOfEnergy solves 2 E|X-Y| - E|X-X'| - E|Y-Y'| = square for X standard normal and Y shifted; in [0, 10].
func shiftOfEnergy(square float64) float64 {
	lo, hi := 0.0, 10.0
	for range 40 {
		d := (lo + hi) / 2
		apart := 2/math.Sqrt(math.Pi)*math.Exp(-d*d/4) + d*math.Erf(d/2)
		if 2*apart-4/math.Sqrt(math.Pi) < square {
			lo = d
		} else {
			hi = d
		}
	}
	if !(square > 0) {
		return 0
	}
	return hi
}

func finite(ref, cur []float64) (pair, detectors.Result) {
	p, reason := sorted(ref, cur, 1)
	if reason == "" && (math.IsInf(p.ref[0]-p.ref[len(p.ref)-1], 0) || math.IsInf(p.cur[0]-p.cur[len(p.cur)-1], 0) ||
		math.IsInf(p.ref[0], 0) || math.IsInf(p.cur[0], 0)) {
		reason = "a value or the range is infinite"
	}
	return p, result(ref, cur, reason)
}

// intervals calls f for each stretch between neighbouring distinct values with the shares of the baseline and the window up to it.
func (p pair) intervals(f func(width, ref, cur float64)) {
	n, m := float64(len(p.cur)), float64(len(p.ref))
	var r, c int64
	last := math.NaN()
	p.each(func(v float64, dr, dc int64) {
		if last == last {
			f(v-last, float64(r)/m, float64(c)/n)
		}
		last, r, c = v, r+dr, c+dc
	})
}

// deviation is the standard deviation with divisor n-1, by two passes; 0 for a single value or beyond a double.
func deviation(v []float64) float64 {
	n := float64(len(v))
	mean := 0.0
	for i, x := range v {
		mean += (x - mean) / float64(i+1)
	}
	sum := 0.0
	for _, x := range v {
		sum += (x - mean) * (x - mean)
	}
	sd := math.Sqrt(sum / (n - 1))
	if sd-sd != 0 {
		return 0
	}
	return sd
}
