package pipeline

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline"
	"plumbline/ledger"
	"plumbline/rules"
)

var day0 = time.Date(2013, 7, 1, 0, 0, 0, 0, time.UTC)

func hours(h float64) time.Time { return day0.Add(time.Duration(h * float64(time.Hour))) }

func openLedger(t *testing.T, path string) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// firing is an alert of a model's feature that fired at a time and names a trigger.
func firing(model, feature string, at time.Time) plumbline.Alert {
	return plumbline.Alert{Rule: "r1", Name: "Drift", Labels: map[string]string{"alertname": "Drift", "model": model, "feature": feature},
		State: plumbline.Firing, ActiveAt: at.Add(-time.Hour), FiredAt: at, LastTrue: at, Trigger: "retrain"}
}

func edge(e plumbline.Edge, at time.Time, alerts ...plumbline.Alert) (r rules.Result) {
	for _, a := range alerts {
		r.Transitions = append(r.Transitions, plumbline.Transition{At: at, Edge: e, Alert: a})
	}
	return r
}

// desk is an evaluator's writing desk: what it asks for is committed as the Evaluator does.
type desk struct {
	t *testing.T
	*Evaluator
}

func newDesk(t *testing.T, o EvaluatorOptions) *desk {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return hours(0) }
	}
	return &desk{t, &Evaluator{ledger: openLedger(t, filepath.Join(t.TempDir(), "ledger.db")), options: o}}
}

func (d *desk) commit(at time.Time, r rules.Result) (added int) {
	d.t.Helper()
	ds, err := d.deliveries(context.Background(), at, r)
	if err != nil {
		d.t.Fatal(err)
	}
	added, err = d.ledger.Commit(context.Background(), ledger.Commit{Group: "g", At: at, Deliveries: ds})
	if err != nil {
		d.t.Fatal(err)
	}
	return added
}

// pulls are the trigger deliveries in the order of their commits, like temp@3 or dewp@5:suppressed.
func (d *desk) pulls() string {
	d.t.Helper()
	all, err := d.ledger.Deliveries(context.Background(), ledger.Filter{Kind: ledger.Trigger}, 0)
	if err != nil {
		d.t.Fatal(err)
	}
	var out []string
	for _, x := range all {
		s := fmt.Sprintf("%s@%g", x.Alert.Labels["feature"], x.At.Sub(day0).Hours())
		if x.State == ledger.Suppressed {
			s += ":" + strings.Fields(x.Reason)[0]
		}
		if x.DryRun {
			s += ":dry"
		}
		out = append([]string{s}, out...)
	}
	return strings.Join(out, " ")
}

func (d *desk) wantPulls(want string) {
	d.t.Helper()
	if got := d.pulls(); got != want {
		d.t.Errorf("pulls %s, want %s", got, want)
	}
}

func TestCooldown(t *testing.T) {
	d := newDesk(t, EvaluatorOptions{Triggers: map[string]TriggerPolicy{"retrain": {Cooldown: 24 * time.Hour}}})
	first := edge(plumbline.EdgeFiring, hours(1), firing("flights", "temp", hours(1)), firing("flights", "dewp", hours(1)), firing("credit", "age", hours(1)))
	d.commit(hours(1), first)
	d.commit(hours(24.9), edge(plumbline.EdgeFiring, hours(24.9), firing("flights", "humid", hours(24.9))))
	d.commit(hours(25), edge(plumbline.EdgeFiring, hours(25), firing("flights", "visib", hours(25))))
	want := "temp@1 dewp@1:cooldown age@1 humid@24.9:cooldown visib@25"
	d.wantPulls(want)
	if n := d.commit(hours(1), first); n != 0 {
		t.Errorf("%d new deliveries of an evaluation done twice", n)
	}
	d.wantPulls(want)
}

func TestMaxPerWindow(t *testing.T) {
	d := newDesk(t, EvaluatorOptions{Triggers: map[string]TriggerPolicy{"retrain": {MaxCount: 2, Window: 48 * time.Hour}}})
	d.commit(hours(1), edge(plumbline.EdgeFiring, hours(1), firing("flights", "a", hours(1)), firing("flights", "b", hours(1)), firing("flights", "c", hours(1))))
	d.commit(hours(48), edge(plumbline.EdgeFiring, hours(48), firing("flights", "d", hours(48))))
	d.commit(hours(49), edge(plumbline.EdgeFiring, hours(49), firing("flights", "e", hours(49)), firing("flights", "f", hours(49)), firing("flights", "g", hours(49))))
	d.wantPulls("a@1 b@1 c@1:2 d@48:2 e@49 f@49 g@49:2")
}

