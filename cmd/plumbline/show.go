package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"plumbline"
	"plumbline/internal/app"
	"plumbline/internal/config"
	"plumbline/profiles"
	"plumbline/rules"
	"plumbline/sinks"
	"plumbline/sinks/slack"
	"plumbline/sinks/webhook"
)

// The demo's subject.
const demoModel = "flights-delay"

const week = 7 * 24 * time.Hour

// show tells what the run found, part by part.
func (d *demo) show(ctx context.Context, a *app.App, conf *config.Config, s app.Summary, took time.Duration) error {
	first, last, err := a.Span(ctx)
	if err != nil {
		return err
	}
	d.title("What was read")
	fmt.Fprintf(d.out, "A model that says two hours before departure whether a flight from New York will be late: its log of 2013,\n%s to %s. %s messages (questions with answers, and labels that came hours later), %s folded, %s refused.\nRead, judged four times a day of its own time, and told, in %.1f s.\n",
		first.Format(time.DateOnly), last.Format(time.DateOnly), slack.Count(float64(s.Records.Read)), slack.Count(float64(s.Records.Folded)), slack.Count(float64(s.Records.Read-s.Records.Folded)), took.Seconds())
	ends := weekEnds(first, last)
	drift, err := d.heat(ctx, a, ends, last)
	if err != nil {
		return err
	}
	if err := d.histograms(ctx, a, drift, ends); err != nil {
		return err
	}
	if err := d.timeline(ctx, a, ends, last); err != nil {
		return err
	}
	if err := d.message(); err != nil {
		return err
	}
	if err := d.trigger(conf); err != nil {
		return err
	}
	d.title("What is left")
	c := filepath.Join(d.dir, "plumbline.yaml")
	me := typed()
	fmt.Fprintf(d.out, `Everything is in %[1]s. Look further with
  %[2]s profile %[3]s temp -c %[4]s --from 2013-07-01 --to 2013-08-01
  %[2]s baseline show %[5]s
  %[2]s check -c %[4]s
`, d.dir, me, demoModel, c, filepath.Join(d.dir, "baselines", "flights.json"))
	return nil
}

// typed is how this program was started, to be typed again: go run leaves its binary in a folder that it removes.
func typed() string {
	if strings.Contains(os.Args[0], "go-build") {
		return "go run ./cmd/plumbline"
	}
	return os.Args[0]
}

func (d *demo) title(s string) {
	time.Sleep(d.pause)
	if d.color {
		fmt.Fprintf(d.out, "\n\x1b[1m%s\x1b[0m\n%s\n", s, strings.Repeat("─", d.width))
		return
	}
	fmt.Fprintf(d.out, "\n%s\n%s\n", s, strings.Repeat("-", d.width))
}

// weekEnds are the ends of the whole weeks from first to last: a week that is not whole is no picture of one.
func weekEnds(first, last time.Time) []time.Time {
	var ends []time.Time
	for end := first.Truncate(24 * time.Hour).Add(week); !end.After(last); end = end.Add(week) {
		ends = append(ends, end)
	}
	return ends
}

// featureWeeks is one feature's drift, week by week.
type featureWeeks struct {
	name  string
	psi   []float64 // -1 where there is no value
	worst int       // week of the largest
}

// heat draws when each feature was how far from the baseline.
func (d *demo) heat(ctx context.Context, a *app.App, ends []time.Time, last time.Time) ([]featureWeeks, error) {
	d.title("Which inputs moved, when: PSI of each week against the training data (what of it is drift: below)")
	readings := a.Readings()
	targets, err := readings.Targets(ctx, map[string]string{"model": demoModel, "feature": "*"}, last)
	if err != nil {
		return nil, err
	}
	list := make([]featureWeeks, len(targets))
	for i, t := range targets {
		list[i] = featureWeeks{name: t["feature"], psi: make([]float64, len(ends))}
	}
	for w, end := range ends {
		for i := range list {
			f, err := readings.Finding(ctx, rules.Query{Func: "psi", Model: demoModel, Feature: list[i].name, Window: week}, end)
			list[i].psi[w] = -1
			if err == nil {
				list[i].psi[w] = *f.Value
			}
			if list[i].psi[w] > list[i].psi[list[i].worst] {
				list[i].worst = w
			}
		}
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].psi[list[i].worst] > list[j].psi[list[j].worst] })
	fmt.Fprintf(d.out, "%16s %s\n", "", months(ends))
	for _, f := range list {
		fmt.Fprintf(d.out, "%16s ", f.name)
		for _, x := range f.psi {
			fmt.Fprint(d.out, d.cell(x))
		}
		fmt.Fprintf(d.out, "  most %.2f, week to %s\n", max(0, f.psi[f.worst]), ends[f.worst].Format("2 Jan"))
	}
	fmt.Fprintf(d.out, "%16s %s below 0.1  %s to 0.25  %s to 1  %s to 4  %s above 4   blank: too few records\n", "", d.cell(0), d.cell(.2), d.cell(.5), d.cell(2), d.cell(5))
	return list, nil
}

func (d *demo) cell(psi float64) string {
	shades := []string{"··", "░░", "▒▒", "▓▓", "██"}
	colors := []string{"90", "32", "33", "38;5;208", "31"}
	level := 0
	for _, limit := range []float64{.1, .25, 1, 4} {
		if psi >= limit {
			level++
		}
	}
	if psi < 0 {
		return "  "
	}
	if d.color {
		return "\x1b[" + colors[level] + "m" + shades[level] + "\x1b[0m"
	}
	return shades[level]
}

// shown is how many features get a histogram.
const shown = 3

// histograms draws the worst weeks beside the baseline.
func (d *demo) histograms(ctx context.Context, a *app.App, list []featureWeeks, ends []time.Time) error {
	for _, f := range list[:min(shown, len(list))] {
		end := ends[f.worst]
		d.title(fmt.Sprintf("%s: the training data (left) and the week to %s (right)", f.name, end.Format("2 January 2006")))
		w, err := a.Windows().Read(ctx, plumbline.Stream{Model: demoModel, Version: "1"}, plumbline.Window{From: end.Add(-week), To: end})
		if err != nil {
			return err
		}
		k := profiles.Key{Role: profiles.Input, Name: f.name}
		profiles.Histogram(d.out, w.Version.Baseline.Profile().Feature(k), w.Profile.Feature(k), d.width, d.color)
	}
	return nil
}

// message draws one Slack message in full: the first that rests on most findings.
func (d *demo) message() error {
	var best *sinks.Notification
	for i := range d.notes {
		n := &d.notes[i]
		if n.Edge != plumbline.EdgeFiring {
			continue
		}
		if best == nil || findings(n) > findings(best) {
			best = n
		}
	}
	if best == nil {
		return nil
	}
	d.title("One of the messages, as Slack would show it")
	return slack.NewMessage(*best).Print(d.out, d.width, d.color)
}

func findings(n *sinks.Notification) (sum int) {
	for _, a := range n.Alerts {
		sum += len(a.Findings)
	}
	return sum
}

// trigger prints the body of the first training request.
func (d *demo) trigger(conf *config.Config) error {
	if len(d.pulls) == 0 {
		return nil
	}
	d.title(fmt.Sprintf("The first of %d training requests: a signed CloudEvent to the training pipeline", len(d.pulls)))
	t, err := webhook.NewTrigger(webhook.Config{URL: conf.Triggers[0].Webhook.URL, Now: time.Now}, conf.Web.ExternalURL, "")
	if err != nil {
		return err
	}
	body, _, err := t.Body(d.pulls[0])
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "%s\n", body)
	return nil
}
