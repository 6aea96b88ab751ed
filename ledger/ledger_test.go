package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline"
)

var t0 = time.Date(2013, 7, 1, 12, 0, 0, 0, time.UTC)

func at(m int) time.Time { return t0.Add(time.Duration(m) * time.Minute) }

func openAt(t *testing.T, path string) *Ledger {
	t.Helper()
	l, err := Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func open(t *testing.T) *Ledger {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "ledger.db"))
}

func alert(name, model string) plumbline.Alert {
	v := 0.3
	return plumbline.Alert{Rule: "r-" + name, Group: "drift", Name: name, Labels: map[string]string{"model": model, "alertname": name},
		State: plumbline.Firing, ActiveAt: t0.Add(123456789), Findings: []plumbline.Finding{{Test: "psi", Value: &v, N: 100}}}
}

func delivery(key, kind, destination string, m int) Delivery {
	return Delivery{Key: key, Kind: kind, Destination: destination, Alert: alert("Drift", "delay"), Edge: plumbline.EdgeFiring, At: at(m),
		NotBefore: at(m), Created: at(m)}
}

func commit(t *testing.T, l *Ledger, c Commit) int {
	t.Helper()
	n, err := l.Commit(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("%s (-want +got):\n%s", what, d)
	}
}

func keys(ds []Delivery) string {
	var out []string
	for _, d := range ds {
		out = append(out, d.Key)
	}
	return strings.Join(out, " ")
}

func dueKeys(t *testing.T, l *Ledger, m, limit int) string {
	t.Helper()
	ds, err := l.Due(context.Background(), at(m), limit)
	ok(t, err)
	return keys(ds)
}

func TestStateOutlivesTheProcess(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "ledger.db")
	l := openAt(t, path)
	a, b := alert("Drift", "delay"), alert("Drift", "price")
	d := delivery("k1", Notification, "ops", 1)
	d.Group, d.DryRun, d.Reason = "g|firing", true, "why"
	commit(t, l, Commit{Group: "one", At: at(1), Alerts: []plumbline.Alert{a, b}, Deliveries: []Delivery{d}})
	commit(t, l, Commit{Group: "two", At: at(2), Alerts: []plumbline.Alert{a}}) // the same rule in another group is another alert
	ok(t, l.Close())
	ok(t, l.Close())

	l = openAt(t, path)
	alerts, err := l.Alerts(ctx, "two")
	ok(t, err)
	equal(t, "alerts of a group", alerts, []plumbline.Alert{a})
	if alerts, err = l.Alerts(ctx, ""); err != nil || len(alerts) != 3 {
		t.Fatalf("all alerts: %d, %v; want 3", len(alerts), err)
	}
	when, known, err := l.Progress(ctx, "one")
	ok(t, err)
	equal(t, "progress", when, at(1))
	if _, known2, _ := l.Progress(ctx, "three"); !known || known2 {
		t.Fatalf("known: %v, %v; want true, false", known, known2)
	}
	due, err := l.Due(ctx, at(1), 10)
	ok(t, err)
	d.State = Pending
	equal(t, "deliveries", due, []Delivery{d})
}

func TestAlertsChangeAndGo(t *testing.T) {
	l := open(t)
	a, b := alert("Drift", "delay"), alert("Drift", "price")
	commit(t, l, Commit{Group: "g", At: at(1), Alerts: []plumbline.Alert{a, b}})
	b.State, b.ResolvedAt = plumbline.Inactive, at(2)
	commit(t, l, Commit{Group: "g", Alerts: []plumbline.Alert{b}, Forget: []string{Fingerprint(a)}})
	alerts, err := l.Alerts(context.Background(), "g")
	ok(t, err)
	equal(t, "alerts", alerts, []plumbline.Alert{b})
	when, _, err := l.Progress(context.Background(), "g")
	ok(t, err)
	equal(t, "progress after a commit without an instant", when, at(1))
}

