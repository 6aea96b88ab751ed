package compare

import (
	"math"
	"math/rand/v2"
	"testing"

	"plumbline"
)

// verdicts compares undrifted columns again and again at a level, and counts their verdicts.
func verdicts(t *testing.T, times, m, n int, level float64, fill func(c *column, rows int)) map[plumbline.Verdict]int {
	t.Helper()
	got := map[plumbline.Verdict]int{}
	for range times {
		a := newColumn("x", firstRows)
		fill(a, m)
		ref := a.finish(0)
		b := ref.like()
		fill(b, n)
		f, err := (&pair{ref: ref, cur: b.against(ref, 0), spoken: b.spoken(), present: b.rows}).judge(level, false)
		if err != nil {
			t.Fatal(err)
		}
		got[f.Verdict]++
	}
	return got
}

func numbersOf(draw func(rows int) []float64) func(*column, int) {
	return func(c *column, rows int) { c.numbers(draw(rows)) }
}

// Nine of ten rows without a value hide nothing of how much values depend on each other, and make independent ones no others.
func TestDependentRowsAreSeenInSparseColumns(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 21))
	sparse := func(rho float64) func(int) []float64 {
		return func(rows int) []float64 {
			x := ar(r, rows, rho)
			for i := range x {
				if r.Float64() < .9 {
					x[i] = math.NaN()
				}
			}
			return x
		}
	}
	const times = 16
	for _, c := range []struct {
		m, n int
		rho  float64
		want plumbline.Verdict
	}{
		{6000, 6000, .995, plumbline.NoVerdict}, {60000, 6000, .995, plumbline.NoVerdict}, {60000, 2000, .995, plumbline.NoDrift},
		{2000, 2000, 0, plumbline.NoDrift}, {6000, 6000, 0, plumbline.NoDrift}, {60000, 2000, 0, plumbline.NoDrift},
	} {
		got := verdicts(t, times, c.m, c.n, .0005, numbersOf(sparse(c.rho)))
		if got[plumbline.Drift] > 0 || got[c.want] < times-3 {
			t.Errorf("%d and %d rows of correlation %v: %v, most should have %q", c.m, c.n, c.rho, got, c.want)
		}
	}
}

// A rare value that comes in bursts is in too few windows for tests to have a number in; one that comes by chance gets its verdict.
func TestRareValuesInBursts(t *testing.T) {
	r := rand.New(rand.NewPCG(22, 22))
	rare := func(length int) func(int) []float64 {
		return func(rows int) []float64 {
			x := make([]float64, rows)
			for range rows / 100 / length { // one in a hundred rows
				at := r.IntN(rows - length)
				for i := range length {
					x[at+i] = 1
				}
			}
			return x
		}
	}
	for length, want := range map[int]plumbline.Verdict{1: plumbline.NoDrift, 10: plumbline.NoVerdict} {
		const times = 30
		ref, cur := rare(length), rare(length)
		calls := 0
		got := verdicts(t, times, 5000, 5000, .0005, numbersOf(func(rows int) []float64 {
			if calls++; calls%2 == 0 {
				return cur(rows)
			}
			return ref(rows)
		}))
		if got[plumbline.Drift] > 0 || got[want] < times-3 {
			t.Errorf("bursts of %d: %v, most should have %q", length, got, want)
		}
	}
}

// A reference that is all but constant can't tell whether its few other values come in bursts. If nearly all are others now, they did
// not come so.
func TestNearlyConstantColumns(t *testing.T) {
	column := func(ones ...int) []float64 {
		x := make([]float64, 3000)
		for _, at := range ones {
			x[at] = 1
		}
		return x
	}
	all := column()
	for i := range all {
		all[i] = 1
	}
	for name, c := range map[string]struct {
		ref, cur []float64
		want     plumbline.Verdict
	}{
		"constant, all others":  {column(), all, plumbline.Drift},
		"one other, all others": {column(7), all, plumbline.Drift},
		"one other, many":       {column(7), append(column(), all[:100]...), plumbline.NoVerdict},
	} {
		calls := 0
		got := verdicts(t, 1, 0, 0, .0005, numbersOf(func(int) []float64 {
			if calls++; calls == 1 {
				return c.ref
			}
			return c.cur
		}))
		if got[c.want] != 1 {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Few others among independent rows are no reason to have no verdict: they don't look as if they came together, and of categories the test
// of shares tells of them where psi has no p-value.
func TestRareValuesHaveVerdicts(t *testing.T) {
	r := rand.New(rand.NewPCG(25, 25))
	for _, share := range []float64{.005, .02, .1} {
		for what, put := range map[string]func(c *column, rare bool){
			"numbers": func(c *column, rare bool) {
				x := 0.0
				if rare {
					x = r.NormFloat64()
				}
				c.numbers([]float64{x})
			},
			"categories": func(c *column, rare bool) { c.text(map[bool]string{true: "yes", false: "no"}[rare]) },
		} {
			const times = 60
			got := verdicts(t, times, 2000, 200, .0005, func(c *column, rows int) {
				for range rows {
					put(c, r.Float64() < share)
				}
			})
			if got[plumbline.NoDrift] < times-3 {
				t.Errorf("%v of %s differ: %v", share, what, got)
			}
		}
	}
}

// Independent entries are rarely called clustered, whatever the share of the rarer ones.
func TestClusteringKeepsItsLevel(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 23))
	for _, share := range []float64{.005, .02, .1, .5} {
		falsely, told := 0, 0
		const times = 2000
		for range times {
			x := track{most: fineBlocks, length: firstLength}
			for range 1000 {
				class := uint8(0)
				if r.Float64() < share {
					class = 1
				}
				x.add(class, 1)
			}
			p, ok := x.clustering()
			if ok {
				told++
				if p < .01 {
					falsely++
				}
			}
		}
		t.Logf("share %v: %d of %d told, %d below 0.01", share, told, times, falsely)
		if float64(falsely) > .02*float64(told)+2 || share > .02 && told < times {
			t.Errorf("share %v: %d of %d told, %d below 0.01", share, told, times, falsely)
		}
	}
}

// To psi a category's missing values are a category of their own: where they come in bursts its windows count rows.
func TestMissingCategoriesInBursts(t *testing.T) {
	r := rand.New(rand.NewPCG(24, 24))
	fill := func(c *column, rows int) {
		for i := 0; i < rows; {
			if r.IntN(600) == 0 { // 30 of 630 rows
				c.none(30)
				i += 30
				continue
			}
			c.text([]string{"a", "b", "c", "d"}[r.IntN(4)])
			i++
		}
	}
	const times = 30
	if got := verdicts(t, times, 20000, 1000, .002, fill); got[plumbline.Drift] > 2 {
		t.Errorf("%v, few should have drifted", got)
	}
}
