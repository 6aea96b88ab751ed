package detectors

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The interval of a shift covers the true one, and the p-value holds its size, without any law for the data.
func TestQuantileShiftCoversTheTruth(t *testing.T) {
	rng := rand.New(rand.NewPCG(95, 50))
	const rounds = 150
	for _, q := range []float64{0.5, 0.95} {
		missed, rejected := 0, 0
		for range rounds {

			in := numbers(t, sequence(2000, func(int) any { return rng.ExpFloat64() }), sequence(400, func(int) any { return rng.ExpFloat64() }))
			out := quantileShiftOf(q)(in)
			if have(t, "lower", out.Lower) > 0 || have(t, "upper", out.Upper) < 0 {
				missed++
			}
			if have(t, "p", out.P) <= 0.05 {
				rejected++
			}
		}
		if missed > rounds/10 || rejected > rounds/10 {
			t.Errorf("q = %v: the interval misses 0 in %d, the test rejects in %d of %d windows without drift", q, missed, rejected, rounds)
		}
	}
	// Twice as large: the median of an exponential moves by ln 2.
	in := numbers(t, sequence(4000, func(int) any { return rng.ExpFloat64() }), sequence(4000, func(int) any { return 2 * rng.ExpFloat64() }))
	out := quantileShiftOf(0.5)(in)
	if v := have(t, "value", out.Value); math.Abs(v-math.Ln2) > 0.1 || *out.Lower > math.Ln2 || *out.Upper < math.Ln2 || *out.P > 1e-20 {
		t.Errorf("the median moved by %v in [%v, %v], p = %v, want ln 2", v, *out.Lower, *out.Upper, *out.P)
	}
	// Nine rows in ten are 0: the median is 0 and says nothing of the rest.
	rain := func(share float64) func(int) any {
		return func(int) any {
			if rng.Float64() < share {
				return rng.ExpFloat64()
			}
			return 0.0
		}
	}
	out = quantileShiftOf(0.5)(numbers(t, sequence(2000, rain(0.1)), sequence(500, rain(0.3))))
	if *out.Value != 0 || out.P != nil || out.Note == "" {
		t.Errorf("the median of zeros moved by %v, p = %v (%s)", *out.Value, out.P, out.Note)
	}
}
