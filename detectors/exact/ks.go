package exact

import (
	"math"

	"plumbline/detectors"
)

// KolmogorovSmirnov is D = max_x |F(x) - G(x)| over the raw values, after all ties at each of them; in [0, 1]. P is two-sided, by the rule of
// scipy.stats.ks_2samp: exact where neither side has more than 10,000 values, else the one-sample law at nm/(n+m) values; with ties it
// is an upper bound. Effect is D, SD the shift between normal distributions that far apart.
func KolmogorovSmirnov(ref, cur []float64) detectors.Result {
	p, reason := sorted(ref, cur, 1)
	res := result(ref, cur, reason)
	if reason != "" {
		return res
	}
	n, m := p.sizes()
	var r, c int64
	d := 0.0
	p.each(func(_ float64, dr, dc int64) {
		r, c = r+dr, c+dc
		d = math.Max(d, math.Abs(float64(r)/float64(m)-float64(c)/float64(n)))
	})
	tail := detectors.KSTail
	if max(n, m) <= 10000 {
		tail = detectors.KSExactTail
	}
	res.Value, res.Effect, res.P, res.SD = number(d), number(d), number(tail(d, n, m)), number(detectors.ShiftOfKS(d))
	return res
}
