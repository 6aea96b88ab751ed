package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/exporter-toolkit/web"
)

// server is the HTTP listener of pages, API, metrics and health.
type server struct {
	http    *http.Server
	address string
	group   sync.WaitGroup
}

// Address is where the daemon's pages are served, known once Run has started.
func (a *App) Address() string {
	if s := a.server.Load(); s != nil {
		return s.address
	}
	return ""
}

// serve starts the listener; the group is done when it has stopped.
func (a *App) serve(hard context.Context) (*sync.WaitGroup, error) {
	c := a.config.Load()
	webConfig := string(c.Web.WebConfigFile)
	if err := web.Validate(webConfig); err != nil { // web.Serve finds it, too, but when the daemon works already and nobody sees it
		return nil, fmt.Errorf("web.web_config_file: %w", err)
	}
	l, err := net.Listen("tcp", c.Web.Listen)
	if err != nil {
		return nil, listenError(err)
	}
	s := &server{address: l.Addr().String(), http: &http.Server{
		Handler: a.routesOf(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return hard }, ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}}
	a.server.Store(s)
	s.group.Go(func() {
		err := web.Serve(l, s.http, &web.FlagConfig{WebConfigFile: &webConfig}, a.log)
		if err != nil && !errors.Is(err, http.ErrServerClosed) {
			a.log.Error("the HTTP listener stopped", "err", err)
		}
	})
	a.log.Info("serving", "address", s.address)
	return &s.group, nil
}

func listenError(err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("web.listen: %w; is another plumbline running? web.listen takes another port", err)
	}
	return fmt.Errorf("web.listen: %w", err)
}

func (a *App) stopServing(hard context.Context) {
	s := a.server.Load()
	if s == nil {
		return
	}
	ctx, cancel := context.WithTimeout(hard, 5*time.Second)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		_ = s.http.Close() // it was asked politely first
	}
}

func (a *App) routesOf() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.metrics.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 8, Timeout: 30 * time.Second}))
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "plumbline is healthy.") })
	mux.HandleFunc("GET /-/ready", a.serveReady)
	mux.HandleFunc("POST /-/reload", a.serveReload)
	mux.HandleFunc("GET /api/v1/status/config", a.serveConfig)
	mux.HandleFunc("GET /api/v1/models", a.serveModels)
	mux.HandleFunc("GET /api/v1/profile", a.serveProfile)
	mux.HandleFunc("GET /api/v1/alerts", a.serveAlerts)
	mux.HandleFunc("GET /api/v1/rules", a.serveRules)
	mux.HandleFunc("GET /api/v1/triggers", a.serveTriggers)
	mux.HandleFunc("GET /{$}", a.serveIndex)
	return mux
}

func (a *App) serveReload(w http.ResponseWriter, r *http.Request) {
	if err := a.Reload(r.Context()); err != nil {
		http.Error(w, "the configuration was not reloaded:\n"+err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, "reloaded")
}

// envelope is Prometheus' answer format.
type envelope struct {
	Status    string `json:"status"`
	Data      any    `json:"data,omitempty"`
	ErrorType string `json:"errorType,omitempty"`
	Error     string `json:"error,omitempty"`
}

func (a *App) reply(w http.ResponseWriter, data any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(envelope{Status: "success", Data: data}); err != nil {
		a.log.Debug("an answer could not be written", "err", err)
	}
}

func (a *App) refuse(w http.ResponseWriter, status int, kind string, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(envelope{Status: "error", ErrorType: kind, Error: err.Error()}); err != nil {
		a.log.Debug("an answer could not be written", "err", err)
	}
}
