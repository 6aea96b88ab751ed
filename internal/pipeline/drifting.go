package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"plumbline"
	"plumbline/detectors"
	"plumbline/detectors/sequential"
	"plumbline/profiles"
	"plumbline/rules"
)

// Settings of the charts.
const (
	memories  = 6  // how often a chart's memory fits into its window: what it began with is forgotten at the end
	leastPane = 12 // panes of the shortest window
	leastHeld = 10 // rows remembered that a cell holds
	shareHeld = 4  // the baseline has so many times the rows remembered, or its own error would be taken for a change
)

// driftingReading is the function that may be asked at every instant.
func driftingReading() reading {
	return reading{rules.Function{Name: "drifting", Scope: rules.ModelScope, Unit: "features", Spends: true, Every: everyRun, Least: leastPane * time.Minute,
		Doc: "features and outputs whose distribution has changed by now: charts over the window's panes that may be asked every minute, set by the rule's budget of false alarms"}, drifting}
}

// chartPlan is what the charts of one instant have in common.
type chartPlan struct {
	width  time.Duration
	window plumbline.Window
	steps  []step
	lambda float64
	arl0   float64
	ref    *profiles.Profile   // what the memory is compared with
	hours  []*profiles.Profile // of each step, where the hours of a day are told apart
	depend func(profiles.Key) (dependence, string)
}

// memory is how long a chart remembers: as many panes' rows as it is worth in the long run.
func (p chartPlan) memory() time.Duration {
	return time.Duration(math.Ceil((2-p.lambda)/p.lambda)) * p.width
}

// drifting recomputes charts from the window's panes at each instant: nothing is kept that a restart could lose. As the window
// holds six memories, they are where charts that ran forever would be.
func drifting(ctx context.Context, m *Readings, a ask) (plumbline.Finding, error) {
	p := chartPlan{width: m.windows.widths(a.version.Model, a.Slice)[0]}
	p.window = a.whole(p.width)
	out := plumbline.Finding{Window: p.window}
	panes := int(p.window.Duration() / p.width)
	if panes < leastPane {
		out.Reason = fmt.Sprintf("the window holds %d panes of %v, at least %d are needed: take a longer one", panes, model.Duration(p.width), leastPane)
		return out, nil
	}
	if a.version.Baseline == nil {
		_, out.Reason = a.baseline()
		return out, nil
	}
	if a.Slice != "" {
		out.Reason = "the baseline does not tell how rows of a slice depend on each other"
		return out, nil
	}
	var err error
	if p.steps, err = m.steps(ctx, a, p.window, p.width); err != nil {
		return out, err
	}
	for _, s := range p.steps {
		out.N += float64(s.records())
	}
	if out.N == 0 {
		out.Reason = "no records in the window"
		return out, nil
	}
	p.lambda = memories / float64(panes)
	ref, err := m.expected(ctx, a, a.Against, plumbline.Window{From: p.window.To.Add(-p.memory()), To: p.window.To})
	if err != nil || ref.profile == nil {
		out.Reason = ref.reason
		return out, err
	}
	p.ref, out.M = ref.profile, float64(ref.profile.Records())
	for out.N/float64(panes)*(2-p.lambda)/p.lambda > out.M/shareHeld {
		if p.lambda *= 2; p.lambda > 0.5 {
			out.Reason = fmt.Sprintf("what it is compared with has %.0f rows, too few for %.0f in a pane of %v", out.M, out.N/float64(panes), model.Duration(p.width))
			return out, nil
		}
	}
	if a.Against == rules.AgainstSeason {
		p.hours = make([]*profiles.Profile, len(p.steps))
		for i, s := range p.steps {
			if len(s.panes) > 0 {
				p.hours[i] = m.hour(a, s.window)
			}
		}
	}
	features := judged(p.ref)
	p.arl0 = runLength(a.Budget, len(features), p.width)
	p.depend = m.dependences.of(a.version, cmp.Or(a.Against, rules.AgainstTraining), p.memory())
	m.watch(p, a, features, &out)
	out.Note = join(out.Note, ref.note)
	return out, nil
}

// watch runs the charts of all features.
func (m *Readings) watch(p chartPlan, a ask, features []judgedFeature, out *plumbline.Finding) {
	open := map[string]int{}
	for _, f := range features {
		found := m.chart(p, f.key)
		switch {
		case found.Value == nil:
			open[found.Reason]++
		case *found.Value > 1 && (found.SD == nil || math.Abs(*found.SD) >= a.Tolerate):
			found.Model, found.Version, found.Slice, found.Feature, found.Window = a.Model, a.Query.Version, a.Slice, f.key.Name, p.window
			found.Test, found.Verdict = "qt_ewma", plumbline.Drift
			out.Counted = append(out.Counted, found)
		}
	}
	judged := len(features)
	var reasons []string
	for reason, n := range open {
		judged -= n
		reasons = append(reasons, fmt.Sprintf("%d features have no verdict: %s", n, reason))
	}
	slices.Sort(reasons)
	if judged == 0 {
		out.Reason = strings.Join(reasons, "; ")
		return
	}
	slices.SortStableFunc(out.Counted, func(a, b plumbline.Finding) int { return cmp.Compare(*b.Value, *a.Value) })
	out.Value = plumbline.Finite(float64(len(out.Counted)))
	out.Note = strings.Join(append([]string{fmt.Sprintf("%d features watched, for %v false alarms", judged, a.Budget)}, reasons...), "; ")
}

