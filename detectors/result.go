package detectors

import "fmt"

// MinRows is the least number of rows on each side for a distance between distributions: below it the noise of a ten-cell PSI,
// about 9/MinRows, is larger than any drift worth naming.
const MinRows = 50

// Result is one statistic of a window, mostly against a baseline. A field that can't be computed is nil, never NaN or infinite.
type Result struct {
	Value  *float64 // the statistic itself, in the unit its function states
	Effect *float64 // size of the difference, freed of what N and M contribute
	P      *float64 // probability of a Value at least this extreme without drift, in [0, 1]
	Lower  *float64 // each bound alone holds at 95 %, unless the function states otherwise
	Upper  *float64
	SD     *float64 // Effect as a shift in standard deviations of the baseline
	N      int64    // rows of the window
	M      int64    // rows of the baseline; 0 if the statistic has none
	Reason string   // why Value is nil
	Note   string   // a caveat on what is there
}

func none(n, m int64, format string, args ...any) Result {
	return Result{N: n, M: m, Reason: fmt.Sprintf(format, args...)}
}

// tooFew is the reason of a comparison in which a side has fewer than [MinRows] rows, else "".
func tooFew(n, m int64) string {
	switch {
	case m <= 0:
		return "no baseline"
	case n <= 0:
		return "no rows in the window"
	case n < MinRows:
		return fmt.Sprintf("%d rows in the window, at least %d are needed", n, MinRows)
	case m < MinRows:
		return fmt.Sprintf("%d rows in the baseline, at least %d are needed", m, MinRows)
	}
	return ""
}

// number returns a pointer to v, or nil if v is NaN or infinite.
func number(v float64) *float64 {
	if v-v != 0 {
		return nil
	}
	return &v
}

// probability is number clamped to [0, 1].
func probability(p float64) *float64 { return number(min(max(p, 0), 1)) }
