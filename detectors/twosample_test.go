package detectors

import (
	"encoding/json"
	"math"
	"math/cmplx"
	"os"
	"slices"
	"testing"
)

// twoSample is testdata/twosample.json, written by testdata/regenerate.py with the versions it names.
type twoSample struct {
	Cells []struct {
		Ref, Cur                            []int64
		Hellinger, TV, LInf, T, AD, AUC, W1 float64
		TP                                  float64 `json:"t_p"`
		UP                                  float64 `json:"u_p"`
		Lower                               float64 `json:"auc_lower"`
		Upper                               float64 `json:"auc_upper"`
	}
	CvMLimit []struct{ X, Want float64 }       `json:"cvm_inf_sf"`
	Chi2     []struct{ P, DF, Want float64 }   `json:"chi2_isf"`
	F        []struct{ X, A, B, Want float64 } `json:"f_sf"`
	Fisher   []struct {
		K, N, L, M int64
		Want       float64
	}
}

func loadTwoSample(t *testing.T) twoSample {
	t.Helper()
	body, err := os.ReadFile("testdata/twosample.json")
	if err != nil {
		t.Fatal(err)
	}
	var ref twoSample
	if err := json.Unmarshal(body, &ref); err != nil {
		t.Fatal(err)
	}
	return ref
}

func TestCellsAgainstSciPy(t *testing.T) {
	for _, c := range loadTwoSample(t).Cells {
		near(t, "Hellinger", have(t, "Hellinger", Hellinger(c.Ref, c.Cur).Value), c.Hellinger, 1e-12)
		near(t, "TV", have(t, "TV", TotalVariation(c.Ref, c.Cur).Value), c.TV, 1e-12)
		near(t, "L-infinity", have(t, "L-infinity", LInfinity(c.Ref, c.Cur).Value), c.LInf, 1e-12)
		near(t, "AD", have(t, "AD", AndersonDarling(c.Ref, c.Cur).Value), c.AD, 1e-10)
		auc := AUC(c.Ref, c.Cur)
		near(t, "AUC", have(t, "AUC", auc.Value), c.AUC, 1e-12)
		near(t, "Mann-Whitney p", have(t, "p", auc.P), c.UP, 1e-9)
		near(t, "AUC lower", have(t, "lower", auc.Lower), c.Lower, 1e-9)
		near(t, "AUC upper", have(t, "upper", auc.Upper), c.Upper, 1e-9)
		ref, cur := momentsOfCells(c.Ref), momentsOfCells(c.Cur)
		welch := Welch(ref, cur)
		near(t, "Welch t", have(t, "t", welch.Value), c.T, 1e-11)
		near(t, "Welch p", have(t, "p", welch.P), c.TP, 1e-9)
		// Values in the middle of cells of width 1 are no farther from the grid's distance than its bounds say.
		axis := Axis{Low: -0.5, High: float64(len(c.Ref)) - 0.5}
		for j := range c.Ref[1:] {
			axis.Edges = append(axis.Edges, float64(j)+0.5)
		}
		w1 := Wasserstein(c.Ref, c.Cur, axis, ref, cur)
		if lo, hi := have(t, "lower", w1.Lower), have(t, "upper", w1.Upper); c.W1 < lo-1e-12 || c.W1 > hi+1e-12 {
			t.Errorf("W1 %v is outside [%v, %v]", c.W1, lo, hi)
		}
	}
}

// momentsOfCells are those of the cells' numbers.
func momentsOfCells(counts []int64) Moments {
	var n, mean, square float64
	for j, k := range counts {
		n, mean, square = n+float64(k), mean+float64(k)*float64(j), square+float64(k)*float64(j)*float64(j)
	}
	mean /= n
	return Moments{N: int64(n), Mean: mean, SD: math.Sqrt((square - n*mean*mean) / (n - 1))}
}

func TestLawsAgainstSciPy(t *testing.T) {
	ref := loadTwoSample(t)
	for _, c := range ref.CvMLimit { // SciPy computes it to about 1e-7
		if p := continuousCvM.tail(c.X); math.Abs(p-c.Want) > 2e-7 {
			t.Errorf("Cramér-von Mises tail(%g) = %.10g, want %.10g", c.X, p, c.Want)
		}
	}
	for _, c := range ref.Chi2 {
		near(t, "chi2.isf", chiSquareQuantile(c.P, c.DF), c.Want, 1e-9)
	}
	for _, c := range ref.F {
		near(t, "f.sf", fTail(c.X, c.A, c.B), c.Want, 1e-10)
	}
	for _, c := range ref.Fisher {
		near(t, "fisher_exact", newHypergeometric(c.K, c.N, c.L, c.M).p(), c.Want, 1e-7)
		near(t, "fisher_exact of shares", FisherExact(c.K, c.N, c.L, c.M), c.Want, 1e-7)
	}
}

