package app

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"

	"plumbline"
)

// maxFindingSeries bounds the series that findings and alerts make on /metrics.
const maxFindingSeries = 20000

// findingCollector exposes the latest finding of each kind and the alerts by state. What its bound cuts off is counted.
type findingCollector struct {
	limit int

	mu       sync.Mutex
	findings map[string]map[findingKey]plumbline.Finding // by group
	alerts   map[string][]plumbline.Alert                // by group
	cut      float64

	value, n, shift, states, cutDesc *prometheus.Desc
}

type findingKey struct{ model, version, slice, feature, test, window string }

func newFindingCollector(limit int) *findingCollector {
	labels := []string{"model", "version", "slice", "feature", "test", "window"}
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("plumbline_"+name, help, labels, nil)
	}
	return &findingCollector{
		limit: limit, findings: map[string]map[findingKey]plumbline.Finding{}, alerts: map[string][]plumbline.Alert{},
		value:   desc("finding", "Value of a statistic as rules last read it.", labels...),
		n:       desc("finding_n", "Rows of the window behind a finding.", labels...),
		shift:   desc("finding_sd_shift", "A finding's effect as a shift in standard deviations of the baseline.", labels...),
		states:  desc("alerts", "Alert instances by state.", "alertname", "model", "state"),
		cutDesc: desc("finding_series_cut_total", "Findings that the bound on series kept out of this page."),
	}
}

// set takes what a group's evaluation found.
func (c *findingCollector) set(group string, findings []plumbline.Finding, alerts []plumbline.Alert) {
	c.mu.Lock()
	defer c.mu.Unlock()
	room := c.limit
	for g, kept := range c.findings {
		if g != group {
			room -= len(kept)
		}
	}
	kept := map[findingKey]plumbline.Finding{}
	for _, f := range findings {
		if len(kept) >= room {
			c.cut++
			continue
		}
		test := f.Test
		if len(f.Args) > 0 {
			test += "(" + strings.Join(f.Args, ", ") + ")"
		}
		kept[findingKey{f.Model, f.Version, f.Slice, f.Feature, test, model.Duration(f.Window.Duration().Round(time.Second)).String()}] = f
	}
	c.findings[group] = kept
	c.alerts[group] = alerts
}

// keep forgets every other group, and names those it forgot.
func (c *findingCollector) keep(groups []string) (gone []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for g := range c.findings {
		if !slices.Contains(groups, g) {
			gone = append(gone, g)
			delete(c.findings, g)
			delete(c.alerts, g)
		}
	}
	return gone
}

// latest merges the groups' findings; a statistic that two groups read is one series.
func (c *findingCollector) latest() map[findingKey]plumbline.Finding {
	out := map[findingKey]plumbline.Finding{}
	for _, kept := range c.findings {
		for k, f := range kept {
			if was, ok := out[k]; !ok || f.Window.To.After(was.Window.To) {
				out[k] = f
			}
		}
	}
	return out
}

func (c *findingCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.value, c.n, c.shift, c.states, c.cutDesc} {
		ch <- d
	}
}

func (c *findingCollector) Collect(ch chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, f := range c.latest() {
		labels := []string{k.model, k.version, k.slice, k.feature, k.test, k.window}
		if f.Value != nil { // a statistic that can't be computed has no sample: absent, not zero
			ch <- prometheus.MustNewConstMetric(c.value, prometheus.GaugeValue, *f.Value, labels...)
		}
		ch <- prometheus.MustNewConstMetric(c.n, prometheus.GaugeValue, f.N, labels...)
		if f.SD != nil {
			ch <- prometheus.MustNewConstMetric(c.shift, prometheus.GaugeValue, *f.SD, labels...)
		}
	}
	type state struct{ name, model, state string }
	counts := map[state]int{}
	for _, alerts := range c.alerts {
		for _, a := range alerts {
			if a.State != plumbline.Inactive {
				counts[state{a.Name, a.Labels["model"], string(a.State)}]++
			}
		}
	}
	for s, n := range counts {
		ch <- prometheus.MustNewConstMetric(c.states, prometheus.GaugeValue, float64(n), s.name, s.model, s.state)
	}
	ch <- prometheus.MustNewConstMetric(c.cutDesc, prometheus.CounterValue, c.cut)
}
