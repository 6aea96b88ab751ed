package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"plumbline/detectors"
	"plumbline/detectors/incumbents"
)

// thresholds measures rules of fixed thresholds on normal rows without drift: how their false alarms depend on the window.
type thresholds struct {
	sizes []int
	rows  []thresholdRow
}

type thresholdRow struct {
	name  string
	known []float64 // an independent simulation in Python
	got   []share
}

var thresholdSizes = []int{50, 100, 200, 500, 1000}

func (s *thresholds) measure(l *lab) error {
	s.sizes = thresholdSizes
	s.rows = []thresholdRow{
		{name: "Evidently: W₁/sd ≥ 0.1", known: []float64{0.95, 0.69, 0.32, 0.037, 0.004}},
		{name: "Evidently: JS distance ≥ 0.1, Sturges' bins", known: []float64{0.99, 0.88, 0.33, 0, 0}},
		{name: "Evidently: PSI ≥ 0.1, Sturges' bins", known: []float64{0.99, 0.80, 0.21, 0.002, 0}},
		{name: "Evidently: JS ≥ 0.1, 5 equal categories", known: []float64{0.45, 0.11, 0, 0, 0}},
		{name: "Evidently: JS ≥ 0.1, 50 categories, Zipf", known: []float64{1, 1, 1, 0.93, 0.05}},
		{name: "plumbline: X² at 0.05", known: []float64{0.05, 0.05, 0.05, 0.05, 0.05}},
		{name: "plumbline: KS at 0.05", known: []float64{0.05, 0.05, 0.05, 0.05, 0.05}},
	}
	rounds := l.rounds(3000, 120)
	counters := len(s.rows) * len(s.sizes)
	equal := []float64{0.2, 0.2, 0.2, 0.2, 0.2}
	got := tally(l, "fixed thresholds", rounds, counters, func(rng *rand.Rand, out []rejections) {
		x := normal.fill(rng, baselineRows)
		b := newBaseline(x)
		slices.Sort(x)
		ref := incumbents.Numbers(x)
		five := rows{codes: codesOf(rng, baselineRows, 0, equal)}
		fifty := rows{codes: codesOf(rng, baselineRows, 0, zipf(50))}
		for k, n := range s.sizes {
			y := normal.fill(rng, n)
			c := b.count(y)
			cur := incumbents.Numbers(y)
			drift := func(test string, ref, cur incumbents.Column) float64 {
				switch f := incumbents.EvidentlyTest(test, "", ref, cur); {
				case !f.OK(): // more than half of a window's categories differ: taken for free text
					return math.NaN()
				case f.Drift:
					return 0
				}
				return 1
			}
			for r, p := range []float64{
				drift("wasserstein", ref, cur), drift("jensenshannon", ref, cur), drift("psi", ref, cur),
				drift("jensenshannon", five.column(), rows{codes: codesOf(rng, n, 0, equal)}.column()),
				drift("jensenshannon", fifty.column(), rows{codes: codesOf(rng, n, 0, zipf(50))}.column()),
				orOne(detectors.ChiSquare(b.deciles, b.group(c)).P), pOfKS(b.counts, c),
			} {
				out[r*len(s.sizes)+k].count(p)
			}
		}
	})
	for r := range s.rows {
		for k := range s.sizes {
			s.rows[r].got = append(s.rows[r].got, got[r*len(s.sizes)+k].at(0))
		}
	}
	return nil
}

func (s *thresholds) promises() []promise {
	var out []promise
	for _, r := range s.rows {
		for k, n := range s.sizes {
			want, slack := r.known[k], 0.03
			if r.got[k].N < 2000 {
				slack += within999(want, r.got[k].N)
			}
			out = append(out, promise{fmt.Sprintf("false alarms of %s, n = %s", r.name, grouped(int64(n))), r.got[k].rate(), math.Max(0, want-slack), want + slack})
		}
	}
	return out
}

func (s *thresholds) write(p *page) {
	p.heading("Fixed thresholds")
	p.say("False alarms without drift of rules with a fixed threshold, as `compare --compat` computes them, and of tests: normal rows, a fresh baseline of 10,000 rows, %s repetitions. In brackets an independent simulation in Python.", grouped(int64(s.rows[0].got[0].N)))
	head := []string{"rule"}
	for _, n := range s.sizes {
		head = append(head, "n = "+grouped(int64(n)))
	}
	rows := [][]string{}
	a := panel{Title: "Nothing drifts: normal rows", X: sizesOfWindows(s.sizes), Y: percentages("windows that alarm")}
	for i, r := range s.rows {
		row := []string{r.name}
		line := series{Name: r.name, Color: []int{1, 4, 3, 5, 6, 0, 2}[i]}
		for k, n := range s.sizes {
			row = append(row, fmt.Sprintf("%s (%s)", fixed(r.got[k].rate(), 3), digits(r.known[k])))
			line.X, line.Y = append(line.X, float64(n)), append(line.Y, r.got[k].rate())
		}
		rows = append(rows, row)
		a.Series = append(a.Series, line)
	}
	p.table(head, rows)
	p.picture("thresholds", "Share of windows without drift that alarm, by rule and window size", figure{Panels: []panel{a}})
}
