package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"plumbline"
	"plumbline/internal/config"
	"plumbline/ledger"
)

// batch reads every source to its end, judges everything and delivers it.
func (a *App) batch(ctx, hard context.Context) (Summary, error) {
	a.ready.Store(true)
	if a.config.Load().Evaluation.Clock == config.ClockWall {
		a.log.Warn("evaluation.clock is wall; a run until idle judges by the data's clock all the same")
	}
	err := a.readAll(ctx, hard)
	sum := Summary{}
	if a.collector != nil {
		sum.Records = a.collector.Totals()
	}
	if sum.Records.Rejected == nil {
		sum.Records.Rejected = map[plumbline.Reason]int64{} // {} and not null for who reads it
	}
	if err != nil {
		return sum, err
	}
	if a.evaluator == nil {
		return sum, a.forget(ctx)
	}
	if err := a.coarsen(ctx); err != nil {
		return sum, err
	}
	before, err := a.counts(ctx)
	if err != nil {
		return sum, err
	}
	if err := a.judge(ctx, 0, true); err != nil {
		return sum, err
	}
	sum.Silent = a.evaluator.Silences()
	left, err := a.dispatcher.Drain(ctx, drainPatience)
	if err != nil {
		return sum, err
	}
	after, err := a.counts(ctx)
	if err != nil {
		return sum, err
	}
	sum.Alerts = AlertCounts{Fired: int(a.metrics.fired.Load()), Resolved: int(a.metrics.resolved.Load())}
	sum.Notifications, sum.Triggers = tally(after, ledger.Notification, before), tally(after, ledger.Trigger, before)
	if failed := sum.Notifications.Failed + sum.Triggers.Failed; left+failed > 0 {
		return sum, undelivered(failed, left)
	}
	return sum, a.forget(ctx) // a job that runs every night must not grow for ever
}

func undelivered(failed, waiting int) error {
	var parts []string
	switch {
	case failed == 1:
		parts = append(parts, "1 delivery failed; the log says why")
	case failed > 1:
		parts = append(parts, fmt.Sprintf("%d deliveries failed; the log says why", failed))
	}
	if waiting > 0 {
		parts = append(parts, fmt.Sprintf("%d could not be delivered yet; the next start tries again", waiting))
	}
	return errors.New(strings.Join(parts, ", "))
}

// maxInstants is about how many instants of recorded data a group without an interval of its own is judged at.
const maxInstants = 20000

// coarsen judges months of recorded data less often than once a minute, where neither the group nor evaluation.interval says how
// often: half a million instants would take long and tell nothing more.
func (a *App) coarsen(ctx context.Context) error {
	if a.config.Load().IntervalGiven() {
		return nil
	}
	c := *a.config.Load()
	first, last, err := a.span(ctx)
	if err != nil {
		return err
	}
	for _, d := range []time.Duration{time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour} {
		if d < c.Evaluation.Interval || last.Sub(first)/d > maxInstants && d < 24*time.Hour {
			continue
		}
		if d == c.Evaluation.Interval {
			return nil
		}
		c.Evaluation.Interval = d
		break
	}
	a.log.Info("groups without an interval are judged less often, because the data spans long; evaluation.interval says otherwise", "interval", c.Evaluation.Interval, "from", first, "to", last)
	groups, problems := LoadRules(&c)
	if problems.Errors() {
		return problems
	}
	eo, _, err := a.effects(&c)
	if err != nil {
		return err
	}
	return a.evaluator.Reload(ctx, groups, eo)
}

// drainPatience is how long a run that ends by itself tries to deliver.
const drainPatience = 30 * time.Second

// readAll runs every source until all of them have nothing more to give.
func (a *App) readAll(ctx, hard context.Context) error {
	reading, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	errs := make(chan error, len(a.list))
	ended := make(chan struct{}, len(a.list))
	for _, s := range a.list {
		wg.Go(func() {
			err := s.Run(reading, handler{a, hard})
			if err != nil && reading.Err() == nil {
				errs <- err // it names the source
			}
			ended <- struct{}{}
		})
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	quiet := 0
	var err error
	for running := len(a.list); running > 0 && err == nil && ctx.Err() == nil; {
		select {
		case <-ended:
			running--
		case err = <-errs:
		case <-ctx.Done():
		case <-tick.C:
			if a.idle() {
				quiet++
			} else {
				quiet = 0
			}
			if quiet >= 3 { // a source that never ends, like a topic, has handed over all there is
				running = 0
			}
		}
	}
	stop()
	wg.Wait()
	select {
	case e := <-errs:
		err = errors.Join(err, e)
	default:
	}
	return errors.Join(err, ctx.Err())
}

type deliveryCount = map[ledger.Count]int64

func (a *App) counts(ctx context.Context) (deliveryCount, error) {
	counts, err := a.ledger.Counts(ctx)
	if err != nil {
		return nil, err
	}
	out := deliveryCount{}
	for _, c := range counts {
		n := c.N
		c.N = 0
		out[c] = n
	}
	return out, nil
}

// tally counts deliveries of a kind that this run brought to their end.
func tally(after deliveryCount, kind string, before deliveryCount) DeliveryCounts {
	var d DeliveryCounts
	for c, n := range after {
		if n -= before[c]; c.Kind != kind || n <= 0 {
			continue
		}
		switch {
		case c.State == ledger.Sent && c.DryRun:
			d.DryRun += int(n)
		case c.State == ledger.Sent:
			d.Sent += int(n)
		case c.State == ledger.Failed:
			d.Failed += int(n)
		case c.State == ledger.Suppressed:
			d.Suppressed += int(n)
		default:
			d.Waiting += int(n)
		}
	}
	return d
}
