package pipeline

import (
	"context"
	"fmt"
	"time"

	"plumbline"
	"plumbline/detectors"
	"plumbline/rules"
)

// redoWithin is how soon the next question of a session makes it a redo.
const redoWithin = 5 * time.Minute

// rowReadings are the functions of what needs memory across records: answers, labels and sessions joined in the store.
func rowReadings() []reading {
	return []reading{
		{rules.Function{Name: "history", Scope: rules.ModelScope, Unit: "share", Guard: true,
			Doc: "share of the window that lies after the version's first record: below 1 the window is not a whole one yet"}, history},
		{rules.Function{Name: "accuracy", Scope: rules.ModelScope, Unit: "share",
			Doc: "labelled answers that were right; the window ends the label delay before the instant, so that labels had time to come"}, accuracy},
		{rules.Function{Name: "accuracy_upper", Scope: rules.ModelScope, Unit: "share", Doc: "upper 95 % bound of accuracy: below a limit, the accuracy surely is"}, boundOf(accuracy)},
		{rules.Function{Name: "label_coverage", Scope: rules.ModelScope, Unit: "share", Guard: true, Doc: "answers of accuracy's window that have a label by now"}, coverage},
		{rules.Function{Name: "labelled", Scope: rules.ModelScope, Unit: "records", Guard: true, Doc: "labelled answers in accuracy's window"}, labelled},
		{rules.Function{Name: "duplicate_share", Scope: rules.ModelScope, Unit: "share", Doc: "answers whose id was answered in the window already"}, duplicates},
		{rules.Function{Name: "redo_share", Scope: rules.ModelScope, Unit: "share", Doc: "questions whose session had asked within the five minutes before"}, redo(func(a asks) int64 { return a.again })},
		{rules.Function{Name: "switched_share", Scope: rules.ModelScope, Unit: "share", Doc: "questions whose session had asked something else within the five minutes before"}, redo(func(a asks) int64 { return a.switched })},
	}
}

// history tells how much of the window the version has lived through: a week of which only Friday and Saturday are there
// is no picture of a week.
func history(ctx context.Context, m *Readings, a ask) (plumbline.Finding, error) {
	streams, err := m.loadStreams(ctx)
	if err != nil {
		return plumbline.Finding{}, err
	}
	for _, s := range streams {
		if s.Stream != a.stream {
			continue
		}
		lived := min(max(a.window.To.Sub(s.First), 0), a.window.Duration())
		return plumbline.Finding{Value: plumbline.Finite(lived.Seconds() / a.window.Duration().Seconds())}, nil
	}
	return plumbline.Finding{Reason: "the version has sent no record yet"}, nil
}

// cohort is the window whose labels had time to come.
func (a ask) cohort() plumbline.Window {
	d := a.version.Model.LabelDelay
	return plumbline.Window{From: a.window.From.Add(-d), To: a.window.To.Add(-d)}
}

func (m *Readings) quality(ctx context.Context, a ask) (quality, plumbline.Window, error) {
	w := a.cohort()
	rows, err := m.rows.read(ctx, a.stream, w, a.at)
	return countQuality(rows), w, err
}

func accuracy(ctx context.Context, m *Readings, a ask) (plumbline.Finding, error) {
	if a.version.Model.Task == plumbline.TaskRegression {
		return plumbline.Finding{}, fmt.Errorf("accuracy of a regression: %w", rules.ErrNotApplicable) // no answer is exactly right
	}
	q, w, err := m.quality(ctx, a)
	if err != nil {
		return plumbline.Finding{}, err
	}
	correct, n, note, err := m.accuracyBefore(ctx, a, w)
	if err != nil {
		return plumbline.Finding{}, err
	}
	out := found(detectors.CompareShares(q.correct, q.labelled, correct, n))
	out.Window, out.Note = w, note
	switch {
	case q.labelled == 0:
		out.Reason = fmt.Sprintf("none of %d answers has a label yet", q.answers)
	case q.answers > 0:
		out.Note = join(out.Note, fmt.Sprintf("%.1f %% of %d answers are labelled", 100*float64(q.labelled)/float64(q.answers), q.answers))
	}
	return out, nil
}

// accuracyBefore is how many answers were right of how many in what accuracy's window w is compared with; none of none if there is
// nothing.
func (m *Readings) accuracyBefore(ctx context.Context, a ask, w plumbline.Window) (correct, n int64, note string, err error) {
	switch a.Against {
	case "", rules.AgainstTraining:
		if b := a.version.Baseline; b != nil && b.Quality != nil && b.Quality.Accuracy != nil && a.Slice == "" {
			n = b.Quality.N
			correct = int64(*b.Quality.Accuracy*float64(n) + .5)
		}
		return correct, n, "", nil
	case rules.AgainstSeason:
		return 0, 0, "compared with nothing: the baseline does not keep labels by the hour", nil
	}
	for _, e := range earlierWindows(a.Against, w, a.version.Season.Location) {
		rows, err := m.rows.read(ctx, a.stream, e, a.at)
		if err != nil {
			return 0, 0, "", err
		}
		q := countQuality(rows)
		correct, n = correct+q.correct, n+q.labelled
	}
	return correct, n, "compared with " + inWords(a.Against), nil
}

// boundOf makes the upper bound the value.
func boundOf(read func(context.Context, *Readings, ask) (plumbline.Finding, error)) func(context.Context, *Readings, ask) (plumbline.Finding, error) {
	return func(ctx context.Context, m *Readings, a ask) (plumbline.Finding, error) {
		f, err := read(ctx, m, a)
		if f.Value != nil {
			f.Value = f.Upper
		}
		return f, err
	}
}

func coverage(ctx context.Context, m *Readings, a ask) (plumbline.Finding, error) {
	q, w, err := m.quality(ctx, a)
	if err != nil {
		return plumbline.Finding{}, err
	}
	out := found(detectors.Share(q.labelled, q.answers))
	out.Window = w
	return out, nil
}

func labelled(ctx context.Context, m *Readings, a ask) (plumbline.Finding, error) {
	q, w, err := m.quality(ctx, a)
	if err != nil {
		return plumbline.Finding{}, err
	}
	return plumbline.Finding{Value: plumbline.Finite(float64(q.labelled)), N: float64(q.answers), Window: w}, nil
}

func duplicates(ctx context.Context, m *Readings, a ask) (plumbline.Finding, error) {
	rows, err := m.rows.read(ctx, a.stream, a.window, a.at)
	if err != nil {
		return plumbline.Finding{}, err
	}
	q := countQuality(rows)
	return found(detectors.Share(q.duplicates, q.answers+q.duplicates)), nil
}

func redo(count func(asks) int64) func(context.Context, *Readings, ask) (plumbline.Finding, error) {
	return func(ctx context.Context, m *Readings, a ask) (plumbline.Finding, error) {
		rows, err := m.store.Asks(ctx, a.stream, a.window)
		if err != nil {
			return plumbline.Finding{}, fmt.Errorf("read the sessions of %s: %w", a.Model, err)
		}
		n := countAsks(rows, redoWithin)
		if n.asked == 0 {
			return plumbline.Finding{Reason: "no record of the window carries a session"}, nil
		}
		return found(detectors.Share(count(n), n.asked)), nil
	}
}
