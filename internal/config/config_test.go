package config

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline"
	"plumbline/internal/secret"
)

var update = flag.Bool("update", false, "rewrite testdata/*.want")

func testEnv(name string) (string, bool) {
	v, ok := map[string]string{
		"SLACK_URL": "https://hooks.slack.example/services/geheim", "KAFKA_PASSWORD": "geheim", "TOKEN": "geheim", "HOST": "127.0.0.1",
		"WHSEC": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
	}[name]
	return v, ok
}

// Each testdata/*.yaml has a .want beside it: the problems as they are printed, none for the good ones.
func TestFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".yaml"), func(t *testing.T) {
			_, ps := load(f, testEnv)
			got := ""
			for _, p := range ps {
				got += p.String() + "\n"
			}
			want := strings.TrimSuffix(f, ".yaml") + ".want"
			if *update {
				if err := os.WriteFile(want, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			b, err := os.ReadFile(want)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(b), got); diff != "" {
				t.Error(diff)
			}
			if strings.HasPrefix(filepath.Base(f), "good") && ps.Errors() {
				t.Error("a good one has errors")
			}
			if strings.HasPrefix(filepath.Base(f), "bad") && !ps.Errors() {
				t.Error("a bad one has no error")
			}
			if strings.Contains(got, "geheim") || strings.Contains(got, "hunter2") {
				t.Error("a secret is shown")
			}
		})
	}
}

func TestTenMistakesAreTenProblems(t *testing.T) {
	_, ps := load("testdata/bad-ten.yaml", testEnv)
	if len(ps) != 10 {
		t.Errorf("%d problems:\n%v", len(ps), ps)
	}
	for _, p := range ps {
		if p.File == "" || p.Line == 0 || p.Column == 0 || p.Hint == "" || p.Severity != plumbline.SeverityError {
			t.Errorf("incomplete: %#v", p)
		}
	}
}

func TestAnEmptyFileTakesRecordsOverHTTPOnLoopback(t *testing.T) {
	c, ps := load("testdata/good-empty.yaml", testEnv)
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	want := defaults("testdata")
	want.File, want.Rules = "testdata/good-empty.yaml", []string{BuiltinRules}
	want.Web.ExternalURL = "http://127.0.0.1:9188"
	want.Sources = []Source{{Name: "http", Format: "auto", HTTP: &HTTP{Listen: "127.0.0.1:9189", MaxBody: 16 << 20, MaxSpool: 256 << 20}}}
	c.doc = nil
	if diff := cmp.Diff(want, c, cmp.AllowUnexported(Config{}, secret.Ref{})); diff != "" {
		t.Error(diff)
	}
	if c.Replay() {
		t.Error("HTTP is no replay")
	}
}

func TestEverythingIsRead(t *testing.T) {
	c, _ := load("testdata/good-full.yaml", testEnv)
	k := c.Sources[0].Kafka
	if k.SASL.Mechanism != "scram-sha-512" || k.Start != "latest" || k.Isolation != "read_committed" || k.TLS.On() {
		t.Errorf("%+v", k)
	}
	if got, err := k.SASL.Password.Get(); err != nil || got != "geheim" {
		t.Error(err)
	}
	if got := c.Sources[2].File.Paths; !cmp.Equal(got, []string{"testdata/logs/*.ndjson", "-"}) {
		t.Error(got)
	}
	if c.Store.Samples.MaxPerPane != 0 || c.Store.Retention.Panes != 400*24*time.Hour || c.DataDir != "testdata/var/data" {
		t.Errorf("%+v %s", c.Store, c.DataDir)
	}
	child := c.Route.Routes[0]
	if child.Receiver != "ml" || child.GroupWait != 0 || child.RepeatInterval != 12*time.Hour || !cmp.Equal(child.GroupBy, []string{"model"}) {
		t.Errorf("%+v", child)
	}
	if c.Triggers[0].MaxPerWindow.Count != 2 || c.Triggers[0].Cooldown != time.Hour || !cmp.Equal(c.TriggerNames(), []string{"retrain-flights"}) {
		t.Errorf("%+v", c.Triggers)
	}
	if !cmp.Equal(c.Rules, []string{BuiltinRules, "testdata/rules/some.rules"}) {
		t.Error(c.Rules)
	}

	if len(c.Models) != 1 {
		t.Fatal(c.Models)
	}
	m := c.Models[0]
	if m.Location == nil || m.Location.String() != "America/New_York" {
		t.Error(m.Location)
	}
	m.Location = nil
	zero, ten := 0.0, 10.5
	if diff := cmp.Diff(plumbline.Model{
		Name: "flights-delay", Task: plumbline.TaskBinary, Positive: "1", Owner: "#ml-alerts", Baseline: plumbline.BaselineRef{File: "testdata/models/baseline.json"},
		Features:   []plumbline.Feature{{Name: "distance", Type: plumbline.TypeNumber, Unit: "mi", Min: &zero}, {Name: "carrier", Type: plumbline.TypeCategory}, {Name: "auto"}, {Name: "age", Max: &ten, PII: true}},
		LabelDelay: 48 * time.Hour, Holidays: []string{"us", "2013-11-29", "2013-12-24", "2013-12-31"}, Slices: [][]string{{"origin"}, {"carrier"}, {"carrier", "origin"}}, Pane: time.Minute,
		Versions: map[string]plumbline.VersionSpec{"2": {Deployment: plumbline.Shadow, Baseline: plumbline.BaselineRef{First: 500}}},
		Contract: plumbline.Contract{Latency: map[string]time.Duration{"p99": 50 * time.Millisecond}, Memory: 768e6, Quality: map[string]float64{"accuracy": 0.7}},
		File:     "testdata/models/flights.yaml", Line: 1,
	}, m); diff != "" {
		t.Error(diff)
	}
}

