package app

import (
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
