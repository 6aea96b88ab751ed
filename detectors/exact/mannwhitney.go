package exact

import (
	"math"

	"plumbline/detectors"
)

// z95 is half the width of a 95 % interval in standard errors.
const z95 = 1.959963984540054

// MannWhitney is the probability that a value of the window is larger than one of the baseline, equality counting half: U/(nm) of the
// window; in [0, 1]. P is two-sided from the normal law with the corrections for ties and continuity
// (scipy.stats.mannwhitneyu(cur, ref, method="asymptotic") agrees). Effect, SD, Lower and Upper as of [detectors.AUC].
func MannWhitney(ref, cur []float64) detectors.Result {
	p, reason := sorted(ref, cur, 1)
	res := result(ref, cur, reason)
	if reason != "" {
		return res
	}
	r, c, both := p.counts()
	n, m := p.sizes()
	auc, se := detectors.AreaUnderCurve(r, c)
	res.Value, res.Effect, res.P = number(auc), number(auc-0.5), number(detectors.MannWhitneyP(auc, n, m, both))
	res.SD = number(detectors.ShiftOfAUC(auc))
	if se > 0 {
		res.Lower, res.Upper = number(math.Max(0, auc-z95*se)), number(math.Min(1, auc+z95*se))
	}
	return res
}
