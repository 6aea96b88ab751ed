package main

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"plumbline"
	"plumbline/detectors"
	"plumbline/detectors/incumbents"
	"plumbline/profiles"
)

// flights counts alarms on real records without drift: the flights log's training months, cut into windows at random and by day.
type flights struct{ logs []flightsLog }

type flightsLog struct {
	name          string
	rows, columns int
	tests         int
	level         float64
	random, daily flightsCut
}

// flightsCut is one way to cut the log: every window against all the others, as many as there are days.
type flightsCut struct {
	windows        int
	alarms         []flightsAlarm
	windowsAlarmed int
	noVerdict      int // pairs of a window and a feature
	rules          []incumbents.AuditRow
}

type flightsAlarm struct {
	day, feature, test string
	p                  float64
}

// flightsFolder is where the whole flights log is, if it is here; the example's fifth of it always is.
func flightsFolder() string { return os.Getenv("PLUMBLINE_FLIGHTS") }

const flightsExample = "examples/flights"

func (s *flights) measure(l *lab) error {
	folders := []string{flightsExample}
	if _, err := os.Stat(flightsExample); err != nil {
		folders[0] = filepath.Join("..", "..", flightsExample) // from the package's own folder: in its test
	}
	if l.Flights != "" && !l.Quick {
		folders = append(folders, l.Flights)
	}
	for i, folder := range folders {
		table, err := readFlights(filepath.Join(folder, "baseline.ndjson.gz"))
		if err != nil {
			return err
		}
		name := []string{"one in five of the log", "the whole log"}[i]
		got, err := s.audit(l, name, table)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		s.logs = append(s.logs, got)
	}
	return nil
}

// audit cuts the log at random and by day.
func (s *flights) audit(l *lab, name string, t *flightsTable) (flightsLog, error) {
	out := flightsLog{name: name, rows: len(t.days), columns: len(t.names)}
	for _, n := range t.names {
		out.tests += len(detectors.Judges(t.cols[n].typ()))
	}
	out.level = plumbline.DefaultBudget.Level(out.tests, 24*time.Hour)
	byDay := map[string][]int{}
	for i, d := range t.days {
		byDay[d] = append(byDay[d], i)
	}
	days := slices.Sorted(maps.Keys(byDay))
	var daily [][]int
	for _, d := range days {
		daily = append(daily, byDay[d])
	}
	var err error
	if out.daily, err = s.cut(l, t, out.level, name+" by day", [][][]int{daily}, days); err != nil {
		return out, err
	}
	rng := rand.New(rand.NewPCG(l.Seed, 20130101))
	var shuffled [][][]int
	for range l.rounds(20, 1) {
		order := rng.Perm(len(t.days))
		var windows [][]int
		for _, d := range daily {
			window := slices.Clone(order[:len(d)])
			slices.Sort(window)
			windows, order = append(windows, window), order[len(d):]
		}
		shuffled = append(shuffled, windows)
	}
	out.random, err = s.cut(l, t, out.level, name+" at random", shuffled, nil)
	return out, err
}

