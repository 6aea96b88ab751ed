package exact

import (
	"fmt"
	"math"
	"slices"

	"plumbline/detectors"
)

// pair holds both columns, ascending.
type pair struct{ ref, cur []float64 }

// sorted returns a reason if there is nothing to compare: fewer than least values on a side, or NaN.
func sorted(ref, cur []float64, least int) (pair, string) {
	switch {
	case len(ref) == 0:
		return pair{}, "no baseline"
	case len(cur) == 0:
		return pair{}, "no rows in the window"
	case len(cur) < least:
		return pair{}, fmt.Sprintf("%d rows in the window, at least %d are needed", len(cur), least)
	case len(ref) < least:
		return pair{}, fmt.Sprintf("%d rows in the baseline, at least %d are needed", len(ref), least)
	}
	p := pair{ascending(ref), ascending(cur)}
	if math.IsNaN(p.ref[0]) || math.IsNaN(p.cur[0]) { // sorting puts them first
		return pair{}, "a value is NaN"
	}
	return p, ""
}

func ascending(v []float64) []float64 {
	if slices.IsSorted(v) {
		return v
	}
	v = slices.Clone(v)
	slices.Sort(v)
	return v
}

// each calls f for every distinct value, ascending, with how often it occurs on each side.
func (p pair) each(f func(value float64, r, c int64)) {
	ref, cur := p.ref, p.cur
	for len(ref) > 0 || len(cur) > 0 {
		var v float64
		if len(cur) == 0 || len(ref) > 0 && ref[0] <= cur[0] {
			v = ref[0]
		} else {
			v = cur[0]
		}
		r, c := run(ref, v), run(cur, v)
		f(v, int64(r), int64(c))
		ref, cur = ref[r:], cur[c:]
	}
}

// run is how many values at the start of v equal x.
func run(v []float64, x float64) int {
	k := 0
	for k < len(v) && v[k] == x {
		k++
	}
	return k
}

// counts returns how often each distinct value occurs on each side and on both.
func (p pair) counts() (ref, cur, both []int64) {
	distinct := 0
	p.each(func(float64, int64, int64) { distinct++ })
	ref, cur, both = make([]int64, 0, distinct), make([]int64, 0, distinct), make([]int64, 0, distinct)
	p.each(func(_ float64, r, c int64) { ref, cur, both = append(ref, r), append(cur, c), append(both, r+c) })
	return ref, cur, both
}

func (p pair) sizes() (n, m int64) { return int64(len(p.cur)), int64(len(p.ref)) }

// result starts a result, with the Reason if there is one.
func result(ref, cur []float64, reason string) detectors.Result {
	return detectors.Result{N: int64(len(cur)), M: int64(len(ref)), Reason: reason}
}

// number returns a pointer to v, or nil if v is NaN or infinite.
func number(v float64) *float64 {
	if v-v != 0 {
		return nil
	}
	return &v
}
