package pipeline

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"time"

	"plumbline"
	"plumbline/store"
)

// outcomeCache reads answers joined with their labels. For a store that nothing changes any more it keeps days as they are in the
// end, and reads a day anew where a label came after the asked instant.
type outcomeCache struct {
	store store.Reader
	keep  bool
	days  map[dayKey][]store.Outcome
}

type dayKey struct {
	stream plumbline.Stream
	day    int64
}

// maxDays bounds the cache.
const maxDays = 1024

// read returns the outcomes in w as they were known at asOf.
func (c *outcomeCache) read(ctx context.Context, s plumbline.Stream, w plumbline.Window, asOf time.Time) ([]store.Outcome, error) {
	if !c.keep {
		return c.load(ctx, s, w, asOf)
	}
	var out []store.Outcome
	for day := alignDown(w.From, Day); day.Before(w.To); day = day.Add(Day) {
		rows, err := c.day(ctx, s, day)
		if err != nil {
			return nil, err
		}
		i := sort.Search(len(rows), func(i int) bool { return !rows[i].Time.Before(w.From) })
		j := sort.Search(len(rows), func(i int) bool { return !rows[i].Time.Before(w.To) })
		rows = rows[i:j]
		if slices.ContainsFunc(rows, func(o store.Outcome) bool { return !o.LabelTime.Before(asOf) }) { // what was known before it?
			part := plumbline.Window{From: later(day, w.From), To: earlier(day.Add(Day), w.To)}
			if rows, err = c.load(ctx, s, part, asOf); err != nil {
				return nil, err
			}
		}
		out = append(out, rows...)
	}
	return out, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func (c *outcomeCache) day(ctx context.Context, s plumbline.Stream, day time.Time) ([]store.Outcome, error) {
	k := dayKey{s, day.Unix()}
	if rows, ok := c.days[k]; ok {
		return rows, nil
	}
	rows, err := c.load(ctx, s, plumbline.Window{From: day, To: day.Add(Day)}, allTime.To)
	if err != nil {
		return nil, err
	}
	if c.days == nil || len(c.days) >= maxDays {
		c.days = map[dayKey][]store.Outcome{}
	}
	c.days[k] = rows
	return rows, nil
}

func (c *outcomeCache) load(ctx context.Context, s plumbline.Stream, w plumbline.Window, asOf time.Time) ([]store.Outcome, error) {
	rows, err := c.store.Outcomes(ctx, s, w, asOf)
	if err != nil {
		return nil, fmt.Errorf("read the outcomes of %s: %w", s.Model, err)
	}
	return rows, nil
}

// quality is what answers and labels of one window say together.
type quality struct {
	answers, labelled, correct int64
	duplicates                 int64
}

func countQuality(rows []store.Outcome) quality {
	var q quality
	seen := make(map[string]struct{}, len(rows))
	for _, o := range rows {
		if _, again := seen[o.ID]; again {
			q.duplicates++ // the same question answered twice is one question: only the first answer is judged
			continue
		}
		seen[o.ID] = struct{}{}
		q.answers++
		if !o.LabelTime.IsZero() {
			q.labelled++
			if o.Label == o.Prediction && o.Prediction != "" { // no answer is never the right one
				q.correct++
			}
		}
	}
	return q
}

// asks is what sessions say of a window: how many asked again soon after an answer, and how many of those asked something else.
type asks struct {
	asked, again, switched int64
}

// countAsks looks at questions in order of session and time; within is how soon the next question makes it a redo.
func countAsks(rows []store.Answer, within time.Duration) asks {
	var a asks
	var last *store.Answer
	for i := range rows {
		r := &rows[i]
		if r.Kind == plumbline.Response {
			continue // its request asked
		}
		a.asked++
		if last != nil && last.Session == r.Session && r.Time.Sub(last.Time) <= within {
			a.again++
			if r.Query != last.Query {
				a.switched++
			}
		}
		last = r
	}
	return a
}
