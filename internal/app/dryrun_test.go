package app

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"plumbline"
	"plumbline/ledger"
)

// A dry run leaves what waits to be sent alone: it neither sends it nor gives it up for want of its receiver.
func TestDryRunLeavesTheOutboxAlone(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"plumbline.yaml": `
web: {listen: 127.0.0.1:0}
sources: []
rule_files: []
route: {receiver: ml}
receivers: [{name: ml, webhook_configs: [{url: "http://127.0.0.1:9/"}]}]
triggers: [{name: retrain, webhook: {url: "http://127.0.0.1:9/"}}]
`})
	data := filepath.Join(dir, "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		t.Fatal(err)
	}
	waiting := func() (n int) {
		l, err := ledger.Open(t.Context(), filepath.Join(data, "plumbline.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, err = l.Commit(t.Context(), ledger.Commit{Group: "g", Deliveries: []ledger.Delivery{
			{Key: "a", Kind: ledger.Notification, Destination: "ml/webhook", Edge: plumbline.EdgeFiring, Created: time.Now()},
			{Key: "b", Kind: ledger.Trigger, Destination: "retrain", Edge: plumbline.EdgeFiring, Created: time.Now()},
		}})
		if err != nil {
			t.Fatal(err)
		}
		all, err := l.Deliveries(t.Context(), ledger.Filter{State: ledger.Pending}, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range all {
			if d.Attempts == 0 {
				n++
			}
		}
		return n
	}
	if n := waiting(); n != 2 {
		t.Fatalf("%d waiting before", n)
	}
	d := start(t, dir, func(o *Options) { o.DryRun, o.UntilIdle = true, true })
	<-d.done
	if d.err != nil {
		t.Fatal(d.err)
	}
	if n := waiting(); n != 2 {
		t.Errorf("%d of 2 deliveries are as they were; the log:\n%s", n, d.log)
	}
	if _, err := os.Stat(filepath.Join(data, "dry-run")); !os.IsNotExist(err) {
		t.Errorf("the dry run is still there: %v", err)
	}
}
