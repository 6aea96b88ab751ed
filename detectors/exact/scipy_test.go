package exact

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"plumbline/detectors"
)

// agreed is what SciPy and statsmodels say of a pair of samples; testdata/regenerate.py tells by which calls.
type agreed struct {
	KS, AD, CvM, W1, Energy, U, AUC float64
	KSP                             float64 `json:"ks_p"`
	ADP                             float64 `json:"ad_p"`
	CvMP                            float64 `json:"cvm_p"`
	UP                              float64 `json:"u_p"`
	Lower                           float64 `json:"auc_lower"`
	Upper                           float64 `json:"auc_upper"`
}

type reference struct {
	Raw []struct {
		agreed
		Name     string
		Ref, Cur []float64
	}
	Flights []struct {
		agreed
		Month, Feature string
		N, M           int
	}
	CvMExact []struct {
		Ref, Cur []float64
		Want     float64
	} `json:"cvm_exact"`
	ScholzStephens []struct {
		X, Want  float64
		Ref, Cur []float64
	} `json:"scholz_stephens"`
}

func loadReference(t *testing.T) reference {
	t.Helper()
	body, err := os.ReadFile("../testdata/twosample.json")
	if err != nil {
		t.Fatal(err)
	}
	var ref reference
	if err := json.Unmarshal(body, &ref); err != nil {
		t.Fatal(err)
	}
	return ref
}

// near fails unless got is there and within the relative tolerance of want, or both are below what doubles near 1 can tell from 0.
func near(t *testing.T, what string, got *float64, want, tolerance float64) {
	t.Helper()
	if got == nil {
		t.Errorf("%s is absent, want %v", what, want)
		return
	}
	if math.Abs(*got-want) > tolerance*math.Abs(want)+1e-14 {
		t.Errorf("%s = %.17g, want %.17g (relative error %.2g)", what, *got, want, math.Abs(*got-want)/math.Abs(want))
	}
}

func compare(t *testing.T, what string, ref, cur []float64, want agreed) {
	t.Helper()
	ks, ad, cvm, u := KolmogorovSmirnov(ref, cur), AndersonDarling(ref, cur), CramerVonMises(ref, cur), MannWhitney(ref, cur)
	near(t, what+" ks", ks.Value, want.KS, 1e-12)
	near(t, what+" ks p", ks.P, want.KSP, 1e-9)
	near(t, what+" ad", ad.Value, want.AD, 1e-9)
	table := ScholzStephens(*ad.Value)
	near(t, what+" ad p of the table", &table, want.ADP, 1e-9)
	near(t, what+" cvm", cvm.Value, want.CvM, 1e-9)
	// SciPy computes the law to about 3e-8: of a p of 2e-219 it says 3e-8.
	switch {
	case cvm.P != nil && cvm.Note != "": // of tied values P is not SciPy's, and the note has that
		if !strings.HasSuffix(cvm.Note, " is "+spelled(want.CvMP)) {
			t.Errorf("%s: SciPy's p of cvm is %v, the note says: %s", what, want.CvMP, cvm.Note)
		}
	case cvm.P == nil || math.Abs(*cvm.P-want.CvMP) > 1e-6*want.CvMP+1e-7:
		t.Errorf("%s: p of cvm is %v, want %v", what, cvm.P, want.CvMP)
	}
	near(t, what+" w1", Wasserstein(ref, cur).Value, want.W1, 1e-10)
	near(t, what+" energy", Energy(ref, cur).Value, want.Energy, 1e-9)
	area := want.U / float64(len(ref)) / float64(len(cur))
	near(t, what+" auc by scipy", u.Value, area, 1e-12)
	near(t, what+" auc by statsmodels", u.Value, want.AUC, 1e-12)
	near(t, what+" auc p", u.P, want.UP, 1e-9)
	if area > 0 && area < 1 { // else the interval has no width and is absent
		near(t, what+" auc lower", u.Lower, math.Max(0, want.Lower), 1e-9)
		near(t, what+" auc upper", u.Upper, math.Min(1, want.Upper), 1e-9)
	}
}

func TestSmallSamplesAgainstSciPy(t *testing.T) {
	for _, c := range loadReference(t).Raw {
		compare(t, c.Name, c.Ref, c.Cur, c.agreed)
	}
}

