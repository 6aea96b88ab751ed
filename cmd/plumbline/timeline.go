package main

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"plumbline"
	"plumbline/examples"
	"plumbline/internal/app"
	"plumbline/internal/strictyaml"
	"plumbline/rules"
)

// explanation is why an alert of the demo is true.
type explanation struct {
	Alert   string `yaml:"alert"`
	Feature string `yaml:"feature"`
	Why     string `yaml:"why"`
}

// explanations are inside the binary; a demo without them would still be true.
func explanations() []explanation {
	const file = "flights/explained.yaml"
	var f struct {
		Explanations []explanation `yaml:"explanations"`
	}
	body, err := examples.Flights.ReadFile(file)
	if err != nil {
		return nil
	}
	doc, problems := strictyaml.Parse(file, body)
	if problems.Errors() || doc.Decode(&f, strictyaml.Options{}).Errors() {
		return nil
	}
	return f.Explanations
}

// life is one alert instance's episodes.
type life struct {
	alert, feature, severity string
	firings                  [][2]time.Time // fired, resolved
	open                     bool
	days                     bool // firings are days of drift
}

// lives puts what was notified together by alert and feature, in order of their first firing.
func (d *demo) lives(end time.Time) []*life {
	var list []*life
	at := map[[2]string]*life{}
	for _, n := range d.notes {
		for _, a := range n.Alerts {
			k := [2]string{a.Name, a.Labels["feature"]}
			l := at[k]
			switch n.Edge {
			case plumbline.EdgeFiring:
				if l == nil {
					l = &life{alert: k[0], feature: k[1], severity: a.Labels["severity"]}
					at[k] = l
					list = append(list, l)
				}
				l.firings = append(l.firings, [2]time.Time{n.At, end})
				l.open = true
			case plumbline.EdgeResolved:
				if l != nil && l.open { // else it fired before what is shown begins
					l.firings[len(l.firings)-1][1], l.open = n.At, false
				}
			}
		}
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].firings[0][0].Before(list[j].firings[0][0]) })
	return list
}

// behind adds to the alerts that judge all features together a line for each feature: the days on which it had drifted.
func (d *demo) behind(ctx context.Context, a *app.App, list []*life, ends []time.Time) ([]*life, error) {
	var out []*life
	for _, l := range list {
		out = append(out, l)
		rule := ruleOf(a.Rules(), l.alert)
		if rule == nil || rule.Budget.Alarms == 0 {
			continue
		}
		at := map[string]*life{}
		var features []*life
		for day := ends[0].Add(-week); !day.After(ends[len(ends)-1]); day = day.AddDate(0, 0, 1) {
			q := rules.Query{Func: "drifted", Model: demoModel, Window: 24 * time.Hour, Against: rule.Against, Budget: rule.Budget, Tolerate: rule.Tolerate}
			f, err := a.Readings().Finding(ctx, q, day.Add(12*time.Hour))
			if err != nil && !errors.Is(err, rules.ErrNoData) {
				return nil, err
			}
			for _, c := range f.Counted {
				if c.Verdict != plumbline.Drift {
					continue
				}
				if at[c.Feature] == nil {
					at[c.Feature] = &life{alert: l.alert, feature: c.Feature, severity: l.severity, days: true}
					features = append(features, at[c.Feature])
				}
				at[c.Feature].firings = append(at[c.Feature].firings, [2]time.Time{c.Window.From, c.Window.To})
			}
		}
		out = append(out, features...)
	}
	return out, nil
}

func ruleOf(groups []rules.Group, alert string) *rules.Rule {
	for _, g := range groups {
		for _, r := range g.Rules {
			if r.Alert == alert {
				return r
			}
		}
	}
	return nil
}

// timeline draws when each alert fired, week by week, and why.
func (d *demo) timeline(ctx context.Context, a *app.App, ends []time.Time, end time.Time) error {
	list, err := d.behind(ctx, a, d.lives(end), ends)
	if err != nil {
		return err
	}
	d.title(fmt.Sprintf("What people would have been told: %d messages in six months, an alert a line, its episodes as bars", len(d.notes)))
	why := explanations()
	const name = 28
	fmt.Fprintf(d.out, "%*s %s\n", name, "", months(ends))
	for _, l := range list {
		label := strings.TrimSpace(l.alert + " " + l.feature)
		fmt.Fprintf(d.out, "%*s ", name, label)
		for _, e := range ends {
			fmt.Fprint(d.out, d.bar(l, e.Add(-week), e))
		}
		first := l.firings[0][0].Format("2 Jan 15:04")
		if n := len(l.firings); l.days {
			first = l.firings[0][0].Format("2 Jan") + ", " + count(n, "day")
		} else if n > 1 {
			first += fmt.Sprintf(", %d episodes", n)
		}
		fmt.Fprintf(d.out, "  from %s\n", first)
		for _, e := range why {
			if e.Alert == l.alert && e.Feature == l.feature {
				for _, line := range wrap(e.Why, d.width-name-1) {
					fmt.Fprintf(d.out, "%*s %s\n", name, "", d.faint(line))
				}
			}
		}
	}
	return nil
}

// bar is a week of a life: firing in it or not.
func (d *demo) bar(l *life, from, to time.Time) string {
	for _, f := range l.firings {
		if f[0].Before(to) && f[1].After(from) {
			if !d.color {
				return "━━"
			}
			if l.severity == "critical" {
				return "\x1b[31m━━\x1b[0m"
			}
			return "\x1b[33m━━\x1b[0m"
		}
	}
	return d.faint("··")
}

func (d *demo) faint(s string) string {
	if d.color {
		return "\x1b[90m" + s + "\x1b[0m"
	}
	return s
}

// months names the months above weeks of two columns.
func months(ends []time.Time) string {
	line := []byte(strings.Repeat(" ", 2*len(ends)+8))
	month := time.Month(0)
	for i, e := range ends {
		if start := e.Add(-week); start.Month() != month {
			month = start.Month()
			copy(line[2*i:], month.String()[:3])
		}
	}
	return strings.TrimRight(string(line), " ")
}

// wrap breaks a text at spaces.
func wrap(s string, columns int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > max(20, columns) {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
