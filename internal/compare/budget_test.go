package compare

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"plumbline"
)

// alarms compares two samples of undrifted columns again and again and counts the columns called drifted.
func alarms(t *testing.T, times, m, n int, rho, budget float64) (drifted, unjudged int) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(m), uint64(n)))
	shapes := []func(z float64) float64{
		func(z float64) float64 { return z },
		math.Exp,
		func(z float64) float64 { return math.Erf(z / math.Sqrt2) },
		func(z float64) float64 { return z * z * z },
		func(z float64) float64 { return math.Round(2 * z) },
	}
	const columns = 20
	for range times {
		var pairs []pair
		judged := 0
		for i := range columns {
			fill := func(c *column, rows int) {
				for _, z := range ar(r, rows, rho) {
					if i%5 == 4 {
						c.text([]string{"a", "b", "c", "d"}[int(math.Min(3, math.Max(0, z+2)))])
					} else {
						c.numbers([]float64{shapes[i%5](z)})
					}
				}
			}
			a := newColumn(fmt.Sprint(i), firstRows)
			fill(a, m)
			ref := a.finish(0)
			b := ref.like()
			fill(b, n)
			pairs = append(pairs, pair{ref: ref, cur: b.against(ref, 0), spoken: b.spoken(), present: b.rows})
			judged += len(judgedOf(ref.typ))
		}
		list, err := judgeAll(pairs, math.Min(budget/float64(judged), .05), false)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range list {
			switch f.Verdict {
			case plumbline.Drift:
				drifted++
			case plumbline.NoVerdict:
				unjudged++
			}
		}
	}
	return drifted, unjudged
}

// The budget is an expectation: with one false alarm for each comparison, four comparisons have four at most, give or take, and
// some, or it would be no budget. Independent rows nearly all get a verdict.
func TestFalseAlarmsStayWithinTheBudget(t *testing.T) {
	all := 0
	for _, c := range []struct {
		m, n    int
		rho     float64
		verdict bool // most columns get one
	}{{2000, 2000, 0, true}, {8000, 200, 0, true}, {8000, 200, .9, true}, {2000, 2000, .9, false}} {
		const times = 4
		drifted, unjudged := alarms(t, times, c.m, c.n, c.rho, 1)
		t.Logf("m %d, n %d, rho %v: %d alarms, %d of %d without a verdict", c.m, c.n, c.rho, drifted, unjudged, 20*times)
		if drifted > times+7 { // more than three standard deviations above a Poisson mean of 4
			t.Errorf("m %d, n %d, rho %v: %d false alarms in %d comparisons with a budget of one each", c.m, c.n, c.rho, drifted, times)
		}
		all += drifted
		if c.verdict && unjudged > 20*times/10 {
			t.Errorf("m %d, n %d, rho %v: %d of %d columns have no verdict", c.m, c.n, c.rho, unjudged, 20*times)
		}
	}
	if all == 0 {
		t.Error("no false alarm at all with a budget of one for each of sixteen comparisons")
	}
}
