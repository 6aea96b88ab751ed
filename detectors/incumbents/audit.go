package incumbents

import (
	"math/rand/v2"
	"slices"
	"time"
)

// A Split is a reference and a window out of one table, by the numbers of their rows.
type Split struct {
	Reference, Current []int
}

// RandomSplits draws windows of size rows without replacement from a table, each with all other rows as its reference: between the two
// nothing drifts, whatever the table is. The same seed gives the same splits; none of a table without rows, or of a size below 1.
func RandomSplits(rows, size, times int, seed uint64) []Split {
	if rows < 1 || size < 1 {
		return nil
	}
	random := rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))
	var out []Split
	for range times {
		order := random.Perm(rows)
		cut := min(size, rows)
		current, reference := order[:cut], order[cut:]
		slices.Sort(current) // time goes on in both, as chunks want it
		slices.Sort(reference)
		out = append(out, Split{Reference: reference, Current: current})
	}
	return out
}

// ConsecutiveSplits cuts a table, whose times ascend, into windows of the given length from its first row on, and compares each full
// window with the given number of windows just before it. None if times do not ascend, or make more than a million windows.
func ConsecutiveSplits(times []time.Time, length time.Duration, before int) []Split {
	if len(times) == 0 || length <= 0 || !slices.IsSortedFunc(times, time.Time.Compare) || times[len(times)-1].Sub(times[0])/length > 1e6 {
		return nil
	}
	var windows [][]int
	for i, t := range times {
		k := int(t.Sub(times[0]) / length)
		for len(windows) <= k {
			windows = append(windows, nil)
		}
		windows[k] = append(windows[k], i)
	}
	windows = windows[:len(windows)-1] // the last one isn't full
	var out []Split
	for k := max(before, 1); k < len(windows); k++ {
		out = append(out, Split{Reference: slices.Concat(windows[k-max(before, 1) : k]...), Current: windows[k]})
	}
	return out
}

// An AuditRow counts the alarms of one rule over many windows.
type AuditRow struct {
	Rule    Rule
	Windows int // that had a number for one column at least
	Alarmed int // windows with an alarm for one column at least
	Columns int // pairs of a window and a column with a number
	Alarms  int // pairs with an alarm
	Without int // pairs for which the rule gives no number
}

// ColumnShare is the share of the window-column pairs that alarmed; 0 if there are none.
func (r AuditRow) ColumnShare() float64 { return share(r.Alarms, r.Columns) }

// WindowShare is the share of the windows in which any column alarmed; 0 if there are none.
func (r AuditRow) WindowShare() float64 { return share(r.Alarmed, r.Windows) }

func share(k, n int) float64 {
	if n == 0 {
		return 0
	}
	return float64(k) / float64(n)
}

// Audit judges every column of every split by every rule and returns a row for each rule, in their order.
func Audit(rules []Rule, columns []Column, splits []Split) []AuditRow {
	out := make([]AuditRow, len(rules))
	for i, rule := range rules {
		out[i].Rule = rule
	}
	alarmed, judged := make([]bool, len(rules)), make([]bool, len(rules))
	for _, split := range splits {
		clear(alarmed)
		clear(judged)
		for _, column := range columns {
			ref, cur := column.Pick(split.Reference), column.Pick(split.Current)
			for i, rule := range rules {
				f := rule.Judge(ref, cur)
				if !f.OK() {
					out[i].Without++
					continue
				}
				judged[i] = true
				out[i].Columns++
				if f.Drift {
					out[i].Alarms++
					alarmed[i] = true
				}
			}
		}
		for i := range rules {
			if judged[i] {
				out[i].Windows++
			}
			if alarmed[i] {
				out[i].Alarmed++
			}
		}
	}
	return out
}
