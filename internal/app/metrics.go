package app

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"plumbline"
	"plumbline/rules"
)

// metrics is the daemon's own health and what the detectors found. It implements pipeline.Observer.
type metrics struct {
	registry *prometheus.Registry

	records       *prometheus.CounterVec
	rejected      *prometheus.CounterVec
	late          *prometheus.CounterVec
	dropped       *prometheus.CounterVec
	flush         prometheus.Histogram
	flushErrors   prometheus.Counter
	flushedPanes  prometheus.Counter
	flushedRows   prometheus.Counter
	lag           *prometheus.GaugeVec
	skipped       *prometheus.CounterVec
	quarantined   *prometheus.GaugeVec
	newest        prometheus.Gauge
	evaluation    *prometheus.HistogramVec
	evaluationErr *prometheus.CounterVec
	evaluatedAt   *prometheus.GaugeVec
	missed        *prometheus.CounterVec
	notifications *prometheus.CounterVec
	triggers      *prometheus.CounterVec
	build         *prometheus.GaugeVec
	reloaded      prometheus.Gauge
	reloadedAt    prometheus.Gauge

	findings *findingCollector

	fired, resolved atomic.Int64 // edges since the start

	mu          sync.Mutex
	newestValue time.Time
}

// flushBuckets cover an fsync on a fast disk up to a store that is nearly down, in seconds.
var flushBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

func newMetrics(version, revision string) *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "plumbline", Name: name, Help: help}, labels)
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "plumbline", Name: name, Help: help}, labels)
	}
	m := &metrics{
		registry:      prometheus.NewRegistry(),
		records:       counter("records_total", "Records folded, labels included.", "source", "model"),
		rejected:      counter("records_rejected_total", "Messages that could not become a record, by reason.", "source", "reason"),
		late:          counter("records_late_total", "Records folded into a pane whose time was over already.", "model"),
		dropped:       counter("dropped_total", "What a bound cut off, by bound. Records themselves are never dropped.", "what"),
		flush:         prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "plumbline", Name: "flush_duration_seconds", Help: "Time to make a partition's changes durable.", Buckets: flushBuckets}),
		flushErrors:   prometheus.NewCounter(prometheus.CounterOpts{Namespace: "plumbline", Name: "flush_errors_total", Help: "Flushes that failed and were tried again."}),
		flushedPanes:  prometheus.NewCounter(prometheus.CounterOpts{Namespace: "plumbline", Name: "flushed_panes_total", Help: "Pane snapshots written."}),
		flushedRows:   prometheus.NewCounter(prometheus.CounterOpts{Namespace: "plumbline", Name: "flushed_rows_total", Help: "Answers, labels and samples written."}),
		lag:           gauge("kafka_lag_records", "Records between what was handed over and the partition's end.", "topic", "partition"),
		skipped:       counter("kafka_skipped_total", "Kafka offsets that carried no record for us: aborted, control, gap.", "kind"),
		quarantined:   gauge("kafka_partition_quarantined", "1 while a partition stands still because its data is damaged.", "topic", "partition"),
		newest:        prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "plumbline", Name: "newest_event_timestamp_seconds", Help: "Newest event time seen, Unix seconds."}),
		evaluation:    prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "plumbline", Name: "evaluation_duration_seconds", Help: "Time to evaluate a rule group once.", Buckets: flushBuckets}, []string{"group"}),
		evaluationErr: counter("evaluation_failures_total", "Rule evaluations that ended in an error (no data is not one).", "group"),
		evaluatedAt:   gauge("evaluation_timestamp_seconds", "Instant of event time of a group's last evaluation, Unix seconds.", "group"),
		missed:        counter("evaluations_missed_total", "Evaluations skipped because the one before took too long.", "group"),
		notifications: counter("notifications_total", "Notifications by receiver and outcome.", "receiver", "outcome"),
		triggers:      counter("triggers_total", "Trigger requests by trigger and outcome.", "trigger", "outcome"),
		build:         gauge("build_info", "Always 1; labels say what runs.", "version", "revision"),
		reloaded:      prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "plumbline", Name: "config_last_reload_successful", Help: "1 if the configuration in use is what was read last, 0 if that was refused."}),
		reloadedAt:    prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "plumbline", Name: "config_last_reload_success_timestamp_seconds", Help: "When the configuration in use was read, Unix seconds."}),
		findings:      newFindingCollector(maxFindingSeries),
	}
	m.registry.MustRegister(m.records, m.rejected, m.late, m.dropped, m.flush, m.flushErrors, m.flushedPanes, m.flushedRows, m.lag, m.skipped, m.quarantined, m.newest,
		m.evaluation, m.evaluationErr, m.evaluatedAt, m.missed, m.notifications, m.triggers, m.build, m.reloaded, m.reloadedAt, m.findings,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.build.WithLabelValues(version, revision).Set(1)
	return m
}

