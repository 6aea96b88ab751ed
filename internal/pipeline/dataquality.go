package pipeline

import (
	"context"
	"fmt"
	"math"
	"time"

	"plumbline"
	"plumbline/collectors/decode"
	"plumbline/detectors"
	"plumbline/profiles"
	"plumbline/rules"
)

// dataReadings are the functions of data quality that profiles can't tell: how old the newest record is, and how features are related.
func dataReadings() []reading {
	change := func(name, unit, doc string, part func(f plumbline.Finding) *float64) reading {
		return reading{rules.Function{Name: name, Scope: rules.ModelScope, Unit: unit, Doc: doc},
			func(ctx context.Context, m *Readings, a ask) (plumbline.Finding, error) {
				f, err := m.correlationChange(ctx, a)
				if f.Value != nil {
					f.Value = part(f)
				}
				return f, err
			}}
	}
	return []reading{
		{rules.Function{Name: "freshness", Scope: rules.ModelScope, Unit: "s",
			Doc: "seconds since the newest record, by its event time, up to the width of a pane less, also where there are none in the window"}, freshness},
		change("correlation_change", "1", "change of the rank correlation of two numeric inputs, of the pair that changed most surely; the note names it",
			func(f plumbline.Finding) *float64 { return f.Value }),
		change("correlation_change_lower", "1", "change of correlation that the data rule out from below at 95 %, for all pairs at once",
			func(f plumbline.Finding) *float64 { return f.Lower }),
		change("correlation_change_p", "1", "p-value of correlation_change, Bonferroni's over all pairs", func(f plumbline.Finding) *float64 { return f.P }),
	}
}

// freshness has a value also for a model that is silent: that is what it is for. What came after the instant is not known then.
func freshness(ctx context.Context, m *Readings, a ask) (plumbline.Finding, error) {
	streams, err := m.loadStreams(ctx)
	if err != nil {
		return plumbline.Finding{}, err
	}
	for _, s := range streams {
		if s.Stream != a.stream || !s.First.Before(a.at) {
			continue
		}
		width, last := m.windows.widths(a.version.Model, a.Slice)[0], s.Last
		if !last.Before(a.at) {
			if last, err = m.lastBefore(ctx, a, width, s.First); err != nil {
				return plumbline.Finding{}, err
			}
		}
		if last.IsZero() {
			break
		}
		least := max(a.at.Sub(last)-width, 0).Seconds()
		return plumbline.Finding{Value: plumbline.Finite(least), Lower: plumbline.Finite(least), Upper: plumbline.Finite(a.at.Sub(last).Seconds()),
			Note: "the newest record came between " + last.UTC().Format(time.RFC3339) + " and " + last.Add(width).UTC().Format(time.RFC3339)}, nil
	}
	return plumbline.Finding{Reason: "the version has sent no record yet"}, nil
}

// lastBefore is the start of the last pane before the instant, of the window or of the instant's day; else of the last day. Zero
// if there is none: streams begin with their widest pane, which may be before their first record.
func (m *Readings) lastBefore(ctx context.Context, a ask, width time.Duration, first time.Time) (time.Time, error) {
	today := alignDown(a.at, Day)
	for _, look := range []struct {
		width time.Duration
		from  time.Time
		to    time.Time
	}{{width, earlier(alignDown(a.window.From, width), today), a.at}, {Day, alignDown(first, Day), today}} {
		if !look.from.Before(look.to) {
			continue
		}
		panes, err := m.store.Window(ctx, a.stream, look.width, plumbline.Window{From: look.from, To: look.to})
		if err != nil {
			return time.Time{}, fmt.Errorf("read panes of %s: %w", a.Model, err)
		}
		if len(panes) > 0 {
			return panes[len(panes)-1].Key.Start.Add(look.width - width), nil
		}
	}
	return time.Time{}, nil
}

// Stored records that correlations are read from: the first ones of equal parts of the window.
const (
	correlationParts = 16
	correlationRows  = 250 // of each part: 4,000 rows tell a correlation to ±0.03
)

// correlationChange reads stored records: counting products of all pairs of features while records are folded would cost more than
// all other counts together, and ranks could not be counted at all.
func (m *Readings) correlationChange(ctx context.Context, a ask) (plumbline.Finding, error) {
	if a.Slice != "" {
		return plumbline.Finding{}, fmt.Errorf("correlations of a slice: %w", rules.ErrNotApplicable)
	}
	if _, why := a.baseline(); a.version.Baseline == nil {
		return plumbline.Finding{Reason: why}, nil
	}
	k := windowKey{stream: a.stream, window: a.Window} // the note of the first who asked will do
	if f, ok := m.related[k]; ok {
		return f, nil
	}
	f := plumbline.Finding{}
	if ref := a.version.Baseline.Related; ref == nil {
		f = found(detectors.CorrelationChange(nil, nil, 0))
	} else {
		columns, err := m.sampled(ctx, a, ref.Features)
		if err != nil {
			return f, err
		}
		f = found(detectors.CorrelationChange(profiles.Correlate(ref.Features, columns), ref, a.Window))
		if f.Value != nil {
			f.Note = join(f.Note, fmt.Sprintf("from %d stored records", len(columns[0])))
		}
	}
	if a.Against != "" && a.Against != rules.AgainstTraining {
		f.Note = join(f.Note, "correlations are compared with the training data's")
	}
	m.related[k] = f
	return f, nil
}

// sampled returns the numbers of some features in the window's stored records, a column each; NaN where there is none.
func (m *Readings) sampled(ctx context.Context, a ask, features []string) ([][]float64, error) {
	at := make(map[string]int, len(features))
	for i, name := range features {
		at[name] = i
	}
	columns := make([][]float64, len(features))
	d := decode.New(sampleLimits)
	var r plumbline.Record
	for i := range correlationParts {
		part := plumbline.Window{From: a.window.From.Add(a.Window / correlationParts * time.Duration(i)), To: a.window.From.Add(a.Window / correlationParts * time.Duration(i+1))}
		samples, err := m.store.Samples(ctx, a.stream.Model, a.stream.Version, part, correlationRows)
		if err != nil {
			return nil, fmt.Errorf("read samples of %s: %w", a.Model, err)
		}
		for _, s := range samples {
			if reject := d.Decode(&r, s.Record, s.Time); reject != nil || len(r.Features) == 0 {
				continue // all it had is left out of samples, or it is an answer
			}
			for k := range columns {
				columns[k] = append(columns[k], math.NaN())
			}
			for _, f := range r.Features {
				if k, ok := at[f.Name]; ok {
					columns[k][len(columns[k])-1] = profiles.Numeric(f.Value)
				}
			}
		}
	}
	return columns, nil
}
