package detectors

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"math"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"plumbline"
	"plumbline/profiles"
)

// The flights log and its golden.json, which says how each number was computed (numpy, pandas, SciPy 1.17.1).
const flights = "../examples/flights/"

type goldenFeature struct {
	Edges           []float64
	ReferenceCounts []int64 `json:"reference_counts"`
	Counts          []int64
	Cells           []string
	PSI, KS         float64
	PSIRaw          *float64 `json:"psi_raw"`
	KSP             float64  `json:"ks_p"`
	KSMethod        string   `json:"ks_method"`
	NReference      int64    `json:"n_reference"`
	N               int64
	JS              float64 `json:"jensen_shannon_nats"`
	Chi2            float64
	Chi2DF          int            `json:"chi2_df"`
	Chi2P           float64        `json:"chi2_p"`
	Unseen          map[string]int `json:"unseen"`
}

func (g goldenFeature) numeric() bool { return g.Cells == nil }

// goldenDrift returns what golden.json says of version 1, by month and feature.
func goldenDrift(t *testing.T) map[string]map[string]goldenFeature {
	t.Helper()
	body, err := os.ReadFile(flights + "golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Windows map[string]struct {
			Drift map[string]map[string]goldenFeature
		}
	}
	if err := json.Unmarshal(body, &golden); err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string]goldenFeature{}
	for month, w := range golden.Windows {
		if d := w.Drift["1"]; d != nil {
			out[month] = d
		}
	}
	if len(out) < 6 {
		t.Fatalf("golden.json has drift for %d months only", len(out))
	}
	return out
}

func TestFlightsCountsGiveGoldenStatistics(t *testing.T) {
	for month, features := range goldenDrift(t) {
		for name, want := range features {
			what := month + " " + name
			psi := PSI(want.ReferenceCounts, want.Counts)
			if len(want.Counts) < 2 {
				continue
			}
			near(t, what+" psi", have(t, what, psi.Value), want.PSI, 1e-9)
			if want.numeric() {
				if want.PSIRaw != nil {
					near(t, what+" psi_raw", have(t, what, PSIRaw(want.ReferenceCounts, want.Counts).Value), *want.PSIRaw, 1e-9)
				}
				got := KSTail(want.KS, want.N, want.NReference)
				switch exact := float64(want.N)*float64(want.NReference) <= exactSteps; {
				case want.KSP < 1e-200: // near where doubles end
				case exact && want.KSMethod == "exact":
					near(t, what+" ks_p", got, want.KSP, 1e-8)
				case want.KSP > 1e-20: // one side is the limiting law, the other exact or SciPy's limiting law
					near(t, what+" ks_p", got, want.KSP, 0.01)
				default: // of such a p only the order matters
					near(t, what+" log ks_p", math.Log(got), math.Log(want.KSP), 0.01)
				}
				res := KS(want.ReferenceCounts, want.Counts) // on ten cells only
				if *res.Value > want.KS+1e-12 || want.KS > *res.Upper+1e-12 {
					t.Errorf("%s: ks %v is outside [%v, %v]", what, want.KS, *res.Value, *res.Upper)
				}
				continue
			}
			js := have(t, what, JensenShannon(want.ReferenceCounts, want.Counts).Value)
			near(t, what+" js", js*js*math.Ln2, want.JS, 1e-9)
			x2 := ChiSquare(want.ReferenceCounts, want.Counts)
			near(t, what+" chi2", have(t, what, x2.Value), want.Chi2, 1e-9)
			if x2.Note == "" && want.Chi2P > 1e-280 {
				near(t, what+" chi2_p", have(t, what, x2.P), want.Chi2P, 1e-8)
			}
		}
	}
}

