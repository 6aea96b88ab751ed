package exact

import (
	"math"
	"testing"
)

// What somebody might pass by mistake: no exported function may panic on it.
func TestFunctionsSurvive(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	samples := [][]float64{nil, {}, {nan}, {1}, {inf, -inf}, {math.MaxFloat64, -math.MaxFloat64, 1}, {1, 1, 1, 1}, {0, nan, 2, 3, 4}}
	outcomes := [][]bool{nil, {true}, {true, false}, {true, false, true, false, true}}
	for _, a := range samples {
		for _, b := range samples {
			check(t, "AndersonDarling", AndersonDarling(a, b))
			check(t, "CramerVonMises", CramerVonMises(a, b))
			check(t, "KolmogorovSmirnov", KolmogorovSmirnov(a, b))
			check(t, "MannWhitney", MannWhitney(a, b))
			check(t, "Wasserstein", Wasserstein(a, b))
			check(t, "Energy", Energy(a, b))
			for _, k := range []int{math.MinInt, -1, 0, 1, math.MaxInt} {
				check(t, "NDCG", NDCG(a, b, k))
			}
		}
		for _, o := range outcomes {
			check(t, "Brier", Brier(o, a))
			check(t, "LogLoss", LogLoss(o, a))
		}
	}
	for _, x := range []float64{nan, inf, -inf, 0, 1e300} {
		if p := ScholzStephens(x); !(p >= 0 && p <= 1) {
			t.Errorf("ScholzStephens(%v) = %v", x, p)
		}
	}
}
