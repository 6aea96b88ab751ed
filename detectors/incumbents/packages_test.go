package incumbents

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"plumbline/detectors"
	"plumbline/detectors/exact"
)

var nan = math.NaN()

// tolerance is how near the packages' own numbers ours must be, absolutely.
const tolerance = 1e-6

func load(t *testing.T, name string, into any) {
	t.Helper()
	body, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatal(err)
	}
}

type evidentlyNumber struct {
	Test             string
	Value, Threshold *float64
	Drift            bool
}

// testdata/evidently.json is what the package says of the flights log; regenerate.py beside it runs it.
func TestEvidentlyAgainstThePackage(t *testing.T) {
	var fixture struct {
		Versions struct{ Evidently string }
		Cases    []struct {
			Name          string
			ReferenceRows int `json:"reference_rows"`
			CurrentRows   int `json:"current_rows"`
			Share         float64
			Default       map[string]evidentlyNumber
			Tests         map[string]map[string]evidentlyNumber
		}
	}
	load(t, "evidently.json", &fixture)
	if fixture.Versions.Evidently != EvidentlyVersion {
		t.Errorf("the fixture is of version %s", fixture.Versions.Evidently)
	}
	pairs, compared, tests := cases(t), 0, map[string]int{}
	for _, c := range fixture.Cases {
		ref, cur := pairs[c.Name][0], pairs[c.Name][1]
		if len(ref.times) != c.ReferenceRows || len(cur.times) != c.CurrentRows {
			t.Fatalf("%s: %d and %d rows, the package had %d and %d", c.Name, len(ref.times), len(cur.times), c.ReferenceRows, c.CurrentRows)
		}
		var all []Finding
		text := false // a column that the package takes for free text, and counts
		for _, name := range ref.names {
			got := Evidently(name, ref.columns[name], cur.columns[name])
			all = append(all, got)
			want, ok := c.Default[name]
			if !ok || want.Value == nil {
				t.Errorf("%s %s: the package has no number", c.Name, name)
				continue
			}
			if !got.OK() {
				if want.Test != "Absolute text content drift" && want.Test != "Percentile text content drift" {
					t.Errorf("%s %s: %s, want %v %v", c.Name, name, got.Reason, want.Test, *want.Value)
				}
				text = true
				continue
			}
			if got.Test != want.Test || math.Abs(got.Value-*want.Value) > tolerance || math.Abs(got.Threshold-*want.Threshold) > tolerance || got.Drift != want.Drift {
				t.Errorf("%s %s: %+v, want %s %.9g against %g, %v", c.Name, name, got, want.Test, *want.Value, *want.Threshold, want.Drift)
			}
			compared++
			tests[got.Test]++
		}
		if share, _ := EvidentlyDataset(all); !text && math.Abs(share-c.Share) > tolerance {
			t.Errorf("%s: share of drifted columns %g, want %g", c.Name, share, c.Share)
		}
		for test, columns := range c.Tests {
			for name, want := range columns {
				got := EvidentlyTest(test, name, ref.columns[name], cur.columns[name])
				if !got.OK() || math.Abs(got.Value-*want.Value) > tolerance || math.Abs(got.Threshold-*want.Threshold) > tolerance || got.Drift != want.Drift {
					t.Errorf("%s %s: %+v, want %s %.9g against %g, %v", c.Name, name, got, test, *want.Value, *want.Threshold, want.Drift)
				}
				compared++
				tests[test]++
			}
		}
	}
	t.Logf("%d numbers: %v", compared, tests)
	for _, test := range EvidentlyTests {
		if tests[test] < 4 {
			t.Errorf("%s was compared %d times only", test, tests[test])
		}
	}
}

// testdata/nannyml.json is what the package says of the flights log; regenerate.py beside it runs it.
func TestNannyMLAgainstThePackage(t *testing.T) {
	var fixture struct {
		Versions struct{ NannyML string }
		Cases    []struct {
			Name          string
			ReferenceRows int  `json:"reference_rows"`
			CurrentRows   int  `json:"current_rows"`
			ChunkSize     *int `json:"chunk_size"`
			Methods       map[string]map[string]struct {
				Threshold *float64
				Values    []*float64
				Alerts    []*bool
			}
		}
	}
	load(t, "nannyml.json", &fixture)
	if fixture.Versions.NannyML != NannyMLVersion {
		t.Errorf("the fixture is of version %s", fixture.Versions.NannyML)
	}
	pairs, compared := cases(t), map[string]int{}
	for _, c := range fixture.Cases {
		ref, cur := pairs[c.Name][0], pairs[c.Name][1]
		if c.ChunkSize != nil {
			cur = cur.pick(0, *c.ChunkSize, 1)
		}
		if len(ref.times) != c.ReferenceRows || len(cur.times) != c.CurrentRows {
			t.Fatalf("%s: %d and %d rows, the package had %d and %d", c.Name, len(ref.times), len(cur.times), c.ReferenceRows, c.CurrentRows)
		}
		for method, columns := range c.Methods {
			for name, want := range columns {
				var got []Finding
				if c.ChunkSize == nil {
					got = NannyML(name, ref.columns[name], cur.columns[name], method)
				} else {
					got = []Finding{NannyMLWindow(name, method, ref.columns[name], cur.columns[name], *c.ChunkSize)}
				}
				if len(got) != len(want.Values) {
					t.Errorf("%s %s %s: %d chunks, want %d", c.Name, name, method, len(got), len(want.Values))
					continue
				}
				for i, f := range got {
					if want.Values[i] == nil {
						if f.OK() {
							t.Errorf("%s %+v, want no value", c.Name, f)
						}
						continue
					}
					if !f.OK() || math.Abs(f.Value-*want.Values[i]) > tolerance*math.Max(1, *want.Values[i]) || f.Drift != *want.Alerts[i] ||
						want.Threshold != nil && math.Abs(f.Threshold-*want.Threshold) > tolerance {
						t.Errorf("%s %+v, want %.9g, threshold %.9g, %v", c.Name, f, *want.Values[i], threshold(want.Threshold), *want.Alerts[i])
					}
					compared[method]++
				}
			}
		}
	}
	t.Logf("%v", compared)
	for _, method := range []string{"jensen_shannon", "kolmogorov_smirnov", "wasserstein", "hellinger", "chi2", "l_infinity"} {
		if compared[method] < 50 {
			t.Errorf("%s was compared %d times only", method, compared[method])
		}
	}
}

