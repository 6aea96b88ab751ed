package recount

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"slices"
	"sort"
	"time"
)

// Baseline is what the recount needs of a baseline's file.
type Baseline struct {
	Features []BaselineFeature
}

// BaselineFeature is one of its features.
type BaselineFeature struct {
	Name        string
	Role        string
	Type        string
	Edges       []float64
	LogGrid     bool `json:"log_grid"`
	Min, Max    *float64
	Categories  []struct{ Value string }
	OtherHashes string `json:"other_hashes"`
}

// ReadBaseline reads a baseline's file.
func ReadBaseline(path string) (*Baseline, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	b := &Baseline{}
	return b, json.Unmarshal(data, b)
}

func (b *Baseline) feature(k Key) *BaselineFeature {
	for i := range b.Features {
		f := &b.Features[i]
		if f.Name == k.Name && (f.Role == k.Role || f.Role == "" && k.Role == "input") {
			return f
		}
	}
	return nil
}

// view is what `plumbline profile --format json` prints.
type view struct {
	Model, Version             string
	Slice                      map[string]string
	From, To                   time.Time
	Records, Late, Labelled    int64
	Features, Outputs, Runtime []featureView
}

type featureView struct {
	Name, Type                  string
	N, Missing, NaN, Invalid    int64
	Mean, Min, Max              *float64
	Below, Above, Unseen, Other int64
	Bins                        *struct {
		Edges  []float64
		Counts []int64
	}
	Categories map[string]int64
}

// Compare holds a printed profile against the count and says every difference; none means that they agree bit for bit in every
// count, and within 1e-9 of its size in the mean.
func (r *Recount) Compare(c *Count, profile []byte) []string {
	d := &differences{}
	var v view
	if err := json.Unmarshal(profile, &v); err != nil {
		return []string{"the profile is not JSON: " + err.Error()}
	}
	if v.Model != r.model.Name || v.Version != c.Version || !v.From.Equal(c.From) || !v.To.Equal(c.To) || len(v.Slice) != len(c.Slice) {
		d.add("it is of another window: %s %s %v %s to %s", v.Model, v.Version, v.Slice, v.From, v.To)
	}
	d.count("records", v.Records, c.Records())
	d.count("late", v.Late, c.Late)
	d.count("labelled", v.Labelled, r.Labelled(c))
	b := r.model.Baselines[c.Version]
	shown := map[Key]bool{}
	for role, list := range map[string][]featureView{"input": v.Features, "output": v.Outputs, "runtime": v.Runtime} {
		for i := range list {
			f := &list[i]
			k := Key{role, f.Name}
			if shown[k] {
				d.add("%v is there twice", k)
			}
			shown[k] = true
			column := c.Columns[k]
			if column == nil {
				column = &Column{} // declared or in the baseline, and never seen
			}
			carriers := c.Whole + c.Responses
			if role == "input" {
				carriers = c.Carrying
			}
			var of *BaselineFeature
			if b != nil {
				of = b.feature(k)
			}
			d.feature(f, column, carriers, of, r.model.limits(k, of))
		}
	}
	for k, column := range c.Columns {
		if !shown[k] && column.N()+column.NaN+column.Invalid > 0 {
			d.add("%v is not there", k)
		}
	}
	sort.Strings(d.list)
	return d.list
}

type differences struct{ list []string }

func (d *differences) add(format string, args ...any) {
	d.list = append(d.list, fmt.Sprintf(format, args...))
}

func (d *differences) count(what string, got, want int64) {
	if got != want {
		d.add("%s: %d, recounted %d", what, got, want)
	}
}

// limits are the values below and above which an input or an output counts as out of range: what is declared, else what the
// baseline saw. What software reports has none.
func (m *Model) limits(k Key, b *BaselineFeature) (limits [2]*float64) {
	if k.Role == "input" {
		limits = m.Bounds[k.Name]
	}
	if b != nil && k.Role != "runtime" {
		limits[0], limits[1] = cmp.Or(limits[0], b.Min), cmp.Or(limits[1], b.Max)
	}
	return limits
}

