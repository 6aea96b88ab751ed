package main

import (
	"fmt"
	"math/rand/v2"

	"plumbline/detectors"
)

// sizes measures how often each test rejects when nothing has changed and rows are independent.
type sizes struct {
	rows  []sizeRow // real rows, by distribution
	tails []sizeRow // far tails, by the law of quantile cells
}

type sizeRow struct {
	what, test          string
	n                   int
	conservative, rough bool // its size may be below its level; its law may be off by more
	rejections
}

const baselineRows = 10000

var windowSizes = []int{200, 1000, 5000}

func (s *sizes) measure(l *lab) error {
	for _, d := range []law{normal, lognormal, uniform} {
		s.rows = append(s.rows, s.numbers(l, d)...)
	}
	s.rows = append(s.rows, s.categories(l, "5 categories", []float64{0.4, 0.3, 0.15, 0.1, 0.05})...)
	s.rows = append(s.rows, s.categories(l, "50 categories, Zipf", zipf(50))...)
	s.tails = s.far(l)
	return nil
}

// chunk is how many repetitions one generator makes.
const chunk = 50

// tally runs repetitions that each add to a few counters.
func tally(l *lab, what string, rounds, counters int, f func(rng *rand.Rand, out []rejections)) []rejections {
	parts := make([][]rejections, (rounds+chunk-1)/chunk)
	l.each(what, len(parts), func(i int, rng *rand.Rand) {
		parts[i] = make([]rejections, counters)
		for range min(chunk, rounds-i*chunk) {
			f(rng, parts[i])
		}
	})
	all := make([]rejections, counters)
	for _, p := range parts {
		for j := range all {
			all[j].add(p[j])
		}
	}
	return all
}

func (s *sizes) numbers(l *lab, d law) []sizeRow {
	tests := []sizeRow{{test: "X²"}, {test: "PSI, own law", rough: true}, {test: "KS", conservative: true}, {test: "AD"}, {test: "CvM"}}
	got := tally(l, d.name, l.rounds(10000, 100), len(windowSizes)*len(tests), func(rng *rand.Rand, out []rejections) {
		b := newBaseline(d.fill(rng, baselineRows))
		for i, n := range windowSizes {
			c := b.count(d.fill(rng, n))
			ten := b.group(c)
			for j, p := range []float64{
				orOne(detectors.ChiSquare(b.deciles, ten).P), pOfPSI(b.deciles, ten), pOfKS(b.counts, c), pOfAD(b.counts, c), orOne(detectors.CramerVonMises(b.counts, c).P),
			} {
				out[i*len(tests)+j].count(p)
			}
		}
	})
	var rows []sizeRow
	for i, n := range windowSizes {
		for j, t := range tests {
			t.what, t.n, t.rejections = d.name, n, got[i*len(tests)+j]
			rows = append(rows, t)
		}
	}
	return rows
}

func (s *sizes) categories(l *lab, name string, shares []float64) []sizeRow {
	tests := []sizeRow{{test: "X²"}, {test: "G", rough: true}}
	got := tally(l, name, l.rounds(40000, 1000), len(windowSizes)*len(tests), func(rng *rand.Rand, out []rejections) {
		ref := multinomial(rng, baselineRows, shares)
		for i, n := range windowSizes {
			r, c := detectors.ByFrequency(ref, multinomial(rng, n, shares))
			out[2*i].count(orOne(detectors.ChiSquare(r, c).P))
			out[2*i+1].count(orOne(detectors.G(r, c).P))
		}
	})
	var rows []sizeRow
	for i, n := range windowSizes {
		for j, t := range tests {
			t.what, t.n, t.rejections = name, n, got[i*len(tests)+j]
			rows = append(rows, t)
		}
	}
	return rows
}

// far measures tails that real rows would take too long for.
func (s *sizes) far(l *lab) []sizeRow {
	var rows []sizeRow
	for _, n := range windowSizes {
		ten := tally(l, fmt.Sprintf("ten cells, n = %d", n), l.rounds(400000, 4000), 2, func(rng *rand.Rand, out []rejections) {
			r, c := quantileCells(rng, baselineRows, n, 10)
			out[0].count(orOne(detectors.ChiSquare(r, c).P))
			out[1].count(pOfPSI(r, c))
		})
		fine := tally(l, fmt.Sprintf("240 cells, n = %d", n), l.rounds(100000, 200), 3, func(rng *rand.Rand, out []rejections) {
			r, c := quantileCells(rng, baselineRows, n, 240)
			out[0].count(pOfKS(r, c))
			out[1].count(pOfAD(r, c))
			out[2].count(orOne(detectors.CramerVonMises(r, c).P))
		})
		rows = append(rows,
			sizeRow{test: "X²", n: n, rejections: ten[0]}, sizeRow{test: "PSI, own law", n: n, rough: true, rejections: ten[1]},
			sizeRow{test: "KS", n: n, conservative: true, rejections: fine[0]}, sizeRow{test: "AD", n: n, rejections: fine[1]}, sizeRow{test: "CvM", n: n, rejections: fine[2]})
	}
	return rows
}

