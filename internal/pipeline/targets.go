package pipeline

import (
	"context"
	"sort"
	"strings"
	"time"

	"plumbline"
	"plumbline/profiles"
	"plumbline/rules"
	"plumbline/store"
)

// newestVersion is the live version of a model whose records are the newest at an instant, nil if there is none. What came after
// the instant does not tell versions apart.
func (m *Readings) newestVersion(ctx context.Context, model string, at time.Time) (*string, error) {
	streams, err := m.loadStreams(ctx)
	if err != nil {
		return nil, err
	}
	var best *store.StreamInfo
	for i := range streams {
		s := &streams[i]
		if s.Model != model || s.Slice != "" || !s.First.Before(at) {
			continue
		}
		v, _, err := m.registry.Version(ctx, s.Model, s.Version)
		if err != nil {
			return nil, err
		}
		if v == nil {
			continue
		}
		d, err := m.deployment(ctx, v, *s)
		if err != nil {
			return nil, err
		}
		if d != plumbline.Live {
			continue
		}
		if best == nil || earlier(s.Last, at).After(earlier(best.Last, at)) || earlier(s.Last, at).Equal(earlier(best.Last, at)) && s.First.After(best.First) {
			best = s
		}
	}
	if best == nil {
		return nil, nil
	}
	return &best.Version, nil
}

// deployment is how a version's answers are used at this instant.
func (m *Readings) deployment(ctx context.Context, v *Version, s store.StreamInfo) (plumbline.Deployment, error) {
	k := versionKey{s.Model, s.Version}
	if d, ok := m.deployed[k]; ok {
		return d, nil
	}
	d, err := m.windows.Deployment(ctx, v, s, m.at)
	if err == nil {
		m.deployed[k] = d
	}
	return d, err
}

// featureWindow is how far back a feature must have been seen to be a target.
const featureWindow = 24 * time.Hour

// Targets implements rules.Source: what existed at an instant, in a fixed order.
func (m *Readings) Targets(ctx context.Context, selector map[string]string, at time.Time) ([]map[string]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.enter(ctx, at)
	streams, err := m.loadStreams(ctx)
	if err != nil {
		return nil, err
	}
	_, wantVersion := selector["version"]
	_, wantFeature := selector["feature"]
	slice, wantSlice := selector["slice"]
	var out []map[string]string
	seen := map[plumbline.Stream]bool{}
	for _, s := range streams {
		if !s.First.Before(at) || !match(selector, "model", s.Model) || !match(selector, "version", s.Version) {
			continue
		}
		if (s.Slice != "") != wantSlice || wantSlice && !matchSlice(slice, s.Slice) {
			continue
		}
		stream := s.Stream
		if !wantVersion {
			v, err := m.newestVersion(ctx, s.Model, at)
			if err != nil {
				return nil, err
			}
			if v == nil || *v != s.Version {
				continue // without a version the newest is meant
			}
		}
		if seen[stream] {
			continue
		}
		seen[stream] = true
		targets, err := m.expand(ctx, s, selector, wantVersion, wantFeature, at)
		if err != nil {
			return nil, err
		}
		out = append(out, targets...)
	}
	return out, nil
}

func (m *Readings) expand(ctx context.Context, s store.StreamInfo, selector map[string]string, wantVersion, wantFeature bool, at time.Time) ([]map[string]string, error) {
	v, _, err := m.registry.Version(ctx, s.Model, s.Version)
	if err != nil || v == nil {
		return nil, err
	}
	if seen := m.windows.settled(v.Model, s.Slice, plumbline.Window{From: at.Add(-time.Minute), To: at}); !s.First.Before(seen.To) {
		return nil, nil // no window reaches it yet
	}
	labels := map[string]string{"model": s.Model}
	if wantVersion {
		labels["version"] = s.Version
	}
	if s.Slice != "" {
		labels["slice"] = s.Slice
	}
	d, err := m.deployment(ctx, v, s)
	if err != nil {
		return nil, err
	}
	if d != plumbline.Live {
		labels["deployment"] = d.String()
	}
	if !wantFeature {
		return []map[string]string{labels}, nil
	}
	names := map[string]bool{}
	if v.Baseline != nil {
		addInputs(names, v.Profile)
	}
	w, err := m.current(ctx, ask{Query: rules.Query{Model: s.Model, Window: featureWindow}, stream: s.Stream, version: v, at: at,
		window: plumbline.Window{From: at.Add(-featureWindow), To: at}})
	if err != nil {
		return nil, err
	}
	addInputs(names, w.Profile)
	var out []map[string]string
	for _, name := range sortedKeys(names) {
		if !match(selector, "feature", name) {
			continue
		}
		l := map[string]string{"feature": name}
		for k, v := range labels {
			l[k] = v
		}
		out = append(out, l)
	}
	return out, nil
}

func addInputs(names map[string]bool, p *profiles.Profile) {
	for _, f := range p.Features() {
		if f.Key.Role == profiles.Input {
			names[f.Key.Name] = true
		}
	}
}

func sortedKeys(m map[string]bool) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// match compares a value with the selector's glob for a key; no selector takes everything.
func match(selector map[string]string, key, value string) bool {
	glob, ok := selector[key]
	if !ok || glob == "*" || glob == value {
		return true
	}
	matched, err := rules.Match(glob, value)
	return err == nil && matched
}

// matchSlice takes "*", a slicing name (carrier: all its values), or a glob over canonical slices.
func matchSlice(glob, slice string) bool {
	if glob == "*" || glob == slice || sliceNames(slice) == glob {
		return true
	}
	matched, err := rules.Match(glob, slice)
	return err == nil && matched
}

// sliceNames is carrier,origin for carrier=UA,origin=EWR.
func sliceNames(slice string) string {
	parts, ok := profiles.ParseSlice(slice)
	if !ok {
		return ""
	}
	names := make(map[string]bool, len(parts))
	for name := range parts {
		names[name] = true
	}
	return strings.Join(sortedKeys(names), ",")
}
