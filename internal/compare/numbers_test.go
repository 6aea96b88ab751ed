package compare

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"plumbline"
	"plumbline/detectors"
	"plumbline/profiles"
)

// shapes are columns with the values that cells could get wrong: atoms, whole numbers, far modes, both signs, extremes of a double.
func shapes(r *rand.Rand, n int) map[string][]float64 {
	fill := func(f func() float64) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = f()
		}
		return x
	}
	return map[string][]float64{
		"normal":    fill(r.NormFloat64),
		"lognormal": fill(func() float64 { return math.Exp(2 * r.NormFloat64()) }),
		"whole":     fill(func() float64 { return float64(r.IntN(40) - 7) }),
		"money":     fill(func() float64 { return float64(r.IntN(100000)) / 100 }),
		"sentinel": fill(func() float64 {
			if r.Float64() < .3 {
				return -999
			}
			return 1e6 + r.NormFloat64()
		}),
		"far modes": fill(func() float64 { return float64(r.IntN(2))*1000 + r.NormFloat64()/10 }),
		"zeros":     fill(func() float64 { return math.Copysign(0, r.Float64()-.5) }),
		"huge":      fill(func() float64 { return (r.Float64() - .5) * 2 * math.MaxFloat64 }),
		"tiny":      fill(func() float64 { return r.NormFloat64() * 5e-324 * 1e3 }),
		"heavy":     fill(func() float64 { return math.Pow(r.Float64(), -3) * math.Copysign(1, r.Float64()-.5) }),
	}
}

func summarise(x []float64, first int) *numbers {
	sorted := slices.Clone(x[:min(first, len(x))])
	slices.Sort(sorted)
	c := newNumbers(frameOf(sorted))
	c.order = newOrder(fineBlocks)
	for len(x) > 0 { // in pages of odd lengths
		k := min(777, len(x))
		c.add(x[:k])
		x = x[k:]
	}
	return c
}

// Final cells hold what their edges say, and are those that sorting all values would have cut, up to the resolution of the fine cells.
func TestCellsHoldWhatTheirEdgesSay(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for name, x := range shapes(r, 30000) {
		c := summarise(x, 2000)
		to := c.freeze(c.list())
		s := c.sample(c.list(), to)
		if !slices.IsSorted(to.edges) || len(to.edges) > 260 {
			t.Fatalf("%s: %d edges, ascending: %v", name, len(to.edges), slices.IsSorted(to.edges))
		}
		grid, err := profiles.NewGrid(to.edges)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := make([]int64, grid.Cells())
		for _, v := range x {
			want[grid.Cell(v)]++
		}
		if !slices.Equal(want, s.Counts) {
			off := int64(0)
			for j := range want {
				off += max(want[j]-s.Counts[j], s.Counts[j]-want[j])
			}
			t.Errorf("%s: %d of %d values lie in another cell than their value says", name, off/2, len(x))
		}
		if s.N != int64(len(x)) || s.Min != slices.Min(x) || s.Max != slices.Max(x) {
			t.Errorf("%s: n %d, min %v, max %v", name, s.N, s.Min, s.Max)
		}
		sorted := slices.Clone(x)
		slices.Sort(sorted)
		if d := detectors.KS(append(s.Counts, 0), append(s.Counts, 0)); d.Value != nil && *d.Value != 0 {
			t.Errorf("%s: a sample differs from itself", name)
		}
		most := 0 // the most values in a cell that are not all the same
		at := 0
		for _, k := range s.Counts {
			part := sorted[at : at+int(k)]
			at += int(k)
			if len(part) > 0 && part[0] != part[len(part)-1] {
				most = max(most, len(part))
			}
		}
		if most > len(x)/60 && name != "tiny" { // four cells' worth; below 1e-308 doubles have no exponents to cut at
			t.Errorf("%s: %d values that differ lie in one cell", name, most)
		}
	}
}

// Whole numbers keep apart, so that one that becomes another is seen.
func TestWholeNumbersStayApart(t *testing.T) {
	x := make([]float64, 1000)
	for i := range x {
		x[i] = float64(i % 10)
	}
	c := summarise(x, 100)
	to := c.freeze(c.list())
	for v := range 9 {
		if !slices.Contains(to.edges, float64(v)) {
			t.Errorf("%d is no edge of %v", v, to.edges)
		}
	}
}

