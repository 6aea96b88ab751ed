package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"plumbline"
	"plumbline/internal/app"
	"plumbline/internal/config"
	"plumbline/internal/pipeline"
	"plumbline/rules"
	"plumbline/sinks"
)

// episode is one alert from its firing to its end; To is zero if it still fires at the end of the log.
type episode struct {
	Alert, Slice string
	From, To     time.Time
}

// drift is a window in which a feature drifted.
type drift struct {
	alert, feature, test string
	window               plumbline.Window
	sd, p                float64
	moved                string // against what
}

// watched is what a log gave.
type watched struct {
	episodes []episode
	drifts   []drift
	first    time.Time
	last     time.Time
	windows  map[string]int // judged, by alert
	levels   map[string]float64
	tests    int
}

// watchLog runs the daemon over the log, and asks afterwards for every judged window.
func (l *lab) watchLog(ctx context.Context) (*watched, error) {
	c, err := l.lay("watched", func(add func(*plumbline.Record)) error { return l.records("baseline.ndjson.gz", add) },
		map[string]string{"questions": l.absolute("inference*.ndjson.gz"), "labels": l.absolute("labels*.ndjson.gz")})
	if err != nil {
		return nil, err
	}
	w := &watched{windows: map[string]int{}, levels: map[string]float64{}}
	kept := filepath.Join(l.dir, "watched", "episodes.json")
	if body, err := os.ReadFile(kept); err == nil {
		if err := json.Unmarshal(body, &w.episodes); err != nil {
			return nil, err
		}
	} else {
		a, notes, err := watch(ctx, c)
		if err != nil {
			return nil, err
		}
		if err := a.Close(ctx); err != nil {
			return nil, err
		}
		w.episodes = episodes(notes)
		body, err := json.Marshal(w.episodes)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(kept, body, 0o600); err != nil {
			return nil, err
		}
	}
	return w, w.sweep(ctx, c)
}

func (l *lab) absolute(pattern string) string {
	path, err := filepath.Abs(filepath.Join(l.log, pattern))
	if err != nil {
		return filepath.Join(l.log, pattern)
	}
	return path
}

// episodes pairs firings with their ends.
func episodes(notes []sinks.Notification) []episode {
	var list []episode
	for _, n := range notes {
		for _, a := range n.Alerts {
			e := episode{Alert: a.Name, Slice: a.Labels["slice"], From: n.At}
			if n.Edge == plumbline.EdgeFiring {
				list = append(list, e)
				continue
			}
			for i := len(list) - 1; i >= 0; i-- {
				if x := &list[i]; x.Alert == e.Alert && x.Slice == e.Slice && x.To.IsZero() {
					x.To = n.At
					break
				}
			}
		}
	}
	return slices.DeleteFunc(list, func(e episode) bool { return strings.HasPrefix(e.Alert, "Contract") })
}

// sweep reads what each rule with a budget found in each window it judged.
func (w *watched) sweep(ctx context.Context, c *config.Config) error {
	s, err := app.OpenStore(ctx, c, true)
	if err != nil {
		return err
	}
	defer s.Close()
	r := pipeline.NewReadings(s, app.NewRegistry(s, c, time.Now, quiet), true)
	streams, err := s.Streams(ctx)
	if err != nil {
		return err
	}
	for _, x := range streams {
		if x.Stream.Slice == "" {
			w.first, w.last = x.First, x.Last
		}
	}
	groups, problems := app.LoadRules(c)
	if problems.Errors() {
		return problems
	}
	for _, g := range groups {
		for _, rule := range g.Rules {
			if rule.Budget.Alarms == 0 {
				continue
			}
			if err := w.judge(ctx, r, rule); err != nil {
				return fmt.Errorf("%s: %w", rule.Alert, err)
			}
		}
	}
	return nil
}

func (w *watched) judge(ctx context.Context, r *pipeline.Readings, rule *rules.Rule) error {
	length := rule.Calls()[0].Window
	step := min(length, 24*time.Hour)
	seen := map[time.Time]bool{}
	for at := w.first.Truncate(24 * time.Hour).Add(length); !at.After(w.last.Add(2 * step)); at = at.Add(min(step, time.Hour*6)) {
		q := rules.Query{Func: "drifted", Model: model, Version: "1", Window: length, Against: rule.Against, Budget: rule.Budget, Tolerate: rule.Tolerate}
		f, err := r.Finding(ctx, q, at)
		if errors.Is(err, rules.ErrNoData) {
			continue
		}
		if err != nil {
			return err
		}
		if seen[f.Window.To] || f.Window.From.Before(w.first.Truncate(24*time.Hour)) {
			continue
		}
		seen[f.Window.To] = true
		w.windows[rule.Alert]++
		fmt.Sscanf(f.Note[strings.Index(f.Note, " judged by ")+len(" judged by "):], "%d", &w.tests)
		w.levels[rule.Alert] = rule.Budget.Level(w.tests, step)
		for _, x := range f.Counted {
			if x.Verdict == plumbline.Drift {
				moved, _, _ := strings.Cut(x.Note, ";")
				d := drift{alert: rule.Alert, feature: x.Feature, test: x.Test, window: x.Window, p: *x.P, moved: moved}
				if x.SD != nil {
					d.sd = *x.SD
				}
				w.drifts = append(w.drifts, d)
			}
		}
	}
	return nil
}

// spell is a stretch of a feature's drifted windows that are less than a week apart.
type spell struct {
	drift    // the surest of them
	from, to time.Time
	count    int
}

const apart = 7 * 24 * time.Hour

// spells merges drifted windows. Features that miss their values in the same windows are one spell: that is one thing that happened.
func spells(list []drift) []spell {
	together := map[string][]string{}
	key := func(d drift) string {
		return fmt.Sprint(d.alert, d.window, d.test, math.Round(d.sd*100), d.test == "missing")
	}
	for _, d := range list {
		if d.test == "missing" {
			together[key(d)] = append(together[key(d)], d.feature)
		}
	}
	var out []spell
	for _, d := range list {
		if names := together[key(d)]; d.test == "missing" && len(names) > 1 {
			if names[0] != d.feature {
				continue
			}
			d.feature = "weather"
		}
		joined := false
		for i := range out {
			x := &out[i]
			if x.alert == d.alert && x.feature == d.feature && (x.test == "missing") == (d.test == "missing") && d.window.From.Sub(x.to) < apart {
				x.to, joined = d.window.To, true
				x.count++
				if d.p < x.p {
					x.drift = d
				}
				break
			}
		}
		if !joined {
			out = append(out, spell{drift: d, from: d.window.From, to: d.window.To, count: 1})
		}
	}
	slices.SortStableFunc(out, func(a, b spell) int { return cmp.Or(cmp.Compare(a.alert, b.alert), a.from.Compare(b.from)) })
	return out
}
