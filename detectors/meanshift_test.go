package detectors

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"plumbline"
	"plumbline/profiles"
)

// By its score mean_shift keeps its level, also where windows of little spread are frequent.
func TestMeanShiftSize(t *testing.T) {
	const n, m = 200, 20000
	rng := rand.New(rand.NewPCG(2013, 7))
	rare := func() float64 {
		if rng.Float64() < 0.01 {
			return 1
		}
		return 0
	}
	for _, c := range []struct {
		name         string
		draw         func() float64
		alpha, bound float64 // share of windows at alpha
	}{
		{"normal", rng.NormFloat64, 0.01, 0.0135},
		{"exponential", rng.ExpFloat64, 0.01, 0.0135},
		{"one in a hundred", rare, 0.001, 0.005}, // a binomial law is skewed
	} {
		moments := func(rows int) Moments {
			sum, squares := 0.0, 0.0
			for range rows {
				x := c.draw()
				sum, squares = sum+x, squares+x*x
			}
			mean := sum / float64(rows)
			return Moments{N: int64(rows), Mean: mean, SD: math.Sqrt((squares - mean*sum) / float64(rows-1))}
		}
		const rounds = 10000
		var ref Moments
		rejected := 0
		for i := range rounds {
			if i%200 == 0 {
				ref = moments(m)
			}
			if s := meanScore((moments(n).Mean-ref.Mean)/ref.SD, n, m); s.tail(s.X) <= c.alpha {
				rejected++
			}
		}
		if share := float64(rejected) / rounds; share > c.bound {
			t.Errorf("%s: %.4f of the windows are at %v, at most %v may be", c.name, share, c.alpha, c.bound)
		}
	}
}

// A test without a number in most windows of the baseline, like one of a value that no day has more than one of, has nothing to be
// judged by: that its rows were independent is not known either.
func TestMuteCalibration(t *testing.T) {
	s := chiSquareScore(500, 1, 1, 500)
	if p, reason, r := (&Calibration{Available: 31, Mute: true}).tail(s); r != unknown || reason == "" {
		t.Errorf("p %v, reason %q", p, reason)
	}
	if p, _, r := (&Calibration{}).tail(s); r != known || p > 1e-100 {
		t.Errorf("without windows rows count as independent: p %v", p)
	}
}

// A sentinel of a baseline makes its spread infinite, not nothing.
func TestSpreadBeyondADouble(t *testing.T) {
	m := &plumbline.Model{Name: "m"}
	b := profiles.NewBuilder(m)
	row := func(i int) *plumbline.Record {
		x := float64(i % 10)
		if i%50 == 7 {
			x = -math.MaxFloat64
		}
		return &plumbline.Record{Features: []plumbline.Field{{Name: "x", Value: value(x)}, {Name: "one", Value: value(1.5)}}}
	}
	for i := range 1000 {
		b.Add(row(i))
	}
	baseline, err := b.Build(time.Unix(0, 0), "sentinel")
	if err != nil {
		t.Fatal(err)
	}
	layout := profiles.NewLayout(m, baseline)
	p, f := layout.NewProfile(), profiles.NewFolder(layout)
	for i := range 200 {
		f.Fold(row(i), false, p)
	}
	in := Input{BaselineProfile: baseline.Profile(), CurrentProfile: p}
	for feature, why := range map[string]string{"x": "beyond a double", "one": "constant"} {
		for name, of := range map[string]func(Input) outcome{"mean_shift": meanShiftOf, "welch": welchOf, "var_ratio": varRatioOf} {
			if res := of(in.of(feature)); res.Value != nil || !strings.Contains(res.Reason, why) {
				t.Errorf("%s of %s: %q, not because it is %s", name, feature, res.Reason, why)
			}
		}
	}
}

// Where a mean or a variance of so few rows has another law than the one p is of, a note says so, and it does not where the law holds. Of 60
// rows of a lognormal law with σ = 3 against 20,000 p <= 0.001 in a third; of 300 against 300 cubed Cauchy numbers the ratio of variances in 18 %.
func TestMeansAndVariancesSayWhereTheirLawEnds(t *testing.T) {
	lognormal := func(sigma float64) func(rng *rand.Rand) float64 {
		return func(rng *rand.Rand) float64 { return math.Exp(sigma * rng.NormFloat64()) }
	}
	for _, c := range []struct {
		name           string
		draw           func(rng *rand.Rand) float64
		m, n           int
		mean, variance float64 // the least share of windows with a note; -1 is at most a tenth
	}{
		{"lognormal 3", lognormal(3), 60, 20000, 0.9, 0.9},
		{"lognormal 3", lognormal(3), 20000, 60, 0.9, 0.9},
		{"lognormal 1", lognormal(1), 5000, 60, 0.8, 0.8},
		{"normal", (*rand.Rand).NormFloat64, 60, 5000, -1, -1},
		{"normal", (*rand.Rand).NormFloat64, 60, 60, -1, -1},
		{"exponential", (*rand.Rand).ExpFloat64, 300, 300, -1, -1},
		{"exponential", (*rand.Rand).ExpFloat64, 20000, 1000, -1, -1},
		{"cubed Cauchy", func(rng *rand.Rand) float64 { return math.Pow(rng.NormFloat64()/rng.NormFloat64(), 3) }, 300, 300, -1, 0.9},
	} {
		rng := rand.New(rand.NewPCG(21, 22))
		draw := func(n int) Spread {
			x, k := make([]float64, n), float64(n)
			mean, m2, m3, m4 := 0., 0., 0., 0.
			for i := range x {
				x[i] = c.draw(rng)
				mean += x[i] / k
			}
			for _, v := range x {
				d := v - mean
				m2, m3, m4 = m2+d*d/k, m3+d*d*d/k, m4+d*d*d*d/k
			}
			return Spread{Moments{int64(n), mean, math.Sqrt(m2 * k / (k - 1)), m3 / m2 / math.Sqrt(m2)}, m4 / m2 / m2}
		}
		const runs = 50
		means, variances, false001 := 0., 0., 0
		for range runs {
			ref, cur := draw(c.m), draw(c.n)
			mean, variance := MeanShift(ref.Moments, cur.Moments), VarianceRatio(ref, cur)
			for _, r := range []struct {
				Result
				noted *float64
			}{{mean, &means}, {variance, &variances}, {Welch(ref.Moments, cur.Moments), new(float64)}} {
				if strings.Contains(r.Note, "too few for such") {
					*r.noted += 1. / runs
				} else if r.P != nil && *r.P <= 0.001 {
					false001++
				}
			}
		}
		for what, got := range map[string][2]float64{"mean": {means, c.mean}, "variance": {variances, c.variance}} {
			if want := got[1]; want < 0 && got[0] > 0.1 || want >= 0 && got[0] < want {
				t.Errorf("%s of %s, %d against %d: a note in %.2f of windows", what, c.name, c.n, c.m, got[0])
			}
		}
		if false001 > 1 {
			t.Errorf("%s, %d against %d: p <= 0.001 without a note %d times", c.name, c.n, c.m, false001)
		}
	}
}
