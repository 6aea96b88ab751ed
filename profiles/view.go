package profiles

import (
	"encoding/json"
	"slices"
	"time"

	"plumbline"
)

// View is a window's profile as JSON: the recount that anybody can compare with their own logs.
type View struct {
	Model    string            `json:"model"`
	Version  string            `json:"version"`
	Slice    map[string]string `json:"slice"`
	From     time.Time         `json:"from"`
	To       time.Time         `json:"to"`
	Records  int64             `json:"records"`
	Late     int64             `json:"late"`
	Labelled int64             `json:"labelled"`
	Features []FeatureView     `json:"features"`
	Outputs  []FeatureView     `json:"outputs"` // prediction, score, confidence
	Runtime  []FeatureView     `json:"runtime"` // latency_ms, …, status
}

// FeatureView is one feature of a View. Mean, SD, Min, Max and Bins are null where there is nothing to say.
type FeatureView struct {
	Name       string
	Type       string
	N          int64
	Missing    int64
	NaN        int64
	Invalid    int64
	Mean       *float64
	SD         *float64
	Min        *float64
	Max        *float64
	Below      int64
	Above      int64
	Bins       *BinsView
	Unseen     int64
	Other      int64
	Categories map[string]int64 // nil for a number
}

// BinsView holds B counts and their B-1 inner edges, right-closed.
type BinsView struct {
	Edges  []float64 `json:"edges"`
	Counts []int64   `json:"counts"`
}

// MarshalJSON writes the members a number has, or those a category has.
func (v FeatureView) MarshalJSON() ([]byte, error) {
	if v.Categories != nil {
		return json.Marshal(struct {
			Name       string           `json:"name"`
			Type       string           `json:"type"`
			N          int64            `json:"n"`
			Missing    int64            `json:"missing"`
			NaN        int64            `json:"nan,omitempty"`
			Invalid    int64            `json:"invalid,omitempty"`
			Unseen     int64            `json:"unseen"`
			Other      int64            `json:"other"`
			Categories map[string]int64 `json:"categories"`
		}{v.Name, v.Type, v.N, v.Missing, v.NaN, v.Invalid, v.Unseen, v.Other, v.Categories})
	}
	return json.Marshal(struct {
		Name    string    `json:"name"`
		Type    string    `json:"type"`
		N       int64     `json:"n"`
		Missing int64     `json:"missing"`
		NaN     int64     `json:"nan"`
		Invalid int64     `json:"invalid"`
		Mean    *float64  `json:"mean"`
		SD      *float64  `json:"sd"`
		Min     *float64  `json:"min"`
		Max     *float64  `json:"max"`
		Below   int64     `json:"below"`
		Above   int64     `json:"above"`
		Bins    *BinsView `json:"bins"`
	}{v.Name, v.Type, v.N, v.Missing, v.NaN, v.Invalid, v.Mean, v.SD, v.Min, v.Max, v.Below, v.Above, v.Bins})
}

// NewView renders a profile. The number of labelled records is known to the store, not to the profile. Only the named
// features are shown, all if none is named.
func NewView(s plumbline.Stream, w plumbline.Window, p *Profile, labelled int64, only []string) View {
	slice, _ := ParseSlice(s.Slice)
	v := View{Model: s.Model, Version: s.Version, Slice: slice, From: w.From.UTC(), To: w.To.UTC(), Records: p.Records(), Late: p.Late,
		Labelled: labelled, Features: []FeatureView{}, Outputs: []FeatureView{}, Runtime: []FeatureView{}}
	if slice == nil {
		v.Slice = map[string]string{}
	}
	list := map[Role]*[]FeatureView{Input: &v.Features, Output: &v.Outputs, Runtime: &v.Runtime}
	for _, f := range p.Features() {
		if len(only) == 0 || slices.Contains(only, f.Name) {
			*list[f.Role] = append(*list[f.Role], f.View())
		}
	}
	return v
}

// View renders one feature.
func (f *Feature) View() FeatureView {
	v := FeatureView{Name: f.Name, Type: string(f.Type), N: f.N, Missing: f.Missing, NaN: f.NaN, Invalid: f.Invalid, Below: f.Below, Above: f.Above}
	if categorical(f.Type) {
		v.Unseen, v.Other, v.Categories = f.Unseen(), f.Other(), map[string]int64{}
		for _, c := range f.Categories() {
			v.Categories[c.Value] = c.Count
		}
		return v
	}
	if f.Type == plumbline.TypeAuto {
		v.Type = "unknown" // no value so far says what it is
	}
	for _, fact := range []struct {
		to   **float64
		read func() (float64, bool)
	}{{&v.Mean, f.Mean}, {&v.SD, f.SD}, {&v.Min, f.Min}, {&v.Max, f.Max}} {
		if x, ok := fact.read(); ok {
			*fact.to = plumbline.Finite(x)
		}
	}
	if g := f.Grid(); g != nil && f.N > 0 {
		v.Bins = &BinsView{g.Edges, f.Counts()}
		if g == LogGrid() {
			v.Bins.trim()
		}
	}
	return v
}

// trim leaves out the empty cells at either end of a grid that is much wider than any feature.
func (b *BinsView) trim() {
	first, last := 0, len(b.Counts)-1
	for first < last && b.Counts[first] == 0 {
		first++
	}
	for last > first && b.Counts[last] == 0 {
		last--
	}
	b.Edges, b.Counts = b.Edges[first:last], b.Counts[first:last+1]
}
