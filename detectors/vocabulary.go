package detectors

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"

	"plumbline/profiles"
)

// vocabulary holds the categories of a baseline and a window, each with its rows on either side. Whatever is asked of it is asked given
// how many rows a category has on both sides together: without drift it is chance alone on which side they are, for a category the
// baseline never saw as for any other. To count the baseline's own categories only, or to put those it lacks into a cell of their own,
// would let what was chosen for having rows in the baseline lose some, and a long tail of rare codes would drift for ever.
type vocabulary struct {
	list         []category
	restR, restC int64 // rows in categories that are not told apart
	overflow     int64 // of restC: in categories that the baseline lacks
	most         int64 // rows on both sides that a category not told apart does not exceed without drift
}

type category struct {
	name string
	r, c int64
}

func (k category) rows() int64 { return k.r + k.c }

// Probabilities that chance puts all rows of a category into the window: from the first on that does not happen, from the second on it is
// seldom enough for the category not to be one that was named by chance.
const (
	neverInWindow  = 1e-10
	seldomInWindow = 0.05
)

// vocabularyOf unites the categories of a baseline, or of a part of it, and of a window counted on it. The baseline has no unseen ones.
func vocabularyOf(ref, cur *profiles.Feature) vocabulary {
	values, r := ref.Known()
	_, c := cur.Known()
	v := vocabulary{restR: ref.Other(), restC: cur.Other()}
	least := int64(math.MaxInt64)
	for i, name := range values {
		k := category{name, r[i], 0}
		if c != nil {
			k.c = c[i]
		}
		if k.rows() > 0 {
			v.list = append(v.list, k)
		}
		if k.r > 0 {
			least = min(least, k.r)
		}
	}
	v.overflow = cur.Unseen()
	for _, u := range cur.UnseenValues() {
		v.list = append(v.list, category{u.Value, 0, u.Count})
		v.overflow -= u.Count
	}
	v.restC += v.overflow
	if v.overflow > 0 { // names are kept as they come: the largest may be among those that were not
		v.most = inWindowAtMost(neverInWindow, cur.N, ref.N)
	}
	if ref.Other() > 0 && least < math.MaxInt64 {
		// Those not kept by name had no more rows than any that is; three standard deviations away none is taken for one of them.
		both := 1 + float64(cur.N)/math.Max(float64(ref.N), 1)
		v.most = max(v.most, int64((float64(least)+3*math.Sqrt(float64(least)))*both))
	}
	return v
}

// inWindowAtMost is the number of rows from which on chance puts a whole category into the window with at most this probability.
func inWindowAtMost(p float64, n, m int64) int64 {
	if n <= 0 || m <= 0 {
		return n
	}
	rows := math.Ceil(math.Log(p) / math.Log1p(-float64(m)/(float64(n)+float64(m))))
	return int64(math.Min(rows, float64(n)+float64(m)))
}

// cells are the counts that p-values of the whole distribution rest on, in an order in which merging neighbours pools the rare ones: by
// rows on both sides, then by name. Categories not told apart, and those no larger than they may be, are one cell.
func (v vocabulary) cells(missingR, missingC int64) (r, c []int64) {
	slices.SortFunc(v.list, func(a, b category) int {
		return cmp.Or(cmp.Compare(b.rows(), a.rows()), cmp.Compare(a.name, b.name))
	})
	restR, restC := v.restR, v.restC
	for _, k := range v.list {
		if restR+restC > 0 && k.rows() <= v.most {
			restR, restC = restR+k.r, restC+k.c
			continue
		}
		r, c = append(r, k.r), append(c, k.c)
	}
	return append(r, missingR, restR), append(c, missingC, restC)
}

// chance is the P of [NewCategories], and how many rows of the window are expected to be in such categories. The number of these is a sum
// of nearly independent indicators, whose upper tail Poisson's law bounds (Hoeffding 1956; Le Cam 1960); of categories with one row its
// mean is n N1/(n+m), Good and Turing's estimate. Of the baseline's rows in categories not told apart each counts as one. Where the window has
// such, too, how many categories are new is not known, and only the largest is judged.
func (v vocabulary) chance(n, m int64) (p, rows float64) {
	d, largest := int64(0), min(v.overflow, 1)
	mean := float64(v.restR+v.overflow) * allAmong(1, n, m)
	rows = mean
	for _, k := range v.list {
		if k.r == 0 {
			d, largest = d+1, max(largest, k.c)
		}
		q := allAmong(k.rows(), n, m)
		mean, rows = mean+q, rows+q*float64(k.rows())
	}
	if largest == 0 {
		return 1, rows
	}
	size := float64(v.restR+v.restC) / float64(largest) * allAmong(largest, n, m) // as many as could be so large
	for _, k := range v.list {
		if k.rows() >= largest {
			size += allAmong(k.rows(), n, m)
		}
	}
	if v.overflow == 0 {
		size = math.Min(size, mathext.GammaIncReg(float64(d), mean))
	}
	return math.Min(1, 2*size), rows
}

// NewCategories tests whether a window holds more categories that the baseline lacks, or larger ones, than chance brings. ref and cur are
// the counts of all categories that either side has, in the same order.
//
// Value is the share of the window's rows in categories without a row in the baseline, with its 95 % [Wilson] interval; Effect what exceeds the
// share that chance leads to expect, at least 0; SD Cohen's h of the two, at least 0. P is twice the smaller of P(D >= d), D Poisson with
// mean sum_k Q(t_k), for the d categories of the window only, and sum over t_k >= t of Q(t_k) for the largest of them, of t rows: category k
// has t_k rows on both sides, all of which are in the window with probability Q(t) = C(n, t)/C(n+m, t). It holds given the t_k, so a long
// tail of rare categories is no drift. Reason when: no baseline, no rows, rows of different lengths, a negative count.
func NewCategories(ref, cur []int64) Result {
	m, okR := total(ref)
	n, okC := total(cur)
	if !okR || !okC || len(ref) != len(cur) {
		return none(n, m, "the counts are negative, overflow or are of different categories")
	}
	var v vocabulary
	unseen := int64(0)
	for j := range ref {
		if ref[j] == 0 {
			unseen += cur[j]
		}
		if ref[j]+cur[j] > 0 {
			v.list = append(v.list, category{r: ref[j], c: cur[j]})
		}
	}
	return newcomers(v, unseen, n, m)
}

// newcomers is the share of a window's rows in categories that the baseline lacks. Value is unseen/n with its 95 % [Wilson] interval, Effect what
// exceeds the expected share, at least 0; SD Cohen's h of the two, at least 0; P is that of [vocabulary.chance].
func newcomers(v vocabulary, unseen, n, m int64) Result {
	if m <= 0 {
		return none(n, 0, "no baseline")
	}
	res := Share(unseen, n)
	res.M = m
	if res.Value == nil {
		return res
	}
	p, rows := v.chance(n, m)
	share, expected := *res.Value, math.Min(1, rows/float64(n))
	res.Effect = number(math.Max(0, share-expected))
	res.SD = number(math.Max(0, 2*math.Asin(math.Sqrt(share))-2*math.Asin(math.Sqrt(expected))))
	res.P = probability(p)
	return res
}
