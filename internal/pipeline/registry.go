package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"plumbline"
	"plumbline/profiles"
	"plumbline/store"
)

// RegistryOptions are the rules for models nobody declared.
type RegistryOptions struct {
	AutoRegister bool // take models without a manifest
	AutoBaseline int  // a version without a baseline gets its first N records as one
	MaxModels    int
	CreatedClock func() time.Time // stamps baselines made here
}

// Version is what is known of one version of one model. It is immutable; the registry replaces it when a baseline appears.
type Version struct {
	Model    *plumbline.Model
	Version  string
	Baseline *profiles.Baseline // nil: none yet
	Profile  *profiles.Profile  // Baseline's counts, nil without; many read it, nobody changes it
	Hash     string             // of Baseline, "" without
	Auto     bool               // the baseline was made from the first records
	First    int                // the baseline is made from this many first records, while there is none
	Range    plumbline.Window   // or from the records of this time
	Layout   *profiles.Layout
	Season   profiles.Season // which hours of the model are alike
}

type versionKey struct{ model, version string }

// Registry knows every model's manifest, baselines and layouts. It is safe for concurrent use.
type Registry struct {
	store   store.Store
	options RegistryOptions
	log     *slog.Logger

	mu        sync.RWMutex
	models    map[string]*plumbline.Model // declared and registered
	versions  map[versionKey]*Version
	baselines map[string]*profiles.Baseline
	layouts   map[[2]string]*profiles.Layout // by model and baseline hash

	declarations int64 // how often Declare was called

	samples  map[versionKey]int64 // stored of versions without a baseline
	counted  bool                 // samples includes what earlier runs stored
	building sync.Mutex           // one baseline is made at a time
}

// NewRegistry takes the declared models.
func NewRegistry(s store.Store, declared []plumbline.Model, o RegistryOptions, log *slog.Logger) *Registry {
	r := &Registry{store: s, options: o, log: log, samples: map[versionKey]int64{}}
	r.Declare(declared)
	return r
}

// Declare replaces the manifests and forgets what was derived from the old ones; workers begin anew before their next batch.
func (r *Registry) Declare(declared []plumbline.Model) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.declarations++
	r.models = map[string]*plumbline.Model{}
	r.versions = map[versionKey]*Version{}
	r.layouts = map[[2]string]*profiles.Layout{}
	if r.baselines == nil {
		r.baselines = map[string]*profiles.Baseline{}
	}
	for i := range declared {
		r.models[declared[i].Name] = &declared[i]
	}
}

// generation changes when the manifests do.
func (r *Registry) generation() int64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.declarations
}

// maxVersions bounds the versions of one model: a log whose version is a request's id must not become a stream for each.
const maxVersions = 1000

// crowded reports whether the model has as many versions as it may. It is called with mu held.
func (r *Registry) crowded(model string) bool {
	n := 0
	for k := range r.versions {
		if k.model == model {
			n++
		}
	}
	return n >= maxVersions
}

// Model returns the manifest of a model, nil if it is unknown so far.
func (r *Registry) Model(name string) *plumbline.Model {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.models[name]
}

