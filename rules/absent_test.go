package rules

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"plumbline"
)

// small is a source that knows some targets, of which only the feature amount makes sense to be asked for.
type small []map[string]string

func (s small) Finding(_ context.Context, q Query, at time.Time) (plumbline.Finding, error) {
	f := plumbline.Finding{Test: q.Func, Model: q.Model, Feature: q.Feature, Value: plumbline.Finite(0)}
	if q.Feature != "" && q.Feature != "amount" {
		f.Value, f.Reason = nil, q.Model+" has no feature "+q.Feature
		return f, ErrNotApplicable
	}
	return f, nil
}

func (s small) Targets(_ context.Context, selector map[string]string, _ time.Time) (list []map[string]string, _ error) {
	for _, target := range s {
		out := map[string]string{}
		fits := true
		for key, pattern := range selector {
			ok, _ := Match(pattern, target[key])
			fits = fits && ok
			out[key] = target[key]
		}
		if fits {
			list = append(list, out)
		}
	}
	return list, nil
}

// What a rule spells out and nothing has is no data, by the rule's no_data; what patterns stand for may be nothing.
func TestNamesThatNothingHas(t *testing.T) {
	loans := small{{"model": "loans", "version": "1", "feature": "age"}, {"model": "loans", "version": "1", "feature": "amount"}}
	two := append(small{{"model": "churn", "version": "1", "feature": "tenure"}}, loans...)
	for _, c := range []struct {
		rule   string
		source small
		want   string // the labels of the instance without data
		reason string
	}{
		{`for_each: {model: laons}, expr: 'volume("1d") > 1'`, loans, "map[model:laons]", "there is no model laons: neither records nor a baseline have it"},
		{`for_each: {model: laons}, expr: 'volume("1d") > 1'`, nil, "map[model:laons]", "there is no model laons"},
		{`for_each: {model: laons, feature: "*"}, expr: 'psi("1d") > 1'`, loans, "map[model:laons]", "there is no model laons"},
		{`for_each: {model: loans, version: "2", feature: "*"}, expr: 'psi("1d") > 1'`, loans, "map[model:loans version:2]", "there is no model loans, version 2"},
		{`for_each: {model: loans, feature: amuont}, expr: 'psi("1d") > 1'`, loans, "map[feature:amuont model:loans]", "there is no model loans, feature amuont"},
		{`for_each: {feature: amuont}, expr: 'psi("1d") > 1'`, two, "map[feature:amuont]", "there is no feature amuont"},
		{`for_each: {feature: amuont}, expr: 'psi("1d") > 1'`, nil, "", ""},
		{`for_each: {model: loans, slice: "country=xx"}, expr: 'volume("1d") > 1'`, loans, "map[model:loans slice:country=xx]", "there is no model loans, slice country=xx"},
		{`for_each: {model: loans, slice: country}, expr: 'volume("1d") > 1'`, loans, "", ""},
		{`for_each: {model: loans, slice: "*"}, expr: 'volume("1d") > 1'`, loans, "", ""},
		{`for_each: {model: loans, feature: "am*t_*"}, expr: 'psi("1d") > 1'`, loans, "", ""},
		{`for_each: {model: "*", version: "*", feature: "*"}, expr: 'psi("1d") > 1'`, nil, "", ""},
		{`for_each: {model: lo*}, expr: 'volume("1d") > 1'`, nil, "", ""},
		{`expr: 'psi("amuont", "1d") > 1'`, loans, "map[model:loans]", "psi: loans has no feature amuont"},
		{`expr: 'psi("amuont", "1d") > 1'`, two, "map[model:churn] map[model:loans]", "psi: churn has no feature amuont"},
		{`expr: 'psi("amount", "1d") > 1'`, two, "", ""},
		{`expr: 'psi("amuont", "1d") > 1'`, nil, "", ""},
		{`for_each: {model: loans, feature: age}, expr: 'psi("1d") > 1'`, loans, "map[feature:age model:loans]", "psi: loans has no feature age"},
		{`for_each: {feature: "*"}, expr: 'psi("1d") > 1'`, loans[:1], "", ""},
	} {
		for policy, state := range map[string]plumbline.AlertState{"keep": plumbline.NoData, "alert": plumbline.Firing, "ok": ""} {
			groups, problems := Parse("rules.yaml", fmt.Appendf(nil, "groups: [{name: g, rules: [{alert: A, no_data: %s, %s}]}]", policy, c.rule), testCatalogue())
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			e := NewEngine(groups[0], nil)
			for i := range 3 {
				res, err := e.Eval(t.Context(), start.Add(time.Duration(i)*time.Minute), c.source)
				if err != nil || len(res.Errors) > 0 {
					t.Fatal(err, res.Errors)
				}
				var got []string
				for _, a := range res.Alerts {
					labels := maps.Clone(a.Labels)
					delete(labels, "alertname")
					got = append(got, fmt.Sprint(labels))
					if a.State != state || !strings.HasPrefix(a.Reason, c.reason) && len(got) == 1 {
						t.Errorf("%s with %s is %s: %s", c.rule, policy, a.State, a.Reason)
					}
				}
				want := c.want
				if policy == "ok" {
					want = ""
				}
				if strings.Join(got, " ") != want {
					t.Errorf("%s with %s gives %s, want %s", c.rule, policy, got, want)
				}
				if i > 0 && len(res.Transitions)+len(res.Gone) > 0 {
					t.Errorf("%s with %s: evaluation %d changed something: %+v", c.rule, policy, i, res)
				}
			}
		}
	}
}

// What is named and comes at last is judged like anything else; what goes again freezes, and is closed after a week.
func TestANamedTargetComesAndGoes(t *testing.T) {
	g := mustParse(t, `groups: [{name: g, rules: [{alert: A, for_each: {model: loans}, expr: 'volume("1d") == 0'}]}]`)
	e := NewEngine(g, nil)
	loans := small{{"model": "loans"}}
	for i, c := range []struct {
		at     time.Duration
		source small
		state  plumbline.AlertState
		edges  int
	}{
		{0, nil, plumbline.NoData, 0}, {1, loans, plumbline.Firing, 1}, {2, nil, plumbline.Firing, 0}, {24*7 + 2, nil, plumbline.Inactive, 1}, {24*7 + 3, nil, plumbline.NoData, 0},
	} {
		res, err := e.Eval(t.Context(), start.Add(c.at*time.Hour), c.source)
		if err != nil || len(res.Alerts) != 1 || res.Alerts[0].State != c.state || len(res.Transitions) != c.edges {
			t.Errorf("%d: %v %+v", i, err, res)
		}
	}
}
