package detectors

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"

	"plumbline/profiles"
)

// vocabulary holds the categories of both sides, each with its rows on either, those of one side only included. Whatever is asked of it
// is asked given how many rows a category has on both sides together: without drift it is chance alone on which side they are, for a
// category the baseline never saw as for any other. To count the baseline's own categories only, or to put those it lacks into a cell
// of their own, would let what was chosen for having rows in the baseline lose some, and a long tail of rare codes would drift for ever.
type vocabulary struct {
	list      []category // by rows on both sides, most first, then by name
	r, c      int64      // rows in categories that are not told apart
	most      float64    // rows that a category not told apart hardly exceeds, both sides together
	unlisted  int64      // rows of the window in categories not told apart that the baseline lacks
	unlistedR int64      // rows of the baseline in categories not told apart
}

type category struct {
	name string
	r, c int64
}

func (k category) rows() int64 { return k.r + k.c }

// vocabularyOf unites the categories of two features that are counted on the same known ones.
func vocabularyOf(ref, cur *profiles.Feature) vocabulary {
	values, r := ref.Known()
	_, c := cur.Known()
	v := vocabulary{r: ref.Other(), c: cur.Other(), unlistedR: ref.Other()}
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
	at := map[string]int{}
	for _, u := range ref.UnseenValues() {
		at[u.Value] = len(v.list)
		v.list = append(v.list, category{u.Value, u.Count, 0})
	}
	listedR, listedC := sumOf(ref.UnseenValues()), sumOf(cur.UnseenValues())
	fewest := int64(1)
	for _, u := range cur.UnseenValues() {
		fewest = u.Count // the list is by count
		if i, ok := at[u.Value]; ok {
			v.list[i].c = u.Count
			continue
		}
		v.list = append(v.list, category{u.Value, 0, u.Count})
	}
	if over := cur.Unseen() - listedC; over > 0 {
		v.unlisted, v.c, v.most = over, v.c+over, float64(fewest)
	}
	if over := ref.Unseen() - listedR; over > 0 {
		v.r, v.unlistedR = v.r+over, v.unlistedR+over
	}
	if ref.Other() > 0 && least < math.MaxInt64 {
		// Those not kept by name had no more rows than any that is; three standard deviations away none is taken for one of them.
		both := 1 + float64(cur.N)/math.Max(float64(ref.N), 1)
		v.most = math.Max(v.most, (float64(least)+3*math.Sqrt(float64(least)))*both)
	}
	slices.SortFunc(v.list, func(a, b category) int {
		return cmp.Or(cmp.Compare(b.rows(), a.rows()), cmp.Compare(a.name, b.name))
	})
	return v
}

func sumOf(list []profiles.Category) (n int64) {
	for _, c := range list {
		n += c.Count
	}
	return n
}

// cells are the counts that p-values of the whole distribution rest on, in an order in which merging neighbours pools the rare ones.
// Categories not told apart, and those no larger than they may be, are one cell.
func (v vocabulary) cells(missingR, missingC int64) (r, c []int64) {
	restR, restC := v.r, v.c
	for _, k := range v.list {
		if restR+restC > 0 && float64(k.rows()) <= v.most {
			restR, restC = restR+k.r, restC+k.c
			continue
		}
		r, c = append(r, k.r), append(c, k.c)
	}
	return append([]int64{missingR}, append(r, restR)...), append([]int64{missingC}, append(c, restC)...)
}

// newcomers is the P of [NewCategories], and how many rows of the window are expected to be in such categories. The number of these is a sum
// of nearly independent indicators, whose upper tail Poisson's law bounds (Hoeffding 1956; Le Cam 1960); of categories with one row its
// mean is n N1/(n+m), Good and Turing's estimate. A category not told apart counts as though it had one row.
func (v vocabulary) newcomers(n, m int64) (p, rows float64) {
	d, largest := v.unlisted, int64(min(v.unlisted, 1))
	mean := float64(v.unlisted+v.unlistedR) * inWindow(1, n, m)
	rows = mean
	for _, k := range v.list {
		if k.r == 0 {
			d, largest = d+1, max(largest, k.c)
		}
		q := inWindow(k.rows(), n, m)
		mean, rows = mean+q, rows+q*float64(k.rows())
	}
	if d == 0 {
		return 1, rows
	}
	size := 0.0
	for _, k := range v.list {
		if k.rows() >= largest {
			size += inWindow(k.rows(), n, m)
		}
	}
	if largest <= 1 {
		size = mean
	}
	return math.Min(1, 2*math.Min(mathext.GammaIncReg(float64(d), mean), size)), rows
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
// exceeds the expected share, at least 0; SD Cohen's h of the two, at least 0; P is that of [vocabulary.newcomers].
func newcomers(v vocabulary, unseen, n, m int64) Result {
	if m <= 0 {
		return none(n, 0, "no baseline")
	}
	res := Share(unseen, n)
	res.M = m
	if res.Value == nil {
		return res
	}
	p, rows := v.newcomers(n, m)
	share, expected := *res.Value, math.Min(1, rows/float64(n))
	res.Effect = number(math.Max(0, share-expected))
	res.SD = number(math.Max(0, 2*math.Asin(math.Sqrt(share))-2*math.Asin(math.Sqrt(expected))))
	res.P = probability(p)
	return res
}

// inWindow is C(n, t)/C(n+m, t).
func inWindow(t, n, m int64) float64 {
	if t > n {
		return 0
	}
	if t > 100 {
		log := func(x int64) float64 { l, _ := math.Lgamma(float64(x) + 1); return l }
		return math.Exp(log(n) - log(n-t) - log(n+m) + log(n+m-t))
	}
	q := 1.0
	for i := int64(0); i < t && q > 0; i++ {
		q *= float64(n-i) / float64(n+m-i)
	}
	return q
}
