package detectors

import (
	"math"
	"slices"

	"plumbline/profiles/projection"
)

// Vectors are the vectors of both sides as sums, mapped by one projection.
type Vectors struct {
	Projection *projection.Projection
	Ref, Cur   *projection.Sketch
	// Design is the design effect: how many rows of dependent data carry the information of one independent row. 0 is 1.
	Design float64
}

// check returns the numbers of rows and why the two sides can't be compared.
func (v Vectors) check() (n, m int64, reason string) {
	if v.Cur != nil {
		n = v.Cur.N
	}
	if v.Ref != nil {
		m = v.Ref.N
	}
	switch {
	case v.Projection == nil || m == 0:
		return n, 0, "the baseline holds no vectors"
	case n == 0:
		return 0, m, "no vectors in the window"
	case !v.Ref.Fits(v.Projection) || !v.Cur.Fits(v.Projection):
		return n, m, "the vectors were mapped by another baseline's projection"
	case n < MinRows:
		return n, m, "too few vectors in the window"
	case m < MinRows:
		return n, m, "too few vectors in the baseline"
	case !(v.Design >= 0) || math.IsInf(v.Design, 1):
		return n, m, "the design effect is out of range"
	}
	return n, m, ""
}

// sampling is c0 = 1/n + 1/m.
func (v Vectors) sampling() float64 { return 1/float64(v.Cur.N) + 1/float64(v.Ref.N) }

// noise is c0 as large as the rows' dependence makes it.
func (v Vectors) noise() float64 {
	if v.Design == 0 {
		return v.sampling()
	}
	return v.Design * v.sampling()
}

// traceOf is how far phi spreads on a side: since |phi| is 1, that is 1 - |mean phi|².
func traceOf(mean []float64, n int64) float64 {
	trace := 1.0
	for _, x := range mean {
		trace -= x * x
	}
	return math.Max(trace, 0) * float64(n) / float64(n-1)
}

// spectrum is how phi spreads: the projection's eigenvalues, brought to a sum. By the reference's own it also holds of a slice or a season
// of the baseline.
func (v Vectors) spectrum(trace float64) []float64 {
	sum := 0.0
	for _, l := range v.Projection.Spectrum {
		sum += l
	}
	out := make([]float64, len(v.Projection.Spectrum))
	if sum > 0 {
		for i, l := range v.Projection.Spectrum {
			out[i] = l / sum * trace
		}
	}
	return out
}

// freedom is how many independent squares tell the spread of phi on the smaller side, whose tail is the heavier; Inf if that is not known.
func (v Vectors) freedom() float64 {
	return 2 * float64(min(v.Ref.N, v.Cur.N)-1) / v.Projection.Variation
}

// squaredDistance of the mean features, and how far they spread on either side.
func (v Vectors) squaredDistance() (d, traceRef, traceCur float64) {
	ref, cur := v.Ref.Mean(nil), v.Cur.Mean(nil)
	for i, x := range cur {
		d += (x - ref[i]) * (x - ref[i])
	}
	return d, traceOf(ref, v.Ref.N), traceOf(cur, v.Cur.N)
}

// MMD is the squared maximum mean discrepancy of two samples of vectors (Gretton et al. 2012) with a Gaussian kernel, by random
// Fourier features phi: Value is |mean phi(window) - mean phi(baseline)|², in [0, 4]. It finds any difference of the joint
// distributions that is not much finer than the kernel, at a cost and a memory that don't depend on the number of vectors.
//
// Without drift Value/c0, c0 = 1/n + 1/m, is distributed as sum lambda_i chi2_1, lambda being the eigenvalues of the covariance of phi, in
// the proportions that the projection was fitted to. Their sum, the mean of |phi - mean phi|², is that of both sides together, and known from
// 2n/V degrees of freedom: n are the rows of the smaller side, whose tail is the heavier one, and V the variance of |phi - mean phi|² from
// row to row by the square of its mean. Where few rows are far from all others, these are few. So P is the tail by [QuadraticTail], made wider by
// them as chi-square becomes F; not where V isn't known, as of projections of before. (Two matched moments of the same law, a gamma distribution, have
// too light a tail: see docs/statistics.md.)
//
// Effect is Value - c0 sum lambda, what noise does not explain. Lower is (sqrt(Value) - sqrt(q))², q being the
// 95 % quantile of noise: by the triangle inequality the true Value is at least that with 95 %. SD is the shift that, if all
// coordinates of a normal vector of as many uncorrelated coordinates made it, had this Effect. Reasons: fewer than [MinRows]
// vectors on a side, sketches of another projection, a baseline whose vectors are all the same.
func MMD(v Vectors) Result {
	r, _ := mmd(v)
	return r
}

