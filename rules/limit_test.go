package rules

import (
	"testing"
	"time"
)

func TestLimit(t *testing.T) {
	g := mustParse(t, `groups: [{name: g, limit: 2, rules: [{alert: A, for_each: {feature: "*"}, expr: psi("1h") > 0.5}]}]`)
	drifted := 2
	src := &fake{
		value: func(q Query, _ time.Time) (float64, error) {
			if int(q.Feature[0]-'a') < drifted {
				return 1, nil
			}
			return 0, nil
		},
		targets: func(map[string]string, time.Time) ([]map[string]string, error) {
			var list []map[string]string
			for _, f := range "dcbae" {
				list = append(list, map[string]string{"model": "m", "feature": string(f)})
			}
			return list, nil
		},
	}
	e := NewEngine(g, nil)
	states := func(minute int) (string, int) {
		t.Helper()
		res, err := e.Eval(t.Context(), start.Add(time.Duration(minute)*time.Minute), src)
		if err != nil {
			t.Fatal(err)
		}
		s := ""
		for _, a := range res.Alerts {
			s += a.Labels["feature"] + string(a.State[:1]) + " "
		}
		for _, tr := range res.Transitions {
			s += string(tr.Edge) + tr.Alert.Labels["feature"] + " "
		}
		return s, len(res.Errors)
	}
	for i, c := range []struct {
		drifted int
		want    string
		errors  int
	}{
		{2, "af bf firinga firingb ", 0},
		{4, "af bf ", 1}, // none fires, and those that fire go on
		{1, "af bi resolvedb ", 0},
	} {
		drifted = c.drifted
		if got, errs := states(i); got != c.want || errs != c.errors {
			t.Errorf("%d drifted: %q with %d errors, want %q with %d", c.drifted, got, errs, c.want, c.errors)
		}
	}
	fresh := NewEngine(g, nil)
	drifted = 3
	if res, _ := fresh.Eval(t.Context(), start, src); len(res.Alerts) != 0 || len(res.Transitions) != 0 || len(res.Errors) != 1 {
		t.Errorf("%+v", res)
	}
}