func TestAKeyIsWrittenOnce(t *testing.T) {
	l := open(t)
	ctx := context.Background()
	d := delivery("k", Notification, "ops", 1)
	if n := commit(t, l, Commit{Group: "g", Deliveries: []Delivery{d, delivery("k2", Notification, "ops", 1), d}}); n != 2 {
		t.Fatalf("%d are new, want 2", n)
	}
	ok(t, l.Done(ctx, []string{"k"}, at(5)))
	d.Destination = "elsewhere"
	if n := commit(t, l, Commit{Group: "g", Deliveries: []Delivery{d}}); n != 0 {
		t.Fatalf("%d are new, want 0", n)
	}
	equal(t, "due", dueKeys(t, l, 9, 10), "k2")
	sent, err := l.Deliveries(ctx, Filter{State: Sent}, 0)
	ok(t, err)
	if len(sent) != 1 || sent[0].Destination != "ops" || !sent[0].Done.Equal(at(5)) || sent[0].Attempts != 1 {
		t.Fatalf("sent: %+v", sent)
	}
}

func TestLifeOfADelivery(t *testing.T) {
	l := open(t)
	ctx := context.Background()
	var ds []Delivery
	for i, key := range []string{"a", "b", "c", "d"} {
		ds = append(ds, delivery(key, Notification, "ops", 10-i)) // the order is that of commits, not of times
	}
	held := delivery("held", Trigger, "retrain", 0)
	held.State, held.Reason = Suppressed, "cooldown"
	commit(t, l, Commit{Group: "g", Deliveries: append(ds, held)})

	equal(t, "before its time", dueKeys(t, l, 6, 10), "")
	equal(t, "at its time", dueKeys(t, l, 7, 10), "d")
	equal(t, "all", dueKeys(t, l, 10, 10), "a b c d")
	equal(t, "limit", dueKeys(t, l, 10, 2), "a b")
	next, pending, err := l.NextDue(ctx)
	ok(t, err)
	if !pending || !next.Equal(at(7)) {
		t.Fatalf("next due: %v, %v", next, pending)
	}

	ok(t, l.Retry(ctx, []string{"a", "b"}, "the receiver is down", at(20)))
	equal(t, "after a failed attempt", dueKeys(t, l, 19, 10), "c d")
	equal(t, "retry", dueKeys(t, l, 20, 10), "a b c d")
	ok(t, l.Done(ctx, []string{"a"}, at(21)))
	ok(t, l.Fail(ctx, []string{"b"}, strings.Repeat("é", 2000), at(21)))
	ok(t, l.Suppress(ctx, []string{"c"}, "resolved meanwhile", at(21)))
	ok(t, l.Retry(ctx, []string{"d"}, "x", at(3))) // never before NotBefore
	equal(t, "left", dueKeys(t, l, 6, 10), "")
	equal(t, "left", dueKeys(t, l, 100, 10), "d")

	got, err := l.Deliveries(ctx, Filter{Kind: Notification}, 0)
	ok(t, err)
	equal(t, "newest first", keys(got), "d c b a")
	a, b, c := got[3], got[2], got[1]
	if a.State != Sent || a.Attempts != 2 || a.LastError != "" || !a.NextTry.Equal(at(20)) || !a.Done.Equal(at(21)) {
		t.Errorf("a: %+v", a)
	}
	if b.State != Failed || b.Attempts != 2 || len(b.LastError) > maxError+3 || !strings.HasSuffix(b.LastError, "é…") {
		t.Errorf("b: %+v", b)
	}
	if c.State != Suppressed || c.Attempts != 0 || c.Reason != "resolved meanwhile" {
		t.Errorf("c: %+v", c)
	}
	for _, again := range []error{l.Done(ctx, []string{"d", "a"}, at(30)), l.Fail(ctx, []string{"nobody"}, "", at(30)), l.Retry(ctx, []string{"b"}, "", at(30))} {
		if again == nil {
			t.Error("a delivery that is not pending was changed")
		}
	}
	equal(t, "all or none", dueKeys(t, l, 100, 10), "d")
	counts, err := l.Counts(ctx)
	ok(t, err)
	equal(t, "counts", counts, []Count{
		{Notification, "ops", Failed, false, 1}, {Notification, "ops", Pending, false, 1}, {Notification, "ops", Sent, false, 1},
		{Notification, "ops", Suppressed, false, 1}, {Trigger, "retrain", Suppressed, false, 1},
	})
}

