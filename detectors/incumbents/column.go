package incumbents

import (
	"maps"
	"math"
	"slices"
)

// A Column is one feature of one data set, row by row: numbers or categories, never both.
type Column struct {
	// Numbers holds a numeric column's values; NaN where the row has none. Nil for categories.
	Numbers []float64
	// Integer says that the file's own type is a whole number and that no row misses one: pandas reads such a column as int64, and
	// Evidently takes up to ten different integers for categories. Numbers written 7.0 are not integers to pandas.
	Integer bool
	// Codes holds a category column's values as places in Levels; -1 where the row has none.
	Codes  []int32
	Levels []string
	// Boolean says that the categories are true and false, not text.
	Boolean bool
}

// Numbers returns a numeric column; NaN is a missing value.
func Numbers(values []float64) Column {
	if values == nil {
		values = []float64{}
	}
	return Column{Numbers: values}
}

// Categories returns a column of categories. A row whose missing is true has no value; missing may be nil.
func Categories(values []string, missing []bool) Column {
	c := Column{Codes: make([]int32, len(values)), Levels: []string{}}
	seen := map[string]int32{}
	for i, v := range values {
		if i < len(missing) && missing[i] {
			c.Codes[i] = -1
			continue
		}
		code, ok := seen[v]
		if !ok {
			code = int32(len(c.Levels))
			seen[v] = code
			c.Levels = append(c.Levels, v)
		}
		c.Codes[i] = code
	}
	return c
}

// Rows returns the number of rows, those without a value included.
func (c Column) Rows() int { return max(len(c.Numbers), len(c.Codes)) }

// Slice returns the rows [from, to).
func (c Column) Slice(from, to int) Column {
	if c.numeric() {
		c.Numbers = c.Numbers[from:to:to]
	} else {
		c.Codes = c.Codes[from:to:to]
	}
	return c
}

// Pick returns the given rows in the given order.
func (c Column) Pick(rows []int) Column {
	if c.numeric() {
		c.Numbers = pick(c.Numbers, rows)
	} else {
		c.Codes = pick(c.Codes, rows)
	}
	return c
}

func pick[T any](values []T, rows []int) []T {
	out := make([]T, len(rows))
	for i, row := range rows {
		out[i] = values[row]
	}
	return out
}

func (c Column) numeric() bool { return c.Numbers != nil }

// sorted returns the numbers in ascending order, without missing values and infinities.
func (c Column) sorted() []float64 {
	out := make([]float64, 0, len(c.Numbers))
	for _, v := range c.Numbers {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return out
}

// counts returns how often each category occurs, those that never do left out.
func (c Column) counts() map[string]float64 {
	n := make([]float64, len(c.Levels))
	for _, code := range c.Codes {
		if code >= 0 && int(code) < len(n) {
			n[code]++
		}
	}
	out := make(map[string]float64, len(n))
	for code, k := range n {
		if k > 0 {
			out[c.Levels[code]] += k
		}
	}
	return out
}

// A table holds what two columns count, value by value of either, in ascending order of the value. Each value has a count in one at
// least.
type table struct {
	ref, cur []float64
}

// tabulate counts the values of two columns of categories.
func tabulate(ref, cur map[string]float64) table {
	levels := slices.Collect(maps.Keys(ref))
	for level := range cur {
		if _, ok := ref[level]; !ok {
			levels = append(levels, level)
		}
	}
	slices.Sort(levels)
	var t table
	for _, level := range levels {
		t.ref, t.cur = append(t.ref, ref[level]), append(t.cur, cur[level])
	}
	return t
}

// tabulateSorted counts the values of two ascending lists of numbers.
func tabulateSorted(ref, cur []float64) table {
	var t table
	for len(ref) > 0 || len(cur) > 0 {
		var v float64
		if len(cur) == 0 || len(ref) > 0 && ref[0] <= cur[0] {
			v = ref[0]
		} else {
			v = cur[0]
		}
		i, j := run(ref, v), run(cur, v)
		t.ref, t.cur = append(t.ref, float64(i)), append(t.cur, float64(j))
		ref, cur = ref[i:], cur[j:]
	}
	return t
}

// run returns how many values at the head of an ascending list equal v.
func run(sorted []float64, v float64) int {
	n := 0
	for n < len(sorted) && sorted[n] == v {
		n++
	}
	return n
}

// distinct counts the different values of an ascending list, up to a limit.
func distinct(sorted []float64, limit int) int {
	n := 0
	for i, v := range sorted {
		if i == 0 || v != sorted[i-1] {
			if n++; n >= limit {
				break
			}
		}
	}
	return n
}

func total(counts []float64) float64 {
	sum := 0.0
	for _, k := range counts {
		sum += k
	}
	return sum
}
