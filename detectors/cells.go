package detectors

import (
	"fmt"
	"math"
)

// MinExpected is the least expected count of a cell, on either side, for the chi-square law to hold (Cochran's rule).
const MinExpected = 5

// enough is a little less, so that ten cells of a baseline stay ten in a window of 50 rows whichever of them it leaves empty: were cells
// merged by what the window holds, its score would have another law than those of the baseline's own windows.
const enough = 0.9 * MinExpected

// table holds the counts of the same cells on both sides, without cells that are empty on both.
type table struct {
	r, c []int64
	m, n int64
	phi  float64 // design effect: 1 for independent rows
	law  *table  // the cells that p-values rest on, where these are others; nil: these
}

// newTable returns an invalid table's reason, or "". The order of cells is kept: neighbours stay neighbours.
func newTable(ref, cur []int64) (table, string) {
	t := table{phi: 1}
	var okR, okC bool
	t.m, okR = total(ref)
	t.n, okC = total(cur)
	switch {
	case !okR || !okC:
		return table{phi: 1}, "a count is negative or the counts overflow"
	case t.m == 0:
		return t, "no baseline"
	case len(ref) != len(cur):
		return t, "the baseline and the window have different cells"
	case t.n == 0:
		return t, "no rows in the window"
	}
	for j := range ref {
		if ref[j] != 0 || cur[j] != 0 {
			t.r, t.c = append(t.r, ref[j]), append(t.c, cur[j])
		}
	}
	switch {
	case min(t.n, t.m) < MinRows:
		return t, tooFew(t.n, t.m)
	case len(t.r) < 2:
		return t, "fewer than two cells have rows"
	}
	return t, ""
}

// onTable runs a statistic of a valid table.
func onTable(ref, cur []int64, statistic func(table) Result) Result {
	t, reason := newTable(ref, cur)
	if reason != "" {
		return none(t.n, t.m, "%s", reason)
	}
	return statistic(t)
}

// total sums counts; false if one is negative or the sum exceeds 2^53, up to which float64 is exact.
func total(counts []int64) (int64, bool) {
	const limit = 1 << 53
	var sum int64
	for _, k := range counts {
		if k < 0 || k > limit || sum > limit-k {
			return 0, false
		}
		sum += k
	}
	return sum, true
}

// sampling is c0 = 1/n + 1/m.
func (t table) sampling() float64 { return 1/float64(t.n) + 1/float64(t.m) }

// noise is c0 as large as the rows' dependence makes it.
func (t table) noise() float64 { return t.phi * t.sampling() }

// merged joins each cell whose expected count is under MinExpected, less a tenth, on either side with the next one, and what is left over with
// the last. Joining cells can only shrink a distance, so a bound or a rejection on the merged table holds for the full one. Where p-values rest
// on other cells than the value it is those that are merged.
func (t table) merged() table {
	if t.law != nil {
		law := *t.law
		law.phi = t.phi
		return law.merged()
	}
	// The smaller side's expected count of a cell is its pooled share of the smaller side's rows.
	scale := math.Min(float64(t.n), float64(t.m)) / (float64(t.n) + float64(t.m))
	out := table{n: t.n, m: t.m, phi: t.phi}
	var r, c int64
	for j := range t.r {
		r, c = r+t.r[j], c+t.c[j]
		if scale*(float64(r)+float64(c)) >= enough {
			out.r, out.c = append(out.r, r), append(out.c, c)
			r, c = 0, 0
		}
	}
	if last := len(out.r) - 1; last >= 0 {
		out.r[last] += r
		out.c[last] += c
	}
	return out
}

// mergeNote says that p rests on fewer cells than the value.
func mergeNote(all, merged table) string {
	switch {
	case len(merged.r) >= len(all.r):
		return ""
	case len(merged.r) < 2:
		return fmt.Sprintf("no p-value: fewer than two cells expect %d rows", MinExpected)
	}
	return fmt.Sprintf("p-value and bounds from %d of %d cells, merged to an expected count of %d", len(merged.r), len(all.r), MinExpected)
}

// ByFrequency returns copies of two rows of unordered cells with the most frequent first, so that merging neighbours pools the
// rare ones. Rows of different lengths come back unchanged.
func ByFrequency(ref, cur []int64) (r, c []int64) {
	if len(ref) != len(cur) {
		return ref, cur
	}
	order := sortedBy(len(ref), func(j int) float64 { return -(float64(ref[j]) + float64(cur[j])) })
	r, c = make([]int64, len(ref)), make([]int64, len(ref))
	for i, j := range order {
		r[i], c[i] = ref[j], cur[j]
	}
	return r, c
}
