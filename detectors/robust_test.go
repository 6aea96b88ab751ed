package detectors

import (
	"fmt"
	"math"
	"testing"
	"time"

	"plumbline/detectors/detectorstest"
	"plumbline/profiles"
)

// What somebody might pass by mistake. No exported function may panic on it, never end or answer with a number that is none.
var (
	oddCounts  = []int64{math.MinInt64, -1, 0, 1, 2, 60, 1 << 53, math.MaxInt64}
	oddNumbers = []float64{math.NaN(), math.Inf(-1), math.Inf(1), -math.MaxFloat64, -1, 0, math.SmallestNonzeroFloat64, 0.05, 1, 1e40, math.MaxFloat64}
	oddRows    = [][]int64{nil, {}, {0}, {1}, {0, 0}, {-1, 2}, {60, 0}, {60, 60}, {1, 2, 3}, {math.MaxInt64, 1}, {1 << 53, 1 << 53}, {math.MinInt64, math.MinInt64}}
)

func isResult(t *testing.T, what string, r Result, args ...any) {
	t.Helper()
	for _, v := range []*float64{r.Value, r.Effect, r.SD, r.P, r.Lower, r.Upper} {
		if v != nil && *v-*v != 0 {
			t.Errorf("%s%v has a number that is none: %v", what, args, r)
			return
		}
	}
	if r.P != nil && !(*r.P >= 0 && *r.P <= 1) {
		t.Errorf("%s%v: p = %v", what, args, *r.P)
	}
}

func isProbability(t *testing.T, what string, p float64, args ...any) {
	t.Helper()
	if !(p >= 0 && p <= 1) {
		t.Errorf("%s%v = %v", what, args, p)
	}
}

func TestFunctionsOfRowsSurvive(t *testing.T) {
	results := map[string]func(a, b []int64) Result{"PSI": PSI, "PSIRaw": PSIRaw, "ChiSquare": ChiSquare, "G": G, "KS": KS, "AndersonDarling": AndersonDarling,
		"CramerVonMises": CramerVonMises, "JensenShannon": JensenShannon, "Hellinger": Hellinger, "TotalVariation": TotalVariation, "LInfinity": LInfinity,
		"KullbackLeibler": KullbackLeibler, "AUC": AUC, "CategoryShift": onlyResult(CategoryShift), "NewCategories": NewCategories,
		"Wasserstein": func(a, b []int64) Result { return Wasserstein(a, b, Axis{}, Moments{}, Moments{}) },
		"ByFrequency": func(a, b []int64) Result { ByFrequency(a, b); return Result{} },
		"QuantileP":   func(a, b []int64) Result { return Result{P: QuantileP(a, b, 0.5)} },
		"AndersonDarlingStatistic": func(a, b []int64) Result {
			AndersonDarlingStatistic(a, b)
			AndersonDarlingStatistic(a)
			AndersonDarlingStatistic()
			return Result{}
		},
		"AreaUnderCurve":  func(a, b []int64) Result { AreaUnderCurve(a, b); return Result{} },
		"ExactChiSquareP": func(a, b []int64) Result { return Result{P: number(ExactChiSquareP(a, b))} },
	}
	for _, a := range oddRows {
		for _, b := range oddRows {
			for name, f := range results {
				detectorstest.Survives(t, name, func() { isResult(t, name, f(a, b), a, b) }, a, b)
			}
			for _, x := range oddNumbers {
				detectorstest.Survives(t, "relevance", func() {
					PSIRelevance(a, b, x)
					KSRelevance(a, b, x)
					PSILower(a, b, x)
					isResult(t, "QuantileP", Result{P: QuantileP(a, b, x)}, a, b, x)
				}, a, b, x)
			}
		}
		for _, n := range oddCounts {
			detectorstest.Survives(t, "DirichletNull", func() {
				DirichletNull(a, n, 3, 1, func(_, _ []int64) float64 { return 1 })
				DirichletNull(a, 10, int(min(n, 60)), 1, func(_, _ []int64) float64 { return math.NaN() })
			}, a, n)
			detectorstest.Survives(t, "Distinct", func() { isResult(t, "Distinct", Distinct(n, 60, a), a, n) }, a, n)
		}
	}
}

func TestFunctionsOfCountsSurvive(t *testing.T) {
	for _, k := range oddCounts {
		for _, n := range oddCounts {
			detectorstest.Survives(t, "of two counts", func() {
				isResult(t, "Share", Share(k, n), k, n)
				Wilson(k, n)
				for _, x := range oddNumbers {
					isProbability(t, "BinomialTail", BinomialTail(k, n, x), k, n, x)
					isProbability(t, "KSTail", KSTail(x, k, n), x, k, n)
					isProbability(t, "KSExactTail", KSExactTail(x, min(k, 1e4), n), x, k, n)
					isProbability(t, "KSAsymptoticTail", KSAsymptoticTail(x, k, n), x, k, n)
					isProbability(t, "MannWhitneyP", MannWhitneyP(x, k, n, []int64{k, n}), x, k, n)
					isProbability(t, "AndersonDarlingTail", AndersonDarlingTail(x, k, n, []int64{k, 3, n}), x, k, n)
					isProbability(t, "CramerVonMisesTail", CramerVonMisesTail(x, k, n, []int64{k, 3, n}), x, k, n)
					QuantileRanks(k, x)
					if v := PSICritical(x, k, n, int(k%1e6)); v < 0 || v != v {
						t.Errorf("PSICritical(%v, %v, %v) = %v", x, k, n, v)
					}
				}
			}, k, n)
			for _, l := range oddCounts {
				detectorstest.Survives(t, "Absence", func() { isProbability(t, "Absence", Absence(k, n, l), k, n, l) }, k, n, l)
				for _, m := range oddCounts {
					detectorstest.Survives(t, "of four counts", func() {
						isResult(t, "CompareShares", CompareShares(k, n, l, m), k, n, l, m)
						isProbability(t, "FisherExact", FisherExact(k, n, l, m), k, n, l, m)
						isResult(t, "Constant", Constant(k, n, l, m), k, n, l, m)
					}, k, n, l, m)
				}
			}
		}
	}
}

