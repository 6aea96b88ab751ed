package app

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline"
	"plumbline/internal/config"
	"plumbline/ledger"
)

// A rule whose model or feature is misspelt is warned of where the right name is known, and is an alert without data when it runs; with
// no_data: alert it fires. Rules that name nothing are quiet about what isn't there.
func TestMisspeltNamesAreNoGoodNews(t *testing.T) {
	dir := t.TempDir()
	var log strings.Builder
	for i := range 300 {
		at := time.Date(2025, 3, 1, 0, i, 0, 0, time.UTC)
		fmt.Fprintf(&log, `{"model":"loans","version":"1","ts":%q,"features":{"amount":%d},"prediction":"yes"}`+"\n", at.Format(time.RFC3339), i%10)
	}
	write(t, dir, map[string]string{
		"live.ndjson":       log.String(),
		"models/loans.yaml": "model: loans\nfeatures:\n  amount: {type: number}\n",
		"rules/r.yaml": `groups:
- name: named
  rules:
  - {alert: Psi, expr: 'psi("amuont", "1h") > 0.1', no_data: alert}
  - {alert: Cusum, expr: 'cusum("amuont", "1h") > 1', no_data: alert}
  - {alert: Feature, for_each: {model: loans, feature: amuont}, expr: psi("1h") > 0.1, no_data: alert}
  - {alert: Model, for_each: {model: laons}, expr: volume("1h") > 1e9, no_data: alert}
  - {alert: Latency, expr: 'cusum("latency_ms", "3h") > 1', no_data: alert}
  - {alert: Kept, for_each: {model: laons}, expr: volume("1h") > 1e9}
  - {alert: Any, for_each: {model: "*", version: "*", feature: "*"}, expr: unseen("1h") > 0.5, no_data: alert}
  - {alert: Right, for_each: {model: loans, feature: amount}, expr: mean("1h") > 1000, no_data: alert}
`,
		"plumbline.yaml": `
web: {listen: 127.0.0.1:0}
sources: [{name: log, file: {paths: [live.ndjson]}}]
model_files: [models/*.yaml]
rule_files: [rules/r.yaml]
auto_baseline: 0
`})
	c, problems := config.Load(filepath.Join(dir, "plumbline.yaml"))
	if problems.Errors() {
		t.Fatal(problems)
	}
	_, problems = LoadRules(c)
	var lines []int
	for _, p := range problems {
		if lines = append(lines, p.Line); p.Severity != plumbline.SeverityWarning || p.Column < 10 || !strings.HasPrefix(p.Hint, "did you mean ") {
			t.Error(p)
		}
	}
	if slices.Sort(lines); !slices.Equal(lines, []int{4, 5, 6, 7, 9}) {
		t.Errorf("warned of lines %v", lines)
	}
	d := start(t, dir, func(o *Options) { o.UntilIdle = true })
	<-d.done
	if d.err != nil {
		t.Fatal(d.err)
	}
	if d.sum.Alerts != (AlertCounts{Fired: 5}) {
		t.Errorf("%+v", d.sum.Alerts)
	}
	silent := ""
	for _, s := range d.sum.Silent {
		silent += fmt.Sprintf("%s %d/%d ", s.Rule, s.Targets, s.Of)
	}
	if silent != "Psi 1/1 Cusum 1/1 Feature 1/1 Model 1/1 Latency 1/1 Kept 1/1 " || d.sum.Silent[3].Reason != "there is no model laons: neither records nor a baseline have it" {
		t.Errorf("told to have been silent: %s, %+v", silent, d.sum.Silent)
	}
	l, err := ledger.Open(t.Context(), filepath.Join(dir, "data", "plumbline.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	alerts, err := l.Alerts(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]string{}
	for _, a := range alerts {
		states[a.Name] += string(a.State) + " "
		if !strings.Contains(a.Reason, "there is no model laons") && !strings.Contains(a.Reason, " amuont") && !strings.Contains(a.Reason, "no feature latency_ms") {
			t.Errorf("%s: %s", a.Name, a.Reason)
		}
	}
	if got, want := fmt.Sprint(states), "map[Cusum:firing  Feature:firing  Kept:nodata  Latency:firing  Model:firing  Psi:firing ]"; got != want {
		t.Errorf("states are %s, want %s", got, want)
	}
}
