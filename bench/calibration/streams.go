package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"plumbline/detectors/sequential"
	"plumbline/detectors/sequential/runlength"
)

// streams measures the sequential detectors: mean run lengths between false alarms, delays, coverage.
type streams struct {
	lengths  []lengthRow
	authors  []limitRow
	delays   []delayRow
	cusum    []cusumRow
	nulls    []ecusumRow // without a rise
	rises    []ecusumRow
	coverage []coverageRow
}

type lengthRow struct {
	stream string
	arl0   float64
	runlength.Runs
}

type limitRow struct {
	arl0, printed, ours float64 // limits in units of the paper's statistic
	atPrinted           runlength.Runs
}

type delayRow struct {
	name  string
	shift float64
	ewma  runlength.Runs
	cusum float64 // by the chain; 0 where it has none
}

type cusumRow struct {
	h, shift, printed, chain float64
	simulated                runlength.Runs
}

type ecusumRow struct {
	name     string
	promised float64 // least mean run length, or 0
	runlength.Runs
}

type coverageRow struct {
	rate, missed, width float64
	streams             int
}

// Mean run lengths of the two-sided tabular CUSUM with k = 0.5 by the shift in sd: Lucas and Crosier (1982), table 1, as Montgomery,
// Introduction to Statistical Quality Control, and the NIST handbook, section 6.3.2.3.1, quote them.
var (
	cusumShifts  = []float64{0, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4, 5}
	cusumPrinted = map[float64][]float64{
		4: {168, 74.2, 26.6, 13.3, 8.38, 4.75, 3.34, 2.62, 2.19, 1.71, 1.31},
		5: {465, 139, 38.0, 17.0, 10.4, 5.75, 4.01, 3.11, 2.57, 2.01, 1.69},
	}
)

// Limits of QT-EWMA by the method's authors: the constant terms of the polynomials in their Python library, for 32 cells, a baseline of
// 4096 and lambda 0.03, in units of their statistic.
var authorsLimits = []limitRow{{arl0: 500, printed: 0.8148}, {arl0: 1000, printed: 0.8783}, {arl0: 2000, printed: 0.9408}, {arl0: 5000, printed: 1.0200}}

// played runs an experiment in parts on all cores.
func played(l *lab, what string, replicates, parts int, run func(replicates int, seed uint64) runlength.Runs) runlength.Runs {
	got := make([]runlength.Runs, parts)
	l.each(what, parts, func(i int, rng *rand.Rand) { got[i] = run(max(1, replicates/parts), rng.Uint64()) })
	var all runlength.Runs
	steps, square := 0.0, 0.0
	for _, r := range got {
		if r.Alarms > 0 {
			steps += r.Mean * float64(r.Alarms)
			square += r.SE * r.SE * float64(r.Alarms) * float64(r.Alarms)
		}
		all.Replicates, all.Alarms = all.Replicates+r.Replicates, all.Alarms+r.Alarms
	}
	if all.Alarms == 0 { // the limits of the experiments are far above what is promised
		all.Mean, all.SE = math.Inf(1), 0
		return all
	}
	all.Mean, all.SE = steps/float64(all.Alarms), math.Sqrt(square)/float64(all.Alarms)
	return all
}

func qtLimits(cells, m int, lambda, arl0 float64) (sequential.Limits, float64, error) {
	ref := make([]int64, cells)
	for j := range ref {
		ref[j] = int64(m / cells)
	}
	chart, err := sequential.NewQTEWMA(ref, lambda, 1)
	if err != nil {
		return sequential.Limits{}, 0, err
	}
	limits, err := sequential.Calibrate(context.Background(), chart, arl0, 1)
	return limits, lambda/(2-lambda) + 1/float64(m+2), err
}

