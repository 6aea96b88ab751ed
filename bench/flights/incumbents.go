package main

import (
	"context"
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"plumbline"
	"plumbline/detectors/incumbents"
)

// frame is a log by columns: what the tools of others read.
type frame struct {
	days  []string // of each row, New York's date
	names []string
	cols  map[string]incumbents.Column
}

// gather reads files into columns: the features and the score.
func (l *lab) gather(files []string, keep func(r *plumbline.Record) bool) (*frame, error) {
	numbers, texts := map[string][]float64{}, map[string][]string{}
	kinds := map[string]plumbline.ValueKind{}
	whole := map[string]bool{}
	f := &frame{cols: map[string]incumbents.Column{}}
	for _, file := range files {
		err := l.records(file, func(r *plumbline.Record) {
			if !keep(r) {
				return
			}
			f.days = append(f.days, r.Time.In(place).Format(time.DateOnly))
			add := func(name string, v plumbline.Value) {
				if v.Kind != plumbline.Missing {
					kinds[name] = v.Kind
				}
				x, s := math.NaN(), "\x00"
				switch v.Kind {
				case plumbline.Number:
					x = v.Num
				case plumbline.String:
					s = v.Str
				case plumbline.Bool:
					s = strconv.FormatBool(v.Num == 1)
				}
				if _, seen := whole[name]; !seen {
					whole[name] = true
				}
				whole[name] = whole[name] && x == math.Trunc(x)
				numbers[name], texts[name] = append(numbers[name], x), append(texts[name], s)
			}
			for _, x := range r.Features {
				add(x.Name, x.Value)
			}
			add("score", r.Score)
		})
		if err != nil {
			return nil, err
		}
	}
	f.names = slices.Sorted(maps.Keys(kinds))
	for _, name := range f.names {
		if kinds[name] == plumbline.Number {
			c := incumbents.Numbers(numbers[name])
			c.Integer = whole[name]
			f.cols[name] = c
			continue
		}
		missing := make([]bool, len(texts[name]))
		for i, s := range texts[name] {
			missing[i] = s == "\x00"
		}
		c := incumbents.Categories(texts[name], missing)
		c.Boolean = kinds[name] == plumbline.Bool
		f.cols[name] = c
	}
	return f, nil
}

// wholeDay is fewer rows than any whole day has: the log's first hours are the evening before in New York.
const wholeDay = 60

// byDay returns the rows of each date, and the dates in order.
func (f *frame) byDay() (rows map[string][]int, days []string) {
	rows = map[string][]int{}
	for i, d := range f.days {
		rows[d] = append(rows[d], i)
	}
	maps.DeleteFunc(rows, func(_ string, list []int) bool { return len(list) < wholeDay })
	return rows, sorted(rows)
}

// tally counts what a rule says of the days of a log.
type tally struct {
	rule          incumbents.Rule
	days, columns int            // with an alarm; columns summed over days
	fair          int            // days with an alarm of a column that a calendar does not fix for the day
	by            map[string]int // column → days
}

// count judges each day by each tool's default rules. The tools of fixed thresholds have no notion of how often they are asked.
func count(ref, cur *frame) (list []tally, days int) {
	rules := incumbents.Rules(len(ref.names))
	rules = slices.DeleteFunc(rules, func(r incumbents.Rule) bool { return r.Name == "nannyml, ten chunks" }) // of a day a chunk would be two hours
	list = make([]tally, len(rules))
	for i, r := range rules {
		list[i] = tally{rule: r, by: map[string]int{}}
	}
	rows, dates := cur.byDay()
	var mu sync.Mutex
	var wg sync.WaitGroup
	room := make(chan struct{}, runtime.GOMAXPROCS(0))
	for _, d := range dates {
		wg.Add(1)
		room <- struct{}{}
		go func() {
			defer func() { <-room; wg.Done() }()
			alarmed := make([][]string, len(rules))
			for _, name := range ref.names {
				window := cur.cols[name].Pick(rows[d])
				for i, r := range rules {
					if found := r.Judge(ref.cols[name], window); found.OK() && found.Drift {
						alarmed[i] = append(alarmed[i], name)
					}
				}
			}
			mu.Lock()
			defer mu.Unlock()
			for i, names := range alarmed {
				if len(names) > 0 {
					list[i].days++
				}
				if slices.ContainsFunc(names, func(n string) bool { return n != "day_of_week" && n != "near_holiday" }) {
					list[i].fair++
				}
				list[i].columns += len(names)
				for _, name := range names {
					list[i].by[name]++
				}
			}
		}()
	}
	wg.Wait()
	return list, len(dates)
}

func all(*plumbline.Record) bool { return true }

// incumbentsSection makes the table of what the rules of others would have fired on the same days.
func incumbentsSection(_ context.Context, l *lab) (map[string]string, error) {
	ref, err := l.gather([]string{"baseline.ndjson.gz"}, all)
	if err != nil {
		return nil, err
	}
	files, err := l.files("inference*.ndjson.gz")
	if err != nil {
		return nil, err
	}
	cur, err := l.gather(files, all)
	if err != nil {
		return nil, err
	}
	list, days := count(ref, cur)
	var rows [][]string
	for _, t := range list {
		names := sorted(t.by)
		slices.SortStableFunc(names, func(a, b string) int { return t.by[b] - t.by[a] })
		var top []string
		for _, n := range names[:min(6, len(names))] {
			top = append(top, fmt.Sprintf("`%s` %d", n, t.by[n]))
		}
		rows = append(rows, []string{t.rule.Name + " " + t.rule.Version, t.rule.What, fmt.Sprintf("%d of %d", t.days, days), strconv.Itoa(t.fair), fmt.Sprintf("%.1f of %d", float64(t.columns)/float64(days), len(ref.names)), words(top)})
	}
	return map[string]string{"incumbents": table([]string{"rule", "what it says", "days with an alarm", "without the calendar's two", "columns a day", "most often"}, rows, 2, 3, 4)}, nil
}
