package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"plumbline"
	"plumbline/ledger"
	"plumbline/sinks"
)

// world is an outbox in a file, destinations that answer as they are told, and a clock.
type world struct {
	t      *testing.T
	path   string
	ledger *ledger.Ledger
	*Dispatcher
	mu     sync.Mutex
	now    time.Time
	answer map[string]error // by destination
	heard  []string         // like ml/slack:firing[a b]
	keys   []string
	counts map[string]int
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, path: filepath.Join(t.TempDir(), "ledger.db"), now: hours(0), answer: map[string]error{}, counts: map[string]int{}}
	w.restart()
	return w
}

// restart is a crash, as far as the file is concerned, and the next start.
func (w *world) restart() {
	w.t.Helper()
	if w.ledger != nil {
		w.ledger.Close()
	}
	w.ledger = openLedger(w.t, w.path)
	w.Dispatcher = NewDispatcher(w.ledger, w.destinations(), slog.New(slog.DiscardHandler))
}

func (w *world) destinations() DispatcherOptions {
	return DispatcherOptions{
		Receivers: map[string]sinks.Notifier{"ml/slack": w, "ml/webhook": w}, Triggers: map[string]sinks.Puller{"retrain": w},
		Group:  func(place string, _ plumbline.Alert) (string, map[string]string) { return place, nil },
		GiveUp: 24 * time.Hour, Poll: time.Millisecond, Observe: w,
		Now: func() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now },
	}
}

func (w *world) Notified(receiver, outcome string) { w.counts[outcome]++ }
func (w *world) Triggered(trigger, outcome string) { w.counts[outcome]++ }

func (w *world) Notify(_ context.Context, n sinks.Notification) error {
	var features []string
	for _, a := range n.Alerts {
		features = append(features, a.Labels["feature"])
	}
	return w.hear(n.Receiver, n.Key, fmt.Sprintf("%s:%s%v", n.Receiver, n.Edge, features))
}

func (w *world) Pull(_ context.Context, r sinks.TriggerRequest) error {
	return w.hear(r.Trigger, r.Key, r.Trigger+"["+r.Alert.Labels["feature"]+"]")
}

func (w *world) hear(destination, key, what string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard, w.keys = append(w.heard, what), append(w.keys, key)
	return w.answer[destination]
}

// put writes deliveries of one evaluation: text like "ml/slack firing a", on the hour.
func (w *world) put(hour float64, texts ...string) {
	w.t.Helper()
	c := ledger.Commit{Group: "g", At: hours(hour)}
	for _, text := range texts {
		f := strings.Fields(text)
		a := firing("m", f[2], hours(0))
		d := ledger.Delivery{Kind: ledger.Notification, Destination: f[0], Group: f[0] + f[1], Alert: a, Edge: plumbline.Edge(f[1]), At: hours(hour), NotBefore: w.now, Created: w.now}
		if f[0] == "retrain" {
			d.Kind, d.Group = ledger.Trigger, ""
		}
		d.Key = fmt.Sprintf("%s@%g", text, hour)
		c.Deliveries = append(c.Deliveries, d)
	}
	if n, err := w.ledger.Commit(context.Background(), c); err != nil || n != len(texts) {
		w.t.Fatalf("%d of %d committed: %v", n, len(texts), err)
	}
}

// deliver makes one round after a while and returns what was heard meanwhile.
func (w *world) deliver(after time.Duration) string {
	w.t.Helper()
	w.now = w.now.Add(after)
	w.heard, w.keys = nil, nil
	if _, err := w.Deliver(context.Background(), w.now); err != nil {
		w.t.Fatal(err)
	}
	return strings.Join(w.heard, " ")
}

func (w *world) want(after time.Duration, want string) (keys []string) {
	w.t.Helper()
	if got := w.deliver(after); got != want {
		w.t.Errorf("heard %q, want %q", got, want)
	}
	return w.keys
}

