package profiles

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"plumbline"
)

// maxEvidence is the most bins a picture or a finding shows.
const maxEvidence = 20

// RebinPair renders the baseline and the window as the same few bins, for people: numbers in bins of near-equal baseline
// mass, categories by name, the most frequent first, then what is other, unseen, invalid and missing where there is any.
// Shares are of all records and sum to 1, or are all 0 without records. Either feature may be nil. Numbers without cells have
// no bins of their own.
func RebinPair(ref, cur *Feature, bins int) plumbline.Bins {
	of := ref
	if of == nil || of.N == 0 && cur != nil {
		of = cur
	}
	if of == nil {
		return plumbline.Bins{Labels: []string{}, Baseline: []float64{}, Current: []float64{}}
	}
	e := evidence{ref: ref, cur: cur}
	bins = min(max(bins, 1), maxEvidence-2)
	if categorical(of.Type) {
		e.categories(bins)
	} else if g := of.Grid(); g != nil {
		e.numbers(g, of, bins)
	}
	e.add("invalid", invalid(ref), invalid(cur))
	e.add("missing", missing(ref), missing(cur))
	return e.shares()
}

func invalid(f *Feature) int64 {
	if f == nil {
		return 0
	}
	return f.Invalid
}

func missing(f *Feature) int64 {
	if f == nil {
		return 0
	}
	return f.Missing
}

type evidence struct {
	ref, cur *Feature
	labels   []string
	a, b     []int64
}

// add appends a bin unless both sides are empty.
func (e *evidence) add(label string, a, b int64) {
	if a != 0 || b != 0 {
		e.put(label, a, b)
	}
}

func (e *evidence) put(label string, a, b int64) {
	e.labels = append(e.labels, label)
	e.a = append(e.a, a)
	e.b = append(e.b, b)
}

func (e *evidence) numbers(g *Grid, of *Feature, bins int) {
	cuts := g.Coarsen(bins, of.Counts())
	a, b := make([]int64, len(cuts)+1), make([]int64, len(cuts)+1)
	if e.ref != nil && e.ref.Grid().equal(g) {
		a = Group(e.ref.Counts(), cuts)
	}
	if e.cur != nil && e.cur.Grid().equal(g) {
		b = Group(e.cur.Counts(), cuts)
	}
	for i := range a {
		switch {
		case i < len(cuts):
			e.put("≤ "+Short(g.Edges[cuts[i]]), a[i], b[i])
		case len(cuts) > 0:
			e.put("> "+Short(g.Edges[cuts[i-1]]), a[i], b[i])
		default:
			e.put("all", a[i], b[i])
		}
	}
}

func (e *evidence) categories(bins int) {
	type pair struct {
		value string
		a, b  int64
	}
	byName := map[string]*pair{}
	at := func(v string) *pair {
		if byName[v] == nil {
			byName[v] = &pair{value: v}
		}
		return byName[v]
	}
	var otherA, otherB, unseenB int64
	total := [2]float64{1, 1}
	if e.ref != nil {
		for _, c := range e.ref.Categories() {
			at(c.Value).a = c.Count
		}
		otherA, total[0] = e.ref.Other()+e.ref.Unseen(), math.Max(1, float64(e.ref.N))
	}
	if e.cur != nil {
		for _, c := range e.cur.Categories() {
			at(c.Value).b = c.Count
		}
		otherB, unseenB, total[1] = e.cur.Other(), e.cur.Unseen(), math.Max(1, float64(e.cur.N))
	}
	all := make([]*pair, 0, len(byName))
	for _, p := range byName {
		all = append(all, p)
	}
	weight := func(p *pair) float64 { return math.Max(float64(p.a)/total[0], float64(p.b)/total[1]) }
	slices.SortFunc(all, func(p, q *pair) int {
		if x, y := weight(p), weight(q); x != y {
			if x > y {
				return -1
			}
			return 1
		}
		return byValue(Category{Value: p.value}, Category{Value: q.value})
	})
	room := max(bins-2, 1)
	for i, p := range all {
		if i < room {
			e.put(p.value, p.a, p.b)
		} else {
			otherA, otherB = otherA+p.a, otherB+p.b
		}
	}
	e.add("other", otherA, otherB)
	e.add("unseen", 0, unseenB)
}

func (e *evidence) shares() plumbline.Bins {
	share := func(counts []int64) []float64 {
		out := make([]float64, len(counts))
		var total float64
		for _, n := range counts {
			total += float64(n)
		}
		if total > 0 {
			for i, n := range counts {
				out[i] = float64(n) / total
			}
		}
		return out
	}
	if e.labels == nil {
		e.labels = []string{}
	}
	return plumbline.Bins{Labels: e.labels, Baseline: share(e.a), Current: share(e.b)}
}

// Short renders a number for people: four significant digits, no trailing zeros.
func Short(x float64) string {
	if a := math.Abs(x); a >= 1e4 && a < 1e15 {
		return fmt.Sprintf("%.0f", x)
	}
	r, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 4, 64), 64)
	if err != nil {
		return strconv.FormatFloat(x, 'g', 4, 64)
	}
	return Decimal(r)
}
