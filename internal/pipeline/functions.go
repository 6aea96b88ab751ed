package pipeline

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/common/model"

	"plumbline"
	"plumbline/detectors"
	"plumbline/profiles"
	"plumbline/rules"
)

// reading is one function of the catalogue and how it is computed.
type reading struct {
	rules.Function
	read func(ctx context.Context, m *Readings, a ask) (plumbline.Finding, error)
}

// catalogue is every function rules can ask: the detectors' table, and what is counted across rows.
func catalogue() []reading {
	var list []reading
	for _, t := range detectors.Builtin() {
		f := rules.Function{Name: t.Name, Unit: t.Unit, Doc: t.Doc, Scope: rules.ModelScope, Guard: t.Guard}
		read := modelTest(t)
		if t.Scope == detectors.FeatureScope {
			f.Scope, read = rules.FeatureScope, featureTest(t)
		}
		if t.Name == "category_share" {
			f.Args = []string{"category"}
		}
		list = append(list, reading{f, read})
	}
	list = append(append(list, driftedReading(), driftingReading(), cusumReading()), dataReadings()...)
	return append(append(list, rowReadings()...), riskReadings()...)
}

// modelTest reads the whole profile.
func modelTest(t detectors.Test) func(context.Context, *Readings, ask) (plumbline.Finding, error) {
	return func(ctx context.Context, m *Readings, a ask) (plumbline.Finding, error) {
		cur, err := m.current(ctx, a)
		if err != nil {
			return plumbline.Finding{}, err
		}
		ref, err := m.reference(ctx, a, a.Against)
		if err != nil {
			return plumbline.Finding{}, err
		}
		in := detectors.Input{BaselineProfile: ref.profile, CurrentProfile: cur.Profile, Window: cur.Window, Category: a.version.Model.Positive}
		var f plumbline.Finding
		if t.Rows && ref.profile != nil {
			f = m.calibrated(t, in, a, wholeRow)
		} else {
			f = t.Run(in)
		}
		if cur.Uncounted > 0 && f.Value != nil {
			countUncounted(t.Name, cur, &f)
		}
		ref.tell(t, &f)
		return f, nil
	}
}

// tell says what a test compared with, or why it could not.
func (r reference) tell(t detectors.Test, f *plumbline.Finding) {
	switch {
	case f.Value == nil && t.Baseline && r.profile == nil:
		f.Reason = r.reason
	case r.note != "" && (t.Baseline || f.M > 0):
		f.Note = join(f.Note, r.note)
	}
}

// countUncounted adds the records that were counted on another baseline, or before there was one, where that is possible.
func countUncounted(test string, cur WindowProfile, f *plumbline.Finding) {
	extra := float64(cur.Uncounted)
	switch test {
	case "volume":
		f.Value = plumbline.Finite(*f.Value + extra)
		f.N += extra
	case "throughput":
		f.Value = plumbline.Finite(*f.Value + extra/cur.Window.Duration().Seconds())
	}
	f.Note = join(f.Note, fmt.Sprintf("%d records of the window were counted before its baseline was there", cur.Uncounted))
}

// shortestCalibrated is the shortest window whose null is learned: panes of baselines are hours.
const shortestCalibrated = time.Hour

var wholeRow = profiles.Key{Role: profiles.Input, Name: profiles.WholeRow}

// calibrated runs a test of a feature by what the baseline's own windows tell of it. A p-value asked for by itself comes with a caveat
// rather than not at all.
func (m *Readings) calibrated(t detectors.Test, in detectors.Input, a ask, k profiles.Key) plumbline.Finding {
	if a.Slice != "" || in.Window.Duration() < shortestCalibrated {
		return t.Run(in)
	}
	c := m.calibration(a, a.Against, judgedWindow(a.at, a.Window, a.version.Model.Location))(judgeKey{k, t.NullOf()})
	if c.Windows == nil && c.Shorter == nil {
		return t.Run(in)
	}
	in.Calibration = c
	f := t.Run(in)
	if f.P != nil {
		return f
	}
	in.Calibration = nil
	if f = t.Run(in); f.P != nil {
		f.Note = join(f.Note, fmt.Sprintf("rows depend on each other, and the baseline has too few windows of %v to say how much: the p-value is too small", model.Duration(a.Window)))
	}
	return f
}

// featureTest reads one feature: an input of that name, else an output (score, prediction, confidence), else a runtime fact.
func featureTest(t detectors.Test) func(context.Context, *Readings, ask) (plumbline.Finding, error) {
	return func(ctx context.Context, m *Readings, a ask) (plumbline.Finding, error) {
		cur, err := m.current(ctx, a)
		if err != nil {
			return plumbline.Finding{}, err
		}
		ref, err := m.reference(ctx, a, a.Against)
		if err != nil {
			return plumbline.Finding{}, err
		}
		in := detectors.Input{BaselineProfile: ref.profile, CurrentProfile: cur.Profile, Window: cur.Window}
		in.Current = byName(cur.Profile, a.Feature)
		if ref.profile != nil {
			in.Baseline = byName(ref.profile, a.Feature)
		}
		if len(a.Args) > 0 {
			in.Category = a.Args[0]
		}
		var f plumbline.Finding
		if in.Current != nil && in.Baseline != nil {
			f = m.calibrated(t, in, a, in.Current.Key)
		} else {
			f = t.Run(in)
		}
		ref.tell(t, &f)
		if cur.Uncounted > 0 {
			countUncounted(t.Name, cur, &f)
		}
		if why := a.pointless(in, t.Applies); why != "" {
			return plumbline.Finding{Reason: why}, rules.ErrNotApplicable
		}
		return f, nil
	}
}

// pointless says why a statistic makes no sense for the asked feature: it is not there at all, or of another type. "" if it does.
func (a ask) pointless(in detectors.Input, applies func(plumbline.FeatureType) bool) string {
	if in.Current == nil && in.Baseline == nil {
		return fmt.Sprintf("%s has no feature %s, neither in the window nor in its baseline", a.Model, a.Feature)
	}
	if typ, known := typeOf(in); known && !applies(typ) {
		return fmt.Sprintf("%s is a %s", a.Feature, typ)
	}
	return ""
}

func byName(p *profiles.Profile, name string) *profiles.Feature {
	for _, role := range []profiles.Role{profiles.Input, profiles.Output, profiles.Runtime} {
		if f := p.Feature(profiles.Key{Role: role, Name: name}); f != nil {
			return f
		}
	}
	return nil
}

// typeOf is the feature's type, of the window or else of the baseline; false while no value told it.
func typeOf(in detectors.Input) (plumbline.FeatureType, bool) {
	for _, f := range []*profiles.Feature{in.Current, in.Baseline} {
		if f != nil && f.Type != plumbline.TypeAuto {
			return f.Type, true
		}
	}
	return plumbline.TypeAuto, false
}

// found carries a detector's result over.
func found(r detectors.Result) plumbline.Finding {
	return plumbline.Finding{Value: r.Value, Effect: r.Effect, P: r.P, Lower: r.Lower, Upper: r.Upper, SD: r.SD,
		N: float64(r.N), M: float64(r.M), Reason: r.Reason, Note: r.Note}
}