// Version returns a model's version, registering it when it is new. A reason other than ReasonNone refuses it.
func (r *Registry) Version(ctx context.Context, model, version string) (*Version, plumbline.Reason, error) {
	k := versionKey{model, version}
	r.mu.RLock()
	v := r.versions[k]
	r.mu.RUnlock()
	if v != nil {
		return v, plumbline.ReasonNone, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if v := r.versions[k]; v != nil {
		return v, plumbline.ReasonNone, nil
	}
	m := r.models[model]
	if m == nil {
		if !r.options.AutoRegister || len(r.models) >= r.options.MaxModels {
			return nil, plumbline.ReasonModelLimit, nil
		}
		m = &plumbline.Model{Name: clone(model)}
		r.models[m.Name] = m
		r.log.Info("registered a model from its traffic", "model", m.Name)
	}
	if r.crowded(model) {
		return nil, plumbline.ReasonModelLimit, nil
	}
	v = &Version{Model: m, Version: clone(version), Season: seasonOf(m)}
	if err := r.resolve(ctx, v); err != nil {
		return nil, plumbline.ReasonNone, err
	}
	v.Layout = r.layout(m, v.Baseline)
	r.versions[versionKey{m.Name, v.Version}] = v
	return v, plumbline.ReasonNone, nil
}

// Refresh looks whether versions without a baseline have one in the store by now: another process may have made it.
func (r *Registry) Refresh(ctx context.Context) error {
	r.mu.RLock()
	var waiting []*Version
	for _, v := range r.versions {
		if v.Baseline == nil {
			waiting = append(waiting, v)
		}
	}
	r.mu.RUnlock()
	for _, v := range waiting {
		if _, err := r.refresh(ctx, v); err != nil {
			return err
		}
	}
	return nil
}

// refresh returns the version as it is now: v itself, or one that has a baseline.
func (r *Registry) refresh(ctx context.Context, v *Version) (*Version, error) {
	stored, ok, err := r.store.Baseline(ctx, v.Model.Name, v.Version)
	if err != nil {
		return nil, fmt.Errorf("look up baseline of %s: %w", v.Model.Name, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	k := versionKey{v.Model.Name, v.Version}
	if now := r.versions[k]; now != v || !ok {
		return now, nil
	}
	b, err := profiles.ReadBaseline(stored.Body)
	if err != nil {
		return nil, fmt.Errorf("stored baseline of %s: %w", v.Model.Name, err)
	}
	return r.replace(v, b, stored.Hash, stored.Auto), nil
}

// replace gives a version a baseline. It is called with mu held.
func (r *Registry) replace(old *Version, b *profiles.Baseline, hash string, auto bool) *Version {
	v := *old
	v.Baseline, v.Profile, v.Hash, v.Auto = b, b.Profile(), hash, auto
	r.baselines[v.Hash] = b
	v.Layout = r.layout(v.Model, b)
	r.versions[versionKey{v.Model.Name, v.Version}] = &v
	return &v
}

// resolve finds the version's baseline: the manifest's file first, then what the store holds.
func (r *Registry) resolve(ctx context.Context, v *Version) error {
	ref := v.Model.Versions[v.Version].Baseline
	own := !ref.IsZero()
	if !own {
		ref = v.Model.Baseline
	}
	if ref.File != "" {
		data, err := os.ReadFile(ref.File)
		if err != nil {
			return fmt.Errorf("read the baseline of %s: %w", v.Model.Name, err)
		}
		b, err := profiles.ReadBaseline(data)
		if err != nil {
			return fmt.Errorf("baseline %s: %w", ref.File, err)
		}
		// A baseline belongs to the version it was made for; another version that names none of its own starts anew.
		if own || b.Version == "" || b.Version == v.Version {
			v.Baseline, v.Profile, v.Hash = b, b.Profile(), b.Hash()
			r.baselines[v.Hash] = b
			stored, ok, err := r.store.BaselineByHash(ctx, v.Hash)
			if err != nil {
				return fmt.Errorf("look up baseline: %w", err)
			}
			if !ok || stored.Auto {
				return r.put(ctx, v, b, false)
			}
			return nil
		}
	}
	v.First, v.Range = ref.First, plumbline.Window{From: ref.From, To: ref.To}
	if v.First == 0 && ref.From.IsZero() {
		v.First = r.options.AutoBaseline
	}
	stored, ok, err := r.store.Baseline(ctx, v.Model.Name, v.Version)
	if err != nil {
		return fmt.Errorf("look up baseline of %s: %w", v.Model.Name, err)
	}
	if !ok {
		return nil
	}
	b, err := profiles.ReadBaseline(stored.Body)
	if err != nil {
		return fmt.Errorf("stored baseline of %s: %w", v.Model.Name, err)
	}
	v.Baseline, v.Profile, v.Hash, v.Auto = b, b.Profile(), stored.Hash, stored.Auto
	r.baselines[stored.Hash] = b
	return nil
}

func (r *Registry) put(ctx context.Context, v *Version, b *profiles.Baseline, auto bool) error {
	body, err := b.Write()
	if err != nil {
		return fmt.Errorf("write baseline: %w", err)
	}
	err = r.store.PutBaseline(ctx, store.Baseline{Model: v.Model.Name, Version: v.Version, Hash: b.Hash(), Created: r.options.CreatedClock(), Auto: auto, Body: body})
	if err != nil {
		return fmt.Errorf("store baseline: %w", err)
	}
	return nil
}

// layout is called with mu held.
func (r *Registry) layout(m *plumbline.Model, b *profiles.Baseline) *profiles.Layout {
	k := [2]string{m.Name, ""}
	if b != nil {
		k[1] = b.Hash()
	}
	l := r.layouts[k]
	if l == nil {
		l = profiles.NewLayout(m, b)
		r.layouts[k] = l
	}
	return l
}

// BaselineOf names a version's baseline: its hash, "" if there is none, and whether it was made from traffic.
func (r *Registry) BaselineOf(_ context.Context, model, version string) (hash string, auto bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if v := r.versions[versionKey{model, version}]; v != nil {
		return v.Hash, v.Auto
	}
	return "", false
}

// LayoutOf returns the layout a stored body was counted on.
func (r *Registry) LayoutOf(ctx context.Context, model string, body []byte) (*profiles.Layout, error) {
	hash, err := profiles.BodyBaseline(body)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if l := r.layouts[[2]string{model, hash}]; l != nil {
		return l, nil
	}
	m := r.models[model]
	if m == nil {
		m = &plumbline.Model{Name: model} // not registered: who reads what is stored must not let more of it in
	}
	if hash == "" {
		return r.layout(m, nil), nil
	}
	b := r.baselines[hash]
	if b == nil {
		stored, ok, err := r.store.BaselineByHash(ctx, hash)
		if err != nil {
			return nil, fmt.Errorf("look up baseline: %w", err)
		}
		if !ok {
			return nil, fmt.Errorf("the baseline %.12s that a profile of %s was counted on is not in the store", hash, model)
		}
		if b, err = profiles.ReadBaseline(stored.Body); err != nil {
			return nil, fmt.Errorf("stored baseline %.12s: %w", hash, err)
		}
		r.baselines[hash] = b
	}
	return r.layout(m, b), nil
}

// Decode decodes a stored pane.
func (r *Registry) Decode(ctx context.Context, p store.Pane) (*profiles.Profile, error) {
	l, err := r.LayoutOf(ctx, p.Key.Model, p.Body)
	if err != nil {
		return nil, err
	}
	return l.Decode(p.Body)
}

// adopt makes b the version's baseline from now on.
func (r *Registry) adopt(ctx context.Context, old *Version, b *profiles.Baseline) error {
	if err := r.put(ctx, old, b, true); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.replace(old, b, b.Hash(), true)
	return nil
}

// clone detaches a string from the batch it aliases.
func clone(s string) string { return string([]byte(s)) }
