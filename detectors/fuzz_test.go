package detectors

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// fuzzCounts makes two rows of up to 64 counts of any bytes: mostly moderate ones, some of any size, some negative.
func fuzzCounts(data []byte) (ref, cur []int64) {
	for len(data) >= 8 && len(ref) < 64 {
		a, b := int64(int32(binary.LittleEndian.Uint32(data))), int64(int32(binary.LittleEndian.Uint32(data[4:])))
		if data[0]%16 == 15 {
			a = int64(binary.LittleEndian.Uint64(data))
		}
		ref, cur = append(ref, a>>(data[1]%20)), append(cur, b>>(data[5]%20))
		data = data[8:]
	}
	return ref, cur
}

// seedCounts are tables to start from: moderate ones, zeros, one category, a side without rows, extremes.
func seedCounts(f *testing.F) {
	row := func(counts ...uint32) (data []byte) {
		for _, k := range counts {
			data = binary.LittleEndian.AppendUint32(data, k)
		}
		return data
	}
	f.Add(row(1, 200, 265, 100))
	f.Add(row(120<<8, 30<<8, 340<<8, 50<<8, 210<<8, 60<<8, 330<<8, 60<<8))
	f.Add(row(0, 0, 4096, 0, 0, 4096, 8192, 8192))
	f.Add(row(1<<16, 1<<16))
	f.Add(row(math.MaxUint32, 7, 1<<31, 1<<31-1, 15, 1<<30))
	f.Add([]byte{})
}

func FuzzTables(f *testing.F) {
	seedCounts(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		ref, cur := fuzzCounts(data)
		checkTables(t, ref, cur)
	})
}

func FuzzDistances(f *testing.F) {
	seedCounts(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		ref, cur := fuzzCounts(data)
		checkDistances(t, ref, cur)
	})
}

// What is read from cells in their order says the same of the same rows in another order of the cells only if it knows no order.
func FuzzOrderOfCells(f *testing.F) {
	seedCounts(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		ref, cur := fuzzCounts(data)
		rng := rand.New(rand.NewPCG(uint64(len(data)), 3))
		order := rng.Perm(len(ref))
		a, b := make([]int64, len(ref)), make([]int64, len(ref))
		for i, j := range order {
			a[i], b[i] = ref[j], cur[j]
		}
		n, _ := total(cur)
		m, _ := total(ref)
		for name, f := range map[string]func(r, c []int64) Result{"psi": PSI, "psi_raw": PSIRaw, "chi2": ChiSquare, "g": G, "js": JensenShannon,
			"kl": KullbackLeibler, "hellinger": Hellinger, "tv": TotalVariation, "linf": LInfinity, "category_shift": onlyResult(CategoryShift)} {
			one, other := f(ref, cur), f(a, b)
			if one.Reason != other.Reason {
				t.Fatalf("%s: %q and, in another order, %q", name, one.Reason, other.Reason)
			}
			// A sum of shares loses digits where rows are many; under a root half of them.
			tolerance := 1e-9 * math.Max(1, float64(n+m)/(1<<32))
			if one.Value != nil && math.Abs(*one.Value-*other.Value) > tolerance*math.Max(1, *one.Value) {
				t.Errorf("%s = %v, in another order %v on %v %v", name, *one.Value, *other.Value, ref, cur)
			}
		}
	})
}

// Shares, absences, distinct values and constants of any four counts.
func FuzzShares(f *testing.F) {
	f.Add(int64(3), int64(50), int64(1), int64(60))
	f.Add(int64(0), int64(0), int64(0), int64(0))
	f.Add(int64(1<<40), int64(1<<52), int64(1), int64(1<<52))
	f.Add(int64(-1), int64(math.MaxInt64), int64(math.MinInt64), int64(5))
	f.Add(int64(5e8)<<11, int64(1e9)<<11, int64(1)<<11, int64(2)<<11)
	f.Fuzz(func(t *testing.T, k, n, l, m int64) {
		// Beyond 2^53 counts are no counts.
		k, n, l, m = k>>11, n>>11, l>>11, m>>11
		probably := func(what string, p float64) {
			t.Helper()
			if !(p >= 0 && p <= 1) {
				t.Errorf("%s = %v of %d/%d %d/%d", what, p, k, n, l, m)
			}
		}
		res := CompareShares(k, n, l, m)
		checkResult(t, "share", res)
		if res.Value != nil && (*res.Lower > *res.Value || *res.Upper < *res.Value || *res.Lower < 0 || *res.Upper > 1) {
			t.Errorf("Wilson %v..%v around %v", *res.Lower, *res.Upper, *res.Value)
		}
		checkResult(t, "new categories", NewCategories([]int64{k, l, 0}, []int64{n, 0, m}))
		checkResult(t, "constant", Constant(k, n, l, m))
		checkResult(t, "distinct", Distinct(k, n, []int64{l, m, k}))
		probably("absence", Absence(l, m, n))
		probably("binomial tail", BinomialTail(k, n, float64(l)/float64(m)))
		lower, upper := Wilson(k, n)
		probably("Wilson lower", lower)
		probably("Wilson upper", upper)
		probably("Fisher", FisherExact(k, n, l, m))
		probably("KS tail", KSTail(float64(k)/float64(n), n%2000, m%2000))
		probably("KS tail of many", KSAsymptoticTail(float64(k)/float64(n), n, m))
		probably("Mann-Whitney", MannWhitneyP(float64(k)/float64(n), n, m, []int64{l, k}))
		if v := PSICritical(float64(k)/float64(n), n, m, int(l%300)); v != v || v < 0 {
			t.Errorf("critical PSI %v", v)
		}
		if lo, hi, okLo, okHi := QuantileRanks(n, float64(k)/float64(n)); okLo && (lo < 1 || lo > n) || okHi && (hi < 1 || hi > n) {
			t.Errorf("ranks %d, %d of %d", lo, hi, n)
		}
	})
}

