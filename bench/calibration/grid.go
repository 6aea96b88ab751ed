package main

import (
	"fmt"
	"math"
	"math/rand/v2"

	"plumbline"
	"plumbline/detectors"
	"plumbline/detectors/incumbents"
)

// grid is what other packages were measured on: 25 features that do not drift, a fresh baseline of 10,000 rows for every repetition,
// windows of 50 to 100,000 rows, independent or AR(1) 0.9; and the same columns with a drift.
type grid struct {
	tests int // judged tests of the 25 features together
	cases []gridCase
	rules []incumbents.Rule
}

type gridCase struct {
	n       int
	rho     float64
	windows []gridWindow
	rules   []ruleCounts // by rule
}

// gridWindow is what plumbline says of one window.
type gridWindow struct {
	p      float64    // least of all features that have a verdict
	judged int        // features that have
	moved  [3]float64 // least p-value of the drifted columns; 2 if there is no verdict
	still  [3]float64 // of the same columns without drift
}

// ruleCounts is what another tool's rule says.
type ruleCounts struct {
	any, numbers, categories share
	moved, still             [3]share
}

var drifts = []string{"+0.1 sd", "+0.3 sd", "rare class 0.2 % → 0.6 %"}

func (s *grid) measure(l *lab) error {
	columns := gridColumns()
	tests, err := judging()
	if err != nil {
		return err
	}
	for _, c := range columns {
		typ := plumbline.TypeNumber
		if c.margin == nil {
			typ = plumbline.TypeCategory
		}
		s.tests += len(detectors.Judges(typ))
	}
	s.rules = incumbents.Rules(len(columns))
	sizes := gridSizes
	if l.Quick {
		sizes = []int{100, 1000}
	}
	for _, rho := range []float64{0, 0.9} {
		cases := make([]gridCase, len(sizes))
		rounds := l.rounds(500, 4)
		parts := make([][]gridCase, rounds)
		var failed error
		l.each(fmt.Sprintf("rho = %v", rho), rounds, func(i int, rng *rand.Rand) {
			var err error
			if parts[i], err = s.repetition(rng, columns, tests, sizes, rho, i, rounds); err != nil {
				failed = err
			}
		})
		if failed != nil {
			return failed
		}
		for k, n := range sizes {
			c := &cases[k]
			c.n, c.rho, c.rules = n, rho, make([]ruleCounts, len(s.rules))
			for _, p := range parts {
				c.windows = append(c.windows, p[k].windows...)
				for j := range p[k].rules {
					c.rules[j].add(p[k].rules[j])
				}
			}
		}
		s.cases = append(s.cases, cases...)
	}
	return nil
}

// repetition draws one baseline and windows of all sizes.
func (s *grid) repetition(rng *rand.Rand, columns []gridColumn, tests judges, sizes []int, rho float64, i, rounds int) ([]gridCase, error) {
	out := make([]gridCase, len(sizes))
	for k, n := range sizes {
		out[k].n = n
		out[k].windows = make([]gridWindow, windowsPer(n))
		for w := range out[k].windows {
			out[k].windows[w].p = 1
		}
		// The rules read raw rows and are slow: a share of the repetitions, and one window of each.
		if i*rulesPer(n) < rounds {
			out[k].rules = make([]ruleCounts, len(s.rules))
		}
	}
	// Windows of each size, and the longest shorter ones of which there are enough.
	longest := baselineRows / detectors.MinWindows
	alarmed := make([][]bool, len(sizes))
	for k := range alarmed {
		alarmed[k] = make([]bool, len(s.rules))
	}
	for _, col := range columns {
		j, err := newJudge(rng, col, rho, tests)
		if err != nil {
			return nil, err
		}
		shorter := j.learn(longest)
		for k, n := range sizes {
			windows := j.learn(n)
			for w := range out[k].windows {
				window := col.draw(rng, n, rho, 0)
				g := &out[k].windows[w]
				p, ok := j.p(window, windows, shorter)
				if g.p = math.Min(g.p, p); ok {
					g.judged++
				}
				if w > 0 || out[k].rules == nil {
					continue
				}
				for r, rule := range s.rules {
					f := rule.Judge(j.baseline().column(), window.column())
					c := &out[k].rules[r]
					if col.margin != nil {
						c.numbers.count(f.Drift)
					} else {
						c.categories.count(f.Drift)
					}
					alarmed[k][r] = alarmed[k][r] || f.Drift
				}
			}
		}
	}
	for k := range sizes {
		for r := range out[k].rules {
			out[k].rules[r].any.count(alarmed[k][r])
		}
	}
	for d, col := range []gridColumn{{margin: columns[0].margin}, {margin: columns[0].margin}, {shares: rareShares}} {
		j, err := newJudge(rng, col, rho, tests)
		if err != nil {
			return nil, err
		}
		shorter := j.learn(longest)
		for k, n := range sizes {
			windows := j.learn(n)
			for w := range out[k].windows {
				still, moved := col.draw(rng, n, rho, 0), col.draw(rng, n, rho, d+1)
				g := &out[k].windows[w]
				g.still[d], _ = j.p(still, windows, shorter)
				g.moved[d], _ = j.p(moved, windows, shorter)
				if w > 0 || out[k].rules == nil {
					continue
				}
				for r, rule := range s.rules {
					out[k].rules[r].still[d].count(rule.Judge(j.baseline().column(), still.column()).Drift)
					out[k].rules[r].moved[d].count(rule.Judge(j.baseline().column(), moved.column()).Drift)
				}
			}
		}
	}
	return out, nil
}

// windowsPer is how many windows a baseline judges: large ones take long to draw.
func windowsPer(n int) int {
	if n > 1000 {
		return 1
	}
	return 4
}

// rulesPer is how many baselines plumbline judges for one that the rules do.
func rulesPer(n int) int {
	if n > 10000 {
		return 24
	}
	return 6
}

func (c *ruleCounts) add(d ruleCounts) {
	c.any.add(d.any)
	c.numbers.add(d.numbers)
	c.categories.add(d.categories)
	for i := range c.moved {
		c.moved[i].add(d.moved[i])
		c.still[i].add(d.still[i])
	}
}

// rate is the share of windows whose p-value, found by one of the fields, is at most a test's level for a budget of alarms a window.
func (s *grid) rate(c gridCase, asked float64, p func(w gridWindow) float64) share {
	var out share
	for _, w := range c.windows {
		out.count(p(w) <= asked/float64(s.tests))
	}
	return out
}

func anyOf(w gridWindow) float64 { return w.p }

// verdicts is the share of features that have one.
func (c gridCase) verdicts() float64 {
	sum := 0.0
	for _, w := range c.windows {
		sum += float64(w.judged)
	}
	return sum / float64(len(c.windows)*len(gridColumns()))
}

// strictest is the lowest false-alarm level of the packages at a window size, at least half a window of their runs.
func strictest(k int) (level float64) {
	level = math.Inf(1)
	for _, p := range peers {
		if k < 5 && !math.IsNaN(p.power[1][k]) { // only those whose power is known
			level = math.Min(level, p.independent[k])
		}
	}
	return math.Max(level/100, 0.5/float64(peerRuns))
}

func (s *grid) of(n int, rho float64) (gridCase, bool) {
	for _, c := range s.cases {
		if c.n == n && c.rho == rho {
			return c, true
		}
	}
	return gridCase{}, false
}
