package promtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"testing"
	"time"
)

// Prometheus is a running Prometheus.
type Prometheus struct {
	*server
	config string
}

// Sample is one element of an instant vector.
type Sample struct {
	Labels map[string]string
	Value  float64
}

// Start runs Prometheus with a configuration, the text of prometheus.yml, until the test ends.
func Start(t testing.TB, config string) *Prometheus {
	t.Helper()
	addr, file := freeAddr(t), writeConfig(t, "prometheus.yml", config)
	return &Prometheus{serve(t, program(t, EnvPrometheus, "prometheus"), addr, "--config.file="+file, "--storage.tsdb.path="+t.TempDir(),
		"--web.listen-address="+addr, "--web.enable-lifecycle", "--log.level=warn"), file}
}

// Reconfigure replaces the configuration and reloads it.
func (p *Prometheus) Reconfigure(t testing.TB, config string) {
	t.Helper()
	if err := os.WriteFile(p.config, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	p.Reload(t)
}

// Query evaluates an expression now and fails the test if Prometheus refuses it. A scalar is one sample without labels.
func (p *Prometheus) Query(t testing.TB, promql string) []Sample {
	t.Helper()
	v, err := p.Ask(promql)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Ask is Query for expressions that may be refused.
func (p *Prometheus) Ask(promql string) ([]Sample, error) {
	var answer struct {
		Type   string          `json:"resultType"`
		Result json.RawMessage `json:"result"`
	}
	if err := p.get("/api/v1/query?query="+url.QueryEscape(promql), &answer); err != nil {
		return nil, fmt.Errorf("query %s: %w", promql, err)
	}
	return samples(answer.Type, answer.Result)
}

// Await asks until ok accepts the answer, and fails the test if that does not happen in time.
func (p *Prometheus) Await(t testing.TB, promql string, patience time.Duration, ok func([]Sample) bool) []Sample {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		v := p.Query(t, promql)
		if ok(v) {
			return v
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s, %s is still %v", patience, promql, v)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// Alerts are the rules' alerts by name and state: pending or firing.
func (p *Prometheus) Alerts(t testing.TB) map[string]string {
	t.Helper()
	var answer struct {
		Alerts []struct {
			Labels map[string]string `json:"labels"`
			State  string            `json:"state"`
		} `json:"alerts"`
	}
	if err := p.get("/api/v1/alerts", &answer); err != nil {
		t.Fatalf("list alerts: %v", err)
	}
	out := map[string]string{}
	for _, a := range answer.Alerts {
		out[a.Labels["alertname"]] = a.State
	}
	return out
}

func (p *Prometheus) get(path string, into any) error {
	r, err := http.Get(p.URL + path)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	var envelope struct {
		Status string          `json:"status"`
		Error  string          `json:"error"`
		Data   json.RawMessage `json:"data"`
	}
	if err := json.NewDecoder(r.Body).Decode(&envelope); err != nil {
		return fmt.Errorf("%s: %w", r.Status, err)
	}
	if envelope.Status != "success" {
		return fmt.Errorf("%s: %s", r.Status, envelope.Error)
	}
	return json.Unmarshal(envelope.Data, into)
}

// point is [seconds, "value"].
type point [2]json.RawMessage

func (p point) value() (float64, error) {
	var s string
	if err := json.Unmarshal(p[1], &s); err != nil {
		return 0, err
	}
	return strconv.ParseFloat(s, 64)
}

func samples(kind string, result json.RawMessage) ([]Sample, error) {
	switch kind {
	case "scalar":
		var p point
		if err := json.Unmarshal(result, &p); err != nil {
			return nil, err
		}
		v, err := p.value()
		return []Sample{{Value: v}}, err
	case "vector":
		var list []struct {
			Metric map[string]string `json:"metric"`
			Value  point             `json:"value"`
		}
		if err := json.Unmarshal(result, &list); err != nil {
			return nil, err
		}
		out := make([]Sample, 0, len(list))
		for _, x := range list {
			v, err := x.Value.value()
			if err != nil {
				return nil, err
			}
			out = append(out, Sample{x.Metric, v})
		}
		return out, nil
	}
	return nil, fmt.Errorf("the answer is a %s, not a vector", kind)
}
