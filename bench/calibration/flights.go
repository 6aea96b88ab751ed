package main

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// happenings are days on which something did change, by the log: what alarms there is no false alarm.
var happenings = map[string]string{
	"2013-01-01": "questions without weather, as on three of the 59 days",
	"2013-01-31": "the strongest gusts of the two months",
	"2013-02-08": "the blizzard of 8 and 9 February: aircraft nobody knew, flights cancelled",
	"2013-02-09": "the blizzard's second day",
	"2013-02-20": "questions without weather, as on three of the 59 days",
}

// unexplained are the alarms of other days.
func (c flightsCut) unexplained() (n int) {
	for _, a := range c.alarms {
		if happenings[a.day] == "" {
			n++
		}
	}
	return n
}

// poisson returns the least k with P(X <= k) >= p of the Poisson law.
func poisson(mean, p float64) int {
	term := math.Exp(-mean)
	sum := term
	k := 0
	for sum < p && k < 10000 {
		k++
		term *= mean / float64(k)
		sum += term
	}
	return k
}

// expected false alarms of a cut: a budget of one in 30 windows.
func (c flightsCut) expected() float64 { return float64(c.windows) / 30 }

func (s *flights) promises() []promise {
	var out []promise
	for _, g := range s.logs {
		out = append(out,
			atMost(fmt.Sprintf("flights, %s, random windows: alarms beside the %s a budget of one a month allows", g.name, digits(g.random.expected())), float64(len(g.random.alarms)), float64(poisson(g.random.expected(), 0.9995))),
			atMost(fmt.Sprintf("flights, %s, days of January and February on which nothing happened: alarms beside the %s a budget of one a month allows", g.name, digits(g.daily.expected())), float64(g.daily.unexplained()), float64(poisson(g.daily.expected(), 0.9995))))
	}
	return out
}

func (s *flights) write(p *page) {
	p.heading("Real records without drift")
	p.say("The [flights log](../examples/flights/README.md)'s January and February, on which its model was trained: every window is held against all the others. *At random*: windows of a day's size, drawn without replacement. *By day*: the 59 days; they differ by weather, schedule and calendar, and that is not drift but winter. " +
		"plumbline learns from the other windows how far one strays; the budget is one false alarm in 30 windows over all features and tests.")
	for _, g := range s.logs {
		p.say("**%s**: %s records, %d features and the score, %d judged tests, each at level %s.", g.name, grouped(int64(g.rows)), g.columns-1, g.tests, digits2(g.level))
		head := []string{"rule", "random: alarms", "windows with any, %", "by day: alarms", "days with any, %"}
		cell := func(c flightsCut) []string {
			return []string{fmt.Sprintf("**%d of %s allowed** (95 %%: up to %d) in %s windows", len(c.alarms), digits(c.expected()), poisson(c.expected(), 0.975), grouped(int64(c.windows))), "**" + percent(float64(c.windowsAlarmed)/float64(c.windows)) + "**"}
		}
		rows := [][]string{append(append([]string{"**plumbline, budget 1 per 30 days**"}, cell(g.random)...), cell(g.daily)...)}
		for r, rule := range g.random.rules {
			a, b := rule, g.daily.rules[r]
			rows = append(rows, []string{a.Rule.Name, fmt.Sprintf("%s in %d windows", grouped(int64(a.Alarms)), a.Windows), percent(a.WindowShare()), grouped(int64(b.Alarms)), percent(b.WindowShare())})
		}
		p.table(head, rows)
		s.list(p, g)
	}
}

// list tells the alarms by day.
func (s *flights) list(p *page, g flightsLog) {
	rows := [][]string{}
	for i := 0; i < len(g.daily.alarms); {
		day := g.daily.alarms[i].day
		var what []string
		least := 1.0
		for ; i < len(g.daily.alarms) && g.daily.alarms[i].day == day; i++ {
			a := g.daily.alarms[i]
			what = append(what, fmt.Sprintf("`%s` (`%s`)", a.feature, a.test))
			least = math.Min(least, a.p)
		}
		rows = append(rows, []string{day, strings.Join(what, ", "), fmt.Sprintf("%.1g", least), cmp.Or(happenings[day], "nothing known: counted as false")})
	}
	if len(rows) == 0 {
		return
	}
	p.say("Of the %d alarms by day, %d are of days on which something did happen; the other %d stand against %s allowed. What happened was looked up after the alarm, and can be checked in the log:", len(g.daily.alarms), len(g.daily.alarms)-g.daily.unexplained(), g.daily.unexplained(), digits(g.daily.expected()))
	p.table([]string{"day", "alarms", "least p", "what the log says of the day"}, rows)
}