func TestFunctionsOfNumbersSurvive(t *testing.T) {
	shifts := map[string]func(float64) float64{"PSI": ShiftOfPSI, "JS": ShiftOfJS, "KS": ShiftOfKS, "Hellinger": ShiftOfHellinger, "TV": ShiftOfTV, "LInf": ShiftOfLInf,
		"AUC": ShiftOfAUC, "Scale": ShiftOfScale}
	for _, a := range oddNumbers {
		isProbability(t, "KolmogorovTail", KolmogorovTail(a), a)
		for name, f := range shifts {
			detectorstest.Survives(t, "ShiftOf"+name, func() {
				if v := f(a); v-v != 0 {
					t.Errorf("ShiftOf%s(%v) = %v", name, a, v)
				}
			}, a)
		}
		for _, b := range oddNumbers {
			detectorstest.Survives(t, "of two numbers", func() {
				isProbability(t, "KSOneSampleTail", KSOneSampleTail(a, b), a, b)
				for _, v := range []float64{ShiftOfAD(a, b), ShiftOfCvM(a, b)} {
					if v-v != 0 {
						t.Errorf("ShiftOfAD or ShiftOfCvM(%v, %v) = %v", a, b, v)
					}
				}
				BenjaminiHochberg([]float64{a, b, a}, b)
				isProbability(t, "EmpiricalTail", EmpiricalTail([]float64{a}, b), a, b)
			}, a, b)
			for _, c := range oddNumbers {
				detectorstest.Survives(t, "of three numbers", func() {
					isProbability(t, "ChiSquareTail", ChiSquareTail(a, b, c), a, b, c)
					isProbability(t, "QuadraticTail", QuadraticTail(a, []float64{b, c}), a, b, c)
					for _, n := range []int64{60, math.MaxInt64} {
						ref, cur := Moments{N: n, Mean: a, SD: b}, Moments{N: 60, Mean: b, SD: c}
						isResult(t, "Mean", Mean(ref), ref)
						isResult(t, "MeanShift", MeanShift(ref, cur), ref, cur)
						isResult(t, "Welch", Welch(ref, cur), ref, cur)
						isResult(t, "VarianceRatio", VarianceRatio(Spread{ref, c}, Spread{cur, a}), ref, cur)
						isResult(t, "QuantileShift", QuantileShift(Quantile{a, b, c, n}, Quantile{c, a, b, 60}, c), a, b, c)
						isResult(t, "Wasserstein", Wasserstein([]int64{60, n, 60}, []int64{60, 60, 9}, Axis{[]float64{a, b}, c, a}, ref, cur), a, b, c, n)
					}
				}, a, b, c)
			}
		}
	}
	detectorstest.Survives(t, "QuadraticTail", func() { isProbability(t, "QuadraticTail", QuadraticTail(1, nil)) })
}

// Scores that are not what they say are an error, not a panic.
func TestFitNullSurvives(t *testing.T) {
	for _, x := range oddNumbers {
		for _, mean := range oddNumbers {
			for _, cv := range oddNumbers {
				for _, rows := range oddNumbers {
					for _, signed := range []bool{false, true} {
						s := Score{X: x, Mean: mean, CV: cv, Rows: rows, Signed: signed}
						detectorstest.Survives(t, "FitNull", func() {
							n, err := FitNull([]Score{s, {X: 1, Mean: 1, CV: 1}, s})
							bad := !(x >= 0) || !(mean > 0) || !(cv > 0) || math.IsInf(x/mean, 1) || math.IsInf(mean, 1) || math.IsInf(cv, 1)
							if (err != nil) != bad {
								t.Fatalf("%+v: error %v", s, err)
							}
							if err == nil {
								n.Independent()
								for _, x := range oddNumbers {
									isProbability(t, "Tail", n.Tail(x), fmt.Sprintf("%+v", s), x)
								}
							}
						}, s)
					}
				}
			}
		}
	}
}

func TestFunctionsOfProfilesSurvive(t *testing.T) {
	detectorstest.Survives(t, "CorrelationChange", func() {
		for _, a := range []*profiles.Correlations{nil, {}, {Features: []string{"a", "b"}}, {Features: []string{"a", "b"}, R: []float64{math.NaN()}, N: []int64{-1}}} {
			for _, b := range []*profiles.Correlations{nil, {}, {Features: []string{"b", "a"}, R: []float64{2}, N: []int64{60}}} {
				isResult(t, "CorrelationChange", CorrelationChange(a, b, -time.Hour))
				isResult(t, "CorrelationChange", CorrelationChange(b, b, 0))
			}
		}
	})
	detectorstest.Survives(t, "DuplicateRows", func() { isResult(t, "DuplicateRows", DuplicateRows(profiles.Rows{}, profiles.Rows{})) })
	for name, f := range map[string]func(Vectors) Result{"MMD": MMD, "CosineShift": CosineShift, "ComponentsDrifted": ComponentsDrifted} {
		for _, x := range oddNumbers {
			detectorstest.Survives(t, name, func() { isResult(t, name, f(Vectors{Design: x})) }, x)
		}
	}
	for _, test := range Builtin() {
		detectorstest.Survives(t, test.Name, func() {
			test.Run(Input{})
			test.Score(Input{})
		})
	}
}
