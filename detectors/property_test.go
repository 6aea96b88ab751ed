package detectors

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// checkResult fails on anything a result must never be.
func checkResult(t *testing.T, what string, r Result) {
	t.Helper()
	for name, v := range map[string]*float64{"value": r.Value, "effect": r.Effect, "p": r.P, "lower": r.Lower, "upper": r.Upper, "sd": r.SD} {
		if v != nil && *v-*v != 0 {
			t.Errorf("%s: %s = %v", what, name, *v)
		}
	}
	if r.P != nil && (*r.P < 0 || *r.P > 1) {
		t.Errorf("%s: p = %v", what, *r.P)
	}
	if (r.Value == nil) != (r.Reason != "") {
		t.Errorf("%s: value %v with reason %q", what, r.Value, r.Reason)
	}
	if r.Lower != nil && r.Upper != nil && *r.Lower > *r.Upper {
		t.Errorf("%s: bounds %v > %v", what, *r.Lower, *r.Upper)
	}
	if r.SD != nil && math.Abs(*r.SD) > maxShift && what != "mean" {
		t.Errorf("%s: sd = %v", what, *r.SD)
	}
}

// checkTables runs every statistic of the first layer on two rows of counts.
func checkTables(t *testing.T, ref, cur []int64) {
	t.Helper()
	before := slices.Concat(ref, cur)
	all := map[string]func(r, c []int64) Result{"psi": PSI, "psi_raw": PSIRaw, "chi2": ChiSquare, "g": G, "js": JensenShannon, "ks": KS}
	for name, f := range all {
		res, swapped := f(ref, cur), f(cur, ref)
		checkResult(t, name, res)
		if res.Value == nil || swapped.Value == nil {
			continue
		}
		if *res.Value < 0 {
			t.Errorf("%s = %v", name, *res.Value)
		}
		if d := math.Abs(*res.Value - *swapped.Value); d > 1e-9*math.Max(1, *res.Value) {
			t.Errorf("%s is not symmetric: %v and %v on %v %v", name, *res.Value, *swapped.Value, ref, cur)
		}
		same := f(ref, ref)
		if same.Value != nil && *same.Value > 1e-9 {
			t.Errorf("%s of a table with itself = %v", name, *same.Value)
		}
		if (name == "js" || name == "ks") && *res.Value > 1+1e-12 {
			t.Errorf("%s = %v is above 1", name, *res.Value)
		}
	}
	checkResult(t, "new categories", NewCategories(ref, cur))
	kl := KullbackLeibler(ref, cur)
	checkResult(t, "kl", kl)
	if kl.Value != nil && *kl.Value < 0 {
		t.Errorf("kl = %v", *kl.Value)
	}
	if table, reason := newTable(ref, cur); reason == "" && jensenShannon(table) > math.Ln2 {
		t.Error("the JS divergence is above ln 2")
	}
	relevance := map[string]func(r, c []int64, d float64) (float64, bool){"psi": PSIRelevance, "ks": KSRelevance}
	for name, f := range relevance {
		for _, d := range []float64{0, 0.02, 0.2, math.NaN(), math.Inf(1), -1} {
			if p, ok := f(ref, cur, d); ok && !(p >= 0 && p <= 1) {
				t.Errorf("%s relevance p = %v", name, p)
			}
		}
	}
	if low, ok := PSILower(ref, cur, 0.05); ok && (low-low != 0 || low < 0) {
		t.Errorf("PSI lower bound = %v", low)
	}
	if !slices.Equal(before, slices.Concat(ref, cur)) {
		t.Error("the arguments were changed")
	}
}

// hostile returns a count of a hostile sort.
func hostile(rng *rand.Rand) int64 {
	switch rng.IntN(8) {
	case 0, 1:
		return 0
	case 2:
		return 1
	case 3:
		return int64(rng.IntN(1 << 20))
	case 4:
		return rng.Int64N(1 << 52)
	case 5:
		return -rng.Int64N(3)
	}
	return int64(rng.IntN(300))
}

func TestNoCountsBreakATable(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		cells := rng.IntN(12)
		ref, cur := make([]int64, cells), make([]int64, cells)
		for j := range ref {
			ref[j], cur[j] = hostile(rng), hostile(rng)
			if rng.IntN(2) == 0 { // without negatives, to get past the first check
				ref[j], cur[j] = max(0, ref[j]), max(0, cur[j])
			}
		}
		checkTables(t, ref, cur)
	}
	checkTables(t, []int64{1, 2}, []int64{1, 2, 3})
	checkTables(t, []int64{math.MaxInt64, math.MaxInt64}, []int64{5, 5})
	checkTables(t, []int64{math.MinInt64, 4}, []int64{5, 5})
	checkTables(t, nil, nil)
}

