package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"time"

	"plumbline"
	"plumbline/detectors/incumbents"
	"plumbline/profiles"
)

// flightsTable is the log by column; rows are in order of time.
type flightsTable struct {
	names []string
	cols  map[string]*flightsColumn
	days  []string // of each row
}

type flightsColumn struct {
	rows
	names   []string // of the codes
	boolean bool
}

func readFlights(file string) (*flightsTable, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	zip, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var records []map[string]any
	t := &flightsTable{cols: map[string]*flightsColumn{}}
	kinds := map[string]any{}
	for lines := bufio.NewScanner(zip); lines.Scan(); {
		var r struct {
			TS       time.Time
			Features map[string]any
			Score    *float64
		}
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if r.Score != nil {
			r.Features["score"] = *r.Score
		}
		for name, v := range r.Features {
			if v != nil {
				kinds[name] = v
			}
		}
		records = append(records, r.Features)
		t.days = append(t.days, r.TS.UTC().Format(time.DateOnly))
	}
	if len(records) == 0 {
		return nil, fmt.Errorf("%s holds no record", file)
	}
	t.names = slices.Sorted(maps.Keys(kinds))
	for _, name := range t.names {
		c := &flightsColumn{}
		codes := map[string]int32{}
		for _, r := range records {
			switch kinds[name].(type) {
			case float64:
				x, ok := r[name].(float64)
				if !ok {
					x = math.NaN()
				}
				c.numbers = append(c.numbers, x)
			default:
				text, ok := r[name].(string)
				if b, is := r[name].(bool); is {
					text, ok, c.boolean = fmt.Sprint(b), true, true
				}
				code := int32(-1)
				if ok {
					if _, known := codes[text]; !known {
						codes[text] = int32(len(c.names))
						c.names = append(c.names, text)
					}
					code = codes[text]
				}
				c.codes = append(c.codes, code)
			}
		}
		t.cols[name] = c
	}
	return t, nil
}

// column is the same for other tools' rules.
func (c *flightsColumn) column() incumbents.Column {
	if c.numbers != nil {
		return incumbents.Numbers(c.numbers)
	}
	return incumbents.Column{Codes: c.codes, Levels: c.names, Boolean: c.boolean}
}

func (c *flightsColumn) typ() plumbline.FeatureType {
	switch {
	case c.numbers != nil:
		return plumbline.TypeNumber
	case c.boolean:
		return plumbline.TypeBoolean
	}
	return plumbline.TypeCategory
}

// sample counts rows on cells of a grid, or by code.
func (c *flightsColumn) sample(grid *profiles.Grid, which []int) profiles.Sample {
	if c.numbers == nil {
		s := profiles.Sample{Counts: make([]int64, len(c.names))}
		for _, i := range which {
			if code := c.codes[i]; code >= 0 {
				s.N++
				s.Counts[code]++
			} else {
				s.Missing++
			}
		}
		return s
	}
	s := profiles.Sample{Counts: make([]int64, grid.Cells()), Min: math.Inf(1), Max: math.Inf(-1)}
	for _, i := range which {
		x := c.numbers[i]
		if x != x {
			s.Missing++
			continue
		}
		s.N++
		s.Counts[grid.Cell(x)]++
		s.Min, s.Max = math.Min(s.Min, x), math.Max(s.Max, x)
		for k, p := 0, x; k < 4; k, p = k+1, p*x {
			s.Sums[k] += p
		}
	}
	return s
}

// plus adds a sample, or takes it away; the extremes are not taken away.
func plus(a, b profiles.Sample, sign int64) profiles.Sample {
	out := a
	out.N, out.Missing = a.N+sign*b.N, a.Missing+sign*b.Missing
	out.Min, out.Max = math.Min(a.Min, b.Min), math.Max(a.Max, b.Max)
	out.Counts = make([]int64, len(b.Counts))
	for j := range b.Counts {
		if j < len(a.Counts) {
			out.Counts[j] = a.Counts[j]
		}
		out.Counts[j] += sign * b.Counts[j]
	}
	for k := range out.Sums {
		out.Sums[k] += float64(sign) * b.Sums[k]
	}
	return out
}
