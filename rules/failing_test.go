package rules

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"plumbline"
)

func TestACancelledEvaluationChangesNothing(t *testing.T) {
	e := NewEngine(group(t, "for: 1m"), nil)
	src := script("1111")
	if _, err := e.Eval(t.Context(), start, src); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Eval(ctx, start.Add(time.Minute), src); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	res, err := e.Eval(t.Context(), start.Add(2*time.Minute), src)
	if err != nil || len(res.Transitions) != 1 {
		t.Errorf("%v %+v", err, res)
	}
}

func TestFailingTargetsFreezeTheRule(t *testing.T) {
	e := NewEngine(group(t, ""), nil)
	src := script("10")
	if _, err := e.Eval(t.Context(), start, src); err != nil {
		t.Fatal(err)
	}
	src.targets = func(map[string]string, time.Time) ([]map[string]string, error) {
		return nil, errors.New("the store is down")
	}
	res, err := e.Eval(t.Context(), start.Add(time.Minute), src)
	if err != nil || len(res.Errors) != 1 || len(res.Transitions) != 0 || len(res.Alerts) != 1 || res.Alerts[0].State != plumbline.Firing || res.Alerts[0].Reason == "" {
		t.Errorf("%v %+v", err, res)
	}
	if !strings.Contains(res.Errors[0].Error(), `rule "A" (rules.yaml:1): listing targets: the store is down`) {
		t.Error(res.Errors)
	}
}

func TestNumbersThatAreNoneAreNoData(t *testing.T) {
	zero := 0.0
	for _, x := range []float64{zero / zero, 1 / zero} {
		src := &fake{value: func(Query, time.Time) (float64, error) { return x, nil }}
		res, err := NewEngine(group(t, ""), nil).Eval(t.Context(), start, src)
		if err != nil || len(res.Alerts) != 1 || res.Alerts[0].State != plumbline.NoData || res.Findings[0].Value != nil || res.Findings[0].Reason == "" {
			t.Errorf("%g: %v %+v", x, err, res)
		}
	}
}

func TestErrorsAreBounded(t *testing.T) {
	src := &fake{
		value: func(Query, time.Time) (float64, error) { return 0, errors.New("the store is down") },
		targets: func(map[string]string, time.Time) (list []map[string]string, _ error) {
			for i := range 100 {
				list = append(list, map[string]string{"model": fmt.Sprint(i)})
			}
			return list, nil
		},
	}
	res, _ := NewEngine(group(t, ""), nil).Eval(t.Context(), start, src)
	if len(res.Errors) != maxErrors+1 || !strings.Contains(res.Errors[maxErrors].Error(), "97 more targets failed") {
		t.Error(res.Errors)
	}
}

// A source that panics fails the rule that asked, leaves its alerts as they are, and is no matter of the others.
func TestAPanicIsAnErrorOfOneRule(t *testing.T) {
	g := mustParse(t, `groups:
- name: g
  rules:
  - {alert: Faulty, expr: 'psi("x", "1h") > 0.5'}
  - {alert: Sound, expr: 'volume("1h") > 0.5'}
`)
	faulty := false
	src := &fake{value: func(q Query, _ time.Time) (float64, error) {
		if faulty && q.Func == "psi" {
			var nothing *float64
			return *nothing, nil
		}
		return 1, nil
	}}
	e := NewEngine(g, nil)
	for i := range 3 {
		res, err := e.Eval(t.Context(), start.Add(time.Duration(i)*time.Minute), src)
		if err != nil || len(res.Alerts) != 2 || res.Alerts[0].State != plumbline.Firing || res.Alerts[1].State != plumbline.Firing {
			t.Fatalf("%d: %v %+v", i, err, res.Alerts)
		}
		if i > 0 && (len(res.Errors) != 1 || !strings.Contains(res.Errors[0].Error(), `rule "Faulty" (rules.yaml:4): m: reading psi: a fault of plumbline`)) {
			t.Errorf("%d: %v", i, res.Errors)
		}
		faulty = true
	}
	src.targets = func(map[string]string, time.Time) ([]map[string]string, error) { panic("no targets") }
	res, err := e.Eval(t.Context(), start.Add(3*time.Minute), src)
	if err != nil || len(res.Errors) != 2 || len(res.Transitions) != 0 || res.Alerts[0].State != plumbline.Firing {
		t.Errorf("%v %+v", err, res)
	}
}
