package detectors

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"plumbline"
	"plumbline/profiles"
)

func TestAbsence(t *testing.T) {
	for _, c := range []struct {
		l, m, n int64
		want    float64
	}{ // scipy.stats.hypergeom(m+n, l, n).pmf(0), SciPy 1.17.1
		{0, 10, 10, 1},
		{1, 10, 10, 0.5},             // closed form
		{3, 50, 50, 19600. / 161700}, // C(50,3)/C(100,3) = 19600/161700
		{122, 51911, 6210, 1.0148529995841212e-06},
		{2000, 60000, 300, 3.9287465907932824e-05},
		{5, 4, 10, 0},
		{-1, 4, 10, 1},
	} {
		if got := Absence(c.l, c.m, c.n); math.Abs(got-c.want) > 1e-9*c.want {
			t.Errorf("%d of %d, none of %d: %v, want %v", c.l, c.m, c.n, got, c.want)
		}
	}
}

func TestConstant(t *testing.T) {
	res := Constant(60, 60, 500, 1000)
	_, s := Wilson(500, 1000)
	near(t, "p", have(t, "p", res.P), math.Pow(s, 59), 1e-12) // closed form
	near(t, "effect", have(t, "effect", res.Effect), 0.5, 1e-12)
	for what, r := range map[string]Result{"it was one before": Constant(60, 60, 1000, 1000), "it is none": Constant(59, 60, 500, 1000)} {
		if *r.P != 1 {
			t.Errorf("%s: p = %v", what, *r.P)
		}
	}
}

func TestDistinct(t *testing.T) {
	counts := make([]int64, 100)
	for i := range counts {
		counts[i] = 100
	}
	// 100 equally frequent values in 200 rows: 100 (1 - 0.99^200) = 86.6 are expected, closed form.
	res := Distinct(50, 200, counts)
	near(t, "effect", have(t, "effect", res.Effect), 50-100*(1-math.Pow(0.99, 200)), 1e-9)
	if *res.P > 1e-6 {
		t.Errorf("p = %v", *res.P)
	}
	if res := Distinct(87, 200, counts); *res.P < 0.5 {
		t.Errorf("as many as expected: p = %v", *res.P)
	}
}

// qualityProfiles makes a baseline of a number, a category and a boolean, and a window of n records that change was applied to.
func qualityProfiles(t *testing.T, n int, change func(i int, r *plumbline.Record)) Input {
	t.Helper()
	rng := rand.New(rand.NewPCG(21, uint64(n)))
	record := func() plumbline.Record {
		return plumbline.Record{Features: []plumbline.Field{
			{Name: "x", Value: value(math.Round(1000*rng.NormFloat64()) / 10)},
			{Name: "c", Value: value(string(rune('a' + rng.IntN(5))))},
			{Name: "ok", Value: value(rng.IntN(2) == 0)},
		}}
	}
	m := &plumbline.Model{Name: "m"}
	b := profiles.NewBuilder(m)
	for range 5000 {
		r := record()
		b.Add(&r)
	}
	baseline, err := b.Build(time.Unix(0, 0), "random")
	if err != nil {
		t.Fatal(err)
	}
	layout := profiles.NewLayout(m, baseline)
	p, f := layout.NewProfile(), profiles.NewFolder(layout)
	for i := range n {
		r := record()
		change(i, &r)
		f.Fold(&r, false, p)
	}
	return Input{BaselineProfile: baseline.Profile(), CurrentProfile: p}
}

func (in Input) of(name string) Input {
	key := profiles.Key{Role: profiles.Input, Name: name}
	in.Baseline, in.Current = in.BaselineProfile.Feature(key), in.CurrentProfile.Feature(key)
	return in
}