// mmd is MMD and its score, which knows no design effect: that is what windows are compared for.
func mmd(v Vectors) (Result, *Score) {
	n, m, reason := v.check()
	if reason != "" {
		return none(n, m, "%s", reason), nil
	}
	d, trace, traceCur := v.squaredDistance()
	if !(trace > 1e-9) {
		return none(n, m, "all vectors of the baseline are the same"), nil
	}
	pooled := (float64(m)*trace + float64(n)*traceCur) / float64(n+m)
	weights, squares := v.spectrum(pooled), 0.0
	for _, l := range v.spectrum(trace) {
		squares += l * l
	}
	c0, dim, freedom := v.noise(), v.Projection.Dim, v.freedom()
	effect := d - c0*trace
	sampling := v.sampling()
	tail := func(x float64) float64 { return spreadTail(x, weights, freedom) }
	score := &Score{X: d / sampling, shown: d / sampling, Mean: trace, Rows: 1 / sampling, CV: math.Sqrt(2*squares) / trace, tail: tail,
		shift: func(delta float64) float64 { return mmdOfShift(delta, dim) / sampling }}
	res := Result{Value: number(d), Effect: number(effect), SD: number(shiftOfMMD(effect, dim)), N: n, M: m}
	lower := math.Max(math.Sqrt(d)-math.Sqrt(c0*spreadQuantile(weights, freedom)), 0)
	res.P, res.Lower = probability(tail(d/c0)), number(lower*lower)
	return res, score
}

// sureSpread is how many degrees of freedom make a spread as good as known: p of 1e-6 is off by 1.4 % then.
const sureSpread = 1e4

// spreadTail is [QuadraticTail] of weights whose sum is known from some degrees of freedom: as chi-square becomes F. The mean is taken over
// the third root of chi-square by its degrees of freedom, which is about normal (Wilson and Hilferty 1931): in steps of one standard deviation
// the trapezoidal rule of a normal law is right to 1e-8.
func spreadTail(x float64, weights []float64, freedom float64) float64 {
	if !(freedom < sureSpread) || !(x > 0) {
		return QuadraticTail(x, weights)
	}
	const reach = 7
	sd := math.Sqrt(2 / (9 * freedom))
	sum, total := 0.0, 0.0
	for z := -reach; z <= reach; z++ {
		root, density := math.Max(0, 1-sd*sd+sd*float64(z)), math.Exp(-float64(z*z)/2)
		sum, total = sum+density*QuadraticTail(x*root*root*root, weights), total+density
	}
	return sum / total
}

// spreadQuantile is the 5 % quantile of the same law: that of known weights, as much larger as F's is than chi-square's of as many degrees of
// freedom as match mean and variance.
func spreadQuantile(weights []float64, freedom float64) float64 {
	q := quadraticQuantile(0.05, weights)
	if !(freedom < sureSpread) {
		return q
	}
	sum, squares := 0.0, 0.0
	for _, l := range weights {
		sum, squares = sum+l, squares+l*l
	}
	df := sum * sum / squares
	return q * fQuantile(0.05, df, freedom) / fQuantile(0.05, df, 1e9)
}

// mmdOfShift is the squared discrepancy of N(0, I) and N(delta·1, I) in d dimensions with the median distance s as the bandwidth:
// 2 (1 + 2/s²)^(-d/2) (1 - exp(-d delta²/(2 (s² + 2)))).
func mmdOfShift(delta float64, dim int) float64 {
	s2, top := mmdScale(dim)
	return -top * math.Expm1(-float64(dim)*delta*delta/(2*(s2+2)))
}

