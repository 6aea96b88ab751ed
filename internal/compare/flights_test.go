package compare

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"math"
	"os"
	"strings"
	"testing"

	"plumbline/detectors/incumbents"
)

const flights = "../../examples/flights/"

// month writes the questions of one month of the flights log.
func month(t *testing.T, m string) string {
	t.Helper()
	f, err := os.Open(flights + "inference.ndjson.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for line := range bytes.Lines(all) {
		if bytes.Contains(line, []byte(`"ts":"`+m)) {
			b.Write(line)
		}
	}
	return write(t, m+".ndjson", b.Bytes())
}

func fixture(t *testing.T, path string, into any) {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatal(err)
	}
}

func near(a *float64, b, tolerance float64) bool {
	return a != nil && math.Abs(*a-b) <= tolerance*math.Max(1e-30, math.Max(math.Abs(*a), math.Abs(b)))
}

// --exact is SciPy 1.17.1: the figures are those of detectors/testdata/regenerate.py, of the same rows.
func TestExactEqualsSciPyOnTheFlightsLog(t *testing.T) {
	var want struct {
		Flights []struct {
			Month, Feature string
			N, M           int
			KS             float64 `json:"ks"`
			KSP            float64 `json:"ks_p"`
			AD             float64 `json:"ad"`
			CVM            float64 `json:"cvm"`
			W1             float64 `json:"w1"`
			Energy         float64 `json:"energy"`
			AUC            float64 `json:"auc"`
			UP             float64 `json:"u_p"`
		}
	}
	fixture(t, "../../detectors/testdata/twosample.json", &want)
	if len(want.Flights) < 5 {
		t.Fatal("the fixture has no flights")
	}
	for _, w := range want.Flights {
		r := run(t, Options{Reference: flights + "baseline.ndjson.gz", Current: month(t, w.Month), Columns: []string{w.Feature}, Exact: true, Independent: true})
		f := r.feature(t, w.Feature)
		if f.N != int64(w.N) || f.M != int64(w.M) {
			t.Errorf("%s %s: n %d, m %d, not %d, %d", w.Month, w.Feature, f.N, f.M, w.N, w.M)
		}
		for test, x := range map[string]float64{"ks": w.KS, "ad": w.AD, "cvm": w.CVM, "w1": w.W1, "auc": w.AUC, "energy": w.Energy} {
			if got := f.finding(t, test).Value; !near(got, x, 1e-9) {
				t.Errorf("%s of %s in %s is %v, not %v", test, w.Feature, w.Month, *got, x)
			}
		}
		for test, x := range map[string]float64{"ks": w.KSP, "auc": w.UP} {
			if got := f.finding(t, test).P; !near(got, x, 1e-6) {
				t.Errorf("p of %s of %s in %s is %v, not %v", test, w.Feature, w.Month, *got, x)
			}
		}
	}
}

// --compat is Evidently 0.7.23 and NannyML 0.13.1 on the same files: the figures are those of
// detectors/incumbents/testdata/regenerate.py.
func TestCompatEqualsThePackagesOnTheFlightsLog(t *testing.T) {
	type number struct {
		Test             string
		Value, Threshold float64
		Drift            bool
	}
	var evidently struct {
		Cases []struct {
			Name    string
			Default map[string]number
		}
	}
	var nannyml struct {
		Cases []struct {
			Name    string
			Size    *int `json:"chunk_size"`
			Methods map[string]map[string]struct {
				Values []float64
				Alerts []bool
			}
		}
	}
	fixture(t, "../../detectors/incumbents/testdata/evidently.json", &evidently)
	fixture(t, "../../detectors/incumbents/testdata/nannyml.json", &nannyml)
	compared := 0
	for name, m := range map[string]string{"march": "2013-03", "july": "2013-07"} {
		r := run(t, Options{Reference: flights + "baseline.ndjson.gz", Current: month(t, m), Compat: Tools})
		if r.Compat["evidently"][0].Name == "" || len(r.Compat["evidently"]) != len(r.Features)-1 {
			t.Errorf("%d columns for evidently, %d features", len(r.Compat["evidently"]), len(r.Features))
		}
		byName := map[string]incumbents.Finding{}
		for _, f := range r.Compat["evidently"] {
			byName[f.Name] = f
		}
		for _, c := range evidently.Cases {
			if c.Name != name {
				continue
			}
			for column, want := range c.Default {
				got := byName[column]
				if got.Test != want.Test || !near(&got.Value, want.Value, 1e-6) || got.Threshold != want.Threshold || got.Drift != want.Drift {
					t.Errorf("%s: evidently says of %s %s %v %v, not %s %v %v", name, column, got.Test, got.Value, got.Drift, want.Test, want.Value, want.Drift)
				}
				compared++
			}
		}
		for _, c := range nannyml.Cases {
			if c.Name != name || c.Size != nil {
				continue
			}
			for column, want := range c.Methods["jensen_shannon"] {
				i := 0
				for _, got := range r.Compat["nannyml"] {
					if got.Name != column {
						continue
					}
					if !strings.HasPrefix(got.Test, "jensen_shannon") || i >= len(want.Values) || !near(&got.Value, want.Values[i], 1e-6) || got.Drift != want.Alerts[i] {
						t.Errorf("%s: nannyml says of %s, chunk %d: %s %v %v", name, column, got.Chunk, got.Test, got.Value, got.Drift)
					}
					i++
				}
				if i != len(want.Values) {
					t.Errorf("%s: %d chunks of %s, not %d", name, i, column, len(want.Values))
				}
				compared++
			}
		}
	}
	if compared < 60 {
		t.Errorf("only %d columns were compared", compared)
	}
}
