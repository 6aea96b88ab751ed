package incumbents

import (
	"fmt"
	"math"
	"slices"
	"sort"
)

// NannyMLVersion is the release whose numbers NannyML's functions are held to.
const NannyMLVersion = "0.13.1"

// nannyMLChunks is the number of chunks NannyML makes by default, of the reference and of the current rows alike.
const nannyMLChunks = 10

// nannyMLBinned is the reference size from which NannyML estimates two statistics on nannyMLBins bins instead of the rows.
const (
	nannyMLBinned = 10_000
	nannyMLBins   = 10_000
)

// NannyMLMethods returns NannyML's methods for a column; the first is its default.
func NannyMLMethods(c Column) []string {
	if c.numeric() {
		return []string{"jensen_shannon", "kolmogorov_smirnov", "wasserstein", "hellinger"}
	}
	return []string{"jensen_shannon", "chi2", "l_infinity", "hellinger"}
}

// NannyML is what UnivariateDriftCalculator says of a column, one finding for each chunk of the current rows and each method; without a
// method for jensen_shannon, its default. Both data sets are cut, in the order of their rows, into ten chunks of a tenth of their rows;
// one to nine rows left over are an eleventh chunk, as NannyML keeps them. The threshold is the mean of the method over the reference's
// chunks plus three standard deviations (divisor the number of chunks), where each chunk is compared with the whole reference, itself
// included; an alert is a value above it. Rows without a value count for the chunks and not for the method.
//
//	jensen_shannon      numbers: Doane's bins of the reference, what lies outside in one more; categories: the reference's, all others in
//	                    one more; base 2, square root
//	hellinger           on the same bins
//	kolmogorov_smirnov  of the rows; from 10,000 reference rows on, on 10,000 equal bins between the reference's extremes
//	wasserstein         the same two ways, in units of the column
//	chi2                the contingency statistic, with Yates' correction if there are two values; alert if p < 0.05. NannyML shows
//	                    no threshold; the one here is where p = 0.05
//	l_infinity          the largest difference of a share
func NannyML(name string, ref, cur Column, methods ...string) []Finding {
	if len(methods) == 0 {
		methods = NannyMLMethods(ref)[:1]
	}
	var out []Finding
	for _, method := range methods {
		fitted, f := fitNannyML(name, method, ref, chunks(ref.Rows(), ref.Rows()/nannyMLChunks))
		bounds := chunks(cur.Rows(), cur.Rows()/nannyMLChunks)
		if f.OK() && bounds == nil {
			f = f.none(fmt.Sprintf("NannyML needs %d rows to make its chunks", nannyMLChunks))
		}
		if !f.OK() {
			out = append(out, f)
			continue
		}
		for i, b := range bounds {
			found := fitted.judge(f, cur.Slice(b[0], b[1]))
			found.Chunk = i + 1
			out = append(out, found)
		}
	}
	return out
}

// NannyMLSummary is one finding for the chunks of one column and method: the one furthest above its threshold, with Drift if any chunk
// has it, and how many do. Chunk is that chunk's number.
func NannyMLSummary(chunks []Finding) (highest Finding, alerts int) {
	for i, f := range chunks {
		if f.Drift {
			alerts++
		}
		if i == 0 || f.OK() && (!highest.OK() || f.Value-f.Threshold > highest.Value-highest.Threshold) {
			highest = f
		}
	}
	return highest, alerts
}

// NannyMLWindow is what NannyML says of the current rows as one chunk, if the reference is cut into chunks of size rows: its calculator
// with chunk_size. If size is not below the reference's rows, there is one reference chunk, whose distance to itself is 0: the
// threshold is 0 too.
func NannyMLWindow(name, method string, ref, cur Column, size int) Finding {
	fitted, f := fitNannyML(name, method, ref, chunks(ref.Rows(), min(size, ref.Rows())))
	if !f.OK() {
		return f
	}
	return fitted.judge(f, cur)
}

// chunks cuts rows into pieces of size rows; what is left over is a piece of its own. Nil if size is 0.
func chunks(rows, size int) [][2]int {
	if size < 1 {
		return nil
	}
	var out [][2]int
	for from := 0; from < rows; from += size {
		out = append(out, [2]int{from, min(from+size, rows)})
	}
	return out
}

// nannyML is a method fitted to a reference.
type nannyML struct {
	method    string
	threshold float64
	numeric   bool
	rows      []float64          // the reference ascending, for numbers
	counts    map[string]float64 // the reference's categories
	n         int
	edges     []float64
	shares    []float64 // of the bins or of the categories in levels
	levels    []string
	cdf       []float64 // at the upper edges
}

func fitNannyML(name, method string, ref Column, bounds [][2]int) (*nannyML, Finding) {
	f := Finding{Name: name, Test: method}
	if !slices.Contains(NannyMLMethods(ref), method) {
		return nil, f.none(fmt.Sprintf("NannyML has no method %q for such a column", method))
	}
	if bounds == nil {
		return nil, f.none(fmt.Sprintf("NannyML needs %d rows to make its chunks", nannyMLChunks))
	}
	m := &nannyML{method: method, numeric: ref.numeric()}
	if m.numeric {
		m.rows = ref.sorted()
		m.n = len(m.rows)
	} else {
		m.counts = ref.counts()
		m.n = int(totalOf(m.counts))
	}
	if m.n == 0 {
		return nil, f.none(reasonEmptyReference)
	}
	m.bin()
	var values []float64
	for _, b := range bounds {
		if v, _, _ := m.value(ref.Slice(b[0], b[1])); !math.IsNaN(v) {
			values = append(values, v)
		}
	}
	mean, sd := moments(values)
	m.threshold = mean + 3*sd
	if method == "kolmogorov_smirnov" {
		m.threshold = math.Min(m.threshold, 1)
	}
	return m, f
}