func (s *streams) measure(l *lab) error {
	const parts = 40
	limits, _, err := qtLimits(16, 4096, 0.03, 1000)
	if err != nil {
		return err
	}
	e := runlength.QTEWMA{Cells: 16, M: 4096, Lambda: 0.03, Rows: 1, Limits: limits, Limit: 30_000}
	for _, d := range []runlength.Distribution{runlength.Normal, runlength.Exponential, runlength.StudentT3} {
		e := e
		e.Law = d
		s.lengths = append(s.lengths, lengthRow{d.Name, 1000, played(l, "QT-EWMA, "+d.Name, l.rounds(4000, 120), parts, func(n int, seed uint64) runlength.Runs {
			e := e
			e.Replicates, e.Seed = n, seed
			return e.Run()
		})})
	}
	h, err := sequential.CUSUMLimit(0.5, 1000)
	if err != nil {
		return err
	}
	for _, c := range []struct {
		name         string
		shift, scale float64
	}{{"mean + 0.25 sd", 0.25, 1}, {"mean + 0.5 sd", 0.5, 1}, {"mean + 0.75 sd", 0.75, 1}, {"mean + 1 sd", 1, 1}, {"mean + 1.5 sd", 1.5, 1}, {"mean + 2 sd", 2, 1}, {"sd × 1.5", 0, 1.5}} {
		if l.Quick && c.shift != 0.5 {
			continue
		}
		e := e
		e.Law, e.Shift, e.Scale, e.Quiet = runlength.Normal, c.shift, c.scale, 200
		row := delayRow{name: c.name, shift: c.shift, ewma: played(l, "delay, "+c.name, l.rounds(2000, 120), parts, func(n int, seed uint64) runlength.Runs {
			e := e
			e.Replicates, e.Seed = n, seed
			return e.Run()
		})}
		if c.scale == 1 {
			row.cusum = sequential.CUSUMRunLength(0.5, h, c.shift)
		}
		s.delays = append(s.delays, row)
	}
	if !l.Quick {
		for _, row := range authorsLimits {
			limits, unit, err := qtLimits(32, 4096, 0.03, row.arl0)
			if err != nil {
				return err
			}
			row.ours = limits.Final * unit
			// The first limits stay ours: single events take few values there, and the authors' polynomials are of the long run.
			limits.Final = row.printed / unit
			e := runlength.QTEWMA{Law: runlength.Normal, Cells: 32, M: 4096, Lambda: 0.03, Rows: 1, Limits: limits, Limit: 30 * int(row.arl0)}
			row.atPrinted = played(l, fmt.Sprintf("the authors' limit for %v", row.arl0), l.rounds(2000, 40), parts, func(n int, seed uint64) runlength.Runs {
				e := e
				e.Replicates, e.Seed = n, seed
				return e.Run()
			})
			s.authors = append(s.authors, row)
		}
	}
	for _, h := range []float64{4, 5} {
		for i, shift := range cusumShifts {
			row := cusumRow{h: h, shift: shift, printed: cusumPrinted[h][i], chain: sequential.CUSUMRunLength(0.5, h, shift)}
			e := runlength.CUSUM{K: 0.5, H: h, Shift: shift, Limit: 1e6}
			row.simulated = played(l, fmt.Sprintf("CUSUM, h = %v, shift %v", h, shift), l.rounds(100000, 2000), parts, func(n int, seed uint64) runlength.Runs {
				e := e
				e.Replicates, e.Seed = n, seed
				return e.Run()
			})
			s.cusum = append(s.cusum, row)
		}
	}
	s.ecusum(l)
	for _, rate := range []float64{0.02, 0.1, 0.5} {
		n := l.rounds(2000, 80)
		missed, width := make([]float64, parts), make([]float64, parts)
		l.each(fmt.Sprintf("coverage of %v", rate), parts, func(i int, rng *rand.Rand) {
			draw := runlength.Bernoulli(rate)
			e := runlength.Miscoverage{Alpha: 0.05, Mean: rate, Looks: 20_000, Replicates: max(1, n/parts), Seed: rng.Uint64(), Draw: func(r *rand.Rand) float64 { return draw(r, nil) }}
			missed[i], width[i] = e.Run()
		})
		row := coverageRow{rate: rate, streams: parts * max(1, n/parts)}
		for i := range parts {
			row.missed += missed[i] / parts
			row.width += width[i] / parts
		}
		s.coverage = append(s.coverage, row)
	}
	return nil
}

