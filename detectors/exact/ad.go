package exact

import (
	"math"

	"plumbline/detectors"
)

// AndersonDarling is the two-sample Anderson-Darling statistic of Scholz and Stephens (1987) with midranks, standardised
// (scipy.stats.anderson_ksamp(variant="midrank") agrees); see [detectors.AndersonDarling] for range, Effect and SD. P is
// [detectors.AndersonDarlingTail] given the ties, which has a tail; SciPy's is [ScholzStephens], which ends at 0.001 and 0.25. Values that are
// all equal give a Reason.
func AndersonDarling(ref, cur []float64) detectors.Result {
	p, reason := sorted(ref, cur, 2)
	res := result(ref, cur, reason)
	if reason != "" {
		return res
	}
	r, c, both := p.counts()
	if len(both) < 2 {
		return result(ref, cur, "all values are equal")
	}
	n, m := p.sizes()
	a2, sigma := detectors.AndersonDarlingStatistic(r, c)
	value, noise := (a2-1)/sigma, 1/float64(n)+1/float64(m)
	effect := math.Max(0, (a2-1)*noise)
	res.Value, res.Effect, res.P = number(value), number(effect), number(detectors.AndersonDarlingTail(value, n, m, both))
	res.SD = number(detectors.ShiftOfAD(effect, float64(n)/float64(n+m)))
	return res
}

// ScholzStephens is the p-value that scipy.stats.anderson_ksamp gives two samples: the parabola through the logarithms of seven levels at
// the critical values of Scholz and Stephens (1987, table 1, m = 1), in the least-squares sense, and no farther than the table: 0.25 and
// 0.001 beyond it. NaN gives 0.25.
func ScholzStephens(statistic float64) float64 {
	const first, last = 0.675 - 0.245 - 0.105, 3.085 + 3.615 - 0.154
	switch {
	case !(statistic >= first):
		return 0.25
	case statistic > last:
		return 0.001
	}
	return math.Exp((0.01819809457411147*statistic-1.0082265644652515)*statistic - 1.077770279820484)
}
