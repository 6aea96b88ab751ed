package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"time"

	"plumbline"
	"plumbline/detectors"
	"plumbline/detectors/sequential"
	"plumbline/rules"
	"plumbline/store"
)

// lossLevel is the probability that loss_lower is ever above the true error rate while it looks from one start.
const lossLevel = 0.05

// mostEvidence bounds the evidence, by its limit: one terrible day must not outweigh the good weeks after it, while nothing changes
// before the limit is reached.
const mostEvidence = 10

func riskReadings() []reading {
	return []reading{
		{rules.Function{Name: "risk", Scope: rules.ModelScope, Unit: "limits", Least: 2 * Day, Step: Day, Spends: true, Tolerates: 1,
			Every: func(time.Duration) time.Duration { return 2 * Day }, // days are told as a whole
			Doc:   "evidence that the error rate of labelled answers rose above the baseline's upper bound plus tolerate (here a share), by its limit: above 1 it did; needs no independence"}, risk},
		{rules.Function{Name: "loss_lower", Scope: rules.ModelScope, Unit: "share", Least: 2 * Day, Step: Day,
			Doc: "lower bound of the error rate of labelled answers that holds at every look at once with 95 %: the looks of half a window, from one start"}, lossLower},
	}
}

// losses are the labelled answers of the whole days of the newest half to whole window, by the days of their questions. They begin at a
// multiple of half the window, so that a row of looks has one start: promises that hold at all looks hold for those from one start.
//
// Within a day they stand in an order that has nothing to do with them: evenings that are harder than mornings are no rise of the
// risk, and a day is told only when it is over.
func (m *Readings) losses(ctx context.Context, a ask) (rows []store.Outcome, w plumbline.Window, err error) {
	if a.version.Model.Task == plumbline.TaskRegression {
		return nil, w, fmt.Errorf("%s of a regression: %w", a.Func, rules.ErrNotApplicable)
	}
	half := a.Window / 2
	to := a.at.Add(-a.version.Model.LabelDelay)
	from := alignDown(to, half).Add(-half)
	if w = judgedWindow(to, Day, a.version.Model.Location); !from.Before(w.To) {
		return nil, plumbline.Window{From: from, To: to}, nil
	}
	w.From = from
	all, err := m.rows.read(ctx, a.stream, w, a.at)
	if err != nil {
		return nil, w, err
	}
	type shuffled struct {
		day, order int64
		outcome    store.Outcome
	}
	list := make([]shuffled, 0, len(all))
	seen := make(map[string]struct{}, len(all))
	for _, o := range all {
		if _, again := seen[o.ID]; again {
			continue // the first answer is judged
		}
		if seen[o.ID] = struct{}{}; !o.LabelTime.IsZero() {
			h := fnv.New64a()
			h.Write([]byte(o.ID))
			list = append(list, shuffled{judgedWindow(o.Time, Day, a.version.Model.Location).To.Unix(), int64(mix(h.Sum64()) >> 1), o})
		}
	}
	slices.SortStableFunc(list, func(x, y shuffled) int { return cmp.Or(cmp.Compare(x.day, y.day), cmp.Compare(x.order, y.order)) })
	for _, s := range list {
		rows = append(rows, s.outcome)
	}
	return rows, w, nil
}

func loss(o store.Outcome) float64 {
	if o.Label == o.Prediction && o.Prediction != "" {
		return 0
	}
	return 1
}

// risk recomputes the e-CUSUM from the window's labels at each instant.
func risk(ctx context.Context, m *Readings, a ask) (plumbline.Finding, error) {
	rows, w, err := m.losses(ctx, a)
	if err != nil {
		return plumbline.Finding{}, err
	}
	out := plumbline.Finding{Window: w, N: float64(len(rows))}
	b := a.version.Baseline
	switch {
	case b == nil || b.Quality == nil || b.Quality.Accuracy == nil || a.Slice != "":
		out.Reason = "the baseline does not tell how often the model is wrong"
		return out, nil
	case len(rows) == 0:
		out.Reason = "no answer of the window's whole days has a label yet"
		return out, nil
	}
	n := b.Quality.N
	wrong := n - int64(*b.Quality.Accuracy*float64(n)+.5)
	_, upper := detectors.Wilson(wrong, n)
	// The budget's time in labels, at the rate of the window's.
	lived := max(w.To.Sub(later(w.From, rows[0].Time)), time.Hour)
	arl0 := min(max(a.Budget.Period.Seconds()/lived.Seconds()*float64(len(rows))/a.Budget.Alarms, minRunLength), maxRunLength)
	chart, err := sequential.NewECUSUM(upper+a.Tolerate, arl0)
	if err != nil {
		out.Reason = fmt.Sprintf("an error rate of %.3g is tolerated: there is none above it to find", upper+a.Tolerate)
		return out, nil
	}
	var s sequential.ECUSUMState
	wrong = 0
	var status sequential.Status
	for _, o := range rows {
		status = chart.Step(&s, loss(o))
		s.Log = min(s.Log, math.Log(mostEvidence*arl0))
		wrong += int64(loss(o))
	}
	out.Value, out.M = plumbline.Finite(math.Exp(s.Log)/arl0), float64(n)
	out.Effect = plumbline.Finite(s.Mean - chart.Tolerated)
	out.Note = fmt.Sprintf("%d of %d labelled answers were wrong; up to %.3g is tolerated", wrong, len(rows), chart.Tolerated)
	if status.Alarm {
		out.Note = join(fmt.Sprintf("the error rate is about %.3g since about %s", s.Mean, rows[s.Restart-1].Time.UTC().Format("2006-01-02")), out.Note)
	}
	return out, nil
}

func lossLower(ctx context.Context, m *Readings, a ask) (plumbline.Finding, error) {
	rows, w, err := m.losses(ctx, a)
	if err != nil {
		return plumbline.Finding{}, err
	}
	out := plumbline.Finding{Window: w, N: float64(len(rows))}
	if len(rows) == 0 {
		out.Reason = "no answer of the window's whole days has a label yet"
		return out, nil
	}
	c, s := sequential.Average{Alpha: lossLevel}, sequential.AverageState{}
	for _, o := range rows {
		c.Step(&s, loss(o))
	}
	lower := c.Lower(&s)
	out.Value, out.Lower = plumbline.Finite(lower), plumbline.Finite(lower)
	out.Note = fmt.Sprintf("%.0f of %d labelled answers were wrong", s.Sum, s.Steps)
	return out, nil
}
