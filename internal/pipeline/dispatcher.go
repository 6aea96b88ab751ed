package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"plumbline"
	"plumbline/ledger"
	"plumbline/sinks"
)

// DispatcherObserver is told what became of deliveries, for metrics.
type DispatcherObserver interface {
	Notified(receiver, outcome string)
	Triggered(trigger, outcome string)
}

// DispatcherOptions are the Dispatcher's destinations and bounds; every field must be set.
type DispatcherOptions struct {
	Receivers   map[string]sinks.Notifier
	Triggers    map[string]sinks.Puller
	GroupLabels func(receiver string, a plumbline.Alert) map[string]string
	ExternalURL string
	GiveUp      time.Duration // a delivery that failed for so long is given up
	Poll        time.Duration
	Now         func() time.Time
	Observe     DispatcherObserver
}

// Dispatcher delivers the outbox, at least once, under keys that never change. Deliveries to one receiver that concern one group
// and are due together travel as one message.
type Dispatcher struct {
	ledger *ledger.Ledger
	log    *slog.Logger

	mu      sync.Mutex // one delivery at a time; Reload waits for it
	options DispatcherOptions
}

// NewDispatcher delivers what the ledger holds.
func NewDispatcher(l *ledger.Ledger, o DispatcherOptions, log *slog.Logger) *Dispatcher {
	return &Dispatcher{ledger: l, options: o, log: log}
}

// Reload replaces destinations and bounds.
func (d *Dispatcher) Reload(o DispatcherOptions) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.options = o
}

// maxBatch bounds the alerts of one message.
const maxBatch = 200

// Run delivers until ctx ends.
func (d *Dispatcher) Run(ctx context.Context) error {
	for {
		if _, err := d.Deliver(ctx, d.options.Now()); err != nil && ctx.Err() == nil {
			d.log.Error("delivery failed", "err", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(d.options.Poll):
		}
	}
}

// Drain delivers until nothing is waiting or patience is over: for runs that end by themselves. What is left stays in the ledger
// for the next start, and is returned.
func (d *Dispatcher) Drain(ctx context.Context, patience time.Duration) (left int, err error) {
	for end := d.options.Now().Add(patience); ; {
		if _, err := d.Deliver(ctx, d.options.Now()); err != nil {
			return 0, err
		}
		left, err := d.waiting(ctx)
		if err != nil {
			return 0, err
		}
		if left == 0 || d.options.Now().After(end) {
			return left, nil
		}
		select {
		case <-ctx.Done():
			return left, ctx.Err()
		case <-time.After(d.options.Poll):
		}
	}
}

func (d *Dispatcher) waiting(ctx context.Context) (n int, err error) {
	counts, err := d.ledger.Counts(ctx)
	if err != nil {
		return 0, fmt.Errorf("look at the outbox: %w", err)
	}
	for _, c := range counts {
		if c.State == ledger.Pending {
			n += int(c.N)
		}
	}
	return n, nil
}

// Deliver tries everything due at now once, and returns how many deliveries it tried.
func (d *Dispatcher) Deliver(ctx context.Context, now time.Time) (tried int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	due, err := d.ledger.Due(ctx, now, 4*maxBatch)
	if err != nil {
		return 0, fmt.Errorf("look at the outbox: %w", err)
	}
	for _, batch := range batches(due) {
		if ctx.Err() != nil {
			return tried, ctx.Err()
		}
		if err := d.send(ctx, batch); err != nil {
			return tried, err
		}
		tried += len(batch)
	}
	return tried, nil
}

// batches puts together what travels together: what did before, else what has the same destination, group and instant.
func batches(due []ledger.Delivery) [][]ledger.Delivery {
	var out [][]ledger.Delivery
	at := map[string]int{}
	for _, d := range due {
		k := d.Batch
		if k == "" {
			k = d.Key
			if d.Kind == ledger.Notification && d.Group != "" {
				k = fmt.Sprintf("%s\x00%s\x00%t", d.Destination, d.Group, d.DryRun)
			}
		}
		i, ok := at[k]
		if !ok || len(out[i]) >= maxBatch && d.Batch == "" {
			i = len(out)
			at[k] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], d)
	}
	return out
}

