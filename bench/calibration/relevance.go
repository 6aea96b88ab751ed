package main

import (
	"fmt"
	"math"
	"math/rand/v2"

	"plumbline/detectors"
)

// relevance measures the test of a tolerated drift at exactly that drift, and how its alarms rise beyond it.
type relevance struct {
	rows   []relevanceRow
	curves []relevanceCurve
}

type relevanceRow struct {
	tolerated   float64
	n           int
	ours, naive share
}

type relevanceCurve struct {
	n           int
	psi         []float64
	ours, naive []float64
}

var tolerances = []float64{0.02, 0.1, 0.2}

func (s *relevance) measure(l *lab) error {
	rounds := l.rounds(20000, 600)
	for _, d := range tolerances {
		for _, n := range []int{500, 2000, 20000} {
			s.rows = append(s.rows, relevanceRow{d, n, share{}, share{}})
			r := &s.rows[len(s.rows)-1]
			r.ours, r.naive = relevanceAt(l, fmt.Sprintf("PSI %v, n = %d", d, n), n, d, d, rounds)
		}
	}
	if l.Quick {
		return nil
	}
	for _, n := range []int{200, 1000, 20000} {
		c := relevanceCurve{n: n}
		for i := range 17 {
			psi := 0.02 * float64(i)
			ours, naive := relevanceAt(l, fmt.Sprintf("PSI %.2f against 0.1, n = %d", psi, n), n, psi, 0.1, rounds/10)
			c.psi, c.ours, c.naive = append(c.psi, psi), append(c.ours, ours.rate()), append(c.naive, naive.rate())
		}
		s.curves = append(s.curves, c)
	}
	return nil
}

// relevanceAt counts alarms of a window whose true PSI is psi against a tolerated one.
func relevanceAt(l *lab, what string, n int, psi, tolerated float64, rounds int) (ours, naive share) {
	const m, cells = 20000, 10
	flat := tilted(cells, 0)
	moved := tilted(cells, tiltOf(cells, psi))
	got := tally(l, what, rounds, 2, func(rng *rand.Rand, out []rejections) {
		r, c := multinomial(rng, m, flat), multinomial(rng, n, moved)
		p, ok := detectors.PSIRelevance(r, c, tolerated)
		if !ok {
			p = 1
		}
		out[0].count(p)
		plain := 1.0
		if raw := detectors.PSIRaw(r, c).Value; raw != nil && *raw > tolerated {
			plain = 0
		}
		out[1].count(plain)
	})
	return got[0].at(0), got[1].at(0)
}

// tilted are shares in proportion to exp(a j).
func tilted(cells int, a float64) []float64 {
	q, sum := make([]float64, cells), 0.0
	for j := range q {
		q[j] = math.Exp(a * float64(j))
		sum += q[j]
	}
	for j := range q {
		q[j] /= sum
	}
	return q
}

// tiltOf is the a at which the tilted shares have the given PSI against equal ones.
func tiltOf(cells int, psi float64) float64 {
	lo, hi := 0.0, 2.0
	for range 60 {
		mid, got := (lo+hi)/2, 0.0
		for _, q := range tilted(cells, mid) {
			got += (q - 1/float64(cells)) * math.Log(q*float64(cells))
		}
		if got < psi {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}

func (s *relevance) promises() []promise {
	var out []promise
	for _, r := range s.rows {
		what := fmt.Sprintf("at exactly the tolerated PSI %v, n = %s", r.tolerated, grouped(int64(r.n)))
		out = append(out, sized("size of the relevance test "+what, r.ours, 0.05, 0.03, 0.07), atLeast("the rule PSI > tolerated "+what+" alarms (the comparison bites)", r.naive.rate(), 0.4))
	}
	return out
}

func (s *relevance) write(p *page) {
	p.heading("Size at exactly the tolerated drift")
	p.say("A team that tolerates a PSI of 0.1 wants to hear of more, not of 0.1. The relevance test asks whether the *true* PSI is above what is tolerated (noncentral chi-square); at exactly that drift it should alarm in "+
		"5 %% of windows. The customary rule, the computed PSI against a threshold, alarms about every second time there, more often for small windows, whose noise adds to it. Ten cells, 20,000 baseline rows, %s repetitions a line.", grouped(int64(s.rows[0].ours.N)))
	rows := [][]string{}
	for _, r := range s.rows {
		rows = append(rows, []string{fmt.Sprint(r.tolerated), grouped(int64(r.n)), fixed(r.ours.rate(), 3), fixed(r.naive.rate(), 3)})
	}
	p.table([]string{"tolerated and true PSI", "n", "relevance test at 0.05", "rule PSI > tolerated"}, rows)
	if len(s.curves) == 0 {
		return
	}
	var f figure
	for _, c := range s.curves {
		f.Panels = append(f.Panels, panel{Title: fmt.Sprintf("tolerated 0.1, n = %s", grouped(int64(c.n))),
			X: axis{Label: "true PSI", Lo: 0, Hi: 0.32, Ticks: []float64{0, 0.1, 0.2, 0.3}}, Y: percentages("windows that alarm"),
			Lines:  []line{{X: []float64{0.1, 0.1}, Y: []float64{0, 1}}},
			Series: []series{{Name: "relevance test at 0.05", Color: 0, X: c.psi, Y: c.ours}, {Name: "rule PSI > 0.1", Color: 1, X: c.psi, Y: c.naive}}})
	}
	p.picture("relevance", "Share of windows that alarm by true PSI, relevance test and fixed threshold", f)
	p.say("At 200 rows the fixed threshold also alarms without any drift; the relevance test gives that up for certainty, and has all its power back at 20,000.")
}
