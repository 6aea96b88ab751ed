package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// watchSection makes the tables of what was told.
func watchSection(ctx context.Context, l *lab) (map[string]string, error) {
	w, err := l.watchLog(ctx)
	if err != nil {
		return nil, err
	}
	return map[string]string{"budget": w.budgetTable(), "alarms": w.alarmTable(), "rest": w.restTable(), "events": w.eventTable()}, nil
}

func (w *watched) budgetTable() string {
	var rows [][]string
	for _, alert := range sorted(w.windows) {
		days := map[string]bool{}
		for _, d := range w.drifts {
			if d.alert == alert {
				days[day(d.window.From)] = true
			}
		}
		told := 0
		for _, e := range w.episodes {
			if e.Alert == alert {
				told++
			}
		}
		rows = append(rows, []string{alert, strconv.Itoa(w.windows[alert]), strconv.Itoa(w.tests), fmt.Sprintf("%.2g", w.levels[alert]), strconv.Itoa(len(days)), strconv.Itoa(told)})
	}
	return table([]string{"rule", "windows judged", "tests each", "level of a test", "days with drift", "messages"}, rows, 1, 2, 3, 4, 5)
}

// alarmTable lists the spells; why each is true stands in reasons.
func (w *watched) alarmTable() string {
	var rows [][]string
	for _, s := range spells(w.drifts) {
		when := day(s.from)
		if last := day(s.to.Add(-time.Minute)); last != when {
			when += " to " + last
		}
		if s.alert == "DriftOfTheHour" && s.count == 1 {
			when += s.from.In(place).Format(", 15 h")
		}
		moved := strings.NewReplacer("moved against ", "", "its same hours of the week", "season", "the four weeks before", "four weeks", "the window before", "window before", "the baseline", "training",
			", not against ", "; not ").Replace(s.moved)
		rows = append(rows, []string{strings.TrimPrefix(s.alert, "DriftOfThe"), when, "`" + s.feature + "`", strconv.Itoa(s.count),
			fmt.Sprintf("`%s` %+.2f sd", s.test, s.sd), fmt.Sprintf("%.0g", s.p), moved, reason(s)})
	}
	return table([]string{"by the", "when", "what", "windows", "the surest", "p", "it moved against", "why"}, rows, 3)
}

// restTable counts what the rules without a budget told.
func (w *watched) restTable() string {
	count, slices := map[string]int{}, map[string]map[string]bool{}
	for _, e := range w.episodes {
		if w.windows[e.Alert] > 0 {
			continue
		}
		count[e.Alert]++
		if slices[e.Alert] == nil {
			slices[e.Alert] = map[string]bool{}
		}
		slices[e.Alert][e.Slice] = true
	}
	var rows [][]string
	for _, alert := range sorted(count) {
		var when []string
		for _, e := range w.episodes {
			if e.Alert == alert {
				when = append(when, strings.TrimSpace(day(e.From)+" "+e.Slice))
			}
		}
		if len(when) > 12 {
			when = append(when[:12], fmt.Sprintf("and %d more", len(when)-12))
		}
		rows = append(rows, []string{alert, strconv.Itoa(count[alert]), words(when)})
	}
	return table([]string{"rule", "messages", "fired"}, rows, 1)
}

func (w *watched) eventTable() string {
	var rows [][]string
	for _, e := range events {
		when, how := "–", ""
		if f, ok := w.find(e); ok {
			when, how = f.at.In(place).Format("2 Jan 15:04"), f.by
			if f.what != "" {
				how += ": " + f.what
			}
		}
		rows = append(rows, []string{strconv.Itoa(e.number), e.what, when, how, e.note})
	}
	return table([]string{"", "what happened", "told", "by", "to know"}, rows)
}