func keys(batch []ledger.Delivery) []string {
	out := make([]string, len(batch))
	for i, d := range batch {
		out[i] = d.Key
	}
	return out
}

// batchKey is the key under which a batch travels: of one delivery its own, of several a hash of theirs.
func batchKey(batch []ledger.Delivery) string {
	if batch[0].Batch != "" {
		return batch[0].Batch
	}
	if len(batch) == 1 {
		return batch[0].Key
	}
	h := sha256.New()
	for _, d := range batch {
		fmt.Fprintln(h, d.Key)
	}
	return "pl_" + hex.EncodeToString(h.Sum(nil)[:16])
}

func (d *Dispatcher) send(ctx context.Context, batch []ledger.Delivery) error {
	key := batchKey(batch)
	if batch[0].Batch == "" { // a retry must carry the same key, so what travels together is remembered first
		if err := d.ledger.Assign(ctx, keys(batch), key); err != nil {
			return fmt.Errorf("assign a batch: %w", err)
		}
	}
	err := d.hand(ctx, key, batch)
	if ctx.Err() != nil && err != nil {
		return ctx.Err() // stopped in the middle: tried again at the next start
	}
	return d.record(ctx, batch, err)
}

// hand gives the batch to its destination.
func (d *Dispatcher) hand(ctx context.Context, key string, batch []ledger.Delivery) error {
	first := batch[0]
	if first.Kind == ledger.Trigger {
		p := d.options.Triggers[first.Destination]
		if p == nil {
			return &sinks.Permanent{Err: fmt.Errorf("no trigger is called %q any more", first.Destination)}
		}
		return p.Pull(ctx, sinks.TriggerRequest{Key: key, Trigger: first.Destination, At: first.At, Alert: first.Alert, DryRun: first.DryRun})
	}
	r := d.options.Receivers[first.Destination]
	if r == nil {
		return &sinks.Permanent{Err: fmt.Errorf("no receiver is called %q any more", first.Destination)}
	}
	n := sinks.Notification{Key: key, Receiver: first.Destination, Edge: first.Edge, At: first.At, ExternalURL: d.options.ExternalURL, DryRun: first.DryRun,
		GroupLabels: d.options.GroupLabels(first.Destination, first.Alert)}
	for _, x := range batch {
		n.Alerts = append(n.Alerts, x.Alert)
	}
	return r.Notify(ctx, n)
}

// record writes down what became of the batch.
func (d *Dispatcher) record(ctx context.Context, batch []ledger.Delivery, err error) error {
	now, first := d.options.Now(), batch[0]
	outcome := "sent"
	var after *sinks.RetryAfter
	switch {
	case err == nil:
		if first.DryRun {
			outcome = "dry_run"
		}
		err = d.ledger.Done(ctx, keys(batch), now)
	case sinks.IsPermanent(err) || now.Sub(first.Created) > d.options.GiveUp:
		outcome = "failed"
		d.log.Error("a delivery was given up", "kind", first.Kind, "to", first.Destination, "key", batchKey(batch), "attempts", first.Attempts+1, "err", err)
		err = d.ledger.Fail(ctx, keys(batch), err.Error(), now)
	default:
		outcome = "retried"
		wait := backoff(first.Attempts)
		if errors.As(err, &after) {
			wait = max(after.After, time.Second)
		}
		d.log.Warn("a delivery failed, trying again", "kind", first.Kind, "to", first.Destination, "attempts", first.Attempts+1, "in", wait, "err", err)
		err = d.ledger.Retry(ctx, keys(batch), err.Error(), now.Add(wait))
	}
	for range batch {
		if first.Kind == ledger.Trigger {
			d.options.Observe.Triggered(first.Destination, outcome)
		} else {
			d.options.Observe.Notified(first.Destination, outcome)
		}
	}
	if err != nil {
		return fmt.Errorf("record a delivery: %w", err)
	}
	return nil
}

// backoff waits 1 s, 5 s, 25 s, … up to 15 minutes.
func backoff(attempts int) time.Duration {
	wait := time.Second
	for range min(attempts, 5) {
		wait *= 5
	}
	return min(wait, 15*time.Minute)
}