func TestNaNAndInfinityAreCountedApart(t *testing.T) {
	c := summarise([]float64{1, math.NaN(), math.Inf(1), 2, math.Inf(-1), 3}, 6)
	s := c.sample(c.list(), c.freeze(c.list()))
	if s.N != 3 || s.NaN != 1 || s.Missing != 1 || s.Invalid != 2 || s.Sums[0]+3*s.Shift != 6 {
		t.Errorf("n %d, nan %d, missing %d, invalid %d, sum %v", s.N, s.NaN, s.Missing, s.Invalid, s.Sums[0]+3*s.Shift)
	}
	var all block
	for _, b := range append(c.order.rows.done, c.order.rows.now) {
		all.add(&b)
	}
	if all.counts[lostSlot] != 3 {
		t.Errorf("%d rows without a value in the order of rows", all.counts[lostSlot])
	}
}

// Cells of one frame count the same values alike whatever side they are on, and whatever came first.
func TestSidesShareCells(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for name, x := range shapes(r, 5000) {
		ref := summarise(x, 500)
		cur := newNumbers(ref.frame)
		y := slices.Clone(x)
		r.Shuffle(len(y), func(i, j int) { y[i], y[j] = y[j], y[i] })
		cur.add(y)
		to := ref.freeze(ref.list())
		if a, b := ref.sample(ref.list(), to), cur.sample(cur.list(), to); !slices.Equal(a.Counts, b.Counts) {
			t.Errorf("%s: the same values in another order lie in other cells", name)
		}
	}
}

func FuzzNumbers(f *testing.F) {
	f.Add(1.0, 2.0, 3.0, -1e300, 0.0)
	f.Add(math.MaxFloat64, -math.MaxFloat64, 5e-324, math.Inf(1), math.NaN())
	f.Fuzz(func(t *testing.T, a, b, c, d, e float64) {
		var first []float64
		for _, v := range []float64{a, b} {
			if v-v == 0 {
				first = append(first, v)
			}
		}
		slices.Sort(first)
		n := newNumbers(frameOf(first))
		n.order = newOrder(fineBlocks)
		n.add([]float64{a, b, c, d, e})
		to := n.freeze(n.list())
		if _, err := profiles.NewGrid(to.edges); err != nil {
			t.Fatal(err)
		}
		s := n.sample(n.list(), to)
		sum := int64(0)
		for _, k := range s.Counts {
			sum += k
		}
		if sum != s.N || s.N+s.Missing+s.Invalid != 5 {
			t.Fatalf("%d in cells, n %d, missing %d, invalid %d", sum, s.N, s.Missing, s.Invalid)
		}
	})
}

// Values far from the first ones are told apart as finely: the second of two regimes moves by four of its standard deviations. Where that
// can't be, it is said.
func TestALateRegimeIsToldApart(t *testing.T) {
	for far, want := range map[float64]plumbline.Verdict{5e4: plumbline.Drift, 1e12: plumbline.NoVerdict} {
		r := rand.New(rand.NewPCG(21, 21))
		draw := func(shift float64, k int) []float64 {
			x := make([]float64, k*80)
			for i := range x {
				if x[i] = r.NormFloat64(); i >= k*20 {
					x[i] = far + 5*x[i] + shift
				}
			}
			return x
		}
		c := newColumn("x", firstRows)
		c.numbers(draw(0, 1000))
		f := c.finish(0)
		for shift, want := range map[float64]plumbline.Verdict{0: plumbline.NoDrift, 20: want} {
			if far > 1e9 {
				want = plumbline.NoVerdict
			}
			b := f.like()
			b.numbers(draw(shift, 200))
			p := pair{ref: f, cur: b.against(f, 0), spoken: f.spoken, present: 16000}
			got, err := p.judge(.0001, true)
			if err != nil || got.Verdict != want {
				t.Errorf("%v away, moved by %v: %s, %v, want %s; %v of the values can't be told apart", far, shift, got.Verdict, err, want, f.blurred)
			}
		}
	}
}
