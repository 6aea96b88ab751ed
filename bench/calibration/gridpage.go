package main

import (
	"fmt"
	"math"
	"slices"
)

func (s *grid) promises() []promise {
	var out []promise
	for k, n := range gridSizes {
		c, ok := s.of(n, 0)
		if !ok {
			continue
		}
		any := s.rate(c, 0.05, anyOf)
		out = append(out, promise{fmt.Sprintf("windows with any alarm at 0.05 a window, independent, n = %s", grouped(int64(n))), any.rate(), 0, 0.05 + within999(0.05, any.N/4)})
		if k < 5 {
			level := strictest(k)
			for d, name := range drifts {
				most := 0.0
				for _, p := range peers {
					if v := p.power[d][k]; v == v && p.independent[k]/100 <= level {
						most = math.Max(most, v/100)
					}
				}
				got := s.rate(c, s.matched(c, level), func(w gridWindow) float64 { return w.moved[d] })
				// The package's share is of 200 windows.
				slack := 1.96 * math.Sqrt(most*(1-most)/float64(peerRuns)+got.rate()*(1-got.rate())/float64(got.N))
				out = append(out, atLeast(fmt.Sprintf("power for %s at the strictest package's false-alarm level %s, n = %s", name, digits(level), grouped(int64(n))), got.rate(), math.Max(0, most-slack)))
			}
		}
		if c, ok = s.of(n, 0.9); ok {
			any := s.rate(c, 0.05, anyOf)
			out = append(out, promise{fmt.Sprintf("windows with any alarm at 0.05 a window, AR(1) 0.9, n = %s", grouped(int64(n))), any.rate(), 0, 0.05 + within999(0.05, any.N/4)})
		}
	}
	return out
}

// matched is the asked rate at which the measured share of undrifted windows with any alarm is that of a package, so that power is
// compared at the same false-alarm rate; at least the rate asked for.
func (s *grid) matched(c gridCase, rate float64) float64 {
	var least []float64
	for _, w := range c.windows {
		least = append(least, w.p)
	}
	slices.Sort(least)
	k := int(rate*float64(len(least))) - 1
	if k < 0 {
		return rate
	}
	return math.Max(rate, least[k]*float64(s.tests))
}

func (s *grid) write(p *page) {
	p.heading("Beside other packages")
	p.say("25 features, 20 numbers (8 normal, 4 lognormal, 4 uniform, 2 Student t with 3 degrees of freedom, 2 mixtures) and 5 categories (2, 5, 20, 50, 200 levels); a fresh baseline of 10,000 rows for every repetition; windows of n rows. The figures of the packages "+
		"were measured on the installed packages at their defaults, as their quickstarts use them, on 2026-11-21 (mostly %d repetitions, so ± 7 points at 50 %%; – was not run). plumbline judges every feature by its %d judged tests (`psi`, `ad`, `auc` of numbers; `psi`, `category_shift`, `unseen` of categories; "+
		"`missing` and `invalid` of both) and gives each an equal share of the asked rate.", peerRuns, s.tests)
	p.say("**Windows without drift in which any of the 25 features alarms, %%, independent rows**")
	s.anyTable(p, 0, func(q peer) [6]float64 { return q.independent })
	p.say("**The same, AR(1) 0.9 rows in baseline and window alike** (a category repeats its last value with probability 0.9)")
	s.anyTable(p, 0.9, func(q peer) [6]float64 { return q.dependent })
	p.say("Where the baseline holds at least 20 windows as long as the judged one, plumbline learns from them how far they stray. Where it holds fewer and its rows depend on each other, that nothing drifts can't be known: the findings say *no verdict*, " +
		"and *drift* only where a window strays further than even shorter ones do.")
	p.picture("packages", "Windows without drift in which any of 25 features alarms, by window size, for packages and plumbline", s.anyFigure())
	s.powerPage(p)
	s.rulesPage(p)
}

func (s *grid) sizes() []int {
	var out []int
	for _, n := range gridSizes {
		if _, ok := s.of(n, 0); ok {
			out = append(out, n)
		}
	}
	return out
}

