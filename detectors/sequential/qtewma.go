package sequential

import (
	"fmt"
	"math"
)

// QTEWMA is the chart of Frittoli, Carrera and Boracchi ("Change detection in multivariate datastreams controlling false alarms",
// ECML-PKDD 2021; arXiv 2208.14801), extended to panes of varying size. It watches the shares of the rows that fall in B cells cut at
// the baseline's quantiles, or in B categories. With p the shares of the baseline of m rows, and q those of a pane of n rows,
//
//	W <- (1-lambda) W + n                   weight of the rows remembered, at first Rows/lambda
//	Z <- Z + (n/W) (q - Z)                  their shares, at first p
//	V <- sum of the squared weights of the rows in Z
//	S  = sum_j (Z_j-p_j)^2/p_j / (Design V + G^2/(m+2))
//
// where G is the share of W that is not the start value. With panes of one row (Rows 1) Z is the EWMA of the paper and the divisor a
// fixed function of time, so that S > h_t is its rule. With larger panes every remembered row counts the same within a pane, and
// the divisor, the variance Z has without change, keeps S near chi-square with B-1 degrees of freedom whatever the panes' sizes.
// Memory is measured in panes: about 1/lambda of them.
//
// The alarm is S > h_t with P(S_t > h_t | no alarm before) = 1/ARL0 ([Calibrate]): the mean number of panes (events if Rows is 1)
// between false alarms is ARL0, of rows that are independent given the baseline. It is not if rows are autocorrelated: see [TailDesign].
//
// Range of S: [0, inf).
type QTEWMA struct {
	Shares  []float64 `json:"shares"`  // of the baseline, positive, sum 1
	M       float64   `json:"m"`       // rows of the baseline
	Lambda  float64   `json:"lambda"`  // in (0, 1): weight of a new pane
	Rows    float64   `json:"rows"`    // rows expected in a pane, at least 1; 1 means one event a step
	Design  float64   `json:"design"`  // design effect, at least 1: rows that carry the information of one independent row
	Ordered bool      `json:"ordered"` // the cells are in the order of the values, so that a direction makes sense
	Limits  Limits    `json:"limits"`
}

// QTEWMAState is the state of a [QTEWMA]. The zero value starts a stream.
type QTEWMAState struct {
	Steps   int64     `json:"steps"`
	Refused int64     `json:"refused,omitempty"` // panes or events that did not fit the cells
	Z       []float64 `json:"z"`
	Weight  float64   `json:"weight"`
	Square  float64   `json:"square"`          // sum of the squared weights of rows, before division by Weight^2
	Prior   float64   `json:"prior"`           // weight of the start value within Weight
	Quiet   int64     `json:"quiet,omitempty"` // last step with S at most B-1, its mean without change
}

// Beyond these the sums of a chart would overflow.
const leastLambda, mostRows = 1e-9, 1e18

// NewQTEWMA returns the chart of a baseline with counts ref in its cells, which must all be positive: join empty ones with their
// neighbours first ([Coarsen]). The design effect is 1 and the limits are absent: take them from [Calibrate].
func NewQTEWMA(ref []int64, lambda, rows float64) (*QTEWMA, error) {
	if len(ref) < 2 {
		return nil, fmt.Errorf("qt-ewma needs at least 2 cells, not %d", len(ref))
	}
	m := 0.0
	for j, r := range ref {
		if r <= 0 {
			return nil, fmt.Errorf("qt-ewma: cell %d of the baseline is empty; join it with another", j)
		}
		m += float64(r)
	}
	if !(lambda >= leastLambda && lambda < 1) {
		return nil, fmt.Errorf("qt-ewma: lambda is %g, not between %g and 1", lambda, leastLambda)
	}
	if !(rows >= 1 && rows <= mostRows) {
		return nil, fmt.Errorf("qt-ewma: %g rows in a pane, not between 1 and %g", rows, mostRows)
	}
	c := &QTEWMA{Shares: make([]float64, len(ref)), M: m, Lambda: lambda, Rows: rows, Design: 1}
	for j, r := range ref {
		// The cells cut at the baseline's own order statistics hold m+1 spacings between them, the last cell one more.
		spacings := float64(r)
		if j == len(ref)-1 {
			spacings++
		}
		c.Shares[j] = spacings / (m + 1)
	}
	return c, nil
}

// Memory returns the number of independent rows Z is worth in the long run, for panes of Rows rows: Rows (2-lambda)/lambda.
func (c *QTEWMA) Memory() float64 { return c.Rows * (2 - c.Lambda) / c.Lambda }

// Event is a step of a single row in the given cell.
func (c *QTEWMA) Event(s *QTEWMAState, cell int) Status {
	c.start(s)
	if cell < 0 || cell >= len(c.Shares) {
		s.Refused++
		return c.refuse(s, "the row is in no cell of the baseline")
	}
	add := c.remember(s, 1)
	for j := range s.Z {
		s.Z[j] -= add * s.Z[j]
	}
	s.Z[cell] += add
	return c.judge(s)
}

