package incumbents

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The flights log, read as pandas reads it.
const flights = "../../examples/flights/"

// A frame is a data set by column.
type frame struct {
	names   []string
	columns map[string]Column
	times   []time.Time
}

// pick returns the frame's rows start, start+step, … below stop; stop < 0 is the end.
func (f frame) pick(start, stop, step int) frame {
	if stop < 0 {
		stop = len(f.times)
	}
	var rows []int
	for i := start; i < min(stop, len(f.times)); i += step {
		rows = append(rows, i)
	}
	return f.rows(rows)
}

func (f frame) rows(rows []int) frame {
	out := frame{names: f.names, columns: map[string]Column{}, times: pick(f.times, rows)}
	for name, c := range f.columns {
		out.columns[name] = c.Pick(rows)
	}
	return out
}

// between returns the rows of [first, last), days of 2013 as 03-01.
func (f frame) between(first, last string) frame {
	from, to := day(first), day(last)
	var rows []int
	for i, t := range f.times {
		if !t.Before(from) && t.Before(to) {
			rows = append(rows, i)
		}
	}
	return f.rows(rows)
}

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, "2013-"+s)
	if err != nil {
		panic(err)
	}
	return t
}

var (
	baseline  = sync.OnceValues(func() (frame, error) { return readFrame("baseline.ndjson.gz") })
	inference = sync.OnceValues(func() (frame, error) { return readFrame("inference.ndjson.gz") })
)

func logs(t *testing.T) (base, live frame) {
	t.Helper()
	base, err := baseline()
	if err != nil {
		t.Fatal(err)
	}
	live, err = inference()
	if err != nil {
		t.Fatal(err)
	}
	return base, live
}

func readFrame(name string) (frame, error) {
	f := frame{columns: map[string]Column{}}
	file, err := os.Open(flights + name)
	if err != nil {
		return f, err
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		return f, err
	}
	values := map[string][]any{}
	for lines := bufio.NewScanner(z); lines.Scan(); {
		var r struct {
			TS         time.Time
			Features   map[string]any
			Score      json.Number
			Prediction json.Number
		}
		d := json.NewDecoder(strings.NewReader(lines.Text()))
		d.UseNumber()
		if err := d.Decode(&r); err != nil {
			return f, err
		}
		r.Features["score"], r.Features["prediction"] = r.Score, r.Prediction
		for k, v := range r.Features {
			values[k] = append(values[k], v)
		}
		f.times = append(f.times, r.TS)
	}
	for name, v := range values {
		f.names = append(f.names, name)
		f.columns[name] = typed(v)
	}
	slices.Sort(f.names)
	return f, nil
}

// typed makes a column of JSON values: of integers if all of them are written so, as pandas would.
func typed(values []any) Column {
	numbers, texts, missing := make([]float64, len(values)), make([]string, len(values)), make([]bool, len(values))
	c := Column{Integer: true}
	text := false
	for i, v := range values {
		switch v := v.(type) {
		case nil:
			missing[i], numbers[i], c.Integer = true, nan, false
		case json.Number:
			numbers[i], _ = v.Float64()
			c.Integer = c.Integer && !strings.ContainsAny(v.String(), ".eE")
		case string:
			text, texts[i] = true, v
		case bool:
			text, c.Boolean = true, true
			texts[i] = map[bool]string{true: "true", false: "false"}[v]
		}
	}
	if text {
		boolean := c.Boolean
		c = Categories(texts, missing)
		c.Boolean = boolean
		return c
	}
	c.Numbers = numbers
	return c
}

// cases are the pairs of regenerate.py.
func cases(t *testing.T) map[string][2]frame {
	base, live := logs(t)
	return map[string][2]frame{
		"march":                          {base, live.between("03-01", "04-01")},
		"july":                           {base, live.between("07-01", "08-01")},
		"halves":                         {base.pick(0, -1, 2), base.pick(1, -1, 2)},
		"small reference":                {base.pick(0, -1, 11), live.between("08-01", "09-01")},
		"small both":                     {base.pick(0, -1, 11), live.between("05-01", "06-01").pick(0, 300, 1)},
		"small reference, large current": {base.pick(0, -1, 11), live.between("03-01", "06-01")},
		"tiny":                           {base.pick(0, -1, 100), live.between("03-01", "04-01").pick(100, 160, 1)},
	}
}
