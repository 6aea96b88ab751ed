package sequential

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// cells returns b cells of equal counts.
func cells(b int, each int64) []int64 {
	out := make([]int64, b)
	for j := range out {
		out[j] = each
	}
	return out
}

func mustChart(t testing.TB, ref []int64, lambda, rows float64) *QTEWMA {
	t.Helper()
	c, err := NewQTEWMA(ref, lambda, rows)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// With panes of one row the chart is the paper's: Z' = (1-l) Z + l e_j, T = sum (Z-p)^2/p.
func TestQTEWMAIsThePapersForEvents(t *testing.T) {
	c := mustChart(t, []int64{100, 200, 300, 400}, 0.1, 1)
	var s QTEWMAState
	z := append([]float64(nil), c.Shares...)
	rng := rand.New(rand.NewPCG(1, 2))
	for step := 1; step <= 200; step++ {
		j := rng.IntN(4)
		st := c.Event(&s, j)
		want, spread, gain := 0.0, 0.0, 0.0
		for i := range z {
			z[i] *= 0.9
			if i == j {
				z[i] += 0.1
			}
			want += (z[i] - c.Shares[i]) * (z[i] - c.Shares[i]) / c.Shares[i]
		}
		spread = 0.1 / 1.9 * (1 - math.Pow(0.9, 2*float64(step))) // sum of squared weights
		gain = 1 - math.Pow(0.9, float64(step))
		want /= spread + gain*gain/(1000+2)
		if math.Abs(st.Value-want) > 1e-9*want {
			t.Fatalf("step %d: S = %v, want %v", step, st.Value, want)
		}
	}
	if diff := cmp.Diff(z, s.Z, cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-12 })); diff != "" {
		t.Error(diff)
	}
}

// A pane's rows have no order, so a pane must not depend on how its counts came about, and a pane of one row is an event.
func TestQTEWMAPaneOfOneRowIsAnEvent(t *testing.T) {
	c := mustChart(t, cells(8, 100), 0.05, 1)
	var a, b QTEWMAState
	for step := range 300 {
		j := step * step % 8
		counts := make([]int64, 8)
		counts[j] = 1
		x, y := c.Event(&a, j), c.Pane(&b, counts)
		if math.Abs(x.Value-y.Value) > 1e-9*(1+x.Value) {
			t.Fatalf("step %d: %v and %v", step, x, y)
		}
	}
}

func TestQTEWMAStandardisesPanesOfAnySize(t *testing.T) {
	// E[S] = B-1 without change, whatever the sizes of the panes and the baseline.
	const replicates = 3000
	rng := rand.New(rand.NewPCG(5, 6))
	sim := func(m float64, sizes []int64) float64 {
		c := mustChart(t, cells(10, int64(m)/10), 0.2, 20)
		helper := newSimulation(c, rng.Uint64())
		sum := 0.0
		for range replicates {
			truth := helper.newStream().truth
			var s QTEWMAState
			for _, n := range sizes {
				counts := make([]int64, 10)
				for range n {
					u, j := rng.Float64(), 0
					for j < 9 && u >= truth[j] {
						u -= truth[j]
						j++
					}
					counts[j]++
				}
				c.Pane(&s, counts)
			}
			sum += c.Statistic(&s)
		}
		return sum / replicates
	}
	f := func(m float64, sizes ...int64) {
		t.Helper()
		// S has variance about 2 (B-1): 4 standard errors of the mean are 0.31.
		if got := sim(m, sizes); math.Abs(got-9) > 0.31 {
			t.Errorf("baseline of %v, panes of %v: mean S %v, want 9", m, sizes, got)
		}
	}
	f(1000, 1)
	f(1000, 20, 20, 20, 20, 20)
	f(200, 5, 100, 1, 0, 60, 3)
	f(100_000, 0, 0, 300, 2, 2)
}

