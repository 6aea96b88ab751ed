package compare

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestOrderKeepsEveryRowItHasBlocksFor(t *testing.T) {
	for _, rows := range []int{1, 7, 8, 1023, 1024, 1025, 100000} {
		o := &newOrder().values
		for i := range rows {
			o.add(uint8(i%3), 1)
		}
		total := 0
		for _, b := range append(o.done, o.now) {
			for _, k := range b.counts {
				total += int(k)
			}
		}
		if total != rows || len(o.done) > mostBlocks {
			t.Errorf("%d rows: %d kept in %d blocks", rows, total, len(o.done))
		}
		for i, b := range o.done {
			k := 0
			for _, n := range b.counts {
				k += int(n)
			}
			if k != o.length {
				t.Fatalf("%d rows: block %d of %d rows, not %d", rows, i, k, o.length)
			}
		}
	}
}

// Rows of AR(1) with correlation .9 cluster, independent ones do not: at a level of 0.001 one in a hundred runs may.
func TestClusteredRowsAreSeen(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	falsely, missed := 0, 0
	for range 200 {
		for _, rho := range []float64{0, .9} {
			if clustered := told(summarise(ar(r, 200, rho), 100).order.values.clustering()) == alike; clustered && rho == 0 {
				falsely++
			} else if !clustered && rho > 0 {
				missed++
			}
		}
	}
	if falsely > 2 || missed > 10 {
		t.Errorf("of 200 each: independent rows called clustered %d times, clustered ones missed %d times", falsely, missed)
	}
}

// ar draws an autoregressive series with standard deviation 1.
func ar(r *rand.Rand, n int, rho float64) []float64 {
	x := make([]float64, n)
	x[0] = r.NormFloat64()
	for i := 1; i < n; i++ {
		x[i] = rho*x[i-1] + r.NormFloat64()*math.Sqrt(1-rho*rho)
	}
	return x
}
