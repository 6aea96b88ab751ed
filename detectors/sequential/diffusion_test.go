package sequential

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
)

// What the limit promises, of the process it is derived from: the squared radius of independent normal autoregressions. A large lambda
// makes it careful: the process then takes few large steps.
func TestManyRowsLimitHasItsRunLength(t *testing.T) {
	for _, c := range []struct {
		cells        int
		lambda       float64
		least, most  float64 // measured by intended
		replications int
	}{{2, 0.05, 0.93, 1.09, 2000}, {5, 0.1, 0.93, 1.12, 2000}, {16, 0.02, 0.93, 1.09, 1000}, {16, 0.5, 1, 1.6, 1000}} {
		const arl0 = 400
		h, err := ManyRowsLimit(c.cells, c.lambda, arl0)
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(5, uint64(c.cells)))
		y := make([]float64, c.cells-1)
		keep := 1 - c.lambda
		step := math.Sqrt(1 - keep*keep)
		steps := 0
		for range c.replications {
			clear(y)
			for s := 0.0; s <= h; steps++ {
				s = 0
				for j := range y {
					y[j] = keep*y[j] + step*rng.NormFloat64()
					s += y[j] * y[j]
				}
			}
		}
		if got := float64(steps) / float64(c.replications) / arl0; got < c.least || got > c.most {
			t.Errorf("%d cells, lambda %g: mean run length %.3g times the intended one", c.cells, c.lambda, got)
		}
	}
	// By splitting, from panes of 100 rows: 55.27, with a baseline of 65,536 rows and of 1,048,576.
	if h, _ := ManyRowsLimit(16, 1./60, 2.16e6); math.Abs(h-55.27) > 0.3 {
		t.Errorf("limit %g", h)
	}
}

// Of few rows it is between what events really need and a half more.
func TestSkewedLimitIsCareful(t *testing.T) {
	for _, shares := range [][]int64{{1000, 9000}, {500, 500, 1000, 3000, 5000}, {2000, 3000, 5000}} {
		chart := mustChart(t, shares, 1./60, 1)
		const arl0 = 20_000
		played, err := Calibrate(context.Background(), chart, arl0, 1)
		if err != nil {
			t.Fatal(err)
		}
		h, err := SkewedLimit(chart, arl0)
		if err != nil || h < played.Final || h > 1.3*played.Final {
			t.Errorf("%v: limit %g, %v; by simulation %g", shares, h, err, played.Final)
		}
		many, _ := ManyRowsLimit(len(shares), chart.Lambda, arl0)
		chart.Rows = 1e5
		if h, _ = SkewedLimit(chart, arl0); h < many || h > 1.02*many {
			t.Errorf("%v: limit %g with many rows, want %g", shares, h, many)
		}
	}
}

func TestSkewedLimitRefuses(t *testing.T) {
	good := mustChart(t, cells(4, 100), 0.1, 10)
	for name, change := range map[string]func(*QTEWMA, *float64){
		"one cell":             func(c *QTEWMA, _ *float64) { c.Shares = c.Shares[:1] },
		"lambda":               func(c *QTEWMA, _ *float64) { c.Lambda = math.NaN() },
		"an empty cell":        func(c *QTEWMA, _ *float64) { c.Shares[0] = 0 },
		"no rows":              func(c *QTEWMA, _ *float64) { c.Rows = 0 },
		"no run length":        func(_ *QTEWMA, arl0 *float64) { *arl0 = math.Inf(1) },
		"a run length of none": func(_ *QTEWMA, arl0 *float64) { *arl0 = 0 },
	} {
		c, arl0 := *good, 1000.
		c.Shares = append([]float64(nil), good.Shares...)
		change(&c, &arl0)
		if h, err := SkewedLimit(&c, arl0); err == nil {
			t.Errorf("%s: limit %g", name, h)
		}
	}
}
