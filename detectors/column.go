package detectors

import (
	"slices"
	"sort"
	"strconv"

	"plumbline"
	"plumbline/profiles"
)

// column holds the cells on which a feature's distribution is compared.
type column struct {
	labels   []string
	ref, cur []int64
}

// Cells beside the categories themselves.
const (
	cellUnseen  = "<unseen>"  // never in the baseline
	cellOther   = "<other>"   // in the baseline, but not kept by name
	cellMissing = "<missing>" // null, absent or NaN
	cellRest    = "<rest>"    // in evidence: all cells not shown
)

// columnOf cuts a number at the baseline's deciles, without missing values, and takes a category as it is, with cells for unseen,
// other and missing values. Cells empty on both sides are left out of categories.
func columnOf(ref, cur *profiles.Feature) (column, string) {
	if ref.Type.Numeric() {
		return numberColumn(ref, cur)
	}
	return categoryColumn(ref, cur)
}

func numberColumn(ref, cur *profiles.Feature) (column, string) {
	g := ref.Grid()
	if g == nil {
		return column{}, "the baseline has no cells for this feature"
	}
	r, c, reason := gridCounts(ref, cur)
	if reason != "" {
		return column{}, reason
	}
	cuts := g.Deciles(r)
	edges := make([]float64, len(cuts))
	for i, cut := range cuts {
		edges[i] = g.Edges[cut]
	}
	return column{labels: intervals(edges), ref: profiles.Group(r, cuts), cur: profiles.Group(c, cuts)}, ""
}

// gridCounts returns both sides' counts on the same grid.
func gridCounts(ref, cur *profiles.Feature) (r, c []int64, reason string) {
	g, h := ref.Grid(), cur.Grid()
	switch {
	case g == nil:
		return nil, nil, "the baseline has no cells for this feature"
	case cur.N == 0:
		return ref.Counts(), make([]int64, g.Cells()), ""
	case h == nil:
		return nil, nil, "the window was not counted on the baseline's cells"
	case g != h && !slices.Equal(g.Edges, h.Edges):
		return nil, nil, "the window was counted on another baseline's cells"
	}
	return ref.Counts(), cur.Counts(), ""
}

func categoryColumn(ref, cur *profiles.Feature) (column, string) {
	values, r := ref.Known()
	curValues, c := cur.Known()
	switch {
	case values == nil:
		return column{}, "the baseline has no cells for this feature"
	case curValues == nil && cur.N == 0:
		c = make([]int64, len(values))
	case curValues == nil:
		return column{}, "the window was not counted on the baseline's categories"
	case !slices.Equal(values, curValues):
		return column{}, "the window was counted on another baseline's categories"
	}
	var col column
	add := func(label string, r, c int64) {
		if r != 0 || c != 0 {
			col.labels, col.ref, col.cur = append(col.labels, label), append(col.ref, r), append(col.cur, c)
		}
	}
	for i, v := range values {
		add(v, r[i], c[i])
	}
	add(cellOther, ref.Other(), cur.Other())
	add(cellUnseen, ref.Unseen(), cur.Unseen())
	add(cellMissing, ref.Missing, cur.Missing)
	return col, ""
}

// law is the table that p-values of a feature's column rest on; nil if it is that of the value. The categories that a part of the traffic
// lacks were not chosen for it, as the baseline's own were: then one cell for all of them will do.
func law(ref, cur *profiles.Feature) *table {
	if ref.Type.Numeric() {
		return nil
	}
	if ref.Unseen() > 0 {
		col, _ := categoryColumn(ref, cur)
		t, _ := newTable(ByFrequency(col.ref, col.cur))
		return &t
	}
	t, _ := newTable(vocabularyOf(ref, cur).cells(ref.Missing, cur.Missing))
	return &t
}

// intervals labels the cells between edges: "≤ 24.1", "24.1 – 28.9", "> 28.9".
func intervals(edges []float64) []string {
	if len(edges) == 0 {
		return []string{"all"}
	}
	text := func(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }
	labels := []string{"≤ " + text(edges[0])}
	for j := 1; j < len(edges); j++ {
		labels = append(labels, text(edges[j-1])+" – "+text(edges[j]))
	}
	return append(labels, "> "+text(edges[len(edges)-1]))
}

// maxEvidence is how many cells a finding shows.
const maxEvidence = 24

// evidence returns the cells as shares. Of many categories it keeps those whose shares differ most, in their order, and joins the
// rest.
func (c column) evidence() *plumbline.Bins {
	m, okM := total(c.ref)
	n, okN := total(c.cur)
	if !okM || !okN || len(c.labels) == 0 {
		return nil
	}
	share := func(k, n int64) float64 {
		if n == 0 {
			return 0
		}
		return float64(k) / float64(n)
	}
	keep := make([]int, len(c.labels))
	for j := range keep {
		keep[j] = j
	}
	if len(keep) > maxEvidence {
		keep = sortedBy(len(c.labels), func(j int) float64 {
			d := share(c.cur[j], n) - share(c.ref[j], m)
			return min(d, -d)
		})[:maxEvidence-1]
		sort.Ints(keep)
	}
	bins := &plumbline.Bins{}
	add := func(label string, r, c int64) {
		bins.Labels = append(bins.Labels, label)
		bins.Baseline, bins.Current = append(bins.Baseline, share(r, m)), append(bins.Current, share(c, n))
	}
	restR, restC := m, n
	for _, j := range keep {
		add(c.labels[j], c.ref[j], c.cur[j])
		restR, restC = restR-c.ref[j], restC-c.cur[j]
	}
	if len(keep) < len(c.labels) {
		add(cellRest, restR, restC)
	}
	return bins
}
