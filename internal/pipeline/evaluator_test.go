package pipeline

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"plumbline"
	"plumbline/ledger"
	"plumbline/rules"
)

// constant answers every question with one number.
type constant float64

func (c constant) Finding(_ context.Context, q rules.Query, at time.Time) (plumbline.Finding, error) {
	return plumbline.Finding{Test: q.Func, Window: plumbline.Window{From: at.Add(-q.Window), To: at}, Value: plumbline.Finite(float64(c))}, nil
}

func (constant) Targets(context.Context, map[string]string, time.Time) ([]map[string]string, error) {
	return []map[string]string{{"model": "flights"}}, nil
}

type unseen struct{}

func (unseen) Evaluated(string, time.Time, time.Duration, rules.Result) {}
func (unseen) Missed(string, int)                                       {}

// busy is one rule that is true as soon as it has been for two hours.
func busy(t *testing.T) []rules.Group {
	t.Helper()
	groups, problems := rules.Parse("busy.yaml", []byte(`groups:
- name: g
  interval: 1h
  rules:
  - {alert: Busy, for_each: {model: "*"}, expr: volume("1h") > 10, for: 2h}
`), rules.Catalogue{Functions: Functions()})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return groups
}

// judge is an Evaluator over a ledger of its own. before is called when a result is there and not yet written.
func judge(t *testing.T, l *ledger.Ledger, now func() time.Time, before func()) *Evaluator {
	t.Helper()
	e, err := NewEvaluator(t.Context(), l, constant(20), busy(t), EvaluatorOptions{
		Route: &Route{Receiver: "ml"}, Places: map[string][]Place{"ml": {{Name: "ml/slack", Resolved: true}}}, Now: now, Observe: unseen{},
		Baseline: func(context.Context, string, string) (string, bool) { before(); return "", false },
	}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func told(t *testing.T, l *ledger.Ledger) (out []string) {
	t.Helper()
	all, err := l.Deliveries(t.Context(), ledger.Filter{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		out = append(out, string(d.Edge)+" "+d.At.Format("15:04"))
	}
	return out
}

// What could not be written is judged again, whatever the evaluation was: nobody misses that an alert fired.
func TestLostCommit(t *testing.T) {
	for lost := range 4 { // the alert is pending at 1:00, fires at 3:00
		l := openLedger(t, filepath.Join(t.TempDir(), "ledger.db"))
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		e := judge(t, l, func() time.Time { return hours(0) }, func() {
			if n++; n == lost+1 {
				cancel()
			}
		})
		if err := e.Until(ctx, hours(0), hours(4), nil); !errors.Is(err, context.Canceled) {
			t.Fatalf("lost at %d: %v", lost, err)
		}
		for range 2 {
			if err := e.Until(t.Context(), hours(0), hours(5), nil); err != nil {
				t.Fatal(err)
			}
		}
		equal(t, "deliveries", told(t, l), []string{"firing 03:00"})
	}
}

// By the wall clock, too: a turn that failed is taken again, and one that came too early waits.
func TestTurns(t *testing.T) {
	l := openLedger(t, filepath.Join(t.TempDir(), "ledger.db"))
	now, fails := hours(1), false
	var fail context.CancelFunc
	e := judge(t, l, func() time.Time { return now }, func() {
		if fails {
			fail()
		}
	})
	turn := func(broken bool) (time.Duration, error) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		fails, fail = broken, cancel
		return e.turn(ctx)
	}
	for h := 1; h <= 5; h++ {
		now = hours(float64(h))
		if _, err := turn(true); !errors.Is(err, context.Canceled) {
			t.Fatalf("hour %d: a broken turn ends with %v", h, err)
		}
		if wait, err := turn(false); wait != 0 || err != nil {
			t.Fatalf("hour %d: the turn after it: %v, %v", h, wait, err)
		}
		if wait, err := turn(true); wait != time.Second || err != nil {
			t.Fatalf("hour %d: nothing is due: %v, %v", h, wait, err)
		}
	}
	equal(t, "deliveries", told(t, l), []string{"firing 03:00"})
}
