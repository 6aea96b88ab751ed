package app

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"plumbline"
	"plumbline/internal/pipeline"
	"plumbline/ledger"
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
	windows, now := pipeline.NewWindows(a.store, a.registry, false), a.options.Now()
	for _, s := range streams {
		if s.Slice != "" {
			continue
		}
		v, _, err := a.registry.Version(r.Context(), s.Model, s.Version)
		if err != nil || v == nil {
			continue
		}
		d, err := windows.Deployment(r.Context(), v, s, now)
		if err != nil {
			a.refuse(w, http.StatusInternalServerError, "internal", err)
			return
		}
		out = append(out, modelInfo{s.Model, s.Version, v.Model.File != "", d.String(), s.First, s.Last, s.Records, v.Hash, v.Auto})
	}
	a.reply(w, out)
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
