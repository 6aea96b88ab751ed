package profiles

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"plumbline"
)

// The flights log lies in examples/flights; its golden.json was made with numpy and scipy, see there.
const flights = "../examples/flights"

// readFlights turns a log into records. It knows just enough JSON for this log.
func readFlights(tb testing.TB, name string) []plumbline.Record {
	tb.Helper()
	file, err := os.Open(filepath.Join(flights, name))
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		tb.Fatal(err)
	}
	var out []plumbline.Record
	lines := bufio.NewScanner(unzipped)
	for lines.Scan() {
		var line struct {
			ID, Model, Version string
			TS                 time.Time
			Features           json.RawMessage
			Prediction, Label  any
			Score              *float64
			Runtime            json.RawMessage
			Segments           map[string]string
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			tb.Fatal(err)
		}
		r := plumbline.Record{Kind: plumbline.Whole, ID: line.ID, Model: line.Model, Version: line.Version, Time: line.TS, Weight: 1}
		r.Features = fields(tb, line.Features)
		r.Prediction, r.Label = value(line.Prediction), value(line.Label)
		if line.Score != nil {
			r.Score = plumbline.Value{Kind: plumbline.Number, Num: *line.Score}
		}
		for _, f := range fields(tb, line.Runtime) {
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
	if err := lines.Err(); err != nil {
		tb.Fatal(err)
	}
	return out
}

// fields reads a flat object in its own order.
func fields(tb testing.TB, data json.RawMessage) (out []plumbline.Field) {
	if len(data) == 0 {
		return nil
	}
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		tb.Fatal(err)
	}
	d := json.NewDecoder(bytesReader(data))
	for depth := 0; ; {
		t, err := d.Token()
		if err != nil {
			break
		}
		if s, ok := t.(string); ok && depth == 1 {
			out = append(out, plumbline.Field{Name: s, Value: value(m[s])})
			if _, err := d.Token(); err != nil {
				tb.Fatal(err)
			}
		}
		if t == json.Delim('{') {
			depth++
		}
	}
	return out
}

func value(v any) plumbline.Value {
	switch v := v.(type) {
	case float64:
		return plumbline.Value{Kind: plumbline.Number, Num: v}
	case string:
		return plumbline.Value{Kind: plumbline.String, Str: v}
	case bool:
		x := 0.0
		if v {
			x = 1
		}
		return plumbline.Value{Kind: plumbline.Bool, Num: x}
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

func flightsBaseline(tb testing.TB) *Baseline {
	tb.Helper()
	b := NewBuilder(flightsModel())
	records := readFlights(tb, "baseline.ndjson.gz")
	for i := range records {
		b.Add(&records[i])
	}
	base, err := b.Build(time.Date(2013, 3, 1, 0, 0, 0, 0, time.UTC), "flights, January and February 2013")
	if err != nil {
		tb.Fatal(err)
	}
	return base
}