func (s *streams) ecusum(l *lab) {
	const parts = 40
	run := func(name string, e runlength.ECUSUM, replicates int) runlength.Runs {
		return played(l, "e-CUSUM, "+name, replicates, parts, func(n int, seed uint64) runlength.Runs {
			e := e
			e.Replicates, e.Seed = n, seed
			return e.Run()
		})
	}
	for _, c := range []struct {
		name string
		loss runlength.Loss
	}{{"independent losses", runlength.Bernoulli(0.1)}, {"losses an adversary arranges", runlength.Adversary(0.1)}} {
		e := runlength.ECUSUM{Tolerated: 0.1, ARL0: 100, Before: c.loss, Limit: 200_000}
		if l.Quick {
			e.ARL0, e.Limit = 50, 10_000
		}
		s.nulls = append(s.nulls, ecusumRow{c.name, e.ARL0, run(c.name, e, l.rounds(400, 40))})
	}
	for _, to := range []float64{0.12, 0.15, 0.2} {
		if l.Quick && to != 0.2 {
			continue
		}
		name := fmt.Sprintf("10 %% → %.0f %%", 100*to)
		s.rises = append(s.rises, ecusumRow{name, 0, run(name, runlength.ECUSUM{Tolerated: 0.1, ARL0: 1e4, Before: runlength.Bernoulli(0.1), After: runlength.Bernoulli(to), Quiet: 500, Limit: 1e5}, l.rounds(1000, 80))})
	}
}

func (s *streams) promises() []promise {
	var out []promise
	for _, r := range s.lengths {
		out = append(out, promise{"QT-EWMA mean run length, ARL0 1,000, " + r.stream, r.Mean, 900 - max(0, 3*r.SE-40), 1100 + max(0, 3*r.SE-40)})
	}
	for _, r := range s.delays {
		if r.shift == 0.5 {
			out = append(out, atMost("QT-EWMA mean delay of a shift by 0.5 sd", r.ewma.Mean, 85+max(0, 3*r.ewma.SE-3)))
		}
	}
	for _, r := range s.cusum {
		what := fmt.Sprintf("CUSUM mean run length, h = %v, shift %v", r.h, r.shift)
		out = append(out, promise{what + ": simulated by the chain's", r.simulated.Mean / r.chain, 0.99 - 3*r.simulated.SE/r.chain, 1.01 + 3*r.simulated.SE/r.chain})
		out = append(out, promise{what + ": the chain's by the printed one", r.chain / r.printed, 0.99, 1.01})
	}
	for _, r := range s.nulls {
		out = append(out, atLeast("e-CUSUM mean run length, "+r.name, math.Min(r.Mean, 1e9), r.promised))
	}
	for _, r := range s.rises {
		if r.name == "10 % → 20 %" {
			out = append(out, atMost("e-CUSUM mean delay, "+r.name, r.Mean, 400+max(0, 3*r.SE-20)))
		}
	}
	for _, r := range s.coverage {
		out = append(out, atMost(fmt.Sprintf("confidence sequence: streams that miss a rate of %v at any of 20,000 looks", r.rate), r.missed, 0.05))
	}
	return out
}