// read calls f for every record of a file.
func readFlights(t *testing.T, name string, f func(*plumbline.Record)) {
	t.Helper()
	file, err := os.Open(flights + name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	zip, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(zip)
	for lines.Scan() {
		var line struct {
			ID, Version string
			TS          time.Time
			Features    map[string]any
			Prediction  *float64
			Score       *float64
			Runtime     map[string]any
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		r := plumbline.Record{ID: line.ID, Model: "flights-delay", Version: line.Version, Time: line.TS, Weight: 1}
		for name, v := range line.Features {
			r.Features = append(r.Features, plumbline.Field{Name: name, Value: value(v)})
		}
		slices.SortFunc(r.Features, func(a, b plumbline.Field) int { // a map has no order
			if a.Name < b.Name {
				return -1
			}
			return 1
		})
		if line.Prediction != nil {
			r.Prediction = value(*line.Prediction)
		}
		if line.Score != nil {
			r.Score = value(*line.Score)
		}
		for name, v := range line.Runtime {
			if status, ok := v.(string); ok {
				r.Runtime.Status = status
				continue
			}
			r.Runtime.Facts = append(r.Runtime.Facts, plumbline.Field{Name: name, Value: value(v)})
		}
		f(&r)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}

func value(v any) plumbline.Value {
	switch v := v.(type) {
	case float64:
		return plumbline.Value{Kind: plumbline.Number, Num: v}
	case string:
		return plumbline.Value{Kind: plumbline.String, Str: v}
	case bool:
		x := plumbline.Value{Kind: plumbline.Bool}
		if v {
			x.Num = 1
		}
		return x
	}
	return plumbline.Value{}
}

// flightsProfiles folds the log once for all tests: the baseline and a profile per month.
func flightsProfiles(t *testing.T) (*profiles.Profile, map[string]*profiles.Profile) {
	t.Helper()
	flightsOnce.Do(func() {
		m := &plumbline.Model{Name: "flights-delay", Task: plumbline.TaskBinary, Positive: "1"}
		b := profiles.NewBuilder(m)
		readFlights(t, "baseline.ndjson.gz", b.Add)
		baseline, err := b.Build(time.Date(2013, 3, 1, 0, 0, 0, 0, time.UTC), "flights")
		if err != nil {
			t.Fatal(err)
		}
		layout := profiles.NewLayout(m, baseline)
		folder := profiles.NewFolder(layout)
		flightsMonths = map[string]*profiles.Profile{}
		readFlights(t, "inference.ndjson.gz", func(r *plumbline.Record) {
			month := r.Time.UTC().Format("2006-01")
			if flightsMonths[month] == nil {
				flightsMonths[month] = layout.NewProfile()
			}
			folder.Fold(r, false, flightsMonths[month])
		})
		flightsBaseline = baseline.Profile()
	})
	if flightsBaseline == nil {
		t.Fatal("the flights log could not be read")
	}
	return flightsBaseline, flightsMonths
}

var (
	flightsOnce     sync.Once
	flightsBaseline *profiles.Profile
	flightsMonths   map[string]*profiles.Profile
)

// run asks one test of one feature.
func ask(t *testing.T, test string, in Input) plumbline.Finding {
	t.Helper()
	found, err := ByName(test)
	if err != nil {
		t.Fatal(err)
	}
	f := found.Run(in)
	checkFinding(t, f)
	return f
}

func checkFinding(t *testing.T, f plumbline.Finding) {
	t.Helper()
	if f.Verdict == plumbline.NoVerdict && f.Reason == "" {
		t.Errorf("%s of %s: no verdict without a reason", f.Test, f.Feature)
	}
	if f.Verdict == plumbline.NoVerdict && f.Value != nil {
		f.Reason = "" // it is of the verdict, not of the value
	}
	checkResult(t, f.Test+" of "+f.Feature, Result{Value: f.Value, Effect: f.Effect, P: f.P, Lower: f.Lower, Upper: f.Upper, Reason: f.Reason})
	if _, err := json.Marshal(f); err != nil {
		t.Errorf("%s of %s: %v", f.Test, f.Feature, err)
	}
}

func flightsInput(t *testing.T, month, feature string) Input {
	t.Helper()
	base, months := flightsProfiles(t)
	key := profiles.Key{Role: profiles.Input, Name: feature}
	if feature == "score" {
		key = profiles.Score
	}
	in := Input{BaselineProfile: base, CurrentProfile: months[month], Baseline: base.Feature(key), Current: months[month].Feature(key)}
	if in.Baseline == nil || in.Current == nil {
		t.Fatalf("%s %s is not in the profiles", month, feature)
	}
	return in
}

func TestFlightsProfilesGiveGoldenFindings(t *testing.T) {
	for month, features := range goldenDrift(t) {
		for name, want := range features {
			what := month + " " + name
			in := flightsInput(t, month, name)
			psi := ask(t, "psi", in)
			near(t, what+" psi", have(t, what, psi.Value), want.PSI, 1e-9)
			if !want.numeric() {
				near(t, what+" chi2", have(t, what, ask(t, "chi2", in).Value), want.Chi2, 1e-9)
				js := have(t, what, ask(t, "js", in).Value)
				near(t, what+" js", js*js*math.Ln2, want.JS, 1e-9)
				unseen := 0
				for _, k := range want.Unseen {
					unseen += k
				}
				near(t, what+" unseen", have(t, what, ask(t, "unseen", in).Value), float64(unseen)/float64(in.Current.N), 1e-12)
				continue
			}
			if psi.N != float64(want.N) || psi.M != float64(want.NReference) {
				t.Errorf("%s: n = %v, m = %v, want %v and %v", what, psi.N, psi.M, want.N, want.NReference)
			}
			if want.PSIRaw != nil {
				near(t, what+" psi_raw", have(t, what, ask(t, "psi_raw", in).Value), *want.PSIRaw, 1e-9)
			}
			ks := ask(t, "ks", in)
			lower, upper := have(t, what, ks.Value), have(t, what, ks.Upper)
			if lower > want.KS+1e-12 || want.KS > upper+1e-12 {
				t.Errorf("%s: ks %v is outside [%v, %v]", what, want.KS, lower, upper)
			}
		}
	}
}