// mmdScale is s², and the largest discrepancy a shift can make.
func mmdScale(dim int) (s2, top float64) {
	d := float64(dim)
	c := 1 - 2/(9*d)
	s2 = 2 * d * c * c * c // twice the median of chi-square, by Wilson and Hilferty
	return s2, 2 * math.Pow(1+2/s2, -d/2)
}

// shiftOfMMD inverts mmdOfShift, in [0, 10].
func shiftOfMMD(squared float64, dim int) float64 {
	s2, top := mmdScale(dim)
	switch share := squared / top; {
	case !(share > 0):
		return 0
	case share >= 1:
		return maxShift
	default:
		return math.Min(math.Sqrt(-2*(s2+2)/float64(dim)*math.Log1p(-share)), maxShift)
	}
}

// CosineShift is the cosine distance of the mean vectors: Value is 1 - cos of the angle between them, in [0, 2]; 0 for the same
// direction. Effect is Value less what noise alone brings, about c0 (tr S - u'Su)/(2 |mean|²) with u the direction of the mean and S
// taken as diagonal. It has no p-value of its own. SD is not given: a direction has no spread. Reasons as for [MMD], and a mean of
// the baseline that is not distinct from zero and has no direction.
func CosineShift(v Vectors) Result {
	n, m, reason := v.check()
	if reason != "" {
		return none(n, m, "%s", reason)
	}
	a, b := v.Ref.Centre(v.Projection, nil), v.Cur.Centre(v.Projection, nil)
	var dot, aa, bb, spread, along float64
	for j, x := range a {
		s := v.Projection.SD[j] * v.Projection.SD[j]
		dot, aa, bb = dot+x*b[j], aa+x*x, bb+b[j]*b[j]
		spread, along = spread+s, along+s*x*x
	}
	switch {
	case !(aa > 10*spread/float64(m)):
		return none(n, m, "the baseline's mean vector is not distinct from zero: it has no direction")
	case !(bb > 0):
		return none(n, m, "the window's mean vector is zero: it has no direction")
	}
	value := min(max(1-dot/math.Sqrt(aa)/math.Sqrt(bb), 0), 2)
	return Result{Value: number(value), Effect: number(value - v.noise()*(spread-along/aa)/(2*aa)), N: n, M: m}
}

// componentsLevel is the false discovery rate at which components count as drifted.
const componentsLevel = 0.05

// ComponentsDrifted is the share of a vector's coordinates whose mean moved: each mean is compared by a z test with the baseline's
// standard deviation, and those count that Benjamini and Hochberg's procedure (1995) finds at a false discovery rate of 5 %. Value
// is their share, P is Simes' p-value that none moved, and Effect and SD are the root mean square shift of the coordinates in their
// standard deviations, without what noise brings. Coordinates constant in the baseline count as drifted if their mean differs by more
// than rounding. Reasons as for [MMD].
func ComponentsDrifted(v Vectors) Result {
	n, m, reason := v.check()
	if reason != "" {
		return none(n, m, "%s", reason)
	}
	c0 := v.noise()
	ref, cur := v.Ref.Centre(v.Projection, nil), v.Cur.Centre(v.Projection, nil)
	p, squares, varying := make([]float64, len(ref)), 0.0, 0.0
	for j, x := range ref {
		d, sd := math.Abs(cur[j]-x), v.Projection.SD[j]
		switch {
		case sd > 0:
			p[j] = math.Erfc(d / sd / math.Sqrt(2*c0))
			squares += d / sd * (d / sd)
			varying++
		case d <= v.Projection.Unit:
			p[j] = 1
		}
	}
	slices.Sort(p)
	size := float64(len(p))
	count, simes := 0, 1.0
	for i, x := range p {
		adjusted := x * size / float64(i+1)
		if adjusted <= componentsLevel {
			count = i + 1
		}
		simes = math.Min(simes, adjusted)
	}
	shift := 0.0
	if varying > 0 {
		shift = math.Sqrt(math.Max(squares/varying-c0, 0))
	}
	return Result{Value: number(float64(count) / size), Effect: number(shift), SD: number(shift), P: probability(simes), N: n, M: m}
}
