package app

import (
	"strings"
	"testing"
	"time"
)

func TestReload(t *testing.T) {
	dir := t.TempDir()
	files := overHTTP("")
	write(t, dir, files)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	d := start(t, dir, func(o *Options) { o.Now = func() time.Time { return now } })
	const successful, at = "plumbline_config_last_reload_successful", "plumbline_config_last_reload_success_timestamp_seconds"
	started := d.metric(at)
	if d.metric(successful) != "1" || started != "1.772366400e+09" && started != "1.7723664e+09" {
		t.Errorf("at the start: %s at %s", d.metric(successful), started)
	}

	for name, change := range map[string]map[string]string{
		"a rule with a mistake":          {"rules.yaml": strings.Replace(quiet, "volume", "voluume", 1)},
		"a key with a mistake":           {"plumbline.yaml": files["plumbline.yaml"] + "dta_dir: data\n"},
		"no YAML":                        {"plumbline.yaml": "a: [b\n"},
		"a model with a mistake":         {"plumbline.yaml": files["plumbline.yaml"] + "model_files: [model.yaml]\n", "model.yaml": "model: trips\ntask: binry\n"},
		"a baseline that isn't there":    {"plumbline.yaml": files["plumbline.yaml"] + "model_files: [model.yaml]\n", "model.yaml": "model: trips\nbaseline: {file: nowhere.json}\n"},
		"a rule of a trigger that's not": {"rules.yaml": quiet + "    trigger: retrain\n"},
		"an environment variable unset":  {"plumbline.yaml": files["plumbline.yaml"] + "receivers: [{name: ml, webhook_configs: [{url: \"${NOT_SET_ANYWHERE}\"}]}]\n"},
	} {
		before := d.app.config.Load()
		write(t, dir, change)
		status, body := d.ask("POST", "/-/reload")
		if status != 500 || !strings.Contains(body, "the configuration was not reloaded:\n") || !strings.Contains(body, ".yaml:") {
			t.Errorf("%s: %d %s", name, status, body)
		}
		if d.metric(successful) != "0" || d.metric(at) != started {
			t.Errorf("%s: %s at %s", name, d.metric(successful), d.metric(at))
		}
		if _, body := d.ask("GET", "/api/v1/rules"); !strings.Contains(body, `"alert":"Quiet"`) || d.app.config.Load() != before {
			t.Errorf("%s: the old configuration does not go on: %s", name, body)
		}
		if status, _ := d.ask("GET", "/-/ready"); status != 200 {
			t.Errorf("%s: ready answers %d", name, status)
		}
		write(t, dir, files)
	}

	now = now.Add(time.Hour)
	write(t, dir, map[string]string{
		"rules.yaml":     strings.NewReplacer("Quiet", "Silent", "trips", "journeys").Replace(quiet),
		"model.yaml":     "model: journeys\n",
		"plumbline.yaml": files["plumbline.yaml"] + "model_files: [model.yaml]\nlimits: {max_models: 7}\n",
	})
	if status, body := d.ask("POST", "/-/reload"); status != 200 || body != "reloaded\n" {
		t.Fatalf("%d %s", status, body)
	}
	if d.metric(successful) != "1" || d.metric(at) == started {
		t.Errorf("after it: %s at %s", d.metric(successful), d.metric(at))
	}
	if _, body := d.ask("GET", "/api/v1/rules"); !strings.Contains(body, `"alert":"Silent"`) || strings.Contains(body, "Quiet") {
		t.Errorf("the rules are %s", body)
	}
	if log := d.log.String(); !strings.Contains(log, `takes effect at the next start" key=limits`) || strings.Contains(log, "key=sources") {
		t.Errorf("what needs a restart is not told:\n%s", log)
	}
}
