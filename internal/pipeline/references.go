package pipeline

import (
	"context"
	"fmt"
	"time"

	"plumbline"
	"plumbline/internal/holidays"
	"plumbline/profiles"
	"plumbline/rules"
)

// reference is what a window is compared with.
type reference struct {
	profile *profiles.Profile // nil if there is none
	note    string            // what it is, unless it is the baseline
	reason  string            // why there is none
}

// trailingWeeks is how many weeks back the trailing reference goes.
const trailingWeeks = 4

// reference finds what the asked window is compared with: the baseline, its same hours of the week, the same hours of the four weeks
// before, or the window just before.
func (m *Readings) reference(ctx context.Context, a ask, kind string) (reference, error) {
	switch kind {
	case "", rules.AgainstTraining:
		p, why := a.baseline()
		return reference{profile: p, reason: why}, nil
	}
	k := referenceKey{a.stream, a.Window, kind}
	if r, ok := m.references[k]; ok {
		return r, nil
	}
	cur, err := m.current(ctx, a)
	if err != nil {
		return reference{}, err
	}
	var r reference
	if kind == rules.AgainstSeason {
		r = a.season(cur.Window)
	} else if r, err = m.before(ctx, a, kind, cur.Window); err != nil {
		return r, err
	}
	m.references[k] = r
	return r, nil
}

type referenceKey struct {
	stream plumbline.Stream
	window time.Duration
	kind   string
}

// season is the part of the baseline that the window should look like.
func (a ask) season(w plumbline.Window) reference {
	switch {
	case a.version.Baseline == nil:
		_, why := a.baseline()
		return reference{reason: why}
	case a.Slice != "":
		return reference{reason: "the baseline tells hours apart for all records only, not for the slice " + a.Slice}
	}
	s := a.version.Baseline.Season(w, a.version.Season)
	if s.Profile == nil {
		return reference{reason: s.Reason}
	}
	r := reference{profile: s.Profile, note: "compared with " + s.Of}
	if s.Days > 0 {
		r.note = fmt.Sprintf("compared with %s in the baseline, %d of each", s.Of, s.Days)
	}
	if s.Reason != "" {
		r.note += ", because " + s.Reason
	}
	return r
}

// before merges the windows of a stream that came before.
func (m *Readings) before(ctx context.Context, a ask, kind string, w plumbline.Window) (reference, error) {
	windows := earlierWindows(kind, w, a.version.Season.Location)
	sum, found := a.version.Layout.NewProfile(), 0
	var uncounted int64
	for _, e := range windows {
		p, err := m.windows.Read(ctx, a.stream, e)
		if err != nil {
			return reference{}, err
		}
		if uncounted += p.Uncounted; p.Profile.Records() == 0 {
			continue
		}
		found++
		if err := sum.Merge(p.Profile); err != nil {
			return reference{}, fmt.Errorf("merge what %s is compared with: %w", a.Model, err)
		}
	}
	if found == 0 {
		return reference{reason: "there are no records of " + inWords(kind)}, nil
	}
	note := "compared with " + inWords(kind)
	if kind == rules.AgainstTrailing && found < len(windows) {
		note += fmt.Sprintf(", of which %d have records", found)
	}
	if uncounted > 0 {
		note += fmt.Sprintf(", without %d records counted on other cells", uncounted)
	}
	return reference{profile: sum, note: note}, nil
}

func inWords(kind string) string {
	if kind == rules.AgainstPrevious {
		return "the window before"
	}
	return fmt.Sprintf("the same hours of the %d weeks before", trailingWeeks)
}

// earlierWindows are the windows before w that it is compared with. Weeks are those of the place's clocks: at the same time of day,
// whatever the clocks did since. Windows longer than a week step back by as many weeks as they last.
func earlierWindows(kind string, w plumbline.Window, place *time.Location) []plumbline.Window {
	if kind == rules.AgainstPrevious {
		return []plumbline.Window{{From: w.From.Add(-w.Duration()), To: w.From}}
	}
	if place == nil {
		place = time.UTC
	}
	const week = 7 * 24 * time.Hour
	weeks := max(1, int((w.Duration()+week-1)/week))
	var out []plumbline.Window
	for k := 1; k <= trailingWeeks; k++ {
		back := func(t time.Time) time.Time { return t.In(place).AddDate(0, 0, -7*weeks*k).UTC() }
		if e := (plumbline.Window{From: back(w.From), To: back(w.To)}); e.From.Before(e.To) { // an hour may never have been
			out = append(out, e)
		}
	}
	return out
}

// seasonOf is how a model's hours are alike; its holidays were checked when the manifest was read.
func seasonOf(m *plumbline.Model) profiles.Season {
	s := profiles.Season{Location: m.Location}
	if s.Location == nil {
		s.Location = time.UTC
	}
	if c, err := holidays.New(m.Holidays); err == nil && c != nil {
		s.Holiday = c.Contains
	}
	return s
}
