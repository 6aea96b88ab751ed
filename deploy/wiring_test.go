package deploy

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// target is where a path in a container comes from in the repository.
func (s service) target(file string) string {
	for _, v := range s.Volumes {
		part := strings.Split(v, ":")
		if rest, ok := strings.CutPrefix(file, part[1]); ok && strings.HasPrefix(part[0], ".") && (rest == "" || rest[0] == '/') {
			return filepath.Join(root, part[0], rest)
		}
	}
	return ""
}

// TestWiring follows the names from one service's configuration to another's.
func TestWiring(t *testing.T) {
	c := loadCompose(t)
	var plumbline struct {
		DataDir string `yaml:"data_dir"`
		Web     struct{ Listen string }
		Store   struct {
			ClickHouse struct{ Addresses []string } `yaml:"clickhouse"`
		}
		Sources []struct {
			Kafka struct{ Brokers, Topics []string }
		}
		ModelFiles []string `yaml:"model_files"`
		RuleFiles  []string `yaml:"rule_files"`
	}
	loose(t, "compose/plumbline.yaml", &plumbline)
	known := func(address string) {
		t.Helper()
		host, _, _ := strings.Cut(address, ":")
		if _, ok := c.Services[host]; !ok {
			t.Errorf("no service is called %s", host)
		}
	}
	known(plumbline.Store.ClickHouse.Addresses[0])
	known(plumbline.Sources[0].Kafka.Brokers[0])
	if topic := plumbline.Sources[0].Kafka.Topics[0]; c.Services["feeder"].Environment["TOPIC"] != topic || !strings.Contains(strings.Join(c.Services["topic"].Command, " "), "--topic "+topic) {
		t.Errorf("plumbline reads %s, the feeder and the topic's maker name another", topic)
	}
	daemon := c.Services["plumbline"]
	for _, pattern := range append(plumbline.ModelFiles, plumbline.RuleFiles...) {
		if dir := daemon.target(path.Join("/etc/plumbline", path.Dir(pattern))); dir == "" {
			t.Errorf("nothing is mounted where plumbline looks for %s", pattern)
		} else if files, _ := filepath.Glob(filepath.Join(dir, path.Base(pattern))); len(files) == 0 {
			t.Errorf("no file for %s", pattern)
		}
	}

	var prometheus struct {
		RuleFiles     []string `yaml:"rule_files"`
		ScrapeConfigs []struct {
			JobName       string                       `yaml:"job_name"`
			StaticConfigs []struct{ Targets []string } `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	loose(t, "compose/prometheus.yml", &prometheus)
	scraped := prometheus.ScrapeConfigs[0].StaticConfigs[0].Targets[0]
	known(scraped)
	if port := scraped[strings.LastIndex(scraped, ":"):]; !strings.HasSuffix(plumbline.Web.Listen, port) || !strings.Contains(strings.Join(daemon.Healthcheck.Test, " "), port+"/-/ready") {
		t.Errorf("Prometheus scrapes port %s; plumbline listens on %s, its health is asked by %q", port, plumbline.Web.Listen, daemon.Healthcheck.Test)
	}
	if file := c.Services["prometheus"].target("/etc/prometheus/" + prometheus.RuleFiles[0]); file == "" {
		t.Errorf("the rule file %s is not mounted", prometheus.RuleFiles[0])
	}

	var sources struct{ Datasources []struct{ URL string } }
	loose(t, "compose/grafana/provisioning/datasources/prometheus.yaml", &sources)
	u, err := url.Parse(sources.Datasources[0].URL)
	if err != nil {
		t.Fatal(err)
	}
	known(u.Host)
	var providers struct {
		Providers []struct{ Options struct{ Path string } }
	}
	loose(t, "compose/grafana/provisioning/dashboards/plumbline.yaml", &providers)
	grafana := c.Services["grafana"]
	if files, _ := filepath.Glob(filepath.Join(grafana.target(providers.Providers[0].Options.Path), "*.json")); len(files) < 2 {
		t.Errorf("no dashboards in %s", providers.Providers[0].Options.Path)
	}
	if home := grafana.target(grafana.Environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]); home == "" {
		t.Error("the home dashboard is not mounted")
	} else if _, err := os.Stat(home); err != nil {
		t.Error(err)
	}
}

// loose reads the few keys of a file that the test follows.
func loose(t *testing.T, file string, into any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

var timestamp = regexp.MustCompile(`"ts":"([^"]*)"`)

// TestFeed runs feed.sh against programs that stand in for Kafka's: it must send every line in the order of time, but for those that
// are there already.
func TestFeed(t *testing.T) {
	const sent = 1234
	bin := t.TempDir()
	for name, script := range map[string]string{
		"kafka-get-offsets.sh":      "#!/bin/sh\nprintf 'inference:0:1000\\ninference:1:234\\n'\n",
		"kafka-console-producer.sh": "#!/bin/sh\nexec cat >\"$PRODUCED\"\n",
	} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	flights := filepath.Join(root, "examples", "flights")
	produced := filepath.Join(bin, "produced")
	cmd := exec.Command("bash", "compose/feed.sh")
	cmd.Env = append(os.Environ(), "KAFKA_BIN="+bin, "LOG="+flights, "BROKER=none", "TOPIC=inference", "RATE=1000000000", "PRODUCED="+produced)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("feed.sh: %v\n%s", err, out)
	}
	var want []string
	for _, name := range []string{"inference", "labels", "shadow-v2"} {
		want = append(want, lines(t, filepath.Join(flights, name+".ndjson.gz"))...)
	}
	at := func(line string) string { return timestamp.FindStringSubmatch(line)[1] }
	sort.SliceStable(want, func(i, j int) bool { return at(want[i]) < at(want[j]) })
	got, err := os.ReadFile(produced)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(len(want)-sent, bytes.Count(got, []byte("\n"))); diff != "" {
		t.Errorf("lines sent (-want +got): %s", diff)
	}
	if string(got) != strings.Join(want[sent:], "\n")+"\n" {
		t.Error("the lines sent are not the log's in the order of time")
	}
}

func lines(t *testing.T, file string) (out []string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(z)
	for {
		line, err := r.ReadString('\n')
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, strings.TrimSuffix(line, "\n"))
	}
}
