package detectors

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// normalShift returns ∫ f(F, G, H) dH for normal distributions delta standard deviations apart, H the mixture with share w of the shifted
// one, by the trapezoidal rule, which converges exponentially on a smooth integrand that vanishes at both ends.
func normalShift(delta, w float64, f func(d, h float64) float64) float64 {
	const step = 0.5
	density := func(x float64) float64 { return math.Exp(-x*x/2) / math.Sqrt(2*math.Pi) }
	below := func(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }
	sum := 0.0
	for x := -8.0; x <= 8+delta; x += step {
		F, G := below(x), below(x-delta)
		h := (1-w)*F + w*G
		rest := (1-w)*below(-x) + w*below(delta-x)
		if v := h * rest; v > 0 {
			sum += f(F-G, v) * ((1-w)*density(x) + w*density(x-delta))
		}
	}
	return sum * step
}

// ShiftOfAD returns the shift, in standard deviations and in [0, 10], between two normal distributions whose Anderson-Darling integral
// ∫ (F-G)^2/(H(1-H)) dH is effect, H having the share w of the shifted one.
func ShiftOfAD(effect, w float64) float64 {
	return invert(effect, func(delta float64) float64 { return adOfShift(delta, w) })
}

// ShiftOfCvM returns the like for the Cramér-von Mises integral ∫ (F-G)^2 dH.
func ShiftOfCvM(effect, w float64) float64 {
	return invert(effect, func(delta float64) float64 { return cvmOfShift(delta, w) })
}

func adOfShift(delta, w float64) float64 {
	return normalShift(delta, w, func(d, v float64) float64 { return d * d / v })
}

func cvmOfShift(delta, w float64) float64 {
	return normalShift(delta, w, func(d, v float64) float64 { return d * d })
}

// ShiftOfHellinger returns the shift, in standard deviations and in [0, 10], of a normal feature cut at its deciles whose Hellinger
// distance is d.
func ShiftOfHellinger(d float64) float64 {
	return invert(d, func(delta float64) float64 {
		overlap := 0.0
		for _, q := range shifted(delta) {
			overlap += math.Sqrt(math.Max(0, 0.1*q))
		}
		return math.Sqrt(math.Max(0, 1-overlap))
	})
}

// ShiftOfTV returns the like for the total variation.
func ShiftOfTV(d float64) float64 {
	return invert(d, func(delta float64) float64 {
		sum := 0.0
		for _, q := range shifted(delta) {
			sum += math.Abs(q - 0.1)
		}
		return sum / 2
	})
}

// ShiftOfLInf returns the like for the largest difference of a share.
func ShiftOfLInf(d float64) float64 {
	return invert(d, func(delta float64) float64 {
		top := 0.0
		for _, q := range shifted(delta) {
			top = math.Max(top, math.Abs(q-0.1))
		}
		return top
	})
}

// ShiftOfAUC returns the shift, in standard deviations and in [-10, 10], between two normal distributions where a value of the shifted one is
// the larger with probability auc: sqrt2 Phi^-1(auc).
func ShiftOfAUC(auc float64) float64 {
	switch {
	case !(auc > 0):
		return -maxShift
	case auc >= 1:
		return maxShift
	}
	return math.Min(math.Max(math.Sqrt2*distuv.UnitNormal.Quantile(auc), -maxShift), maxShift)
}

// ShiftOfScale returns the shift, in standard deviations and in [0, 10], that is as far in Hellinger distance as a change of a normal
// feature's standard deviation by the factor ratio: exp(-shift^2/8) = sqrt(2 ratio/(1+ratio^2)). 0 for a ratio that is not positive.
func ShiftOfScale(ratio float64) float64 {
	overlap := 2 / (ratio + 1/ratio)
	switch {
	case !(ratio > 0) || !(overlap < 1):
		return 0
	case overlap == 0:
		return maxShift
	}
	return math.Min(math.Sqrt(-4*math.Log(overlap)), maxShift)
}
