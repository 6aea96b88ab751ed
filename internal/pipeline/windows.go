package pipeline

import (
	"context"
	"fmt"
	"time"

	"plumbline"
	"plumbline/profiles"
	"plumbline/store"
)

// WindowProfile is what the store holds of one stream for one window.
type WindowProfile struct {
	Stream  plumbline.Stream
	Window  plumbline.Window // as covered: aligned to the finest panes the stream has
	Version *Version
	Profile *profiles.Profile // counted on Version's baseline
	// Uncounted is the number of records whose panes were counted on another baseline (or none): they are in no bin.
	Uncounted int64
}

// Reference is what records of a slice, "" for all, are compared with; nil and a reason if there is nothing.
func (v *Version) Reference(slice string) (*profiles.Profile, string) {
	if v.Baseline == nil {
		return nil, "the model's version has no baseline yet"
	}
	if slice == "" {
		return v.Profile, ""
	}
	p, ok := v.Baseline.SliceProfile(slice)
	if !ok {
		return nil, "the baseline has no records of the slice " + slice
	}
	return p, ""
}

// deploymentWindow is how many records tell how a version is deployed: those of its newest day.
const deploymentWindow = 24 * time.Hour

// Deployment is how the answers of a version were used at an instant: as its manifest says, else as most of its newest records say.
func (w *Windows) Deployment(ctx context.Context, v *Version, s store.StreamInfo, at time.Time) (plumbline.Deployment, error) {
	if d := v.Model.Versions[v.Version].Deployment; d != plumbline.Live {
		return d, nil
	}
	if end := s.Last.Truncate(deploymentWindow).Add(deploymentWindow); end.Before(at) {
		at = end
	}
	p, err := w.Read(ctx, plumbline.Stream{Model: s.Model, Version: s.Version}, plumbline.Window{From: at.Add(-deploymentWindow), To: at})
	if err != nil {
		return plumbline.Live, fmt.Errorf("read how version %s of %s is deployed: %w", s.Version, s.Model, err)
	}
	switch n := p.Profile.Whole + p.Profile.Requests + p.Profile.Responses; {
	case 2*p.Profile.Shadow > n:
		return plumbline.Shadow, nil
	case 2*p.Profile.Canary > n:
		return plumbline.Canary, nil
	}
	return plumbline.Live, nil
}

// Windows assembles profiles of windows from panes: days where whole days fit, hours at their edges, the finest panes at the
// edges of those. It is safe for concurrent use.
type Windows struct {
	registry *Registry
	store    store.Reader
	cache    *paneCache // nil: every window is read anew
}

// NewWindows reads from a store. With keep, decoded panes stay in memory: only for a store that nothing changes any more.
func NewWindows(s store.Reader, r *Registry, keep bool) *Windows {
	w := &Windows{registry: r, store: s}
	if keep {
		w.cache = newPaneCache()
	}
	return w
}

// Read merges the stream's panes in window. Its bounds are rounded outwards to the finest panes the stream has.
func (ws *Windows) Read(ctx context.Context, s plumbline.Stream, window plumbline.Window) (WindowProfile, error) {
	v, reason, err := ws.registry.Version(ctx, s.Model, s.Version)
	if err != nil {
		return WindowProfile{}, err
	}
	if reason != plumbline.ReasonNone {
		return WindowProfile{}, fmt.Errorf("model %q is not known", s.Model)
	}
	widths := ws.widths(v.Model, s.Slice)
	finest := widths[0]
	out := WindowProfile{Stream: s, Version: v, Profile: v.Layout.NewProfile(),
		Window: plumbline.Window{From: alignDown(window.From, finest), To: alignUp(window.To, finest)}}
	err = ws.merge(ctx, &out, widths, out.Window)
	return out, err
}

// settled moves a rule's window back to the last whole panes, where they are wide, and makes it whole panes long: a window that
// grew and shrank as the instant moves through a pane would make alerts come and go with it.
func (ws *Windows) settled(m *plumbline.Model, slice string, w plumbline.Window) plumbline.Window {
	finest := ws.widths(m, slice)[0]
	if finest <= time.Minute {
		return w
	}
	panes := (w.Duration() + finest - 1) / finest
	to := alignDown(w.To, finest)
	return plumbline.Window{From: to.Add(-panes * finest), To: to}
}

