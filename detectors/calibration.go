package detectors

import "fmt"

// Calibration is what the baseline's own windows tell of one test: the rungs of a ladder, from which [Test.Run] takes the highest
// that holds.
//
//  1. The windows are as many as [MinWindows] and spread like independent rows: the law of the statistic, widened by what the
//     windows leave open.
//  2. They spread more: their own null.
//  3. They are too few, but shorter ones spread like independent rows: as 1, and the finding says so.
//  4. They are too few and shorter ones spread more: no verdict. Nor where the windows are there, but the test has no number in
//     enough of them.
type Calibration struct {
	Windows   *Null // of windows as long as the judged one; nil if fewer than MinWindows have a score
	Shorter   *Null // of the longest windows of which there are MinWindows; nil if there are none
	Available int   // windows as long as the judged one
	Mute      bool  // there are windows to learn from, but the test has a number in fewer than MinWindows of them
}

// Judges reports whether there is a p-value: not on rung 4.
func (c *Calibration) Judges() bool {
	return c.Windows != nil || c.Shorter != nil && c.Shorter.Independent() || c.Shorter == nil && !c.Mute
}

// phi is the design effect to widen bounds by.
func (c *Calibration) phi() float64 {
	if c != nil && c.Windows != nil && !c.Windows.Independent() {
		return c.Windows.Phi
	}
	return 1
}

// tail is the probability of a score of at least x without drift; not ok is rung 4, with its reason.
func (c *Calibration) tail(s Score, x float64) (p float64, note string, ok bool) {
	switch {
	case c.Windows != nil && c.Windows.Independent():
		return c.Windows.independentTail(s, x), "", true
	case c.Windows != nil:
		return c.Windows.Tail(x / s.Mean), "", true
	case c.Shorter != nil && c.Shorter.Independent():
		return c.Shorter.independentTail(s, x), fmt.Sprintf("the baseline holds %s as long as this one: rows are taken as independent, as shorter windows show them", windows(c.Available)), true
	case c.Shorter != nil:
		return 0, fmt.Sprintf("the rows depend on each other and the baseline holds %s as long as this one, at least %d are needed", windows(c.Available), MinWindows), false
	case c.Mute:
		return 0, fmt.Sprintf("it has a number in fewer than %d windows of the baseline, too few to learn from", MinWindows), false
	}
	return s.tail(x), "rows are taken as independent: the baseline has no windows of its own to learn from", true
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