// chart runs the chart of one feature; its value is the statistic by its limit.
func (m *Readings) chart(p chartPlan, k profiles.Key) plumbline.Finding {
	feature := p.ref.Feature(k)
	rows := 0.0
	for _, s := range p.steps {
		for _, pane := range s.panes {
			if f := pane.Feature(k); f != nil {
				rows += float64(f.N)
			}
		}
	}
	if rows /= float64(len(p.steps)); rows == 0 {
		return plumbline.Finding{Reason: "no values in the window"}
	}
	memory := powerBelow(rows) * (2 - p.lambda) / p.lambda
	c := cut(feature, leastHeld*float64(feature.N+rare(feature))/memory)
	if c.cells < 2 {
		return plumbline.Finding{Reason: fmt.Sprintf("fewer than %d of the rows remembered, a third of the window's at most, are expected beside the most frequent value: take a longer window", leastHeld)}
	}
	depend, why := p.depend(k)
	if why != "" {
		return plumbline.Finding{Reason: why}
	}
	ref, held := c.of(p.ref)
	for j := range ref {
		ref[j] = max(ref[j], 1)
	}
	chart, err := sequential.NewQTEWMA(ref, p.lambda, max(1, rows))
	if err != nil {
		return plumbline.Finding{Reason: err.Error()}
	}
	var ok bool
	chart.Rows, chart.Ordered = rows, c.ordered
	if chart.Design, ok = depend.design(p.arl0, memory); !ok {
		return plumbline.Finding{Reason: "the baseline's own windows do not differ at all"}
	}
	chart.M /= chart.Design // its rows hang together as the stream's do
	state := p.run(chart, c)
	now := p.lambda * state.Weight // rows in a pane of late
	if now*(2-p.lambda)/p.lambda < leastHeld*float64(c.cells)/2 {
		return plumbline.Finding{Reason: "too few values of late: take a longer window"}
	}
	chart.Rows = powerBelow(now)
	limit, err := sequential.SkewedLimit(chart, p.arl0)
	if err != nil {
		return plumbline.Finding{Reason: err.Error()}
	}
	found := plumbline.Finding{Value: plumbline.Finite(chart.Statistic(state) / limit), N: state.Weight * state.Weight / state.Square, M: held}
	found.SD = plumbline.Finite(shiftOf(state.Z, chart.Shares, c.ordered))
	if found.Value == nil {
		return plumbline.Finding{Reason: "its statistic can't be computed"}
	}
	if chart.Design > 1.5 {
		found.NEffective = found.N / chart.Design
	}
	found.Note = "since about " + p.window.From.Add(time.Duration(state.Quiet)*p.width).Format("2006-01-02 15:04Z07:00")
	return found
}

// run steps through the window. Where each hour has shares of its own, what is expected of the rows remembered is averaged as they are: in
// the end the chart compares with that.
func (p chartPlan) run(chart *sequential.QTEWMA, c cutting) *sequential.QTEWMAState {
	var state sequential.QTEWMAState
	counts := make([]int64, c.cells)
	state.Weight = chart.Rows / chart.Lambda // as charts begin
	shares := map[*profiles.Profile][]float64{}
	for i, s := range p.steps {
		clear(counts)
		for _, pane := range s.panes {
			if f := pane.Feature(c.key); f != nil {
				c.add(counts, f)
			}
		}
		if p.hours != nil && p.hours[i] != nil {
			expected, known := shares[p.hours[i]]
			if !known {
				expected = c.shares(p.hours[i])
				shares[p.hours[i]] = expected
			}
			n := 0.0
			for _, k := range counts {
				n += float64(k)
			}
			if weight := (1-chart.Lambda)*state.Weight + n; expected != nil && n > 0 {
				for j := range chart.Shares {
					chart.Shares[j] += n / weight * (expected[j] - chart.Shares[j])
				}
			}
		}
		chart.Pane(&state, counts)
	}
	return &state
}

// hour is the baseline's profile of the hours like those a step lies in, nil if there is none; remembered, since it stays as it is.
func (m *Readings) hour(a ask, w plumbline.Window) *profiles.Profile {
	k := seasonKey{a.version, alignDown(w.From, Hour)}
	p, known := m.seasons[k]
	if !known {
		p = a.season(plumbline.Window{From: k.from, To: alignUp(w.To, Hour)}).profile
		if m.seasons == nil || len(m.seasons) >= maxSeasons {
			m.seasons = map[seasonKey]*profiles.Profile{}
		}
		m.seasons[k] = p
	}
	return p
}

type seasonKey struct {
	version *Version
	from    time.Time
}

// maxSeasons bounds what is remembered: more than two weeks of hours.
const maxSeasons = 400

// shiftOf is the difference of shares as a shift in standard deviations: with a direction if the cells have an order.
func shiftOf(z, p []float64, ordered bool) float64 {
	if !ordered {
		sum := 0.0
		for j := range z {
			sum += math.Abs(z[j] - p[j])
		}
		return detectors.ShiftOfTV(sum / 2)
	}
	auc, below := 0.0, 0.0 // chance that a recent value is larger
	for j := range z {
		auc += z[j] * (below + p[j]/2)
		below += p[j]
	}
	return detectors.ShiftOfAUC(auc)
}
