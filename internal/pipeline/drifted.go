package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"plumbline"
	"plumbline/detectors"
	"plumbline/profiles"
	"plumbline/rules"
)

// falseDiscoveries is the share of features in the list of an alert that may be there by chance (Benjamini and Hochberg).
const falseDiscoveries = 0.1

// stride is how often windows of a length are judged: each once, but those of several days every day.
func stride(length time.Duration) time.Duration { return min(length, Day) }

// judgedWindow is the newest whole window of a length: windows are judged one after another, in the model's own days, not at
// every instant, since each judgement costs a part of the budget.
func judgedWindow(at time.Time, length time.Duration, zone *time.Location) plumbline.Window {
	step := stride(length)
	if zone == nil {
		zone = time.UTC
	}
	local := at.In(zone)
	to := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, zone).UTC() // also where clocks change during the day
	if step < Day {
		to = to.Add(at.Sub(to).Truncate(step))
	}
	return plumbline.Window{From: to.Add(-length), To: to}
}

// driftedReading is the function that judges a whole window by a budget.
func driftedReading() reading {
	return reading{rules.Function{Name: "drifted", Scope: rules.ModelScope, Unit: "features", Spends: true,
		Every: func(window time.Duration) time.Duration { return 2 * stride(window) }, // with more, most ordinary windows would be drifts
		Doc:   "features and outputs that drifted in the newest whole window, all of them judged together by the rule's budget of false alarms"}, drifted}
}

func drifted(ctx context.Context, m *Readings, a ask) (plumbline.Finding, error) {
	w := judgedWindow(a.at, a.Window, a.version.Model.Location)
	k := judgedKey{keyOf(a.Query), w.To, a.version.Hash}
	if f, ok := m.judged[k]; ok && m.static {
		return f, nil
	}
	if a.version.Baseline == nil {
		_, reason := a.baseline()
		return plumbline.Finding{Reason: reason}, nil
	}
	ref, err := m.expected(ctx, a, a.Against, w)
	if err != nil || ref.profile == nil {
		return plumbline.Finding{Window: w, Reason: ref.reason}, err
	}
	cur, err := m.windows.Read(ctx, a.stream, w)
	if err != nil {
		return plumbline.Finding{}, err
	}
	out := plumbline.Finding{Window: w, N: float64(cur.Profile.Records()), M: float64(ref.profile.Records())}
	if cur.Profile.Records() == 0 {
		out.Reason = "no records in the window"
		return out, nil
	}
	j := judgeFeatures(ref.profile, cur.Profile, w, a.Budget, a.Tolerate, m.calibration(a, a.Against, w))
	j.into(&out)
	out.Note = join(out.Note, ref.note)
	for i := range out.Counted {
		f := &out.Counted[i]
		f.Model, f.Version, f.Slice = a.Model, a.Query.Version, a.Slice
		if err := m.tell(ctx, a, f, cur.Profile, j.level); err != nil {
			return plumbline.Finding{}, err
		}
	}
	if m.static {
		if len(m.judged) >= maxJudged {
			clear(m.judged)
		}
		m.judged[k] = out
	}
	return out, nil
}

// expected is what a judged window is compared with.
func (m *Readings) expected(ctx context.Context, a ask, against string, w plumbline.Window) (reference, error) {
	switch against {
	case rules.AgainstSeason:
		return a.season(w), nil
	case rules.AgainstTrailing, rules.AgainstPrevious:
		return m.before(ctx, a, against, w)
	}
	p, why := a.baseline()
	return reference{profile: p, reason: why}, nil
}

// calibration is what the version's baseline tells of such windows; of slices it keeps none.
func (m *Readings) calibration(a ask, against string, w plumbline.Window) func(judgeKey) *detectors.Calibration {
	if a.Slice != "" {
		return func(judgeKey) *detectors.Calibration { return &detectors.Calibration{} }
	}
	if against == "" {
		against = rules.AgainstTraining
	}
	return m.calibrations.of(a.version, against, w.Duration(), w.To)
}

// tell adds to a drift which of the other references it moved against: a season explains what a year does, but not what the week
// before did not have.
func (m *Readings) tell(ctx context.Context, a ask, f *plumbline.Finding, cur *profiles.Profile, level float64) error {
	t, err := detectors.ByName(f.Test)
	current := byName(cur, f.Feature)
	if err != nil || current == nil || f.Verdict != plumbline.Drift {
		return nil
	}
	var moved, stayed []string
	for _, kind := range rules.References {
		verdict := f.Verdict
		if kind != a.Against && !(kind == rules.AgainstTraining && a.Against == "") {
			ref, err := m.expected(ctx, a, kind, f.Window)
			if err != nil {
				return err
			}
			if ref.profile == nil {
				continue
			}
			in := detectors.Input{Baseline: ref.profile.Feature(current.Key), Current: current, Window: f.Window, Alpha: level, Tolerated: a.Tolerate,
				Calibration: m.calibration(a, kind, f.Window)(judgeKey{current.Key, t.Name})}
			verdict = t.Run(in).Verdict
		}
		switch verdict {
		case plumbline.Drift:
			moved = append(moved, references[kind])
		case plumbline.NoDrift:
			stayed = append(stayed, references[kind])
		}
	}
	note := "moved against " + and(moved)
	if len(stayed) > 0 {
		note += ", not against " + and(stayed)
	}
	f.Note = join(note, f.Note)
	return nil
}

