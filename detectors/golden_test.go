package detectors

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// The table r, c and its statistics to 15 digits: computed with 30 digits by mpmath from the formulas in the comments of this
// package.
var (
	goldenRef = []int64{120, 340, 210, 330}
	goldenCur = []int64{30, 50, 60, 60}
)

func TestGoldenTable(t *testing.T) {
	raw, res := PSIRaw(goldenRef, goldenCur), PSI(goldenRef, goldenCur)
	near(t, "raw PSI", have(t, "value", raw.Value), 0.06932797986535841, 1e-13)
	near(t, "PSI", have(t, "value", res.Value), 0.06920475608607257, 1e-13)
	x2, g := ChiSquare(goldenRef, goldenCur), G(goldenRef, goldenCur)
	near(t, "X2", have(t, "value", x2.Value), 11.81538461538462, 1e-14)
	near(t, "X2 p", have(t, "p", x2.P), 0.00804308830095, 1e-11)
	near(t, "PSI p is that of X2", have(t, "p", res.P), 0.00804308830095, 1e-11)
	near(t, "G", have(t, "value", g.Value), 11.60373362193636, 1e-13)
	near(t, "G p", have(t, "p", g.P), 0.00887154295265, 1e-11)
	js := JensenShannon(goldenRef, goldenCur)
	near(t, "JS distance, base 2", have(t, "value", js.Value), 0.1115779492451813, 1e-13)
	table, _ := newTable(goldenRef, goldenCur)
	near(t, "JS distance, nats", math.Sqrt(jensenShannon(table)), 0.09289473614759529, 1e-13)

	near(t, "KL", have(t, "value", KullbackLeibler(goldenRef, goldenCur).Value), 0.03431819286489485, 1e-13)

	// c0 = 0.006; chi2.sf(PSI/c0, 3) and ncx2.sf(PSI/c0, 3, 0.02/c0).
	near(t, "c0", table.noise(), 0.006, 1e-15)
	p, ok := PSIRelevance(goldenRef, goldenCur, 0)
	near(t, "null p of PSI", p, 0.00916199212391, 1e-11)
	rel, ok2 := PSIRelevance(goldenRef, goldenCur, 0.02)
	near(t, "relevance p of PSI", rel, 0.121822305786, 1e-11)
	if !ok || !ok2 {
		t.Error("relevance gave no verdict")
	}
	// The critical PSI at 5 %: c0 chi2.isf(0.05, 3).
	near(t, "chi2 tail at the critical PSI", ChiSquareTail(0.04688836742/0.006, 3, 0), 0.05, 1e-9)

	// The lower bound is where the relevance test turns.
	lower, _ := PSILower(goldenRef, goldenCur, 0.05)
	at, _ := PSIRelevance(goldenRef, goldenCur, lower)
	near(t, "relevance p at the lower bound", at, 0.05, 1e-6)
	upper, _ := PSIRelevance(goldenRef, goldenCur, have(t, "upper", res.Upper))
	near(t, "relevance p at the upper bound", upper, 0.95, 1e-6)
}

func TestGoldenKolmogorov(t *testing.T) {
	near(t, "sf(1)", KolmogorovTail(1), 0.269999671677355, 1e-13)
	near(t, "sf(1.36)", KolmogorovTail(1.36), 0.0494858767553779, 1e-13)
}

// From scipy's own tests of ks_2samp (stats/tests/test_stats.py), exact mode.
func TestGoldenTwoSampleKolmogorov(t *testing.T) {
	f := func(d float64, n, m int64, want float64) {
		t.Helper()
		near(t, "exact tail", KSTail(d, n, m), want, 1e-11)
	}
	f(232.0/1100, 100, 110, 0.015739183865607353)
	f(229.0/1100, 100, 110, 0.017803803861026313)
	f(5.0/16, 16, 16, 0.4262934613454952)
	f(190.0/546, 21, 26, 0.0919245790168125)
	f(2.0/3, 2, 3, 0.6)
	f(3.0/4, 2, 4, 0.4)
	// There 4.2e-15 is expected, what is left of 1 - u by rounding; SciPy 1.17.1 computes 6.263465662260858e-26.
	f(55275.0/110000, 10000, 110, 6.263465662260858e-26)

	// 10000 against 11000 is beyond the exact limit of KSTail.
	near(t, "exact tail of many", latticeTail(10000, 11000, 563), 0.9990456491488628, 1e-11)
	near(t, "asymptotic tail of many", KSTail(563.0/110000, 10000, 11000), 0.9990660108966576, 1e-13)
}

