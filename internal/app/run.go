package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"plumbline"
	"plumbline/collectors"
	"plumbline/internal/config"
	"plumbline/ledger"
)

// Run starts everything and works until soft ends; then sources stop, what was read becomes durable, and it returns. hard ends
// the wait: what is not durable by then is read again at the next start. With UntilIdle it ends by itself, with a summary.
func (a *App) Run(soft, hard context.Context) (Summary, error) {
	ctx, stop := context.WithCancel(soft)
	defer stop()
	serving, err := a.serve(hard)
	if err != nil {
		return Summary{}, err
	}
	defer serving.Wait()
	defer a.stopServing(hard)
	defer context.AfterFunc(soft, func() { a.log.Info("stopping, once what was read is durable; a second signal stops at once") })()

	if a.options.UntilIdle {
		return a.batch(ctx, hard)
	}
	var wg sync.WaitGroup
	fatal := make(chan error, 8)
	start := func(name string, f func() error) {
		wg.Go(func() {
			if err := f(); err != nil && ctx.Err() == nil {
				fatal <- fmt.Errorf("%s: %w", name, err)
			}
		})
	}
	for _, s := range a.list {
		a.absent.Store(s.Name(), sourceStarting)
		start("source "+s.Name(), func() error { return a.keepReading(ctx, hard, s) })
	}
	if a.evaluator != nil {
		if replay(a.config.Load(), false) {
			start("evaluator", func() error { return a.follow(ctx) })
		} else {
			start("evaluator", func() error { return a.evaluator.Run(ctx) })
		}
		start("dispatcher", func() error { return a.dispatcher.Run(ctx) })
	}
	start("retention", func() error { return a.expire(ctx) })
	a.ready.Store(true)
	select {
	case <-ctx.Done():
	case err = <-fatal:
		a.log.Error("stopping", "err", err)
		stop()
	}
	a.ready.Store(false)
	wg.Wait()
	return Summary{}, err
}

// sourceRetry is how long a source that failed waits before it starts again, at most.
const sourceRetry = time.Minute

// keepReading runs a source and starts it again when it fails: a broker that is away must not end the daemon.
func (a *App) keepReading(ctx, hard context.Context, s collectors.Source) error {
	for wait := time.Second; ; wait = min(2*wait, sourceRetry) {
		began := a.options.Now()
		err := s.Run(ctx, handler{a, hard})
		switch {
		case err == nil:
			a.log.Info("source is read to its end", "source", s.Name())
			a.absent.Delete(s.Name())
			return nil
		case ctx.Err() != nil:
			return nil
		}
		if a.options.Now().Sub(began) > sourceRetry {
			wait = time.Second
		}
		a.absent.Store(s.Name(), sourceFailed)
		a.log.Error("source failed, starting it again", "source", s.Name(), "err", err, "in", wait)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		a.absent.Store(s.Name(), sourceStarting)
	}
}

// handler lets the hard context end a Close that waits for the store: sources close partitions after the soft one has ended.
type handler struct {
	a    *App
	hard context.Context
}

func (h handler) Open(ctx context.Context, p plumbline.Partition, ack func(int64)) (collectors.Position, error) {
	pos, err := h.a.collector.Open(ctx, p, ack)
	if err == nil {
		h.a.absent.Delete(p.Source)
	}
	return pos, err
}

func (h handler) Handle(ctx context.Context, b collectors.Batch) error {
	return h.a.collector.Handle(ctx, b)
}

func (h handler) Close(ctx context.Context, p plumbline.Partition) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(h.hard, cancel)()
	return h.a.collector.Close(ctx, p)
}

// follow judges recorded data as it comes in: whenever the sources have caught up, every instant that has passed by the newest
// event time.
func (a *App) follow(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	waited := a.options.Now()
	for {
		if a.idle() {
			if err := a.judge(ctx, a.config.Load().Evaluation.Offset, false); err != nil && ctx.Err() == nil {
				a.log.Error("evaluation failed", "err", err)
			}
			waited = a.options.Now()
		} else if a.options.Now().Sub(waited) > time.Minute {
			a.log.Warn("evaluation waits for the sources to catch up, because the clock is the data's own")
			waited = a.options.Now()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (a *App) idle() bool {
	for _, s := range a.list {
		if !s.Idle() {
			return false
		}
	}
	return true
}

// judge makes what was read durable and evaluates up to the newest event time. At the end of all data the instant after it is judged
// too, so that the last records are in a window.
func (a *App) judge(ctx context.Context, offset time.Duration, atEnd bool) error {
	if a.collector != nil {
		if err := a.collector.Sync(ctx); err != nil {
			return err
		}
	}
	first, last, err := a.span(ctx)
	if err != nil || last.IsZero() {
		return err
	}
	to := last.Add(-offset)
	if atEnd {
		to = last.Add(a.longestInterval())
	}
	var progress func(time.Time)
	if p := a.options.Progress; p != nil {
		progress = func(at time.Time) { p.Evaluating(at, first, to) }
	}
	return a.evaluator.Until(ctx, first, to, progress)
}

func (a *App) longestInterval() time.Duration {
	longest := time.Duration(0)
	for _, g := range a.evaluator.Groups() {
		longest = max(longest, g.Interval)
	}
	return longest
}

// span is the event time from the first pane to the newest record.
func (a *App) span(ctx context.Context) (first, last time.Time, err error) {
	cps, err := a.store.Checkpoints(ctx)
	if err != nil {
		return first, last, fmt.Errorf("read checkpoints: %w", err)
	}
	for _, cp := range cps {
		if cp.Newest.After(last) {
			last = cp.Newest
		}
	}
	streams, err := a.store.Streams(ctx)
	if err != nil {
		return first, last, fmt.Errorf("list streams: %w", err)
	}
	for _, s := range streams {
		if first.IsZero() || s.First.Before(first) {
			first = s.First
		}
	}
	return first, last, nil
}

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
	if err != nil || a.evaluator == nil {
		return sum, err
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
	return sum, nil
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

// expire deletes what is older than the retention, counted from the evaluation clock, now and then.
func (a *App) expire(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(10 * time.Minute):
		}
		c := a.config.Load()
		now := a.options.Now()
		if replay(c, false) {
			_, last, err := a.span(ctx)
			if err != nil || last.IsZero() {
				continue
			}
			now = last
		}
		n, err := a.store.Expire(ctx, now.Add(-c.Store.Retention.Panes), now.Add(-c.Store.Retention.Samples))
		if err != nil && ctx.Err() == nil {
			a.log.Error("retention could not be applied", "err", err)
		} else if n > 0 {
			a.log.Info("deleted what is older than the retention", "rows", n)
		}
	}
}