// The table of golden_test.go; by mpmath with 30 digits, as there.
func TestGoldenDistances(t *testing.T) {
	near(t, "Hellinger", have(t, "value", Hellinger(goldenRef, goldenCur).Value), 0.09299281798332313, 1e-13)
	near(t, "TV", have(t, "value", TotalVariation(goldenRef, goldenCur).Value), 0.12, 1e-13)
	near(t, "L-infinity", have(t, "value", LInfinity(goldenRef, goldenCur).Value), 0.09, 1e-13)
	near(t, "critical PSI", PSICritical(0.05, 200, 1000, 4), 0.04688836742, 1e-9)
}

// The smoothness of a paper in four laboratories (Scholz and Stephens 1987, section 7): 4.449 of the empirical distributions as they are and
// 4.480 with midranks, which SciPy's tests of anderson_ksamp have too.
func TestAndersonDarlingOfFourSamples(t *testing.T) {
	labs := [][]float64{{38.7, 41.5, 43.8, 44.5, 45.5, 46.0, 47.7, 58.0}, {39.2, 39.3, 39.7, 41.4, 41.8, 42.9, 43.3, 45.8},
		{34.0, 35.0, 39.0, 40.0, 43.0, 43.0, 44.0, 45.0}, {34.0, 34.8, 34.8, 35.4, 37.2, 37.8, 41.2, 42.8}}
	var values []float64
	for _, lab := range labs {
		values = append(values, lab...)
	}
	slices.Sort(values)
	values = slices.Compact(values)
	counts := make([][]int64, len(labs))
	for i, lab := range labs {
		counts[i] = make([]int64, len(values))
		for _, v := range lab {
			j, _ := slices.BinarySearch(values, v)
			counts[i][j]++
		}
	}
	a2, sigma := AndersonDarlingStatistic(counts...)
	near(t, "Anderson-Darling", (a2-3)/sigma, 4.480, 0.001/4.48/2)

	// Equation 6 as it reads: without midranks, which this package doesn't offer, on the same standard deviation.
	all, plain := 32.0, 0.0
	for _, lab := range counts {
		within, below := 0.0, 0.0
		for j, f := range lab[:len(lab)-1] {
			l := float64(counts[0][j] + counts[1][j] + counts[2][j] + counts[3][j])
			within, below = within+float64(f), below+l
			d := all*within - below*8
			plain += l / all / 8 * d * d / (below * (all - below))
		}
	}
	near(t, "Anderson-Darling without midranks", (plain-3)/sigma, 4.449, 0.001/4.449/2)
}

// The limiting law of Anderson-Darling: critical values of Scholz and Stephens (1987, table 1, m = 1 and infinitely many rows) to the
// digits printed, and values with 30 digits by mpmath from the generating function of Anderson and Darling (1952).
func TestAndersonDarlingLaw(t *testing.T) {
	for _, c := range []struct{ x, want, tolerance float64 }{
		{0.2, 0.990412547249794117, 1e-12}, {0.5, 0.746814373530344484, 1e-12}, {1, 0.357266673214019086, 1e-12},
		{5, 0.00287442130458607239, 1e-12}, {10, 0.0000138150354106858641, 1e-12}, {20, 4.46507153831192183e-10, 1e-11},
		{2.492, 0.05, 1e-3}, {3.878, 0.01, 1e-3}, // printed in tables since Lewis (1961)
	} {
		near(t, "tail", continuousAD.tail(c.x), c.want, c.tolerance)
	}
	for _, c := range []struct{ x, want, tolerance float64 }{
		{0.02, 0.996999385698398122, 1e-12}, {0.1, 0.584873438406794912, 1e-12}, {0.46136, 0.050000383132651276, 1e-12},
		{4, 4.73445303227537166e-10, 1e-11}, {8, 9.01975625992772617e-19, 1e-11},
		{0.74346, 0.01, 1e-4}, {1.16786, 0.001, 1e-4}, // Anderson and Darling (1952, table 1)
	} {
		near(t, "tail", continuousCvM.tail(c.x), c.want, c.tolerance)
	}
}

// Laws that have a closed form: two cells are one chi-square; four equal weights are a gamma law, two different pairs of them a sum of two
// exponentials.
func TestContourAgainstClosedForms(t *testing.T) {
	weights := func(lambda ...float64) quadratic {
		top := 0.0
		for _, l := range lambda {
			top = math.Max(top, l)
		}
		return quadratic{end: 1 / (2 * top), log: func(s complex128) (k complex128) {
			for _, l := range lambda {
				k -= cmplx.Log(1-2*s*complex(l, 0)) / 2
			}
			return k
		}}
	}
	near(t, "sd of a chi-square", adLaw([]int64{30, 70}).sd(), math.Sqrt2, 1e-5)
	two, three := weights(0.5, 0.5, 0.5, 0.5), weights(1, 1, 0.25, 0.25)
	for _, x := range []float64{1e-6, 0.01, 0.3, 1, 3, 10, 40, 150, 600} {
		near(t, "chi-square by two cells", adLaw([]int64{30, 70}).tail(x), ChiSquareTail(x, 1, 0), 1e-9)
		near(t, "gamma", two.tail(x), math.Exp(-x)*(1+x), 1e-11)
		near(t, "two exponentials", three.tail(x), (4*math.Exp(-x/2)-math.Exp(-2*x))/3, 1e-11)
	}
}

