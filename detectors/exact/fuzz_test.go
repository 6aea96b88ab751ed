package exact

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"plumbline/detectors"
)

// Two samples of any few values on a grid of any few edges: the statistics are numbers, don't depend on the order of rows, and lie
// between the bounds that the grid gives.
func FuzzSamples(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9}, []byte{3, 3, 3, 9, 200}, []byte{4, 100})
	f.Add([]byte{0}, []byte{255, 254, 253}, []byte{})
	f.Add([]byte{}, []byte{7}, []byte{7, 7})
	f.Fuzz(func(t *testing.T, a, b, grid []byte) {
		special := []float64{math.Inf(1), math.Inf(-1), math.NaN(), math.MaxFloat64, -math.MaxFloat64, 5e-324}
		read := func(data []byte, finite bool) []float64 {
			out := make([]float64, 0, len(data))
			for _, c := range data[:min(len(data), 300)] {
				if n := 256 - int(c); !finite && n <= len(special) {
					out = append(out, special[n-1])
				} else {
					out = append(out, float64(c)/8-10)
				}
			}
			return out
		}
		ref, cur := read(a, false), read(b, false)
		all := map[string]func(ref, cur []float64) detectors.Result{"ks": KolmogorovSmirnov, "ad": AndersonDarling, "cvm": CramerVonMises,
			"w1": Wasserstein, "energy": Energy, "auc": MannWhitney}
		rng := rand.New(rand.NewPCG(uint64(len(a)), uint64(len(b))))
		shuffled := slices.Clone(ref)
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for name, f := range all {
			res, again := f(ref, cur), f(shuffled, cur)
			check(t, name, res)
			if (res.Value == nil) != (again.Value == nil) || res.Value != nil && math.Abs(*res.Value-*again.Value) > 1e-12*math.Abs(*res.Value) {
				t.Errorf("%s depends on the order of rows", name)
			}
		}

		edges := slices.Compact(slices.Sorted(slices.Values(read(grid, true))))
		if len(edges) == 0 {
			return
		}
		// The grid wants 50 rows on a side: each row as often as it takes changes no distance.
		ref, cur = slices.Repeat(read(a, true), 50), slices.Repeat(read(b, true), 50)
		if len(ref) == 0 || len(cur) == 0 || len(ref)+len(cur) > 5000 {
			return
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
		ks, raw := detectors.KS(r, c), KolmogorovSmirnov(ref, cur)
		if ks.Value != nil && (*ks.Lower > *raw.Value+1e-12 || *raw.Value > *ks.Upper+1e-12) {
			t.Errorf("%v <= %v <= %v does not hold", *ks.Lower, *raw.Value, *ks.Upper)
		}
		axis := detectors.Axis{Edges: edges, Low: min(slices.Min(ref), slices.Min(cur)), High: max(slices.Max(ref), slices.Max(cur))}
		w1, far := detectors.Wasserstein(r, c, axis, detectors.Moments{}, detectors.Moments{}), Wasserstein(ref, cur)
		if w1.Value != nil && (*w1.Lower > *far.Value+1e-9 || *far.Value > *w1.Upper+1e-9) {
			t.Errorf("W1 %v is outside [%v, %v]", *far.Value, *w1.Lower, *w1.Upper)
		}
	})
}
