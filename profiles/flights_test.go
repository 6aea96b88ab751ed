package profiles

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"plumbline"
)

// The flights log lies in examples/flights; its golden.json was made with numpy and scipy, see there.
const flights = "../examples/flights"

func readFlights(tb testing.TB, name string) []plumbline.Record {
	tb.Helper()
	logs.Lock()
	defer logs.Unlock()
	if logs.read[name] == nil {
		records, err := readLog(name)
		if err != nil {
			tb.Fatal(err)
		}
		logs.read[name] = records
	}
	return logs.read[name]
}

// logs are read once for all tests, which don't change them.
var logs = struct {
	sync.Mutex
	read map[string][]plumbline.Record
}{read: map[string][]plumbline.Record{}}

// readLog turns a log into records. It knows just enough JSON for this log.
func readLog(name string) ([]plumbline.Record, error) {
	file, err := os.Open(filepath.Join(flights, name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	var out []plumbline.Record
	for d := json.NewDecoder(unzipped); d.More(); {
		var line struct {
			ID, Model, Version string
			TS                 time.Time
			Features, Runtime  fields
			Prediction, Label  any
			Score              any
			Segments           map[string]string
		}
		if err := d.Decode(&line); err != nil {
			return nil, err
		}
		r := plumbline.Record{Kind: plumbline.Whole, ID: line.ID, Model: line.Model, Version: line.Version, Time: line.TS, Weight: 1,
			Features: line.Features, Prediction: value(line.Prediction), Label: value(line.Label), Score: value(line.Score)}
		for _, f := range line.Runtime {
			if f.Name == "status" {
				r.Runtime.Status = f.Value.Str
			} else {
				r.Runtime.Facts = append(r.Runtime.Facts, f)
			}
		}
		for _, n := range []string{"carrier", "origin"} {
			r.Segments = append(r.Segments, plumbline.Segment{Name: n, Value: line.Segments[n]})
		}
		out = append(out, r)
	}
	return out, nil
}

// fields is a flat object in its own order.
type fields []plumbline.Field

func (f *fields) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if _, err := d.Token(); err != nil { // the brace
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		v, err := d.Token()
		if err != nil {
			return err
		}
		*f = append(*f, plumbline.Field{Name: name.(string), Value: value(v)})
	}
	return nil
}

func value(v any) plumbline.Value {
	switch v := v.(type) {
	case float64:
		return plumbline.Value{Kind: plumbline.Number, Num: v}
	case string:
		return plumbline.Value{Kind: plumbline.String, Str: v}
	case bool:
		return plumbline.Value{Kind: plumbline.Bool, Num: float64(count(v))}
	}
	return plumbline.Value{}
}

type golden struct {
	Windows map[string]struct {
		Records     int64
		Performance map[string]struct {
			NLabelled int64   `json:"n_labelled"`
			BaseRate  float64 `json:"base_rate"`
			Accuracy  float64
			Confusion map[string]int64
		}
		Features map[string]struct {
			Missing, N int64
			Mean, SD   float64
			Min, Max   float64
			Quantiles  map[string]float64
			Counts     map[string]int64
		}
		Drift map[string]map[string]struct {
			Edges           []float64
			Cells           []string
			ReferenceCounts []int64 `json:"reference_counts"`
			Counts          []int64
			Unseen          map[string]int64
		}
	}
}

func readGolden(tb testing.TB) (g golden) {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(flights, "golden.json"))
	if err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal(data, &g); err != nil {
		tb.Fatal(err)
	}
	return g
}

func flightsModel() *plumbline.Model {
	return &plumbline.Model{Name: "flights-delay", Task: plumbline.TaskBinary, Positive: "1",
		Slices: [][]string{{"carrier"}, {"origin"}, {"carrier", "origin"}}}
}

var buildFlights = sync.OnceValues(func() (*Baseline, error) {
	records, err := readLog("baseline.ndjson.gz")
	if err != nil {
		return nil, err
	}
	b := NewBuilder(flightsModel())
	for i := range records {
		b.Add(&records[i])
	}
	return b.Build(time.Date(2013, 3, 1, 0, 0, 0, 0, time.UTC), "flights, January and February 2013")
})

// flightsBaseline is the baseline of the flights log, built once for all tests.
func flightsBaseline(tb testing.TB) *Baseline {
	tb.Helper()
	b, err := buildFlights()
	if err != nil {
		tb.Fatal(err)
	}
	return b
}
