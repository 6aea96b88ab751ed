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
		if err := e.Until(ctx, hours(0), hours(4), false, nil); !errors.Is(err, context.Canceled) {
			t.Fatalf("lost at %d: %v", lost, err)
		}
		for range 2 {
			if err := e.Until(t.Context(), hours(0), hours(5), false, nil); err != nil {
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

// late is quiet before a time.
type late time.Time

func (l late) Finding(ctx context.Context, q rules.Query, at time.Time) (plumbline.Finding, error) {
	if at.Before(time.Time(l)) {
		return constant(0).Finding(ctx, q, at)
	}
	return constant(20).Finding(ctx, q, at)
}

func (late) Targets(ctx context.Context, s map[string]string, at time.Time) ([]map[string]string, error) {
	return constant(0).Targets(ctx, s, at)
}

// A run over recorded data that ends while an alert is pending hands it to the next one.
func TestPendingOverTheEnd(t *testing.T) {
	l := openLedger(t, filepath.Join(t.TempDir(), "ledger.db"))
	now := func() time.Time { return hours(0) }
	e := judge(t, l, now, func() {})
	e.source = late(hours(3))
	until := func(e *Evaluator, to float64) {
		t.Helper()
		if err := e.Until(t.Context(), hours(0), hours(to), false, nil); err != nil {
			t.Fatal(err)
		}
	}
	until(e, 3) // pending since 3:00, in an evaluation that nothing forces to disk
	until(judge(t, l, now, func() {}), 5)
	equal(t, "deliveries", told(t, l), []string{"firing 05:00"})
}

// instants collects what was judged when.
type instants map[string][]string

func (i instants) Evaluated(group string, at time.Time, _ time.Duration, _ rules.Result) {
	i[group] = append(i[group], at.Format("15:04"))
}
func (instants) Missed(string, int) {}

// At the end of all data each group judges its own next instant and no more: a group that looks often must not take the rest of a
// slow group's interval for silence. Instants lie on the interval, also when it has changed.
func TestThroughTheEnd(t *testing.T) {
	l := openLedger(t, filepath.Join(t.TempDir(), "ledger.db"))
	seen := instants{}
	e := judge(t, l, func() time.Time { return hours(0) }, func() {})
	e.options.Observe = seen
	fast, slow := *e.groups[0], *e.groups[0]
	fast.group.Name, fast.group.Interval = "fast", 20*time.Minute
	fast.engine = rules.NewEngine(fast.group, nil)
	slow.group.Name, slow.group.Interval = "slow", 3*time.Hour
	slow.engine = rules.NewEngine(slow.group, nil)
	e.groups = []*groupState{&fast, &slow}
	for range 2 {
		if err := e.Until(t.Context(), hours(0), hours(0.5), true, nil); err != nil {
			t.Fatal(err)
		}
	}
	fast.group.Interval = time.Hour
	if err := e.Until(t.Context(), hours(0), hours(2.5), true, nil); err != nil {
		t.Fatal(err)
	}
	equal(t, "instants", seen, instants{"fast": {"00:20", "00:40", "01:00", "02:00", "03:00"}, "slow": {"03:00"}})
}

// An alert of a group that was removed while the evaluator was away is closed, once.
func TestGroupGoneWhileAway(t *testing.T) {
	l := openLedger(t, filepath.Join(t.TempDir(), "ledger.db"))
	now := func() time.Time { return hours(0) }
	e := judge(t, l, now, func() {})
	if err := e.Until(t.Context(), hours(0), hours(4), false, nil); err != nil {
		t.Fatal(err)
	}
	o := e.options
	o.Repeat, o.Now = true, func() time.Time { return hours(7.5) }
	for range 2 {
		if _, err := NewEvaluator(t.Context(), l, constant(20), nil, o, quiet); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, "deliveries", told(t, l), []string{"resolved 07:30", "firing 03:00"})
	if alerts, err := l.Alerts(t.Context(), ""); err != nil || len(alerts) != 0 {
		t.Errorf("still there: %v, %v", alerts, err)
	}
}
