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
	Receivers map[string]sinks.Notifier // by place
	Triggers  map[string]sinks.Puller
	// Group names the receiver that a place belongs to, and the labels that the alerts of one message to it share.
	Group       func(place string, a plumbline.Alert) (receiver string, labels map[string]string)
	ExternalURL string
	GiveUp      time.Duration // a delivery that is so old and still fails is given up
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
	rest    map[string]time.Time // until when a destination asked to be left alone
}

// NewDispatcher delivers what the ledger holds.
func NewDispatcher(l *ledger.Ledger, o DispatcherOptions, log *slog.Logger) *Dispatcher {
	return &Dispatcher{ledger: l, options: o, log: log, rest: map[string]time.Time{}}
}

// Reload replaces destinations and bounds.
func (d *Dispatcher) Reload(o DispatcherOptions) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.options = o
	clear(d.rest)
}

// maxBatch bounds the alerts of one message.
const maxBatch = 200

// settings are the options of this moment: Reload may replace them.
func (d *Dispatcher) settings() DispatcherOptions {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.options
}

// Run delivers until ctx ends.
func (d *Dispatcher) Run(ctx context.Context) error {
	for {
		o := d.settings()
		tried, err := d.Deliver(ctx, o.Now())
		if err != nil && ctx.Err() == nil {
			d.log.Error("delivery failed", "err", err)
		}
		if err := pause(ctx, tried > 0 && err == nil, o.Poll); err != nil {
			return err
		}
	}
}

// pause waits for the next turn, not at all while there is more to do.
func pause(ctx context.Context, more bool, poll time.Duration) error {
	if more {
		return ctx.Err()
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(poll):
		return nil
	}
}

