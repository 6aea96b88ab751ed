package rules

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A rule is told to have been silent about the targets that never had a number, for the most frequent reason; one number is enough, and
// what a rule makes no sense for is none of its targets.
func TestSilences(t *testing.T) {
	g := mustParse(t, `groups: [{name: g, rules: [
  {alert: Never, for_each: {model: "*"}, expr: volume("1h") > 1},
  {alert: Once, for_each: {model: "*"}, expr: memory("1h") > 1},
  {alert: Guarded, for_each: {model: "*"}, expr: cpu("1h") > 1 and volume("1h") > 1},
  {alert: Elsewhere, for_each: {model: "*", feature: "*"}, expr: unseen("1h") > 1}]}]`)
	src := &fake{
		targets: func(map[string]string, time.Time) ([]map[string]string, error) {
			return []map[string]string{{"model": "a"}, {"model": "b"}}, nil
		},
		value: func(q Query, at time.Time) (float64, error) {
			minute := int(at.Sub(start) / time.Minute)
			switch {
			case q.Func == "unseen":
				return 0, ErrNotApplicable
			case q.Func == "cpu", q.Func == "memory" && (minute == 1 || q.Model == "a"):
				return 0, nil
			case q.Func == "volume" && minute == 3 && q.Model == "a":
				return 0, errors.New("the store is down")
			}
			return 0, ErrNoData
		},
	}
	e := NewEngine(g, nil)
	for i := range 4 {
		if _, err := e.Eval(t.Context(), start.Add(time.Duration(i)*time.Minute), src); err != nil {
			t.Fatal(err)
		}
	}
	want := []Silence{{Rule: "Never", Source: "rules.yaml:2", Targets: 2, Of: 2, Reason: "volume: too few rows"}}
	if diff := cmp.Diff(want, e.Silences()); diff != "" {
		t.Error(diff)
	}
	g.Rules = g.Rules[1:]
	if e.Update(g); len(e.Silences()) != 0 {
		t.Errorf("of a rule that is gone: %+v", e.Silences())
	}
}

// Reasons with numbers in them are bounded, and the most frequent wins.
func TestReasonsAreBounded(t *testing.T) {
	e := NewEngine(group(t, ""), nil)
	rule := e.group.Rules[0].ID
	for i := range 1000 {
		e.note(rule, "x", fmt.Sprintf("%d rows", i))
		if i%2 == 0 {
			e.note(rule, "x", "0 rows")
		}
	}
	if s := e.Silences(); len(s) != 1 || s[0].Reason != "0 rows" || len(e.tallies[rule]["x"].reasons) != maxReasons {
		t.Errorf("%+v, %d kept", s, len(e.tallies[rule]["x"].reasons))
	}
	for i := range maxTargets + 100 {
		e.note(rule, fmt.Sprint(i), "")
	}
	if s := e.Silences(); len(s) != 1 || s[0].Of != maxTargets || s[0].Targets != 1 {
		t.Errorf("%+v", s)
	}
}