// bin makes the bins of a method that has some.
func (m *nannyML) bin() {
	switch {
	case !m.numeric:
		for level := range m.counts {
			m.levels = append(m.levels, level)
		}
		sort.Strings(m.levels)
		for _, level := range m.levels {
			m.shares = append(m.shares, m.counts[level]/float64(m.n))
		}
		return
	case m.method == "jensen_shannon" || m.method == "hellinger":
		m.edges = doane(m.rows)
	case m.n < nannyMLBinned:
		return
	case m.method == "kolmogorov_smirnov":
		m.edges = spanned(m.rows[0], m.rows[m.n-1], nannyMLBins)
	default:
		lo, hi := outer(m.rows)
		m.edges = spanned(lo, hi, nannyMLBins)
	}
	m.shares = shares(histogram(m.rows, m.edges), m.n)
	m.cdf = cumulated(m.shares, 0)
}

// judge compares rows with the fitted reference.
func (m *nannyML) judge(f Finding, cur Column) Finding {
	if cur.numeric() != m.numeric {
		return f.none(reasonTypes)
	}
	value, threshold, rows := m.value(cur)
	f.Value, f.Threshold, f.Rows = value, threshold, rows
	if rows == 0 {
		return f.none(reasonEmptyCurrent)
	}
	f.Drift = f.Value > f.Threshold
	return f.checked()
}

// value returns the method's value for rows, NaN if none has a value, the threshold to compare it with, and how many have.
func (m *nannyML) value(cur Column) (value, threshold float64, rows int) {
	if !m.numeric {
		return m.categories(cur.counts())
	}
	x := cur.sorted()
	if len(x) == 0 {
		return math.NaN(), m.threshold, 0
	}
	switch m.method {
	case "jensen_shannon", "hellinger":
		value = m.distance(shares(histogram(x, m.edges), len(x)))
	case "kolmogorov_smirnov":
		if m.edges == nil {
			value = kolmogorovSmirnov(m.rows, x)
			break
		}
		cdf := cumulated(shares(histogram(x, m.edges), len(x)), below(x, m.edges[0]))
		for i := range cdf {
			value = math.Max(value, math.Abs(m.cdf[i]-cdf[i]))
		}
	default:
		if m.edges == nil {
			value = wasserstein(m.rows, x)
			break
		}
		value = m.binnedWasserstein(x)
	}
	return value, m.threshold, len(x)
}

func (m *nannyML) categories(counts map[string]float64) (value, threshold float64, rows int) {
	rows = int(totalOf(counts))
	if rows == 0 {
		return math.NaN(), m.threshold, 0
	}
	switch m.method {
	case "chi2":
		t := tabulate(m.counts, counts)
		statistic, df, _ := contingency(t)
		return statistic, chiSquareQuantile(0.95, df), rows
	case "l_infinity":
		t := tabulate(m.counts, counts)
		for i := range t.ref {
			value = math.Max(value, math.Abs(t.ref[i]/float64(m.n)-t.cur[i]/float64(rows)))
		}
		return value, m.threshold, rows
	}
	q := make([]float64, len(m.levels))
	for i, level := range m.levels {
		q[i] = counts[level] / float64(rows)
	}
	return m.distance(q), m.threshold, rows
}

// distance compares shares of the reference's bins; what they lack of 1 is one more bin, which the reference doesn't have.
func (m *nannyML) distance(q []float64) float64 {
	p := m.shares
	if rest := 1 - total(q); rest > 1e-12 { // a rest of rounding would be a bin of 1e-16, and its square root 1e-8
		p, q = append(slices.Clone(p), 0), append(q, rest)
	}
	if m.method == "hellinger" {
		return hellinger(p, q)
	}
	return jensenShannon(p, q) / math.Sqrt(math.Ln2)
}

// binnedWasserstein sums the differences of the distribution functions at the bins' upper edges times the bins' width, and adds what lies
// outside the reference's extremes. NannyML counts the extreme itself among the values outside, so those are one too many.
func (m *nannyML) binnedWasserstein(x []float64) float64 {
	n := float64(len(x))
	lo, hi := m.edges[0], m.edges[len(m.edges)-1]
	left := sort.SearchFloat64s(x, lo)
	right := len(x) - sort.Search(len(x), func(i int) bool { return x[i] > hi })
	area, shareLeft := 0.0, 0.0
	if left > 0 {
		shareLeft = float64(left+1) / n
		area += shareLeft * outside(append(slices.Clone(x[:left]), lo), false)
	}
	if right > 0 {
		area += float64(right+1) / n * outside(append([]float64{hi}, x[len(x)-right:]...), true)
	}
	cdf, width := cumulated(shares(histogram(x, m.edges), len(x)), shareLeft), m.edges[1]-m.edges[0]
	for i := range cdf {
		area += math.Abs(m.cdf[i]-cdf[i]) * width
	}
	return area
}

// outside is the area under the distribution function of ascending values, or above it.
func outside(x []float64, above bool) float64 {
	area, n := 0.0, float64(len(x))
	for i := 0; i+1 < len(x); i++ {
		f := float64(i+1) / n
		if above {
			f = 1 - f
		}
		area += f * (x[i+1] - x[i])
	}
	return area
}

func cumulated(shares []float64, start float64) []float64 {
	out := make([]float64, len(shares))
	for i, p := range shares {
		start += p
		out[i] = start
	}
	return out
}

func totalOf(counts map[string]float64) float64 {
	sum := 0.0
	for _, k := range counts {
		sum += k
	}
	return sum
}
