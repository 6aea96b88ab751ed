package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"plumbline/detectors"
)

// power measures what six statistics see at exactly the same false-alarm rate: their thresholds are quantiles of simulated windows
// without drift, not of any law.
type power struct {
	rows   []powerRow
	rounds int
}

type powerRow struct {
	alternative string
	n           int
	got         [6]float64
	known       [6]float64
}

var powerStatistics = []string{"PSI, 10 cells", "PSI, 20 cells", "KS, 256", "W₁/sd, raw", "CvM, 256", "AD, 256"}

// alternatives and what an independent simulation in Python found for them, at n = 200 and 1000. Its first run had 0.28 instead of
// 0.23 for Cramér-von Mises and 0.22 instead of 0.20 for Kolmogorov-Smirnov, 5 % of the rows at +3 sd and n = 200, and 0.83 instead of 0.87
// for PSI, 5 % at the centre and n = 1,000; a second one, of 4,000 and 6,000 windows, has these.
var alternatives = []struct {
	name  string
	draw  func(rng *rand.Rand) float64
	known [2][6]float64
}{
	{"mean +0.1 sd", func(rng *rand.Rand) float64 { return 0.1 + rng.NormFloat64() }, [2][6]float64{{0.12, 0.07, 0.23, 0.27, 0.28, 0.28}, {0.50, 0.36, 0.74, 0.84, 0.80, 0.83}}},
	{"sd × 1.1", func(rng *rand.Rand) float64 { return 1.1 * rng.NormFloat64() }, [2][6]float64{{0.14, 0.11, 0.10, 0.20, 0.10, 0.18}, {0.61, 0.54, 0.34, 0.81, 0.37, 0.72}}},
	{"5 % of the rows at +3 sd", func(rng *rand.Rand) float64 { return mixed(rng, 3) }, [2][6]float64{{0.21, 0.24, 0.20, 0.69, 0.23, 0.64}, {0.85, 0.96, 0.94, 1.0, 0.82, 1.0}}},
	{"5 % of the rows at the centre", func(rng *rand.Rand) float64 { return mixed(rng, 0) }, [2][6]float64{{0.21, 0.23, 0.11, 0.06, 0.08, 0.07}, {0.87, 0.95, 0.44, 0.16, 0.25, 0.23}}},
}

// mixed is normal, but for one row in twenty.
func mixed(rng *rand.Rand, spike float64) float64 {
	if rng.Float64() < 0.05 {
		return spike
	}
	return rng.NormFloat64()
}

func (s *power) measure(l *lab) error {
	ns := []int{200, 1000}
	if l.Quick {
		ns = ns[:1]
	}
	s.rounds = l.rounds(6000, 200)
	cases := 1 + len(alternatives)
	values := make([][6]float64, s.rounds*len(ns)*cases)
	l.each("power", s.rounds, func(i int, rng *rand.Rand) {
		x := normal.fill(rng, baselineRows)
		sorted := slices.Clone(x)
		slices.Sort(sorted)
		b := newBaseline(x)
		twenty := b.grid.Coarsen(20, b.counts)
		for j, n := range ns {
			for k := range cases {
				d := normal
				if k > 0 {
					d = law{draw: alternatives[k-1].draw}
				}
				values[(i*len(ns)+j)*cases+k] = statistics(b, sorted, twenty, d.fill(rng, n))
			}
		}
	})
	for j, n := range ns {
		of := func(k, stat int) []float64 {
			out := make([]float64, s.rounds)
			for i := range out {
				out[i] = values[(i*len(ns)+j)*cases+k][stat]
			}
			return out
		}
		for k, a := range alternatives {
			row := powerRow{alternative: a.name, n: n, known: a.known[j]}
			for stat := range powerStatistics {
				null := of(0, stat)
				slices.Sort(null)
				threshold := null[len(null)*95/100]
				var above share
				for _, v := range of(k+1, stat) {
					above.count(v > threshold)
				}
				row.got[stat] = above.rate()
			}
			s.rows = append(s.rows, row)
		}
	}
	return nil
}

func statistics(b *baseline, sorted []float64, twenty []int, window []float64) [6]float64 {
	c := b.count(window)
	r1, c1 := occupied(b.counts, c)
	a2, _ := detectors.AndersonDarlingStatistic(r1, c1)
	return [6]float64{
		*detectors.PSI(b.deciles, b.group(c)).Value,
		*detectors.PSI(groupAt(b.counts, twenty), groupAt(c, twenty)).Value,
		distance(b.counts, c), wasserstein(sorted, window), *detectors.CramerVonMises(b.counts, c).Value, a2,
	}
}

func groupAt(counts []int64, cuts []int) []int64 { return (&baseline{cuts: cuts}).group(counts) }

// wasserstein is the area between two empirical distribution functions.
func wasserstein(sorted, window []float64) float64 {
	w := slices.Clone(window)
	slices.Sort(w)
	m, n := float64(len(sorted)), float64(len(w))
	area, i, j := 0.0, 0, 0
	last := math.Min(sorted[0], w[0])
	for i < len(sorted) || j < len(w) {
		var at float64
		if j == len(w) || i < len(sorted) && sorted[i] <= w[j] {
			at = sorted[i]
		} else {
			at = w[j]
		}
		area += math.Abs(float64(i)/m-float64(j)/n) * (at - last)
		last = at
		for i < len(sorted) && sorted[i] == at {
			i++
		}
		for j < len(w) && w[j] == at {
			j++
		}
	}
	return area
}

func (s *power) promises() []promise {
	var out []promise
	for _, r := range s.rows {
		for j, name := range powerStatistics {
			slack := 0.03
			if s.rounds < 4000 { // both the threshold and the power are measured
				slack = math.Max(slack, 1.5*within999(0.4, s.rounds))
			}
			out = append(out, promise{fmt.Sprintf("power of %s, %s, n = %s", name, r.alternative, grouped(int64(r.n))), r.got[j], r.known[j] - slack, r.known[j] + slack})
		}
	}
	return out
}

func (s *power) write(p *page) {
	p.heading("What each statistic sees")
	p.say("Power at a false-alarm rate of exactly 5 %%: every statistic gets the threshold that 5 %% of %s simulated windows without drift exceed, so none gains by a wrong law. 10,000 normal baseline rows; W₁ knows the raw rows, the others "+
		"the cells only. In brackets an independent simulation of the same table in Python. (Three cells are of its second run, with 4,000 and more windows: 0.23, 0.20 and 0.87, where the first had 0.28, 0.22 and 0.83.)", grouped(int64(s.rounds)))
	rows := [][]string{}
	for _, r := range s.rows {
		row := []string{r.alternative, grouped(int64(r.n))}
		best := slices.Max(r.got[:])
		for j := range powerStatistics {
			cell := fmt.Sprintf("%s (%s)", fixed(r.got[j], 2), fixed(r.known[j], 2))
			if r.got[j] > best-0.02 {
				cell = "**" + cell + "**"
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	p.table(append([]string{"window", "n"}, powerStatistics...), rows)
	p.say("No statistic sees everything. PSI (X²) sees shapes and spikes and is half blind to a shift; Anderson-Darling sees shifts and tails and is blind to a spike at the centre. So a budget is spent on both; Kolmogorov-Smirnov loses to one of " +
		"them everywhere and is only shown.")
}
