package profiles

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"sync"
)

// Grid holds the frozen cells of a numeric feature. B cells have B-1 strictly ascending inner edges and are right-closed:
// cell j holds edges[j-1] < x <= edges[j]; the first and the last are open-ended. A Grid is immutable.
type Grid struct {
	Edges []float64

	// The guide table maps a value to the first cell it can be in, so that a look-up is a multiplication and a short scan.
	// Buckets are equally wide between two central edges, or, with byBits, follow the bits of the double: 16 per octave.
	byBits    bool
	low, high float64 // the guide covers low < x <= high
	scale     float64
	firstBit  uint64
	guide     []uint16
}

const (
	maxCells     = 4096 // most cells a grid may have
	guideBuckets = 512
)

// NewGrid returns the grid with these inner edges; they must be finite and strictly ascending. No edges make one cell.
func NewGrid(edges []float64) (*Grid, error) {
	if len(edges)+1 > maxCells {
		return nil, fmt.Errorf("%d cells, at most %d are possible", len(edges)+1, maxCells)
	}
	for i, e := range edges {
		if e-e != 0 {
			return nil, fmt.Errorf("edge %d is not a finite number", i)
		}
		if i > 0 && e <= edges[i-1] {
			return nil, fmt.Errorf("edge %d (%v) is not above edge %d (%v)", i, e, i-1, edges[i-1])
		}
	}
	g := &Grid{Edges: slices.Clone(edges)}
	g.index()
	return g, nil
}

// QuantileGrid cuts at quantiles of ascending finite values: at k/240 for k = 1 … 239, so that deciles and twentieths are
// exact edges, and in either tail at 8 ever finer cuts, 1/480, 1/960, … 1/61440. A quantile is the smallest value whose
// empirical distribution function reaches it (numpy's inverted_cdf). Duplicates and the maximum are no edges: at most 256
// cells remain.
func QuantileGrid(sorted []float64) *Grid {
	n := len(sorted)
	if n == 0 {
		g, _ := NewGrid(nil)
		return g
	}
	const finest = 240 << 8
	var edges []float64
	cut := func(k int) { // the quantile k/finest
		rank := int((int64(k)*int64(n) + finest - 1) / finest) // ceil, at least 1
		e := sorted[rank-1]
		if e == 0 {
			e = 0 // one zero, not two
		}
		if e < sorted[n-1] && (len(edges) == 0 || e > edges[len(edges)-1]) {
			edges = append(edges, e)
		}
	}
	for i := 0; i < 8; i++ {
		cut(1 << i)
	}
	for k := 1; k < 240; k++ {
		cut(k << 8)
	}
	for i := 7; i >= 0; i-- {
		cut(finest - 1<<i)
	}
	g, err := NewGrid(edges)
	if err != nil { // values that were not finite or not sorted: a caller's bug, answered with one cell
		g, _ = NewGrid(nil)
	}
	return g
}

// LogGrid is the fixed grid of runtime facts (latency, memory, …), which need no baseline: 16 cells per octave between 2^-10
// and 2^40, one cell for what is below and one for what is above. A quantile read from it is off by at most half a cell,
// 2^(1/32) - 1 = 2.2 %, inside that range.
func LogGrid() *Grid { return logGrid() }

var logGrid = sync.OnceValue(func() *Grid {
	edges := make([]float64, 0, 50*16+1)
	for k := -10 * 16; k <= 40*16; k++ {
		edges = append(edges, math.Exp2(float64(k)/16))
	}
	g := &Grid{Edges: edges, byBits: true}
	g.index()
	return g
})

// Cells returns the number of cells.
func (g *Grid) Cells() int { return len(g.Edges) + 1 }

