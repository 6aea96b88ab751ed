package rules

import (
	"context"
	"time"

	"plumbline"
)

var start = time.Date(2013, 3, 1, 0, 0, 0, 0, time.UTC)

// fake is a source made of functions.
type fake struct {
	value   func(q Query, at time.Time) (float64, error)
	targets func(selector map[string]string, at time.Time) ([]map[string]string, error)
	asked   []Query
}

func (f *fake) Finding(_ context.Context, q Query, at time.Time) (plumbline.Finding, error) {
	f.asked = append(f.asked, q)
	out := plumbline.Finding{Model: q.Model, Version: q.Version, Slice: q.Slice, Feature: q.Feature, Test: q.Func, Window: plumbline.Window{From: at.Add(-q.Window), To: at}, N: 100}
	x, err := f.value(q, at)
	if err != nil {
		out.Reason = "too few rows"
		return out, err
	}
	out.Value = &x
	return out, nil
}

func (f *fake) Targets(_ context.Context, selector map[string]string, at time.Time) ([]map[string]string, error) {
	if f.targets == nil {
		return []map[string]string{{"model": "m"}}, nil
	}
	return f.targets(selector, at)
}

// counting answers every question with one finding.
type counting struct{ finding plumbline.Finding }

func (c counting) Finding(context.Context, Query, time.Time) (plumbline.Finding, error) {
	return c.finding, nil
}

func (c counting) Targets(context.Context, map[string]string, time.Time) ([]map[string]string, error) {
	return []map[string]string{{"model": "m"}}, nil
}
