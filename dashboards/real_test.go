//go:build real

package dashboards

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"plumbline/internal/kafkatest"
	"plumbline/internal/promtest"
)

// declared is the value a variable begins with, empty if it is left to Grafana.
func (v variable) declared() string {
	var current struct {
		Value any `json:"value"`
	}
	_ = json.Unmarshal(v.Current, &current) // none declared is none
	value, _ := current.Value.(string)
	return value
}

func TestRules(t *testing.T) {
	promtest.Promtool(t, "check", "rules", "prometheus-rules.yaml")
	promtest.Promtool(t, "test", "rules", "prometheus-rules_test.yaml")
}

// mayBeEmpty are the targets, by panel and name, that have nothing to show while all is well.
var mayBeEmpty = map[string]bool{
	"Late, and cut off by a bound/A": true, // no record is late in a log in order
	"Late, and cut off by a bound/B": true, // no bound bites
	"Offsets without a record/A":     true, // no transactions, no compaction
	"Partitions standing still/A":    true,
	"Evaluations missed/A":           true,
	"Triggers/A":                     true, // the model is accurate enough in March
	"Training triggers/A":            true,
	"Mean score/B":                   true, // no rule asks for the confidence
	"Accuracy over time/C":           true, // nor for the coverage
	"Out of range, or invalid/B":     true, // every value can be read
	"annotation Alert begins":        true, // nothing began a minute ago
}

// TestQueries asks a real Prometheus, which scrapes a real plumbline, every query of both dashboards.
func TestQueries(t *testing.T) {
	addr := plumbline(t)
	rules, err := filepath.Abs("prometheus-rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p := promtest.Start(t, promtest.ScrapeConfig("plumbline", addr, rules))
	const behind = `scalar(plumbline_newest_event_timestamp_seconds) - min(plumbline_evaluation_timestamp_seconds)`
	p.Await(t, behind, 2*time.Minute, func(v []promtest.Sample) bool { return len(v) == 1 && v[0].Value < 7*3600 })
	p.Await(t, `count_over_time(up[1m])`, time.Minute, func(v []promtest.Sample) bool { return len(v) == 1 && v[0].Value > 3 })

	for _, d := range load(t) {
		fill := variables(t, p, d)
		for _, panel := range d.Panels {
			for _, q := range panel.Targets {
				check(t, p, d.UID+", "+panel.Title, panel.Title+"/"+q.RefID, fill(q.Expr))
			}
		}
		for _, a := range d.Annotations.List {
			if a.Expr != "" {
				check(t, p, d.UID+", annotation "+a.Name, "annotation "+a.Name, fill(a.Expr))
			}
		}
	}
	for name, state := range p.Alerts(t) {
		t.Errorf("Prometheus says that %s is %s of a plumbline that is well", name, state)
	}
}

func check(t *testing.T, p *promtest.Prometheus, where, key, expr string) {
	t.Helper()
	v, err := p.Ask(expr)
	if err != nil {
		t.Errorf("%s: %v", where, err)
	} else if len(v) == 0 && !mayBeEmpty[key] {
		t.Errorf("%s: no data for %s", where, expr)
	}
}

var labelValues = regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)

// variables asks for the values of each variable in turn, as Grafana does, and returns what puts them into an expression: everything
// where several may be chosen, else the declared choice or the first.
func variables(t *testing.T, p *promtest.Prometheus, d *dashboard) func(string) string {
	t.Helper()
	chosen := []string{"$__rate_interval", "1m"}
	fill := func(s string) string { return strings.NewReplacer(chosen...).Replace(s) }
	for _, v := range d.Templating.List {
		if v.Type != "query" {
			continue
		}
		m := labelValues.FindStringSubmatch(v.text())
		if m == nil {
			t.Fatalf("%s: variable %s: %s", d.UID, v.Name, v.text())
		}
		values := p.Query(t, fmt.Sprintf("group by (%s) (%s)", m[2], fill(m[1])))
		if len(values) == 0 {
			t.Fatalf("%s: variable %s has no value", d.UID, v.Name)
		}
		value := values[0].Labels[m[2]]
		if v.IncludeAll {
			value = ".+"
		} else if declared := v.declared(); declared != "" {
			found := false
			for _, x := range values {
				found = found || x.Labels[m[2]] == declared
			}
			if !found {
				t.Errorf("%s: variable %s begins as %q, which no series has: %v", d.UID, v.Name, declared, values)
			}
			value = declared
		}
		chosen = append(chosen, "$"+v.Name, value)
	}
	return fill
}

