package profiles

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline"
)

// scipy.stats.spearmanr of SciPy 1.17.1, by rows without missing values; ties have their mean rank.
func TestCorrelateEqualsSpearman(t *testing.T) {
	x := []float64{1, 2, 2, 4, 5, 6, 7, 8, 8, 10}
	y := []float64{2.5, 0, 1, 1, 9, 3, 3, 12, -4, 7}
	z := []float64{10, 9, 8, 7, 6, 5, 4, 3, 2, 1e9}
	c := Correlate([]string{"x", "y", "z"}, [][]float64{x, y, z})
	want := []float64{0.4079754601226994, -0.445130226322946, -0.054879068998719374}
	for i, r := range c.R {
		if math.Abs(r-want[i]) > 1e-6 || c.N[i] != 10 {
			t.Errorf("pair %d: %v of %d rows, want %v", i, r, c.N[i], want[i])
		}
	}
}

// The rank of 3 among all of a, 4, counts: -3/sqrt(28/3), closed form.
func TestCorrelateWithoutValues(t *testing.T) {
	nan := math.NaN()
	c := Correlate([]string{"a", "constant", "half", "none"}, [][]float64{{1, 2, 3, 4}, {5, 5, 5, 5}, {4, nan, 2, 1}, {nan, nan, nan, nan}})
	want := &Correlations{Features: []string{"a", "constant", "half", "none"}, R: []float64{0, -0.981980506, 0, 0, 0, 0}, N: []int64{0, 3, 0, 0, 0, 0}}
	got := &Correlations{Features: c.Features, R: c.R, N: c.N}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(c.Variance) != 6 || len(c.Freedom) != 6 || len(c.Bias) != 6 || c.Variance[0] != 0 || c.Freedom[5] != 0 {
		t.Errorf("%+v", c)
	}
}

// A correlation varies from sample to sample as its rows' influence says: within 6 % in variance of 4,000 samples of 400 rows (of normal
// numbers 2.2 % are one standard error), whatever the rows are; Bonett and Wright's 1 + r²/2, for normal numbers, is off by up to a factor of 40.
func TestVarianceOfCorrelations(t *testing.T) {
	const samples, rows = 4000, 400
	for name, draw := range map[string]func(rng *rand.Rand) (x, y float64){
		"normal": func(rng *rand.Rand) (x, y float64) { x = rng.NormFloat64(); return x, x + rng.NormFloat64() },
		"one a function of the other": func(rng *rand.Rand) (x, y float64) {
			x = float64(rng.IntN(24))
			return x, math.Cos(x / 12 * math.Pi)
		},
		"the same magnitude": func(rng *rand.Rand) (x, y float64) {
			x = rng.NormFloat64()
			return x, x * float64(2*rng.IntN(2)-1)
		},
		"mostly zero": func(rng *rand.Rand) (x, y float64) {
			if rng.IntN(5) > 0 {
				return 0, 0
			}
			return 1 + rng.Float64(), 1 + rng.Float64()
		},
		"three values, some missing": func(rng *rand.Rand) (x, y float64) {
			x = float64(rng.IntN(3))
			if y = max(x, float64(rng.IntN(3))); rng.IntN(4) == 0 {
				x = math.NaN()
			}
			return x, y
		},
	} {
		rng := rand.New(rand.NewPCG(7, 7))
		x, y := make([]float64, rows), make([]float64, rows)
		var sum, squares, expected float64
		for range samples {
			for i := range x {
				x[i], y[i] = draw(rng)
			}
			c := Correlate([]string{"x", "y"}, [][]float64{x, y})
			sum, squares, expected = sum+c.R[0], squares+c.R[0]*c.R[0], expected+c.Variance[0]/float64(c.N[0]-3)
		}
		if ratio := expected / (squares - sum*sum/samples); math.Abs(ratio-1) > 0.06 {
			t.Errorf("%s: the variance of r is estimated as %.3f of what it is", name, ratio)
		}
	}
}

// Of 200 rows of normal numbers correlated by 0.999, Spearman's correlation is 0.0004 below what it estimates, a third of its distance to
// 1 (Hoeffding 1948: E r = ρ + 3 (τ - ρ)/(n + 1), ρ = 6/π asin(0.999/2), τ = 2/π asin 0.999).
func TestBiasOfCorrelations(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	const samples, rows = 1000, 200
	x, y := make([]float64, rows), make([]float64, rows)
	var r, corrected float64
	for range samples {
		for i := range x {
			x[i] = rng.NormFloat64()
			y[i] = 0.999*x[i] + math.Sqrt(1-0.999*0.999)*rng.NormFloat64()
		}
		c := Correlate([]string{"x", "y"}, [][]float64{x, y})
		r, corrected = r+c.R[0]/samples, corrected+(c.R[0]-c.Bias[0])/samples
	}
	rho, tau := 6/math.Pi*math.Asin(0.999/2), 2/math.Pi*math.Asin(0.999)
	if bias := 3 * (tau - rho) / (rows + 1); math.Abs(r-rho-bias) > 3e-5 || math.Abs(corrected-rho) > 1e-4 {
		t.Errorf("off by %v, by %v corrected; want %v", r-rho, corrected-rho, bias)
	}
}

