package rules

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sort"
	"time"

	"plumbline"
)

const (
	maxTargets = 10000 // instances of one rule
	maxErrors  = 3     // told of one rule in one evaluation
)

// pass is one rule's part of an evaluation.
type pass struct {
	engine  *Engine
	rule    *Rule
	at      time.Time
	ctx     context.Context
	answers *answers
	before  map[string]instance

	inapplicable []judged // targets for which a statistic makes no sense, until it is known whether it does for any
	applicable   int

	after       []instance
	gone        []plumbline.Alert
	transitions []plumbline.Transition
	evaluated   int
	failures    []error
	failed      int
}

func (p *pass) run() {
	list, err := p.answers.find(p.ctx, p.rule.ForEach)
	if err == nil && len(list) > maxTargets {
		err = fmt.Errorf("for_each matches %d targets, at most %d are allowed", len(list), maxTargets)
	}
	if err != nil {
		p.fail(fmt.Errorf("listing targets: %w", err))
		p.freeze("could not be evaluated: " + err.Error())
		return
	}
	absent, reason, err := p.absent(list)
	if err != nil {
		p.fail(fmt.Errorf("listing targets: %w", err))
		p.freeze("could not be evaluated: " + err.Error())
		return
	}
	targets := map[string]map[string]string{}
	for _, bound := range append(list, absent...) {
		targets[targetKey(bound)] = bound
	}
	keys := sortedKeys(targets)
	for key := range p.before {
		if _, exists := targets[key]; !exists {
			keys = append(keys, key)
		}
	}
	sort.Strings(keys)
	for _, key := range keys {
		i, known := p.before[key]
		bound, exists := targets[key]
		if exists {
			i.bound = bound
		}
		if exists && len(absent) == 0 {
			i.vanished = time.Time{}
		}
		if !known {
			i.alert = plumbline.Alert{State: plumbline.Inactive}
		}
		p.describe(&i.alert)
		switch {
		case !exists:
			p.vanish(i)
		case len(absent) > 0:
			p.without(i, known, reason)
		default:
			p.evaluate(i, known)
		}
	}
	p.decide()
	p.limit()
}

// describe refreshes what a reload may have changed without changing the rule's identity.
func (p *pass) describe(a *plumbline.Alert) {
	a.Rule, a.Group, a.Name, a.Expr = p.rule.ID, p.engine.group.Name, p.rule.Alert, p.rule.Expr
	a.Source, a.Trigger = p.rule.source(), p.rule.Trigger
}

func (p *pass) evaluate(i instance, known bool) {
	ev := p.evaluation(i)
	t, reason, err := p.judge(ev, i.alert.State)
	if errors.Is(err, ErrNotApplicable) {
		p.inapplicable = append(p.inapplicable, judged{i, known, ev, reason})
		return
	}
	p.applicable++
	if err != nil {
		p.fail(fmt.Errorf("%s: %w", describeTarget(i.bound), err))
		if known {
			i.alert.Reason = "could not be evaluated: " + err.Error()
			p.keep(i)
		}
		return
	}
	p.engine.note(p.rule.ID, targetKey(i.bound), reason)
	p.conclude(judged{i, known, ev, reason}, t)
}

func (p *pass) evaluation(i instance) *evaluation {
	return &evaluation{ctx: p.ctx, answers: p.answers, bound: i.bound, rule: p.rule, values: map[string]any{}}
}

// judged is an instance and what was read of its statistics.
type judged struct {
	instance instance
	known    bool
	ev       *evaluation
	reason   string
}

// conclude moves an instance by what its expressions say.
func (p *pass) conclude(j judged, t truth) {
	i, known, ev := j.instance, j.known, j.ev
	p.evaluated++
	was := i.alert.State
	a, edge := step(i.alert, p.rule, t, j.reason, p.at)
	started := a.State != was && was != plumbline.Pending && a.State != plumbline.Inactive
	switch {
	case t == yes, edge == plumbline.EdgeResolved && len(ev.findings) > 0, a.State == plumbline.NoData:
		a.Findings = ev.findings
	}
	if started {
		a.Labels = p.labels(i.bound, ev)
		if known && !maps.Equal(a.Labels, i.alert.Labels) {
			p.gone = append(p.gone, i.alert) // it goes on under other labels
		}
	}
	if t == yes {
		a.Annotations = p.annotations(a.Labels, ev)
	} else if started {
		a.Annotations = nil
	}
	i.alert = a
	p.settle(i, known, edge)
}

// vanish treats a target that no longer exists as one without data, and closes the episode when it has been away for long.
func (p *pass) vanish(i instance) {
	if i.vanished.IsZero() {
		i.vanished = p.at
	}
	gone := describeTarget(i.bound) + " no longer exists"
	var edge plumbline.Edge
	switch active := i.alert.State == plumbline.Pending || i.alert.State == plumbline.Firing; {
	case !active:
		i.alert.State = plumbline.Inactive
	case p.at.Sub(i.vanished) >= vanishedRetention:
		if i.alert.State == plumbline.Firing {
			i.alert.ResolvedAt, edge = p.at, plumbline.EdgeResolved
		}
		i.alert.State, i.alert.Reason = plumbline.Inactive, gone+": closed without being seen to resolve"
	default:
		t, reason := p.withoutData(gone)
		i.alert, edge = step(i.alert, p.rule, t, reason, p.at)
	}
	p.settle(i, true, edge)
}

