package main

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"plumbline/detectors"
)

// scorer makes the scores of X² at deciles, Anderson-Darling and the area under the curve on the grid from counts, as
// detectors' tests make them from profiles but without making profiles: a test holds them equal.
type scorer struct{ *baseline }

func newScorer(x []float64) *scorer { return &scorer{newBaseline(x)} }

// sdAD is the standard deviation of the Anderson-Darling statistic's limiting law, whose mean is 1.
var sdAD = math.Sqrt(2 * (math.Pi*math.Pi/3 - 3))

// score is that of a new window.
func (s *scorer) score(window []float64) []detectors.Score {
	c := s.count(window)
	return scoresOf(s.counts, c, s.deciles, s.group(c))
}

// apart is that of one of the baseline's own windows against the rest of it.
func (s *scorer) apart(window []float64) []detectors.Score {
	c := s.count(window)
	ten := s.group(c)
	return scoresOf(minus(s.counts, c), c, minus(s.deciles, ten), ten)
}

func scoresOf(ref, cur, refTen, curTen []int64) []detectors.Score {
	r, c := occupied(ref, cur)
	a2, sigma := detectors.AndersonDarlingStatistic(r, c)
	return []detectors.Score{chiSquareScore(refTen, curTen), {X: math.Max(0, 1+(a2-1)/sigma*sdAD), Mean: 1, CV: sdAD, Rows: rowsOf(sum(c), sum(r))}, areaScore(r, c)}
}

// enough is how many rows a cell has to expect to stand alone, as detectors have it.
const enough = 0.9 * detectors.MinExpected

// chiSquareScore is X² of cells merged with their neighbours until they expect enough.
func chiSquareScore(ref, cur []int64) detectors.Score {
	n, m := float64(sum(cur)), float64(sum(ref))
	var r, c []float64
	left := true // the last cell is still open
	for j := range ref {
		if left {
			r, c = append(r, 0), append(c, 0)
		}
		last := len(r) - 1
		r[last] += float64(ref[j])
		c[last] += float64(cur[j])
		left = (r[last]+c[last])*math.Min(n, m)/(n+m) >= enough
	}
	if last := len(r) - 1; !left && last > 0 {
		r[last-1], c[last-1] = r[last-1]+r[last], c[last-1]+c[last]
		r, c = r[:last], c[:last]
	}
	x := 0.0
	for j := range r {
		d := math.Sqrt(n/m)*r[j] - math.Sqrt(m/n)*c[j]
		x += d * d / (r[j] + c[j])
	}
	df := float64(len(r) - 1)
	return detectors.Score{X: x, Mean: df, CV: math.Sqrt(2 / df), Rows: rowsOf(int(n), int(m))}
}

// areaScore is the shift of a normal feature with this area under the curve, in standard errors.
func areaScore(ref, cur []int64) detectors.Score {
	area, _ := detectors.AreaUnderCurve(ref, cur)
	per := perShift(sum(cur), sum(ref))
	z := detectors.ShiftOfAUC(area) * per
	return detectors.Score{X: z * z, Mean: 1, CV: math.Sqrt2, Signed: true, Rows: per * per}
}

// perShift is what a shift by one standard deviation is in standard errors of the area.
func perShift(n, m int) float64 { return math.Sqrt(3 / math.Pi * rowsOf(n, m)) }

// rowsOf is nm/(n+m).
func rowsOf(n, m int) float64 { return 1 / (1/float64(n) + 1/float64(m)) }

// sums are those of values and of their squares.
func sums(x []float64) (sum, square float64) {
	for _, v := range x {
		sum, square = sum+v, square+v*v
	}
	return sum, square
}

// lawOf is the probability of a score of at least x by the law of independent rows. It tells the three scores apart by their forms.
func lawOf(s detectors.Score, x float64, n, m int) float64 {
	switch {
	case s.Signed:
		return detectors.MannWhitneyP(cdf(math.Sqrt(x/2)/perShift(n, m)), int64(n), int64(m), nil)
	case s.Mean == 1:
		return detectors.AndersonDarlingTail((x-1)/sdAD, int64(n), int64(m), nil)
	}
	return detectors.ChiSquareTail(x, s.Mean, 0)
}

// laddered is the p-value of a window's score by what the baseline's windows tell: the rungs of detectors.Calibration with enough windows.
func laddered(null *detectors.Null, s detectors.Score, n, m int) float64 {
	if !null.Independent() {
		return null.Tail(s.X / s.Mean)
	}
	nu := 2 / (s.CV * s.CV)
	wide := distuv.F{D1: nu, D2: nu * float64(null.K)}
	return math.Max(lawOf(s, s.X/null.Phi, n, m), wide.Survival(s.X/s.Mean/null.Phi))
}

// twoMoments is the other way to learn a null, by Satterthwaite's idea: scores are mu times a chi-square of nu degrees of freedom by
// nu, both from the windows' mean and variance, neither below what independent rows have; a new score by their mean is then an F.
type twoMoments struct {
	mean float64
	law  distuv.F
}

func newTwoMoments(scores []detectors.Score) twoMoments {
	k := float64(len(scores))
	mean, square, cv := 0.0, 0.0, scores[0].CV
	for _, s := range scores {
		mean += s.X / s.Mean / k
	}
	for _, s := range scores {
		d := s.X/s.Mean - mean
		square += d * d / (k - 1)
	}
	mean = math.Max(mean, 1)
	nu := 2 * mean * mean / math.Max(square, cv*cv*mean*mean)
	return twoMoments{mean, distuv.F{D1: nu, D2: nu * k}}
}

// tail is the probability that a window scores at least x times what independent rows do on average.
func (t twoMoments) tail(x float64) float64 { return t.law.Survival(x / t.mean) }
