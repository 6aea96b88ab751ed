package main

import (
	"fmt"
	"math"
	"math/rand/v2"

	"plumbline/detectors"
)

// dependence measures sizes where rows depend on each other: by the law of independent rows, by a two-moment F fitted to the
// baseline's own windows, and by the null that detectors.FitNull learns from them.
type dependence struct {
	rows []dependenceRow
}

type dependenceRow struct {
	kind, test      string
	n, windows      int
	law, f, learned rejections
	independent     share // baselines whose windows spread like independent rows
}

// kinds of dependence. A draw makes a baseline and the windows to be judged in one go.
var kinds = []struct {
	name string
	draw func(rng *rand.Rand, rows, n int) []float64
}{
	{"independent", func(rng *rand.Rand, rows, _ int) []float64 { return autoregression(rng, rows, 0) }},
	{"AR(1) 0.6", func(rng *rand.Rand, rows, _ int) []float64 { return autoregression(rng, rows, 0.6) }},
	{"AR(1) 0.9", func(rng *rand.Rand, rows, _ int) []float64 { return autoregression(rng, rows, 0.9) }},
	{"days 0.1 sd apart", func(rng *rand.Rand, rows, n int) []float64 { return days(rng, rows, n, 0.1) }},
	{"days 0.3 sd apart", func(rng *rand.Rand, rows, n int) []float64 { return days(rng, rows, n, 0.3) }},
}

var scored = []string{"X²", "AD", "AUC"}

func (s *dependence) measure(l *lab) error {
	judged := 20 // windows per baseline
	for _, k := range kinds {
		for _, n := range []int{100, 200, 500} {
			if l.Quick && n != 200 {
				continue
			}
			rounds := l.rounds(5000, 60)
			k0 := baselineRows / n
			const per = 4 // counters per test
			got := tally(l, fmt.Sprintf("%s, n = %d", k.name, n), rounds, per*len(scored), func(rng *rand.Rand, out []rejections) {
				x := k.draw(rng, baselineRows+judged*n, n)
				b := newScorer(x[:baselineRows])
				nulls := make([][]detectors.Score, len(scored))
				for i := range k0 {
					for j, sc := range b.apart(x[i*n : (i+1)*n]) {
						nulls[j] = append(nulls[j], sc)
					}
				}
				learned, fitted := make([]*detectors.Null, len(scored)), make([]twoMoments, len(scored))
				for j := range scored {
					null, err := detectors.FitNull(nulls[j])
					if err != nil { // scores are finite by construction
						panic(err)
					}
					learned[j], fitted[j] = null, newTwoMoments(nulls[j])
					p := 1.0
					if null.Independent() {
						p = 0
					}
					out[per*j+3].count(p)
				}
				for i := baselineRows; i < len(x); i += n {
					for j, sc := range b.score(x[i : i+n]) {
						out[per*j].count(lawOf(sc, sc.X, n, baselineRows))
						out[per*j+1].count(fitted[j].tail(sc.X / sc.Mean))
						out[per*j+2].count(laddered(learned[j], sc, n, baselineRows))
					}
				}
			})
			for j, test := range scored {
				g := got[per*j:]
				s.rows = append(s.rows, dependenceRow{k.name, test, n, k0, g[0], g[1], g[2], g[3].at(0)})
			}
		}
	}
	return nil
}

func (s *dependence) promises() []promise {
	var out []promise
	for _, r := range s.rows {
		what := fmt.Sprintf("%s, %s, n = %d", r.test, r.kind, r.n)
		// The windows of one baseline share its learned null, so their alarms come in clusters: an eighth of them count.
		few := func(x share) share { return share{x.K / 8, x.N / 8} }
		out = append(out, sized("learned null at 0.05, "+what, few(r.learned.at(0)), 0.05, 0.01, 0.08))
		if r.kind == "AR(1) 0.9" || r.kind == "days 0.3 sd apart" {
			out = append(out, atLeast("law of independent rows at 0.05 (the comparison bites), "+what, r.law.at(0).rate(), 0.2))
		}
		if r.windows < 50 { // a far tail learned from 20 windows is shown, and not promised
			continue
		}
		out = append(out, sized("learned null at 0.001, "+what, few(r.learned.at(2)), 0.001, 0, 0.002))
		if r.learned.N > 50000 {
			out = append(out, sized("learned null at 0.0001, "+what, few(r.learned.at(3)), 0.0001, 0, 0.0003))
		}
	}
	return out
}

