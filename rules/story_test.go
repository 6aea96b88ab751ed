package rules

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline"
)

func TestAlertTellsItsStory(t *testing.T) {
	g := mustParse(t, `
groups:
- name: g
  labels: {team: risk}
  rules:
  - alert: Drift
    for_each: {model: "*", version: "*", feature: "*", slice: "carrier=*"}
    expr: samples("1h") > 10 and psi("1h") > 0.2 or psi("other", "1h") > 9 or ks("1h") > 9
    for: 1m
    labels: {severity: '{{ if gt $values.psi 0.5 }}critical{{ else }}warning{{ end }}', empty: ''}
    annotations:
      summary: '{{ $labels.feature }} of {{ $labels.model }}/{{ $labels.version }} ({{ $labels.slice }}, {{ $labels.team }}): {{ printf "%.2f" $values.psi }}, {{ $values.ks }}, {{ printf "%5.1f" $values.ks }}, first {{ $value }}, {{ humanize $values.samples }}'
      rule: '{{ $expr }}'
    trigger: retrain
`)
	psi := 0.6
	src := &fake{
		value: func(q Query, _ time.Time) (float64, error) {
			return map[string]float64{"samples": 12000, "psi": psi, "ks": 0.1}[q.Func], nil
		},
		targets: func(s map[string]string, _ time.Time) ([]map[string]string, error) {
			if d := cmp.Diff(map[string]string{"model": "*", "version": "*", "feature": "*", "slice": "carrier=*"}, s); d != "" {
				t.Error(d)
			}
			return []map[string]string{{"model": "m", "version": "2", "feature": "temp", "slice": "carrier=UA"}}, nil
		},
	}
	e := NewEngine(g, nil)
	if _, err := e.Eval(t.Context(), start, src); err != nil {
		t.Fatal(err)
	}
	psi = 0.3
	res, err := e.Eval(t.Context(), start.Add(time.Minute), src)
	if err != nil || len(res.Transitions) != 1 || len(res.Alerts) != 1 || res.Evaluated != 1 {
		t.Fatalf("%v %+v", err, res)
	}
	got := res.Transitions[0].Alert
	var read []string
	for _, f := range got.Findings {
		read = append(read, fmt.Sprintf("%s %s %g", f.Test, f.Feature, *f.Value))
	}
	if d := cmp.Diff([]string{"samples temp 12000", "psi temp 0.3"}, read); d != "" {
		t.Error("findings", d)
	}
	got.Findings = nil
	want := plumbline.Alert{
		Rule: g.Rules[0].ID, Group: "g", Name: "Drift", Expr: g.Rules[0].Expr, Source: "rules.yaml:6", Trigger: "retrain", State: plumbline.Firing,
		// severity is of the first true evaluation: labels are the identity of the whole episode.
		Labels: map[string]string{"alertname": "Drift", "model": "m", "version": "2", "feature": "temp", "slice": "carrier=UA", "team": "risk", "severity": "critical"},
		Annotations: map[string]string{
			"summary": "temp of m/2 (carrier=UA, risk): 0.30, n/a, n/a, first 12000, 12k",
			"rule":    g.Rules[0].Expr,
		},
		ActiveAt: start, FiredAt: start.Add(time.Minute), LastTrue: start.Add(time.Minute),
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}

	psi = 0.1
	res, _ = e.Eval(t.Context(), start.Add(2*time.Minute), src)
	end := res.Transitions[0].Alert
	if end.Annotations["summary"] != want.Annotations["summary"] || !end.ResolvedAt.Equal(start.Add(2*time.Minute)) {
		t.Errorf("resolved: %+v", end)
	}
	if n := len(end.Findings); n != 4 || *end.Findings[1].Value != 0.1 {
		t.Errorf("resolved with %d findings", n)
	}
	if len(res.Findings) != 4 {
		t.Errorf("%d findings in all", len(res.Findings))
	}
}

func TestAnEpisodeWithNewLabelsForgetsTheOld(t *testing.T) {
	g := group(t, `labels: {value: "{{ $value }}"}`)
	e := NewEngine(g, nil)
	src := script("_1")
	first, _ := e.Eval(t.Context(), start, src)
	second, _ := e.Eval(t.Context(), start.Add(time.Minute), src)
	if a := first.Alerts[0]; a.State != plumbline.NoData || a.Labels["value"] != "n/a" {
		t.Errorf("%+v", a)
	}
	if a := second.Alerts[0]; a.State != plumbline.Firing || a.Labels["value"] != "1" {
		t.Errorf("%+v", a)
	}
	if len(second.Gone) != 1 || second.Gone[0].Labels["value"] != "n/a" {
		t.Errorf("%+v", second.Gone)
	}
}