// Pane is a step of a pane with counts in the cells of the baseline. A pane without rows ages what is remembered and is never an
// alarm: it says nothing.
func (c *QTEWMA) Pane(s *QTEWMAState, counts []int64) Status {
	c.start(s)
	n := 0.0
	for _, k := range counts {
		if k < 0 {
			s.Refused++
			return c.refuse(s, "a count is negative")
		}
		n += float64(k)
	}
	if len(counts) != len(c.Shares) {
		s.Refused++
		return c.refuse(s, "the pane and the baseline have different cells")
	}
	add := c.remember(s, n)
	if n == 0 {
		return c.refuse(s, "no rows in the pane")
	}
	for j, k := range counts {
		s.Z[j] += add * (float64(k)/n - s.Z[j])
	}
	return c.judge(s)
}

func (c *QTEWMA) start(s *QTEWMAState) {
	if len(s.Z) != len(c.Shares) {
		*s = QTEWMAState{Z: append([]float64(nil), c.Shares...), Weight: c.Rows / c.Lambda, Prior: c.Rows / c.Lambda}
	}
}

// remember ages the state by a step and makes room for n rows; it returns their part of the new weight.
func (c *QTEWMA) remember(s *QTEWMAState, n float64) float64 {
	keep := 1 - c.Lambda
	s.Steps++
	s.Weight = keep*s.Weight + n
	s.Square = keep*keep*s.Square + n
	s.Prior *= keep
	if s.Weight < 1e-150 { // a stream that fell silent: what it was is forgotten, without the noise of denormals
		s.Weight, s.Square, s.Prior = 0, 0, 0
		s.Z = append(s.Z[:0], c.Shares...)
	}
	if s.Weight == 0 {
		return 0
	}
	return n / s.Weight
}

// Statistic returns S of a state, 0 before its first row.
func (c *QTEWMA) Statistic(s *QTEWMAState) float64 {
	if !(s.Weight > 0) || !(s.Square > 0) || len(s.Z) != len(c.Shares) {
		return 0
	}
	sum := 0.0
	for j, p := range c.Shares {
		d := s.Z[j] - p
		sum += d * d / p
	}
	gain := 1 - s.Prior/s.Weight
	return sum / (math.Max(1, c.Design)*s.Square/(s.Weight*s.Weight) + gain*gain/(c.M+2))
}

func (c *QTEWMA) judge(s *QTEWMAState) Status {
	value := c.Statistic(s)
	st := Status{Value: value, Threshold: c.Limits.At(s.Steps), Step: s.Steps}
	if value <= float64(len(c.Shares)-1) {
		s.Quiet = s.Steps
	}
	if st.Alarm = st.Threshold > 0 && value > st.Threshold; st.Alarm {
		st.Since = s.Quiet + 1
		cell := c.farthest(s)
		st.Reason = fmt.Sprintf("cell %d holds %.3g of the recent rows and %.3g of the baseline", cell, s.Z[cell], c.Shares[cell])
		st.Direction = c.direction(s)
	}
	if st.Threshold <= 0 {
		st.Reason = "the chart has no limits"
	}
	return st
}

func (c *QTEWMA) refuse(s *QTEWMAState, reason string) Status {
	return Status{Value: c.Statistic(s), Threshold: c.Limits.At(s.Steps), Step: s.Steps, Reason: reason}
}

// farthest returns the cell that contributes most to S.
func (c *QTEWMA) farthest(s *QTEWMAState) int {
	best, most := 0, -1.0
	for j, p := range c.Shares {
		if d := (s.Z[j] - p) * (s.Z[j] - p) / p; d > most {
			best, most = j, d
		}
	}
	return best
}

// direction compares P(recent value > baseline's value) with its opposite, empty if the cells have no order.
func (c *QTEWMA) direction(s *QTEWMAState) string {
	if !c.Ordered {
		return ""
	}
	balance, below, under := 0.0, 0.0, 0.0
	for j, p := range c.Shares {
		balance += s.Z[j]*below - p*under
		below += p
		under += s.Z[j]
	}
	switch {
	case balance > 0:
		return Up
	case balance < 0:
		return Down
	}
	return ""
}

// Coarsen groups the cells of a baseline for a [QTEWMA]: group[i] is the new cell of cell i, and neighbours stay neighbours. It
// aims at groups of equal counts, at most groups of them, none of them empty. A baseline without rows gives one group.
//
// 16 groups are a good choice for a numeric feature: fewer see less of the shape, more need more rows to see anything.
func Coarsen(ref []int64, groups int) (group []int, cells int) {
	total := 0.0
	for _, r := range ref {
		total += math.Max(0, float64(r))
	}
	group = make([]int, len(ref))
	filled, left := 0.0, total
	open := false // the current group has rows
	for i, r := range ref {
		count := math.Max(0, float64(r))
		// Close the group before this cell if that leaves it nearer to its due size than closing after it.
		if due := left / math.Max(1, float64(groups-cells)); open && count > 0 && cells < groups-1 && filled+count/2 >= due {
			left -= filled
			cells, filled, open = cells+1, 0, false
		}
		group[i] = cells
		filled += count
		open = open || count > 0
	}
	return group, cells + 1
}

// Regroup adds counts into the cells of a grouping made by [Coarsen]. What is in none of them is left out.
func Regroup(counts []int64, group []int, cells int) []int64 {
	out := make([]int64, max(cells, 0))
	for i, k := range counts {
		if i < len(group) && group[i] >= 0 && group[i] < len(out) {
			out[group[i]] += k
		}
	}
	return out
}
