package rules

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"plumbline"
)

// answers asks the source each question once per evaluation of a group, whichever rule asks it.
type answers struct {
	src      Source
	at       time.Time
	findings map[string]answer
	order    []string
	targets  map[string]targets
}

type answer struct {
	finding plumbline.Finding
	err     error
}

type targets struct {
	list []map[string]string
	err  error
}

func newAnswers(src Source, at time.Time) *answers {
	return &answers{src: src, at: at, findings: map[string]answer{}, targets: map[string]targets{}}
}

func (a *answers) finding(ctx context.Context, q Query) (plumbline.Finding, error) {
	key := strings.Join(append([]string{q.Func, q.Model, q.Version, q.Slice, q.Feature, q.Window.String(), q.Against, fmt.Sprint(q.Budget, q.Tolerate, q.Shared)}, q.Args...), "\x00")
	if known, ok := a.findings[key]; ok {
		return known.finding, known.err
	}
	f, err := a.ask(ctx, q)
	if err == nil && (f.Value == nil || *f.Value-*f.Value != 0) {
		err = ErrNoData
		if f.Reason == "" {
			f.Reason = "the statistic has no value"
		}
		f.Value = nil
	}
	a.findings[key] = answer{f, err}
	a.order = append(a.order, key)
	return f, err
}

func (a *answers) find(ctx context.Context, selector map[string]string) ([]map[string]string, error) {
	key := targetKey(selector)
	if known, ok := a.targets[key]; ok {
		return known.list, known.err
	}
	list, err := a.list(ctx, selector)
	a.targets[key] = targets{list, err}
	return list, err
}

func (a *answers) ask(ctx context.Context, q Query) (_ plumbline.Finding, err error) {
	defer caught(&err)
	return a.src.Finding(ctx, q, a.at)
}

func (a *answers) list(ctx context.Context, selector map[string]string) (_ []map[string]string, err error) {
	defer caught(&err)
	return a.src.Targets(ctx, selector, a.at)
}

// caught makes a panic of a source the error of the rules that asked: numbers that one of them can't cope with must not end the watch
// over all others.
func caught(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("a fault of plumbline, please report it: %v", r)
	}
}

// all lists the findings read, in order of the first question. Those the source failed to give are left out.
func (a *answers) all() []plumbline.Finding {
	var list []plumbline.Finding
	for _, key := range a.order {
		if known := a.findings[key]; known.err == nil || errors.Is(known.err, ErrNoData) && !errors.Is(known.err, ErrNotApplicable) {
			list = append(list, known.finding)
		}
	}
	return list
}

// evaluation is one run of a rule's expressions for one target. It keeps what was read as evidence.
type evaluation struct {
	ctx      context.Context
	answers  *answers
	bound    map[string]string
	rule     *Rule
	findings []plumbline.Finding
	values   map[string]any // by function, the first of each
	first    any            // the first value read
	reason   string         // why the last reading had no value
}

// value reads one statistic.
func (e *evaluation) value(c Call) (float64, error) {
	feature := c.Feature
	if feature == "" && c.scope == FeatureScope {
		feature = e.bound["feature"]
	}
	q := Query{
		Func: c.Func, Args: c.Args, Feature: feature, Window: c.Window,
		Model: e.bound["model"], Version: e.bound["version"], Slice: e.bound["slice"], Against: e.rule.Against,
	}
	if c.spends {
		q.Budget, q.Tolerate, q.Shared = e.rule.spending(), e.rule.Tolerate, c.Feature == "" && feature != ""
	}
	f, err := e.answers.finding(e.ctx, q)
	if err != nil && !errors.Is(err, ErrNoData) {
		return 0, fmt.Errorf("reading %s: %w", c.Func, err)
	}
	behind := f.Counted
	f.Counted = nil
	for _, g := range append([]plumbline.Finding{f}, behind...) {
		if !e.has(g) {
			e.findings = append(e.findings, g)
		}
	}
	if err != nil {
		e.reason = c.Func + ": " + reasonOf(f, err)
		return 0, err
	}
	if _, known := e.values[c.Func]; !known {
		e.values[c.Func] = *f.Value
	}
	if e.first == nil {
		e.first = *f.Value
	}
	return *f.Value, nil
}

func (e *evaluation) has(f plumbline.Finding) bool {
	for _, g := range e.findings {
		if g.Test == f.Test && g.Feature == f.Feature && g.Window == f.Window && g.Value == f.Value {
			return true
		}
	}
	return false
}

func reasonOf(f plumbline.Finding, err error) string {
	if f.Reason != "" {
		return f.Reason
	}
	return err.Error()
}
