// Package recount counts NDJSON logs a second time, so that what the program says can be held against something that shares
// nothing with it: encoding/json decodes, one goroutine adds, values are kept as they are and looked at last. It imports no
// package of the house, knows the record and the counts from their documentation alone, and is for tests.
package recount

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"strconv"
	"strings"
	"time"
)

// Query is a window of one version of one model, or of one slice of it: records with From <= ts < To.
type Query struct {
	Version  string
	Slice    map[string]string
	From, To time.Time
}

// Model is what is declared of the one model whose log is counted.
type Model struct {
	Name      string
	Types     map[string]string      // of features: number, category or boolean
	Bounds    map[string][2]*float64 // declared least and largest value
	Baselines map[string]*Baseline   // by version
	Lateness  time.Duration          // a record this much older than the newest of its partition is late
}

// Key names a feature: role input, output or runtime.
type Key struct{ Role, Name string }

// Column is what a window holds of one feature.
type Column struct {
	NaN, Invalid int64
	Numbers      []float64
	Texts        map[string]int64
}

// Count is what a window holds.
type Count struct {
	Query
	Whole, Requests, Responses int64
	Late, Carrying             int64
	Columns                    map[Key]*Column

	ids map[string]int64 // answers by id
}

// Recount counts for many windows at once.
type Recount struct {
	Read, Rejected int64

	model  Model
	counts []*Count
	labels map[string]bool
	newest map[string]time.Time // by partition
}

// New prepares counting.
func New(m Model, queries []Query) *Recount {
	r := &Recount{model: m, labels: map[string]bool{}, newest: map[string]time.Time{}}
	for _, q := range queries {
		r.counts = append(r.counts, &Count{Query: q, Columns: map[Key]*Column{}, ids: map[string]int64{}})
	}
	return r
}

// Counts are the windows in the order of New's queries.
func (r *Recount) Counts() []*Count { return r.counts }

type record struct {
	Kind       string
	ID         string
	Model      string
	Version    string
	TS         string
	Features   map[string]any
	Prediction any
	Score      any
	Label      any
	Segments   map[string]string
	Runtime    map[string]any
}

// empty reports that there is nothing to count. A response without answer says at least how the call ended.
func (x *record) empty() bool {
	told := x.Kind == "response" && len(x.Runtime) > 0
	return len(x.Features) == 0 && x.Prediction == nil && x.Score == nil && x.Label == nil && !told
}

// Add counts one line of a partition. A line that is no record is rejected. Lines of a partition come in its order.
func (r *Recount) Add(partition string, line []byte) {
	r.Read++
	var x record
	if err := decode(line, &x); err != nil {
		r.Rejected++
		return
	}
	ts, err := time.Parse(time.RFC3339Nano, x.TS)
	if err != nil || x.Model == "" || x.empty() {
		r.Rejected++
		return
	}
	if x.Label != nil && x.ID != "" {
		r.labels[x.ID] = true
	}
	if x.Kind == "label" {
		return
	}
	newest, late := r.newest[partition], false
	if !newest.IsZero() {
		late = newest.Sub(ts) > r.model.Lateness
	}
	if ts.After(newest) {
		r.newest[partition] = ts
	}
	for _, c := range r.counts {
		if c.Version == x.Version && !ts.Before(c.From) && ts.Before(c.To) && in(c.Slice, &x) {
			r.add(c, &x, late)
		}
	}
}

func decode(line []byte, x *record) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if err := d.Decode(x); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("something follows the record")
	}
	return nil
}

func in(slice map[string]string, x *record) bool {
	for name, value := range slice {
		if v, ok := x.Segments[name]; !ok || v != value {
			return false
		}
	}
	return true
}

func (r *Recount) add(c *Count, x *record, late bool) {
	switch x.Kind {
	case "request":
		c.Requests++
	case "response":
		c.Responses++
	default:
		c.Whole++
	}
	if x.Kind != "request" && x.ID != "" {
		c.ids[x.ID]++
	}
	if late {
		c.Late++
	}
	if len(x.Features) > 0 {
		c.Carrying++
	}
	for name, v := range x.Features {
		c.value(Key{"input", name}, r.model.Types[name], v)
	}
	c.value(Key{"output", "prediction"}, "category", x.Prediction)
	c.value(Key{"output", "score"}, "number", x.Score)
	if n, ok := x.Score.(json.Number); ok {
		if s, err := n.Float64(); err == nil && s >= 0 && s <= 1 {
			c.value(Key{"output", "confidence"}, "number", json.Number(strconv.FormatFloat(math.Max(s, 1-s), 'g', -1, 64)))
		}
	}
	for name, v := range x.Runtime {
		if name == "status" {
			c.value(Key{"runtime", name}, "category", v)
		} else {
			c.value(Key{"runtime", name}, "number", v)
		}
	}
}

// value counts one value. What it can be is in the documentation of records, under "A window's records in counts".
func (c *Count) value(k Key, typ string, v any) {
	f := c.Columns[k]
	if f == nil {
		f = &Column{Texts: map[string]int64{}}
		c.Columns[k] = f
	}
	if v == nil {
		return
	}
	number := typ == "number"
	switch v := v.(type) {
	case json.Number:
		x, err := v.Float64()
		switch {
		case number && (err != nil || math.IsInf(x, 0)):
			f.Invalid++
		case number:
			f.Numbers = append(f.Numbers, x)
		default:
			f.Texts[strconv.FormatFloat(x, 'f', -1, 64)]++
		}
	case string:
		switch {
		case number && strings.EqualFold(v, "nan"):
			f.NaN++
		case number:
			f.Invalid++
		default:
			f.Texts[v]++
		}
	case bool:
		if number {
			f.Invalid++
		} else {
			f.Texts[strconv.FormatBool(v)]++
		}
	default:
		f.Invalid++
	}
}

// N is the number of values.
func (f *Column) N() int64 {
	n := int64(len(f.Numbers))
	for count := range maps.Values(f.Texts) {
		n += count
	}
	return n
}

// Records is the number of inference events: whole ones, and halves of which the more frequent is counted.
func (c *Count) Records() int64 { return c.Whole + max(c.Requests, c.Responses) }

// Labelled is the number of the window's answers whose id has a label anywhere in the log.
func (r *Recount) Labelled(c *Count) (n int64) {
	for id, answers := range c.ids {
		if r.labels[id] {
			n += answers
		}
	}
	return n
}
