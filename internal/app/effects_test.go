package app

import (
	"maps"
	"path/filepath"
	"testing"

	"plumbline"
	"plumbline/internal/config"
	"plumbline/internal/pipeline"
)

// Private networks are dialled where the configuration says so, and nowhere else.
func TestAllowPrivate(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"plumbline.yaml": `
rule_files: []
route: {receiver: a}
receivers: [{name: a, webhook_configs: [{url: "https://hooks.example/a", allow_private: true}, {url: "https://hooks.example/b"}]}]
triggers: [{name: c, webhook: {url: "https://train.example/c", allow_private: true}}, {name: d, webhook: {url: "https://train.example/d"}}]
`})
	c, problems := config.Load(filepath.Join(dir, "plumbline.yaml"))
	if problems.Errors() {
		t.Fatal(problems)
	}
	hooks := c.Receivers[0].WebhookConfigs
	for i, want := range []bool{true, false} {
		hook, err := webhookConfig(hooks[i].URL, hooks[i].URLFile, hooks[i].Secret, hooks[i].Timeout, hooks[i].TLS, hooks[i].AllowPrivate)
		if err != nil || hook.AllowPrivate != want {
			t.Errorf("%s: %v, %v", hooks[i].URL, hook.AllowPrivate, err)
		}
		trigger, err := triggerConfig(c.Triggers[i].Webhook)
		if err != nil || trigger.AllowPrivate != want {
			t.Errorf("%s: %v, %v", c.Triggers[i].Name, trigger.AllowPrivate, err)
		}
	}
}

// A message says by which labels its own route groups, and the receiver's name as it is configured.
func TestGroupOf(t *testing.T) {
	r := &pipeline.Route{Receiver: "ml", GroupBy: []string{"model", "alertname"}, Routes: []*pipeline.Route{
		{Receiver: "risk", GroupBy: []string{"team"}, Matchers: []pipeline.Matcher{{Label: "team", Value: "risk"}}, Continue: true},
		{Receiver: "all", GroupBy: []string{"..."}, Matchers: []pipeline.Matcher{{Label: "team", Value: "risk"}}},
	}}
	places := map[string][]pipeline.Place{"ml": {{Name: "ml/slack"}}, "risk": {{Name: "risk/slack"}, {Name: "risk/webhook"}}, "all": {{Name: "all/webhook"}}}
	risk := map[string]string{"model": "credit", "alertname": "Drift", "team": "risk"}
	for _, c := range []struct {
		place, receiver string
		labels, want    map[string]string
	}{
		{"ml/slack", "ml", map[string]string{"model": "m", "alertname": "A"}, map[string]string{"model": "m", "alertname": "A"}},
		{"risk/webhook", "risk", risk, map[string]string{"team": "risk"}},
		{"all/webhook", "all", risk, risk},
	} {
		receiver, labels := groupOf(r, places, c.place, plumbline.Alert{Labels: c.labels})
		if receiver != c.receiver || !maps.Equal(labels, c.want) {
			t.Errorf("%s: %s %v, want %s %v", c.place, receiver, labels, c.receiver, c.want)
		}
	}
}

// The clock is that of the start: a reload that names another must not stop repeats while the wall's goes on.
func TestReloadKeepsTheClock(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"plumbline.yaml": "web: {listen: 127.0.0.1:0}\nsources: []\nrule_files: []\n"})
	a, err := New(t.Context(), options(t, dir, &output{}))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close(t.Context())
	c := *a.config.Load()
	c.Evaluation.Clock = config.ClockData
	if eo, _, err := a.effects(&c); err != nil || !eo.Repeat {
		t.Errorf("repeats: %v, %v", eo.Repeat, err)
	}
}