// What never arrived, or was not to arrive, restrains nothing.
func TestWhatDoesNotCount(t *testing.T) {
	policy := func(dry bool) map[string]TriggerPolicy {
		return map[string]TriggerPolicy{"retrain": {Cooldown: 24 * time.Hour, MaxCount: 1, Window: 48 * time.Hour, DryRun: dry}}
	}
	d := newDesk(t, EvaluatorOptions{Triggers: policy(true)})
	d.commit(hours(1), edge(plumbline.EdgeFiring, hours(1), firing("m", "a", hours(1)), firing("m", "b", hours(1))))
	d.options.Triggers = policy(false)
	d.commit(hours(2), edge(plumbline.EdgeFiring, hours(2), firing("m", "c", hours(2))))
	due, err := d.ledger.Due(t.Context(), hours(2), 10)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.ledger.Fail(t.Context(), []string{due[len(due)-1].Key}, "404", hours(2)); err != nil {
		t.Fatal(err)
	}
	d.commit(hours(3), edge(plumbline.EdgeFiring, hours(3), firing("m", "d", hours(3))))
	d.wantPulls("a@1:dry b@1:cooldown:dry c@2 d@3")
}

func TestKeys(t *testing.T) {
	a := firing("m", "a", hours(1))
	seen := map[string]string{}
	for name, key := range map[string]string{
		"":            deliveryKey(ledger.Notification, "ml/slack", a, plumbline.EdgeFiring, 0),
		"kind":        deliveryKey(ledger.Trigger, "ml/slack", a, plumbline.EdgeFiring, 0),
		"destination": deliveryKey(ledger.Notification, "ml/webhook", a, plumbline.EdgeFiring, 0),
		"edge":        deliveryKey(ledger.Notification, "ml/slack", a, plumbline.EdgeResolved, 0),
		"repeat":      deliveryKey(ledger.Notification, "ml/slack", a, plumbline.EdgeFiring, 1),
		"labels":      deliveryKey(ledger.Notification, "ml/slack", firing("m", "b", hours(1)), plumbline.EdgeFiring, 0),
		"episode":     deliveryKey(ledger.Notification, "ml/slack", firing("m", "a", hours(2)), plumbline.EdgeFiring, 0),
	} {
		if other, ok := seen[key]; ok {
			t.Errorf("another %q and another %q have the same key", name, other)
		}
		seen[key] = name
		if strings.Contains(key, ".") || len(key) > 64 {
			t.Errorf("%s can't be a webhook-id", key)
		}
	}
	b := a
	b.Annotations, b.Findings, b.LastTrue, b.Reason = map[string]string{"x": "y"}, []plumbline.Finding{{Test: "psi"}}, hours(9), "r"
	if deliveryKey(ledger.Notification, "d", a, plumbline.EdgeFiring, 0) != deliveryKey(ledger.Notification, "d", b, plumbline.EdgeFiring, 0) {
		t.Error("the key depends on more than rule, labels, episode and edge")
	}
	// The key is in receivers' memories: it must not change from one release to the next.
	if got, want := deliveryKey(ledger.Trigger, "retrain", a, plumbline.EdgeFiring, 0), "pl_71de8deec5d7e9e271390478d3600664"; got != want {
		t.Errorf("key %s, want %s", got, want)
	}
}

