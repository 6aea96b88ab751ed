package detectors

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// autoregression returns n values of a stationary AR(1) with standard normal margins.
func autoregression(rng *rand.Rand, n int, rho float64) []float64 {
	x, last := make([]float64, n), rng.NormFloat64()
	for i := range x {
		last = rho*last + math.Sqrt(1-rho*rho)*rng.NormFloat64()
		x[i] = last
	}
	return x
}

// tenths cuts at the deciles of all of x.
func tenths(x []float64) []float64 {
	s := slices.Clone(x)
	slices.Sort(s)
	edges := make([]float64, 9)
	for j := range edges {
		edges[j] = s[(j+1)*len(s)/10]
	}
	return edges
}

func countOn(edges, x []float64) []int64 {
	c := make([]int64, len(edges)+1)
	for _, v := range x {
		j, _ := slices.BinarySearch(edges, v)
		c[j]++
	}
	return c
}

func minus(a, b []int64) []int64 {
	out := slices.Clone(a)
	for j := range out {
		out[j] -= b[j]
	}
	return out
}

func scoreOfTable(t *testing.T, ref, cur []int64) Score {
	t.Helper()
	table, reason := newTable(ref, cur)
	if reason != "" {
		t.Fatal(reason)
	}
	m := table.merged()
	return chiSquareScore(chiSquare(m), float64(len(m.r)-1), 1/m.sampling(), psi(m, 0.5))
}

// learn is the null of the windows of n rows that a baseline holds, all being its counts.
func learn(t *testing.T, edges []float64, all []int64, baseline []float64, n int) *Null {
	t.Helper()
	var scores []Score
	for i := 0; i < len(baseline); i += n {
		w := countOn(edges, baseline[i:i+n])
		scores = append(scores, scoreOfTable(t, minus(all, w), w))
	}
	null, err := FitNull(scores)
	if err != nil {
		t.Fatal(err)
	}
	return null
}

// Of rows with autocorrelation 0.9 the law of independent rows rejects three windows in four at 0.05; the null learned from 50
// windows of the baseline keeps the level far into the tail.
func TestNullLearnsAutocorrelation(t *testing.T) {
	const m, n, per, rounds = 10000, 200, 20, 150
	for _, c := range []struct {
		rho         float64
		independent bool
	}{{0, true}, {0.6, false}, {0.9, false}} {
		t.Run(fmt.Sprint(c.rho), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(2013, 7))
			var rejected, rare, naive, independent int
			for range rounds {
				x := autoregression(rng, m+n*per, c.rho)
				edges := tenths(x[:m])
				all := countOn(edges, x[:m])
				null := learn(t, edges, all, x[:m], n)
				if null.Independent() {
					independent++
				}
				cal := &Calibration{Windows: null, Available: null.K}
				for i := m; i < len(x); i += n {
					s := scoreOfTable(t, all, countOn(edges, x[i:i+n]))
					p, _, r := cal.tail(s)
					if r != known {
						t.Fatal("no verdict")
					}
					if p <= 0.05 {
						rejected++
					}
					if p <= 0.001 {
						rare++
					}
					if s.tail(s.X) <= 0.05 {
						naive++
					}
				}
			}
			windows := float64(rounds * per)
			size := float64(rejected) / windows
			t.Logf("rejected %.4f at 0.05, %.5f at 0.001; taken as independent %.4f; independent %d of %d", size, float64(rare)/windows, float64(naive)/windows, independent, rounds)
			if size > 0.07 || size < 0.02 {
				t.Errorf("size %.4f at 0.05", size)
			}
			if rare > 12 { // 3 expected
				t.Errorf("%d of %v windows rejected at 0.001", rare, windows)
			}
			if c.independent != (independent > rounds*9/10) || !c.independent && independent > rounds/20 {
				t.Errorf("%d of %d baselines look independent", independent, rounds)
			}
			if c.rho == 0.9 && float64(naive) < 0.6*windows {
				t.Errorf("only %d of %v windows are rejected by the law of independent rows: the simulation does not bite", naive, windows)
			}
		})
	}
}

