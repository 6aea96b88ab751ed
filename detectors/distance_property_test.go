package detectors

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func onlyResult(f func(r, c []int64) (Result, int)) func(r, c []int64) Result {
	return func(r, c []int64) Result {
		res, _ := f(r, c)
		return res
	}
}

// evenAxis places cells between 0 and their number.
func evenAxis(cells int) Axis {
	a := Axis{High: float64(cells)}
	for j := 1; j < cells; j++ {
		a.Edges = append(a.Edges, float64(j))
	}
	return a
}

func w1OfCells(r, c []int64) Result { return Wasserstein(r, c, evenAxis(len(r)), Moments{}, Moments{}) }

// checkDistances runs every two-sample statistic of counts on two rows of them.
func checkDistances(t *testing.T, ref, cur []int64) {
	t.Helper()
	unordered := map[string]func(r, c []int64) Result{"hellinger": Hellinger, "tv": TotalVariation, "linf": LInfinity, "category_shift": onlyResult(CategoryShift)}
	ordered := map[string]func(r, c []int64) Result{"ad": AndersonDarling, "cvm": CramerVonMises, "auc": AUC, "w1": w1OfCells}
	before := slices.Concat(ref, cur)
	n, _ := total(ref)
	m, _ := total(cur)
	tolerance := 1e-9 * math.Max(1, float64(n+m)/(1<<32)) // differences of shares lose digits where rows are many
	close := func(a, b *float64, scale float64) bool {
		if a == nil || b == nil {
			return a == b
		}
		return math.Abs(*a-*b) <= tolerance*math.Max(scale, math.Abs(*a))
	}
	check := func(name string, f func(r, c []int64) Result, again func(r, c []int64) Result) {
		res := f(ref, cur)
		checkResult(t, name, res)
		if other := again(ref, cur); !close(res.Value, other.Value, 1) {
			t.Errorf("%s = %v, in another order %v on %v %v", name, *res.Value, *other.Value, ref, cur)
		}
		if res.Value == nil {
			return
		}
		if swapped := f(cur, ref); swapped.Value != nil && name != "auc" && !close(res.Value, swapped.Value, 1) {
			t.Errorf("%s is not symmetric: %v and %v on %v %v", name, *res.Value, *swapped.Value, ref, cur)
		}
		if same := f(ref, ref); same.Value != nil && name != "ad" && name != "auc" && *same.Value > 1e-7 {
			t.Errorf("%s of a table with itself = %v", name, *same.Value)
		}
		if res.P == nil && name != "w1" && res.Note == "" {
			t.Errorf("%s has no p-value and says not why", name)
		}
	}
	reverse := func(v []int64) []int64 {
		v = slices.Clone(v)
		slices.Reverse(v)
		return v
	}
	for name, f := range unordered {
		check(name, f, func(r, c []int64) Result { return f(ByFrequency(r, c)) })
	}
	tolerance += 1e-15 * float64(n+m) // and more where the ranks in a cell of nearly all rows are subtracted
	for name, f := range ordered {
		check(name, f, func(r, c []int64) Result {
			res := f(reverse(r), reverse(c))
			if name == "auc" && res.Value != nil {
				res.Value = number(1 - *res.Value)
			}
			return res
		})
	}
	if h, tv := Hellinger(ref, cur), TotalVariation(ref, cur); h.Value != nil && tv.Value != nil {
		// Closed form: H^2 <= TV <= sqrt2 H; the largest difference is at most TV.
		linf := LInfinity(ref, cur)
		if *h.Value**h.Value > *tv.Value+1e-9 || *tv.Value > math.Sqrt2**h.Value+1e-9 || *linf.Value > *tv.Value+1e-9 || *tv.Value > 1 || *h.Value > 1 {
			t.Errorf("H %v, TV %v, L-infinity %v of %v %v", *h.Value, *tv.Value, *linf.Value, ref, cur)
		}
	}
	if !slices.Equal(before, slices.Concat(ref, cur)) {
		t.Error("the arguments were changed")
	}
}

func TestNoCountsBreakADistance(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	for range 150 {
		cells := rng.IntN(12)
		ref, cur := make([]int64, cells), make([]int64, cells)
		for j := range ref {
			ref[j], cur[j] = hostile(rng), hostile(rng)
			if rng.IntN(3) > 0 {
				ref[j], cur[j] = max(0, ref[j])&0xffff, max(0, cur[j])&0xffff // larger ones are for the fuzzer
			}
		}
		checkDistances(t, ref, cur)
	}
	checkDistances(t, []int64{1, 2}, []int64{1, 2, 3})
	checkDistances(t, []int64{math.MaxInt64, math.MaxInt64}, []int64{5, 5})
	checkDistances(t, []int64{1 << 50, 1}, []int64{1 << 50, 7})
	checkDistances(t, []int64{100, 0, 0}, []int64{0, 0, 100})
	checkDistances(t, nil, nil)
}

func TestNoMomentsBreakASpread(t *testing.T) {
	values := []float64{0, 1, -1, math.NaN(), math.Inf(1), math.MaxFloat64, math.SmallestNonzeroFloat64, 1e-160}
	for _, n := range []int64{-1, 0, 1, 60, 1 << 50} {
		for _, a := range values {
			for _, b := range values {
				for _, k := range values {
					ref, cur := Spread{Moments{N: 100, Mean: 1, SD: a}, k}, Spread{Moments{N: n, Mean: a, SD: b}, 1 / k}
					for name, r := range map[string]Result{"var_ratio": VarianceRatio(ref, cur), "welch": Welch(ref.Moments, cur.Moments)} {
						if name == "welch" {
							name = "mean" // whose shift has no limit
						}
						checkResult(t, name, r)
					}
					q := Quantile{a, b, k, n}
					checkResult(t, "quantile shift", QuantileShift(Quantile{b, a, 1, 99}, q, k))
					checkResult(t, "w1", Wasserstein([]int64{50, 60}, []int64{70, 20}, Axis{[]float64{a}, b, k}, ref.Moments, cur.Moments))
				}
			}
		}
	}
	for _, alpha := range []float64{math.NaN(), -1, 0, 1e-300, 0.5, 1, 2} {
		for _, n := range []int64{-1, 0, 1, 1 << 60} {
			if v := PSICritical(alpha, n, 1000, 10); v != v || v < 0 {
				t.Errorf("critical PSI at %v for %d rows is %v", alpha, n, v)
			}
		}
	}
}

// P-values of laws are monotone in the statistic and in [0, 1], whatever the ties.
func TestTailsOfBridgesAreMonotone(t *testing.T) {
	for _, ties := range [][]int64{nil, {1, 1}, {1, 1 << 40}, {1, 1, 1, 1 << 30, 1, 1}, {5, 0, 5, 100, 3000}} {
		for name, f := range map[string]func(x float64, n, m int64, ties []int64) float64{"AD": AndersonDarlingTail, "CvM": CramerVonMisesTail} {
			last := 1.0
			for _, x := range []float64{math.Inf(-1), -2, -1, 0, 1e-9, 0.1, 0.5, 1, 2, 4, 8, 16, 100, 1000, 1e9, math.Inf(1)} {
				p := f(x, 100, 1000, ties)
				if !(p >= 0 && p <= last*(1+1e-9)) {
					t.Errorf("%s tail(%v) with ties %v = %v after %v", name, x, ties, p, last)
				}
				last = p
			}
			if p := f(math.NaN(), 100, 1000, ties); p != 1 {
				t.Errorf("%s tail(NaN) = %v", name, p)
			}
		}
	}
}
