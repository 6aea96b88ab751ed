package app

import (
	"context"
	"fmt"
	"sync"
	"time"

	"plumbline"
	"plumbline/collectors"
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
		if a.replay {
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
	var progress func(time.Time)
	if p := a.options.Progress; p != nil {
		progress = func(at time.Time) { p.Evaluating(at, first, to) }
	}
	return a.evaluator.Until(ctx, first, to, atEnd, progress)
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

// keepDeliveries is how long what was delivered is remembered: longer than any cooldown, window or repeat_interval may be.
const keepDeliveries = 400 * 24 * time.Hour

// expireEvery is how often what is too old is deleted.
const expireEvery = 10 * time.Minute

func (a *App) expire(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(expireEvery):
		}
		if err := a.forget(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("retention could not be applied", "err", err)
		}
	}
}

// forget deletes what is older than the retention, counted from the evaluation clock, and old deliveries.
func (a *App) forget(ctx context.Context) error {
	c := a.config.Load()
	now := a.options.Now()
	if a.ledger != nil {
		if _, err := a.ledger.Expire(ctx, now.Add(-keepDeliveries)); err != nil {
			return err
		}
	}
	if a.replay {
		_, last, err := a.span(ctx)
		if err != nil || last.IsZero() {
			return err
		}
		now = last
	}
	n, err := a.store.Expire(ctx, now.Add(-c.Store.Retention.Panes), now.Add(-c.Store.Retention.Samples))
	if err == nil && n > 0 {
		a.log.Info("deleted what is older than the retention", "rows", n)
	}
	return err
}