func (s *grid) anyTable(p *page, rho float64, of func(q peer) [6]float64) {
	head, rows := []string{"rule"}, [][]string{}
	for _, n := range s.sizes() {
		head = append(head, "n = "+grouped(int64(n)))
	}
	for _, q := range peers {
		row := []string{q.name + " " + q.version}
		for k, n := range gridSizes {
			if _, ok := s.of(n, rho); ok {
				row = append(row, points(of(q)[k]))
			}
		}
		rows = append(rows, row)
	}
	for _, asked := range []float64{0.05, 0.01} {
		row := []string{fmt.Sprintf("**plumbline, %s %% asked**", digits(100*asked))}
		for _, n := range s.sizes() {
			c, _ := s.of(n, rho)
			cell := "**" + percent(s.rate(c, asked, anyOf).rate()) + "**"
			if c.verdicts() < 0.5 {
				cell = "no verdict, " + cell
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	row := []string{"features with a verdict, %"}
	for _, n := range s.sizes() {
		c, _ := s.of(n, rho)
		row = append(row, percent(c.verdicts()))
	}
	p.table(head, append(rows, row))
}

// points writes a percentage as the packages' own table has it.
func points(v float64) string {
	if v != v {
		return "–"
	}
	return digits(v)
}

func (s *grid) anyFigure() figure {
	var f figure
	for _, rho := range []float64{0, 0.9} {
		title, of := "independent rows", func(q peer) [6]float64 { return q.independent }
		if rho > 0 {
			title, of = "AR(1) 0.9 rows", func(q peer) [6]float64 { return q.dependent }
		}
		a := panel{Title: "Nothing drifts: " + title, X: sizesOfWindows(gridSizes), Y: percentages("windows with any alarm")}
		for _, q := range peers {
			if q.drawn == 0 {
				continue
			}
			line := series{Name: q.name, Color: q.drawn}
			for k, n := range gridSizes {
				line.X, line.Y = append(line.X, float64(n)), append(line.Y, of(q)[k]/100)
			}
			a.Series = append(a.Series, line)
		}
		ours := series{Name: "plumbline, 5 % asked", Color: 0, Bold: true}
		for _, n := range s.sizes() {
			c, _ := s.of(n, rho)
			ours.X, ours.Y = append(ours.X, float64(n)), append(ours.Y, s.rate(c, 0.05, anyOf).rate())
		}
		a.Series = append(a.Series, ours)
		f.Panels = append(f.Panels, a)
	}
	return f
}

func (s *grid) powerPage(p *page) {
	p.say("**Power, independent rows, %%.** A rule that alarms in half of the windows without drift finds any drift half of the time. So plumbline is asked for the false-alarm level of the package it stands beside: each one of at most 20 %% of false alarms whose power is known "+
		"(at least %s %%: half a window of its runs). What is asked is an upper bound, so fewer windows alarm; the second line has the share that the package has, measured on both sides.", digits(100*0.5/float64(peerRuns)))
	head := append([]string{"n", "rule", "any alarm without drift"}, drifts...)
	rows := [][]string{}
	for k, n := range gridSizes[:5] {
		c, ok := s.of(n, 0)
		if !ok {
			continue
		}
		beside := []peer{}
		for _, q := range peers {
			if q.independent[k] <= 20 && q.power[0][k] == q.power[0][k] && q.power[1][k] == q.power[1][k] {
				beside = append(beside, q)
			}
		}
		for _, q := range beside {
			level := math.Max(q.independent[k]/100, 0.5/float64(peerRuns))
			theirs := []string{grouped(int64(n)), q.name, points(q.independent[k])}
			for d := range drifts {
				theirs = append(theirs, points(q.power[d][k]))
			}
			rows = append(rows, theirs)
			for _, asked := range []float64{level, s.matched(c, level)} {
				name := fmt.Sprintf("plumbline, %s %% asked", digits(100*level))
				if asked != level {
					name = "plumbline, the same rate measured"
				}
				ours := []string{"", "**" + name + "**", "**" + percent(s.rate(c, asked, anyOf).rate()) + "**"}
				for d := range drifts {
					ours = append(ours, "**"+percent(s.rate(c, asked, func(w gridWindow) float64 { return w.moved[d] }).rate())+"**")
				}
				if rows = append(rows, ours); asked == s.matched(c, level) {
					break
				}
			}
		}
	}
	p.table(head, rows)
	var f figure
	sizes := s.sizes()
	for d, name := range drifts {
		a := panel{Title: name, X: sizesOfWindows(gridSizes), Y: percentages("windows found")}
		for i, asked := range []float64{0.05, 0.01} {
			for _, rho := range []float64{0, 0.9} {
				line := series{Name: fmt.Sprintf("%s %% asked, independent rows", digits(100*asked)), Color: []int{0, 5}[i]}
				if rho > 0 {
					line.Name, line.Color, line.Dashed = fmt.Sprintf("%s %% asked, AR(1) 0.9", digits(100*asked)), []int{1, 4}[i], true
				}
				for _, n := range sizes {
					c, _ := s.of(n, rho)
					line.X = append(line.X, float64(n))
					line.Y = append(line.Y, s.rate(c, asked, func(w gridWindow) float64 { return w.moved[d] }).rate())
				}
				a.Series = append(a.Series, line)
			}
		}
		f.Panels = append(f.Panels, a)
	}
	p.picture("power", "Power of plumbline for three drifts by window size, at 5 % and 1 % asked a window", f)
}

// rulesPage shows the rules as package incumbents has them, on the very same rows.
func (s *grid) rulesPage(p *page) {
	var head []string
	head = append(head, "rule", "rows")
	for _, n := range s.sizes() {
		head = append(head, "n = "+grouped(int64(n)))
	}
	rows := [][]string{}
	for r, rule := range s.rules {
		for _, rho := range []float64{0, 0.9} {
			row := []string{rule.Name, map[bool]string{true: "independent", false: "AR(1) 0.9"}[rho == 0]}
			for _, n := range s.sizes() {
				c, _ := s.of(n, rho)
				q := c.rules[r]
				row = append(row, fmt.Sprintf("%s / %s / **%s**", percent(q.numbers.rate()), percent(q.categories.rate()), percent(q.any.rate())))
			}
			rows = append(rows, row)
		}
	}
	small, large := 0, 0
	for _, c := range s.cases {
		if c.n <= 1000 {
			small = c.rules[0].any.N
		} else {
			large = c.rules[0].any.N
		}
	}
	p.say("<details><summary>The packages' rules as plumbline carries them (`compare --compat`), on the same rows as plumbline: %% of numbers / of categories / <b>of windows with any alarm</b></summary>")
	p.say("%d windows a cell, %d from n = 10,000 on. The categories' shares here are in proportion to 1/rank, which the packages' runs need not have been.", small, large)
	p.table(head, rows)
	p.say("</details>")
}
