package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"plumbline"
	"plumbline/ledger"
	"plumbline/rules"
)

// TriggerPolicy restrains a trigger, so that drift cannot start a storm of trainings.
type TriggerPolicy struct {
	Cooldown time.Duration // least event time between two pulls for one model
	MaxCount int           // at most so many pulls for one model in Window; 0: no limit
	Window   time.Duration
	DryRun   bool
}

// Place is one destination of a receiver.
type Place struct {
	Name     string // unique among all receivers' places
	Resolved bool   // it is told of resolved alerts
}

// deliveries are the effects of an evaluation: what receivers are told and which triggers are pulled. Their keys are functions of
// rule, labels, episode and edge alone, so that an evaluation done twice asks for the same.
func (e *Evaluator) deliveries(ctx context.Context, at time.Time, r rules.Result) ([]ledger.Delivery, error) {
	now := e.options.Now() // one for all, so that what happened together is due together
	var out []ledger.Delivery
	for _, t := range r.Transitions {
		told, err := e.notifications(ctx, t, now)
		if err != nil {
			return nil, err
		}
		out = append(out, told...)
		if t.Edge == plumbline.EdgeFiring && t.Alert.Trigger != "" {
			d, err := e.trigger(ctx, t, now, out)
			if err != nil {
				return nil, err
			}
			out = append(out, d)
		}
	}
	if e.options.Repeat {
		out = append(out, e.repeats(at, now, r.Alerts)...)
	}
	return out, nil
}

func (e *Evaluator) notifications(ctx context.Context, t plumbline.Transition, now time.Time) ([]ledger.Delivery, error) {
	if e.options.Route == nil {
		return nil, nil
	}
	var out []ledger.Delivery
	for _, route := range e.options.Route.Match(t.Alert.Labels) {
		list := e.tell(route, t.Alert, t.Edge, t.At, now, 0)
		for i := range list {
			if err := e.pace(ctx, route, &list[i]); err != nil {
				return nil, err
			}
		}
		out = append(out, list...)
	}
	return out, nil
}

// pace lets a group's first message wait for others that fire with it, and what follows until its interval has passed.
func (e *Evaluator) pace(ctx context.Context, route *Route, d *ledger.Delivery) error {
	if !e.options.Repeat { // recorded data does not come at the pace of the clock
		return nil
	}
	now := d.NotBefore
	d.NotBefore = now.Add(route.GroupWait)
	group := route.Group(d.Alert.Labels)
	told, err := e.ledger.Told(ctx, d.Destination, edgeGroup(group, plumbline.EdgeFiring), edgeGroup(group, plumbline.EdgeResolved))
	if err != nil {
		return fmt.Errorf("look up what %s was told: %w", d.Destination, err)
	}
	switch next := told.Add(route.GroupInterval); {
	case told.IsZero():
	case told.After(now): // it is waiting: they go together
		d.NotBefore = told
	case next.After(d.NotBefore):
		d.NotBefore = next
	}
	return nil
}

// repeats tells of alerts that are still firing whenever the repeat interval has passed once more since they fired.
func (e *Evaluator) repeats(at, now time.Time, alerts []plumbline.Alert) []ledger.Delivery {
	if e.options.Route == nil {
		return nil
	}
	var out []ledger.Delivery
	for _, a := range alerts {
		if a.State != plumbline.Firing {
			continue
		}
		for _, route := range e.options.Route.Match(a.Labels) {
			if route.RepeatInterval <= 0 {
				continue
			}
			n := at.Sub(a.FiredAt) / route.RepeatInterval // after an outage only the latest repeat is told
			if n < 1 {
				continue
			}
			// The instant, not the number, identifies a repeat: the interval may be changed while the alert fires.
			nth := a.FiredAt.Add(n * route.RepeatInterval).UnixNano()
			out = append(out, e.tell(route, a, plumbline.EdgeRepeat, at, now, nth)...)
		}
	}
	return out
}

// tell is a delivery to each place of the route's receiver, so that one place's trouble never makes another hear twice.
func (e *Evaluator) tell(route *Route, a plumbline.Alert, edge plumbline.Edge, at, now time.Time, n int64) []ledger.Delivery {
	group := edgeGroup(route.Group(a.Labels), edge)
	if !e.options.Repeat { // recorded data is judged faster than it happened: only what happened together travels together
		group += "|" + at.UTC().Format(time.RFC3339)
	}
	var out []ledger.Delivery
	for _, place := range e.options.Places[route.Receiver] {
		if edge == plumbline.EdgeResolved && !place.Resolved {
			continue
		}
		out = append(out, ledger.Delivery{
			Key: deliveryKey(ledger.Notification, place.Name, a, edge, n), Kind: ledger.Notification, Destination: place.Name,
			Group: group, Alert: a, Edge: edge, At: at,
			NotBefore: now, DryRun: e.options.DryRun, Created: now,
		})
	}
	return out
}

// edgeGroup is what travels together: a message tells of one edge.
func edgeGroup(group string, edge plumbline.Edge) string { return group + "|" + string(edge) }

// trigger writes the pull, or why it is held back. pending are the effects of the same evaluation, which count too.
func (e *Evaluator) trigger(ctx context.Context, t plumbline.Transition, now time.Time, pending []ledger.Delivery) (ledger.Delivery, error) {
	name, model := t.Alert.Trigger, t.Alert.Labels["model"]
	p := e.options.Triggers[name]
	d := ledger.Delivery{
		Key: deliveryKey(ledger.Trigger, name, t.Alert, t.Edge, 0), Kind: ledger.Trigger, Destination: name, Alert: t.Alert, Edge: t.Edge, At: t.At,
		NotBefore: now, DryRun: e.options.DryRun || p.DryRun, Created: now,
	}
	past, err := e.ledger.Triggers(ctx, name, model, t.At.Add(-max(p.Cooldown, p.Window)))
	if err != nil {
		return d, fmt.Errorf("look up trigger %s: %w", name, err)
	}
	for _, other := range pending {
		if other.Kind == ledger.Trigger && other.Destination == name && other.Alert.Labels["model"] == model && other.State != ledger.Suppressed {
			past = append(past, other)
		}
	}
	inWindow := 0
	for _, other := range past {
		switch {
		case other.Key == d.Key: // this very pull, evaluated again
			continue
		case other.State == ledger.Failed: // it never arrived
			continue
		case other.DryRun && !d.DryRun: // it was not to arrive
			continue
		}
		if t.At.Sub(other.At) < p.Cooldown {
			d.State, d.Reason = ledger.Suppressed, fmt.Sprintf("cooldown of %s since the pull at %s", p.Cooldown, other.At.UTC().Format(time.RFC3339))
		}
		if p.Window > 0 && t.At.Sub(other.At) < p.Window {
			inWindow++
		}
	}
	if p.MaxCount > 0 && inWindow >= p.MaxCount && d.State != ledger.Suppressed {
		d.State, d.Reason = ledger.Suppressed, fmt.Sprintf("%d pulls within %s already", inWindow, p.Window)
	}
	return d, nil
}

// deliveryKey is stable over retries, restarts and re-evaluations.
func deliveryKey(kind, destination string, a plumbline.Alert, edge plumbline.Edge, n int64) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%s\x00%s\x00%d\x00%s\x00%d", kind, destination, ledger.Fingerprint(a), a.ActiveAt.UnixNano(), edge, n)
	return "pl_" + hex.EncodeToString(h.Sum(nil)[:16])
}