func TestNotifications(t *testing.T) {
	now := hours(100)
	d := newDesk(t, EvaluatorOptions{
		Now: func() time.Time { return now }, Repeat: true,
		Route: &Route{Receiver: "ml", GroupBy: []string{"model"}, GroupWait: 30 * time.Second, RepeatInterval: 4 * time.Hour, Routes: []*Route{
			{Receiver: "ml", GroupBy: []string{"model"}, Matchers: matchers(t, `model="m"`), Continue: true, RepeatInterval: 4 * time.Hour, GroupWait: 30 * time.Second},
			{Receiver: "audit", Matchers: matchers(t, `model="m"`)},
		}},
		Places: map[string][]Place{"ml": {{Name: "ml/slack", Resolved: true}, {Name: "ml/webhook"}}, "audit": {{Name: "audit/webhook", Resolved: true}}},
	})
	told := func() string {
		all, err := d.ledger.Deliveries(context.Background(), ledger.Filter{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, x := range all {
			out = append([]string{x.Destination + ":" + string(x.Edge)}, out...)
			if x.Edge != plumbline.EdgeRepeat && x.Destination != "audit/webhook" && !x.NotBefore.Equal(now.Add(30*time.Second)) {
				t.Errorf("%s may leave at %s", x.Destination, x.NotBefore)
			}
		}
		return strings.Join(out, " ")
	}
	a := firing("m", "a", hours(1))
	a.Trigger = ""
	d.commit(hours(1), edge(plumbline.EdgeFiring, hours(1), a))
	want := "ml/slack:firing ml/webhook:firing audit/webhook:firing"
	if got := told(); got != want {
		t.Errorf("told %s, want %s", got, want)
	}
	still := func(h float64) int { return d.commit(hours(h), rules.Result{Alerts: []plumbline.Alert{a}}) }
	for _, c := range []struct {
		h float64
		n int
	}{{4.9, 0}, {5, 2}, {5.1, 0}, {8.9, 0}, {30, 2}, {32.9, 0}, {33, 2}} { // at 30 h only the seventh repeat is told
		if n := still(c.h); n != c.n {
			t.Errorf("after %g h %d repeats, want %d", c.h, n, c.n)
		}
	}
	d.options.Route.Routes[0].RepeatInterval = 12 * time.Hour // 37 h is the next multiple since it fired
	still(36.9)                                               // the change itself may be told once
	if n := still(37); n != 2 {
		t.Errorf("a longer interval hides repeats: %d new at 37 h, want 2", n)
	}
	d.options.Repeat = false
	if n := still(60); n != 0 {
		t.Errorf("%d repeats of recorded data", n)
	}
	a.State = plumbline.Inactive
	if n := d.commit(hours(61), edge(plumbline.EdgeResolved, hours(61), a)); n != 2 {
		t.Errorf("%d are told of the end, want 2: ml/webhook is not to be", n)
	}
}

// A group's first message waits for company; what changes later waits until the interval since the last message is over.
func TestPace(t *testing.T) {
	now := hours(1)
	d := newDesk(t, EvaluatorOptions{
		Now: func() time.Time { return now }, Repeat: true,
		Route:  &Route{Receiver: "ml", GroupBy: []string{"model"}, GroupWait: 30 * time.Second, GroupInterval: 5 * time.Minute},
		Places: map[string][]Place{"ml": {{Name: "ml/slack", Resolved: true}, {Name: "ml/webhook", Resolved: true}}},
	})
	start, feature := now, 0
	change := func(after time.Duration, e plumbline.Edge, model string, want time.Duration) {
		t.Helper()
		now = start.Add(after)
		feature++
		a := firing(model, fmt.Sprint(feature), now)
		a.Trigger = ""
		d.commit(now, edge(e, now, a))
		all, err := d.ledger.Deliveries(t.Context(), ledger.Filter{Destination: "ml/slack"}, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := all[0].NotBefore.Sub(start); got != want {
			t.Errorf("%s of %s after %s leaves after %s, want %s", e, model, after, got, want)
		}
	}
	sent := func(after time.Duration) {
		t.Helper()
		due, err := d.ledger.Due(t.Context(), start.Add(after), 100)
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, x := range due {
			keys = append(keys, x.Key)
		}
		if err := d.ledger.Done(t.Context(), keys, start.Add(after)); err != nil {
			t.Fatal(err)
		}
	}
	const s, m = time.Second, time.Minute
	change(0, plumbline.EdgeFiring, "m", 30*s)
	change(10*s, plumbline.EdgeFiring, "m", 30*s) // it joins the one that waits
	change(20*s, plumbline.EdgeFiring, "n", 50*s) // another group
	sent(40 * s)
	change(1*m, plumbline.EdgeFiring, "m", 5*m+40*s)
	change(2*m, plumbline.EdgeResolved, "m", 5*m+40*s)
	sent(6 * m)
	change(30*m, plumbline.EdgeFiring, "m", 30*m+30*s)
	d.options.Repeat = false
	change(31*m, plumbline.EdgeFiring, "m", 31*m) // recorded data does not wait
}

func TestDryRun(t *testing.T) {
	d := newDesk(t, EvaluatorOptions{DryRun: true, Route: &Route{Receiver: "ml"}, Places: map[string][]Place{"ml": {{Name: "ml/slack"}}}})
	d.commit(hours(1), edge(plumbline.EdgeFiring, hours(1), firing("m", "a", hours(1))))
	all, err := d.ledger.Deliveries(t.Context(), ledger.Filter{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || !all[0].DryRun || !all[1].DryRun {
		t.Errorf("deliveries %+v, want two dry runs", all)
	}
}

func TestNoRoute(t *testing.T) {
	d := newDesk(t, EvaluatorOptions{Repeat: true})
	r := edge(plumbline.EdgeFiring, hours(9), firing("m", "a", hours(1)))
	r.Alerts = []plumbline.Alert{firing("m", "a", hours(1))}
	d.commit(hours(9), r)
	d.wantPulls("a@9") // triggers need no route
}

// What fires together is due together, however long it takes to write it down.
func TestDueTogether(t *testing.T) {
	now := hours(1)
	d := newDesk(t, EvaluatorOptions{Repeat: true, Route: &Route{Receiver: "ml", GroupWait: time.Minute}, Places: map[string][]Place{"ml": {{Name: "ml/slack"}}},
		Now: func() time.Time { now = now.Add(time.Second); return now }})
	d.commit(hours(1), edge(plumbline.EdgeFiring, hours(1), firing("m", "a", hours(1)), firing("m", "b", hours(1)), firing("m", "c", hours(1))))
	due, err := d.ledger.Later(t.Context(), hours(1).Add(30*time.Second)) // triggers do not wait
	if err != nil || len(due) != 3 {
		t.Fatalf("%v, %v", due, err)
	}
	for _, x := range due {
		if !x.NotBefore.Equal(due[0].NotBefore) {
			t.Errorf("%s is due at %s, %s at %s", x.Alert.Labels["feature"], x.NotBefore, due[0].Alert.Labels["feature"], due[0].NotBefore)
		}
	}
}