// references are what a window can be compared with, in words.
var references = map[string]string{rules.AgainstTraining: "the baseline", rules.AgainstSeason: "its same hours of the week",
	rules.AgainstTrailing: "the four weeks before", rules.AgainstPrevious: "the window before"}

func and(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}

// judgedKey names a judged window: of a store that nothing changes it stays as it is until the next one begins.
type judgedKey struct {
	query    queryKey
	to       time.Time
	baseline string
}

const maxJudged = 1000

// judgement is a window judged as a whole.
type judgement struct {
	budget   plumbline.Budget
	findings []plumbline.Finding // in the order of features and tests
	level    float64
	features int
	open     map[string]int // tests without verdict, by reason
}

// into makes a judgement one finding: how many features drifted, what they are, and what the number is worth.
func (j judgement) into(f *plumbline.Finding) {
	if len(j.open) == 1 && j.verdicts() == 0 {
		for reason := range j.open {
			f.Reason = reason
		}
		return
	}
	if j.verdicts() == 0 {
		f.Reason = "no test gives a verdict"
		return
	}
	features, list := j.drifted()
	f.Value, f.Counted = plumbline.Finite(float64(len(features))), list
	notes := []string{fmt.Sprintf("%d features judged by %d tests at level %.2g each, for %v false alarms", j.features, len(j.findings), j.level, j.budget)}
	if n := len(j.findings) - j.verdicts(); n > 0 {
		notes = append(notes, fmt.Sprintf("%d tests gave no verdict", n))
	}
	if len(list) > 0 && list[0].P != nil {
		notes = append([]string{byChance(list[0], len(j.findings), f.Window)}, notes...)
	}
	f.Note = strings.Join(notes, "; ")
}

// verdicts is how many tests could judge.
func (j judgement) verdicts() int {
	n := len(j.findings)
	for _, k := range j.open {
		n -= k
	}
	return n
}

// judgeFeatures spends a budget on all features of one window.
func judgeFeatures(ref *profiles.Profile, cur *profiles.Profile, w plumbline.Window, budget plumbline.Budget, tolerated float64,
	calibration func(judgeKey) *detectors.Calibration) judgement {
	features := judged(ref)
	pairs := 0
	for _, f := range features {
		pairs += len(f.tests)
	}
	j := judgement{budget: budget, features: len(features), level: budget.Level(pairs, stride(w.Duration())), open: map[string]int{}}
	for _, f := range features {
		in := detectors.Input{Baseline: ref.Feature(f.key), Current: cur.Feature(f.key), BaselineProfile: ref, CurrentProfile: cur,
			Window: w, Alpha: j.level, Tolerated: tolerated}
		for _, t := range f.tests {
			in.Calibration = calibration(judgeKey{f.key, t.Name})
			found := t.Run(in)
			if found.Verdict == plumbline.NoVerdict {
				j.open[found.Reason]++
			}
			j.findings = append(j.findings, found)
		}
	}
	return j
}

// drifted are the features with a drift, and the findings to tell of them: those that a list with a tenth of false entries would
// hold, the surest first.
func (j judgement) drifted() (features []string, list []plumbline.Finding) {
	p := make([]float64, len(j.findings))
	seen := map[string]bool{}
	for i, f := range j.findings {
		p[i] = math.NaN()
		if f.P != nil {
			p[i] = *f.P
		}
		if f.Verdict == plumbline.Drift && !seen[f.Feature] {
			seen[f.Feature] = true
			features = append(features, f.Feature)
		}
	}
	if len(features) == 0 {
		return nil, nil
	}
	listed := detectors.BenjaminiHochberg(p, falseDiscoveries)
	best := map[string]plumbline.Finding{}
	for i, f := range j.findings {
		if f.Verdict != plumbline.Drift && (!listed[i] || j.findings[i].Verdict == plumbline.NoVerdict) {
			continue
		}
		if b, ok := best[f.Feature]; !ok || surer(f, b) < 0 {
			best[f.Feature] = f
		}
	}
	for _, f := range best {
		list = append(list, f)
	}
	slices.SortFunc(list, surer)
	return features, list
}

// surer orders findings: drift first, then by p-value, then by size.
func surer(a, b plumbline.Finding) int {
	value := func(x *float64) float64 {
		if x == nil {
			return 0
		}
		return math.Abs(*x)
	}
	rank := func(f plumbline.Finding) int {
		if f.Verdict == plumbline.Drift {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(value(a.P), value(b.P)), cmp.Compare(value(b.SD), value(a.SD)), strings.Compare(a.Feature, b.Feature))
}

// byChance says how rarely chance alone brings a p-value so small among so many tests.
func byChance(f plumbline.Finding, tests int, w plumbline.Window) string {
	every := stride(w.Duration()).Hours() / 24 / max(*f.P*float64(tests), 1e-12) // days
	text := "by chance expected "
	switch years := every / 365.25; {
	case years >= 1000:
		text += "less than once in a thousand years"
	case years >= 2:
		text += fmt.Sprintf("about once in %.0f years", years)
	case years >= 1:
		text += "less than once a year"
	case every >= 60:
		text += fmt.Sprintf("about once in %.0f months", every/30.4)
	default:
		text += fmt.Sprintf("about once in %.0f days", every)
	}
	if f.Extrapolated() {
		text += fmt.Sprintf(", extrapolated from %d windows", f.Windows)
	}
	return text
}
