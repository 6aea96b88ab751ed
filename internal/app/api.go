package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"plumbline"
	"plumbline/internal/pipeline"
	"plumbline/ledger"
	"plumbline/profiles"
	"plumbline/store"
)

var errNoEvaluator = errors.New("this process has no evaluator; ask the one that runs with --role=evaluator")

func (a *App) serveConfig(w http.ResponseWriter, _ *http.Request) {
	yaml, err := a.config.Load().Redacted()
	if err != nil {
		a.refuse(w, http.StatusInternalServerError, "internal", err)
		return
	}
	a.reply(w, map[string]string{"yaml": string(yaml)})
}

// modelInfo is one version of one model.
type modelInfo struct {
	Model        string    `json:"model"`
	Version      string    `json:"version"`
	Declared     bool      `json:"declared"`
	Deployment   string    `json:"deployment"`
	First        time.Time `json:"first"`
	Last         time.Time `json:"last"`
	Records      int64     `json:"records"`
	Baseline     string    `json:"baseline,omitempty"`
	AutoBaseline bool      `json:"auto_baseline"`
}

func (a *App) serveModels(w http.ResponseWriter, r *http.Request) {
	streams, err := a.store.Streams(r.Context())
	if err != nil {
		a.refuse(w, http.StatusInternalServerError, "internal", err)
		return
	}
	out := []modelInfo{}
	for _, s := range streams {
		if s.Slice != "" {
			continue
		}
		v, _, err := a.registry.Version(r.Context(), s.Model, s.Version)
		if err != nil || v == nil {
			continue
		}
		out = append(out, modelInfo{s.Model, s.Version, v.Model.File != "", v.Deployment().String(), s.First, s.Last, s.Records, v.Hash, v.Auto})
	}
	a.reply(w, out)
}

// ProfileQuery asks what the store holds for a window.
type ProfileQuery struct {
	Model    string
	Version  string // "": the version with the newest records
	Slice    string // canonical
	Features []string
	From, To time.Time
}

// ReadProfile answers a ProfileQuery.
func ReadProfile(ctx context.Context, s store.Store, r *pipeline.Registry, q ProfileQuery) (profiles.View, error) {
	streams, err := s.Streams(ctx)
	if err != nil {
		return profiles.View{}, err
	}
	var best *store.StreamInfo
	var models []string
	for i := range streams {
		x := &streams[i]
		if x.Slice == "" {
			models = append(models, x.Model)
		}
		if x.Model == q.Model && x.Slice == q.Slice && (q.Version == "" || q.Version == x.Version) && (best == nil || x.Last.After(best.Last)) {
			best = x
		}
	}
	if best == nil {
		return profiles.View{}, fmt.Errorf("the store holds nothing of model %q, version %q, slice %q; it holds %s", q.Model, q.Version, q.Slice, strings.Join(models, ", "))
	}
	w, err := pipeline.NewWindows(s, r, false).Read(ctx, best.Stream, plumbline.Window{From: q.From, To: q.To})
	if err != nil {
		return profiles.View{}, err
	}
	outcomes, err := s.Outcomes(ctx, best.Stream, w.Window, pipeline.EndOfTime)
	if err != nil {
		return profiles.View{}, err
	}
	labelled := int64(0)
	for _, o := range outcomes {
		if !o.LabelTime.IsZero() {
			labelled++
		}
	}
	return profiles.NewView(best.Stream, w.Window, w.Profile, labelled, q.Features), nil
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
	if err != nil {
		a.refuse(w, http.StatusBadRequest, "bad_data", err)
		return
	}
	view, err := ReadProfile(r.Context(), a.store, a.registry, q)
	if err != nil {
		a.refuse(w, http.StatusNotFound, "not_found", err)
		return
	}
	a.reply(w, view)
}

func (a *App) serveAlerts(w http.ResponseWriter, r *http.Request) {
	if a.evaluator == nil {
		a.refuse(w, http.StatusNotFound, "not_found", errNoEvaluator)
		return
	}
	alerts, err := a.evaluator.Alerts(r.Context())
	if err != nil {
		a.refuse(w, http.StatusInternalServerError, "internal", err)
		return
	}
	if alerts == nil {
		alerts = []plumbline.Alert{}
	}
	a.reply(w, map[string]any{"alerts": alerts})
}

type ruleInfo struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"query"`
	For         string            `json:"duration"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	Source      string            `json:"source"`
}

type groupInfo struct {
	Name     string     `json:"name"`
	File     string     `json:"file"`
	Interval string     `json:"interval"`
	Rules    []ruleInfo `json:"rules"`
}

func (a *App) serveRules(w http.ResponseWriter, _ *http.Request) {
	if a.evaluator == nil {
		a.refuse(w, http.StatusNotFound, "not_found", errNoEvaluator)
		return
	}
	groups := []groupInfo{}
	for _, g := range a.evaluator.Groups() {
		info := groupInfo{Name: g.Name, File: g.File, Interval: g.Interval.String(), Rules: []ruleInfo{}}
		for _, x := range g.Rules {
			info.Rules = append(info.Rules, ruleInfo{x.Alert, x.Expr, x.For.String(), x.Labels, x.Annotations, fmt.Sprintf("%s:%d", x.File, x.Line)})
		}
		groups = append(groups, info)
	}
	a.reply(w, map[string]any{"groups": groups})
}

func (a *App) serveTriggers(w http.ResponseWriter, r *http.Request) {
	if a.ledger == nil {
		a.refuse(w, http.StatusNotFound, "not_found", errNoEvaluator)
		return
	}
	list, err := a.ledger.Deliveries(r.Context(), ledger.Filter{Kind: ledger.Trigger}, 1000)
	if err != nil {
		a.refuse(w, http.StatusInternalServerError, "internal", err)
		return
	}
	type pull struct {
		ID      string    `json:"id"`
		Trigger string    `json:"trigger"`
		Model   string    `json:"model"`
		Alert   string    `json:"alert"`
		At      time.Time `json:"at"`
		State   string    `json:"state"`
		Reason  string    `json:"reason,omitempty"`
		Error   string    `json:"error,omitempty"`
		DryRun  bool      `json:"dry_run"`
		Tries   int       `json:"attempts"`
	}
	out := []pull{}
	for _, d := range list {
		out = append(out, pull{d.Key, d.Destination, d.Alert.Labels["model"], d.Alert.Name, d.At, d.State, d.Reason, d.LastError, d.DryRun, d.Attempts})
	}
	a.reply(w, map[string]any{"triggers": out})
}

// serveIndex names what there is, until there are pages.
func (a *App) serveIndex(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, "plumbline %s\n\n", a.options.Version)
	for _, p := range []string{"/metrics", "/-/healthy", "/-/ready", "/api/v1/models", "/api/v1/profile?model=M&from=T&to=T", "/api/v1/alerts", "/api/v1/rules", "/api/v1/triggers", "/api/v1/status/config"} {
		fmt.Fprintln(w, p)
	}
}
