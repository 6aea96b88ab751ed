package rules

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"

	"plumbline"
)

const (
	// resolvedRetention is how long a resolved alert is still listed, as in Prometheus.
	resolvedRetention = 15 * time.Minute
	// vanishedRetention is how long an alert stays as it is after its target vanished, before the episode is closed.
	vanishedRetention = 7 * 24 * time.Hour
)

// targetKeys are the labels that for_each binds; together they tell targets apart. A source may add deployment where it is not
// live. Rules can't set any of them.
var targetKeys = []string{"model", "version", "feature", "slice"}

// Engine evaluates the rules of one group and holds the state of their alerts. It is not safe for concurrent use.
type Engine struct {
	group   Group
	states  map[string]map[string]instance // by rule's ID and target
	orphans []plumbline.Alert              // of rules that are no more
	tallies map[string]map[string]*tally   // by rule's ID and target
}

type instance struct {
	bound    map[string]string
	alert    plumbline.Alert
	vanished time.Time // since when the target does not exist, if it doesn't
}

// Result is what one evaluation of a group changed and found.
type Result struct {
	Transitions []plumbline.Transition // in the order of rules and targets
	Alerts      []plumbline.Alert      // every live instance: pending, firing, without data, and recently resolved
	Gone        []plumbline.Alert      // to be forgotten, by rule and labels
	Errors      []error                // at most a few of each rule; their instances kept their state
	Evaluated   int                    // expressions computed, or found to have no data
	Findings    []plumbline.Finding    // every statistic read, each once
}

// NewEngine starts a group where the restored alerts left off; alerts of other groups are ignored. Alerts of this group whose
// rule no longer exists are closed by the next Eval.
func NewEngine(g Group, restored []plumbline.Alert) *Engine {
	e := &Engine{group: g, states: map[string]map[string]instance{}}
	known := e.ruleSet()
	for _, a := range restored {
		if a.Group != g.Name {
			continue
		}
		if !known[a.Rule] {
			e.orphans = append(e.orphans, a)
			continue
		}
		bound := map[string]string{}
		for _, k := range targetKeys {
			if v := a.Labels[k]; v != "" {
				bound[k] = v
			}
		}
		e.put(e.states, a.Rule, instance{bound: bound, alert: a})
	}
	return e
}

// Update replaces the rules. State survives for every rule whose ID did not change; the next Eval closes the alerts of the
// others. To remove a group, update it to one without rules and evaluate it once more.
func (e *Engine) Update(g Group) {
	before := e.group.Rules
	e.group = g
	known := e.ruleSet()
	for _, r := range before {
		if known[r.ID] {
			continue
		}
		for _, key := range sortedKeys(e.states[r.ID]) {
			e.orphans = append(e.orphans, e.states[r.ID][key].alert)
		}
		delete(e.states, r.ID)
		delete(e.tallies, r.ID)
	}
}

func (e *Engine) ruleSet() map[string]bool {
	known := map[string]bool{}
	for _, r := range e.group.Rules {
		known[r.ID] = true
	}
	return known
}

func (e *Engine) put(states map[string]map[string]instance, rule string, i instance) {
	if states[rule] == nil {
		states[rule] = map[string]instance{}
	}
	states[rule][targetKey(i.bound)] = i
}

// Eval evaluates every rule at an instant of event time. An error means that nothing happened: the state is as before. If the
// caller can't store a result, it must go on with a new engine made from what is stored.
func (e *Engine) Eval(ctx context.Context, at time.Time, src Source) (Result, error) {
	var res Result
	for _, a := range e.orphans {
		if a.State == plumbline.Firing {
			a.State, a.ResolvedAt, a.Reason = plumbline.Inactive, at, "the rule was changed or removed"
			res.Transitions = append(res.Transitions, plumbline.Transition{At: at, Edge: plumbline.EdgeResolved, Alert: a})
		}
		res.Gone = append(res.Gone, a)
	}
	asked := newAnswers(src, at)
	next := map[string]map[string]instance{}
	for _, r := range e.group.Rules {
		p := &pass{engine: e, rule: r, at: at, ctx: ctx, answers: asked, before: e.states[r.ID]}
		p.run()
		if err := ctx.Err(); err != nil {
			return Result{}, fmt.Errorf("evaluating group %q: %w", e.group.Name, err)
		}
		res.Evaluated += p.evaluated
		res.Errors = append(res.Errors, p.errors()...)
		res.Transitions = append(res.Transitions, p.transitions...)
		for _, i := range p.after {
			e.put(next, r.ID, i)
			res.Alerts = append(res.Alerts, i.alert)
		}
		res.Gone = append(res.Gone, p.gone...)
	}
	e.states, e.orphans = next, nil
	res.Findings = asked.all()
	return res, nil
}

func targetKey(bound map[string]string) string {
	var b strings.Builder
	for _, k := range targetKeys {
		b.WriteString(bound[k])
		b.WriteByte(0)
	}
	return b.String()
}

// describeTarget is a target in words: flights-delay version 1 feature temp.
func describeTarget(bound map[string]string) string {
	s := bound["model"]
	for _, k := range targetKeys[1:] {
		if bound[k] != "" {
			s += " " + k + " " + bound[k]
		}
	}
	return s
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
