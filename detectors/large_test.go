package detectors

import (
	"math"
	"testing"
)

// Laws of very many rows. The values without a closed form are integrals of the densities by mpmath 1.4.1 with 40 digits.

func TestBinomialTailOfMany(t *testing.T) {
	for _, c := range []struct {
		k, n int64
		p    float64
		want float64
	}{
		{500000, 1000000, 0.5, 0.500398942180666},
		{501500, 1000000, 0.5, 0.00135432765302988},
		{498500, 1000000, 0.5, 0.998654536021635},
		{504000, 1000000, 0.5, 6.26954803124034e-16},
		{515000, 1000000, 0.5, 4.72620312632193e-198},
		{10596, 1000000, 0.01, 1.52169866218765e-9},
		{5000000, 10000000, 0.5, 0.500126156622947},
		{5047434, 10000000, 0.5, 4.935648898712e-198},
		{100000, 10000000, 0.01, 0.500426867023556},
		{50000000, 100000000, 0.5, 0.50003989422794},
		{50040000, 100000000, 0.5, 6.22599363110905e-16},
		{500000000, 1000000000, 0.5, 0.500012615662607},
		{499952566, 1000000000, 0.5, 0.998650195900295},
		{500474341, 1000000000, 0.5, 4.91710279313204e-198},
		{10018878, 1000000000, 0.01, 9.99746905151325e-10},
		{5000000000, 10000000000, 0.5, 0.500003989422804},
		{5000400000, 10000000000, 0.5, 6.2214656093782e-16},
		{100059699, 10000000000, 0.01, 9.90540927481419e-10},
		{1e10, 1e10, 1 - 1e-9, math.Exp(1e10 * math.Log(0.999999999))}, // p^n, and 1 - (1-p)^n
		{1, 1e10, 1e-10, -math.Expm1(1e10 * math.Log1p(-1e-10))},
		{1, 1e15, 1e-30, 1e-15},
	} {
		near(t, "binomial tail", BinomialTail(c.k, c.n, c.p), c.want, 2e-7)
	}
}

func TestFTailOfMany(t *testing.T) {
	for _, c := range []struct{ a, b, x, want float64 }{
		{1e6, 1e6, 1.005, 0.00631974141750474},
		{1e7, 1e7, 1, 0.5},
		{1e8, 3e8, 1.001, 4.64361873837591e-10},
		{1e9, 1e9, 1.0001, 0.0569321851681494},
		{1e10, 1e8, 0.999, 0.999999999999044},
		{1e10, 1e10, 1.0003, 3.79750671597231e-51},
		{1e15, 1e15, 1.0000001, 0.0569231579339308},
		{9, 1e10, 5, 9.22662904652253e-7},
		{1e10, 9, 5, 0.00575005458536176},
		{2, 1e10, 30, math.Exp(-5e9 * math.Log1p(30/5e9))}, // (1 + 2x/b)^(-b/2)
	} {
		near(t, "F tail", fTail(c.x, c.a, c.b), c.want, 2e-7)
	}
	for n := 1.0; n <= 1e15; n *= 10 { // of two sides alike it is symmetric about 1
		near(t, "F tail at 1", fTail(1, n, n), 0.5, 1e-9)
	}
}

func TestStudentTailOfMany(t *testing.T) {
	for _, c := range []struct{ df, t, want float64 }{
		{1e6, 3, 0.0026998625414218},
		{1e8, 1.96, 0.0499957930693281},
		{1e10, 6, 1.9731753575177e-9},
		{1e10, 0.5, 0.617075077462976},
		{1e10, 30, 9.81362701966856e-198},
		{1e300, 3, math.Erfc(3 / math.Sqrt2)},
		{2, 3, 1 - 3/math.Sqrt(11)},
		{1, 1e9, 2 / math.Pi * math.Atan(1e-9)},
	} {
		near(t, "Student's tail", studentTail(c.t, c.df), c.want, 1e-9)
		near(t, "Student's quantile", studentQuantile(c.want, c.df), c.t, 1e-9)
	}
}

// The formula for many takes over from the fraction, and from the mixture, where both agree.
func TestLawsOfManyAreContinuous(t *testing.T) {
	for _, b := range []float64{manyRows, 1e6, 1e12} {
		for _, z := range []float64{-8, -1, 0, 1e-5, 1, 8} {
			a := float64(manyRows)
			x := a/(a+b) + z*math.Sqrt(a/(a+b)*(b/(a+b))/(a+b))
			above := x*b - (1-x)*a
			few := betaDensity(a, b, surplus(a, (a+b)*x, above)+surplus(b, (a+b)*(1-x), -above))
			if above > 0 {
				few = 1 - few*betaFraction(b, a, 1-x, x, -above)
			} else {
				few *= betaFraction(a, b, x, 1-x, above)
			}
			near(t, "beta law", betaTail(a, b, x, 1-x), few, 2e-8)
		}
	}
	for _, df := range []float64{1, 1000, manyFreedom / 2} {
		nc := manyFreedom - df - 0.5
		for _, z := range []float64{-5, -1, 0, 1, 5, 20} {
			x := df + nc + z*math.Sqrt(2*df+4*nc)
			near(t, "chi-square law", ChiSquareTail(x, df, nc), chiSquareOfMany(x, df, nc), 1e-7)
		}
	}
}

func TestChiSquareTailOfMany(t *testing.T) {
	for _, c := range []struct{ x, df, nc, want float64 }{
		{101000, 9, 1e5, 0.0588397800889853},
		{103000, 9, 1e5, 1.32776918770007e-6},
		{1.002e8, 9, 1e8, 8.04636088814775e-24},
		{1.00001e10, 9, 1e10, 0.308552061533071},
	} {
		near(t, "noncentral chi-square", ChiSquareTail(c.x, c.df, c.nc), c.want, 5e-8)
	}
	near(t, "the mean's", ChiSquareTail(1e40, 1e40, 0), 0.5, 1e-9)
}

