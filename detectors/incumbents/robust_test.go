package incumbents

import (
	"fmt"
	"math"
	"testing"
	"time"

	"plumbline/detectors/detectorstest"
)

// What somebody might pass by mistake: no exported function may panic on it.
func TestFunctionsSurvive(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	columns := []Column{{}, Numbers(nil), Numbers([]float64{nan}), Numbers([]float64{1}), Numbers([]float64{inf, -inf, 3}), Numbers([]float64{1, 1, 1, 1, 1, 1}),
		Numbers([]float64{0, 1, math.MaxFloat64, -math.MaxFloat64, nan, 5, 6, 7}), Categories(nil, nil), Categories([]string{"a"}, nil),
		Categories([]string{"a", "b"}, []bool{true}), Categories([]string{"", "b"}, []bool{true, true, true}), Categories([]string{"a", "b", "a", "c", "d"}, nil)}
	Audit(Rules(-1), columns, []Split{{}})
	for i, a := range columns {
		for k, b := range columns {
			detectorstest.Survives(t, fmt.Sprint(i, " and ", k), func() {
				all := []Finding{Evidently("x", a, b), AlibiDetect("x", a, b, -1), AlibiDetect("x", a, b, 0), Frouros("x", a, b), Whylogs("x", a, b)}
				for _, test := range []string{"", "ks", "psi", "wasserstein", "jensenshannon", "kl_div", "hellinger", "chisquare", "z", "t_test", "anderson", "cramer_von_mises"} {
					all = append(all, EvidentlyTest(test, "x", a, b))
				}
				for _, method := range append(NannyMLMethods(a), "", "none") {
					all = append(all, NannyML("x", a, b, method)...)
					for _, size := range []int{math.MinInt, -1, 0, 1, math.MaxInt} {
						all = append(all, NannyMLWindow("x", method, a, b, size))
					}
				}
				EvidentlyDataset(all)
				NannyMLSummary(all)
			})
		}
		detectorstest.Survives(t, fmt.Sprint("slices of ", i), func() { a.Pick(nil); a.Slice(0, 0); a.Rows() })
	}
	for _, n := range []int{math.MinInt, -1, 0, 1, 5} {
		for _, size := range []int{math.MinInt, -1, 0, 1, 7, math.MaxInt} {
			detectorstest.Survives(t, fmt.Sprint("RandomSplits of ", n, " by ", size), func() { RandomSplits(n, size, 2, 1); RandomSplits(5, 2, size%100, 1) })
			detectorstest.Survives(t, fmt.Sprint("ConsecutiveSplits by ", size), func() {
				at := time.Unix(0, 0)
				ConsecutiveSplits([]time.Time{at, at, at.Add(3)}, time.Duration(size), n)
				ConsecutiveSplits(nil, time.Duration(size), n)
				ConsecutiveSplits([]time.Time{at, at.Add(-time.Hour), at.AddDate(9, 0, 0)}, time.Duration(size), n)
				ConsecutiveSplits([]time.Time{at, at.AddDate(9, 0, 0)}, time.Duration(size), n)
			})
		}
	}
	EvidentlyDataset(nil)
	NannyMLSummary(nil)
	Audit(nil, nil, nil)
}
