package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"plumbline"
	"plumbline/detectors"
)

// budget simulates months of a model whose team accepts one false alarm in 30 days, and counts what it gets.
type budget struct {
	level  float64
	months []month
}

type month struct {
	alarms   int    // at the budget's level, calibrated
	textbook int    // at the budget's level, by the law of independent rows
	naive    int    // p <= 0.05 by that law
	of       [2]int // calibrated alarms of independent and dependent features
}

const (
	budgetFeatures = 50
	dependentOnes  = 10 // of them, AR(1) 0.9
	budgetRows     = 200
	budgetWindows  = 24 * 30
	budgetBaseline = 24 * 14
)

func (s *budget) measure(l *lab) error {
	asked, err := plumbline.ParseBudget("1 per 30d")
	if err != nil {
		return err
	}
	s.level = asked.Level(budgetFeatures*len(scored), time.Hour)
	s.months = make([]month, l.rounds(120, 1))
	parts := make([][budgetFeatures]month, len(s.months))
	l.each("months", len(s.months)*budgetFeatures, func(i int, rng *rand.Rand) {
		feature := i % budgetFeatures
		rho := 0.0
		if feature < dependentOnes {
			rho = 0.9
		}
		parts[i/budgetFeatures][feature] = s.month(rng, rho)
	})
	for i, p := range parts {
		for feature, m := range p {
			t := &s.months[i]
			t.alarms, t.textbook, t.naive = t.alarms+m.alarms, t.textbook+m.textbook, t.naive+m.naive
			if feature < dependentOnes {
				t.of[1] += m.alarms
			} else {
				t.of[0] += m.alarms
			}
		}
	}
	return nil
}

// month plays one feature: two weeks of baseline, from whose hours it learns, and 720 hours that are judged.
func (s *budget) month(rng *rand.Rand, rho float64) (m month) {
	const rows = budgetBaseline * budgetRows
	x := autoregression(rng, rows, rho)
	b := newScorer(x)
	var windows [3][]detectors.Score
	for i := 0; i < rows; i += budgetRows {
		for j, sc := range b.apart(x[i : i+budgetRows]) {
			windows[j] = append(windows[j], sc)
		}
	}
	var nulls [3]*detectors.Null
	for j := range nulls {
		nulls[j], _ = detectors.FitNull(windows[j]) // scores are finite by construction
	}
	x = autoregression(rng, budgetWindows*budgetRows, rho)
	for i := 0; i < len(x); i += budgetRows {
		for j, sc := range b.score(x[i : i+budgetRows]) {
			// Laws are asked only where they can matter: their tails are below 0.2 from twice the mean on.
			if sc.X < sc.Mean {
				continue
			}
			p := lawOf(sc, sc.X, budgetRows, rows)
			if p <= 0.05 {
				m.naive++
			}
			if p <= s.level {
				m.textbook++
			}
			if p < 0.05 && laddered(nulls[j], sc, budgetRows, rows) <= s.level {
				m.alarms++
			}
		}
	}
	return m
}

func (s *budget) mean(of func(m month) int) float64 {
	sum := 0
	for _, m := range s.months {
		sum += of(m)
	}
	return float64(sum) / float64(len(s.months))
}

func (s *budget) promises() []promise {
	got := s.mean(func(m month) int { return m.alarms })
	lo, hi := 0.7, 1.4
	if months := float64(len(s.months)); months < 60 { // a Poisson count of so many is as far off
		lo, hi = 0, 1.4+3.29*math.Sqrt(1/months)
	}
	return []promise{{"alarms a month under a budget of one, 50 features, 720 hours, 10 features with AR(1) 0.9", got, lo, hi},
		atLeast("alarms a month at p ≤ 0.05 by the law of independent rows (the comparison bites)", s.mean(func(m month) int { return m.naive }), 1000)}
}

func (s *budget) write(p *page) {
	p.heading("A budget of one false alarm a month")
	p.say("%d months of a model with %d features, %d of them autocorrelated (AR(1) 0.9); 720 hourly windows of %d rows, three tests each (X², AD, AUC): %s tests a month. The budget `1 per 30d` makes the level of each of them %s. "+
		"The baseline is two weeks, and tells by its own hours how rows depend on each other. Nothing drifts.",
		len(s.months), budgetFeatures, dependentOnes, budgetRows, grouped(budgetFeatures*budgetWindows*3), digits(s.level))
	mean := func(of func(m month) int) string { return digits(s.mean(of)) }
	p.table([]string{"rule", "alarms a month", "of independent features", "of autocorrelated features"}, [][]string{
		{"plumbline: budget, calibrated by the baseline's hours", "**" + mean(func(m month) int { return m.alarms }) + "**", mean(func(m month) int { return m.of[0] }), mean(func(m month) int { return m.of[1] })},
		{"the same level by the law of independent rows", mean(func(m month) int { return m.textbook }), "", ""},
		{"p ≤ 0.05 by the law of independent rows", mean(func(m month) int { return m.naive }), "", ""},
	})
	counts := make([]float64, 8)
	for _, m := range s.months {
		counts[min(m.alarms, len(counts)-1)]++
	}
	var ks, got, poisson []float64
	top := 0.0
	term := math.Exp(-1)
	for k := range counts {
		ks = append(ks, float64(k))
		got = append(got, counts[k]/float64(len(s.months)))
		poisson = append(poisson, term)
		top = math.Max(top, math.Max(got[k], term))
		term /= float64(k + 1)
	}
	y := axis{Label: "share of months", Lo: 0, Hi: math.Ceil(top*10+0.5) / 10}
	for v := 0.0; v <= y.Hi+1e-9; v += 0.1 {
		y.Ticks = append(y.Ticks, v)
		y.Names = append(y.Names, fmt.Sprintf("%.0f %%", 100*v))
	}
	p.picture("budget", "Months by their number of false alarms, against the Poisson law with mean 1", figure{Panels: []panel{{Title: "False alarms a month",
		X: axis{Label: "alarms in the month", Lo: 0, Hi: 7, Ticks: ks}, Y: y,
		Series: []series{{Name: fmt.Sprintf("%d simulated months", len(s.months)), Color: 0, X: ks, Y: got}, {Name: "Poisson, mean 1", Color: 1, Dashed: true, X: ks, Y: poisson}}}}})
}