func threshold(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// What docs/migrating.md says of the rows left over: of 10,463 baseline rows three are a chunk of their own.
func TestNannyMLThresholdsWithRowsLeftOver(t *testing.T) {
	base, live := logs(t)
	july := live.between("07-01", "08-01")
	for _, c := range []struct {
		rows, alerts, of int
		carrier          float64
	}{{10463, 30, 242, 0.54}, {10460, 118, 242, 0.06}} {
		ref, alerts, of := base.pick(0, c.rows, 1), 0, 0
		for _, name := range ref.names {
			chunks := NannyML(name, ref.columns[name], july.columns[name])
			_, k := NannyMLSummary(chunks)
			alerts, of = alerts+k, of+len(chunks)
			if name == "carrier" && math.Abs(chunks[0].Threshold-c.carrier) > 0.005 {
				t.Errorf("%d rows: threshold of carrier %.3f", c.rows, chunks[0].Threshold)
			}
		}
		if alerts != c.alerts || of != c.of {
			t.Errorf("%d rows: %d alerts of %d", c.rows, alerts, of)
		}
	}
}

// testdata/scipy.json holds the p-values of the calls that alibi-detect and frouros make; regenerate.py beside it makes them.
func TestTwoSampleRulesAgainstSciPy(t *testing.T) {
	var fixture struct {
		Cases []struct {
			Name    string
			Columns map[string]struct {
				Default    float64
				Asymptotic *float64
			}
		}
	}
	load(t, "scipy.json", &fixture)
	pairs, compared := cases(t), 0
	for _, c := range fixture.Cases {
		for name, want := range c.Columns {
			ref, cur := pairs[c.Name][0].columns[name], pairs[c.Name][1].columns[name]
			asymptotic := want.Default
			if want.Asymptotic != nil {
				asymptotic = *want.Asymptotic
			}
			for _, p := range []struct {
				got       Finding
				want, max float64
			}{{Frouros(name, ref, cur), want.Default, 0.05}, {AlibiDetect(name, ref, cur, 20), asymptotic, 0.0025}} {
				if !p.got.OK() || math.Abs(p.got.Value-p.want) > tolerance || p.got.Threshold != p.max || p.got.Drift != (p.want < p.max) {
					t.Errorf("%s %+v, want p = %.9g", c.Name, p.got, p.want)
				}
				compared++
			}
		}
	}
	if compared < 150 {
		t.Errorf("%d p-values were compared", compared)
	}
}

// What docs/migrating.md calls equal.
func TestTheirNumbersAreOurs(t *testing.T) {
	equal := func(what string, theirs Finding, ours *float64, factor float64) {
		t.Helper()
		if !theirs.OK() || ours == nil || math.Abs(theirs.Value-*ours*factor) > 1e-9*math.Max(1, theirs.Value) {
			t.Errorf("%s: %+v, ours %v", what, theirs, threshold(ours))
		}
	}
	for name, pair := range cases(t) {
		ref, cur := pair[0], pair[1]
		for _, column := range ref.names {
			what, a, b := name+" "+column, ref.columns[column], cur.columns[column]
			if a.numeric() {
				if distinct(b.sorted(), 11) <= 10 {
					continue // a category to Evidently
				}
				x, y := a.sorted(), b.sorted()
				ks, w1 := exact.KolmogorovSmirnov(x, y), exact.Wasserstein(x, y)
				_, sd := moments(x)
				equal(what, EvidentlyTest("ks", column, a, b), ks.P, 1)
				equal(what, EvidentlyTest("wasserstein", column, a, b), w1.Value, 1/sd)
				if len(x) < nannyMLBinned {
					equal(what, NannyMLWindow(column, "kolmogorov_smirnov", a, b, 100), ks.Value, 1)
					equal(what, NannyMLWindow(column, "wasserstein", a, b, 100), w1.Value, 1)
				}
				continue
			}
			counts := tabulate(a.counts(), b.counts())
			r, c := whole(counts.ref), whole(counts.cur)
			chi2, js := detectors.ChiSquare(r, c), detectors.JensenShannon(r, c)
			if f := EvidentlyTest("jensenshannon", column, a, b); f.OK() {
				equal(what, f, js.Value, math.Sqrt(math.Ln2))
			}
			if len(r) == 2 {
				equal(what, EvidentlyTest("z", column, a, b), chi2.P, 1)
			} else {
				equal(what, NannyMLWindow(column, "chi2", a, b, 100), chi2.Value, 1)
			}
			if !slices.Contains(r, 0) {
				equal(what, NannyMLWindow(column, "jensen_shannon", a, b, 100), js.Value, 1)
				equal(what, NannyMLWindow(column, "hellinger", a, b, 100), detectors.Hellinger(r, c).Value, 1)
			}
			equal(what, NannyMLWindow(column, "l_infinity", a, b, 100), detectors.LInfinity(r, c).Value, 1)
		}
	}
}

func whole(counts []float64) []int64 {
	out := make([]int64, len(counts))
	for i, k := range counts {
		out[i] = int64(k)
	}
	return out
}
