package detectors

import "fmt"

// Calibration is what the baseline's own windows tell of one test: the rungs of a ladder, from which [Test.Run] takes the highest
// that holds.
//
//  1. The windows are as many as [MinWindows] and spread like independent rows: the law of the statistic, widened by what the
//     windows leave open.
//  2. They spread more: their own null.
//  3. They are too few, but shorter ones spread like independent rows: as 1, and the finding says so.
//  4. They are too few and shorter ones spread more: drift if the window strays further than even those do, which longer ones
//     don't ([Null]); else no verdict. None either where the windows are there, but the test has no number in enough of them.
type Calibration struct {
	Windows   *Null // of windows as long as the judged one; nil if fewer than MinWindows have a score
	Shorter   *Null // of the longest windows of which there are MinWindows; nil if there are none
	Available int   // windows as long as the judged one
	Mute      bool  // there are windows to learn from, but the test has a number in fewer than MinWindows of them
}

// phi is the design effect to widen bounds by, of a window with rows = nm/(n+m). Where it is known of shorter windows only, the window
// is taken to tell no more than one of them.
func (c *Calibration) phi(rows float64) float64 {
	n := c.null()
	switch {
	case n == nil:
		return 1
	case n == c.Shorter && n.rows > 0 && rows > n.rows:
		return n.Phi * rows / n.rows
	}
	return n.Phi
}

// null is the null that dependent rows are judged by, nil if they are not.
func (c *Calibration) null() *Null {
	switch {
	case c == nil:
	case c.Windows != nil:
		if !c.Windows.Independent() {
			return c.Windows
		}
	case c.Shorter != nil && !c.Shorter.Independent():
		return c.Shorter
	}
	return nil
}

// rung is how a p-value came about.
type rung int

const (
	known   rung = iota // it is one
	bounded             // it is an upper bound: small is drift, large says nothing
	unknown             // there is none
)

// tail is the probability of a score of at least x without drift. note is a caveat, or the reason why there is none.
func (c *Calibration) tail(s Score) (p float64, note string, r rung) {
	switch {
	case c.Windows != nil && c.Windows.Independent():
		return c.Windows.independentTail(s, s.X), "", known
	case c.Windows != nil:
		return c.Windows.Tail(s.X / s.Mean), c.Windows.likened(s.X / s.Mean), known
	case c.Shorter != nil && c.Shorter.Independent():
		return c.Shorter.independentTail(s, s.X), fmt.Sprintf("the baseline holds %s as long as this one: rows are taken as independent, as shorter windows show them", windows(c.Available)), known
	case c.Shorter != nil:
		why := fmt.Sprintf("the rows depend on each other and the baseline holds %s as long as this one, at least %d are needed", windows(c.Available), MinWindows)
		if p, ok := c.Shorter.bound(s); ok {
			return p, why, bounded
		}
		return 0, why, unknown
	case c.Mute:
		return 0, fmt.Sprintf("it has a number in fewer than %d windows of the baseline, too few to learn from", MinWindows), unknown
	}
	return s.tail(s.X), "rows are taken as independent: the baseline has no windows of its own to learn from", known
}

func windows(n int) string {
	switch n {
	case 0:
		return "no window"
	case 1:
		return "only one window"
	}
	return fmt.Sprintf("only %d windows", n)
}
