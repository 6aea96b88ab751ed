package main

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"

	"plumbline"
	"plumbline/detectors"
	"plumbline/profiles"
)

// bursts measures what is learned of a feed that breaks now and then: most windows miss next to nothing, a few miss much.
type bursts struct{ rows []burstRow }

type burstRow struct {
	every, windows    int
	law, one, learned rejections
	half, all         rejections // windows that miss half of a feature, and all of it, by the learned null
}

const burstRows = 900 // of a window

// missing draws how many rows of a window lack the value: one in a thousand, and where the feed breaks a log-normal part, mostly one in
// twenty.
func missing(rng *rand.Rand, every int) int64 {
	broken := 0.0
	if rng.IntN(every) == 0 {
		broken = math.Min(1, 0.05*math.Exp(rng.NormFloat64()))
	}
	n := int64(math.Round(broken * burstRows))
	for i := n; i < burstRows; i++ {
		if rng.IntN(1000) == 0 {
			n++
		}
	}
	return n
}

func (s *bursts) measure(l *lab) error {
	cells, err := profiles.NewCells("x", plumbline.TypeCategory, nil, []string{"a"}, math.NaN(), math.NaN())
	if err != nil {
		return err
	}
	feature := func(lost, rows int64) *profiles.Feature {
		f, err := cells.Feature(profiles.Sample{N: rows - lost, Missing: lost, Counts: []int64{rows - lost}, Min: math.Inf(1), Max: math.Inf(-1)})
		if err != nil {
			panic(err) // counts are positive by construction
		}
		return f
	}
	test, err := detectors.ByName("missing")
	if err != nil {
		return err
	}
	const judged = 20
	for _, windows := range []int{59, 300, 1416} {
		for _, every := range []int{10, 50, 200} {
			if l.Quick && (windows != 300 || every != 50) {
				continue
			}
			rounds := l.rounds(1500000/(windows+2*judged), 60)
			got := tally(l, fmt.Sprintf("one in %d, %d windows", every, windows), rounds, 5, func(rng *rand.Rand, out []rejections) {
				lost, sum := make([]int64, windows), int64(0)
				for i := range lost {
					lost[i] = missing(rng, every)
					sum += lost[i]
				}
				rows := int64(windows) * burstRows
				var scores []detectors.Score
				mean := 0.0
				for _, k := range lost {
					sc, ok := test.Score(detectors.Input{Baseline: feature(sum-k, rows-burstRows), Current: feature(k, burstRows)})
					if !ok {
						continue
					}
					scores = append(scores, sc)
					mean += sc.X / sc.Mean
				}
				null, err := detectors.FitNull(scores)
				if err != nil { // scores are finite by construction
					panic(err)
				}
				mean = math.Max(1, mean/float64(len(scores)))
				in := detectors.Input{Baseline: feature(sum, rows), Calibration: &detectors.Calibration{Windows: null, Available: windows}}
				learned := func(k int64) float64 {
					in.Current = feature(k, burstRows)
					return orOne(test.Run(in).P)
				}
				for range judged {
					k := missing(rng, every)
					plain := in
					plain.Current, plain.Calibration = feature(k, burstRows), nil
					out[0].count(orOne(test.Run(plain).P))
					sc, _ := test.Score(plain)
					out[1].count(2 * distuv.StudentsT{Sigma: 1, Nu: float64(windows)}.Survival(math.Sqrt(sc.X/sc.Mean/mean)))
					out[2].count(learned(k))
				}
				out[3].count(learned(burstRows / 2))
				out[4].count(learned(burstRows))
			})
			s.rows = append(s.rows, burstRow{every, windows, got[0], got[1], got[2], got[3], got[4]})
		}
	}
	return nil
}

// seen is how many windows with a burst a baseline has, in the mean.
func (r burstRow) seen() float64 { return float64(r.windows) / float64(r.every) }

func (s *bursts) promises() []promise {
	var out []promise
	for _, r := range s.rows {
		if r.seen() < 5 { // what the baseline hardly has can't be learned; it is shown
			continue
		}
		what := fmt.Sprintf("a feed that breaks in one window of %d, %d windows", r.every, r.windows)
		few := func(x share) share { return share{x.K / 8, x.N / 8} } // the windows of one baseline share its null
		out = append(out,
			sized("learned null at 0.01, "+what, few(r.learned.at(1)), 0.01, 0, 0.02),
			sized("learned null at 0.001, "+what, few(r.learned.at(2)), 0.001, 0, 0.004),
			atLeast("one scale for all windows at 0.001 (the comparison bites), "+what, r.one.at(2).rate(), 0.004),
			atLeast("windows that miss all of a feature, found at 0.001, "+what, r.all.at(2).rate(), 0.5))
	}
	return out
}

func (s *bursts) write(p *page) {
	p.heading("Size without drift, bursts")
	p.say("A feed breaks in one window of 10, 50 or 200, and then takes a part of the window's %d rows along, mostly one in twenty (log-normal, a factor of e for a standard deviation); else one value in a thousand is missing. "+
		"The test is of the share that is `missing`. Without drift the feed breaks in new windows as it did in the baseline's; they are judged by", burstRows)
	p.say("- the *law* of independent rows;\n" +
		"- *one scale*: the null of a normal number, its variance learned from all windows, broken ones included;\n" +
		"- the *learned* null of plumbline, which has a law for usual windows and one for bursts: how often they come, and how large they are.")
	rows := [][]string{}
	for _, r := range s.rows {
		row := []string{fmt.Sprintf("one in %d", r.every), grouped(int64(r.windows)), digits2(r.seen())}
		for i := range alphas[1:] {
			row = append(row, r.law.cell(i+1)+" / "+r.one.cell(i+1)+" / **"+r.learned.cell(i+1)+"**")
		}
		rows = append(rows, append(row, percent(r.half.at(2).rate())+" %", percent(r.all.at(2).rate())+" %"))
	}
	p.table([]string{"it breaks in", "windows learned from", "broken ones", "at 0.01: law / one scale / **learned**", "at 0.001", "at 0.0001", "half missing: found at 0.001", "all missing"}, rows)
	worst := 0.0
	for _, r := range s.rows {
		if r.seen() >= 5 {
			worst = math.Max(worst, math.Max(r.learned.at(1).rate()/alphas[1], r.learned.at(2).rate()/alphas[2]))
		}
	}
	p.say("Where a baseline holds five broken windows and more, down to 0.001 at most " + digits2(worst) + " times as many windows are rejected as asked for. Where it holds one in the mean, many hold none, and no procedure can tell that the next is nothing new; it is then called drift, once. " +
		"The price is that a fault of the size the baseline has is no drift any more: who wants to be told of each says so with a rule on the share itself, such as `missing(\"temp\", \"1h\") > 0.1`.")
}
