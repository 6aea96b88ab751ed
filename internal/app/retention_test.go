package app

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"plumbline"
	"plumbline/ledger"
)

// The outbox does not grow for ever: what was delivered is forgotten, what waits is not.
func TestOldDeliveriesAreForgotten(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"plumbline.yaml": "web: {listen: 127.0.0.1:0}\nsources: []\nrule_files: []\n"})
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	o := options(t, dir, &output{})
	o.Now = func() time.Time { return now }
	a, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close(t.Context())
	put := func(key, state string, created time.Time) ledger.Delivery {
		return ledger.Delivery{Key: key, Kind: ledger.Notification, Destination: "ml/slack", Edge: plumbline.EdgeFiring, State: state, Created: created}
	}
	old := now.Add(-401 * 24 * time.Hour)
	_, err = a.ledger.Commit(t.Context(), ledger.Commit{Group: "g", Deliveries: []ledger.Delivery{
		put("done", ledger.Sent, old), put("waiting", ledger.Pending, old), put("new", ledger.Sent, now),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	left, err := a.ledger.Deliveries(t.Context(), ledger.Filter{}, 0)
	if err != nil || len(left) != 2 || left[0].Key != "new" || left[1].Key != "waiting" {
		t.Errorf("%v, %v are left", left, err)
	}
}

// A run that ends by itself deletes what is too old as the daemon does, by the data's own clock.
func TestARunUntilIdleForgets(t *testing.T) {
	dir := t.TempDir()
	start := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	var log strings.Builder
	for hour := range 72 {
		fmt.Fprintf(&log, `{"id":"%d","model":"m","version":"1","ts":%q,"prediction":1}`+"\n", hour, start.Add(time.Duration(hour)*time.Hour).Format(time.RFC3339))
	}
	write(t, dir, map[string]string{"log.ndjson": log.String(), "plumbline.yaml": `
rule_files: []
auto_baseline: 0
store: {retention: {samples: 1d}}
sources: [{name: log, file: {paths: [log.ndjson]}}]
`})
	o := options(t, dir, &output{})
	o.UntilIdle = true
	a, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close(t.Context())
	if s, err := a.Run(t.Context(), t.Context()); err != nil || s.Records.Folded != 72 {
		t.Fatalf("%+v, %v", s, err)
	}
	kept, err := a.store.Samples(t.Context(), "m", "1", plumbline.Window{From: start, To: start.Add(80 * time.Hour)}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(kept); n < 24 || n > 48 {
		t.Errorf("%d samples of 72 hours are left of a retention of a day", n)
	}
}