// configured notes how reading the configuration ended.
func (m *metrics) configured(at time.Time, err error) {
	if err != nil {
		m.reloaded.Set(0)
		return
	}
	m.reloaded.Set(1)
	m.reloadedAt.Set(float64(at.Unix()))
}

// keepGroups forgets the groups that are no more, so that what they last said does not stay for ever.
func (m *metrics) keepGroups(names []string) {
	for _, gone := range m.findings.keep(names) {
		m.evaluation.DeleteLabelValues(gone)
		m.evaluationErr.DeleteLabelValues(gone)
		m.evaluatedAt.DeleteLabelValues(gone)
		m.missed.DeleteLabelValues(gone)
	}
}

func (m *metrics) Records(source, model string, n int) {
	m.records.WithLabelValues(source, model).Add(float64(n))
}

func (m *metrics) Rejected(source string, reason plumbline.Reason, n int) {
	m.rejected.WithLabelValues(source, string(reason)).Add(float64(n))
}

func (m *metrics) Late(model string, n int) { m.late.WithLabelValues(model).Add(float64(n)) }

func (m *metrics) Dropped(what string, n int) { m.dropped.WithLabelValues(what).Add(float64(n)) }

func (m *metrics) Flushed(took time.Duration, panes, rows int, err error) {
	m.flush.Observe(took.Seconds())
	if err != nil {
		m.flushErrors.Inc()
		return
	}
	m.flushedPanes.Add(float64(panes))
	m.flushedRows.Add(float64(rows))
}

// Lag is exported for Kafka only, by the Kafka source itself: a file's bytes are progress, not lag.
func (m *metrics) Lag(plumbline.Partition, int64) {}

func (m *metrics) kafkaLag(topic string, partition int32, records int64) {
	labels := []string{topic, strconv.Itoa(int(partition))}
	if records < 0 { // given up: another member has it now
		m.lag.DeleteLabelValues(labels...)
		return
	}
	m.lag.WithLabelValues(labels...).Set(float64(records))
}

func (m *metrics) quarantine(topic string, partition int32, on bool) {
	v := 0.0
	if on {
		v = 1
	}
	m.quarantined.WithLabelValues(topic, strconv.Itoa(int(partition))).Set(v)
}

func (m *metrics) Newest(t time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if t.After(m.newestValue) {
		m.newestValue = t
		m.newest.Set(float64(t.UnixMilli()) / 1000)
	}
}

// Evaluated implements pipeline.EvaluatorObserver.
func (m *metrics) Evaluated(group string, at time.Time, took time.Duration, r rules.Result) {
	m.evaluation.WithLabelValues(group).Observe(took.Seconds())
	m.evaluatedAt.WithLabelValues(group).Set(float64(at.Unix()))
	m.evaluationErr.WithLabelValues(group).Add(float64(len(r.Errors)))
	m.findings.set(group, r.Findings, r.Alerts)
	for _, t := range r.Transitions {
		if t.Edge == plumbline.EdgeFiring {
			m.fired.Add(1)
		} else if t.Edge == plumbline.EdgeResolved {
			m.resolved.Add(1)
		}
	}
}

// Missed implements pipeline.EvaluatorObserver.
func (m *metrics) Missed(group string, n int) { m.missed.WithLabelValues(group).Add(float64(n)) }

// Notified implements pipeline.DispatcherObserver.
func (m *metrics) Notified(receiver, outcome string) {
	m.notifications.WithLabelValues(receiver, outcome).Inc()
}

// Triggered implements pipeline.DispatcherObserver.
func (m *metrics) Triggered(trigger, outcome string) {
	m.triggers.WithLabelValues(trigger, outcome).Inc()
}
