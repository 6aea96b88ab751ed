package profiles

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNewGridRejects(t *testing.T) {
	for _, edges := range [][]float64{{1, 1}, {2, 1}, {math.NaN()}, {math.Inf(1)}, make([]float64, maxCells)} {
		if _, err := NewGrid(edges); err == nil {
			t.Errorf("%d edges %v were taken", len(edges), edges[:min(len(edges), 3)])
		}
	}
}

// TestCellAgreesWithSearch compares the guided look-up with the definition, on and right beside every edge.
func TestCellAgreesWithSearch(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	draw := map[string]func() float64{
		"normal":    rng.NormFloat64,
		"lognormal": func() float64 { return math.Exp(3 * rng.NormFloat64()) },
		"pressure":  func() float64 { return 1000 + rng.Float64() },
		"integers":  func() float64 { return float64(rng.IntN(40)) },
		"outlier": func() float64 {
			if rng.IntN(1000) == 0 {
				return 1e300
			}
			return rng.Float64()
		},
		"denormal": func() float64 { return 5e-324 * float64(rng.IntN(1000)) },
		"constant": func() float64 { return 3 },
		"huge":     func() float64 { return (rng.Float64() - 0.5) * math.MaxFloat64 },
	}
	grids := map[string]*Grid{"log": LogGrid()}
	for name, f := range draw {
		x := make([]float64, 20000)
		for i := range x {
			x[i] = f()
		}
		slices.Sort(x)
		grids[name] = QuantileGrid(x)
	}
	for name, g := range grids {
		values := []float64{0, math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64, 5e-324}
		for _, e := range g.Edges {
			values = append(values, e, math.Nextafter(e, math.Inf(1)), math.Nextafter(e, math.Inf(-1)))
		}
		for range 20000 {
			values = append(values, rng.NormFloat64()*math.Exp(10*rng.NormFloat64()))
			if f := draw[name]; f != nil {
				values = append(values, f())
			}
		}
		for _, x := range values {
			if got, want := g.Cell(x), sort.SearchFloat64s(g.Edges, x); got != want {
				t.Fatalf("%s: %v is in cell %d, want %d", name, x, got, want)
			}
		}
		if len(g.Edges) > 255 && name != "log" {
			t.Errorf("%s: %d edges", name, len(g.Edges))
		}
		g.Cell(math.NaN())
	}
	if n := len(grids["constant"].Edges); n != 0 {
		t.Errorf("a constant has %d edges; the maximum is no edge", n)
	}
	// Of 20,000 values the ranks of 1/61440 and 1/30720 are both 1, and those of 1 less either are the maximum.
	if n := len(grids["normal"].Edges); n != 239+7+6 {
		t.Errorf("20,000 distinct values have %d edges, want 252", n)
	}
}

// TestQuantileGridCutsAtDeciles: of 1 … 2400, k/240 quantiles are 10, 20, …, by the definition of inverted_cdf.
func TestQuantileGridCutsAtDeciles(t *testing.T) {
	x := make([]float64, 2400)
	for i := range x {
		x[i] = float64(i + 1)
	}
	g := QuantileGrid(x)
	for k := 1; k < 240; k++ {
		if !slices.Contains(g.Edges, float64(10*k)) {
			t.Fatalf("%d is no edge", 10*k)
		}
	}
	counts := make([]int64, g.Cells())
	for _, v := range x {
		counts[g.Cell(v)]++
	}
	var edges []float64
	cuts := g.Deciles(counts)
	for _, c := range cuts {
		edges = append(edges, g.Edges[c])
	}
	if want := []float64{240, 480, 720, 960, 1200, 1440, 1680, 1920, 2160}; !cmp.Equal(edges, want) {
		t.Errorf("deciles %v, want %v", edges, want)
	}
	for _, n := range Group(counts, cuts) {
		if n != 240 {
			t.Errorf("a decile holds %d of 2400", n)
		}
	}
	if got := g.Coarsen(20, counts); len(got) != 19 {
		t.Errorf("%d twentieths", len(got)+1)
	}
	if got := g.Deciles(make([]int64, g.Cells())); got != nil {
		t.Errorf("deciles of nothing: %v", got)
	}
}

func TestLogGridQuantiles(t *testing.T) {
	l := NewLayout(nil, nil)
	p := l.NewProfile()
	f := NewFolder(l)
	rng := rand.New(rand.NewPCG(5, 5))
	x := make([]float64, 20000)
	for i := range x {
		x[i] = 3 * math.Exp(0.5*rng.NormFloat64())
		r := with("-", null)
		r.Features, r.Runtime.Facts = nil, with("latency_ms", number(x[i])).Features
		f.Fold(r, false, p)
	}
	slices.Sort(x)
	latency := p.Feature(Key{Runtime, "latency_ms"})
	for _, q := range []float64{0, 0.01, 0.5, 0.95, 0.99, 0.999, 1} {
		want := x[max(int(math.Ceil(q*float64(len(x))))-1, 0)]
		got, lo, hi, ok := latency.Quantile(q)
		if !ok || !near(got, want, 0.022) || got < lo || got > hi {
			t.Errorf("p%v = %v in [%v, %v], exactly %v", 100*q, got, lo, hi, want)
		}
	}
}
