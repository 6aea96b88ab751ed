package app

import (
	"io"
	"log/slog"
	"time"

	"plumbline/internal/config"
	"plumbline/internal/pipeline"
	"plumbline/rules"
	"plumbline/sinks"
)

// Role is which half of the daemon runs.
type Role string

const (
	All       Role = "all"
	Collector Role = "collector" // sources to store
	Evaluator Role = "evaluator" // store to ledger, and delivery
)

// Options are what a command decides besides the configuration.
type Options struct {
	Config    *config.Config
	Role      Role
	DryRun    bool      // deliveries are printed to Print instead of sent
	Print     io.Writer // for dry runs; nil: nothing is printed
	UntilIdle bool      // read sources to their end, judge everything, deliver, and stop
	Log       *slog.Logger
	Version   string
	Revision  string
	Progress  Progress // nil: nobody watches
	// Notify, if not nil, replaces every receiver: the demo shows messages instead of sending them.
	Notify sinks.Notifier
	Pull   sinks.Puller // likewise for every trigger
	Now    func() time.Time
	Color  bool
	Width  int
}

// Progress is told how long work goes on. Its methods may be called from many goroutines.
type Progress interface {
	File(path string, read, total int64)
	Evaluating(at, from, to time.Time)
}

// Summary is what a run that ended by itself did: the last line of run --until-idle.
type Summary struct {
	Records       pipeline.Totals `json:"records"`
	Alerts        AlertCounts     `json:"alerts"`
	Notifications DeliveryCounts  `json:"notifications"`
	Triggers      DeliveryCounts  `json:"triggers"`
	Silent        []rules.Silence `json:"silent,omitempty"` // rules that never had a number to judge by
}

// AlertCounts are edges.
type AlertCounts struct {
	Fired    int `json:"fired"`
	Resolved int `json:"resolved"`
}

// DeliveryCounts are deliveries by how they ended.
type DeliveryCounts struct {
	Sent       int `json:"sent"`
	Failed     int `json:"failed"`
	Waiting    int `json:"waiting"`
	Suppressed int `json:"suppressed"`
	DryRun     int `json:"dry_run"`
}
