package profiles

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"plumbline"
)

// Bounds on correlations.
const (
	maxCorrelated      = 32     // features
	maxCorrelationRows = 20_000 // a correlation then has a standard error of 0.007
)

// Correlations are Spearman's rank correlations of every two of a few numeric features. Ranks are insensitive to single extreme
// values, and to any change of one feature that keeps its order, like a new unit.
type Correlations struct {
	Features []string  `json:"features"`
	R        []float64 `json:"r"` // of the second with the first, the third with the first and the second, and so on; 0 if there is none
	N        []int64   `json:"n"` // rows in which both have a value; 0 if there is no correlation

	// Spreads tell, of a baseline with times, how much its own stretches differ, the longest first.
	Spreads []Spread `json:"spreads,omitempty"`
}

// Spread is how much the correlations of a baseline's consecutive stretches of equal length differ.
type Spread struct {
	Seconds float64   `json:"seconds"` // of a stretch
	SD      []float64 `json:"sd"`      // of Fisher's z = atanh r, per pair; 0 if too few stretches have the pair
	Blocks  []int64   `json:"blocks"`  // stretches that have the pair
}

// spreadBlocks are the numbers of stretches that a baseline is cut into, and how many, each with how many rows, a spread needs.
var spreadBlocks = []int{8, 24, 64}

const (
	minSpreadBlocks = 6
	minSpreadRows   = 20
)

// spread cuts rows into stretches of time; nil without times.
func spread(c *Correlations, columns [][]float64, times []int64, blocks int) *Spread {
	first, last := int64(math.MaxInt64), int64(noTime)
	for _, t := range times {
		if t != noTime {
			first, last = min(first, t), max(last, t)
		}
	}
	if first >= last {
		return nil
	}
	length := float64(last-first+1) / float64(blocks)
	parts := make([][][]float64, blocks)
	for row, t := range times {
		if t == noTime {
			continue
		}
		at := min(int(float64(t-first)/length), blocks-1)
		if parts[at] == nil {
			parts[at] = make([][]float64, len(columns))
		}
		for i := range columns {
			parts[at][i] = append(parts[at][i], columns[i][row])
		}
	}
	s := &Spread{Seconds: length, SD: make([]float64, len(c.R)), Blocks: make([]int64, len(c.R))}
	sums, squares := make([]float64, len(c.R)), make([]float64, len(c.R))
	for _, p := range parts {
		if p == nil {
			continue
		}
		part := Correlate(c.Features, p)
		for k, r := range part.R {
			if part.N[k] < minSpreadRows {
				continue
			}
			z := math.Atanh(min(max(r, -0.999999), 0.999999))
			s.Blocks[k]++
			sums[k] += z
			squares[k] += z * z
		}
	}
	for k, n := range s.Blocks {
		if n >= minSpreadBlocks {
			m := float64(n)
			s.SD[k] = math.Round(1e6*math.Sqrt(max(0, squares[k]-sums[k]*sums[k]/m)/(m-1))) / 1e6
		}
	}
	return s
}

// Correlate computes the correlations of columns of equal length, in which NaN stands for no value. Ties have their mean rank;
// ranks are among all of a column's values, also where its partner has none.
func Correlate(features []string, columns [][]float64) *Correlations {
	c := &Correlations{Features: features}
	ranks := make([][]float64, len(columns))
	for i, x := range columns {
		ranks[i] = rank(x)
	}
	for i := range ranks {
		for j := range i {
			r, n := pearson(ranks[i], ranks[j])
			c.R, c.N = append(c.R, math.Round(r*1e6)/1e6), append(c.N, n)
		}
	}
	return c
}

// rank returns the ranks, centred at 0; NaN where there is no value.
func rank(x []float64) []float64 {
	order := make([]int, 0, len(x))
	out := make([]float64, len(x))
	for i, v := range x {
		if out[i] = math.NaN(); v == v {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(x[i], x[j]) })
	middle := float64(len(order)-1) / 2
	for i := 0; i < len(order); {
		j := i + 1
		for j < len(order) && x[order[j]] == x[order[i]] {
			j++
		}
		for _, at := range order[i:j] {
			out[at] = float64(i+j-1)/2 - middle
		}
		i = j
	}
	return out
}

