package sequential

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestCUSUMRunLengthIsThePublished(t *testing.T) {
	f := func(source string, got, want, tolerance float64) {
		t.Helper()
		if math.Abs(got/want-1) > tolerance {
			t.Errorf("%s: run length %.5g, published %.5g", source, got, want)
		}
	}
	// All but Montgomery's are quoted from the examples of R's package spc, function xcusum.arl.
	// Lucas and Crosier, Technometrics 24 (1982), table 1: two-sided, k = 0.5, h = 4, three figures.
	for shift, want := range map[float64]float64{0: 168, 0.25: 74.2, 0.5: 26.6, 0.75: 13.3, 1: 8.38, 1.5: 4.75, 2: 3.34, 2.5: 2.62, 3: 2.19, 4: 1.71, 5: 1.31} {
		f("Lucas and Crosier", CUSUMRunLength(0.5, 4, shift), want, 0.006)
	}
	// The same two and Montgomery's at more digits, by an independent program of the chain with 200 states.
	for _, c := range [][3]float64{{4, 0, 167.7}, {4, 1, 8.38}, {5, 0, 465.4}, {5, 1, 10.38}} {
		f("Brook and Evans's chain", CUSUMRunLength(0.5, c[0], c[1]), c[2], 0.0006)
	}
	// Montgomery, Introduction to Statistical Quality Control, as commonly quoted: k = 0.5, h = 5, two-sided.
	for shift, want := range map[float64]float64{0: 465, 0.25: 139, 0.5: 38.0, 0.75: 17.0, 1: 10.4, 1.5: 5.75, 2: 4.01, 2.5: 3.11, 3: 2.57} {
		f("Montgomery", CUSUMRunLength(0.5, 5, shift), want, 0.006)
	}
	// Brook and Evans, Biometrika 59 (1972), section 4.3: one-sided, k = 0.5, h = 3.
	f("Brook and Evans", CUSUMRunLengthOneSided(0.5, 3, 0), 117.59, 0.002)
	f("Brook and Evans", CUSUMRunLengthOneSided(0.5, 3, 1.5), 3.75, 0.002)
	// Vance, J. Quality Technology 18 (1986), table 1: one-sided, k = 0, h = 10.
	for shift, want := range map[float64]float64{-0.25: 2071.51, -0.125: 400.28, 0: 124.66, 0.125: 59.30, 0.25: 36.71, 0.5: 20.37, 0.75: 14.06, 1: 10.75} {
		f("Vance", CUSUMRunLengthOneSided(0, 10, shift), want, 0.001)
	}
	// Waldmann, Technometrics 28 (1986), tables 3, 1, 5 and 6.
	f("Waldmann", CUSUMRunLengthOneSided(0.5, 3, -0.5), 1963, 0.001)
	f("Waldmann", CUSUMRunLengthOneSided(0.5, 3, 0), 117.4, 0.002)
	f("Waldmann", CUSUMRunLengthOneSided(0.5, 3, 0.5), 17.35, 0.001)
	f("Waldmann", CUSUMRunLength(0.6, 3, -0.2), 65.4, 0.001)
	// SAS/QC manual (1999), function CUSUMARL: k = 0.25, h = 8, shift 2.5.
	f("SAS one-sided", CUSUMRunLengthOneSided(0.25, 8, 2.5), 4.1500836225, 0.001)
	f("SAS two-sided", CUSUMRunLength(0.25, 8, 2.5), 4.1500826715, 0.001)
	// Montgomery's table after Hawkins (1993): pairs of k and h with a two-sided run length of 370; h has three figures.
	for k, h := range map[float64]float64{0.25: 8.01, 0.5: 4.77, 0.75: 3.34, 1: 2.52, 1.25: 1.99, 1.5: 1.61} {
		f("Hawkins", CUSUMRunLength(k, h, 0), 370, 0.02)
	}
}

func TestCUSUMLimitInvertsTheRunLength(t *testing.T) {
	for _, k := range []float64{0.1, 0.5, 1.5} {
		for _, arl0 := range []float64{20, 370, 1e4, 1e8} {
			h, err := CUSUMLimit(k, arl0)
			if err != nil {
				t.Fatal(err)
			}
			if got := CUSUMRunLength(k, h, 0); math.Abs(got/arl0-1) > 1e-6 {
				t.Errorf("k %v, ARL0 %v: h %v has %v", k, arl0, h, got)
			}
		}
	}
	for _, bad := range [][2]float64{{0, 100}, {0.5, 2}, {math.NaN(), 100}, {0.5, math.Inf(1)}, {5, 100}, {3, 5}} {
		if h, err := CUSUMLimit(bad[0], bad[1]); err == nil {
			t.Errorf("CUSUMLimit(%v, %v) = %v, no error", bad[0], bad[1], h)
		}
	}
}

