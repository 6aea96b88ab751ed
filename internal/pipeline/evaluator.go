package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"plumbline"
	"plumbline/ledger"
	"plumbline/rules"
)

// EvaluatorObserver is told how evaluations went, for metrics.
type EvaluatorObserver interface {
	Evaluated(group string, at time.Time, took time.Duration, r rules.Result)
	Missed(group string, n int)
}

// EvaluatorOptions are the Evaluator's settings; every field must be set.
type EvaluatorOptions struct {
	Offset   time.Duration // an instant is judged this long after it passed, so that stragglers are in
	Route    *Route
	Triggers map[string]TriggerPolicy
	DryRun   bool               // deliveries are written as dry runs
	Places   map[string][]Place // where each receiver's notifications go
	Now      func() time.Time   // the wall clock, for when a delivery may leave
	Repeat   bool               // repeat notifications of alerts that stay firing; off when recorded data is replayed
	Observe  EvaluatorObserver
	// Baseline names what a version is compared with: its hash, "" if there is none, and whether it was made from traffic.
	Baseline func(ctx context.Context, model, version string) (hash string, auto bool)
}

// Evaluator judges rule groups at instants of event time, from the store only, and commits what follows to the ledger.
type Evaluator struct {
	ledger  *ledger.Ledger
	source  rules.Source
	options EvaluatorOptions
	log     *slog.Logger

	mu     sync.Mutex
	groups []*groupState
}

type groupState struct {
	group  rules.Group
	engine *rules.Engine
	last   time.Time         // last evaluated instant, zero if never
	saved  time.Time         // last as the ledger knows it
	quiet  int               // evaluations since then
	alerts []plumbline.Alert // as of last, where the ledger has not been told
	ahead  bool              // the engine knows what the ledger could not be told
}

// saveEvery bounds how many quiet evaluations of recorded data a restart repeats.
const saveEvery = 200

