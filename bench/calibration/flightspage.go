package main

import (
	"cmp"
	"fmt"
	"math"
	"strings"
)

// happenings are what the log says of days on which there are alarms. They count all the same.
var happenings = map[string]string{
	"2013-01-31": "the strongest gusts of the two months",
	"2013-02-08": "the blizzard of 8 and 9 February: aircraft nobody knew, flights cancelled",
	"2013-02-09": "the blizzard's second day",
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
			atMost(fmt.Sprintf("flights, %s, random windows: alarms beside the %s a budget of one a month allows", g.name, digits(g.random.expected())), float64(len(g.random.alarms)), float64(poisson(g.random.expected(), 0.975))),
			atMost(fmt.Sprintf("flights, %s, days of January and February: alarms beside the %s a budget of one a month allows", g.name, digits(g.daily.expected())), float64(len(g.daily.alarms)), float64(poisson(g.daily.expected(), 0.975))))
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
		rows = append(rows, []string{day, strings.Join(what, ", "), fmt.Sprintf("%.1g", least), cmp.Or(happenings[day], "nothing known")})
	}
	if len(rows) == 0 {
		return
	}
	p.say("The alarms by day, each feature and test counted for itself:")
	p.table([]string{"day", "alarms", "least p", "what the log says of the day"}, rows)
}
