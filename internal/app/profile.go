package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"plumbline"
	"plumbline/internal/pipeline"
	"plumbline/internal/strictyaml"
	"plumbline/profiles"
	"plumbline/store"
)

// ProfileQuery asks what the store holds for a window.
type ProfileQuery struct {
	Model    string
	Version  string // "": the version with the newest records
	Slice    string // canonical
	Features []string
	From, To time.Time
}

// ProfileAnswer is the answer to a ProfileQuery.
type ProfileAnswer struct {
	View   profiles.View
	Window pipeline.WindowProfile
	Held   store.StreamInfo // what the store holds of the stream at all
}

// ReadProfile answers a ProfileQuery.
func ReadProfile(ctx context.Context, s store.Store, r *pipeline.Registry, q ProfileQuery) (*ProfileAnswer, error) {
	streams, err := s.Streams(ctx)
	if err != nil {
		return nil, fmt.Errorf("list streams: %w", err)
	}
	stream, err := find(streams, q)
	if err != nil {
		return nil, notHeld{err}
	}
	w, err := pipeline.NewWindows(s, r, false).Read(ctx, stream.Stream, plumbline.Window{From: q.From, To: q.To})
	if err != nil {
		return nil, err
	}
	outcomes, err := s.Outcomes(ctx, stream.Stream, w.Window, pipeline.EndOfTime)
	if err != nil {
		return nil, fmt.Errorf("read labels: %w", err)
	}
	labelled := int64(0)
	for _, o := range outcomes {
		if !o.LabelTime.IsZero() {
			labelled++
		}
	}
	view := profiles.NewView(stream.Stream, w.Window, w.Profile, labelled, nil)
	for _, name := range q.Features {
		if known := featureNames(view); !slices.Contains(known, name) {
			return nil, notHeld{fmt.Errorf("model %q has no feature %q: %s", q.Model, name, strictyaml.Suggest(name, known))}
		}
	}
	if len(q.Features) > 0 {
		view = profiles.NewView(stream.Stream, w.Window, w.Profile, labelled, q.Features)
	}
	return &ProfileAnswer{view, w, stream}, nil
}

// notHeld says that the store works, and does not hold what was asked for.
type notHeld struct{ error }

// find chooses the stream with the newest records, or says which part of the question the store can't answer.
func find(streams []store.StreamInfo, q ProfileQuery) (best store.StreamInfo, err error) {
	var models, versions, cuts []string
	for _, x := range streams {
		models = append(models, x.Model)
		if x.Model != q.Model {
			continue
		}
		versions = append(versions, x.Version)
		if q.Version != "" && x.Version != q.Version {
			continue
		}
		if x.Slice != "" {
			cuts = append(cuts, x.Slice)
		}
		if x.Slice == q.Slice && (best.Model == "" || x.Last.After(best.Last)) {
			best = x
		}
	}
	switch {
	case best.Model != "":
		return best, nil
	case len(models) == 0:
		return best, errors.New("the store is empty: no record has been folded yet")
	case len(versions) == 0:
		return best, fmt.Errorf("the store holds no model %q: %s", q.Model, strictyaml.Suggest(q.Model, models))
	case q.Version != "" && !slices.Contains(versions, q.Version):
		return best, fmt.Errorf("the store holds no version %q of model %q: %s", q.Version, q.Model, strictyaml.Suggest(q.Version, versions))
	case len(cuts) == 0:
		return best, fmt.Errorf("the store holds no slices of model %q: declare them in its manifest", q.Model)
	}
	return best, fmt.Errorf("the store holds no slice %q of model %q: %s", q.Slice, q.Model, strictyaml.Suggest(q.Slice, cuts))
}

func featureNames(v profiles.View) []string {
	var names []string
	for _, part := range [][]profiles.FeatureView{v.Features, v.Outputs, v.Runtime} {
		for _, f := range part {
			names = append(names, f.Name)
		}
	}
	return names
}

// CanonicalSlice sorts the names of a slice as users type it.
func CanonicalSlice(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	parts, ok := profiles.ParseSlice(s)
	if !ok {
		return "", fmt.Errorf("%q is not a slice; write name=value, or name=value,name=value", s)
	}
	var names []string
	var r plumbline.Record
	for n, v := range parts {
		names = append(names, n)
		r.Segments = append(r.Segments, plumbline.Segment{Name: n, Value: v})
	}
	slices.Sort(names)
	text, _ := profiles.AppendSlice(nil, names, &r) // every name has a value
	return string(text), nil
}

func (a *App) serveProfile(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	q := ProfileQuery{Model: v.Get("model"), Version: v.Get("version"), Slice: v.Get("slice"), Features: v["feature"]}
	var err error
	now := a.options.Now()
	if q.From, err = ParseTime(v.Get("from"), now.Add(-24*time.Hour), now); err == nil {
		q.To, err = ParseTime(v.Get("to"), now, now)
	}
	if err == nil && q.Model == "" {
		err = errors.New("the parameter model is missing")
	}
	if err == nil && !q.From.Before(q.To) {
		err = errors.New("from must be before to")
	}
	if err == nil {
		q.Slice, err = CanonicalSlice(q.Slice)
	}
	if err != nil {
		a.refuse(w, http.StatusBadRequest, "bad_data", err)
		return
	}
	answer, err := ReadProfile(r.Context(), a.store, a.registry, q)
	var absent notHeld
	switch {
	case errors.As(err, &absent):
		a.refuse(w, http.StatusNotFound, "not_found", err)
		return
	case err != nil:
		a.refuse(w, http.StatusInternalServerError, "internal", err)
		return
	}
	a.reply(w, answer.View)
}