// plumbline starts the daemon as docker-compose.yml does, but for SQLite in place of ClickHouse, a broker inside the test, and the
// log's first weeks. It returns where it serves.
func plumbline(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	exe := filepath.Join(dir, "plumbline")
	if out, err := exec.Command("go", "build", "-o", exe, "plumbline/cmd/plumbline").CombinedOutput(); err != nil {
		t.Fatalf("build plumbline: %v\n%s", err, out)
	}
	flights, err := filepath.Abs("../examples/flights")
	if err != nil {
		t.Fatal(err)
	}
	watch, err := filepath.Abs("../deploy/compose/rules/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "models"), os.DirFS(filepath.Join(flights, "models"))); err != nil {
		t.Fatal(err)
	}
	build := exec.Command(exe, "baseline", "build", "--model", "flights-delay", "--manifest", filepath.Join(dir, "models/flights-delay.yaml"),
		"--from-file", filepath.Join(flights, "baseline.ndjson.gz"), "-o", filepath.Join(dir, "baselines/flights.json"))
	if err := os.Mkdir(filepath.Join(dir, "baselines"), 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("baseline build: %v\n%s", err, out)
	}
	broker, addr := kafkatest.StartFake(t), freeAddr(t)
	produce(t, broker, append(until(t, flights, "inference"), until(t, flights, "labels")...))
	config := fmt.Sprintf(`
data_dir: data
web: {listen: %q}
evaluation: {interval: 6h, clock: data}
store: {retention: {samples: 400d}}
sources: [{name: kafka, kafka: {brokers: [%q], topics: [inference]}}]
model_files: [models/*.yaml]
rule_files: [%q, %q]
route: {receiver: nobody}
receivers: [{name: nobody, webhook_configs: [{url: "http://127.0.0.1:9/"}]}]
triggers: [{name: retrain-flights, webhook: {url: "http://127.0.0.1:9/"}}]
`, addr, broker, filepath.Join(flights, "rules/*.yaml"), watch)
	if err := os.WriteFile(filepath.Join(dir, "plumbline.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.Command(exe, "run", "-c", filepath.Join(dir, "plumbline.yaml"), "--dry-run")
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt) // if it has ended, Wait says how
		impatient := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
		defer impatient.Stop()
		if err := cmd.Wait(); err != nil || t.Failed() {
			t.Errorf("plumbline ended with %v and said:\n%s", err, log.String())
		}
	})
	return addr
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// weeks ends the log early: long enough for windows of a week, and for labels to be two days old.
const weeks = `"ts":"2013-03-24`

// until is a file of the log up to weeks.
func until(t *testing.T, dir, name string) (lines []string) {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, name+".ndjson.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for s := bufio.NewScanner(z); s.Scan() && !strings.Contains(s.Text(), weeks); {
		lines = append(lines, s.Text())
	}
	return lines
}

// produce fills the topic with the lines and one that is not a record.
func produce(t *testing.T, broker string, lines []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cl, err := kgo.NewClient(kgo.SeedBrokers(broker), kgo.DefaultProduceTopic("inference"))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	if _, err := kadm.NewClient(cl).CreateTopic(ctx, 4, 1, nil, "inference"); err != nil {
		t.Fatal(err)
	}
	var records []*kgo.Record
	for _, line := range append(lines, "not a record") {
		records = append(records, kgo.StringRecord(line))
	}
	if err := cl.ProduceSync(ctx, records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}
