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

	// How sure R is of independent rows: its variance is Variance/N, which is known as well as that of as many normal numbers as there are
	// degrees of Freedom. Where a correlation rests on a few rows, as of columns that are mostly zero, there are few. Both 0 where the
	// rows leave nothing open, as where r is 1. Baselines of before have neither.
	Variance []float64 `json:"variance,omitempty"`
	Freedom  []float64 `json:"freedom,omitempty"`
	Bias     []float64 `json:"bias,omitempty"` // by how much R is off on average, where it is near ±1; else 0

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
		ranks := rankAll(p)
		for i := range ranks {
			for j := range i {
				k, part := i*(i-1)/2+j, pearson(ranks[i].ranks, ranks[j].ranks)
				if part.n < minSpreadRows {
					continue
				}
				z := math.Atanh(min(max(part.r, -0.999999), 0.999999))
				s.Blocks[k]++
				sums[k] += z
				squares[k] += z * z
			}
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

// Correlate computes the correlations of columns of equal length, in which NaN stands for no value, and how sure they are. Ties have
// their mean rank; ranks are among all of a column's values, also where its partner has none.
func Correlate(features []string, columns [][]float64) *Correlations {
	c := &Correlations{Features: features}
	ranks := rankAll(columns)
	var f influence
	for i := range ranks {
		for j := range i {
			p := pearson(ranks[i].ranks, ranks[j].ranks)
			variance, freedom := f.of(&ranks[i], &ranks[j], &p)
			c.R, c.N = append(c.R, math.Round(p.r*1e9)/1e9), append(c.N, p.n)
			c.Variance, c.Freedom = append(c.Variance, significant(variance)), append(c.Freedom, significant(freedom))
			c.Bias = append(c.Bias, significant(f.bias(&ranks[i], &ranks[j], &p)))
		}
	}
	return c
}

// significant rounds to about seven digits, which is more than a sample can tell.
func significant(x float64) float64 { return float64(float32(x)) }

// ranked is a column's ranks, centred at 0, NaN where there is no value; and the rows that have one, by it.
type ranked struct {
	ranks   []float64
	order   []int
	tied    []bool  // of order: it has the rank of the one before
	differs float64 // the share of pairs of values that differ
}

func rankAll(columns [][]float64) []ranked {
	out := make([]ranked, len(columns))
	for i, x := range columns {
		out[i] = rank(x)
	}
	return out
}

func rank(x []float64) ranked {
	out := ranked{ranks: make([]float64, len(x)), order: make([]int, 0, len(x)), differs: 1}
	for i, v := range x {
		if out.ranks[i] = math.NaN(); v == v {
			out.order = append(out.order, i)
		}
	}
	slices.SortFunc(out.order, func(i, j int) int { return cmp.Compare(x[i], x[j]) })
	out.tied = make([]bool, len(out.order))
	middle := float64(len(out.order)-1) / 2
	for i := 0; i < len(out.order); {
		j := i + 1
		for j < len(out.order) && x[out.order[j]] == x[out.order[i]] {
			j++
		}
		for k, at := range out.order[i:j] {
			out.ranks[at], out.tied[i+k] = float64(i+j-1)/2-middle, k > 0
		}
		tied := float64(j-i) / float64(len(out.order))
		out.differs -= tied * tied
		i = j
	}
	return out
}

// related is a correlation over the rows in which both have a value; n is 0 if one of them is constant there.
type related struct {
	r                      float64
	n                      int64
	meanX, meanY, sdX, sdY float64
}

func pearson(x, y []float64) related {
	var sx, sy, sxx, syy, sxy float64
	n := int64(0)
	for i, a := range x {
		b := y[i]
		if a != a || b != b {
			continue
		}
		n++
		sx, sy, sxx, syy, sxy = sx+a, sy+b, sxx+a*a, syy+b*b, sxy+a*b
	}
	if n < 3 {
		return related{}
	}
	k := float64(n)
	vx, vy := sxx-sx*sx/k, syy-sy*sy/k
	if !(vx > 1e-9*sxx) || !(vy > 1e-9*syy) {
		return related{}
	}
	return related{min(max((sxy-sx*sy/k)/math.Sqrt(vx*vy), -1), 1), n, sx / k, sy / k, math.Sqrt(vx / k), math.Sqrt(vy / k)}
}

// influence computes how far each row moves a rank correlation; its memory is used again.
type influence struct {
	rows, x, y []float64
	tree       []int32
}

// of returns the variance of the rows' influence on r, so that r has the variance/n, and the degrees of freedom of that.
//
// With u and v the standardised ranks, a row moves Pearson's correlation of them by uv - r(u² + v²)/2, and the ranks of all that are above
// it: each u by 1/sd, which moves r by v - ru.
func (f *influence) of(x, y *ranked, p *related) (variance, freedom float64) {
	if p.n == 0 {
		return 0, 0
	}
	k := len(x.ranks)
	f.rows, f.x, f.y = slices.Grow(f.rows[:0], k)[:k], slices.Grow(f.x[:0], k)[:k], slices.Grow(f.y[:0], k)[:k]
	perX, perY, other := 1/p.sdX, 1/p.sdY, y.ranks[:k]
	for i, a := range x.ranks {
		u, v := (a-p.meanX)*perX, (other[i]-p.meanY)*perY
		row, ofX, ofY := u*v-p.r*(u*u+v*v)/2, v-p.r*u, u-p.r*v
		if row != row {
			row, ofX, ofY = 0, 0, 0
		}
		f.rows[i], f.x[i], f.y[i] = row, ofX*perX, ofY*perY
	}
	x.pass(f.rows, f.x)
	y.pass(f.rows, f.y)
	var s2, s4 float64
	for _, d := range f.rows {
		s2, s4 = s2+d*d, s4+d*d*d*d
	}
	n := float64(p.n)
	if s2 <= 1e-18*n {
		return 0, 0
	}
	return s2 / n, 2 / max(s4/(s2*s2)-1/n, 1/(n*n)) // 2n/(kurtosis - 1)
}

// leastBiased is the correlation from which its bias is worth finding: below, that is less than half a standard error of 200 rows.
const leastBiased = 0.98

// bias is how far r is off on average. A row's rank counts every other row once, and that row's place in both columns together: of n rows
// the sums of products of ranks have Kendall's tau in them with a weight of 1/n (Hoeffding 1948), which is far below a correlation near 1.
func (f *influence) bias(x, y *ranked, p *related) float64 {
	if math.Abs(p.r) < leastBiased || math.Abs(p.r) == 1 || p.n == 0 {
		return 0
	}
	n := float64(p.n)
	vx, vy := p.sdX*p.sdX, p.sdY*p.sdY
	wx, wy := vx-float64(len(x.order))*x.differs/4, vy-float64(len(y.order))*y.differs/4
	if !(wx > vx/2) || !(wy > vy/2) {
		return 0
	}
	r := (p.r*p.sdX*p.sdY - f.kendall(x, y, n)*n/4) / math.Sqrt(wx*wy)
	return p.r - min(max(r, -1), 1)
}

// kendall is tau a of the n rows that have both: by how much the share of pairs of rows in the same order exceeds that of pairs in the
// other. It goes through the rows by x and counts those before by y, in a tree (Fenwick 1994).
func (f *influence) kendall(x, y *ranked, n float64) float64 {
	size := 2 * len(y.order)
	f.tree = slices.Grow(f.tree[:0], size+1)[:size+1]
	clear(f.tree)
	place := func(at int) int { return int(2*y.ranks[at]) + len(y.order) } // ranks are halves
	below := func(k int) (count int64) {
		for ; k > 0; k -= k & -k {
			count += int64(f.tree[k])
		}
		return count
	}
	sum, seen := int64(0), int64(0)
	for i := 0; i < len(x.order); {
		j := i
		for ; j < len(x.order) && x.ranks[x.order[j]] == x.ranks[x.order[i]]; j++ {
			if at := x.order[j]; y.ranks[at] == y.ranks[at] {
				sum += below(place(at)-1) + below(place(at)) - seen
			}
		}
		for _, at := range x.order[i:j] {
			if y.ranks[at] != y.ranks[at] {
				continue
			}
			for k := place(at); k <= size; k += k & -k {
				f.tree[k]++
			}
			seen++
		}
		i = j
	}
	return float64(sum) / (n * (n - 1) / 2)
}

// pass adds to each row what it does by the ranks above its own, which count half where they are equal.
func (x *ranked) pass(rows, moves []float64) {
	above := 0.0
	for j := len(x.order) - 1; j >= 0; j-- {
		if x.tied[j] {
			j, above = x.passTied(rows, moves, j, above)
			continue
		}
		at := x.order[j]
		m := moves[at]
		rows[at] += above + m/2
		above += m
	}
}

// passTied is pass for the run of equal ranks that ends at j; it returns where the run begins, and the sum with it.
func (x *ranked) passTied(rows, moves []float64, j int, above float64) (begin int, with float64) {
	begin = j
	sum := moves[x.order[begin]]
	for x.tied[begin] {
		begin--
		sum += moves[x.order[begin]]
	}
	for _, at := range x.order[begin : j+1] {
		rows[at] += above + sum/2
	}
	return begin, above + sum
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
	known := c.Variance != nil || c.Freedom != nil || c.Bias != nil
	if known && (len(c.Variance) != len(c.R) || len(c.Freedom) != len(c.R) || len(c.Bias) != len(c.R)) {
		return fmt.Errorf("correlations: %d variances, %d degrees of freedom and %d biases of %d pairs", len(c.Variance), len(c.Freedom), len(c.Bias), len(c.R))
	}
	for i, v := range c.Variance {
		if f, b := c.Freedom[i], c.Bias[i]; !(v >= 0 && v < math.MaxFloat32) || !(f >= 0 && f < math.MaxFloat32) || !(math.Abs(b) <= 2) {
			return fmt.Errorf("correlations: pair %d has a variance of %v with %v degrees of freedom and a bias of %v", i, v, f, b)
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
