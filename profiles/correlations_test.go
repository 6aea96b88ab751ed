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
	want := &Correlations{Features: []string{"a", "constant", "half", "none"}, R: []float64{0, -0.981981, 0, 0, 0, 0}, N: []int64{0, 3, 0, 0, 0, 0}}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
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
	for _, c := range []*Correlations{nil, good(), {}} {
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
