package sequential

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The bound is never above the average of the means, though these begin high and fall; Confidence, which is about another average, is.
func TestAverageHoldsWhileTheMeanDrifts(t *testing.T) {
	const runs, steps = 400, 5000
	above, other, last := 0, 0, 0.0
	for run := range runs {
		rng := rand.New(rand.NewPCG(7, uint64(run)))
		a, c := Average{Alpha: 0.05}, Confidence{Alpha: 0.05}
		var s AverageState
		var cs ConfidenceState
		mean, failed, otherFailed := 0.0, false, false
		for i := range steps {
			p := 0.1
			if i < 500 {
				p = 0.6
			}
			mean += p
			x := 0.0
			if rng.Float64() < p {
				x = 1
			}
			a.Step(&s, x)
			average := mean / float64(i+1)
			failed = failed || a.Lower(&s) > average
			otherFailed = otherFailed || c.Step(&cs, x).Lower > average
		}
		last += a.Lower(&s) / runs
		if failed {
			above++
		}
		if otherFailed {
			other++
		}
	}
	if above > runs/20 || other < runs/2 {
		t.Errorf("above the average in %d and %d of %d runs", above, other, runs)
	}
	if last < 0.125 { // the average is 0.15
		t.Errorf("in the end it is %g", last)
	}
}

func TestAverageRefuses(t *testing.T) {
	a, s := Average{Alpha: 0.05}, AverageState{}
	for _, x := range []float64{math.NaN(), math.Inf(1), -0.1, 1.1} {
		a.Step(&s, x)
	}
	if s.Refused != 4 || s.Steps != 0 || a.Lower(&s) != 0 || (Average{}).Lower(&AverageState{Steps: 1, Sum: 1}) != 0 {
		t.Errorf("%+v", s)
	}
	for range 1000 {
		a.Step(&s, 1)
	}
	if l := a.Lower(&s); l < 0.9 || l > 1 {
		t.Errorf("of ones: %g", l)
	}
}