// A drift is still found, its bounds are widened by the design effect, and the finding says what the rows are worth.
func TestCalibratedFinding(t *testing.T) {
	rng := rand.New(rand.NewPCG(2013, 8))
	const n = 500
	x := autoregression(rng, 30*n, 0.9)
	edges := tenths(x)
	all := countOn(edges, x)
	null := learn(t, edges, all, x, n)
	if null.Phi < 3 || null.Phi > 19 { // the mean of an AR(1) at 0.9 has (1+0.9)/(1-0.9) = 19, its cells have less
		t.Errorf("design effect %v", null.Phi)
	}
	moved := autoregression(rng, n, 0.9)
	for i := range moved {
		moved[i] += 2
	}
	in := numbers(t, values(x), values(moved))
	in.Alpha = 0.001
	in.Calibration = &Calibration{Windows: null, Available: 30}
	f := ask(t, "psi", in)
	if f.Verdict != "drift" || f.Windows != 30 || f.NEffective < n/19 || f.NEffective > n/3 || !f.Extrapolated() {
		t.Errorf("%+v", f)
	}
	in.Calibration = nil
	plain := ask(t, "psi", in)
	if *f.Lower >= *plain.Lower || *f.P <= *plain.P || *f.Effect >= *plain.Effect {
		t.Errorf("calibrated lower %v, p %v, effect %v; plain %v, %v, %v", *f.Lower, *f.P, *f.Effect, *plain.Lower, *plain.P, *plain.Effect)
	}

	in.Calibration = &Calibration{Shorter: null, Available: 3}
	if f = ask(t, "psi", in); f.Verdict != "drift" {
		t.Errorf("two standard deviations are more than shorter windows show: %+v", f)
	}
	in = numbers(t, values(x), values(x[:n]))
	in.Alpha, in.Calibration = 0.001, &Calibration{Shorter: null, Available: 3}
	f = ask(t, "psi", in)
	if f.Verdict != "no verdict" || !strings.Contains(f.Reason, "only 3 windows") {
		t.Errorf("dependent rows and three windows: %+v", f)
	}
}

func values(x []float64) []any {
	out := make([]any, len(x))
	for i, v := range x {
		out[i] = v
	}
	return out
}

func TestFitNullRefuses(t *testing.T) {
	for name, scores := range map[string][]Score{
		"nothing":  nil,
		"one":      {{X: 1, Mean: 1}},
		"negative": {{X: 1, Mean: 1}, {X: -1, Mean: 1}},
		"NaN":      {{X: 1, Mean: 1}, {X: math.NaN(), Mean: 1}},
		"infinite": {{X: 1, Mean: 1}, {X: math.Inf(1), Mean: 1}},
		"no mean":  {{X: 1}, {X: 2}},
	} {
		if n, err := FitNull(scores); err == nil {
			t.Errorf("%s: %+v", name, n)
		}
	}
	same, err := FitNull([]Score{{X: 0, Mean: 1, CV: 1}, {X: 0, Mean: 1, CV: 1}})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []float64{0, 1e-300, 1, 1e300, math.MaxFloat64} {
		if p := same.Tail(x); !(p >= 0 && p <= 1) {
			t.Errorf("tail of %v is %v", x, p)
		}
	}
}

// Windows too long to have 20 of in the baseline are held against shorter ones: without drift they are hardly ever called drift, a
// drift beyond what shorter windows show is, and anything between has no verdict.
func TestLongWindowsAreHeldAgainstShorterOnes(t *testing.T) {
	const m, short, long, rounds = 10000, 500, 2000, 60
	rng := rand.New(rand.NewPCG(2013, 9))
	var drifts, none int
	for range rounds {
		x := autoregression(rng, m+2*long, 0.9)
		for i := m + long; i < len(x); i++ {
			x[i] += 2
		}
		edges := tenths(x[:m])
		all := countOn(edges, x[:m])
		null := learn(t, edges, all, x[:m], short)
		in := numbers(t, values(x[:m]), values(x[m:m+long]))
		in.Alpha, in.Calibration = 0.01, &Calibration{Shorter: null, Available: m / long}
		switch f := ask(t, "psi", in); f.Verdict {
		case "drift":
			drifts++
		case "no drift":
			t.Fatalf("no verdict is due: %+v", f)
		default:
			none++
			if f.P == nil || f.Reason == "" || f.NEffective > long/3 {
				t.Fatalf("%+v", f)
			}
		}
		in = numbers(t, values(x[:m]), values(x[m+long:]))
		in.Alpha, in.Calibration = 0.01, &Calibration{Shorter: null, Available: m / long}
		if f := ask(t, "psi", in); f.Verdict != "drift" {
			t.Fatalf("two standard deviations: %+v", f)
		}
	}
	if drifts > 2 {
		t.Errorf("%d windows without drift drifted, %d had no verdict", drifts, none)
	}
}

