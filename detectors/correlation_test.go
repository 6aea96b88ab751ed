package detectors

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"plumbline/profiles"
)

// bivariate returns pairs of normal numbers.
func bivariate(r float64) func(rng *rand.Rand) (x, y float64) {
	return func(rng *rand.Rand) (x, y float64) {
		x = rng.NormFloat64()
		return x, r*x + math.Sqrt(1-r*r)*rng.NormFloat64()
	}
}

// together returns pairs that are zero together, else independent.
func together(share float64) func(rng *rand.Rand) (x, y float64) {
	return func(rng *rand.Rand) (x, y float64) {
		if rng.Float64() >= share {
			return 0, 0
		}
		return rng.ExpFloat64(), rng.ExpFloat64()
	}
}

// almost returns a number and the same again, but for a share of rows.
func almost(share float64) func(rng *rand.Rand) (x, y float64) {
	return func(rng *rand.Rand) (x, y float64) {
		x = rng.NormFloat64()
		if y = x; rng.Float64() < share {
			y += 3 * rng.NormFloat64()
		}
		return x, y
	}
}

func correlations(rng *rand.Rand, n int, draw func(rng *rand.Rand) (x, y float64)) *profiles.Correlations {
	x, y := make([]float64, n), make([]float64, n)
	for i := range x {
		x[i], y[i] = draw(rng)
	}
	return profiles.Correlate([]string{"a", "b"}, [][]float64{x, y})
}

// Without a change p is small no more often than it says, whatever the rows are. Each of 400 windows is held against each of some of 200
// baselines; limits are half as much again, and what so few windows vary: at 0.01 a share of 0.005 is one standard error of 400. A law for
// normal numbers, which was here before, had p < 0.01 in 71 % of the pairs that are zero together and in 57 % of those almost the same.
func TestCorrelationChangeOfAnyRows(t *testing.T) {
	for _, c := range []struct {
		name   string
		draw   func(rng *rand.Rand) (x, y float64)
		judged float64 // the least share that has a p-value
	}{
		{"independent", bivariate(0), 1},
		{"r 0.5", bivariate(0.5), 1},
		{"r 0.9", bivariate(0.9), 1},
		{"r 0.999", bivariate(0.999), 0.9},
		{"a tenth zero together", together(0.1), 0.9},
		{"one in 100 zero together", together(0.01), 0},
		{"a tenth not the same", almost(0.1), 0},
		{"one in 100 not the same", almost(0.01), 0},
		{"the same size", func(rng *rand.Rand) (x, y float64) { x = rng.NormFloat64(); return x, x * float64(2*rng.IntN(2)-1) }, 1},
		{"hour and its cosine", func(rng *rand.Rand) (x, y float64) {
			x = float64(rng.IntN(24))
			return x, math.Cos(x / 12 * math.Pi)
		}, 1},
		{"three levels", func(rng *rand.Rand) (x, y float64) {
			x, y = bivariate(0.9)(rng)
			return min(max(math.Round(x), -1), 1), min(max(math.Round(y), -1), 1)
		}, 1},
		{"cut at zero", func(rng *rand.Rand) (x, y float64) { x = rng.NormFloat64(); return x, max(x, 0) }, 1},
	} {
		rng := rand.New(rand.NewPCG(11, 12))
		var ref, cur []*profiles.Correlations
		for range 200 {
			ref = append(ref, correlations(rng, 1000, c.draw))
		}
		for range 400 {
			cur = append(cur, correlations(rng, 200, c.draw))
		}
		at01, at001, judged, all := 0., 0., 0., 0.
		for i, x := range cur {
			for j := range 10 {
				r := CorrelationChange(x, ref[(i+20*j)%len(ref)], 0)
				checkResult(t, c.name, r)
				all++
				if r.P == nil {
					if !strings.Contains(r.Reason, "too few rows") && !strings.Contains(r.Reason, "not constant") {
						t.Fatalf("%s: %+v", c.name, r)
					}
					continue
				}
				judged++
				if *r.P <= 0.01 {
					at01++
				}
				if *r.P <= 0.001 {
					at001++
				}
			}
		}
		t.Logf("%-25s %.4f at 0.01, %.4f at 0.001, %.2f judged", c.name, at01/all, at001/all, judged/all)
		if at01/all > 0.015+0.005 || at001/all > 0.0015+0.003 || judged/all < c.judged {
			t.Errorf("%s: p <= 0.01 in %.4f, <= 0.001 in %.4f, judged %.2f", c.name, at01/all, at001/all, judged/all)
		}
	}
}