func TestNoCountsBreakAShare(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		k, n, l, m := hostile(rng)%2000, hostile(rng)%3000, hostile(rng)%2000, hostile(rng)%3000
		res := CompareShares(k, n, l, m)
		checkResult(t, "share", res)
		if res.Value != nil && (*res.Lower > *res.Value || *res.Upper < *res.Value || *res.Lower < 0 || *res.Upper > 1) {
			t.Errorf("Wilson %v..%v around %v", *res.Lower, *res.Upper, *res.Value)
		}
		if p := FisherExact(k, n, l, m); !(p >= 0 && p <= 1) {
			t.Errorf("Fisher p = %v of %d/%d %d/%d", p, k, n, l, m)
		}
	}
	for _, big := range []int64{1 << 40, 1 << 52} {
		checkResult(t, "share", CompareShares(3, big, 2, big))
		checkResult(t, "share", CompareShares(big/2, big, 1, 60))
	}
}

func TestNoMomentsBreakAMean(t *testing.T) {
	values := []float64{0, 1, -1, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64, 1e-160}
	for _, n := range []int64{-1, 0, 1, 2, 60, 1 << 50} {
		for _, a := range values {
			for _, b := range values {
				for _, c := range values {
					for _, d := range values {
						ref, cur := Moments{N: 100, Mean: a, SD: b}, Moments{N: n, Mean: c, SD: d}
						checkResult(t, "mean", MeanShift(ref, cur))
						checkResult(t, "mean", Mean(cur))
					}
				}
			}
		}
	}
}

// The distance of the raw values lies between the grid's bounds, whatever the grid and the ties.
func TestKSGridBoundsTheRawDistance(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		n, m, cells := 50+rng.IntN(200), 50+rng.IntN(400), 2+rng.IntN(40)
		x, y := make([]float64, m), make([]float64, n)
		round := func(v float64) float64 { return v }
		if rng.IntN(2) == 0 {
			round = func(v float64) float64 { return math.Round(3 * v) }
		}
		for i := range x {
			x[i] = round(rng.NormFloat64())
		}
		shift := rng.NormFloat64()
		for i := range y {
			y[i] = round(rng.NormFloat64() + shift)
		}
		edges := make([]float64, cells-1)
		for j := range edges {
			edges[j] = rng.NormFloat64()
		}
		slices.Sort(edges)
		count := func(v []float64) []int64 {
			out := make([]int64, cells)
			for _, a := range v {
				j, _ := slices.BinarySearch(edges, a)
				out[j]++
			}
			return out
		}
		// The raw distance, after all ties at each value.
		share := func(v []float64, at float64) float64 {
			k := 0
			for _, a := range v {
				if a <= at {
					k++
				}
			}
			return float64(k) / float64(len(v))
		}
		raw := 0.0
		for _, at := range slices.Concat(x, y) {
			raw = math.Max(raw, math.Abs(share(x, at)-share(y, at)))
		}
		res := KS(count(x), count(y))
		if res.Value == nil { // all in one cell
			continue
		}
		if *res.Value > raw+1e-12 || raw > *res.Upper+1e-12 {
			t.Fatalf("%v <= %v <= %v does not hold", *res.Value, raw, *res.Upper)
		}
	}
}

func TestTailsAreMonotone(t *testing.T) {
	for _, df := range []float64{1, 9, 255} {
		for _, nc := range []float64{0, 1e-9, 3, 1e3, 1e6, 1e9, 1e11, 1e200} {
			last := 1.0
			for x := 0.0; x < 4*(df+nc); x += (df + nc) / 20 {
				p := ChiSquareTail(x, df, nc)
				if !(p >= 0 && p <= last+1e-9) {
					t.Fatalf("tail(%g; %g, %g) = %g after %g", x, df, nc, p, last)
				}
				last = p
			}
		}
	}
	for _, n := range []int64{1, 7, 60, 3000} {
		last := 1.0
		for d := 0.0; d <= 1; d += 0.01 {
			p := KSTail(d, n, 5000)
			if !(p >= 0 && p <= last+0.01) { // a step where the exact far tail takes over
				t.Fatalf("KS tail(%g; %d) = %g after %g", d, n, p, last)
			}
			last = p
		}
	}
}