func TestQTEWMARefuses(t *testing.T) {
	c := mustChart(t, cells(4, 25), 0.1, 1)
	c.Limits = Limits{Final: 1e9}
	var s QTEWMAState
	c.Event(&s, 2)
	before := c.Statistic(&s)
	for _, st := range []Status{c.Event(&s, 4), c.Event(&s, -1), c.Pane(&s, []int64{1, 2, 3}), c.Pane(&s, []int64{1, -1, 0, 0})} {
		if st.Alarm || st.Reason == "" || st.Value != before || st.Step != 1 {
			t.Errorf("%+v", st)
		}
	}
	if s.Refused != 4 {
		t.Errorf("%d refused, want 4", s.Refused)
	}
	if st := c.Pane(&s, make([]int64, 4)); st.Reason != "no rows in the pane" || st.Step != 2 || math.Abs(st.Value-before) > 1e-6*before+1 {
		t.Errorf("empty pane: %+v", st)
	}
	g := func(ref []int64, lambda, rows float64) {
		t.Helper()
		if _, err := NewQTEWMA(ref, lambda, rows); err == nil {
			t.Errorf("NewQTEWMA(%v, %v, %v) is no error", ref, lambda, rows)
		}
	}
	g([]int64{5}, 0.1, 1)
	g([]int64{5, 0, 5}, 0.1, 1)
	g([]int64{5, -1}, 0.1, 1)
	g([]int64{5, 5}, 0, 1)
	g([]int64{5, 5}, math.NaN(), 1)
	g([]int64{5, 5}, 1, 1)
	g([]int64{5, 5}, 0.1, 0.5)
	g([]int64{5, 5}, 0.1, math.Inf(1))
	if _, err := Calibrate(context.Background(), c, 10, 1); err == nil {
		t.Error("a mean run length of 10 is no error")
	}
	small := mustChart(t, cells(4, 25), 0.1, 1000)
	if _, err := Calibrate(context.Background(), small, 1000, 1); err == nil || !strings.Contains(err.Error(), "remembers 19000 rows") {
		t.Errorf("a memory larger than the baseline: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Calibrate(ctx, c, 1000, 1); err == nil {
		t.Error("an ended context is no error")
	}
}

func TestQTEWMASaysWhatMoved(t *testing.T) {
	c := mustChart(t, cells(10, 1000), 0.05, 100)
	c.Ordered, c.Limits = true, Limits{Final: 40}
	var s QTEWMAState
	var st Status
	for range 50 { // in order
		if st = c.Pane(&s, cells(10, 10)); st.Alarm {
			t.Fatalf("%+v", st)
		}
	}
	up := []int64{5, 5, 8, 8, 10, 10, 12, 12, 10, 20}
	for !st.Alarm {
		if st = c.Pane(&s, up); st.Step > 100 {
			t.Fatal("no alarm")
		}
	}
	if st.Direction != Up || !strings.HasPrefix(st.Reason, "cell 9 holds") || st.Since < 51 || st.Since > 53 {
		t.Errorf("%+v", st)
	}
	c.Ordered = false
	if st = c.Pane(&s, up); st.Direction != "" || !st.Alarm {
		t.Errorf("%+v", st)
	}
}

// The limits of the method's authors for K = 32 bins, m = 4096, lambda = 0.03 (constant terms of the polynomials in 1/t of the method
// get_thresholds in L. Frittoli's Python library of the method, class QT_EWMA), in units of T. A limit 1 % off is about
// 10 % of mean run length.
func TestCalibrateAgreesWithTheAuthors(t *testing.T) {
	c := mustChart(t, cells(32, 4096/32), 0.03, 1)
	unit := 0.03/(2-0.03) + 1/4098.0
	for _, p := range []struct{ arl0, limit float64 }{
		{1000, 0.8783}, {20000, 1.1377},
	} {
		l, err := Calibrate(context.Background(), c, p.arl0, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := l.Final * unit; math.Abs(got/p.limit-1) > 0.015 {
			t.Errorf("ARL0 %v: limit %.4f, the authors have %.4f", p.arl0, got, p.limit)
		}
		if l.At(0) != l.Final || l.At(1) != l.Start[0] || l.At(1e6) != l.Final {
			t.Errorf("limits at 0, 1 and 10^6: %v %v %v", l.At(0), l.At(1), l.At(1e6))
		}
	}
}

func TestCalibrateIsRepeatable(t *testing.T) {
	chart := mustChart(t, cells(4, 1100), 0.3, 1)
	a, err := Calibrate(context.Background(), chart, 100, 7)
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := Calibrate(context.Background(), chart, 100, 7); !cmp.Equal(a, b) {
		t.Error("equal arguments, different limits")
	}
	skew, err := Calibrate(context.Background(), mustChart(t, []int64{10, 90, 1300, 3000}, 0.3, 1), 100, 7)
	if err != nil || skew.Final < a.Final*1.3 { // a cell of a quarter of a percent makes the tail heavier than three chi-square degrees can
		t.Errorf("limits %v for skewed shares and %v for equal ones, %v", skew.Final, a.Final, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Calibrate(ctx, chart, 100, 7); err == nil {
		t.Error("an ended context is no error")
	}
}

func TestCoarsen(t *testing.T) {
	f := func(ref []int64, groups int, want ...int64) {
		t.Helper()
		group, n := Coarsen(ref, groups)
		got := Regroup(ref, group, n)
		if len(want) == 0 { // as even as can be
			for _, k := range got {
				if float64(k) < 0.8*float64(got[0]) || float64(k) > 1.25*float64(got[0]) {
					t.Errorf("Coarsen(%d cells, %d) = %v", len(ref), groups, got)
				}
			}
			return
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Coarsen(%v, %d) (-want +got):\n%s", ref, groups, diff)
		}
	}
	f(cells(256, 40), 16)
	f(cells(250, 37), 16)
	f([]int64{1, 1, 1, 1}, 2, 2, 2)
	f([]int64{0, 0, 5, 0, 0, 5, 0}, 2, 5, 5)
	f([]int64{0, 0, 5, 0, 0, 5, 0}, 5, 5, 5)
	f([]int64{1000, 1, 1, 1, 1000}, 4, 1000, 3, 1000)
	f([]int64{3, 4}, 1, 7)
	f([]int64{0, 0}, 3, 0)
	f(nil, 3, 0)
	f([]int64{7, 1, 1}, 3, 7, 1, 1)
}

// A state that was stored and read goes on as one that was not.
func TestStatesResume(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	chart := mustChart(t, cells(6, 50), 0.1, 5)
	chart.Limits, chart.Ordered = Limits{Final: 12}, true
	data, err := json.Marshal(chart)
	if err != nil {
		t.Fatal(err)
	}
	var same QTEWMA
	if err := json.Unmarshal(data, &same); err != nil || !cmp.Equal(*chart, same) {
		t.Errorf("the chart changes in JSON: %v\n%s", err, cmp.Diff(*chart, same))
	}
	resumes(t, "qt-ewma", func(s *QTEWMAState, x float64) Status {
		counts := make([]int64, 6)
		for range 5 {
			x = math.Mod(math.Abs(x)*7.3, 6)
			counts[int(x)]++
		}
		return chart.Pane(s, counts)
	}, rng)
	cusum := CUSUM{SD: 1, K: 0.5, H: 4, Phi: 0.3}
	resumes(t, "cusum", cusum.Step, rng)
	ecusum := ECUSUM{Tolerated: 0.3, ARL0: 50}
	resumes(t, "e-cusum", func(s *ECUSUMState, x float64) Status { return ecusum.Step(s, math.Abs(math.Mod(x, 1))) }, rng)
	conf := Confidence{Alpha: 0.05}
	resumes(t, "confidence", func(s *ConfidenceState, x float64) Status {
		i := conf.Step(s, math.Abs(math.Mod(x, 1)))
		return Status{Value: i.Lower, Threshold: i.Upper}
	}, rng)
	ph := PageHinkley{MinInstances: 5, Delta: 0.01, Threshold: 3, Alpha: 0.999}
	resumes(t, "page-hinkley", ph.Step, rng)
	adwin := ADWIN{Delta: 0.3, Clock: 2, MaxBuckets: 3, MinWindow: 3, Grace: 5}
	resumes(t, "adwin", adwin.Step, rng)
	ks := KSWIN{Alpha: 0.1, Window: 40, Stat: 15, Seed: 9}
	resumes(t, "kswin", ks.Step, rng)
	ddm, eddm := NewDDM(), NewEDDM()
	bit := func(x float64) float64 {
		if x > 0.5 {
			return 1
		}
		return 0
	}
	resumes(t, "ddm", func(s *DDMState, x float64) Status { return ddm.Step(s, bit(x)) }, rng)
	resumes(t, "eddm", func(s *EDDMState, x float64) Status { return eddm.Step(s, bit(x)) }, rng)
}

func resumes[S any](t *testing.T, name string, step func(*S, float64) Status, rng *rand.Rand) {
	t.Helper()
	var whole, stored S
	for i := range 600 {
		x := rng.NormFloat64()
		if i >= 300 {
			x += 1.5
		}
		a, b := step(&whole, x), step(&stored, x)
		if a != b {
			t.Fatalf("%s: step %d: %+v without and %+v with a stop", name, i, a, b)
		}
		data, err := json.Marshal(stored)
		if err != nil {
			t.Fatalf("%s: step %d: %v", name, i, err)
		}
		var back S
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatalf("%s: step %d: %v", name, i, err)
		}
		stored = back
	}
}