// What changed is found as surely as by the law for normal numbers, and where most rows say nothing, a change that is large is still found.
func TestCorrelationChangeFinds(t *testing.T) {
	for _, c := range []struct {
		name      string
		then, now func(rng *rand.Rand) (x, y float64)
		level     float64
	}{
		{"r 0.5 to 0", bivariate(0.5), bivariate(0), 1e-4},
		{"r 0.9 to 0.7", bivariate(0.9), bivariate(0.7), 1e-4},
		{"r 0.7 to 0.9", bivariate(0.7), bivariate(0.9), 1e-4},
		{"almost the same to r 0.5", almost(0.05), bivariate(0.5), 1e-4},
	} {
		rng := rand.New(rand.NewPCG(13, 14))
		found := 0
		for range 100 {
			r := CorrelationChange(correlations(rng, 200, c.now), correlations(rng, 1000, c.then), 0)
			if r.P != nil && *r.P <= c.level && *r.Lower > 0 {
				found++
			}
		}
		if found < 95 {
			t.Errorf("%s: found in %d of 100 windows", c.name, found)
		}
	}
}

// A pair that too few rows make is left out and counted, the others are judged; without any there is a reason.
func TestCorrelationChangeCountsWhatItLeavesOut(t *testing.T) {
	rng := rand.New(rand.NewPCG(15, 16))
	draw := func(n, columns int) *profiles.Correlations {
		x := make([][]float64, columns)
		for range n {
			a, b := together(0.01)(rng)
			for k, v := range []float64{a, b, rng.NormFloat64(), rng.NormFloat64()}[:columns] {
				x[k] = append(x[k], v)
			}
		}
		return profiles.Correlate([]string{"refund", "fee", "x", "y"}[:columns], x)
	}
	r := CorrelationChange(draw(500, 4), draw(500, 4), 0)
	if r.P == nil || !strings.Contains(r.Note, "pairs left out: too few rows make the correlation") {
		t.Errorf("%+v", r)
	}
	if r = CorrelationChange(draw(500, 2), draw(500, 2), 0); r.Value != nil || !strings.Contains(r.Reason, "too few rows") {
		t.Errorf("%+v", r)
	}
}

// Two columns of two values that differ in 4 % of rows are the same in one of some 3,000 windows of 200 rows: that is no sure change, though
// atanh 1 is infinite.
func TestCorrelationOfOne(t *testing.T) {
	rng := rand.New(rand.NewPCG(19, 20))
	flip := func(share float64) func(rng *rand.Rand) (x, y float64) {
		return func(rng *rand.Rand) (x, y float64) {
			x = float64(rng.IntN(2))
			if y = x; rng.Float64() < share {
				y = 1 - x
			}
			return x, y
		}
	}
	ref := correlations(rng, 2000, flip(0.04))
	if r := CorrelationChange(correlations(rng, 200, flip(0)), ref, 0); r.P == nil || *r.P < 1e-4 {
		t.Errorf("%+v", r)
	}
	if r := CorrelationChange(correlations(rng, 200, flip(0)), correlations(rng, 2000, flip(0.3)), 0); r.P == nil || *r.P > 1e-6 {
		t.Errorf("from 0.4 to 1: %+v", r)
	}
}

// A baseline that was made before correlations knew how sure they are has the value, and no p-value.
func TestCorrelationChangeOfAnOldBaseline(t *testing.T) {
	rng := rand.New(rand.NewPCG(17, 18))
	ref, cur := correlations(rng, 1000, bivariate(0.9)), correlations(rng, 200, bivariate(0))
	ref.Variance, ref.Freedom, ref.Bias = nil, nil, nil
	r := CorrelationChange(cur, ref, 0)
	if r.Value == nil || *r.Value < 0.7 || r.P != nil || r.Lower != nil || r.Upper != nil || !strings.Contains(r.Note, "make it anew") {
		t.Errorf("%+v", r)
	}
}