// NewEvaluator restores the groups' state from the ledger, and closes the alerts of groups that are no more.
func NewEvaluator(ctx context.Context, l *ledger.Ledger, src rules.Source, groups []rules.Group, o EvaluatorOptions, log *slog.Logger) (*Evaluator, error) {
	e := &Evaluator{ledger: l, source: src, options: o, log: log}
	for _, g := range groups {
		s, err := e.restore(ctx, g)
		if err != nil {
			return nil, err
		}
		e.groups = append(e.groups, s)
	}
	alerts, err := l.Alerts(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("restore alerts: %w", err)
	}
	done := map[string]bool{}
	for _, g := range groups {
		done[g.Name] = true
	}
	for _, a := range alerts {
		if done[a.Group] {
			continue
		}
		done[a.Group] = true
		s, err := e.restore(ctx, rules.Group{Name: a.Group, Interval: time.Minute})
		if err != nil {
			return nil, err
		}
		if err := e.retire(ctx, s); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// retire closes the alerts of a group that is gone, if it ever had any.
func (e *Evaluator) retire(ctx context.Context, s *groupState) error {
	if s.last.IsZero() {
		return nil
	}
	s.engine.Update(rules.Group{Name: s.group.Name, File: s.group.File, Interval: s.group.Interval})
	at := s.last.Add(s.group.Interval)
	if now := e.options.Now(); e.options.Repeat && now.After(s.last) {
		at = now.UTC() // the next instant may be an hour away
	}
	err := e.evaluate(ctx, s, at, true)
	s.ahead = true // should the group stay after all, because the reload fails, it is taken back to what the ledger knows
	return err
}

func (e *Evaluator) restore(ctx context.Context, g rules.Group) (*groupState, error) {
	alerts, err := e.ledger.Alerts(ctx, g.Name)
	if err != nil {
		return nil, fmt.Errorf("restore alerts: %w", err)
	}
	at, _, err := e.ledger.Progress(ctx, g.Name)
	if err != nil {
		return nil, fmt.Errorf("restore progress: %w", err)
	}
	return &groupState{group: g, engine: rules.NewEngine(g, alerts), last: at, saved: at}, nil
}

// Reload replaces the rules; alerts of rules whose identity did not change keep their state.
func (e *Evaluator) Reload(ctx context.Context, groups []rules.Group, o EvaluatorOptions) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	kept := map[string]bool{}
	for _, g := range groups {
		kept[g.Name] = true
	}
	before := e.options
	e.options = o
	old := map[string]*groupState{}
	for _, s := range e.groups {
		if old[s.group.Name] = s; kept[s.group.Name] {
			continue
		}
		if err := e.retire(ctx, s); err != nil {
			e.options = before
			return err
		}
	}
	next := make([]*groupState, 0, len(groups))
	for _, g := range groups {
		s := old[g.Name]
		if s == nil {
			var err error
			if s, err = e.restore(ctx, g); err != nil {
				e.options = before
				return err
			}
		}
		next = append(next, s)
	}
	for i, s := range next {
		s.engine.Update(groups[i])
		s.group = groups[i]
	}
	e.groups = next
	return nil
}

// retryAfter is how long Run rests after an evaluation that failed.
const retryAfter = time.Second

// Run evaluates by the wall clock until ctx ends. An evaluation that takes longer than its interval makes the next instants
// be skipped, and counted. One that fails is tried again.
func (e *Evaluator) Run(ctx context.Context) error {
	for {
		wait, err := e.turn(ctx)
		if err != nil && ctx.Err() == nil {
			e.log.Error("evaluation failed, trying again", "err", err)
			wait = retryAfter
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// turn evaluates the group whose instant is ready first, or says how long there is nothing to do.
func (e *Evaluator) turn(ctx context.Context) (wait time.Duration, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.rewind(ctx); err != nil {
		return 0, err
	}
	var due *groupState
	var at, ready time.Time
	now := e.options.Now()
	for _, s := range e.groups {
		offset := e.offset(s.group)
		next := now.Add(-offset).Truncate(s.group.Interval)
		if !next.After(s.last) {
			next = instant(s.last, s.group.Interval)
		}
		if when := next.Add(offset); due == nil || when.Before(ready) {
			due, at, ready = s, next, when
		}
	}
	if due == nil {
		return time.Second, nil // rules may be reloaded meanwhile
	}
	if ready.After(now) {
		return min(time.Second, ready.Sub(now)), nil
	}
	if missed := int(at.Sub(due.last)/due.group.Interval) - 1; !due.last.IsZero() && missed > 0 {
		e.options.Observe.Missed(due.group.Name, missed)
	}
	return 0, e.evaluate(ctx, due, at, true)
}

// rewind takes groups whose last result could not be written back to what the ledger knows: their engines have gone on, and
// would never again tell of what was lost.
func (e *Evaluator) rewind(ctx context.Context) error {
	for _, s := range e.groups {
		if !s.ahead {
			continue
		}
		known, err := e.restore(ctx, s.group)
		if err != nil {
			return err
		}
		*s = *known
	}
	return nil
}

// offset is how long after an instant a group judges it.
func (e *Evaluator) offset(g rules.Group) time.Duration {
	if g.Offset != nil {
		return *g.Offset
	}
	return e.options.Offset
}

// Until evaluates every instant of every group after the last one (from first on, if there was none) up to and including to, in
// order of time: how recorded data is judged. With through, each group's next instant is the last, so that what happened before
// to is in a window. progress, if not nil, is called now and then.
func (e *Evaluator) Until(ctx context.Context, first, to time.Time, through bool, progress func(at time.Time)) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.rewind(ctx); err != nil {
		return err
	}
	for _, s := range e.groups {
		if s.last.IsZero() {
			s.last = first.Truncate(s.group.Interval)
		}
	}
	for {
		var due *groupState
		var at time.Time
		for _, s := range e.groups {
			end := to
			if through {
				end = instant(to, s.group.Interval)
			}
			if next := instant(s.last, s.group.Interval); !next.After(end) && (due == nil || next.Before(at)) {
				due, at = s, next
			}
		}
		if due == nil {
			break
		}
		if err := e.evaluate(ctx, due, at, due.saved.IsZero() || due.quiet >= saveEvery-1); err != nil {
			return err
		}
		if progress != nil {
			progress(at)
		}
	}
	var errs []error
	for _, s := range e.groups {
		if s.quiet == 0 {
			continue
		}
		if _, err := e.ledger.Commit(ctx, ledger.Commit{Group: s.group.Name, At: s.last, Alerts: s.alerts}); err != nil {
			errs = append(errs, err)
			continue
		}
		s.saved, s.quiet, s.alerts = s.last, 0, nil
	}
	return errors.Join(errs...)
}

// instant is a group's first instant after t.
func instant(t time.Time, interval time.Duration) time.Time {
	return t.Truncate(interval).Add(interval)
}

// evaluate judges one group at one instant and commits. Without save, an evaluation that changed nothing is not written.
func (e *Evaluator) evaluate(ctx context.Context, s *groupState, at time.Time, save bool) error {
	began := e.options.Now()
	r, err := s.engine.Eval(ctx, at, e.source)
	if err != nil {
		return fmt.Errorf("group %s: %w", s.group.Name, err)
	}
	for _, err := range r.Errors {
		e.log.Warn("a rule could not be evaluated", "group", s.group.Name, "at", at, "err", err)
	}
	s.ahead = true
	e.name(ctx, r)
	deliveries, err := e.deliveries(ctx, at, r)
	if err != nil {
		return err
	}
	if save || len(r.Transitions) > 0 || len(r.Gone) > 0 || len(deliveries) > 0 {
		c := ledger.Commit{Group: s.group.Name, At: at, Alerts: r.Alerts, Deliveries: deliveries}
		for _, a := range r.Gone {
			c.Forget = append(c.Forget, ledger.Fingerprint(a))
		}
		if _, err := e.ledger.Commit(ctx, c); err != nil {
			return fmt.Errorf("commit group %s: %w", s.group.Name, err)
		}
		s.saved, s.quiet, s.alerts = at, 0, nil
	} else {
		s.quiet, s.alerts = s.quiet+1, r.Alerts
	}
	s.last, s.ahead = at, false
	for _, t := range r.Transitions {
		e.log.Info("alert "+string(t.Edge), "alert", t.Alert.Name, "labels", t.Alert.Labels, "at", t.At)
	}
	e.options.Observe.Evaluated(s.group.Name, at, e.options.Now().Sub(began), r)
	return nil
}

// name says of each alert what it was compared with.
func (e *Evaluator) name(ctx context.Context, r rules.Result) {
	set := func(a *plumbline.Alert) {
		version := a.Labels["version"]
		for _, f := range a.Findings {
			if version == "" {
				version = f.Version
			}
		}
		a.BaselineID, a.AutoBase = e.options.Baseline(ctx, a.Labels["model"], version)
	}
	for i := range r.Alerts {
		set(&r.Alerts[i])
	}
	for i := range r.Transitions {
		set(&r.Transitions[i].Alert)
	}
}

// Alerts returns every live alert instance, ordered by name and labels.
func (e *Evaluator) Alerts(ctx context.Context) ([]plumbline.Alert, error) {
	alerts, err := e.ledger.Alerts(ctx, "")
	slices.SortFunc(alerts, func(a, b plumbline.Alert) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(fmt.Sprint(a.Labels), fmt.Sprint(b.Labels))) // fmt sorts maps by key
	})
	return alerts, err
}

// Silences lists the rules that never had a number for some target since the evaluator began.
func (e *Evaluator) Silences() []rules.Silence {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []rules.Silence
	for _, s := range e.groups {
		out = append(out, s.engine.Silences()...)
	}
	return out
}

// Groups returns the rules being evaluated.
func (e *Evaluator) Groups() []rules.Group {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make([]rules.Group, len(e.groups))
	for i, s := range e.groups {
		out[i] = s.group
	}
	return out
}