func TestGoldenWilson(t *testing.T) {
	lower, upper := Wilson(8, 10) // closed form
	near(t, "lower", lower, 0.490162, 1e-6)
	near(t, "upper", upper, 0.943318, 5e-7)
}

// The mean shifts of a normal feature at which a ten-cell statistic passes the folk thresholds, to two digits: closed form.
func TestGoldenShifts(t *testing.T) {
	near(t, "PSI 0.1", ShiftOfPSI(0.1), 0.32, 0.02)
	near(t, "PSI 0.2", ShiftOfPSI(0.2), 0.46, 0.02)
	near(t, "JS 0.1, nats distance", ShiftOfJS(0.1*0.1), 0.29, 0.02)
	near(t, "JS 0.1, base 2", ShiftOfJS(0.1*0.1*math.Ln2), 0.24, 0.02)
	near(t, "KS 0.1", ShiftOfKS(0.1), 0.2513, 1e-3) // 2 Phi^-1(0.55)
}

func TestQuantileRanks(t *testing.T) {
	// scipy.stats.binom: P(X < 40) = 0.0176, P(X < 41) = 0.0284, P(X >= 61) = 0.0176 for n = 100, p = 0.5; 0.99^368 = 0.0247.
	l, u, lok, uok := QuantileRanks(100, 0.5)
	if l != 40 || u != 61 || !lok || !uok {
		t.Errorf("ranks of the median of 100 = %d, %d, %v, %v", l, u, lok, uok)
	}
	if _, _, _, ok := QuantileRanks(367, 0.99); ok {
		t.Error("367 rows bound the 99th percentile from above")
	}
	if _, _, _, ok := QuantileRanks(368, 0.99); !ok {
		t.Error("368 rows don't bound the 99th percentile from above")
	}
}

// Closed form: 2 exp(-2 n s^2) + 2 exp(-2 m t^2), s + t = D - tolerated in proportion to 1/sqrt(n) and 1/sqrt(m); n = 200, m = 1000.
func TestKSRelevanceByItsInequality(t *testing.T) {
	ref, cur := []int64{500, 500}, []int64{40, 160} // D = 0.3
	s, u := 0.2*math.Sqrt(1000)/(math.Sqrt(200)+math.Sqrt(1000)), 0.2*math.Sqrt(200)/(math.Sqrt(200)+math.Sqrt(1000))
	p, ok := KSRelevance(ref, cur, 0.1)
	near(t, "p", p, 2*math.Exp(-400*s*s)+2*math.Exp(-2000*u*u), 1e-12)
	if within, _ := KSRelevance(ref, cur, 0.3); within != 1 || !ok {
		t.Errorf("a distance that is tolerated has p = %v", within)
	}
}

// From a distance of 0.154 on (scipy.stats.kstwo.isf(0.05, 75)) two samples of 150 differ at 5 %; three cells hide too much to tell.
func TestKSSaysWhereItsGridLeavesItOpen(t *testing.T) {
	ref := []int64{50, 50, 50}
	open := KS(ref, []int64{30, 50, 70})
	if *open.P <= 0.05 || KSTail(*open.Upper, 150, 150) > 0.05 || !strings.Contains(open.Note, "undecided") {
		t.Errorf("%v to %v, p = %v: %q", *open.Value, *open.Upper, *open.P, open.Note)
	}
	fine := make([]int64, 50)
	for j := range fine {
		fine[j] = 6
	}
	clear := slices.Clone(fine)
	clear[0], clear[49] = 5, 7
	if res := KS(fine, clear); res.Note != "" {
		t.Errorf("%v to %v, p = %v: %q", *res.Value, *res.Upper, *res.P, res.Note)
	}
}
