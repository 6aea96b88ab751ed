package detectors

import "math"

// Axis gives ordered cells their place: Edges[j] is the upper end of cell j, and the smallest and largest value of either side close
// the outer cells.
type Axis struct {
	Edges     []float64 // ascending, one less than there are cells
	Low, High float64
}

// width returns the width of cell j, 0 for an outer cell that is empty.
func (a Axis) width(j int) float64 {
	low, high := a.Low, a.High
	if j > 0 {
		low = math.Max(a.Low, a.Edges[j-1])
	}
	if j < len(a.Edges) {
		high = math.Min(a.High, a.Edges[j])
	}
	return math.Max(0, high-low)
}

// Wasserstein is the first Wasserstein (earth mover's) distance ∫ |F-G| dx in units of the feature, in [0, inf): how far rows would have to
// move on average. Within a cell rows are taken as spread evenly, so the distance of the raw values is only bounded; Lower and
// Upper say how, for certain and of this sample, not of what it was drawn from:
//
//	|Value - W1| <= 1/2 sum_j (p_j + q_j) width_j,   |mean_cur - mean_ref| <= W1
//
// of which the second may raise Value itself. On 256 cells the bounds are some 0.01 standard deviations apart, more if a few
// rows lie far out. scipy.stats.wasserstein_distance computes the raw one.
//
// Effect is what exceeds the mean without drift, sqrt(2 c0/pi) ∫ sqrt(H(1-H)) dx, H the pooled distribution; SD is Effect by the
// baseline's standard deviation: a shift by d of any distribution has W1 = d. P is absent: its law depends on the distribution.
// Moments without rows are unknown. Reasons as for [ChiSquare], but cells aren't merged; and an axis that
// does not fit the cells or is not finite.
func Wasserstein(ref, cur []int64, axis Axis, before, after Moments) Result {
	t, reason := newTable(ref, cur)
	if reason != "" {
		return none(t.n, t.m, "%s", reason)
	}
	if len(axis.Edges) != len(ref)-1 || math.IsInf(axis.High-axis.Low, 0) || !(axis.High >= axis.Low) {
		return none(t.n, t.m, "the cells have no finite place on an axis")
	}
	m, n := float64(t.m), float64(t.n)
	distance, slack, noise := 0.0, 0.0, 0.0
	f, g, above := 0.0, 0.0, 1.0 // shares of the baseline and the window below, of both above
	for j := range ref {
		p, q, w := float64(ref[j])/m, float64(cur[j])/n, axis.width(j)
		both := (float64(ref[j]) + float64(cur[j])) / (n + m)
		if w > 0 {
			d0, d1 := f-g, f+p-g-q
			distance += w * meanAbs(d0, d1)
			slack += w * (p + q) / 2
			rest := math.Max(0, above-both/2)
			noise += w * math.Sqrt(rest*math.Max(0, 1-rest))
		}
		f, g, above = f+p, g+q, above-both
	}
	noise *= math.Sqrt(2 * t.noise() / math.Pi)
	least := math.Max(0, distance-slack)
	if before.N > 0 && after.N > 0 && before.Mean-after.Mean == before.Mean-after.Mean {
		least = math.Max(least, math.Abs(after.Mean-before.Mean))
	}
	upper := distance + slack
	distance = math.Min(math.Max(distance, least), math.Max(upper, least))
	effect := math.Max(0, distance-noise)
	res := Result{Value: number(distance), Effect: number(effect), Lower: number(least), Upper: number(math.Max(upper, least)), N: t.n, M: t.m}
	if res.Value == nil {
		return none(t.n, t.m, "the distance is beyond a double")
	}
	if before.N > 0 && before.SD > 0 {
		res.SD = number(math.Min(effect/before.SD, maxShift))
	}
	return res
}

// meanAbs is the mean of |d| for a d that goes straight from d0 to d1.
func meanAbs(d0, d1 float64) float64 {
	a, b := math.Abs(d0), math.Abs(d1)
	if d0*d1 >= 0 {
		return (a + b) / 2
	}
	return (a*a + b*b) / (2 * (a + b))
}

// perSD expresses a result in units of the feature in standard deviations of the baseline.
func perSD(res Result, sd float64) Result {
	if res.Value == nil {
		return res
	}
	if reason := noUnit(sd); reason != "" {
		return none(res.N, res.M, "%s", reason)
	}
	for _, v := range []**float64{&res.Value, &res.Effect, &res.Lower, &res.Upper} {
		if *v != nil {
			*v = number(**v / sd)
		}
	}
	if res.Value == nil {
		return none(res.N, res.M, "the distance is beyond a double")
	}
	return res
}