// cut judges, in each partition of the rows, every window against all the others, by what those tell when each is held against its
// others in turn.
func (s *flights) cut(l *lab, t *flightsTable, level float64, what string, partitions [][][]int, days []string) (flightsCut, error) {
	type part struct {
		alarms    []flightsAlarm
		noVerdict int
		err       error
	}
	parts := make([]part, len(partitions)*len(t.names))
	l.each(what, len(parts), func(i int, _ *rand.Rand) {
		p := &parts[i]
		p.alarms, p.noVerdict, p.err = s.column(t.names[i%len(t.names)], t, level, partitions[i/len(t.names)], days)
	})
	var out flightsCut
	hit := map[string]bool{}
	for i, p := range parts {
		if p.err != nil {
			return out, p.err
		}
		out.noVerdict += p.noVerdict
		out.alarms = append(out.alarms, p.alarms...)
		for _, a := range p.alarms {
			hit[fmt.Sprint(i/len(t.names), a.day)] = true
		}
	}
	slices.SortFunc(out.alarms, func(a, b flightsAlarm) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.feature, b.feature), cmp.Compare(a.test, b.test))
	})
	out.windowsAlarmed = len(hit)
	var splits []incumbents.Split
	for _, windows := range partitions[:1] {
		out.windows = len(windows) * len(partitions)
		for k := range windows {
			split := incumbents.Split{Current: windows[k]}
			for j := range windows {
				if j != k {
					split.Reference = append(split.Reference, windows[j]...)
				}
			}
			slices.Sort(split.Reference)
			splits = append(splits, split)
		}
	}
	if l.Quick {
		splits = splits[:4]
	}
	// One rule after the other would leave cores idle: one split after the other.
	var columns []incumbents.Column
	for _, n := range t.names {
		columns = append(columns, t.cols[n].column())
	}
	rules := incumbents.Rules(len(columns))
	rows := make([][]incumbents.AuditRow, len(splits))
	l.each(what+", other tools' rules", len(splits), func(i int, _ *rand.Rand) {
		rows[i] = incumbents.Audit(rules, columns, splits[i:i+1])
	})
	for r := range rules {
		sum := rows[0][r]
		for _, row := range rows[1:] {
			sum.Windows += row[r].Windows
			sum.Alarmed += row[r].Alarmed
			sum.Columns += row[r].Columns
			sum.Alarms += row[r].Alarms
			sum.Without += row[r].Without
		}
		out.rules = append(out.rules, sum)
	}
	return out, nil
}

// column judges one feature of a partition.
func (s *flights) column(name string, t *flightsTable, level float64, windows [][]int, days []string) (alarms []flightsAlarm, noVerdict int, err error) {
	c := t.cols[name]
	var grid *profiles.Grid
	var edges []float64
	if c.numbers != nil {
		var known []float64
		for _, x := range c.numbers {
			if x == x {
				known = append(known, x)
			}
		}
		slices.Sort(known)
		grid = profiles.QuantileGrid(known)
		edges = grid.Edges
	}
	cells, err := profiles.NewCells(name, c.typ(), edges, c.names, math.NaN(), math.NaN())
	if err != nil {
		return nil, 0, err
	}
	samples := make([]profiles.Sample, len(windows))
	whole := profiles.Sample{Min: math.Inf(1), Max: math.Inf(-1)}
	for k, w := range windows {
		samples[k] = c.sample(grid, w)
		whole = plus(whole, samples[k], 1)
	}
	inputs := make([]detectors.Input, len(windows))
	for k := range windows {
		rest := plus(whole, samples[k], -1)
		rest.Min, rest.Max = whole.Min, whole.Max
		in := detectors.Input{Alpha: level}
		if in.Baseline, err = cells.Feature(rest); err != nil {
			return nil, 0, err
		}
		if in.Current, err = cells.Feature(samples[k]); err != nil {
			return nil, 0, err
		}
		inputs[k] = in
	}
	for _, test := range detectors.Judges(c.typ()) {
		scores, have := make([]detectors.Score, len(windows)), make([]bool, len(windows))
		for k := range windows {
			scores[k], have[k] = test.Score(inputs[k])
		}
		for k := range windows {
			var others []detectors.Score
			for j := range windows {
				if j != k && have[j] {
					others = append(others, scores[j])
				}
			}
			in := inputs[k]
			in.Calibration = &detectors.Calibration{Available: len(others)}
			if in.Calibration.Mute = len(others) < detectors.MinWindows; !in.Calibration.Mute {
				if in.Calibration.Windows, err = detectors.FitNull(others); err != nil {
					return nil, 0, err
				}
			}
			switch f := test.Run(in); f.Verdict {
			case plumbline.Drift:
				a := flightsAlarm{feature: name, test: test.Name, p: orOne(f.P), day: fmt.Sprint(k)}
				if days != nil {
					a.day = days[k]
				}
				alarms = append(alarms, a)
			case plumbline.NoVerdict:
				noVerdict++
			}
		}
	}
	return alarms, noVerdict, nil
}
