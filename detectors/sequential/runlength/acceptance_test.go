package runlength

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"plumbline/detectors/sequential"
)

// Small seeded versions of the acceptance experiments: the tolerance is what is promised plus three standard errors, so that a
// detector that keeps its promise passes whatever the seed.

func limits(t *testing.T, cells, m int, lambda, rows, arl0 float64) sequential.Limits {
	t.Helper()
	ref := make([]int64, cells)
	for j := range ref {
		ref[j] = int64(m / cells)
	}
	chart, err := sequential.NewQTEWMA(ref, lambda, rows)
	if err != nil {
		t.Fatal(err)
	}
	l, err := sequential.Calibrate(context.Background(), chart, arl0, 1)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// near fails unless the mean is within share of want, give or take three standard errors.
func near(t *testing.T, what string, got Runs, want, share float64) {
	t.Helper()
	if math.Abs(got.Mean-want) > share*want+3*got.SE {
		t.Errorf("%s: mean run length %.1f ± %.1f, want %.1f", what, got.Mean, got.SE, want)
	}
	t.Logf("%s: mean run length %.1f ± %.1f (target %.1f), median %.0f", what, got.Mean, got.SE, want, got.Median)
}

func TestQTEWMARunLength(t *testing.T) {
	e := QTEWMA{Cells: 16, M: 4096, Lambda: 0.03, Rows: 1, Limits: limits(t, 16, 4096, 0.03, 1, 1000), Replicates: 400, Limit: 20_000, Seed: 1}
	for _, e.Law = range []Distribution{Normal, Exponential, StudentT3} {
		near(t, e.Law.Name, e.Run(), 1000, 0.1)
	}
	e.Law, e.Shift, e.Quiet, e.Replicates = Normal, 0.5, 200, 300
	if delay := e.Run(); delay.Mean > 85 {
		t.Errorf("a shift of half a standard deviation takes %.0f ± %.0f events, at most 85 are allowed", delay.Mean, delay.SE)
	}
	// Autocorrelated rows break the promise, and the design effect of their scores mends it. In a normal autoregression the k-th
	// Hermite polynomial of a value has autocorrelation rho^k, and long windows' scores are sums of 15 squares inflated by
	// (1+rho^k)/(1-rho^k).
	e = QTEWMA{Law: Normal, Cells: 16, M: 4096, Lambda: 0.03, Rows: 1, Limits: e.Limits, Rho: 0.5, Replicates: 200, Limit: 20_000, Seed: 1}
	naive := e.Run()
	if naive.Mean > 400 {
		t.Errorf("AR(0.5) has mean run length %.0f: the experiment does not bite", naive.Mean)
	}
	mean, variance := 0.0, 0.0
	for k := 1.0; k <= 15; k++ {
		inflation := (1 + math.Pow(e.Rho, k)) / (1 - math.Pow(e.Rho, k))
		mean += inflation
		variance += 2 * inflation * inflation
	}
	e.Design, _ = sequential.TailDesign(mean, variance, 15, 1000)
	near(t, "AR(0.5) with its design effect", e.Run(), 1000, 0.2)
}

func TestQTEWMARunLengthOfPanes(t *testing.T) {
	e := QTEWMA{Law: Normal, Cells: 8, M: 1 << 15, Lambda: 0.1, Rows: 20, Limits: limits(t, 8, 1<<15, 0.1, 20, 200), Replicates: 250, Limit: 5000, Seed: 2}
	near(t, "Poisson sizes", e.Run(), 200, 0.1)
	e.Sizes = func(r *rand.Rand, step int) int64 {
		return Poisson(r, 20*(1+0.9*math.Sin(2*math.Pi*float64(step)/240)))
	}
	near(t, "sizes that vary nineteenfold by the hour", e.Run(), 200, 0.15)
	e.Sizes = func(r *rand.Rand, _ int) int64 { return Poisson(r, 60) }
	near(t, "thrice the rows expected", e.Run(), 200, 0.15)
}

func TestCUSUMRunLength(t *testing.T) {
	for _, shift := range []float64{0, 1} {
		want := sequential.CUSUMRunLength(0.5, 4, shift)
		near(t, "two-sided", CUSUM{K: 0.5, H: 4, Shift: shift, Replicates: 8000, Limit: 1e6, Seed: 3}.Run(), want, 0.01)
	}
	want := sequential.CUSUMRunLength(0.5, 4, 0)
	if naive := (CUSUM{K: 0.5, H: 4, Rho: 0.6, Replicates: 1000, Limit: 1e6, Seed: 4}).Run(); naive.Mean > want/3 {
		t.Errorf("AR(0.6) has mean run length %.0f: the experiment does not bite", naive.Mean)
	}
	near(t, "AR(0.6) whitened", CUSUM{K: 0.5, H: 4, Rho: 0.6, Phi: 0.6, Replicates: 3000, Limit: 1e6, Seed: 4}.Run(), want, 0.02)
}

func TestECUSUMRunLength(t *testing.T) {
	for name, loss := range map[string]Loss{"independent": Bernoulli(0.1), "adversarial": Adversary(0.1)} {
		e := ECUSUM{Tolerated: 0.1, ARL0: 50, Before: loss, Replicates: 100, Limit: 20_000, Seed: 5}
		if got := e.Run(); got.Mean < 50 {
			t.Errorf("%s losses at the tolerated risk: %.0f steps to a false alarm, at least 50 are promised", name, got.Mean)
		}
	}
	e := ECUSUM{Tolerated: 0.1, ARL0: 1e4, Before: Bernoulli(0.1), After: Bernoulli(0.2), Quiet: 500, Replicates: 200, Limit: 1e5, Seed: 6}
	if got := e.Run(); got.Mean > 400 {
		t.Errorf("a rise from 10 to 20 %% takes %.0f ± %.0f steps, at most 400 are allowed", got.Mean, got.SE)
	}
}

func TestConfidenceCovers(t *testing.T) {
	draw := Bernoulli(0.1)
	missed, width := Miscoverage{Alpha: 0.05, Mean: 0.1, Looks: 20_000, Replicates: 150, Seed: 7,
		Draw: func(r *rand.Rand) float64 { return draw(r, nil) }}.Run()
	if missed > 0.05 || width > 3 || width < 1 {
		t.Errorf("%.3f of streams miss their mean at one of 20,000 looks, width %.1f Wald intervals", missed, width)
	}
}