// A feed that breaks now and then: its like is no drift, and it does not hide what moves on the other days.
func TestBurstsHaveALawOfTheirOwn(t *testing.T) {
	rng := rand.New(rand.NewPCG(2013, 13))
	usual := make([]Score, 57)
	for i := range usual {
		z := rng.NormFloat64()
		usual[i] = Score{X: z * z, Mean: 1, CV: math.Sqrt2, Signed: true}
	}
	burst := func(x float64) Score { return Score{X: x, Mean: 1, CV: math.Sqrt2, Signed: true} }
	none, err := FitNull(usual)
	if err != nil {
		t.Fatal(err)
	}
	null, err := FitNull(append(slices.Clone(usual), burst(60), burst(150), burst(28)))
	if err != nil {
		t.Fatal(err)
	}
	if none.Bursts != 0 || !none.Independent() || null.Bursts != 3 || null.Independent() || null.Phi != none.Phi {
		t.Errorf("without: %+v, with three: %+v", none, null)
	}
	if p := null.Tail(70); p < 1./61 || p > 4./61 {
		t.Errorf("a burst like those seen has p = %v", p)
	}
	if p := none.Tail(70); p > 1e-9 {
		t.Errorf("the first burst has p = %v", p)
	}
	if p := null.Tail(5); p > none.Tail(5)+4./61 || p < none.Tail(5) {
		t.Errorf("a usual window has p = %v with bursts, %v without", p, none.Tail(5))
	}
	if p := null.Tail(8000); p > 1e-4 {
		t.Errorf("a hundredfold burst has p = %v", p)
	}
	if _, note, _ := (&Calibration{Windows: null}).tail(burst(70)); note != "3 of the 60 windows of the baseline stray far beyond the others, too" {
		t.Errorf("note %q", note)
	}
	if _, note, _ := (&Calibration{Windows: null}).tail(burst(3)); note != "" {
		t.Errorf("note of a usual window %q", note)
	}
}

// What comes in bursts leaves most windows without a score. That a tenth of them has one makes the next burst nothing rare; one a
// thousand times as large is.
func TestNullOfBursts(t *testing.T) {
	rng := rand.New(rand.NewPCG(2013, 12))
	const k, rounds = 50, 20000
	rejected, rare := 0, 0
	var null *Null
	draw := func() Score {
		if rng.IntN(10) > 0 {
			return Score{Mean: 1, CV: 1}
		}
		return Score{X: math.Exp(3 + rng.NormFloat64()), Mean: 1, CV: 1}
	}
	for i := range rounds {
		if i%20 == 0 {
			scores := make([]Score, k)
			for j := range scores {
				scores[j] = draw()
			}
			var err error
			if null, err = FitNull(scores); err != nil {
				t.Fatal(err)
			}
		}
		switch p := null.Tail(draw().X); {
		case p <= 0.001:
			rare++
			fallthrough
		case p <= 0.01:
			rejected++
		}
	}
	t.Logf("%.4f at 0.01, %.5f at 0.001", float64(rejected)/rounds, float64(rare)/rounds)
	if rejected > rounds*2/100 || rare > rounds*4/1000 {
		t.Errorf("%d of %d windows rejected at 0.01, %d at 0.001", rejected, rounds, rare)
	}
	if p := null.Tail(math.Exp(12)); p > 0.002 {
		t.Errorf("a burst of another size has p = %v", p)
	}
	if p := null.Tail(0); p != 1 {
		t.Errorf("no burst has p = %v", p)
	}
}
