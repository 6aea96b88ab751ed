package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"plumbline"
	"plumbline/profiles"
	"plumbline/rules"
	"plumbline/store"
)

// Readings answers what rules ask, from the store. Within one instant every window is read and every statistic computed once.
// It is safe for concurrent use; questions about different instants at the same time cost each other their memory.
type Readings struct {
	registry *Registry
	store    store.Reader
	windows  *Windows
	table    map[string]reading
	static   bool

	mu       sync.Mutex
	at       time.Time
	profile  map[windowKey]WindowProfile
	finding  map[queryKey]answer
	streams  []store.StreamInfo
	deployed map[versionKey]plumbline.Deployment
	rows     *outcomeCache

	calibrations calibrations
	dependences  dependences
	means        baselineMeans
	limits       cusumLimits
	seasons      map[seasonKey]*profiles.Profile
	judged       map[judgedKey]plumbline.Finding
	references   map[referenceKey]reference
	related      map[windowKey]plumbline.Finding // changes of correlation
}

type windowKey struct {
	stream plumbline.Stream
	window time.Duration
}

// queryKey is a query as a map key.
type queryKey struct {
	function, model, version, slice, feature, args, against string
	window                                                  time.Duration
	budget                                                  plumbline.Budget
	tolerate                                                float64
	shared                                                  bool
}

func keyOf(q rules.Query) queryKey {
	return queryKey{q.Func, q.Model, q.Version, q.Slice, q.Feature, strings.Join(q.Args, "\x00"), q.Against, q.Window, q.Budget, q.Tolerate, q.Shared}
}

type answer struct {
	finding plumbline.Finding
	err     error
}

// NewReadings reads from a store. static promises that nothing changes it any more, so that much can be kept in memory.
func NewReadings(s store.Reader, r *Registry, static bool) *Readings {
	m := &Readings{registry: r, store: s, windows: NewWindows(s, r, static), table: map[string]reading{}, static: static, judged: map[judgedKey]plumbline.Finding{}}
	for _, e := range catalogue() {
		m.table[e.Name] = e
	}
	m.rows = &outcomeCache{store: s, keep: static}
	return m
}

// Functions is the catalogue of what rules can ask.
func Functions() []rules.Function {
	var out []rules.Function
	for _, e := range catalogue() {
		out = append(out, e.Function)
	}
	return out
}

// ask is a query with its model's version and window resolved.
type ask struct {
	rules.Query
	at      time.Time
	version *Version
	stream  plumbline.Stream
	window  plumbline.Window
}

// Finding implements rules.Source.
func (m *Readings) Finding(ctx context.Context, q rules.Query, at time.Time) (plumbline.Finding, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.enter(ctx, at)
	k := keyOf(q)
	if a, ok := m.finding[k]; ok {
		return a.finding, a.err
	}
	f, err := m.compute(ctx, q, at)
	if err != nil || f.Value == nil {
		if err == nil {
			err = fmt.Errorf("%s: %w: %s", q.Func, rules.ErrNoData, f.Reason)
		}
	}
	if err == nil || errors.Is(err, rules.ErrNoData) { // a store that is away may be back for the next question
		m.finding[k] = answer{f, err}
	}
	return f, err
}

// enter forgets what belongs to another instant.
func (m *Readings) enter(ctx context.Context, at time.Time) {
	if m.at.Equal(at) && m.profile != nil {
		return
	}
	m.at = at
	m.profile, m.finding = map[windowKey]WindowProfile{}, map[queryKey]answer{}
	m.deployed, m.references = map[versionKey]plumbline.Deployment{}, map[referenceKey]reference{}
	m.related = map[windowKey]plumbline.Finding{}
	if !m.static {
		m.streams = nil
		if err := m.registry.Refresh(ctx); err != nil { // what it has will do until the next instant
			m.registry.log.Warn("could not look for new baselines", "err", err)
		}
	}
}

func (m *Readings) compute(ctx context.Context, q rules.Query, at time.Time) (plumbline.Finding, error) {
	e, ok := m.table[q.Func]
	if !ok {
		return plumbline.Finding{}, fmt.Errorf("no function %q", q.Func)
	}
	if q.Version == "" {
		v, err := m.newestVersion(ctx, q.Model, at)
		if err != nil {
			return plumbline.Finding{}, err
		}
		if v == nil {
			return plumbline.Finding{Model: q.Model, Test: q.Func, Reason: "the model has sent no record yet"}, nil
		}
		q.Version = *v
	}
	v, reason, err := m.registry.Version(ctx, q.Model, q.Version)
	if err != nil {
		return plumbline.Finding{}, err
	}
	if reason != plumbline.ReasonNone {
		return plumbline.Finding{}, fmt.Errorf("model %q: %s", q.Model, reason)
	}
	a := ask{Query: q, at: at, version: v, stream: plumbline.Stream{Model: q.Model, Version: q.Version, Slice: q.Slice},
		window: plumbline.Window{From: at.Add(-q.Window), To: at}}
	f, err := e.read(ctx, m, a)
	if err != nil && !errors.Is(err, rules.ErrNoData) {
		return plumbline.Finding{}, err
	}
	f.Model, f.Version, f.Slice, f.Test, f.Args, f.Guard = q.Model, q.Version, q.Slice, q.Func, q.Args, e.Guard
	if f.Feature == "" {
		f.Feature = q.Feature
	}
	if f.Window.To.IsZero() {
		f.Window = a.window
	}
	if v.Auto {
		f.Note = join(f.Note, "the baseline was made from the first records seen, not from training data")
	}
	return f, err
}

// join adds a note to a note.
func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// current reads the asked window; several statistics of one instant share it.
func (m *Readings) current(ctx context.Context, a ask) (WindowProfile, error) {
	k := windowKey{a.stream, a.Window}
	if w, ok := m.profile[k]; ok {
		return w, nil
	}
	w, err := m.windows.Read(ctx, a.stream, m.windows.settled(a.version.Model, a.Slice, a.window))
	if err != nil {
		return w, err
	}
	m.profile[k] = w
	return w, nil
}

// baseline is what the asked stream is compared with; nil and a reason if there is nothing.
func (a ask) baseline() (*profiles.Profile, string) { return a.version.Reference(a.Slice) }

func (m *Readings) loadStreams(ctx context.Context) ([]store.StreamInfo, error) {
	if m.streams == nil {
		s, err := m.store.Streams(ctx)
		if err != nil {
			return nil, fmt.Errorf("list streams: %w", err)
		}
		m.streams = s
	}
	return m.streams, nil
}