// pearson is the correlation over the rows in which both have a value; n is 0 if one of them is constant there.
func pearson(x, y []float64) (r float64, n int64) {
	var sx, sy, sxx, syy, sxy float64
	for i, a := range x {
		b := y[i]
		if a != a || b != b {
			continue
		}
		n++
		sx, sy, sxx, syy, sxy = sx+a, sy+b, sxx+a*a, syy+b*b, sxy+a*b
	}
	if n < 3 {
		return 0, 0
	}
	k := float64(n)
	vx, vy := sxx-sx*sx/k, syy-sy*sy/k
	if !(vx > 1e-9*sxx) || !(vy > 1e-9*syy) {
		return 0, 0
	}
	return min(max((sxy-sx*sy/k)/math.Sqrt(vx*vy), -1), 1), n
}

// correlate takes the numbers among the inputs, those with the most values first if there are too many, and rows evenly spaced.
func (b *Builder) correlate(cols []*column) *Correlations {
	var chosen []*column
	for _, c := range cols {
		if c.key.Role == Input && c.typ == plumbline.TypeNumber && c.count(plumbline.Number) > 2 {
			chosen = append(chosen, c)
		}
	}
	if len(chosen) < 2 {
		return nil
	}
	if len(chosen) > maxCorrelated {
		slices.SortStableFunc(chosen, func(a, b *column) int { return cmp.Compare(b.count(plumbline.Number), a.count(plumbline.Number)) })
		chosen = chosen[:maxCorrelated]
	}
	step := max(1, float64(len(b.rows))/maxCorrelationRows)
	var rows []int
	for at := 0.0; int(at) < len(b.rows); at += step {
		rows = append(rows, int(at))
	}
	names, columns := make([]string, len(chosen)), make([][]float64, len(chosen))
	for i, c := range chosen {
		names[i], columns[i] = c.key.Name, make([]float64, len(rows))
		for k, row := range rows {
			columns[i][k] = Numeric(c.value(row))
		}
	}
	out := Correlate(names, columns)
	times := make([]int64, len(rows))
	for k, row := range rows {
		times[k] = b.times[row]
	}
	for _, blocks := range spreadBlocks {
		if s := spread(out, columns, times, blocks); s != nil {
			out.Spreads = append(out.Spreads, *s)
		}
	}
	return out
}

// validate checks what was read from a file; nil is a baseline without correlations.
func (c *Correlations) validate() error {
	if c == nil {
		return nil
	}
	k := len(c.Features)
	if k > maxCorrelated || len(c.R) != k*(k-1)/2 || len(c.N) != len(c.R) {
		return fmt.Errorf("correlations: %d features have %d pairs, not %d and %d", k, k*(k-1)/2, len(c.R), len(c.N))
	}
	for i, r := range c.R {
		if !(r >= -1 && r <= 1) || c.N[i] < 0 || c.N[i] > maxCount {
			return fmt.Errorf("correlations: pair %d has %v of %d rows", i, r, c.N[i])
		}
	}
	for _, s := range c.Spreads {
		if len(s.SD) != len(c.R) || len(s.Blocks) != len(c.R) || !(s.Seconds > 0) {
			return fmt.Errorf("correlations.spreads: %d and %d numbers for %d pairs, or no length", len(s.SD), len(s.Blocks), len(c.R))
		}
		for i, sd := range s.SD {
			if !(sd >= 0 && sd < 100) || s.Blocks[i] < 0 || s.Blocks[i] > maxCorrelationRows {
				return fmt.Errorf("correlations.spreads: pair %d has %v of %d stretches", i, sd, s.Blocks[i])
			}
		}
	}
	return nil
}

// Numeric is a value as a number for Correlate: NaN if it is none, or infinite.
func Numeric(v plumbline.Value) float64 {
	if v.Kind != plumbline.Number || !finite(v.Num) {
		return math.NaN()
	}
	return v.Num
}