func TestABatchStaysTogether(t *testing.T) {
	l := open(t)
	ctx := context.Background()
	var ds []Delivery
	for i := range 6 {
		ds = append(ds, delivery(fmt.Sprint(i), Notification, "ops", 0))
	}
	commit(t, l, Commit{Group: "g", Deliveries: ds})
	ok(t, l.Assign(ctx, []string{"0", "3", "5"}, "batch"))
	ok(t, l.Assign(ctx, []string{"5", "0", "3"}, "batch"))
	if err := l.Assign(ctx, []string{"1", "3"}, "other"); err == nil {
		t.Fatal("a delivery changed its batch")
	}
	due, err := l.Due(ctx, at(0), 2)
	ok(t, err)
	equal(t, "due", keys(due), "0 1 3 5")
	equal(t, "batch", due[2].Batch, "batch")
	equal(t, "none of a refused batch", due[1].Batch, "")
	ok(t, l.Done(ctx, []string{"3"}, at(1)))
	equal(t, "without what is sent", dueKeys(t, l, 1, 1), "0 5")
}

func TestTriggers(t *testing.T) {
	l := open(t)
	ctx := context.Background()
	other := delivery("other model", Trigger, "retrain", 5)
	other.Alert = alert("Drift", "price")
	held := delivery("held", Trigger, "retrain", 6)
	held.State = Suppressed
	commit(t, l, Commit{Group: "g", Deliveries: []Delivery{
		delivery("late", Trigger, "retrain", 9), delivery("first", Trigger, "retrain", 1), delivery("sent", Trigger, "retrain", 4),
		delivery("failed", Trigger, "retrain", 7), other, held, delivery("told", Notification, "retrain", 5), delivery("x", Trigger, "page", 5),
	}})
	ok(t, l.Done(ctx, []string{"sent"}, at(5)))
	ok(t, l.Fail(ctx, []string{"failed"}, "x", at(8)))
	got, err := l.Triggers(ctx, "retrain", "delay", at(4))
	ok(t, err)
	equal(t, "pulls", keys(got), "sent failed late")
}

func TestExpire(t *testing.T) {
	l := open(t)
	ctx := context.Background()
	commit(t, l, Commit{Group: "g", Deliveries: []Delivery{
		delivery("old", Notification, "ops", 1), delivery("old but pending", Notification, "ops", 1), delivery("young", Notification, "ops", 10)}})
	ok(t, l.Done(ctx, []string{"old", "young"}, at(11)))
	n, err := l.Expire(ctx, at(10))
	ok(t, err)
	equal(t, "gone", n, int64(1))
	left, err := l.Deliveries(ctx, Filter{}, 0)
	ok(t, err)
	equal(t, "left", keys(left), "young old but pending")
}

func TestFilter(t *testing.T) {
	l := open(t)
	var ds []Delivery
	for i := range 10 {
		d := delivery(fmt.Sprint(i), []string{Notification, Trigger}[i%2], []string{"ops", "dev"}[i/5], i)
		d.Alert = alert("Drift", []string{"delay", "price"}[i%3/2])
		ds = append(ds, d)
	}
	commit(t, l, Commit{Group: "g", Deliveries: ds})
	f := func(filter Filter, limit int, want string) {
		t.Helper()
		got, err := l.Deliveries(context.Background(), filter, limit)
		ok(t, err)
		equal(t, "deliveries", keys(got), want)
	}
	f(Filter{}, 3, "9 8 7")
	f(Filter{Kind: Trigger}, 0, "9 7 5 3 1")
	f(Filter{Kind: Trigger, Destination: "dev"}, 0, "9 7 5")
	f(Filter{Model: "price"}, 0, "8 5 2")
	f(Filter{Since: at(7)}, 0, "9 8 7")
	f(Filter{State: Sent}, 0, "")
}