func TestDataQualityOfProfiles(t *testing.T) {
	none := func(int, *plumbline.Record) {}
	same := qualityProfiles(t, 1000, none)
	for _, c := range []struct {
		what, test, feature string
		in                  Input
		want, p             float64 // p at most; above 1: at least p - 1
		note                string
	}{
		{"nothing", "constant", "c", same.of("c"), 0.2, 2, ""},
		{"nothing", "vanished_categories", "c", same.of("c"), 0, 1.5, ""},
		{"nothing", "type_change", "x", same.of("x"), 0, 2, ""},
		{"nothing", "distinct", "c", same.of("c"), 5, 1.5, ""},
		{"nothing", "vanished_features", "", same, 0, 2, ""},
		{"nothing", "new_features", "", same, 0, 2, ""},
		{"a stuck sensor", "constant", "x", qualityProfiles(t, 200, func(_ int, r *plumbline.Record) { r.Features[0].Value = value(12.5) }).of("x"), 1, 1e-100, "all are 12.5"},
		{"one value differs", "constant", "x", qualityProfiles(t, 200, func(i int, r *plumbline.Record) { r.Features[0].Value = value(12.5 + float64(1/(1+i))) }).of("x"), 199. / 200, 2, ""},
		{"a new constant", "constant", "c", qualityProfiles(t, 200, func(_ int, r *plumbline.Record) { r.Features[1].Value = value("new") }).of("c"), 1, 1e-50, "all are new"},
		{"numbers as texts", "type_change", "x", qualityProfiles(t, 1000, func(i int, r *plumbline.Record) {
			if i%4 == 0 {
				r.Features[0].Value = value("12.5")
			}
		}).of("x"), 0.25, 1e-50, "250 of type text, where a number is asked for"},
		{"infinities", "type_change", "x", qualityProfiles(t, 1000, func(_ int, r *plumbline.Record) { r.Features[0].Value = value("inf") }).of("x"), 0, 2, ""},
		{"a feature renamed", "vanished_features", "", qualityProfiles(t, 100, func(_ int, r *plumbline.Record) { r.Features[0].Name = "X" }), 1, 1e-50, "x"},
		{"a feature renamed", "new_features", "", qualityProfiles(t, 100, func(_ int, r *plumbline.Record) { r.Features[0].Name = "X" }), 1, 1e-50, "X"},
		{"a category gone", "vanished_categories", "c", qualityProfiles(t, 300, func(_ int, r *plumbline.Record) {
			if r.Features[1].Value.Str == "b" {
				r.Features[1].Value.Str = "a"
			}
		}).of("c"), 1, 1e-20, "b"},
		{"a code per row", "distinct", "c", qualityProfiles(t, 90, func(i int, r *plumbline.Record) { r.Features[1].Value = value(fmt.Sprint(i)) }).of("c"), 90, 1e-9, ""},
		{"few rows", "vanished_features", "", qualityProfiles(t, 20, func(_ int, r *plumbline.Record) { r.Features[0].Name = "X" }), -1, 0, ""},
	} {
		f := ask(t, c.test, c.in)
		what := c.what + ": " + c.test
		if c.want < 0 {
			if f.Value != nil || f.Reason == "" {
				t.Errorf("%s = %v", what, f.Value)
			}
			continue
		}
		v, p := have(t, what, f.Value), have(t, what+" p", f.P)
		tolerance := 1e-12
		if c.what == "nothing" && c.test == "constant" {
			tolerance = 0.05
		}
		if math.Abs(v-c.want) > tolerance || c.p <= 1 && p > c.p || c.p > 1 && p < c.p-1 || !strings.Contains(f.Note, c.note) {
			t.Errorf("%s = %v, p = %v (%s), want %v", what, v, p, f.Note, c.want)
		}
		if bins := f.Bins; bins != nil && (len(bins.Labels) != len(bins.Baseline) || len(bins.Labels) != len(bins.Current)) {
			t.Errorf("%s: bins %+v", what, *bins)
		}
	}
}

// drawRows is the sample of n records of one number.
func drawRows(t *testing.T, l *profiles.Layout, rng *rand.Rand, n int, row func(rng *rand.Rand) float64) profiles.Rows {
	t.Helper()
	p, f := l.NewProfile(), profiles.NewFolder(l)
	for range n {
		r := plumbline.Record{Features: []plumbline.Field{{Name: "x", Value: value(row(rng))}}}
		f.Fold(&r, false, p)
	}
	return p.Rows()
}

