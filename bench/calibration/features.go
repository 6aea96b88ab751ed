package main

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"plumbline"
	"plumbline/detectors"
	"plumbline/detectors/incumbents"
	"plumbline/profiles"
)

// gridColumn is one feature of the grid: a number by its margin, or a category by its shares.
type gridColumn struct {
	name   string
	margin func(z float64) float64 // of a standard normal z
	shares []float64
}

// gridColumns are 20 numbers and 5 categories, none of which drifts.
func gridColumns() []gridColumn {
	var out []gridColumn
	numbers := func(name string, k int, margin func(z float64) float64) {
		for i := range k {
			out = append(out, gridColumn{name: fmt.Sprintf("%s %d", name, i+1), margin: margin})
		}
	}
	numbers("normal", 8, func(z float64) float64 { return z })
	numbers("lognormal", 4, math.Exp)
	numbers("uniform", 4, cdf)
	numbers("t3", 2, t3Margin)
	numbers("mixture", 2, mixtureMargin)
	out = append(out, gridColumn{name: "2 levels", shares: []float64{0.7, 0.3}})
	for _, k := range []int{5, 20, 50, 200} {
		out = append(out, gridColumn{name: fmt.Sprintf("%d levels", k), shares: zipf(k)})
	}
	return out
}

// rareShares is the category whose last class is rare; moved has three times as many of it.
var (
	rareShares  = []float64{0.5, 0.25, 0.15, 0.098, 0.002}
	movedShares = []float64{0.498, 0.249, 0.149, 0.098, 0.006}
)

func cdf(z float64) float64 { return 0.5 * math.Erfc(-z/math.Sqrt2) }

var (
	t3Margin      = byTable(func(p float64) float64 { return distuv.StudentsT{Sigma: 1, Nu: 3}.Quantile(p) })
	mixtureMargin = byTable(func(p float64) float64 { // 0.7 N(0, 1) + 0.3 N(4, 0.5²)
		lo, hi := -10.0, 10.0
		for range 60 {
			if mid := (lo + hi) / 2; 0.7*cdf(mid)+0.3*cdf((mid-4)/0.5) < p {
				lo = mid
			} else {
				hi = mid
			}
		}
		return lo
	})
)

// byTable is the map from a standard normal z to the value of the same rank, linear between 3073 points and flat beyond 6.
func byTable(quantile func(p float64) float64) func(z float64) float64 {
	const reach, step = 6, 1.0 / 256
	table := make([]float64, int(2*reach/step)+1)
	for i := range table {
		table[i] = quantile(cdf(float64(i)*step - reach))
	}
	return func(z float64) float64 {
		at := math.Min(math.Max((z+reach)/step, 0), float64(len(table)-2))
		i := int(at)
		return table[i] + (at-float64(i))*(table[i+1]-table[i])
	}
}

// numbersOf draws n rows; with rho they follow each other.
func (c gridColumn) numbersOf(rng *rand.Rand, n int, rho float64) []float64 {
	x := autoregression(rng, n, rho)
	for i := range x {
		x[i] = c.margin(x[i])
	}
	return x
}

