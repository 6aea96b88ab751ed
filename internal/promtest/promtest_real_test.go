//go:build real

package promtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestPrometheusScrapesAndReloads(t *testing.T) {
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, `answers{to="all"} 42`) }))
	defer page.Close()
	target := strings.TrimPrefix(page.URL, "http://")
	p := Start(t, ScrapeConfig("first", target))
	got := p.Await(t, "answers", 20*time.Second, func(v []Sample) bool { return len(v) == 1 })
	if got[0].Value != 42 || got[0].Labels["to"] != "all" || got[0].Labels["job"] != "first" {
		t.Errorf("answers = %v", got)
	}
	if v := p.Query(t, "scalar(vector(7))"); len(v) != 1 || v[0].Value != 7 {
		t.Errorf("a scalar came as %v", v)
	}
	if _, err := p.Ask("sum("); err == nil || !strings.Contains(err.Error(), "parse error") {
		t.Errorf("a broken expression gave %v", err)
	}
	p.Reconfigure(t, ScrapeConfig("second", target))
	p.Await(t, `answers{job="second"}`, 20*time.Second, func(v []Sample) bool { return len(v) == 1 })
}

func TestAlertmanagerStarts(t *testing.T) {
	a := StartAlertmanager(t, "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
	a.Reload(t)
	r, err := http.Get(a.URL + "/api/v2/status")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		t.Errorf("status: %s", r.Status)
	}
}

func TestPromtool(t *testing.T) {
	rules := writeConfig(t, "rules.yml", "groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]\n")
	if out := Promtool(t, "check", "rules", rules); !strings.Contains(out, "1 rules found") {
		t.Errorf("promtool said %q", out)
	}
}