func (s *sizes) promises() []promise {
	var out []promise
	for _, r := range s.rows {
		what := fmt.Sprintf("size of %s, %s, n = %s", r.test, r.what, grouped(int64(r.n)))
		if r.test == "G" { // likelihood ratios of thin cells are shown, and judge nothing
			continue
		}
		lo := 0.039
		if r.conservative {
			lo = 0.01
		}
		out = append(out, sized(what+", at 0.05", r.at(0), 0.05, lo, 0.061))
		if lo = 0.0077; r.conservative {
			lo = 0.001
		}
		hi := 0.0123
		if r.rough {
			lo, hi = 0.007, 0.014
		}
		out = append(out, sized(what+", at 0.01", r.at(1), 0.01, lo, hi))
	}
	for _, r := range s.tails {
		what := fmt.Sprintf("far tail of %s, n = %s", r.test, grouped(int64(r.n)))
		lo, factor := 0.5, 1.5
		if r.conservative {
			lo = 0
		}
		if r.rough {
			factor = 2.2
		}
		out = append(out, sized(what+", at 0.001", r.at(2), 0.001, lo*0.001, factor*0.001), sized(what+", at 0.0001", r.at(3), 0.0001, lo*0.0001, factor*0.0001))
	}
	return out
}

func (s *sizes) write(p *page) {
	p.heading("Size without drift, independent rows")
	p.say("A fresh baseline of 10,000 rows and a fresh window for every repetition, %s of them a line (%s for categories). Numbers are cut as the product cuts them: X² and PSI at the "+
		"baseline's deciles, Kolmogorov-Smirnov (KS), Anderson-Darling (AD) and Cramér-von Mises (CvM) on its grid of 256 cells. The p-value of PSI that findings show is that of X²; its own law, "+
		"PSI/(1/n + 1/m) as chi-square, is a little less exact. KS counts whole cells and is meant to err on the safe side.",
		grouped(int64(s.rows[0].N)), grouped(int64(s.rows[len(s.rows)-1].N)))
	rows := [][]string{}
	for _, r := range s.rows {
		rows = append(rows, append([]string{r.what, r.test, grouped(int64(r.n))}, r.cells()[:3]...))
	}
	p.say("<details><summary>Sizes at 0.05, 0.01 and 0.001 by distribution</summary>")
	p.table([]string{"rows", "test", "n", "at 0.05", "at 0.01", "at 0.001"}, rows)
	p.say("</details>")
	p.say("Far tails, where a budget of one alarm a month over many features lives, need more repetitions than real rows allow: %s for ten cells, %s for 240. They use that counts between a baseline's quantiles "+
		"have the same law for every continuous feature (Dirichlet-multinomial).", grouped(int64(s.tails[0].N)), grouped(int64(s.tails[2].N)))
	rows = nil
	for _, r := range s.tails {
		rows = append(rows, append([]string{r.test, grouped(int64(r.n))}, r.cells()...))
	}
	p.table([]string{"test", "n", "at 0.05", "at 0.01", "at 0.001", "at 0.0001"}, rows)
	p.picture("sizes", "Measured against nominal false-alarm rate of five tests for three window sizes", s.figure())
	p.say("A test on the dashed line does what it says. Grey: where 99.9 %% of measurements with %s repetitions would be.", grouped(int64(s.tails[2].N)))
}

func (s *sizes) figure() figure {
	var f figure
	for _, n := range windowSizes {
		a := panel{Title: fmt.Sprintf("n = %s, m = 10,000", grouped(int64(n))), X: levels("level", 5e-5, 0.1), Y: levels("share of windows rejected", 2e-5, 0.2)}
		a.Lines = []line{{X: []float64{5e-5, 0.1}, Y: []float64{5e-5, 0.1}}}
		a.Bands = []band{around(5e-5, 0.1, s.tails[2].N)}
		color := 0
		for _, r := range s.tails {
			if r.n == n {
				a.Series = append(a.Series, series{Name: r.test, Color: color, X: alphas, Y: r.rates()})
				color++
			}
		}
		f.Panels = append(f.Panels, a)
	}
	return f
}

// around is where a test of the right size lies in 99.9 % of measurements.
func around(from, to float64, rounds int) band {
	var b band
	for x := from; x < to*1.01; x *= 1.1 {
		b.X = append(b.X, x)
		b.Lo = append(b.Lo, max(1e-9, x-within999(x, rounds)))
		b.Hi = append(b.Hi, x+within999(x, rounds))
	}
	return b
}