// With rows drawn as the baseline's, p is small as often as it says, and the share of duplicates of windows larger than the sample
// is within its bounds 95 times in 100; twice as many records of every row are found.
func TestDuplicateRowsAreCalibrated(t *testing.T) {
	l := profiles.NewLayout(nil, nil)
	zipf := func(rng *rand.Rand) float64 { return math.Floor(math.Exp(9 * rng.Float64())) } // some rows are common, most are not
	for name, row := range map[string]func(*rand.Rand) float64{
		"uniform": func(rng *rand.Rand) float64 { return float64(rng.IntN(20_000)) },
		"zipf":    zipf,
		"unique":  func(rng *rand.Rand) float64 { return rng.Float64() },
	} {
		rng := rand.New(rand.NewPCG(31, uint64(len(name))))
		const n, runs = 3000, 80
		small, outside := 0, 0
		for range runs {
			ref, x := drawRows(t, l, rng, 10_000, row), map[float64]int{}
			cur := drawRows(t, l, rng, n, func(rng *rand.Rand) float64 { v := row(rng); x[v]++; return v })
			res := DuplicateRows(cur, ref)
			checkResult(t, name, res)
			duplicates := 0
			for _, k := range x {
				if k > 1 {
					duplicates += k
				}
			}
			if share := float64(duplicates) / n; share < *res.Lower-1e-12 || share > *res.Upper+1e-12 {
				outside++
			}
			if *res.P < 0.05 {
				small++
			}
		}
		t.Logf("%s: p < 0.05 in %.1f %%, bounds missed in %.1f %%", name, 100*float64(small)/runs, 100*float64(outside)/runs)
		if small > runs/10 || outside > runs/7 {
			t.Errorf("%s: p < 0.05 in %d of %d, bounds missed in %d", name, small, runs, outside)
		}
	}
	rng := rand.New(rand.NewPCG(32, 1))
	unique := func(rng *rand.Rand) float64 { return rng.Float64() }
	ref := drawRows(t, l, rng, 10_000, unique)
	last, again := 0.0, false
	twice := drawRows(t, l, rng, 4000, func(rng *rand.Rand) float64 {
		if again = !again; again {
			last = rng.Float64()
		}
		return last
	})
	if res := DuplicateRows(twice, ref); math.Abs(*res.Value-1) > 0.01 || *res.P > 1e-9 {
		t.Errorf("each record twice: %v, p %v", *res.Value, *res.P)
	}
	stuck := drawRows(t, l, rng, 4000, func(rng *rand.Rand) float64 {
		if rng.IntN(2) == 0 {
			return 7
		}
		return rng.Float64()
	})
	if res := DuplicateRows(stuck, ref); math.Abs(*res.Value-0.5) > 0.15 || *res.P > 0.001 {
		t.Errorf("half of the records are one: %v (%v to %v), p %v", *res.Value, *res.Lower, *res.Upper, *res.P)
	}
}

func TestNoRowsBreakDuplicates(t *testing.T) {
	rng := rand.New(rand.NewPCG(33, 1))
	rows := func() profiles.Rows {
		r := profiles.Rows{Records: hostile(rng), Level: rng.IntN(70) - 3}
		for range rng.IntN(20) {
			r.Counts = append(r.Counts, hostile(rng))
		}
		return r
	}
	for range 5000 {
		checkResult(t, "duplicate_rows", DuplicateRows(rows(), rows()))
		checkResult(t, "constant", Constant(hostile(rng), hostile(rng), hostile(rng), hostile(rng)))
		checkResult(t, "distinct", Distinct(hostile(rng), hostile(rng), []int64{hostile(rng), hostile(rng)}))
		if p := Absence(hostile(rng), hostile(rng), hostile(rng)); !(p >= 0 && p <= 1) {
			t.Errorf("absence %v", p)
		}
	}
}