func TestCUSUMStep(t *testing.T) {
	c := CUSUM{Mean: 10, SD: 2, K: 0.5, H: 4}
	var s CUSUMState
	// Montgomery's rule by hand: z = 0, -1, 2, 2, 2.5 gives S+ = 0, 0, 1.5, 3, 5.
	want := []float64{0, 0.5, 1.5, 3, 5}
	var st Status
	for i, x := range []float64{10, 8, 14, 14, 15} {
		if st = c.Step(&s, x); st.Value != want[i] {
			t.Errorf("step %d: %+v, want %v", i+1, st, want[i])
		}
	}
	if !st.Alarm || st.Since != 3 || st.Direction != Up || !strings.Contains(st.Reason, "2.2 standard deviations up for 3 steps") {
		t.Errorf("%+v", st)
	}
	if st := c.Step(&s, math.NaN()); st.Alarm || st.Reason == "" || st.Step != 5 || s.Refused != 1 {
		t.Errorf("NaN: %+v", st)
	}
	s = CUSUMState{}
	for range 9 {
		st = c.Step(&s, 8)
	}
	if !st.Alarm || st.Direction != Down || st.Since != 1 {
		t.Errorf("down: %+v", st)
	}
	if _, err := NewCUSUM(1, 0, 0.5, 100); err == nil {
		t.Error("a constant baseline is no error")
	}
	if c, err := NewCUSUM(1, 2, 0.5, 465.4); err != nil || math.Abs(c.H-5) > 0.01 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestLag1(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	x := make([]float64, 20000)
	for i := range x {
		x[i] = rng.NormFloat64()
		if i > 0 {
			x[i] += 0.7 * x[i-1]
		}
	}
	if phi, ok := Lag1(x); !ok || math.Abs(phi-0.7) > 0.02 {
		t.Errorf("phi %v %v, want 0.7", phi, ok)
	}
	// NIST StRD Lew: certified first autocorrelation -0.307304800605679 of 200 values; here a short series by hand:
	// 1..10 has mean 5.5, sum of squares 82.5, cross products 57.75.
	if phi, ok := Lag1([]float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}); !ok || math.Abs(phi-57.75/82.5) > 1e-12 {
		t.Errorf("phi of 1..10 is %v", phi)
	}
	for _, bad := range [][]float64{nil, {1, 2, 3}, make([]float64, 50), append(make([]float64, 50), math.NaN())} {
		if phi, ok := Lag1(bad); ok {
			t.Errorf("Lag1(%v) = %v", bad, phi)
		}
	}
}

func TestECUSUMStep(t *testing.T) {
	c, err := NewECUSUM(0.2, 3)
	if err != nil {
		t.Fatal(err)
	}
	var s ECUSUMState
	// First bet: mean = r0, so 0.05: M = 1.04. Then mean 0.208, variance 0.1648: still 0.05 by the clip: 1.04^2.
	if st := c.Step(&s, 1); math.Abs(st.Value-1.04) > 1e-12 || st.Alarm {
		t.Errorf("%+v", st)
	}
	if st := c.Step(&s, 1); math.Abs(st.Value-1.04*1.04) > 1e-12 {
		t.Errorf("%+v", st)
	}
	c.Step(&s, 0)
	var st Status
	for n := 0; !st.Alarm; n++ {
		if st = c.Step(&s, 1); n > 100 {
			t.Fatal("no alarm")
		}
	}
	if st.Since != 1 || st.Direction != Up || st.Value < 3 {
		t.Errorf("%+v", st)
	}
	for range 100000 {
		st = c.Step(&s, 1)
	}
	if !finite(st.Value) || !finite(s.Log) {
		t.Errorf("after 100000 losses: %+v %+v", st, s)
	}
	for _, x := range []float64{-0.1, 1.1, math.NaN(), math.Inf(1)} {
		if st := c.Step(&s, x); st.Alarm || st.Reason == "" {
			t.Errorf("loss %v: %+v", x, st)
		}
	}
	for _, bad := range [][2]float64{{0, 10}, {1, 10}, {0.1, 1}, {math.NaN(), 10}, {0.1, math.Inf(1)}} {
		if _, err := NewECUSUM(bad[0], bad[1]); err == nil {
			t.Errorf("NewECUSUM(%v) is no error", bad)
		}
	}
}

