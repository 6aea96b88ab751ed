package sequential

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"
)

// siegmund is -zeta(1/2)/sqrt(2 pi): how far, in standard deviations of a step, a random walk overshoots a limit on average (Siegmund,
// Sequential Analysis, 1985, ch. X).
const siegmund = 0.5826

// ManyRowsLimit returns the final limit of a [QTEWMA] of so many cells with mean run length arl0 when every cell holds many of the rows
// remembered. It is [Calibrate]'s in the limit, in microseconds instead of minutes.
//
// Z is then a vector of d = cells-1 independent normal autoregressions, and S the square of their radius r, whose mean time from 0 to b is
// that of an Ornstein-Uhlenbeck process,
//
//	E T(b) = 1/theta integral_0^b r^(1-d) e^(r^2/2) integral_0^r s^(d-1) e^(-s^2/2) ds dr,   theta = -ln(1-lambda),
//
// with b = sqrt h + 0.583 sqrt(lambda (2-lambda)) since the chart is looked at once a step.
func ManyRowsLimit(cells int, lambda, arl0 float64) (h float64, err error) {
	switch {
	case cells < 2 || cells > 1000:
		return 0, fmt.Errorf("qt-ewma: %d cells, not 2 to 1000", cells)
	case !(lambda > 0 && lambda < 1):
		return 0, fmt.Errorf("qt-ewma: lambda is %g, not between 0 and 1", lambda)
	case !(arl0 >= MinARL0 && arl0 <= MaxARL0):
		return 0, fmt.Errorf("qt-ewma: mean run length %g is not between %d and %g", arl0, MinARL0, float64(MaxARL0))
	}
	d, theta := float64(cells-1), -math.Log1p(-lambda)
	constant, _ := math.Lgamma(d / 2)
	constant += (d/2 - 1) * math.Ln2
	rate := func(r float64) float64 { // dT/dr, in steps
		if r < 1e-3 {
			return r / d / theta
		}
		return math.Exp(constant+math.Log(mathext.GammaIncReg(d/2, r*r/2))+(1-d)*math.Log(r)+r*r/2) / theta
	}
	// T grows like e^(r^2/2): Simpson's rule in steps of 0.01 is good to eight digits.
	const step = 0.01
	sum := 0.0
	for r := 0.0; ; r += step {
		part := step / 6 * (rate(r) + 4*rate(r+step/2) + rate(r+step))
		if sum+part >= arl0 || r > 1000 {
			b := r + step*(arl0-sum)/part
			root := math.Max(0, b-siegmund*math.Sqrt(lambda*(2-lambda)))
			return root * root, nil
		}
		sum += part
	}
}

// SkewedLimit is [ManyRowsLimit] for cells that may hold few of the rows remembered, for panes of rows rows: rare categories have a long upper
// tail. h is raised until P(S > h) by the law of the cells' counts is what the limit law has at its own h:
//
//	P(S > h) = Q(h; d) + sum_j max(0, P(z_j^2 + chi2_(d-1) > h) - Q(h; d)),
//
// z_j being the standardised count of cell j, a gamma variable with the skewness of its weighted sum, (1-2p)/sqrt(p(1-p) Rows)
// (1-(1-l)^2)^1.5/(1-(1-l)^3), and Q the chi-square tail. The chart's own Limits and Design are not used; a Rows below 1 is allowed.
func SkewedLimit(c *QTEWMA, arl0 float64) (float64, error) {
	h, err := ManyRowsLimit(len(c.Shares), c.Lambda, arl0)
	if err != nil {
		return 0, err
	}
	keep := 1 - c.Lambda
	weights := math.Pow(1-keep*keep, 1.5) / (1 - keep*keep*keep) / math.Sqrt(c.Rows)
	d := float64(len(c.Shares) - 1)
	skews := map[float64]float64{} // cells of a skewness
	for _, p := range c.Shares {
		g := (1 - 2*p) / math.Sqrt(p*(1-p)) * weights
		if !finite(g) {
			return 0, fmt.Errorf("qt-ewma: a cell has the share %g, and a pane %g rows", p, c.Rows)
		}
		if g = math.Round(math.Abs(g)*100) / 100; g > 0 { // of two cells they are equal and opposite; of more, shares above a half are rarely skewed
			skews[g]++
		}
	}
	want := chiSquareTail(h, d)
	tail := func(h float64) float64 {
		base := chiSquareTail(h, d)
		sum := base
		for g, cells := range skews {
			sum += cells * math.Max(0, skewedTail(h, d-1, g)-base)
		}
		return sum
	}
	lo, hi := h, 1.25*h
	for tail(hi) > want && hi < 1e6 {
		lo, hi = hi, 1.25*hi
	}
	for hi-lo > 1e-3*hi {
		if mid := (lo + hi) / 2; tail(mid) > want {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi, nil
}

func chiSquareTail(x, d float64) float64 {
	switch {
	case x <= 0:
		return 1
	case d <= 0:
		return 0
	}
	return mathext.GammaIncRegComp(d/2, x/2)
}

// skewedTail is P(z^2 + chi2_d > h) of a standardised gamma variable z with a positive skewness.
func skewedTail(h, d, skew float64) float64 {
	k := 4 / (skew * skew)
	root := math.Sqrt(h)
	at := func(z float64) float64 { return k + z*math.Sqrt(k) }
	p := mathext.GammaIncRegComp(k, at(root))
	if low := at(-root); low > 0 {
		p += mathext.GammaIncReg(k, low)
	}
	if d <= 0 {
		return p
	}
	constant, _ := math.Lgamma(k)
	low := math.Max(-root, -math.Sqrt(k))
	const steps = 128
	width := (root - low) / steps
	for i := range steps {
		z := low + (float64(i)+0.5)*width
		x := at(z)
		p += width * math.Sqrt(k) * math.Exp((k-1)*math.Log(x)-x-constant) * chiSquareTail(h-z*z, d)
	}
	return math.Min(p, 1)
}