// index builds the guide table.
func (g *Grid) index() {
	n := len(g.Edges)
	if n < 8 {
		g.low, g.high = math.Inf(1), math.Inf(-1) // too few edges to be worth a guide
		return
	}
	if g.byBits {
		g.low, g.high = g.Edges[0], g.Edges[n-1]
		g.firstBit = math.Float64bits(g.low) >> 48
		buckets := int(math.Float64bits(g.high)>>48-g.firstBit) + 1
		g.guide = make([]uint16, buckets)
		for b := range g.guide {
			g.guide[b] = uint16(g.search(math.Float64frombits((g.firstBit + uint64(b)) << 48)))
		}
		return
	}
	first, last := n/20, n-1-n/20 // the tails are rarely asked for and would stretch the buckets
	g.low, g.high = g.Edges[first], g.Edges[last]
	g.scale = guideBuckets / (g.high - g.low)
	if g.scale-g.scale != 0 || g.scale == 0 {
		g.low, g.high = math.Inf(1), math.Inf(-1)
		return
	}
	g.guide = make([]uint16, guideBuckets+1)
	cell := first
	for b := range g.guide { // the lowest cell any value of the bucket is in, by the arithmetic the look-up uses
		for cell < last && int((g.Edges[cell]-g.low)*g.scale) < b {
			cell++
		}
		g.guide[b] = uint16(cell)
	}
}

// Cell returns the cell of x, from 0 to len(Edges). Infinities fall into the outer cells; NaN has no cell and gives 0.
func (g *Grid) Cell(x float64) int {
	if !(x > g.low && x <= g.high) {
		return g.search(x)
	}
	var b int
	if g.byBits {
		b = int(math.Float64bits(x)>>48 - g.firstBit)
	} else {
		b = int((x - g.low) * g.scale)
	}
	j := int(g.guide[b])
	edges := g.Edges
	for end := j + 8; j < end; j++ {
		if j >= len(edges) || x <= edges[j] {
			return j
		}
	}
	return j + sort.SearchFloat64s(edges[j:], x)
}

// search is the look-up without a guide.
func (g *Grid) search(x float64) int {
	i, j := 0, len(g.Edges)
	for i < j {
		h := int(uint(i+j) >> 1)
		if g.Edges[h] < x {
			i = h + 1
		} else {
			j = h
		}
	}
	return i
}

// Coarsen merges cells into at most k groups of near-equal baseline mass, given the baseline's counts per cell. It returns
// the last cell of every group but the last, so Edges[cut] are the inner edges of the groups. Where the i/k-quantile of the
// baseline is an edge, the cut is exactly there; repeated cuts and a cut at the maximum are left out.
func (g *Grid) Coarsen(k int, ref []int64) (cuts []int) {
	var total int64
	for _, n := range ref {
		total += n
	}
	if total <= 0 || k < 2 {
		return nil
	}
	var sum int64
	i := 1
	for j := 0; j < len(g.Edges) && j < len(ref) && i < k; j++ {
		sum += ref[j]
		reached := false
		for i < k && reaches(sum, total, i, k) {
			i, reached = i+1, true
		}
		if reached && sum < total {
			cuts = append(cuts, j)
		}
	}
	return cuts
}

// reaches reports sum/total >= i/k without rounding for any total below 2^53.
func reaches(sum, total int64, i, k int) bool {
	if total < 1<<40 {
		return sum*int64(k) >= total*int64(i)
	}
	return float64(sum)*float64(k) >= float64(total)*float64(i)
}

// Deciles is Coarsen(10, ref): the bins of the customary PSI.
func (g *Grid) Deciles(ref []int64) (cuts []int) { return g.Coarsen(10, ref) }

// Group sums counts per group, given the last cell of every group but the last.
func Group(counts []int64, cuts []int) []int64 {
	groups := make([]int64, len(cuts)+1)
	k := 0
	for j, n := range counts {
		for k < len(cuts) && j > cuts[k] {
			k++
		}
		groups[k] += n
	}
	return groups
}

// equal reports whether two grids have the same cells.
func (g *Grid) equal(h *Grid) bool {
	return g == h || g != nil && h != nil && slices.Equal(g.Edges, h.Edges)
}

var errOtherCells = errors.New("counted on different cells")