// Laws, moments and quantiles of any numbers.
func FuzzNumbers(f *testing.F) {
	f.Add(int64(100), int64(60), 0.0, 1.0, 0.3, 1.2)
	f.Add(int64(1)<<50, int64(50), math.NaN(), math.Inf(1), 5e-324, -1e308)
	f.Add(int64(50), int64(50), 0.2, 9.0, 3.5, 1e-9)
	f.Fuzz(func(t *testing.T, n, m int64, a, b, c, d float64) {
		n, m = n>>10, m>>10
		ref, cur := Moments{N: m, Mean: a, SD: b}, Moments{N: n, Mean: c, SD: d}
		for name, r := range map[string]Result{"mean": MeanShift(ref, cur), "mean ": Mean(cur), "welch": Welch(ref, cur),
			"var_ratio": VarianceRatio(Spread{ref, c}, Spread{cur, a}), "quantile shift": QuantileShift(Quantile{a, b, c, m}, Quantile{d, a, b, n}, c),
			"w1": Wasserstein([]int64{60, 70, 80}, []int64{90, 10, 1}, Axis{[]float64{a, b}, c, d}, ref, cur)} {
			if name == "mean " || name == "welch" {
				name = "mean" // whose shift has no limit
			}
			checkResult(t, name, r)
		}
		for name, p := range map[string]float64{"chi-square": ChiSquareTail(a, b, c), "Kolmogorov": KolmogorovTail(a), "one sample": KSOneSampleTail(a, math.Min(b, 1e6)),
			"AD": AndersonDarlingTail(a, n, m, nil), "CvM": CramerVonMisesTail(a, n, m, []int64{1 + n&0xff, 1, 1 + m&0xff}), "quadratic": QuadraticTail(a, []float64{b, c, d}),
			"binomial": BinomialTail(n, m, a)} {
			if !(p >= 0 && p <= 1) {
				t.Errorf("%s: p = %v of %v %v %v %v", name, p, a, b, c, d)
			}
		}
		for name, shift := range map[string]float64{"PSI": ShiftOfPSI(a), "JS": ShiftOfJS(a), "KS": ShiftOfKS(a), "AD": ShiftOfAD(a, 0.3), "CvM": ShiftOfCvM(a, 0.3),
			"Hellinger": ShiftOfHellinger(a), "TV": ShiftOfTV(a), "L-infinity": ShiftOfLInf(a), "AUC": ShiftOfAUC(a), "scale": ShiftOfScale(a)} {
			if !(math.Abs(shift) <= maxShift) {
				t.Errorf("%s: the shift of %v is %v", name, a, shift)
			}
		}
		p := []float64{a, b, c, d, a}
		if q := slices.Clone(p); len(BenjaminiHochberg(p, 0.1)) != len(p) || !slices.EqualFunc(p, q, func(x, y float64) bool { return x == y || x != x && y != y }) {
			t.Error("Benjamini-Hochberg changed its argument or its length")
		}
	})
}

// FuzzNull learns from any scores: tails are probabilities that fall with the score, and whatever passes for independent has no burst.
func FuzzNull(f *testing.F) {
	row := func(scores ...float64) (data []byte) {
		for _, x := range scores {
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(x))
		}
		return data
	}
	f.Add(row(1, 2, 0.5, 1.5, 3, 0.1), true)
	f.Add(row(0, 0, 0, 0, 40, 0, 0, 0), true)
	f.Add(row(0, 0, 0, 0, 40, 0, 0, 0), false)
	f.Add(row(1, 1, 1, 1, 1, 1e9), false)
	f.Add(row(math.MaxFloat64, math.MaxFloat64, 1e-300, math.SmallestNonzeroFloat64), false)
	f.Fuzz(func(t *testing.T, data []byte, signed bool) {
		var scores []Score
		for ; len(data) >= 8 && len(scores) < 100; data = data[8:] {
			x := math.Float64frombits(binary.LittleEndian.Uint64(data))
			scores = append(scores, Score{X: x, Mean: 1 + float64(data[0]%9), CV: 0.5, Rows: 100, Signed: signed})
		}
		n, err := FitNull(scores)
		if err != nil {
			return
		}
		if n.Independent() && n.Bursts > 0 || n.Bursts > n.K || !(n.Phi >= 1) {
			t.Fatalf("%+v", n)
		}
		last := 1.0
		for _, x := range []float64{0, 1e-300, 1e-3, 0.5, 1, 2, 10, 1e3, 1e9, 1e100, math.MaxFloat64} {
			p := n.Tail(x)
			if !(p >= 0 && p <= last+1e-9) {
				t.Fatalf("tail of %v is %v after %v: %+v", x, p, last, n)
			}
			last = p
		}
	})
}