// widths are the stream's pane widths, finest first.
func (ws *Windows) widths(m *plumbline.Model, slice string) []time.Duration {
	var widths []time.Duration
	if fine := fineWidth(m); slice == "" {
		widths = append(widths, fine)
	}
	for _, w := range []time.Duration{Hour, Day} {
		if len(widths) == 0 || widths[len(widths)-1] < w {
			widths = append(widths, w)
		}
	}
	return widths
}

// merge adds the panes of w to out, taking the widest that fit.
func (ws *Windows) merge(ctx context.Context, out *WindowProfile, widths []time.Duration, w plumbline.Window) error {
	if !w.From.Before(w.To) {
		return nil
	}
	width, finer := widths[len(widths)-1], widths[:len(widths)-1]
	if len(finer) == 0 {
		return ws.mergeWidth(ctx, out, width, nil, w)
	}
	inner := plumbline.Window{From: alignUp(w.From, width), To: alignDown(w.To, width)}
	if !inner.From.Before(inner.To) {
		return ws.merge(ctx, out, finer, w)
	}
	if err := ws.merge(ctx, out, finer, plumbline.Window{From: w.From, To: inner.From}); err != nil {
		return err
	}
	if err := ws.mergeWidth(ctx, out, width, finer, inner); err != nil {
		return err
	}
	return ws.merge(ctx, out, finer, plumbline.Window{From: inner.To, To: w.To})
}

// mergeWidth adds the panes of one width. A pane that was counted on another baseline, because the baseline came while it was
// open, is replaced by finer panes where there are any; what stays uncounted is told.
func (ws *Windows) mergeWidth(ctx context.Context, out *WindowProfile, width time.Duration, finer []time.Duration, w plumbline.Window) error {
	panes, err := ws.panes(ctx, out.Stream, width, w)
	if err != nil {
		return err
	}
	for i := 0; i < len(panes); {
		j := i + 1
		same := panes[i].profile.Layout() == out.Version.Layout || panes[i].profile.Layout().ID() == out.Version.Layout.ID()
		for ; j < len(panes) && panes[j].start.Equal(panes[i].start); j++ {
			same = same && panes[j].profile.Layout().ID() == out.Version.Layout.ID()
		}
		if same {
			for _, p := range panes[i:j] {
				if err := out.Profile.Merge(p.profile); err != nil {
					return fmt.Errorf("merge a pane of %s: %w", out.Stream.Model, err)
				}
			}
		} else if len(finer) > 0 {
			if err := ws.merge(ctx, out, finer, plumbline.Window{From: panes[i].start, To: panes[i].start.Add(width)}); err != nil {
				return err
			}
		} else {
			for _, p := range panes[i:j] {
				if p.profile.Layout().ID() == out.Version.Layout.ID() {
					if err := out.Profile.Merge(p.profile); err != nil {
						return fmt.Errorf("merge a pane of %s: %w", out.Stream.Model, err)
					}
				} else {
					out.Uncounted += p.profile.Records()
				}
			}
		}
		i = j
	}
	return nil
}

// decodedPane is one partition's pane, decoded.
type decodedPane struct {
	start   time.Time
	profile *profiles.Profile
}

func (ws *Windows) panes(ctx context.Context, s plumbline.Stream, width time.Duration, w plumbline.Window) ([]decodedPane, error) {
	if ws.cache != nil {
		return ws.cache.panes(ctx, ws, s, width, w)
	}
	return ws.load(ctx, s, width, w)
}

func (ws *Windows) load(ctx context.Context, s plumbline.Stream, width time.Duration, w plumbline.Window) ([]decodedPane, error) {
	rows, err := ws.store.Window(ctx, s, width, w)
	if err != nil {
		return nil, fmt.Errorf("read panes of %s: %w", s.Model, err)
	}
	panes := make([]decodedPane, len(rows))
	for i, row := range rows {
		p, err := ws.registry.Decode(ctx, row)
		if err != nil {
			return nil, fmt.Errorf("decode the pane %s of %s: %w", row.Key.Start.Format(time.RFC3339), s.Model, err)
		}
		panes[i] = decodedPane{row.Key.Start, p}
	}
	return panes, nil
}

func alignDown(t time.Time, width time.Duration) time.Time {
	return time.Unix(floor(t, width), 0).UTC()
}

func alignUp(t time.Time, width time.Duration) time.Time {
	if d := alignDown(t, width); d.Equal(t) {
		return d
	} else {
		return d.Add(width)
	}
}
