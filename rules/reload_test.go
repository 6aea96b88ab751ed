package rules

import (
	"testing"
	"time"

	"plumbline"
)

func TestReload(t *testing.T) {
	yaml := `groups: [{name: g, rules: [{alert: A, expr: volume("1h") > 1, for: 2m}, {alert: B, expr: volume("1h") > 1}]}]`
	src := &fake{value: func(Query, time.Time) (float64, error) { return 5, nil }}
	e := NewEngine(mustParse(t, yaml), nil)
	eval := func(minute int) string {
		t.Helper()
		res, err := e.Eval(t.Context(), start.Add(time.Duration(minute)*time.Minute), src)
		if err != nil {
			t.Fatal(err)
		}
		s := ""
		for _, a := range res.Alerts {
			s += a.Name + string(a.State[:1]) + " "
		}
		for _, tr := range res.Transitions {
			s += string(tr.Edge) + " " + tr.Alert.Name + " " + tr.Alert.Reason + "|"
		}
		for _, a := range res.Gone {
			s += "gone " + a.Name + "|"
		}
		return s
	}
	is := func(minute int, want string) {
		t.Helper()
		if got := eval(minute); got != want {
			t.Errorf("minute %d: %q, want %q", minute, got, want)
		}
	}
	is(0, "Ap Bf firing B |")
	// A's description changes and survives, pending as it was; B's limit changes: another rule.
	e.Update(mustParse(t, `groups: [{name: g, rules: [{alert: B, expr: volume("1h") > 2}, {alert: A, expr: volume("1h") > 1, for: 1m, annotations: {a: b}}]}]`))
	is(1, "Bf Af resolved B the rule was changed or removed|firing B |firing A |gone B|")
	is(2, "Bf Af ")
	e.Update(Group{Name: "g"})
	is(3, "resolved B the rule was changed or removed|resolved A the rule was changed or removed|gone B|gone A|")
	is(4, "")
}

func TestRestoredAlertsOfRemovedRulesAreClosed(t *testing.T) {
	g := group(t, "")
	e := NewEngine(g, []plumbline.Alert{
		{Rule: "old", Group: "g", Name: "Old", State: plumbline.Firing},
		{Rule: "old", Group: "g", Name: "Old", State: plumbline.Pending},
		{Rule: "x", Group: "other", Name: "Other", State: plumbline.Firing},
	})
	res, err := e.Eval(t.Context(), start, script("0"))
	if err != nil || len(res.Transitions) != 1 || res.Transitions[0].Edge != plumbline.EdgeResolved || len(res.Gone) != 2 {
		t.Errorf("%v %+v", err, res)
	}
	if res, _ := e.Eval(t.Context(), start, script("0")); len(res.Gone) != 0 {
		t.Errorf("closed twice: %+v", res)
	}
}
