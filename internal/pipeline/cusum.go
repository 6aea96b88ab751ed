package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/common/model"

	"plumbline"
	"plumbline/detectors"
	"plumbline/detectors/sequential"
	"plumbline/profiles"
	"plumbline/rules"
)

// Settings of the sums.
const (
	soonest  = 0.5 // half the shift found soonest, in standard deviations of a step
	winsor   = 3.0 // a step counts as at most so many: one burst is no lasting shift
	mostSum  = 2.0 // most of a sum, by its limit
	prewhite = 0.2 // autocorrelation from which on it is taken out
)

func cusumReading() reading {
	return reading{rules.Function{Name: "cusum", Scope: rules.FeatureScope, Unit: "limits", Spends: true, Every: everyRun, Least: leastPane * time.Minute,
		Doc: "cumulative sum of how far the mean lies off, by its limit: above 1 it has shifted and stayed; may be asked every minute, set by the rule's budget of false alarms"}, cusum}
}

// sums is how a number is summed up: step by step, each less what is expected, by what it spreads without change.
type sums struct {
	width    time.Duration
	mean     func(ctx context.Context, w plumbline.Window) (float64, bool, error)
	spread   func(n int64) float64
	phi      float64
	steps    float64                    // of the reference: how well the spread is known
	blur     func(rows float64) float64 // standard error of the expected mean, by the spread of a step of so many rows
	sd       float64                    // of the values themselves, 0 if unknown
	rows     float64                    // of the reference
	compared string
}

// cusum recomputes the sums from the window's panes at each instant: it finds what sums that ran forever would find, of shifts that
// began in the window.
func cusum(ctx context.Context, m *Readings, a ask) (plumbline.Finding, error) {
	finest := m.windows.widths(a.version.Model, a.Slice)[0]
	cur, err := m.current(ctx, a)
	if err != nil {
		return plumbline.Finding{}, err
	}
	var base *profiles.Feature
	if p, _ := a.baseline(); p != nil {
		base = byName(p, a.Feature)
	}
	now := byName(cur.Profile, a.Feature)
	if why := a.pointless(detectors.Input{Baseline: base, Current: now}, plumbline.FeatureType.Numeric); why != "" {
		return plumbline.Finding{Reason: why}, rules.ErrNotApplicable
	}
	if now == nil || now.N == 0 {
		return plumbline.Finding{Reason: "no values in the window"}, nil
	}
	s, why, err := m.sums(ctx, a, now.Key, base, finest)
	if err != nil || why != "" {
		return plumbline.Finding{Reason: why}, err
	}
	return m.sum(ctx, a, now.Key, s)
}

// sums finds what the number is compared with: the baseline, by the finest panes where its rows look independent and by its own panes
// where they don't; of what the baseline does not know, the day before the window.
func (m *Readings) sums(ctx context.Context, a ask, k profiles.Key, base *profiles.Feature, finest time.Duration) (s sums, why string, err error) {
	if base == nil || base.N == 0 || a.version.Baseline == nil || a.Slice != "" {
		return m.dayBefore(ctx, a, k, finest)
	}
	hours, why := m.means.of(a.version, cmp.Or(a.Against, rules.AgainstTraining), k)
	if why != "" {
		return sums{}, why, nil
	}
	sd, _ := base.SD()
	s = sums{sd: sd, rows: float64(base.N), steps: float64(hours.windows), width: finest,
		mean: func(ctx context.Context, w plumbline.Window) (float64, bool, error) {
			switch a.Against {
			case "", rules.AgainstTraining:
				v, ok := base.Mean()
				return v, ok, nil
			case rules.AgainstSeason:
				if p := m.hour(a, w); p != nil && p.Feature(k) != nil {
					v, ok := p.Feature(k).Mean()
					return v, ok, nil
				}
				return 0, false, nil
			}
			ref, err := m.expected(ctx, a, a.Against, plumbline.Window{From: alignDown(w.From, Hour), To: alignUp(w.To, Hour)})
			if err != nil || ref.profile == nil || ref.profile.Feature(k) == nil {
				return 0, false, err
			}
			v, ok := ref.profile.Feature(k).Mean()
			return v, ok, nil
		}}
	if hours.independent() {
		s.blur = func(n float64) float64 { return math.Sqrt(n / s.rows) }
		s.spread = func(n int64) float64 { return sd * math.Sqrt(max(1, hours.ratio)/float64(n)) }
		return s, "", nil
	}
	s.width, s.phi = max(finest, hours.width), hours.phi
	s.spread, s.blur = func(int64) float64 { return hours.sd }, func(float64) float64 { return 1 / math.Sqrt(s.steps) }
	s.compared = fmt.Sprintf("rows depend on each other: summed up by %v", model.Duration(s.width))
	return s, "", nil
}

// leastDay is of how many panes the day before must have values.
const leastDay = 100