// Drain delivers until nothing is waiting or patience is over: for runs that end by themselves. What is left stays in the ledger
// for the next start, and is returned.
func (d *Dispatcher) Drain(ctx context.Context, patience time.Duration) (left int, err error) {
	o := d.settings()
	for end := o.Now().Add(patience); ; {
		tried, err := d.Deliver(ctx, o.Now())
		if err != nil {
			return 0, err
		}
		left, err := d.waiting(ctx)
		if err != nil {
			return 0, err
		}
		if left == 0 || o.Now().After(end) {
			return left, nil
		}
		if err := pause(ctx, tried > 0, o.Poll); err != nil {
			return left, err
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

// Deliver tries what is due at now and whose turn it is, once, and returns how many deliveries it tried. When an attempt fails
// for now, nothing more is tried at its destination in this round.
func (d *Dispatcher) Deliver(ctx context.Context, now time.Time) (tried int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	due, err := d.due(ctx, now)
	if err != nil {
		return 0, fmt.Errorf("look at the outbox: %w", err)
	}
	failed := map[string]bool{}
	for _, batch := range batches(due) {
		if ctx.Err() != nil {
			return tried, ctx.Err()
		}
		if failed[destination(batch[0])] {
			continue
		}
		ok, err := d.send(ctx, batch)
		if err != nil {
			return tried, err
		}
		failed[destination(batch[0])] = !ok
		tried += len(batch)
	}
	return tried, nil
}

func destination(d ledger.Delivery) string { return d.Kind + "/" + d.Destination }

// due are deliveries whose time and turn has come, enough of them that destinations at rest can't hide the others.
func (d *Dispatcher) due(ctx context.Context, now time.Time) ([]ledger.Delivery, error) {
	later, err := d.ledger.Later(ctx, now)
	if err != nil {
		return nil, err
	}
	for limit := 4 * maxBatch; ; limit *= 4 {
		due, err := d.ledger.Due(ctx, now, limit)
		if err != nil {
			return nil, err
		}
		if out := d.inTurn(due, later, now); len(out) > 0 || len(due) < limit {
			return out, nil
		}
	}
}

// inTurn puts aside what must wait: everything for a destination that asked for rest, and what happened to an alert after
// something else that its receiver has not heard of yet, so that nobody hears of an end before its beginning.
func (d *Dispatcher) inTurn(due, later []ledger.Delivery, now time.Time) []ledger.Delivery {
	type ear struct{ destination, alert string }
	oldest := map[ear]time.Time{}
	for _, x := range later {
		e := ear{destination(x), ledger.Fingerprint(x.Alert)}
		if at, ok := oldest[e]; !ok || x.At.Before(at) {
			oldest[e] = x.At
		}
	}
	var out []ledger.Delivery
	taken := map[ear]bool{}
	for _, x := range due {
		if now.Before(d.rest[destination(x)]) {
			continue
		}
		if x.Kind == ledger.Notification {
			e := ear{destination(x), ledger.Fingerprint(x.Alert)}
			at, ok := oldest[e]
			if waits := taken[e] || ok && at.Before(x.At); waits && x.Batch == "" { // a batch goes as a whole
				continue
			}
			taken[e] = true
		}
		out = append(out, x)
	}
	return out
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

// send makes one attempt; ok is whether its destination can be tried again at once.
func (d *Dispatcher) send(ctx context.Context, batch []ledger.Delivery) (ok bool, err error) {
	key := batchKey(batch)
	if batch[0].Batch == "" { // a retry must carry the same key, so what travels together is remembered first
		if err := d.ledger.Assign(ctx, keys(batch), key); err != nil {
			return false, fmt.Errorf("assign a batch: %w", err)
		}
	}
	err = d.hand(ctx, key, batch)
	if ctx.Err() != nil && err != nil {
		return false, ctx.Err() // stopped in the middle: tried again at the next start
	}
	// What was sent is written down even if ctx has ended by now.
	return err == nil || sinks.IsPermanent(err), d.record(context.WithoutCancel(ctx), key, batch, err)
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
	receiver, labels := d.options.Group(first.Destination, first.Alert)
	n := sinks.Notification{Key: key, Receiver: receiver, GroupLabels: labels, Edge: first.Edge, At: first.At, ExternalURL: d.options.ExternalURL, DryRun: first.DryRun}
	for _, x := range batch {
		n.Alerts = append(n.Alerts, x.Alert)
	}
	return r.Notify(ctx, n)
}

// record writes down what became of the batch.
func (d *Dispatcher) record(ctx context.Context, key string, batch []ledger.Delivery, err error) error {
	now, first := d.options.Now(), batch[0]
	outcome := "sent"
	var after *sinks.RetryAfter
	switch {
	case err == nil:
		if first.DryRun {
			outcome = "dry_run"
		}
		err = d.ledger.Done(ctx, keys(batch), now)
	case sinks.IsPermanent(err) || now.Sub(first.Created) > d.options.GiveUp && (first.Attempts >= leastAttempts || errors.As(err, &after)):
		outcome = "failed"
		d.log.Error("a delivery was given up", "kind", first.Kind, "to", first.Destination, "key", key, "attempts", first.Attempts+1, "err", err)
		err = d.ledger.Fail(ctx, keys(batch), err.Error(), now)
	default:
		outcome = "retried"
		wait := backoff(first.Attempts)
		if errors.As(err, &after) {
			wait = min(max(after.After, time.Second), max(d.options.GiveUp, time.Second))
			d.rest[destination(first)] = now.Add(wait)
		}
		d.log.Warn("a delivery failed, trying again", "kind", first.Kind, "to", first.Destination, "attempts", first.Attempts+1, "in", wait, "err", err)
		err = d.ledger.Retry(ctx, keys(batch), err.Error(), now.Add(wait))
	}
	if err != nil {
		return fmt.Errorf("record a delivery: %w", err)
	}
	for range batch {
		if first.Kind == ledger.Trigger {
			d.options.Observe.Triggered(first.Destination, outcome)
		} else {
			d.options.Observe.Notified(first.Destination, outcome)
		}
	}
	return nil
}

// leastAttempts are made, for a quarter of an hour, before anything is given up for its age: after a weekend without power the
// network may take longer to be back than plumbline does.
const leastAttempts = 5

// backoff waits 1 s, 5 s, 25 s, … up to 15 minutes.
func backoff(attempts int) time.Duration {
	wait := time.Second
	for range min(attempts, 5) {
		wait *= 5
	}
	return min(wait, 15*time.Minute)
}
