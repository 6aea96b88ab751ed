package main

import (
	"context"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"

	"plumbline"
	"plumbline/internal/app"
)

// halves is how often the training period is split in two.
const halves = 4

// stillSection makes the table of alarms where nothing drifts: one half of the training period's questions, chosen by a hash of the
// id, is the baseline, the other is watched. Both have the same days, the same weather, the same timetable.
func stillSection(ctx context.Context, l *lab) (map[string]string, error) {
	ours := map[string]int{}
	windows := map[string]int{}
	theirs := map[string]*tally{}
	var names []string
	days := 0
	for k := range halves {
		in := func(half uint64) func(r *plumbline.Record) bool {
			return func(r *plumbline.Record) bool { return side(r.ID, k) == half }
		}
		w, err := l.watchHalf(ctx, k, in)
		if err != nil {
			return nil, err
		}
		for alert, n := range w.windows {
			windows[alert] += n
		}
		seen := map[string]bool{}
		for _, d := range w.drifts {
			if key := fmt.Sprint(d.alert, d.window); !seen[key] {
				seen[key] = true
				ours[d.alert]++
			}
		}
		ref, err := l.gather([]string{"baseline.ndjson.gz"}, in(0))
		if err != nil {
			return nil, err
		}
		cur, err := l.gather([]string{"baseline.ndjson.gz"}, in(1))
		if err != nil {
			return nil, err
		}
		list, n := count(ref, cur)
		days += n
		for _, t := range list {
			if theirs[t.rule.Name] == nil {
				theirs[t.rule.Name] = &tally{rule: t.rule}
				names = append(names, t.rule.Name)
			}
			theirs[t.rule.Name].days += t.fair
		}
	}
	months := float64(days) / 30 // of New York's whole days
	var rows [][]string
	for _, alert := range sorted(windows) {
		share := map[string]float64{"DriftOfTheDay": 0.5, "DriftOfTheHour": 0.25, "DriftOfTheWeek": 0.25}[alert]
		rows = append(rows, []string{alert, fmt.Sprint(windows[alert]), fmt.Sprint(ours[alert]), fmt.Sprintf("%.1f", float64(ours[alert])/months), fmt.Sprintf("%.2f", share)})
	}
	for _, name := range names {
		t := theirs[name]
		rows = append(rows, []string{name, fmt.Sprint(days), fmt.Sprint(t.days), fmt.Sprintf("%.1f", float64(t.days)/months), ""})
	}
	return map[string]string{"still": table([]string{"rule", "windows", "with an alarm", "a month", "budget, a month"}, rows, 1, 2, 3, 4)}, nil
}

// side is the half a question is in.
func side(id string, split int) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s", split, id)
	return h.Sum64() >> 63
}

// watchHalf stores the watched half and asks what was found in its windows.
func (l *lab) watchHalf(ctx context.Context, split int, in func(half uint64) func(*plumbline.Record) bool) (*watched, error) {
	name := fmt.Sprintf("half-%d", split)
	dir := filepath.Join(l.dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	log := filepath.Join(dir, "log.ndjson")
	if err := l.write(log, split); err != nil {
		return nil, err
	}
	c, err := l.lay(name, func(add func(*plumbline.Record)) error {
		return l.records("baseline.ndjson.gz", func(r *plumbline.Record) {
			if in(0)(r) {
				add(r)
			}
		})
	}, map[string]string{"questions": log})
	if err != nil {
		return nil, err
	}
	a, err := app.New(ctx, app.Options{Config: c, Role: app.Collector, UntilIdle: true, Log: quiet, Version: "flights"})
	if err != nil {
		return nil, err
	}
	if _, err := a.Run(ctx, ctx); err != nil {
		return nil, err
	}
	if err := a.Close(ctx); err != nil {
		return nil, err
	}
	w := &watched{windows: map[string]int{}, levels: map[string]float64{}}
	return w, w.sweep(ctx, c)
}

// write copies the watched half's lines.
func (l *lab) write(file string, split int) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	err = l.lines("baseline.ndjson.gz", func(line []byte) error {
		if side(idOf(line), split) == 1 {
			_, err := f.Write(append(line[:len(line):len(line)], '\n'))
			return err
		}
		return nil
	})
	if err != nil {
		return err
	}
	return f.Close()
}