// codesOf draws n rows of categories; with rho a row repeats the one before with that probability.
func codesOf(rng *rand.Rand, n int, rho float64, shares []float64) []int32 {
	upTo, sum := make([]float64, len(shares)), 0.0
	for j, p := range shares {
		sum += p
		upTo[j] = sum
	}
	out := make([]int32, n)
	for i := range out {
		if i > 0 && rho > 0 && rng.Float64() < rho {
			out[i] = out[i-1]
			continue
		}
		u := rng.Float64() * sum
		lo, hi := 0, len(upTo)-1
		for lo < hi {
			if mid := (lo + hi) / 2; upTo[mid] < u {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		out[i] = int32(lo)
	}
	return out
}

// rows are values of one column: numbers or codes of categories.
type rows struct {
	numbers []float64
	codes   []int32
}

// column is the same for other tools' rules.
func (r rows) column() incumbents.Column {
	if r.numbers != nil {
		return incumbents.Numbers(r.numbers)
	}
	return incumbents.Column{Codes: r.codes, Levels: levelNames}
}

// draw makes n rows with a drift of the column: 0 is none, the others are those of drifts.
func (c gridColumn) draw(rng *rand.Rand, n int, rho float64, drift int) rows {
	if c.margin == nil {
		shares := c.shares
		if drift > 0 {
			shares = movedShares
		}
		return rows{codes: codesOf(rng, n, rho, shares)}
	}
	x := c.numbersOf(rng, n, rho)
	if drift > 0 {
		for i := range x {
			x[i] += []float64{0, 0.1, 0.3}[drift]
		}
	}
	return rows{numbers: x}
}

// judge is a column's baseline and its judged tests.
type judge interface {
	baseline() rows
	// learn cuts the baseline into windows of n rows and returns what they tell of the tests; nil if they are too few.
	learn(n int) learned
	// p is the least p-value of the tests of a window, given what windows as long tell, or else shorter ones; not ok if there is none
	// but an upper bound by shorter windows, which says drift if it is small and else nothing. The ladder is that of
	// detectors.Calibration.
	p(window rows, windows, shorter learned) (p float64, ok bool)
}

func newJudge(rng *rand.Rand, c gridColumn, rho float64, tests judges) (judge, error) {
	r := c.draw(rng, baselineRows, rho, 0)
	if c.margin != nil {
		return newNumberJudge(r.numbers, tests.numbers)
	}
	return newCategoryJudge(r.codes, len(c.shares), tests.categories)
}

// learned are the nulls of a column's judged tests, nil without windows.
type learned []*detectors.Null

// numberJudge judges a number by X² at deciles, Anderson-Darling and the area under the curve.
type numberJudge struct {
	tests  []detectors.Test // in the order of scores
	scorer *scorer
	rows   []float64
	cells  *profiles.Cells
	ref    *profiles.Feature
}

// newNumberJudge takes the tests in the order of scores.
func newNumberJudge(x []float64, tests []detectors.Test) (numberJudge, error) {
	j := numberJudge{tests: tests, scorer: newScorer(x), rows: x}
	var err error
	if j.cells, err = profiles.NewCells("number", plumbline.TypeNumber, j.scorer.grid.Edges, nil, slices.Min(x), slices.Max(x)); err != nil {
		return j, err
	}
	j.ref, err = j.cells.Feature(numberSample(j.scorer.baseline, x))
	return j, err
}

func (j numberJudge) baseline() rows { return rows{numbers: j.rows} }

// The windows a null is learned from: of more, evenly spread ones. It is what a comparison of files takes.
const mostWindows = 64

// cut calls f for the windows of n rows of a baseline, if they are enough to learn from.
func cut(rows, n int, f func(from, to int)) bool {
	k := rows / n
	if k < detectors.MinWindows {
		return false
	}
	step := (k + mostWindows - 1) / mostWindows
	for i := 0; i < k; i += step {
		f(i*n, (i+1)*n)
	}
	return true
}

func (j numberJudge) learn(n int) learned {
	var windows [3][]detectors.Score
	if !cut(len(j.rows), n, func(from, to int) {
		for i, s := range j.scorer.apart(j.rows[from:to]) {
			windows[i] = append(windows[i], s)
		}
	}) {
		return nil
	}
	return fit(windows[:])
}

func fit(windows [][]detectors.Score) learned {
	out := make(learned, len(windows))
	for i, w := range windows {
		if null, err := detectors.FitNull(w); err == nil && len(w) >= detectors.MinWindows {
			out[i] = null
		}
	}
	return out
}

func (j numberJudge) p(window rows, windows, shorter learned) (p float64, ok bool) {
	cur, err := j.cells.Feature(numberSample(j.scorer.baseline, window.numbers))
	if err != nil {
		return 1, false
	}
	return judged(j.tests, j.ref, cur, windows, shorter)
}

// numberSample is what a profile of these values holds, but for moments, which no judge reads.
func numberSample(b *baseline, x []float64) profiles.Sample {
	s := profiles.Sample{N: int64(len(x)), Counts: b.count(x), Min: x[0], Max: x[0]}
	for _, v := range x {
		s.Min, s.Max = math.Min(s.Min, v), math.Max(s.Max, v)
	}
	return s
}

// judged runs a column's tests by the ladder. ok says that the test of shape, psi, has a verdict.
func judged(tests []detectors.Test, ref, cur *profiles.Feature, windows, shorter learned) (p float64, ok bool) {
	p = 1
	for i, t := range tests {
		c := &detectors.Calibration{}
		if windows != nil {
			c.Windows = windows[i]
		} else if shorter != nil {
			c.Shorter = shorter[i]
		}
		// At no level at all there is a verdict, no drift, wherever there can be one.
		f := t.Run(detectors.Input{Baseline: ref, Current: cur, Calibration: c, Alpha: math.SmallestNonzeroFloat64})
		if f.P != nil {
			p = math.Min(p, *f.P)
		}
		ok = ok || t.Name == "psi" && f.Verdict != plumbline.NoVerdict
	}
	return p, ok
}

// categoryJudge judges a category by the detectors' own tests.
type categoryJudge struct {
	tests []detectors.Test
	codes []int32
	cells *profiles.Cells
	count []int64
	place []int32 // of a level among the values the baseline has; -1 for others
	names []string
	ref   *profiles.Feature
}

// judges are the tests that a stream without missing and invalid values can fail.
type judges struct{ numbers, categories []detectors.Test }

func judging() (j judges, err error) {
	of := func(typ plumbline.FeatureType) (out []detectors.Test) {
		for _, t := range detectors.Judges(typ) {
			if t.Name != "missing" && t.Name != "invalid" {
				out = append(out, t)
			}
		}
		return out
	}
	j.categories = of(plumbline.TypeCategory)
	for _, name := range []string{"psi", "ad", "auc"} { // as scores are ordered
		for _, t := range of(plumbline.TypeNumber) {
			if t.Name == name {
				j.numbers = append(j.numbers, t)
			}
		}
	}
	if len(j.numbers) != 3 || len(of(plumbline.TypeNumber)) != 3 {
		return j, errors.New("numbers are judged by other tests than this simulation knows")
	}
	return j, nil
}

func newCategoryJudge(codes []int32, levels int, tests []detectors.Test) (*categoryJudge, error) {
	j := &categoryJudge{tests: tests, codes: codes, place: make([]int32, levels)}
	all := make([]int64, levels)
	for _, c := range codes {
		all[c]++
	}
	for level, k := range all {
		j.place[level] = -1
		if k > 0 {
			j.place[level] = int32(len(j.names))
			j.names = append(j.names, levelNames[level])
			j.count = append(j.count, k)
		}
	}
	var err error
	if j.cells, err = profiles.NewCells("category", plumbline.TypeCategory, nil, j.names, math.NaN(), math.NaN()); err != nil {
		return nil, err
	}
	j.ref, err = j.cells.Feature(profiles.Sample{N: int64(len(codes)), Counts: j.count})
	return j, err
}

// levelNames are the categories' names.
var levelNames = func() []string {
	out := make([]string, 200)
	for i := range out {
		out[i] = fmt.Sprintf("level %03d", i)
	}
	return out
}()

func (j *categoryJudge) baseline() rows { return rows{codes: j.codes} }

func (j *categoryJudge) sample(codes []int32) profiles.Sample {
	s := profiles.Sample{N: int64(len(codes)), Counts: make([]int64, len(j.count))}
	unseen := map[int32]int64{}
	for _, c := range codes {
		if at := j.place[c]; at >= 0 {
			s.Counts[at]++
		} else {
			unseen[c]++
		}
	}
	for level := range int32(len(j.place)) { // in order: maps have none
		if k := unseen[level]; k > 0 {
			s.Unseen = append(s.Unseen, profiles.Category{Value: levelNames[level], Count: k})
		}
	}
	return s
}

func (j *categoryJudge) learn(n int) learned {
	windows := make([][]detectors.Score, len(j.tests))
	if !cut(len(j.codes), n, func(from, to int) {
		s := j.sample(j.codes[from:to])
		cur, err1 := j.cells.Feature(s)
		rest, err2 := j.cells.Feature(profiles.Sample{N: int64(len(j.codes)) - s.N, Counts: minus(j.count, s.Counts)})
		if err1 != nil || err2 != nil {
			return
		}
		for i, t := range j.tests {
			if score, ok := t.Score(detectors.Input{Baseline: rest, Current: cur}); ok {
				windows[i] = append(windows[i], score)
			}
		}
	}) {
		return nil
	}
	return fit(windows)
}

func (j *categoryJudge) p(window rows, windows, shorter learned) (p float64, ok bool) {
	cur, err := j.cells.Feature(j.sample(window.codes))
	if err != nil {
		return 1, false
	}
	return judged(j.tests, j.ref, cur, windows, shorter)
}
