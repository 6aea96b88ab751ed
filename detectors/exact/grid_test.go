package exact

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"plumbline/detectors"
)

// What 256 cells cut at the baseline's quantiles cost against raw values: hardly anything, and no bound is broken.
func TestGridAgainstRawValues(t *testing.T) {
	rng := rand.New(rand.NewPCG(256, 1))
	for _, law := range []struct { // in this order: the numbers are drawn one after the other
		name string
		draw func() float64
	}{
		{"normal", rng.NormFloat64}, {"exponential", rng.ExpFloat64},
		{"heavy", func() float64 { return rng.NormFloat64() / math.Sqrt(rng.ExpFloat64()) }},
		{"whole numbers", func() float64 { return math.Round(4 * rng.NormFloat64()) }},
	} {
		name, draw := law.name, law.draw
		for _, shift := range []float64{0, 0.1, 1} {
			if name == "whole numbers" {
				shift = math.Ceil(shift) // between whole numbers the grid has no cells
			}
			ref, cur := make([]float64, 20000), make([]float64, 1500)
			for i := range ref {
				ref[i] = draw()
			}
			for i := range cur {
				cur[i] = draw() + shift
			}
			slices.Sort(ref)
			var edges []float64
			for k := 1; k < 256; k++ {
				if e := ref[k*len(ref)/256]; len(edges) == 0 || e > edges[len(edges)-1] {
					edges = append(edges, e)
				}
			}
			count := func(v []float64) []int64 {
				out := make([]int64, len(edges)+1)
				for _, x := range v {
					j, _ := slices.BinarySearch(edges, x)
					out[j]++
				}
				return out
			}
			r, c := count(ref), count(cur)
			compare := func(what string, grid, raw *float64, relative, absolute float64) {
				if d := math.Abs(*grid - *raw); d > relative*math.Abs(*raw)+absolute {
					t.Errorf("%s shifted by %v: %s is %v on the grid, %v raw", name, shift, what, *grid, *raw)
				}
			}
			ks, raw := detectors.KS(r, c), KolmogorovSmirnov(ref, cur)
			if *ks.Lower > *raw.Value+1e-12 || *raw.Value > *ks.Upper+1e-12 {
				t.Errorf("%s shifted by %v: %v <= %v <= %v does not hold", name, shift, *ks.Lower, *raw.Value, *ks.Upper)
			}
			compare("ad", detectors.AndersonDarling(r, c).Value, AndersonDarling(ref, cur).Value, 0.02, 0.1)
			compare("auc", detectors.AUC(r, c).Value, MannWhitney(ref, cur).Value, 0, 0.002)
			if name != "whole numbers" { // whose ties enlarge SciPy's criterion
				compare("cvm", detectors.CramerVonMises(r, c).Value, CramerVonMises(ref, cur).Value, 0.01, 0.02)
			}
			moments := func(v []float64) detectors.Moments {
				mean := 0.0
				for _, x := range v {
					mean += x / float64(len(v))
				}
				return detectors.Moments{N: int64(len(v)), Mean: mean, SD: deviation(v)}
			}
			axis := detectors.Axis{Edges: edges, Low: min(ref[0], slices.Min(cur)), High: max(ref[len(ref)-1], slices.Max(cur))}
			w1, exact := detectors.Wasserstein(r, c, axis, moments(ref), moments(cur)), Wasserstein(ref, cur)
			if *w1.Lower > *exact.Value+1e-9 || *exact.Value > *w1.Upper+1e-9 {
				t.Errorf("%s shifted by %v: W1 %v is outside [%v, %v]", name, shift, *exact.Value, *w1.Lower, *w1.Upper)
			}
			if name == "normal" || name == "exponential" {
				compare("w1", w1.Value, exact.Value, 0.05, 0.01) // the outer cell, far wider than its rows lie, holds more of a shifted window
			}
		}
	}
}