// Whatever the arguments, the answer is a probability, and 0 or 1 far from the mean.
func TestChiSquareTailEnds(t *testing.T) {
	scales := []float64{math.SmallestNonzeroFloat64, 1e-300, 1e-9, 1, 9, 1e5, 1e9, 1e17, 1e40, 1e154, 1e200, 1e300, math.MaxFloat64}
	for _, x := range scales {
		for _, df := range scales {
			for _, nc := range append(scales, 0) {
				p := ChiSquareTail(x, df, nc)
				if !(p >= 0 && p <= 1) {
					t.Fatalf("P(%g; %g, %g) = %v", x, df, nc, p)
				}
				mean, sd := df/2+nc/2, math.Sqrt(df/2+nc) // by 2
				if x/2 > mean+1e4*(1+sd) && p != 0 || x/2 < mean-1e4*(1+sd) && !(p > 0.999) {
					t.Errorf("P(%g; %g, %g) = %v", x, df, nc, p)
				}
			}
		}
	}
}

// A feature of zeros and ones has no fourth moment beyond its variance: 1e9 rows have 1e12 degrees of freedom and more.
func TestVarianceRatioOfManyRows(t *testing.T) {
	flag := func(n int64, p float64) Spread {
		v := p * (1 - p)
		return Spread{Moments: Moments{N: n, Mean: p, SD: math.Sqrt(v)}, Kurtosis: (1 - 3*v) / v}
	}
	for _, n := range []int64{1e4, 1e5, 1e6, 1e8, 1e9, 1e12} {
		if p := have(t, "p", VarianceRatio(flag(n, 0.5), flag(n, 0.5+0.3/math.Sqrt(float64(n)))).P); p < 0.9 {
			t.Errorf("%d rows: half and about half of them differ in variance with p = %v", n, p)
		}
		res := VarianceRatio(flag(n, 0.2), flag(n, 0.2))
		near(t, "p of equal variances", have(t, "p", res.P), 1, 1e-9)
		if *res.Lower >= 1 || *res.Upper <= 1 {
			t.Errorf("%d rows: the ratio is between %v and %v", n, *res.Lower, *res.Upper)
		}
	}
}

// Ranks of a median are as far from either end, 1.96 standard deviations of a binomial number from the middle.
func TestQuantileRanksOfMany(t *testing.T) {
	for _, n := range []int64{1e6, 1e7, 1e8, 1e9, 1e10, 1e12} {
		lower, upper, _, _ := QuantileRanks(n, 0.5)
		if lower+upper != n+1 {
			t.Errorf("of %d rows the median is between ranks %d and %d", n, lower, upper)
		}
		near(t, "upper rank", float64(upper-n/2), z95*math.Sqrt(float64(n))/2, 2e-3)
		for _, q := range []float64{0.05, 0.95, 0.99} {
			lower, upper, _, _ := QuantileRanks(n, q)
			sd, at := math.Sqrt(q*(1-q)*float64(n)), q*float64(n)
			near(t, "lower rank", (at-float64(lower))/sd, z95, 2e-2)
			near(t, "upper rank", (float64(upper)-at)/sd, z95, 2e-2)
		}
	}
}

// Given the margins, a count is as sure whether its table is walked or not; one of 2^52 is not, which would take days.
func TestExactTablesOfMany(t *testing.T) {
	near(t, "two rows apart in 2^26", FisherExact(1<<51, 1<<52, 1<<51+1<<26, 1<<52), math.Erfc(1), 1e-6) // z = sqrt 2
	near(t, "none of five", FisherExact(0, 1e15, 5, 1e15), 2*math.Exp2(-5), 1e-9)
	near(t, "as many", FisherExact(1<<51, 1<<52, 1<<51, 1<<52), 1, 1e-9)
	near(t, "none where four are expected", FisherExact(0, 1e8, 4e8, 1e16), 0.039679, 1e-3) // P(0) + P(X >= 9) of Poisson's law
	if p := FisherExact(1<<51, 1<<52, 1<<50, 1<<52); p > 1e-300 {
		t.Errorf("a half and a quarter of 2^52 rows have p = %v", p)
	}
	if p := KSExactTail(1e-8, 1<<52, 1<<52-1); !(p >= 0 && p <= 1) {
		t.Errorf("KS tail %v", p)
	}
}

// Rows fall where others do independently of each other when these are many: (1 + n/m)^-l.
func TestAbsenceOfMany(t *testing.T) {
	for _, c := range []struct {
		l, m, n int64
		want    float64
	}{
		{2, 3, 2, 3.0 / 10}, {5, 5, 7, 1.0 / 792}, {6, 5, 7, 0}, {0, 5, 7, 1}, {5, 5, 0, 1}, // counted
		{999, 1e15, 1e12, math.Exp(-999 * math.Log1p(1e-3))},
		{1000, 1e15, 1e12, math.Exp(-1000 * math.Log1p(1e-3))},
		{101, 1e15, 1e13, math.Exp(-101 * math.Log1p(1e-2))},
		{1 << 40, 1 << 52, 10, math.Exp(10 * math.Log1p(-1.0/(1<<12)))},
		{1 << 51, 1 << 52, 1, 0.5},
		{3, 10, 1 << 52, 720 * math.Exp2(-156)},
	} {
		near(t, "absence", Absence(c.l, c.m, c.n), c.want, 1e-9)
	}
	if most := inWindowAtMost(1e-10, 1<<52, 1); most != 1<<52+1 {
		t.Errorf("%d rows are in a window beside a single other", most)
	}
}