func (d *differences) feature(f *featureView, c *Column, carriers int64, b *BaselineFeature, limits [2]*float64) {
	name := f.Name + " "
	d.count(name+"n", f.N, c.N())
	d.count(name+"missing", f.Missing, carriers-c.N()-c.Invalid)
	d.count(name+"nan", f.NaN, c.NaN)
	d.count(name+"invalid", f.Invalid, c.Invalid)
	if f.Categories != nil {
		d.categories(f, c, b)
		return
	}
	if len(c.Texts) > 0 {
		d.add("%sis no number but %v", name, c.Texts)
	}
	if len(c.Numbers) == 0 {
		if f.Mean != nil || f.Min != nil || f.Bins != nil {
			d.add("%shas no values and yet a mean or bins", name)
		}
		return
	}
	if f.Mean == nil || f.Min == nil || f.Max == nil || f.Bins == nil {
		d.add("%slacks mean, min, max or bins", name)
		return
	}
	var sum, size float64
	least, largest := c.Numbers[0], c.Numbers[0]
	for _, x := range c.Numbers {
		sum, size = sum+x, size+math.Abs(x)
		least, largest = min(least, x), max(largest, x)
	}
	n := float64(len(c.Numbers))
	if math.Abs(*f.Mean-sum/n) > 1e-9*max(size/n, 1e-300) {
		d.add("%smean: %v, recounted %v", name, *f.Mean, sum/n)
	}
	if *f.Min != least || *f.Max != largest {
		d.add("%smin and max: %v and %v, recounted %v and %v", name, *f.Min, *f.Max, least, largest)
	}
	d.bins(f, c, b)
	d.outside(f, c, limits)
}

func (d *differences) bins(f *featureView, c *Column, b *BaselineFeature) {
	if b != nil && !b.LogGrid && !slices.Equal(f.Bins.Edges, b.Edges) {
		d.add("%s bins: not on the baseline's edges", f.Name)
	}
	want := make([]int64, len(f.Bins.Edges)+1)
	for _, x := range c.Numbers { // bin j holds edges[j-1] < x <= edges[j]
		want[sort.Search(len(f.Bins.Edges), func(j int) bool { return x <= f.Bins.Edges[j] })]++
	}
	if !slices.Equal(f.Bins.Counts, want) {
		d.add("%s bins: %v, recounted %v", f.Name, f.Bins.Counts, want)
	}
}

func (d *differences) outside(f *featureView, c *Column, limits [2]*float64) {
	var below, above int64
	for _, x := range c.Numbers {
		if limits[0] != nil && x < *limits[0] {
			below++
		}
		if limits[1] != nil && x > *limits[1] {
			above++
		}
	}
	d.count(f.Name+" below", f.Below, below)
	d.count(f.Name+" above", f.Above, above)
}

func (d *differences) categories(f *featureView, c *Column, b *BaselineFeature) {
	if len(c.Numbers) > 0 {
		d.add("%s: a category with %d numbers", f.Name, len(c.Numbers))
	}
	known, hashes := map[string]bool{}, map[uint64]bool{}
	if b != nil {
		for _, x := range b.Categories {
			known[x.Value] = true
		}
		data, err := base64.StdEncoding.DecodeString(b.OtherHashes)
		if err != nil {
			d.add("%s: other_hashes: %v", f.Name, err)
		}
		for ; len(data) >= 8; data = data[8:] {
			hashes[binary.BigEndian.Uint64(data)] = true
		}
	}
	var unseen, other int64
	named := map[string]int64{}
	for text, n := range c.Texts {
		h := fnv.New64a()
		h.Write([]byte(text))
		switch {
		case b == nil || known[text]:
			named[text] = n
		case hashes[h.Sum64()]:
			other += n
		default:
			unseen += n
		}
	}
	d.count(f.Name+" unseen", f.Unseen, unseen)
	d.count(f.Name+" other", f.Other, other)
	for text, n := range named {
		if f.Categories[text] != n {
			d.add("%s %q: %d, recounted %d", f.Name, text, f.Categories[text], n)
		}
	}
	for text, n := range f.Categories {
		if named[text] != n {
			d.add("%s %q: %d, recounted %d", f.Name, text, n, named[text])
		}
	}
}