func (s *dependence) write(p *page) {
	first := s.rows[0]
	p.heading("Size without drift, dependent rows")
	p.say("Traffic is not independent: a value resembles the one before, and days differ. Here a row repeats 0.6 or 0.9 of the one before (AR(1)), or every window has a mean of its own, 0.1 or 0.3 standard deviations apart. "+
		"Each of %s baselines of 10,000 rows is cut into windows of n rows, from which the null is learned; then 20 new windows are judged by", grouped(int64(first.learned.N/20)))
	p.say("- the *law* of independent rows, as every p-value out of a textbook has it;\n" +
		"- an *F* fitted to the mean and the variance of the baseline's windows (Satterthwaite's approximation);\n" +
		"- the *learned* null of plumbline, a prediction interval for log-normal scores; if the windows spread like independent rows, the law widened by what they leave open. Why: [decision 10](adr/0010-learned-nulls.md).")
	rows := [][]string{}
	for _, r := range s.rows {
		row := []string{r.kind, r.test, grouped(int64(r.n)), fmt.Sprint(r.windows)}
		for i := range alphas {
			row = append(row, r.law.cell(i)+" / "+r.f.cell(i)+" / **"+r.learned.cell(i)+"**")
		}
		rows = append(rows, append(row, percent(r.independent.rate())+" %"))
	}
	p.table([]string{"rows", "test", "n", "windows", "at 0.05: law / F / **learned**", "at 0.01", "at 0.001", "at 0.0001", "taken as independent"}, rows)
	p.picture("dependence", "Measured against nominal false-alarm rate under dependence, by law, F and learned null", s.figure("X²"))
	p.picture("dependence-ad", "The same for the Anderson-Darling statistic", s.figure("AD"))
	worst := func(kept func(r dependenceRow) bool) string {
		most := 0.0
		for _, r := range s.rows {
			for i := range alphas[:3] {
				if kept(r) {
					most = math.Max(most, r.learned.at(i).rate()/alphas[i])
				}
			}
		}
		return digits2(most)
	}
	p.say("Down to 0.001 the learned null rejects at most %s times its level where 50 windows and more were learned from. With 20 windows it is %s times under strong dependence, and up to %s times under weak one, which 20 windows can't always tell from none. "+
		"The price is power: what it takes for drift must stand out from what days and autocorrelation do anyway.",
		worst(func(r dependenceRow) bool { return r.windows >= 50 }),
		worst(func(r dependenceRow) bool { return r.windows < 50 && r.independent.rate() < 0.005 }),
		worst(func(r dependenceRow) bool { return r.windows < 50 }))
}

func (s *dependence) figure(test string) figure {
	f := figure{}
	for _, kind := range []string{"AR(1) 0.6", "AR(1) 0.9", "days 0.3 sd apart"} {
		for _, r := range s.rows {
			if r.kind != kind || r.n != 200 || r.test != test {
				continue
			}
			f.Panels = append(f.Panels, panel{Title: fmt.Sprintf("%s, %s, n = 200", test, kind), X: levels("level", 5e-5, 0.1), Y: levels("share of windows rejected", 1e-5, 1),
				Lines: []line{{X: []float64{5e-5, 0.1}, Y: []float64{5e-5, 0.1}}},
				Series: []series{{Name: "law of independent rows", Color: 1, X: alphas, Y: r.law.rates()}, {Name: "F of two moments", Color: 3, X: alphas, Y: r.f.rates()},
					{Name: "learned null", Color: 0, X: alphas, Y: r.learned.rates()}}})
		}
	}
	return f
}