// Without a change the p-value of the surest of ten pairs is small as often as it says; with one, the pair is named.
func TestCorrelationChange(t *testing.T) {
	rng := rand.New(rand.NewPCG(41, 1))
	names := []string{"a", "b", "c", "d", "e"}
	draw := func(n int, rho float64) *profiles.Correlations {
		x := make([][]float64, len(names))
		for range n {
			z := make([]float64, len(names))
			for i := range z {
				z[i] = rng.NormFloat64()
			}
			z[1] = rho*z[0] + math.Sqrt(1-rho*rho)*z[1]
			z[3] = math.Exp(3 * z[3]) // heavy tails don't matter to ranks
			for i := range z {
				x[i] = append(x[i], z[i])
			}
		}
		return profiles.Correlate(names, x)
	}
	small, found, bounded := 0, 0, 0
	const runs = 200
	for range runs {
		ref := draw(2000, 0.7)
		res := CorrelationChange(draw(200, 0.7), ref, time.Hour)
		checkResult(t, "correlation_change", res)
		if *res.P < 0.05 {
			small++
		}
		res = CorrelationChange(draw(200, 0.2), ref, time.Hour)
		if *res.P < 0.001 && strings.HasPrefix(res.Note, "correlation of a and b: ") && *res.Lower > 0 && *res.Effect < 0 {
			found++
		}
		if *res.Lower <= 0.49 && *res.Upper >= 0.49 { // 6/π (asin 0.35 - asin 0.1) = 0.492
			bounded++
		}
	}
	t.Logf("p < 0.05 in %.1f %%, a change found in %.1f %%, bounded in %.1f %%", 100*float64(small)/runs, 100*float64(found)/runs, 100*float64(bounded)/runs)
	if small > runs*8/100 || small < runs/100 || found < runs*98/100 || bounded < runs*97/100 {
		t.Errorf("p < 0.05 in %d of %d, a change found in %d, bounded in %d", small, runs, found, bounded)
	}
	for _, c := range []*profiles.Correlations{nil, {}, {Features: names}, draw(20, 0)} {
		if res := CorrelationChange(c, draw(100, 0), time.Hour); res.Value != nil || res.Reason == "" {
			t.Errorf("%+v has a value", c)
		}
	}
	perfect := &profiles.Correlations{Features: names[:2], R: []float64{1}, N: []int64{100}, Variance: []float64{0}, Freedom: []float64{0}, Bias: []float64{0}}
	opposite := &profiles.Correlations{Features: []string{"b", "a"}, R: []float64{-1}, N: []int64{100}, Variance: []float64{0}, Freedom: []float64{0}, Bias: []float64{0}}
	res := CorrelationChange(perfect, opposite, time.Hour)
	checkResult(t, "opposite", res)
	if *res.Value != 2 || *res.P > 1e-9 {
		t.Errorf("from -1 to 1: %v, p %v", *res.Value, *res.P)
	}
}

// Where rows depend on each other, correlations of windows differ far more than those of independent rows would. What the baseline's
// own stretches show makes p honest: of windows without drift of an autoregression of 0.95, p < 0.05 in no more than a tenth.
func TestCorrelationChangeOfDependentRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(43, 1))
	names := []string{"a", "b", "c"}
	state := make([]float64, len(names))
	start := time.Date(2013, 1, 1, 0, 0, 0, 0, time.UTC)
	row := func(i int) plumbline.Record {
		r := plumbline.Record{Time: start.Add(time.Duration(i) * time.Hour)}
		for k := range state {
			state[k] = 0.95*state[k] + math.Sqrt(1-0.95*0.95)*rng.NormFloat64()
			r.Features = append(r.Features, plumbline.Field{Name: names[k], Value: value(state[k])})
		}
		return r
	}
	b := profiles.NewBuilder(&plumbline.Model{Name: "m"})
	const reference, size = 8000, 168
	for i := range reference {
		r := row(i)
		b.Add(&r)
	}
	base, err := b.Build(start, "autoregression")
	if err != nil {
		t.Fatal(err)
	}
	body, err := base.Write()
	if err != nil {
		t.Fatal(err)
	}
	if base, err = profiles.ReadBaseline(body); err != nil {
		t.Fatal(err)
	}
	independent := *base.Related
	independent.Spreads = nil
	small, naive := 0, 0
	const runs = 100
	for range runs {
		x := make([][]float64, len(names))
		for i := range size {
			for k, f := range func() []plumbline.Field { r := row(i); return r.Features }() {
				x[k] = append(x[k], f.Value.Num)
			}
		}
		cur := profiles.Correlate(names, x)
		res := CorrelationChange(cur, base.Related, size*time.Hour)
		checkResult(t, "correlation_change", res)
		if *res.P < 0.05 {
			small++
		}
		if res := CorrelationChange(cur, &independent, size*time.Hour); *res.P < 0.05 {
			naive++
			if !strings.Contains(res.Note, "independent") {
				t.Errorf("no caveat: %s", res.Note)
			}
		}
	}
	t.Logf("p < 0.05 in %d %%, %d %% if rows are taken as independent", small, naive)
	if small > 10 || naive < 50 {
		t.Errorf("p < 0.05 in %d %%, %d %% if rows are taken as independent", small, naive)
	}
}