// On ever finer cells the law given the ties becomes the one without.
func TestTiedLawsApproachTheContinuous(t *testing.T) {
	for _, cells := range []int{16, 64, 256, 2048} {
		ties := make([]int64, cells)
		for j := range ties {
			ties[j] = 40
		}
		for _, x := range []float64{0.5, 2.5, 6} {
			bound := 3 / float64(min(cells, lawCells))
			near(t, "AD", adLaw(ties).tail(x), continuousAD.tail(x), bound*(1+2*x))
		}
		near(t, "sd of AD", adLaw(ties).sd(), sdAD, 2/float64(min(cells, lawCells)))
		near(t, "sd of CvM", cvmLaw(ties).sd(), 1/math.Sqrt(45), 4/float64(min(cells, lawCells)))
		near(t, "mean of CvM", cvmMean(ties), 1.0/6, 2/float64(min(cells, lawCells)))
	}
}

// A value that holds most rows stays a cell of its own among thousands.
func TestAtomsSurviveJoining(t *testing.T) {
	ties := make([]int64, 3000)
	for j := range ties {
		ties[j] = 1
	}
	ties[2999] = 1 << 30
	near(t, "tail", adLaw(ties).tail(3), adLaw([]int64{1, 2998, 1 << 30}).tail(3), 0.2)
	if p := AndersonDarlingTail(10, 100, 1<<30, ties); p > 0.01 {
		t.Errorf("p = %v", p)
	}
}

// The exact standard deviation of A2, against the double sum of Scholz and Stephens as they print it.
func TestAndersonDarlingSD(t *testing.T) {
	for _, n := range []int{4, 10, 57, 199, 200, 201, 900} {
		g, h := 0.0, 0.0
		for i := 1; i < n; i++ {
			h += 1 / float64(i)
			for j := i + 1; j < n; j++ {
				g += 1 / (float64(n-i) * float64(j))
			}
		}
		whole, squares := harmonic(float64(n))
		near(t, "h", whole-1/float64(n), h, 1e-13)
		near(t, "g", squares-2*whole/float64(n)+1/float64(n*n), g, 1e-12)
	}
	near(t, "limit", andersonDarlingSD(1e12, 1e12), sdAD, 1e-9)
}

// Each equivalent shift is the inverse of the distance between two shifted normal distributions.
func TestEquivalentShifts(t *testing.T) {
	for _, delta := range []float64{0.01, 0.1, 0.5, 2} {
		near(t, "AD", ShiftOfAD(adOfShift(delta, 0.1), 0.1), delta, 1e-5)
		near(t, "CvM", ShiftOfCvM(cvmOfShift(delta, 0.5), 0.5), delta, 1e-5)
		// P(Y > X) = Phi(delta/sqrt2)
		near(t, "AUC", ShiftOfAUC(0.5*math.Erfc(-delta/2)), delta, 1e-9)
		near(t, "AUC below", ShiftOfAUC(0.5*math.Erfc(delta/2)), -delta, 1e-9)
	}
	// Small shifts: F - G = delta phi, so that the integrals are delta^2 ∫ phi^3 dx = delta^2/(2 pi sqrt3), closed form.
	near(t, "CvM of a small shift", cvmOfShift(1e-3, 0)/1e-6, 1/(2*math.Pi*math.Sqrt(3)), 1e-3)
	// Equal Hellinger distance: sqrt(2r/(1+r^2)) = exp(-d^2/8) at r = 2 is d = sqrt(-4 ln 0.8).
	near(t, "scale", ShiftOfScale(2), math.Sqrt(-4*math.Log(0.8)), 1e-12)
	near(t, "inverse scale", ShiftOfScale(0.5), ShiftOfScale(2), 1e-12)
	// Both ends of every one of them.
	for name, f := range map[string]func(float64) float64{"Hellinger": ShiftOfHellinger, "TV": ShiftOfTV, "L-infinity": ShiftOfLInf,
		"AUC": ShiftOfAUC, "scale": ShiftOfScale, "AD": func(x float64) float64 { return ShiftOfAD(x, 0.3) },
		"CvM": func(x float64) float64 { return ShiftOfCvM(x, 0.3) }} {
		for _, x := range []float64{math.NaN(), math.Inf(-1), -1, 0, 1e-300, 0.3, 1, 1e300, math.Inf(1)} {
			if v := f(x); !(v >= -maxShift && v <= maxShift) {
				t.Errorf("%s: the shift of %v is %v", name, x, v)
			}
		}
	}
}