func TestRedactedIsAConfigurationWithoutSecrets(t *testing.T) {
	c, _ := load("testdata/good-full.yaml", testEnv)
	b, err := c.Redacted()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), "geheim") || strings.Contains(string(b), "whsec_") {
		t.Errorf("a secret in\n%s", b)
	}
	for _, want := range []string{"password: ${KAFKA_PASSWORD}", "max_record_bytes: 1MiB", "- ${HOST}:9092", "flush_interval: 5s"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %q in\n%s", want, b)
		}
	}
	// What is in effect is itself a valid file with the same effect, where there are no secrets to hide.
	plain, _ := load("testdata/good-empty.yaml", testEnv)
	b, err = plain.Redacted()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "plumbline.yaml")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, ps := load(path, testEnv); ps.Errors() {
		t.Errorf("%v in\n%s", ps, b)
	}
}

func TestSecretFilesThatOthersReadAreAWarning(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if err := os.Chmod(write("token", "geheim\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, ps := load(write("plumbline.yaml", "sources: [{name: a, http: {bearer_token_file: token}}]\n"), testEnv)
	if len(ps) != 1 || ps[0].Severity != plumbline.SeverityWarning || !strings.Contains(ps[0].Message, "everybody on this machine") {
		t.Error(ps)
	}
}

func TestMissingFile(t *testing.T) {
	if _, ps := Load("testdata/nowhere.yml"); len(ps) != 1 || ps[0].Message != "no such file" || !ps.Errors() {
		t.Error(ps)
	}
	if _, ps := Load("testdata"); len(ps) != 1 || !ps.Errors() {
		t.Error(ps)
	}
}

// yamlKeys are all keys of a struct and what is below it.
func yamlKeys(t reflect.Type, keys map[string]bool) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return
	}
	for i := range t.NumField() {
		parts := strings.Split(t.Field(i).Tag.Get("yaml"), ",")
		if parts[0] == "" || parts[0] == "-" {
			continue
		}
		new := !keys[t.Name()+"."+parts[0]]
		keys[t.Name()+"."+parts[0]] = true
		for _, o := range parts[1:] {
			if alt, ok := strings.CutPrefix(o, "alt="); ok {
				keys[t.Name()+"."+alt] = true
			}
		}
		if new {
			yamlKeys(t.Field(i).Type, keys)
		}
	}
}

func TestTheDocumentationNamesEveryKey(t *testing.T) {
	b, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	yamlKeys(reflect.TypeFor[Config](), keys)
	yamlKeys(reflect.TypeFor[Manifest](), keys)
	if len(keys) < 100 {
		t.Fatal("the walk finds too few keys", len(keys))
	}
	for key := range keys {
		_, name, _ := strings.Cut(key, ".")
		if !strings.Contains(string(b), "`"+name+"`") {
			t.Errorf("docs/configuration.md does not name %s (%s)", name, key)
		}
	}
}

// The examples in the documentation are files that load.
func TestTheDocumentationsExamplesLoad(t *testing.T) {
	b, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	examples := 0
	for _, block := range strings.Split(string(b), "```yaml\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		name, rest, _ := strings.Cut(block, "\n")
		name, ok := strings.CutPrefix(name, "# ")
		if !ok {
			t.Fatalf("an example without a file name: %.60s", block)
		}
		examples++
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(rest), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if examples < 2 {
		t.Fatal("no examples")
	}
	for name, content := range map[string]string{"rules/x.yaml": "groups: []", "baselines/flights.json": "{}", "baselines/flights-v2.json": "{}", "slack.url": "https://x.example", "whsec": "whsec_x", "kafka.pass": "x"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, ps := load(filepath.Join(dir, "plumbline.yaml"), testEnv)
	if len(ps) > 0 {
		t.Error(ps)
	}
	if len(c.Models) == 0 {
		t.Error("no manifest among the examples")
	}
}