// settle keeps what is alive or recently resolved, and lets go of the rest.
func (p *pass) settle(i instance, known bool, edge plumbline.Edge) {
	if edge != "" {
		p.transitions = append(p.transitions, plumbline.Transition{At: p.at, Edge: edge, Alert: i.alert})
	}
	if i.alert.State == plumbline.Inactive && (i.alert.ResolvedAt.IsZero() || p.at.Sub(i.alert.ResolvedAt) >= resolvedRetention) {
		if known {
			p.gone = append(p.gone, i.alert)
		}
		return
	}
	p.keep(i)
}

func (p *pass) keep(i instance) { p.after = append(p.after, i) }

// judge computes the rule's expressions for a target. The error wraps ErrNotApplicable where they make no sense for it.
func (p *pass) judge(ev *evaluation, state plumbline.AlertState) (truth, string, error) {
	truthful, err := p.rule.cond.run(ev)
	if err == nil && truthful {
		return yes, "", nil
	}
	if err == nil && state == plumbline.Firing && p.rule.clear != nil {
		var clear bool
		if clear, err = p.rule.clear.run(ev); err == nil && !clear {
			return held, "", nil
		}
	}
	switch {
	case err == nil:
		return no, "", nil
	case errors.Is(err, ErrNoData):
		reason := ev.reason
		if reason == "" {
			reason = err.Error()
		}
		if errors.Is(err, ErrNotApplicable) && state != plumbline.Firing { // what fired did apply: that it no longer does is silence
			return no, reason, err
		}
		t, reason := p.withoutData(reason)
		return t, reason, nil
	}
	return unknown, "", err
}

func (p *pass) withoutData(reason string) (truth, string) {
	switch p.rule.NoData {
	case NoDataOK:
		return no, reason
	case NoDataAlert:
		return yes, reason
	}
	return unknown, reason
}

// limit undoes the pass if the rule has more alerts than its group allows.
func (p *pass) limit() {
	most, active := p.engine.group.Limit, 0
	for _, i := range p.after {
		if i.alert.State == plumbline.Pending || i.alert.State == plumbline.Firing {
			active++
		}
	}
	if most <= 0 || active <= most {
		return
	}
	p.fail(fmt.Errorf("%d alerts exceed the group's limit of %d: none of them changes", active, most))
	p.freeze(fmt.Sprintf("%d alerts exceed the group's limit of %d", active, most))
}

// freeze leaves every instance of the rule as it was.
func (p *pass) freeze(reason string) {
	p.after, p.gone, p.transitions = nil, nil, nil
	for _, key := range sortedKeys(p.before) {
		i := p.before[key]
		p.describe(&i.alert)
		i.alert.Reason = reason
		p.keep(i)
	}
}

func (p *pass) fail(err error) {
	if p.failed++; p.failed <= maxErrors {
		p.failures = append(p.failures, fmt.Errorf("rule %q (%s): %w", p.rule.Alert, p.rule.source(), err))
	}
}

func (p *pass) errors() []error {
	if n := p.failed - len(p.failures); n > 0 {
		return append(p.failures, fmt.Errorf("rule %q (%s): %d more targets failed", p.rule.Alert, p.rule.source(), n))
	}
	return p.failures
}

// labels renders an episode's labels. They stay the same for the whole episode, whatever the values do.
func (p *pass) labels(bound map[string]string, ev *evaluation) map[string]string {
	out := map[string]string{"alertname": p.rule.Alert}
	for k, v := range bound {
		out[k] = v
	}
	v := p.view(out, ev)
	rendered := map[string]string{}
	for name, t := range p.rule.labels {
		rendered[name], _ = t.render(v) // the text of an error is the label: a broken label must not stop an alert
	}
	for k, v := range rendered {
		if v != "" {
			out[k] = v
		}
	}
	return out
}

func (p *pass) annotations(labels map[string]string, ev *evaluation) map[string]string {
	out := make(map[string]string, len(p.rule.annotations))
	v := p.view(labels, ev)
	for name, t := range p.rule.annotations {
		out[name], _ = t.render(v)
	}
	return out
}

func (p *pass) view(labels map[string]string, ev *evaluation) view {
	v := view{Labels: labels, Values: map[string]any{}, Value: ev.first, Expr: p.rule.Expr}
	for _, c := range p.rule.Calls() {
		v.Values[c.Func] = missing{}
	}
	for name, x := range ev.values {
		v.Values[name] = x
	}
	if v.Value == nil {
		v.Value = missing{}
	}
	return v
}
