package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A value that can't be read is one problem: nothing finds fault with the zero or the default that stands in its place.
func TestOneMistakeIsOneProblem(t *testing.T) {
	const conf = `
sources: [{name: a, file: {paths: ["x*.ndjson"], follow: true, poll: 1s}}]
model_files: [m.yaml]
rule_files: []
route: {receiver: r, group_wait: 30s, group_interval: 5m, repeat_interval: 4h}
receivers: [{name: r, webhook_configs: [{url: "http://127.0.0.1:1/x", timeout: 5s}]}]
triggers: [{name: t, webhook: {url: "http://127.0.0.1:1/t", timeout: 5s}, cooldown: 1d, max_per_window: {count: 2, window: 7d}}]
`
	const model = "model: credit\ntask: binary\npositive: 1\nfeatures: {age: {type: number, min: 0}}\nlabels: {delay: 48h}\ncontract: {latency: {p99: 50ms}, memory: 768MB, quality: {accuracy: 0.7}}\n"
	load := func(conf, model string) (problems []string) {
		t.Helper()
		dir := t.TempDir()
		for name, body := range map[string]string{"plumbline.yaml": conf, "m.yaml": model} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, list := Load(filepath.Join(dir, "plumbline.yaml"))
		for _, p := range list {
			problems = append(problems, p.Message)
		}
		return problems
	}
	if problems := load(conf, model); problems != nil {
		t.Fatal(problems)
	}
	for _, value := range []string{
		"follow: true", "poll: 1s", "group_wait: 30s", "group_interval: 5m", "repeat_interval: 4h", "name: r", "name: t", "timeout: 5s", "cooldown: 1d", "count: 2", "window: 7d",
		"task: binary", "positive: 1", "type: number", "min: 0", "delay: 48h", "p99: 50ms", "memory: 768MB", "accuracy: 0.7",
	} {
		key, _, _ := strings.Cut(value, ":")
		for _, wrong := range []string{"{zz: 1}", "[[1]]"} {
			c, m := strings.Replace(conf, value, key+": "+wrong, 1), strings.Replace(model, value, key+": "+wrong, 1)
			if c == conf && m == model {
				t.Fatalf("%q is nowhere", value)
			}
			if problems := load(c, m); len(problems) != 1 {
				t.Errorf("%s: %s is %d problems, want 1: %q", key, wrong, len(problems), problems)
			}
		}
	}
}
