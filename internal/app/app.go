// Package app builds the daemon out of a configuration: store, ledger, sources, the pipeline's two halves, delivery and the HTTP
// pages. It owns wiring and lifecycle; it knows no flags and no signals, so that tests and the demo run the real daemon in process.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"plumbline"
	"plumbline/collectors"
	"plumbline/internal/config"
	"plumbline/internal/pipeline"
	"plumbline/internal/sqlitefile"
	"plumbline/ledger"
	"plumbline/rules"
	"plumbline/store"
	"plumbline/store/clickhouse"
	"plumbline/store/sqlite"
)

// App is the daemon.
type App struct {
	options Options
	log     *slog.Logger
	metrics *metrics
	closing cleanups

	store      store.Store
	ledger     *ledger.Ledger
	registry   *pipeline.Registry
	collector  *pipeline.Collector
	evaluator  *pipeline.Evaluator
	dispatcher *pipeline.Dispatcher
	readings   *pipeline.Readings // of the API
	list       []collectors.Source

	config atomic.Pointer[config.Config]
	server atomic.Pointer[server]
	ready  atomic.Bool
	replay bool // judged by the data's clock, from the start on: a reload does not change it
	reload sync.Mutex
	absent sync.Map // sources that have not begun to read, or failed: name → what they are doing
}

// replay reports whether rules are judged by the data's own clock. A run until idle always is: it judges every window there is and
// does not wait for the next one.
func replay(c *config.Config, untilIdle bool) bool {
	switch c.Evaluation.Clock {
	case config.ClockData:
		return true
	case config.ClockWall:
		return untilIdle
	}
	return untilIdle || c.Replay()
}

// New builds everything without starting it. Close must be called, also after an error of Run.
func New(ctx context.Context, o Options) (*App, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Role == "" {
		o.Role = All
	}
	if o.Print == nil {
		o.Print = io.Discard
	}
	a := &App{options: o, log: o.Log, metrics: newMetrics(o.Version, o.Revision)}
	if err := a.build(ctx, o.Config); err != nil {
		return nil, errors.Join(err, a.closing.close(ctx))
	}
	return a, nil
}

// build acquires one thing after another; what it has acquired when it fails is in closing.
func (a *App) build(ctx context.Context, c *config.Config) error {
	a.config.Store(c)
	a.replay = replay(c, a.options.UntilIdle)
	a.metrics.configured(a.options.Now(), nil)
	release, err := LockDataDir(string(c.DataDir), a.options.Role)
	if err != nil {
		return err
	}
	a.closing.add("release data_dir", func(context.Context) error { return release() })
	if a.store, err = OpenStore(ctx, c, false); err != nil {
		return err
	}
	a.closing.add("close the store", func(context.Context) error { return a.store.Close() })
	a.registry = NewRegistry(a.store, c, a.options.Now, a.log)
	if a.options.Role != Evaluator {
		if err := a.buildCollector(c); err != nil {
			return err
		}
	}
	if a.options.Role != Collector {
		if err := a.buildEvaluator(ctx, c); err != nil {
			return err
		}
	}
	a.readings = pipeline.NewReadings(a.store, a.registry, false)
	return nil
}

// Close releases everything in reverse.
func (a *App) Close(ctx context.Context) error { return a.closing.close(ctx) }

// DatabaseFile is the SQLite file of a configuration: the ledger, and the store unless it is ClickHouse.
func DatabaseFile(c *config.Config) string { return filepath.Join(string(c.DataDir), "plumbline.db") }

// OpenStore opens the configured store; readOnly is for commands that look while a daemon writes.
func OpenStore(ctx context.Context, c *config.Config, readOnly bool) (store.Store, error) {
	if c.Store.Kind == config.StoreClickHouse {
		cc, err := ClickHouseConfig(c)
		if err != nil {
			return nil, err
		}
		return clickhouse.Open(ctx, cc)
	}
	s, err := sqlite.Open(ctx, DatabaseFile(c), sqlite.Options{ReadOnly: readOnly})
	switch {
	case readOnly && errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no store at %s yet; plumbline run makes it", DatabaseFile(c))
	case errors.Is(err, sqlitefile.ErrCorrupt):
		return nil, fmt.Errorf("%w; move it away, or bring back a copy of it, and start again", err)
	case err != nil:
		return nil, fmt.Errorf("data_dir: %w", err)
	}
	return s, nil
}

// ClickHouseConfig is the adapter's form of the configuration.
func ClickHouseConfig(c *config.Config) (clickhouse.Config, error) {
	ch := c.Store.ClickHouse
	out := clickhouse.Config{Addresses: ch.Addresses, Database: ch.Database, Username: ch.Username, Cluster: ch.Cluster,
		PaneRetention: c.Store.Retention.Panes, SampleRetention: c.Store.Retention.Samples}
	if !ch.Password.IsZero() {
		out.Password = ch.Password.Get
	}
	if ch.TLS.On() {
		t, err := clientTLS(ch.TLS)
		if err != nil {
			return out, err
		}
		out.TLS = t
	}
	return out, nil
}

// NewRegistry knows the configuration's models.
func NewRegistry(s store.Store, c *config.Config, now func() time.Time, log *slog.Logger) *pipeline.Registry {
	return pipeline.NewRegistry(s, c.Models, pipeline.RegistryOptions{
		AutoRegister: c.AutoRegister, AutoBaseline: c.AutoBaseline, MaxModels: c.Limits.MaxModels, CreatedClock: now,
	}, log)
}