func TestFingerprint(t *testing.T) {
	f := func(rule string, labels ...string) string {
		a := plumbline.Alert{Rule: rule, Labels: map[string]string{}}
		for i := 0; i < len(labels); i += 2 {
			a.Labels[labels[i]] = labels[i+1]
		}
		return Fingerprint(a)
	}
	seen := map[string]bool{}
	for _, fp := range []string{f("r"), f("s"), f("r", "a", "b"), f("r", "ab", ""), f("r", "", "ab"), f("r", "a", "b", "c", "d"), f("r", "a", "bcd"), f("ra", "b", "")} {
		if seen[fp] {
			t.Fatalf("fingerprint %s occurs twice", fp)
		}
		seen[fp] = true
	}
	a := alert("Drift", "delay")
	before := Fingerprint(a)
	a.State, a.ActiveAt, a.Annotations = plumbline.Inactive, at(9), map[string]string{"x": "y"}
	equal(t, "identity", Fingerprint(a), before)
}

func TestFilesThatAreNoLedger(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	noise := filepath.Join(dir, "noise")
	ok(t, os.WriteFile(noise, []byte(strings.Repeat("no database ", 1000)), 0o600))
	if _, err := Open(ctx, noise); !errors.Is(err, ErrCorrupt) {
		t.Errorf("error %v, want %v", err, ErrCorrupt)
	}
	if _, err := Open(ctx, filepath.Join(dir, "missing", "ledger.db")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want %v", err, os.ErrNotExist)
	}
	l := openAt(t, filepath.Join(dir, "newer"))
	_, err := l.file.Read.ExecContext(ctx, "UPDATE ledger_schema SET version = 99")
	if err == nil {
		t.Error("a reader wrote")
	}
	newer := tables
	newer.Steps = append(newer.Steps[:1:1], "CREATE TABLE ledger_more (x)")
	ok(t, l.file.Migrate(ctx, newer))
	ok(t, l.Close())
	if _, err := Open(ctx, filepath.Join(dir, "newer")); err == nil || !strings.Contains(err.Error(), "format 2") {
		t.Errorf("a newer file was opened: %v", err)
	}
}

func TestConcurrentUse(t *testing.T) {
	l := open(t)
	ctx := context.Background()
	var wg sync.WaitGroup
	errs := make(chan error, 400)
	for g := range 4 {
		wg.Go(func() {
			for i := range 25 {
				key := fmt.Sprintf("%d-%d", g, i)
				_, err := l.Commit(ctx, Commit{Group: fmt.Sprint(g), At: at(i), Deliveries: []Delivery{delivery(key, Notification, "ops", 0)}})
				errs <- err
				_, err = l.Due(ctx, at(1), 10)
				errs <- err
				errs <- l.Done(ctx, []string{key}, at(2))
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		ok(t, err)
	}
	counts, err := l.Counts(ctx)
	ok(t, err)
	equal(t, "counts", counts, []Count{{Notification, "ops", Sent, false, 100}})
}

func TestLater(t *testing.T) {
	l := open(t)
	ctx := context.Background()
	commit(t, l, Commit{Group: "g", Deliveries: []Delivery{
		delivery("now", Notification, "ops", 1), delivery("wait", Notification, "ops", 5), delivery("retry", Notification, "ops", 1), delivery("sent", Notification, "ops", 9)}})
	ok(t, l.Retry(ctx, []string{"retry"}, "refused", at(3)))
	ok(t, l.Done(ctx, []string{"sent"}, at(1)))
	for m, want := range map[int]string{0: "now wait retry", 1: "wait retry", 3: "wait", 5: ""} {
		got, err := l.Later(ctx, at(m))
		ok(t, err)
		equal(t, fmt.Sprint("later than ", m), keys(got), want)
	}
}
