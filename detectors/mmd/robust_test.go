package mmd

import (
	"math"
	"testing"

	"plumbline/detectors"
)

// What somebody might pass by mistake: no exported function may panic on it.
func TestFunctionsSurvive(t *testing.T) {
	bad := make([][]float64, 60)
	for i := range bad {
		bad[i] = []float64{math.NaN(), math.Inf(1)}
	}
	for _, rows := range [][][]float64{nil, {}, {nil}, {{1}}, make([][]float64, 60), bad, {{1, 2}, {1}}} {
		for _, o := range []Options{{}, {Frequencies: -1}, {Frequencies: 1}, {Frequencies: math.MaxInt}} {
			if _, err := Fit(rows, o); err == nil {
				t.Errorf("a projection of %d odd rows", len(rows))
			}
		}
		FitScale(rows)
		for _, share := range []float64{math.NaN(), -1, 0, 0.5, 2} {
			if _, err := FitBasis(rows, share); err == nil {
				t.Errorf("a basis of %d odd rows", len(rows))
			}
		}
	}
	good := sample(100)
	for _, k := range []int{-1, 0, 1, math.MaxInt} {
		p, err := Fit(good, Options{Frequencies: k})
		if err != nil {
			continue
		}
		counter := NewCounter(p)
		counter.Add(nil)
		counter.Add([]float64{1})
		for _, f := range []func(*Projection, *Sketch, *Sketch, float64) detectors.Result{Compare, MeanCosine, Components} {
			for _, design := range []float64{math.NaN(), -1, 0, 1, math.Inf(1)} {
				f(p, counter.Sketch(), counter.Sketch(), design)
				f(p, nil, counter.Sketch(), design)
				f(p, nil, nil, design)
				f(nil, nil, nil, design)
				f(nil, counter.Sketch(), counter.Sketch(), design)
				f(p, &Sketch{}, &Sketch{}, design)
			}
		}
	}
}

func sample(rows int) [][]float64 {
	out := make([][]float64, rows)
	for i := range out {
		out[i] = []float64{math.Sin(float64(i)), math.Cos(3 * float64(i)), math.Sin(7*float64(i) + 1)}
	}
	return out
}