func TestFlightsAgainstSciPy(t *testing.T) {
	files := map[string]map[string][]float64{}
	for _, name := range []string{"baseline.ndjson.gz", "inference.ndjson.gz"} {
		files[name] = readFlights(t, name)
	}
	for _, c := range loadReference(t).Flights {
		ref, cur := files["baseline.ndjson.gz"]["all "+c.Feature], files["inference.ndjson.gz"][c.Month+" "+c.Feature]
		if len(ref) != c.M || len(cur) != c.N {
			t.Fatalf("%s %s: %d and %d values, want %d and %d", c.Month, c.Feature, len(cur), len(ref), c.N, c.M)
		}
		compare(t, c.Month+" "+c.Feature, ref, cur, c.agreed)
	}
}

// readFlights returns the values of each numeric feature by month, and of the whole file.
func readFlights(t *testing.T, name string) map[string][]float64 {
	t.Helper()
	file, err := os.Open("../../examples/flights/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	zip, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]float64{}
	lines := bufio.NewScanner(zip)
	for lines.Scan() {
		var row struct {
			TS       string
			Features map[string]any
			Score    *float64
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		if row.Score != nil {
			row.Features["score"] = *row.Score
		}
		for feature, v := range row.Features {
			if x, ok := v.(float64); ok {
				for _, key := range []string{"all ", row.TS[:7] + " "} {
					out[key+feature] = append(out[key+feature], x)
				}
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestExactCriterionAgainstSciPy(t *testing.T) {
	for _, c := range loadReference(t).CvMExact {
		near(t, "p", CramerVonMises(c.Ref, c.Cur).P, c.Want, 1e-10)
	}
}

func TestScholzStephensAgainstSciPy(t *testing.T) {
	for _, c := range loadReference(t).ScholzStephens {
		p := ScholzStephens(c.X)
		near(t, "p", &p, c.Want, 1e-10)
	}
	if ScholzStephens(-1) != 0.25 || ScholzStephens(7) != 0.001 {
		t.Error("the table does not end where SciPy's does")
	}
}

// From the documentation of scipy.stats.wasserstein_distance and energy_distance.
func TestDocumentedDistances(t *testing.T) {
	near(t, "w1", Wasserstein([]float64{0, 1, 3}, []float64{5, 6, 8}).Value, 5, 1e-15)
	near(t, "w1 by weight", Wasserstein([]float64{0, 0, 0, 1}, []float64{0, 0, 1, 1}).Value, 0.25, 1e-15)
	near(t, "energy", Energy([]float64{0}, []float64{2}).Value, 2, 1e-15)
	// Weights as repetitions, in tenths.
	repeat := func(values []float64, tenths []int) (out []float64) {
		for i, v := range values {
			for range tenths[i] {
				out = append(out, v)
			}
		}
		return out
	}
	near(t, "w1 of weighted samples", Wasserstein(repeat([]float64{3.4, 3.9, 7.5, 7.8}, []int{14, 9, 31, 72}),
		repeat([]float64{4.5, 1.4}, []int{32, 35})).Value, 4.078133143804786, 1e-13)
	near(t, "energy of weighted samples", Energy(repeat([]float64{0.7, 7.4, 2.4, 6.8}, []int{21, 42, 74, 80}),
		repeat([]float64{1.4, 8}, []int{76, 88})).Value, 0.88003340976158217, 1e-13)
}

// From SciPy's own tests of ks_2samp (stats/tests/test_stats.py, TestKSTwoSamples).
func TestDocumentedKolmogorovSmirnov(t *testing.T) {
	line := func(from, to float64, n int, shift float64) []float64 {
		out := make([]float64, n)
		for i := range out {
			out[i] = from + float64(i)*(to-from)/float64(n-1) + shift
		}
		return out
	}
	for _, c := range []struct{ shift, d, p float64 }{
		{20.1, 232.0 / 1100, 0.015739183865607353}, {19.9, 229.0 / 1100, 0.017803803861026313},
	} {
		res := KolmogorovSmirnov(line(1, 100, 100, 0), line(1, 100, 110, c.shift))
		near(t, "ks", res.Value, c.d, 1e-14)
		near(t, "p", res.P, c.p, 1e-12)
	}
	small := KolmogorovSmirnov([]float64{1, 2}, []float64{1, 2, 3})
	near(t, "ks of two and three", small.Value, 1.0/3, 1e-15)
	near(t, "p of two and three", small.P, 1, 1e-15)
}

// Equation 7 of Scholz and Stephens (1987) as it reads, with a loop over all values for each of them.
func TestAndersonDarlingByItsDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(1987, 8))
	for range 50 {
		m, n := 2+rng.IntN(30), 2+rng.IntN(30)
		x, y := make([]float64, m), make([]float64, n)
		for i := range x {
			x[i] = float64(rng.IntN(20))
		}
		for i := range y {
			y[i] = float64(rng.IntN(25))
		}
		all := append(append([]float64{}, x...), y...)
		total := float64(m + n)
		at := func(v []float64, z float64) (below, equal float64) {
			for _, a := range v {
				if a < z {
					below++
				} else if a == z {
					equal++
				}
			}
			return below, equal
		}
		a2 := 0.0
		for _, z := range all { // l_j is the sum of 1 over the ties
			below, l := at(all, z)
			b := below + l/2
			for _, side := range [][]float64{x, y} {
				under, f := at(side, z)
				k := float64(len(side))
				if d := b*(total-b) - total*l/4; d > 0 {
					a2 += (total - 1) / total / k / total * math.Pow(total*(under+f/2)-b*k, 2) / d
				}
			}
		}
		_, _, both := pair{ascending(x), ascending(y)}.counts()
		if len(both) < 2 {
			continue
		}
		_, sigma := detectors.AndersonDarlingStatistic([]int64{int64(m)}, []int64{int64(n)})
		near(t, "ad", AndersonDarling(x, y).Value, (a2-1)/sigma, 1e-10)
	}
}

// SciPy's table knows nothing of ties: on these samples it says 0.0021 and 0.0095. The law given the ties is what shuffling the labels
// finds.
func TestAndersonDarlingGivenTies(t *testing.T) {
	rng := rand.New(rand.NewPCG(19, 87))
	for _, c := range loadReference(t).Raw {
		if c.Name != "ties" && c.Name != "two values" {
			continue
		}
		got := AndersonDarling(c.Ref, c.Cur)
		all := append(append([]float64{}, c.Ref...), c.Cur...)
		const rounds = 4000
		as := 0
		for range rounds {
			rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			r, k, _ := pair{ascending(all[:len(c.Ref)]), ascending(all[len(c.Ref):])}.counts()
			a2, sigma := detectors.AndersonDarlingStatistic(r, k)
			if (a2-1)/sigma >= *got.Value-1e-9 {
				as++
			}
		}
		share := float64(as) / rounds
		t.Logf("%s: p = %.4f, the table's %.4f, of %d shuffles %.4f", c.Name, *got.P, ScholzStephens(*got.Value), rounds, share)
		if math.Abs(share-*got.P) > 0.2*share+0.002 {
			t.Errorf("%s: p = %v, by shuffling %v", c.Name, *got.P, share)
		}
	}
}

func TestHostileValues(t *testing.T) {
	all := map[string]func(ref, cur []float64) detectors.Result{"ks": KolmogorovSmirnov, "ad": AndersonDarling, "cvm": CramerVonMises,
		"w1": Wasserstein, "energy": Energy, "auc": MannWhitney}
	rng := rand.New(rand.NewPCG(3, 5))
	values := []float64{0, 1, -1, 1, 2, math.Inf(1), math.Inf(-1), math.NaN(), math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, math.Copysign(0, -1)}
	draw := func(k int, kinds int) []float64 {
		out := make([]float64, k)
		for i := range out {
			out[i] = values[rng.IntN(kinds)]
		}
		return out
	}
	for range 60 {
		kinds := 1 + rng.IntN(len(values))
		ref, cur := draw(rng.IntN(30), kinds), draw(rng.IntN(30), kinds)
		before := append([]float64{}, ref...)
		for name, f := range all {
			res := f(ref, cur)
			check(t, name, res)
			// The order of rows says nothing.
			rng.Shuffle(len(ref), func(i, j int) { ref[i], ref[j] = ref[j], ref[i] })
			again := f(ref, cur)
			copy(ref, before)
			if (res.Value == nil) != (again.Value == nil) || res.Value != nil && math.Abs(*res.Value-*again.Value) > 1e-12*math.Abs(*res.Value) {
				t.Errorf("%s depends on the order of rows", name)
			}
		}
	}
	if res := AndersonDarling([]float64{math.NaN(), 1}, []float64{1, 2}); !strings.Contains(res.Reason, "NaN") {
		t.Errorf("NaN gives the reason %q", res.Reason)
	}
}

func check(t *testing.T, name string, r detectors.Result) {
	t.Helper()
	for _, v := range []*float64{r.Value, r.Effect, r.P, r.Lower, r.Upper, r.SD} {
		if v != nil && *v-*v != 0 {
			t.Errorf("%s: a number is %v", name, *v)
		}
	}
	if r.P != nil && (*r.P < 0 || *r.P > 1) {
		t.Errorf("%s: p = %v", name, *r.P)
	}
	if (r.Value == nil) != (r.Reason != "") {
		t.Errorf("%s: value %v with reason %q", name, r.Value, r.Reason)
	}
}