// Kendall's tau a against its definition.
func TestKendall(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var f influence
	for range 200 {
		n := 3 + rng.IntN(60)
		x, y := make([]float64, n), make([]float64, n)
		rows, sum := 0, 0
		for i := range x {
			x[i] = float64(rng.IntN(20))
			y[i] = x[i] + float64(rng.IntN(3))
			if rng.IntN(9) == 0 {
				x[i] = math.NaN()
			}
			if rng.IntN(9) == 0 {
				y[i] = math.NaN()
			}
			if x[i] != x[i] || y[i] != y[i] {
				continue
			}
			rows++
			for j := range i {
				switch d := (x[i] - x[j]) * (y[i] - y[j]); {
				case d > 0:
					sum++
				case d < 0:
					sum--
				}
			}
		}
		if rows < 2 {
			continue
		}
		r := rankAll([][]float64{x, y})
		want := float64(sum) / float64(rows*(rows-1)/2)
		if got := f.kendall(&r[0], &r[1], float64(rows)); math.Abs(got-want) > 1e-12 {
			t.Errorf("%d rows: %v, want %v", rows, got, want)
		}
	}
}

// A baseline keeps how its numbers are related and how often its rows repeat, and its file brings both back.
func TestBaselineKeepsRowsAndCorrelations(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	b := NewBuilder(&plumbline.Model{Name: "m"})
	for range 30_000 {
		x := rng.NormFloat64()
		r := plumbline.Record{Features: []plumbline.Field{{Name: "x", Value: number(x)}, {Name: "y", Value: number(x + rng.NormFloat64())}, {Name: "c", Value: text1("a")}}}
		b.Add(&r)
		if rng.IntN(10) == 0 {
			b.Add(&r)
		}
	}
	base, err := b.Build(time.Unix(0, 0), "random")
	if err != nil {
		t.Fatal(err)
	}
	if r := base.Related.R[0]; math.Abs(r-0.690) > 0.03 { // 6/π asin(ρ/2) of ρ = 1/√2
		t.Errorf("r = %v", r)
	}
	body, err := base.Write()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ReadBaseline(body)
	if err != nil {
		t.Fatal(err)
	}
	if again.Hash() != base.Hash() {
		t.Error("the hash differs")
	}
	rows := again.Profile().Rows()
	if diff := cmp.Diff(base.Profile().Rows(), rows); diff != "" || rows.Records < 32_000 || rows.Level == 0 {
		t.Errorf("%+v\n%s", rows, diff)
	}
	pairs := 0.
	for _, n := range rows.Counts {
		if n == 2 {
			pairs++
		}
	}
	if share := pairs / float64(len(rows.Counts)); math.Abs(share-0.1) > 0.06 { // three standard errors
		t.Errorf("%v of the rows occur twice, want about 0.1", share)
	}
}

func TestImpossibleCorrelationsAreRefused(t *testing.T) {
	good := func() *Correlations {
		return &Correlations{Features: []string{"a", "b"}, R: []float64{.5}, N: []int64{9}, Spreads: []Spread{{60, []float64{.1}, []int64{8}}}}
	}
	sure := good()
	sure.Variance, sure.Freedom, sure.Bias = []float64{1}, []float64{9}, []float64{-1e-4}
	for _, c := range []*Correlations{nil, good(), sure, {}} {
		if err := c.validate(); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for name, change := range map[string]func(c *Correlations){
		"a pair too many": func(c *Correlations) { c.R, c.N = append(c.R, 0), append(c.N, 0) },
		"no rows":         func(c *Correlations) { c.N = nil },
		"above one":       func(c *Correlations) { c.R[0] = 1.01 },
		"no number":       func(c *Correlations) { c.R[0] = math.NaN() },
		"fewer than none": func(c *Correlations) { c.N[0] = -1 },
		"no length":       func(c *Correlations) { c.Spreads[0].Seconds = 0 },
		"no spread":       func(c *Correlations) { c.Spreads[0].SD = nil },
		"negative spread": func(c *Correlations) { c.Spreads[0].SD[0] = -1 },
		"stretches":       func(c *Correlations) { c.Spreads[0].Blocks[0] = maxCorrelationRows + 1 },
	} {
		c := good()
		if change(c); c.validate() == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
