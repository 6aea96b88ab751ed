package compare

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"plumbline"
)

func TestOrderKeepsEveryRowItHasBlocksFor(t *testing.T) {
	for _, rows := range []int{1, 7, 8, 1023, 1024, 1025, 100000} {
		o := &newOrder(fineBlocks).values
		for i := range rows {
			o.add(uint8(i%3), 1)
		}
		total := 0
		for _, b := range append(o.done, o.now) {
			for _, k := range b.counts {
				total += int(k)
			}
		}
		if total != rows || len(o.done) > fineBlocks {
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

// An excerpt of the reference is no drift where each day is a wave and the excerpt a part of one: windows much longer than it, which are
// about whole days, don't tell how much it may stray.
func TestAPartOfADayIsNoDrift(t *testing.T) {
	const days, perDay = 90, 480
	r := rand.New(rand.NewPCG(12, 12))
	for _, n := range []int{60, 120, 240} {
		ref, cur := map[string][]string{}, map[string][]string{}
		for i := range 8 {
			x := make([]float64, days*perDay)
			phase := r.IntN(perDay)
			for j := range x {
				x[j] = math.Sin(2*math.Pi*float64(j+phase)/perDay) + r.NormFloat64()
			}
			from := r.IntN(len(x) - n)
			name := fmt.Sprint("x", i)
			ref[name], cur[name] = texts(x), texts(x[from:from+n])
		}
		got := run(t, Options{Reference: write(t, "ref.csv", csvOf(ref)), Current: write(t, "cur.csv", csvOf(cur))})
		if got.Verdict != plumbline.NoDrift {
			t.Errorf("%d rows of a day: %s", n, got.Summary())
		}
	}
}

// Where the order of rows was followed in stretches longer than the current file, rows that depend on each other have no verdict.
func TestStretchesLongerThanTheFileSayNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 13))
	for rho, want := range map[float64]plumbline.Verdict{0: plumbline.NoDrift, .9: plumbline.NoVerdict} {
		x := ar(r, 300_100, rho)
		c := newColumn("x", firstRows)
		c.numbers(x[:300_000])
		f := c.finish(0)
		b := f.like()
		b.numbers(x[300_000:])
		p := pair{ref: f, cur: b.against(f, 0), spoken: f.spoken, present: 100}
		got, err := p.judge(.001, false)
		if err != nil || got.Verdict != want {
			t.Errorf("correlation %v: %s, %v, want %s", rho, got.Verdict, err, want)
		}
	}
}

// Customers come in runs of ten rows: a new one is ten rows and no new kind of customer.
func TestRunsOfCategoriesAreNotUnseenTenTimes(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 15))
	draw := func(n int) []string {
		out := make([]string, n)
		for i := range out {
			if out[i] = fmt.Sprint("c", int(math.Exp(5.3*r.Float64()))); i > 0 && r.Float64() < .9 {
				out[i] = out[i-1]
			}
		}
		return out
	}
	ref, cur := map[string][]string{}, map[string][]string{}
	for i := range 10 {
		name := fmt.Sprint("x", i)
		ref[name], cur[name] = draw(30000), draw(1000)
	}
	if got := run(t, Options{Reference: write(t, "ref.csv", csvOf(ref)), Current: write(t, "cur.csv", csvOf(cur))}); got.Verdict != plumbline.NoDrift {
		t.Errorf("%s", got.Summary())
	}
}

// Rows with an invalid value that come in bursts are counted by the burst.
func TestBurstsOfInvalidRowsAreNotSoManyRows(t *testing.T) {
	r := rand.New(rand.NewPCG(16, 16))
	draw := func(n int) []string {
		out := texts(ar(r, n, 0))
		for burst := range slices.Chunk(out, 50) {
			if r.Float64() < .02 {
				for j := range burst {
					burst[j] = "inf"
				}
			}
		}
		return out
	}
	ref, cur := map[string][]string{}, map[string][]string{}
	for i := range 10 {
		name := fmt.Sprint("x", i)
		ref[name], cur[name] = draw(20000), draw(1000)
	}
	if got := run(t, Options{Reference: write(t, "ref.csv", csvOf(ref)), Current: write(t, "cur.csv", csvOf(cur))}); got.Verdict == plumbline.Drift {
		t.Errorf("%s %+v", got.Summary(), got.Features[0].Findings)
	}
}