func (a *App) buildCollector(c *config.Config) error {
	list, perSource, err := a.sources(c)
	if err != nil {
		return err
	}
	a.list = list
	exclude := map[string]bool{}
	for _, name := range c.Store.Samples.Exclude {
		exclude[name] = true
	}
	a.collector = pipeline.NewCollector(a.store, a.registry, pipeline.CollectorOptions{
		Limits: limits(c), FlushInterval: c.Store.FlushInterval, FlushRecords: c.Store.FlushRecords, MaxOpenPanes: c.Limits.MaxOpenPanes, MaxSlices: c.Limits.MaxSlices,
		Lateness: c.Evaluation.Offset, Retention: c.Store.Retention.Panes,
		Samples: pipeline.SampleOptions{Rate: c.Store.Samples.Rate, MaxPerPane: c.Store.Samples.MaxPerPane, Exclude: exclude},
		Sources: perSource, Now: a.options.Now, Observe: a.metrics,
	}, a.log)
	return nil
}

func (a *App) buildEvaluator(ctx context.Context, c *config.Config) error {
	if err := a.openLedger(ctx, c); err != nil {
		return err
	}
	groups, problems := LoadRules(c)
	if problems.Errors() {
		return problems
	}
	eo, do, err := a.effects(c)
	if err != nil {
		return err
	}
	// With until-idle nothing changes the store while it is judged.
	source := pipeline.NewReadings(a.store, a.registry, a.options.UntilIdle)
	if a.evaluator, err = pipeline.NewEvaluator(ctx, a.ledger, source, groups, eo, a.log); err != nil {
		return err
	}
	a.metrics.keepGroups(names(groups))
	a.dispatcher = pipeline.NewDispatcher(a.ledger, do, a.log)
	return nil
}

// openLedger opens the alerts' state and the outbox. A dry run has its own, which goes with it: it must neither take up what waits to
// be sent, nor leave alerts behind that count as told.
func (a *App) openLedger(ctx context.Context, c *config.Config) error {
	file := DatabaseFile(c)
	if a.options.DryRun {
		dir := filepath.Join(string(c.DataDir), "dry-run")
		forget := func(context.Context) error { return os.RemoveAll(dir) }
		if err := forget(ctx); err != nil { // a dry run that was killed left it
			return fmt.Errorf("forget the last dry run: %w", err)
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("data_dir: %w", err)
		}
		a.closing.add("forget the dry run", forget)
		file = filepath.Join(dir, "plumbline.db")
	}
	var err error
	if a.ledger, err = ledger.Open(ctx, file); err != nil {
		return fmt.Errorf("open the ledger: %w", err)
	}
	a.closing.add("close the ledger", func(context.Context) error { return a.ledger.Close() })
	return nil
}

// effects builds what the evaluator writes down and the dispatcher delivers.
func (a *App) effects(c *config.Config) (pipeline.EvaluatorOptions, pipeline.DispatcherOptions, error) {
	var eo pipeline.EvaluatorOptions
	var do pipeline.DispatcherOptions
	notifiers, places, err := a.receivers(c)
	if err != nil {
		return eo, do, err
	}
	triggers, policies, err := a.pullers(c)
	if err != nil {
		return eo, do, err
	}
	route, err := routes(c.Route)
	if err != nil {
		return eo, do, fmt.Errorf("route: %w", err)
	}
	eo = pipeline.EvaluatorOptions{Offset: c.Evaluation.Offset, Route: route, Triggers: policies, DryRun: a.options.DryRun, Places: places, Now: a.options.Now,
		Repeat: !a.replay, Observe: a.metrics, Baseline: a.registry.BaselineOf}
	do = pipeline.DispatcherOptions{Receivers: notifiers, Triggers: triggers, ExternalURL: c.Web.ExternalURL, GiveUp: giveUp, Poll: 200 * time.Millisecond, Now: a.options.Now, Observe: a.metrics,
		Group: func(place string, al plumbline.Alert) (string, map[string]string) {
			return groupOf(route, places, place, al)
		}}
	return eo, do, nil
}

// groupOf finds the receiver of a place, and by which labels the route that leads an alert there groups.
func groupOf(r *pipeline.Route, places map[string][]pipeline.Place, place string, a plumbline.Alert) (receiver string, labels map[string]string) {
	for name, list := range places {
		if slices.ContainsFunc(list, func(p pipeline.Place) bool { return p.Name == place }) {
			receiver = name
		}
	}
	if r == nil { // an alert of before the routes were removed
		return receiver, nil
	}
	for _, m := range r.Match(a.Labels) {
		if m.Receiver == receiver {
			return receiver, m.GroupLabels(a.Labels)
		}
	}
	return receiver, r.GroupLabels(a.Labels)
}

// Span is the event time from the first pane to the newest record.
func (a *App) Span(ctx context.Context) (first, last time.Time, err error) { return a.span(ctx) }

// Readings answers what rules can ask, of what the store holds now.
func (a *App) Readings() *pipeline.Readings { return a.readings }

// Rules are what is judged by.
func (a *App) Rules() []rules.Group { return a.evaluator.Groups() }

// Windows reads merged profiles of what the store holds now.
func (a *App) Windows() *pipeline.Windows { return pipeline.NewWindows(a.store, a.registry, false) }
