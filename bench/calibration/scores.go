package main

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"plumbline/detectors"
)

// scorer makes the scores of X² at deciles, Anderson-Darling on the grid and the shift of the mean from counts and sums, as
// detectors' tests make them from profiles but without making profiles: a test holds them equal.
type scorer struct {
	*baseline
	sum, square float64
}

func newScorer(x []float64) *scorer {
	s := &scorer{baseline: newBaseline(x)}
	s.sum, s.square = sums(x)
	return s
}

// sdAD is the standard deviation of the Anderson-Darling statistic's limiting law, whose mean is 1.
var sdAD = math.Sqrt(2 * (math.Pi*math.Pi/3 - 3))

// score is that of a new window.
func (s *scorer) score(window []float64) []detectors.Score {
	c := s.count(window)
	a, b := sums(window)
	return scoresOf(s.counts, c, s.deciles, s.group(c), momentsOf(sum(s.counts), s.sum, s.square), momentsOf(len(window), a, b))
}

// apart is that of one of the baseline's own windows against the rest of it.
func (s *scorer) apart(window []float64) []detectors.Score {
	c := s.count(window)
	a, b := sums(window)
	rest, ten := minus(s.counts, c), s.group(c)
	return scoresOf(rest, c, minus(s.deciles, ten), ten, momentsOf(sum(rest), s.sum-a, s.square-b), momentsOf(len(window), a, b))
}

func scoresOf(ref, cur, refTen, curTen []int64, refMoments, curMoments detectors.Moments) []detectors.Score {
	r, c := occupied(ref, cur)
	a2, sigma := detectors.AndersonDarlingStatistic(r, c)
	return []detectors.Score{chiSquareScore(refTen, curTen), {X: math.Max(0, 1+(a2-1)/sigma*sdAD), Mean: 1, CV: sdAD}, meanScore(refMoments, curMoments)}
}

// chiSquareScore is X² of cells that all expect enough rows to stand alone.
func chiSquareScore(ref, cur []int64) detectors.Score {
	r, c := occupied(ref, cur)
	n, m := float64(sum(c)), float64(sum(r))
	x, df := 0.0, float64(len(r)-1)
	for j := range r {
		d := math.Sqrt(n/m)*float64(r[j]) - math.Sqrt(m/n)*float64(c[j])
		x += d * d / float64(r[j]+c[j])
	}
	return detectors.Score{X: x, Mean: df, CV: math.Sqrt(2 / df)}
}

func meanScore(ref, cur detectors.Moments) detectors.Score {
	z := (cur.Mean - ref.Mean) / math.Sqrt(ref.SD*ref.SD/float64(ref.N)+cur.SD*cur.SD/float64(cur.N))
	return detectors.Score{X: z * z, Mean: 1, CV: math.Sqrt2, Signed: true}
}

func sums(x []float64) (sum, square float64) {
	for _, v := range x {
		sum, square = sum+v, square+v*v
	}
	return sum, square
}

func momentsOf(n int, sum, square float64) detectors.Moments {
	k := float64(n)
	return detectors.Moments{N: int64(n), Mean: sum / k, SD: math.Sqrt(math.Max(0, square-sum*sum/k) / (k - 1))}
}

// lawOf is the probability of a score of at least x by the law of independent rows. It tells the three scores apart by their forms.
func lawOf(s detectors.Score, x float64) float64 {
	switch {
	case s.Signed:
		return math.Erfc(math.Sqrt(x / 2))
	case s.Mean == 1:
		return detectors.AndersonDarlingTail((x-1)/sdAD, baselineRows, baselineRows, nil)
	}
	return detectors.ChiSquareTail(x, s.Mean, 0)
}

// laddered is the p-value of a window's score by what the baseline's windows tell: the rungs of detectors.Calibration with enough windows.
func laddered(null *detectors.Null, s detectors.Score) float64 {
	if !null.Independent() {
		return null.Tail(s.X / s.Mean)
	}
	nu := 2 / (s.CV * s.CV)
	wide := distuv.F{D1: nu, D2: nu * float64(null.K)}
	return math.Max(lawOf(s, s.X/null.Phi), wide.Survival(s.X/s.Mean/null.Phi))
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
