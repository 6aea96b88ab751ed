package app

import (
	"path/filepath"
	"testing"

	"plumbline/internal/config"
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