func (s *streams) write(p *page) {
	p.heading("Detectors that may be asked after every record")
	p.say("A sequential detector is set to a mean run length between false alarms, ARL₀. [Sequential detectors](sequential.md) says how; here is what comes out. ± is a standard error.")
	p.say("**QT-EWMA**: 16 cells, a fresh baseline of 4,096 rows for each of %s streams, λ = 0.03, single events.", grouped(int64(s.lengths[0].Replicates)))
	rows := [][]string{}
	for _, r := range s.lengths {
		rows = append(rows, []string{r.stream, "1,000", plusMinus(r.Runs)})
	}
	p.table([]string{"rows", "ARL₀", "measured mean run length"}, rows)
	rows = nil
	for _, r := range s.delays {
		chain := ""
		if r.cusum > 0 {
			chain = digits(r.cusum)
		}
		rows = append(rows, []string{r.name, plusMinus(r.ewma), chain})
	}
	p.say("Mean delay of a change of a normal feature at ARL₀ 1,000, in events, beside a CUSUM of the values themselves, which must know their mean and standard deviation, and sees nothing but their mean:")
	p.table([]string{"change", "QT-EWMA", "CUSUM, k = 0.5"}, rows)
	if len(s.delays) > 2 {
		ewma, cusum := series{Name: "QT-EWMA", Color: 0}, series{Name: "CUSUM, k = 0.5, of the values", Color: 1, Dashed: true}
		for _, r := range s.delays {
			if r.cusum > 0 {
				ewma.X, ewma.Y = append(ewma.X, r.shift), append(ewma.Y, r.ewma.Mean)
				cusum.X, cusum.Y = append(cusum.X, r.shift), append(cusum.Y, r.cusum)
			}
		}
		p.picture("delays", "Mean delay by shift at a mean run length of 1,000 events, QT-EWMA and CUSUM", figure{Panels: []panel{{Title: "Delay at ARL₀ = 1,000",
			X: axis{Label: "shift of the mean, sd", Lo: 0, Hi: 2.1, Ticks: []float64{0, 0.5, 1, 1.5, 2}}, Y: axis{Label: "events until the alarm", Lo: 1, Hi: 1000, Log: true, Ticks: []float64{1, 10, 100, 1000}},
			Series: []series{ewma, cusum}}}})
	}
	if len(s.authors) > 0 {
		p.say("**Beside the method's authors** (Frittoli, Carrera, Boracchi): the limits of their published Python library and ours, for 32 cells, 4,096 baseline rows, λ = 0.03, in units of their statistic; and the mean run length that our chart has with *their* limit from the 200th event on.")
		rows = nil
		for _, r := range s.authors {
			rows = append(rows, []string{grouped(int64(r.arl0)), fixed(r.printed, 4), fixed(r.ours, 4), plusMinus(r.atPrinted)})
		}
		p.table([]string{"ARL₀", "limit, authors", "limit, ours", "run length with the authors' limit"}, rows)
	}
	p.say("**CUSUM**, k = 0.5, two-sided: the printed table (Lucas and Crosier 1982, as Montgomery and the NIST handbook quote it), our Markov chain of 200 states, and %s simulated streams a cell.", grouped(int64(s.cusum[0].simulated.Replicates)))
	rows = nil
	for i := range cusumShifts {
		a, b := s.cusum[i], s.cusum[i+len(cusumShifts)]
		rows = append(rows, []string{fmt.Sprint(a.shift), digits(a.printed), digits4(a.chain), plusMinus(a.simulated), digits(b.printed), digits4(b.chain), plusMinus(b.simulated)})
	}
	p.table([]string{"shift, sd", "h = 4: printed", "chain", "simulated", "h = 5: printed", "chain", "simulated"}, rows)
	p.say("**e-CUSUM** of a loss with a tolerated risk of 10 %%. Its promise holds for any losses, so it is careful: at exactly the tolerated risk")
	rows = nil
	for _, r := range s.nulls {
		rows = append(rows, []string{r.name, digits(r.promised), fmt.Sprintf("%s (%d of %d streams alarmed)", plusMinus(r.Runs), r.Alarms, r.Replicates)})
	}
	p.table([]string{"losses", "promised at least", "mean run length"}, rows)
	rows = nil
	for _, r := range s.rises {
		rows = append(rows, []string{r.name, plusMinus(r.Runs)})
	}
	p.table([]string{"risk, set to at least 10,000 losses between false alarms", "mean delay, losses"}, rows)
	p.say("**Confidence sequence**, 95 %%, looked at after each of 20,000 values: the share of %s streams that ever leave it, and its width at the end beside an interval for one look (Wald).", grouped(int64(s.coverage[0].streams)))
	rows = nil
	for _, r := range s.coverage {
		rows = append(rows, []string{percent(r.rate) + " %", fixed(r.missed, 4), fixed(r.width, 1) + " times"})
	}
	p.table([]string{"true rate", "streams that miss it at any look", "width"}, rows)
}

func plusMinus(r runlength.Runs) string {
	if math.IsInf(r.Mean, 1) {
		return "no alarm"
	}
	return digits(r.Mean) + " ± " + digits2(r.SE)
}

// digits4 writes a number with four significant digits.
func digits4(x float64) string {
	return fixed(x, max(0, 3-int(math.Floor(math.Log10(math.Abs(x))))))
}