func (w *world) states() string {
	w.t.Helper()
	counts, err := w.ledger.Counts(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, c := range counts {
		out = append(out, fmt.Sprintf("%s %s %d", c.Destination, c.State, c.N))
	}
	return strings.Join(out, ", ")
}

func TestBatchesTravelTogether(t *testing.T) {
	w := newWorld(t)
	w.put(1, "ml/slack firing a", "ml/webhook firing a", "retrain firing a", "ml/slack firing b", "ml/slack resolved c", "retrain firing b")
	w.want(0, "ml/slack:firing[a b] ml/webhook:firing[a] retrain[a] ml/slack:resolved[c] retrain[b]")
	w.want(time.Hour, "")
	if got, want := w.states(), "ml/slack sent 3, ml/webhook sent 1, retrain sent 2"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// A batch that failed stays as it was: later deliveries of its group don't join it, and its key holds over failures and restarts.
func TestBatchKeyIsStable(t *testing.T) {
	w := newWorld(t)
	w.answer["ml/slack"] = errors.New("refused")
	w.put(1, "ml/slack firing a", "ml/slack firing b")
	first := w.want(0, "ml/slack:firing[a b]")
	w.put(2, "ml/slack firing c")
	w.restart()
	w.answer = map[string]error{}
	again := w.want(time.Second, "ml/slack:firing[a b] ml/slack:firing[c]")
	if first[0] != again[0] || again[0] == again[1] {
		t.Errorf("keys %v, then %v", first, again)
	}
}

func TestRetries(t *testing.T) {
	w := newWorld(t)
	w.answer["retrain"] = errors.New("refused")
	w.put(1, "retrain firing a")
	key := w.want(0, "retrain[a]")[0]
	for _, wait := range []time.Duration{1, 5, 25, 125, 625, 900, 900} { // seconds
		if got := w.deliver(wait*time.Second - time.Millisecond); got != "" {
			t.Errorf("tried again before %ds", wait)
		}
		if keys := w.want(time.Millisecond, "retrain[a]"); len(keys) == 1 && keys[0] != key {
			t.Errorf("the key changed from %s to %s", key, keys[0])
		}
	}
	w.want(24*time.Hour, "retrain[a]") // its last attempt
	w.want(24*time.Hour, "")
	if got := w.states(); got != "retrain failed 1" {
		t.Errorf("%s, want it to be given up", got)
	}
	if w.counts["failed"] != 1 || w.counts["retried"] != 8 {
		t.Errorf("counted %v", w.counts)
	}
}

// What waited out a long absence is not given up at the first attempt.
func TestOldDeliveriesAreTried(t *testing.T) {
	w := newWorld(t)
	w.put(1, "ml/slack firing a")
	w.answer["ml/slack"] = errors.New("no route to host")
	w.want(48*time.Hour, "ml/slack:firing[a]")
	for _, wait := range []time.Duration{1, 5, 25} {
		w.want(wait*time.Second, "ml/slack:firing[a]")
	}
	delete(w.answer, "ml/slack")
	w.want(125*time.Second, "ml/slack:firing[a]")
	if got := w.states(); got != "ml/slack sent 1" {
		t.Error(got)
	}
}

func TestPermanentFailure(t *testing.T) {
	w := newWorld(t)
	w.answer["ml/slack"] = fmt.Errorf("slack: %w", &sinks.Permanent{Err: errors.New("no_service")})
	w.put(1, "ml/slack firing a", "ml/slack resolved b", "gone firing a")
	w.want(0, "ml/slack:firing[a] ml/slack:resolved[b]")
	w.want(time.Hour, "")
	all, err := w.ledger.Deliveries(t.Context(), ledger.Filter{State: ledger.Failed}, 0)
	if err != nil || len(all) != 3 {
		t.Fatalf("%d failed, %v", len(all), err)
	}
	if why := all[0].LastError; !strings.Contains(why, `"gone"`) {
		t.Errorf("a destination that is no more: %s", why)
	}
}

// A destination that says when to come back is left alone until then, and the others are served.
func TestRetryAfter(t *testing.T) {
	w := newWorld(t)
	w.answer["ml/slack"] = &sinks.RetryAfter{Err: errors.New("429"), After: time.Minute}
	w.put(1, "ml/slack firing a", "ml/slack resolved b", "ml/webhook firing a")
	w.want(0, "ml/slack:firing[a] ml/webhook:firing[a]")
	w.put(2, "ml/slack firing c")
	delete(w.answer, "ml/slack")
	w.want(59*time.Second, "")
	w.want(time.Second, "ml/slack:firing[a] ml/slack:resolved[b] ml/slack:firing[c]")

	w.answer["ml/slack"] = &sinks.RetryAfter{Err: errors.New("429"), After: 1000 * time.Hour}
	w.put(3, "ml/slack firing d")
	w.want(0, "ml/slack:firing[d]")
	w.want(24*time.Hour+time.Second, "ml/slack:firing[d]") // it is not put off beyond giving up
	if got := w.states(); !strings.Contains(got, "ml/slack failed 1") {
		t.Errorf("%s, want one failed", got)
	}
}

// Nobody hears of an end before its beginning, or of an older episode after a newer one, whatever fails in between.
func TestOrder(t *testing.T) {
	w := newWorld(t)
	w.answer["ml/slack"] = errors.New("refused")
	w.put(1, "ml/slack firing a", "ml/webhook firing a")
	w.want(0, "ml/slack:firing[a] ml/webhook:firing[a]")
	w.put(2, "ml/slack resolved a", "ml/webhook resolved a", "ml/slack resolved other")
	w.want(0, "ml/webhook:resolved[a] ml/slack:resolved[other]")
	w.put(3, "ml/slack firing a")
	w.restart()
	w.answer = map[string]error{}
	w.want(10*time.Second, "ml/slack:firing[a] ml/slack:resolved[other]")
	w.want(0, "ml/slack:resolved[a]")
	w.want(0, "ml/slack:firing[a]")
	w.want(0, "")
}

// Deliveries that must wait don't hide those behind them.
func TestRestHidesNobody(t *testing.T) {
	w := newWorld(t)
	w.answer["ml/slack"] = &sinks.RetryAfter{Err: errors.New("429"), After: time.Hour}
	var texts []string
	for i := range 5 * maxBatch {
		texts = append(texts, fmt.Sprintf("ml/slack firing f%d", i))
	}
	w.put(1, texts...)
	w.deliver(0)
	w.put(2, "retrain firing a")
	w.want(time.Second, "retrain[a]")
}

// A crash between sending and writing it down sends again under the same key, so that the receiver can tell.
func TestCrashAfterSending(t *testing.T) {
	w := newWorld(t)
	w.put(1, "ml/slack firing a", "ml/slack firing b", "retrain firing a")
	sent := map[string]string{}
	w.Dispatcher.options.Receivers["ml/slack"] = notifierFunc(func(_ context.Context, n sinks.Notification) error {
		sent["ml/slack"] = n.Key
		w.ledger.Close() // nothing can be written any more
		return nil
	})
	if _, err := w.Deliver(t.Context(), w.now); err == nil {
		t.Fatal("a delivery was not written down and nobody said so")
	}
	w.restart()
	keys := w.want(0, "ml/slack:firing[a b] retrain[a]")
	if keys[0] != sent["ml/slack"] {
		t.Errorf("sent under %s, again under %s", sent["ml/slack"], keys[0])
	}
	if got, want := w.states(), "ml/slack sent 2, retrain sent 1"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

type notifierFunc func(context.Context, sinks.Notification) error

func (f notifierFunc) Notify(ctx context.Context, n sinks.Notification) error { return f(ctx, n) }

// Stopping in the middle of an attempt loses neither what was sent nor what was not.
func TestStop(t *testing.T) {
	for name, err := range map[string]error{"sent": nil, "pending": context.Canceled} {
		w := newWorld(t)
		w.put(1, "ml/slack firing a")
		ctx, stop := context.WithCancel(t.Context())
		w.Dispatcher.options.Receivers["ml/slack"] = notifierFunc(func(context.Context, sinks.Notification) error { stop(); return err })
		_, _ = w.Deliver(ctx, w.now)
		if got, want := w.states(), "ml/slack "+name+" 1"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		all, _ := w.ledger.Deliveries(t.Context(), ledger.Filter{}, 0)
		if name == "pending" && all[0].Attempts != 0 {
			t.Error("being stopped counts as an attempt")
		}
	}
}

func TestDrain(t *testing.T) {
	w := newWorld(t)
	for h := range 20 {
		w.put(float64(h), "ml/slack firing a")
		w.put(float64(h)+.5, "ml/slack resolved a")
	}
	if left, err := w.Drain(t.Context(), time.Minute); err != nil || left != 0 {
		t.Errorf("%d left, %v", left, err)
	}
	if got := len(w.heard); got != 40 {
		t.Errorf("%d messages, want 40", got)
	}
	w.answer["ml/slack"] = errors.New("refused")
	w.put(30, "ml/slack firing a")
	if left, err := w.Drain(t.Context(), -1); err != nil || left != 1 {
		t.Errorf("%d left, %v; want 1, without patience", left, err)
	}
}

// Reload and Run at once; go test -race looks on.
func TestReloadWhileRunning(t *testing.T) {
	w := newWorld(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- w.Run(ctx) }()
	for i := range 50 {
		w.put(float64(i), fmt.Sprintf("ml/slack firing f%d", i))
		w.Reload(w.destinations())
	}
	for w.states() != "ml/slack sent 50" {
		time.Sleep(time.Millisecond)
	}
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("run ended with %v", err)
	}
}

func TestNothingGroupedAcrossDryRun(t *testing.T) {
	a, b := ledger.Delivery{Key: "1", Kind: ledger.Notification, Destination: "d", Group: "g"}, ledger.Delivery{Key: "2", Kind: ledger.Notification, Destination: "d", Group: "g", DryRun: true}
	if n := len(batches([]ledger.Delivery{a, b})); n != 2 {
		t.Errorf("%d batches, want 2", n)
	}
	var many []ledger.Delivery
	for i := range 2*maxBatch + 1 {
		a.Key = fmt.Sprint(i)
		many = append(many, a)
	}
	if n := len(batches(many)); n != 3 {
		t.Errorf("%d batches of %d deliveries, want 3", n, len(many))
	}
}
