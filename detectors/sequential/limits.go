package sequential

import (
	"context"
	"fmt"
)

// Limits are the alarm limits of a [QTEWMA], in units of its S: Start[t-1] at step t, Final after them.
type Limits struct {
	Start []float64 `json:"start,omitempty"`
	Final float64   `json:"final"`
	ARL0  float64   `json:"arl0"` // mean number of steps between false alarms they are made for
}

// At returns the limit at a step, counted from 1.
func (l Limits) At(step int64) float64 {
	if step >= 1 && step <= int64(len(l.Start)) {
		return l.Start[step-1]
	}
	return l.Final
}

// Bounds of what [Calibrate] accepts.
const (
	MinARL0 = 50
	MaxARL0 = 1e9
)

// The largest mean run lengths calibrated by playing enough streams for them; above, the tail is reached by splitting. Panes are dear
// to play, and their limits hardly change before they are stationary.
const (
	directEvents = 2000
	directPanes  = 500
)

// Calibrate returns the limits at which the mean number of steps between false alarms is arl0, between [MinARL0] and [MaxARL0]. The
// chart's own Limits and Design are not used.
//
// It plays streams without change, since their law is known: the true shares of the cells are Dirichlet with the baseline's counts as
// parameters, whatever the feature's distribution, and the rows of a pane multinomial, its size Poisson with mean Rows (1 if Rows is 1).
// 20 arl0 of them are played at once; at every step the 1/arl0 of them with the largest S give the limit, and are replaced by
// copies of survivors, so that the limit of the next step is conditional on no alarm before. When S has become stationary (t = 6/lambda)
// limits are averaged and frozen. Beyond an arl0 of 2000 events or 500 panes the limit is found by multilevel splitting: the rate at
// which S crosses a level is a product of the conditional probabilities of getting from each level of a ladder to the next, estimated
// one by one.
//
// The seed moves h by some 0.5 %, which is 5 % of arl0. Equal arguments give equal results. It takes between 0.1 and a few seconds of
// one core; ctx ends it early.
func Calibrate(ctx context.Context, c *QTEWMA, arl0 float64, seed uint64) (Limits, error) {
	if !(arl0 >= MinARL0 && arl0 <= MaxARL0) {
		return Limits{}, fmt.Errorf("qt-ewma: mean run length %g is not between %d and %g", arl0, MinARL0, float64(MaxARL0))
	}
	if memory := c.Memory(); memory > c.M {
		return Limits{}, fmt.Errorf("qt-ewma: the chart remembers %.0f rows, more than the %.0f of its baseline, whose own error would be taken for "+
			"change; raise lambda, take smaller panes or a larger baseline", memory, c.M)
	}
	sim := newSimulation(c, seed)
	direct := float64(directPanes)
	if c.Rows == 1 {
		direct = directEvents
	}
	if arl0 <= direct {
		return sim.survivors(ctx, arl0)
	}
	limits, err := sim.survivors(ctx, direct)
	if err != nil {
		return Limits{}, err
	}
	final, err := sim.split(ctx, arl0, limits.Final)
	if err != nil {
		return Limits{}, err
	}
	// S is standardised: its limits before it is stationary keep their proportion to the final one.
	for t := range limits.Start {
		limits.Start[t] *= final / limits.Final
	}
	return Limits{Start: limits.Start, Final: final, ARL0: arl0}, nil
}