// dayBefore compares with the panes of the day before the window.
func (m *Readings) dayBefore(ctx context.Context, a ask, k profiles.Key, finest time.Duration) (sums, string, error) {
	w := a.whole(finest)
	before, err := m.steps(ctx, a, plumbline.Window{From: w.From.Add(-Day), To: w.From}, finest)
	if err != nil {
		return sums{}, "", err
	}
	var means []float64
	var rows float64
	for _, s := range before {
		if v, n, _ := s.mean(k); n > 0 {
			means = append(means, v)
			rows += float64(n)
		}
	}
	if len(means) < leastDay {
		return sums{}, fmt.Sprintf("the baseline does not know it, and of the day before the window %d panes of %v have values, at least %d are needed",
			len(means), model.Duration(finest), leastDay), nil
	}
	mean, sd := meanSD(means)
	phi, _ := sequential.Lag1(means)
	switch {
	case sd == 0:
		return sums{}, "it did not change at all in the day before the window", nil
	case sd-sd != 0:
		return sums{}, "its values of the day before the window lie too far apart to be computed with", nil
	}
	return sums{width: finest, phi: phi, steps: float64(len(means)), rows: rows, compared: "compared with the day before the window",
		mean:   func(context.Context, plumbline.Window) (float64, bool, error) { return mean, true, nil },
		spread: func(int64) float64 { return sd }, blur: func(float64) float64 { return 1 / math.Sqrt(float64(len(means))) }}, "", nil
}

// sum goes through the window.
func (m *Readings) sum(ctx context.Context, a ask, k profiles.Key, s sums) (plumbline.Finding, error) {
	w := a.whole(s.width)
	out := plumbline.Finding{Window: w, Note: s.compared, M: s.rows}
	steps, err := m.steps(ctx, a, w, s.width)
	if err != nil {
		return out, err
	}
	if len(steps) < leastPane {
		out.Reason = fmt.Sprintf("the window holds %d steps of %v, at least %d are needed: take a longer one", len(steps), model.Duration(s.width), leastPane)
		return out, nil
	}
	type point struct {
		z, mean, expected float64
		n                 int64
		at                time.Time
	}
	var points []point
	beyond := 0
	for _, t := range steps {
		v, n, lost := t.mean(k)
		if lost {
			beyond++
		}
		if n == 0 {
			continue
		}
		expected, ok, err := s.mean(ctx, t.window)
		if err != nil {
			return out, err
		}
		spread := s.spread(n) * (1 + 1/math.Sqrt(2*s.steps)) // as much larger as it may be, by a standard error
		if !ok || !(spread > 0) || math.IsInf(spread, 1) {
			continue
		}
		out.N += float64(n)
		points = append(points, point{min(max((v-expected)/spread, -winsor), winsor), v, expected, n, t.window.From})
	}
	if beyond > 0 {
		out.Note = join(out.Note, fmt.Sprintf("%d of %d steps hold values too large for a mean", beyond, len(steps)))
	}
	switch {
	case len(points) > 0:
	case beyond > 0:
		out.Reason = "its values are too large for a mean"
		return out, nil
	default:
		out.Reason = "there is nothing to compare the values with"
		return out, nil
	}
	chart := sequential.CUSUM{SD: 1, K: soonest + 2*s.blur(powerBelow(2*out.N/float64(len(points))))}
	chart.K = math.Ceil(20*chart.K) / 20
	if math.Abs(s.phi) > prewhite {
		chart.Phi = s.phi
	}
	if chart.K > 3 {
		out.Reason = "what it is compared with has too few rows"
		return out, nil
	}
	if chart.H, err = m.limits.of(chart.K, runLength(a.Budget, a.sharers(), s.width)); err != nil {
		return out, err
	}
	var state sequential.CUSUMState
	for _, p := range points {
		chart.Step(&state, p.z)
		state.Up, state.Down = min(state.Up, mostSum*chart.H), min(state.Down, mostSum*chart.H) // so that it ends soon after the shift does
	}
	value, zero := state.Up, state.ZeroUp
	if state.Down > state.Up {
		value, zero = state.Down, state.ZeroDown
	}
	out.Value = plumbline.Finite(value / chart.H)
	if zero = min(zero, int64(len(points))-1); value > 0 {
		var mean, expected average
		for _, p := range points[zero:] {
			mean.add(p.mean, p.n)
			expected.add(p.expected, p.n)
		}
		off := mean.value - expected.value
		out.Effect = plumbline.Finite(off)
		if s.sd > 0 {
			out.SD = plumbline.Finite(off / s.sd)
		}
	}
	if value > chart.H {
		off := "farther off than can be computed"
		if out.Effect != nil {
			off = fmt.Sprintf("%+.3g off", *out.Effect)
		}
		out.Note = join(fmt.Sprintf("the mean is %s since about %s", off, points[zero].at.Format("2006-01-02 15:04Z07:00")), out.Note)
		if out.SD != nil && math.Abs(*out.SD) < a.Tolerate {
			out.Value, out.Note = plumbline.Finite(0), join(out.Note, "which is tolerated")
		}
	}
	return out, nil
}

// sharers is by how many features a budget is shared: by all numbers of the model where the rule asks of each.
func (a ask) sharers() int {
	if !a.Shared || a.version.Baseline == nil {
		return 1
	}
	n := 0
	for _, f := range judged(a.version.Profile) {
		if f.key.Role == profiles.Input && a.version.Profile.Feature(f.key).Type.Numeric() {
			n++
		}
	}
	return max(n, 1)
}
