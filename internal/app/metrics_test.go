package app

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"plumbline"
	"plumbline/rules"
)

func finding(feature string) plumbline.Finding {
	value := 0.5
	to := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	return plumbline.Finding{Model: "trips", Version: "1", Feature: feature, Test: "psi", Window: plumbline.Window{From: to.Add(-24 * time.Hour), To: to}, Value: &value, SD: &value, N: 100}
}

// TestMetricsLint fills every metric and asks Prometheus' own linter.
func TestMetricsLint(t *testing.T) {
	m := newMetrics("1", "r")
	at := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	m.configured(at, nil)
	m.Records("calls", "trips", 1)
	m.Rejected("calls", plumbline.ReasonFuture, 1)
	m.Late("trips", 1)
	m.Dropped("features", 1)
	m.Flushed(time.Second, 1, 1, nil)
	m.Flushed(time.Second, 1, 1, fmt.Errorf("full"))
	m.kafkaLag("t", 1, 5)
	m.quarantine("t", 1, true)
	m.skipped.WithLabelValues("gap").Inc()
	m.Newest(at)
	m.Evaluated("g", at, time.Second, rules.Result{Findings: []plumbline.Finding{finding("a")}, Alerts: []plumbline.Alert{{Name: "Drift", State: plumbline.Firing, Labels: map[string]string{"model": "trips"}}}})
	m.Missed("g", 1)
	m.Notified("ml", "sent")
	m.Triggered("retrain", "sent")
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), "plumbline_") && len(f.GetHelp()) < 15 {
			t.Errorf("%s helps nobody with %q", f.GetName(), f.GetHelp())
		}
	}
	for _, name := range []string{"plumbline_finding", "plumbline_finding_n", "plumbline_finding_sd_shift", "plumbline_alerts"} {
		if n, _ := series(t, m.findings, name); n != 1 {
			t.Errorf("%d series of %s", n, name)
		}
	}
	m.kafkaLag("t", 1, -1) // given up
	if n, _ := series(t, m.lag, "plumbline_kafka_lag_records"); n != 0 {
		t.Errorf("%d series of lag after the partition was given up", n)
	}
}

// series counts the samples of a metric, and adds them up.
func series(t *testing.T, c prometheus.Collector, name string) (n int, sum float64) {
	t.Helper()
	r := prometheus.NewRegistry()
	r.MustRegister(c)
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			for _, m := range f.GetMetric() {
				n, sum = n+1, sum+m.GetGauge().GetValue()+m.GetCounter().GetValue()
			}
		}
	}
	return n, sum
}

// TestFindingsAreBounded has more features than the bound; what is cut off is counted, and one group can't starve itself out.
func TestFindingsAreBounded(t *testing.T) {
	c := newFindingCollector(10)
	var many []plumbline.Finding
	for i := range 25 {
		many = append(many, finding(fmt.Sprint("f", i)))
	}
	c.set("a", many[:4], nil)
	c.set("b", many[4:], nil)
	if n, _ := series(t, c, "plumbline_finding"); n != 10 {
		t.Errorf("%d series, the bound is 10", n)
	}
	if c.cut != 15 {
		t.Errorf("%v cut off, 15 were", c.cut)
	}
	for range 3 { // the same again takes the same room
		c.set("a", many[:4], nil)
	}
	if n, _ := series(t, c, "plumbline_finding"); n != 10 {
		t.Errorf("%d series after a second evaluation", n)
	}
	c.set("b", nil, nil)
	c.set("a", append(many[:4:4], many[0]), nil) // a finding said twice is one series
	if n, _ := series(t, c, "plumbline_finding"); n != 4 {
		t.Errorf("%d series, want 4", n)
	}
	if _, cut := series(t, c, "plumbline_finding_series_cut_total"); cut != 15 {
		t.Errorf("the page says that %v were cut off", cut)
	}
}

func TestAFindingWithoutAValueIsAbsent(t *testing.T) {
	c := newFindingCollector(10)
	f := finding("a")
	f.Value, f.SD = nil, nil
	c.set("g", []plumbline.Finding{f}, nil)
	v, _ := series(t, c, "plumbline_finding")
	if n, _ := series(t, c, "plumbline_finding_n"); v != 0 || n != 1 {
		t.Errorf("%d values, %d counts", v, n)
	}
}

// Shares of two categories are two series.
func TestCategoriesAreSeries(t *testing.T) {
	c := newFindingCollector(10)
	ua, aa := finding("carrier"), finding("carrier")
	ua.Args, aa.Args = []string{"UA"}, []string{"AA"}
	c.set("g", []plumbline.Finding{ua, aa}, nil)
	if v, _ := series(t, c, "plumbline_finding"); v != 2 {
		t.Errorf("%d series", v)
	}
}

// TestGroupsThatAreGoneLeaveNothing is about a reload: what a group last said must not stay for ever.
func TestGroupsThatAreGoneLeaveNothing(t *testing.T) {
	m := newMetrics("1", "r")
	for _, g := range []string{"a", "b"} {
		m.Evaluated(g, time.Unix(0, 0), time.Second, rules.Result{Findings: []plumbline.Finding{finding(g)},
			Alerts: []plumbline.Alert{{Name: g, State: plumbline.Firing, Labels: map[string]string{"model": "trips"}}}})
		m.Missed(g, 1)
	}
	m.keepGroups([]string{"b"})
	for name, c := range map[string]prometheus.Collector{
		"plumbline_finding": m.findings, "plumbline_alerts": m.findings, "plumbline_evaluation_duration_seconds": m.evaluation, "plumbline_evaluation_failures_total": m.evaluationErr,
		"plumbline_evaluation_timestamp_seconds": m.evaluatedAt, "plumbline_evaluations_missed_total": m.missed,
	} {
		if n, _ := series(t, c, name); n != 1 {
			t.Errorf("%s has %d series, want 1", name, n)
		}
	}
}

// TestTrafficCantMakeSeries posts many models and many reasons to be refused.
func TestTrafficCantMakeSeries(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, overHTTP("limits: {max_models: 5}\nstore: {flush_interval: 100ms}\n"))
	d := start(t, dir)
	var b strings.Builder
	for i := range 200 {
		fmt.Fprintf(&b, `{"model":"m%d","ts":"2026-01-01T00:00:00Z","features":{"f%d":%d}}`+"\n", i, i, i)
	}
	for _, bad := range []string{"{", "[", `{"model":"m"}`, `{"model":1}`, `{"model":"m","ts":"x","features":{}}`, "nothing"} {
		b.WriteString(bad + "\n")
	}
	if status, body := d.post("", b.String()); status != 202 {
		t.Fatalf("%d: %.300s", status, body)
	}
	eventually(t, "folded", func() bool {
		return d.metric(`plumbline_records_rejected_total{reason="model_limit",source="calls"}`) == "195"
	})
	_, page := d.ask("GET", "/metrics")
	lines := 0
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "plumbline_records_total{") {
			lines++
		}
		if strings.HasPrefix(line, "plumbline_records_rejected_total{") && strings.Count(line, `"`) != 4 {
			t.Error(line)
		}
	}
	if lines != 5 {
		t.Errorf("%d models on the page, the limit is 5", lines)
	}
}