func TestConfidenceStep(t *testing.T) {
	c, err := NewConfidence(0.05)
	if err != nil {
		t.Fatal(err)
	}
	var s ConfidenceState
	if i := c.Interval(&s); i.Lower != 0 || i.Upper != 1 {
		t.Errorf("%+v", i)
	}
	// By the formula: t = 1, mu_0 = 1/2, s2_0 = 1/4, l = min(sqrt(2 ln 40/(ln 2/4)), 1/2) = 1/2; x = 1:
	// centre 1, radius (ln 40 + 4/4 (-ln(1/2) - 1/2)/4*4)/0.5 > 1.
	c.Step(&s, 1)
	if math.Abs(s.Bets-0.5) > 1e-15 || math.Abs(s.Penalty-(math.Ln2-0.5)/4) > 1e-15 {
		t.Errorf("%+v", s)
	}
	rng := rand.New(rand.NewPCG(2, 2))
	var i Interval
	for range 20000 {
		x := 0.0
		if rng.Float64() < 0.1 {
			x = 1
		}
		i = c.Step(&s, x)
	}
	wald := 2 * 1.959964 * math.Sqrt(0.09/20000)
	if i.Lower > 0.1 || i.Upper < 0.1 || i.Upper-i.Lower > 3*wald {
		t.Errorf("%+v, Wald width %v", i, wald)
	}
	if j := c.Step(&s, 2); j != i || s.Refused != 1 {
		t.Errorf("a value of 2: %+v", j)
	}
	rise := RiskRise(Interval{Lower: 0.04, Upper: 0.06}, i, 0.01)
	if !rise.Alarm || math.Abs(rise.Threshold-0.07) > 1e-12 || rise.Value != i.Lower {
		t.Errorf("%+v", rise)
	}
	if rise := RiskRise(Interval{Upper: 0.09}, i, 0.05); rise.Alarm {
		t.Errorf("%+v", rise)
	}
	if rise := RiskRise(Interval{Upper: math.NaN()}, i, 0.05); rise.Alarm || rise.Reason == "" {
		t.Errorf("%+v", rise)
	}
}

func TestTailDesign(t *testing.T) {
	f := func(mean, variance, df, arl0, want float64, ok bool) {
		t.Helper()
		if got, fine := TailDesign(mean, variance, df, arl0); fine != ok || math.Abs(got-want) > 1e-3 {
			t.Errorf("TailDesign(%v, %v, %v, %v) = %v %v, want %v %v", mean, variance, df, arl0, got, fine, want, ok)
		}
	}
	f(15, 30, 15, 1000, 1, true)         // independent rows
	f(45, 270, 15, 1000, 3, true)        // all differences blown up alike
	f(5, 10, 15, 1000, 1, true)          // less than independent rows show: chance
	f(30, 300, 15, 1000, 2.978694, true) // scipy 1.17.1: 30/6*chi2.ppf(.999, 6)/chi2.ppf(.999, 15)
	f(0, 1, 15, 1000, 0, false)
	f(15, math.NaN(), 15, 1000, 0, false)
	f(15, 30, 15, math.Inf(1), 0, false)
}

// Numbers that are none, or far too large, never come out of a detector and never panic.
func FuzzSteps(f *testing.F) {
	f.Add(uint64(1), math.NaN(), math.Inf(1), 1e308)
	f.Add(uint64(2), 5e-324, -1e308, 0.5)
	f.Fuzz(func(t *testing.T, seed uint64, a, b, c float64) {
		rng := rand.New(rand.NewPCG(seed, 0))
		values := []float64{a, b, c, -a, 0, 1, rng.NormFloat64()}
		chart := mustChart(t, cells(3, 10), 0.3, 1)
		chart.Limits = Limits{Final: 5}
		var q QTEWMAState
		var cs CUSUMState
		var es ECUSUMState
		var conf ConfidenceState
		var ph PageHinkleyState
		var ad ADWINState
		var ks KSWINState
		var dd DDMState
		var ed EDDMState
		adwin := ADWIN{Delta: 0.2, Clock: 1, MaxBuckets: 2, MinWindow: 2, Grace: 2}
		kswin := KSWIN{Alpha: 0.1, Window: 8, Stat: 4}
		for range 200 {
			x := values[rng.IntN(len(values))]
			i := Confidence{Alpha: 0.1}.Step(&conf, x)
			count := int64(0)
			if x > 0 && x < 1e9 {
				count = int64(x)
			}
			for _, st := range []Status{
				chart.Event(&q, rng.IntN(4)), chart.Pane(&q, []int64{count, 0, int64(rng.IntN(3))}),
				CUSUM{Mean: 1, SD: 0.5, K: 0.5, H: 4, Phi: -0.5}.Step(&cs, x), ECUSUM{Tolerated: 0.01, ARL0: 10}.Step(&es, x),
				PageHinkley{MinInstances: 2, Threshold: 1, Alpha: 1}.Step(&ph, x), adwin.Step(&ad, x), kswin.Step(&ks, x),
				NewDDM().Step(&dd, x), NewEDDM().Step(&ed, x), {Value: i.Lower, Threshold: i.Upper, Step: 1},
			} {
				if !finite(st.Value) || !finite(st.Threshold) || st.Since > st.Step || st.Alarm && st.Reason == "" {
					t.Fatalf("%+v after %v", st, x)
				}
			}
			if !(i.Lower >= 0 && i.Upper <= 1) {
				t.Fatalf("%+v", i)
			}
		}
	})
}
