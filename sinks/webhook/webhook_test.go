package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"plumbline"
	"plumbline/sinks"
	"plumbline/sinks/sinkstest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func ptr(x float64) *float64 { return &x }

func secretOf(b byte) string {
	return "whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, 32))
}

func constant(s ...string) func() ([]string, error) {
	return func() ([]string, error) { return s, nil }
}

func clock() time.Time { return sinkstest.Now }

func alert(feature string) plumbline.Alert {
	now := sinkstest.Now
	w := plumbline.Window{From: now.Add(-7 * 24 * time.Hour), To: now}
	return plumbline.Alert{
		Rule: "9f86d081884c7d65", Group: "inputs", Name: "InputDrift", Source: "rules/inputs.yaml:14", Expr: `psi_lower("7d") > 0.1`,
		Labels:      map[string]string{"alertname": "InputDrift", "model": "flights-delay", "version": "1", "feature": feature, "severity": "warning"},
		Annotations: map[string]string{"summary": feature + ` has "drifted"`}, State: plumbline.Firing,
		ActiveAt: now.Add(-24 * time.Hour), FiredAt: now, LastTrue: now, Trigger: "retrain-flights", BaselineID: "0a1b2c3d4e5f",
		Findings: []plumbline.Finding{{Model: "flights-delay", Version: "1", Feature: feature, Test: "psi_lower", Window: w, Value: ptr(3.65), Effect: ptr(3.84),
			P: ptr(0), SD: ptr(3.5), N: 5758, M: 27004, Bins: &plumbline.Bins{Labels: []string{"a"}, Baseline: []float64{1}, Current: []float64{1}}}},
	}
}

func request() sinks.TriggerRequest {
	return sinks.TriggerRequest{Key: "pl_5d41402abc4b2a76b9719d911017c592", Trigger: "retrain-flights", At: sinkstest.Now, Alert: alert("temp")}
}

func notification(edge plumbline.Edge, alerts ...plumbline.Alert) sinks.Notification {
	return sinks.Notification{Key: "pl_1", Receiver: "ml/webhook", Edge: edge, At: sinkstest.Now, Alerts: alerts, ExternalURL: "http://127.0.0.1:9188",
		GroupLabels: map[string]string{"model": "flights-delay", "alertname": "InputDrift"}}
}

func pull(t *testing.T, ctx context.Context, c Config, body string) error {
	t.Helper()
	if c.Now == nil {
		c.Now = clock
	}
	p, err := NewTrigger(c, "http://127.0.0.1:9188", body)
	if err != nil {
		return err
	}
	return p.Pull(ctx, request())
}

func TestConformance(t *testing.T) {
	const bearer = "b3arer-t0ken"
	config := func(url string) Config {
		return Config{URL: url, Bearer: func() (string, error) { return bearer, nil }, Secrets: constant(secretOf(7)), AllowPrivate: true}
	}
	t.Run("trigger", func(t *testing.T) {
		sinkstest.TestStatuses(t, func(url string) error { return pull(t, t.Context(), config(url), "") })
		sinkstest.TestLeaksNoSecret(t, func(ctx context.Context, url string) error { return pull(t, ctx, config(url), "") }, bearer, secretOf(7), secretOf(7)[6:])
	})
	t.Run("notifier", func(t *testing.T) {
		notify := func(ctx context.Context, url string, alerts ...plumbline.Alert) error {
			c := config(url)
			c.Now = clock
			n, err := NewNotifier(c)
			if err != nil {
				return err
			}
			return n.Notify(ctx, notification(plumbline.EdgeFiring, alerts...))
		}
		sinkstest.TestStatuses(t, func(url string) error { return notify(t.Context(), url, alert("temp")) })
		var many []plumbline.Alert
		for i := range 200 {
			a := alert(fmt.Sprint("f", i))
			a.Annotations["description"] = strings.Repeat("x", 20000)
			many = append(many, a)
		}
		sinkstest.TestBounds(t, maxBody, func(url string) error { return notify(t.Context(), url, many...) })
	})
}

// got is a request as its destination sees it.
type got struct {
	header http.Header
	body   []byte
}

func listen(t *testing.T, start func(http.Handler) *httptest.Server) (*httptest.Server, *[]got) {
	t.Helper()
	all := new([]got)
	s := start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*all = append(*all, got{r.Header, body})
	}))
	t.Cleanup(s.Close)
	return s, all
}

// The verifier is the specification's own library, not ours.
func TestSignature(t *testing.T) {
	s, all := listen(t, httptest.NewServer)
	now := time.Now()
	c := Config{URL: s.URL, Now: func() time.Time { return now }}

	c.Secrets = constant(secretOf(1))
	for range 2 {
		if err := pull(t, t.Context(), c, ""); err != nil {
			t.Fatal(err)
		}
		now = now.Add(5 * time.Second)
	}
	c.Secrets = constant(SplitSecrets(secretOf(2) + "\n" + secretOf(1) + "\n")...)
	if err := pull(t, t.Context(), c, ""); err != nil {
		t.Fatal(err)
	}
	verify := func(g got, secret byte) error {
		v, err := standardwebhooks.NewWebhook(secretOf(secret))
		if err != nil {
			t.Fatal(err)
		}
		return v.Verify(g.body, g.header)
	}
	for i, g := range *all {
		if err := verify(g, 1); err != nil {
			t.Errorf("request %d does not verify with the old secret: %v", i, err)
		}
		if err := verify(g, 2); (err == nil) != (i == 2) {
			t.Errorf("request %d with the new secret: %v", i, err)
		}
		if verify(got{g.header, append(g.body, ' ')}, 1) == nil || verify(g, 3) == nil {
			t.Error("what was changed or signed by another verifies")
		}
	}
	first, second := (*all)[0], (*all)[1]
	if id := first.header.Get("webhook-id"); id != second.header.Get("webhook-id") || id != request().Key {
		t.Error("the key changed over a retry")
	}
	if a, b := stampOf(first), stampOf(second); b-a != 5 {
		t.Errorf("timestamps %d and %d: want those of the attempts", a, b)
	}
}

func stampOf(g got) int64 {
	n, _ := strconv.ParseInt(g.header.Get("webhook-timestamp"), 10, 64)
	return n
}

func TestSecrets(t *testing.T) {
	for s, ok := range map[string]bool{secretOf(1): true, strings.TrimPrefix(secretOf(1), "whsec_"): true, "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 24)): true,
		"whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 23)): false, "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 65)): false,
		"whsec_???": false, "": false} {
		if _, err := ParseSecret(s); (err == nil) != ok {
			t.Errorf("%q: %v", s, err)
		}
	}
	s, all := listen(t, httptest.NewServer)
	for _, c := range []struct {
		secrets   func() ([]string, error)
		permanent bool
	}{
		{constant("whsec_short"), true},
		{constant(), true}, // an empty file must not send unsigned
		{func() ([]string, error) { return nil, os.ErrNotExist }, false},
	} {
		err := pull(t, t.Context(), Config{URL: s.URL, Secrets: c.secrets}, "")
		if err == nil || sinks.IsPermanent(err) != c.permanent {
			t.Errorf("error %v, want permanent %t", err, c.permanent)
		}
	}
	if len(*all) != 0 {
		t.Error("a request went out unsigned")
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-want +got):\n%s", name, d)
	}
}

func TestEvent(t *testing.T) {
	s, all := listen(t, httptest.NewServer)
	if err := pull(t, t.Context(), Config{URL: s.URL, Headers: map[string]string{"X-Team": "risk"}, Bearer: func() (string, error) { return "t", nil }}, ""); err != nil {
		t.Fatal(err)
	}
	g := (*all)[0]
	golden(t, "event.json", append(g.body, '\n'))
	for name, want := range map[string]string{"Content-Type": "application/cloudevents+json; charset=utf-8", "X-Team": "risk", "Authorization": "Bearer t", "webhook-signature": "", "User-Agent": "plumbline"} {
		if got := g.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if e := NewEvent(sinks.TriggerRequest{}, ""); e.Source == "" || e.Data.Findings == nil || e.Data.Labels == nil || e.Data.Dataset != nil {
		t.Errorf("the event of an empty request: %+v", e)
	}
	other := request()
	other.Trigger, other.Key = "page-owner", "pl_2"
	if a, b := NewEvent(request(), "x").Data.Episode.ID, NewEvent(other, "x").Data.Episode.ID; a != b {
		t.Errorf("two triggers of one episode: %s and %s", a, b)
	}
}

func TestTemplatedBody(t *testing.T) {
	s, all := listen(t, httptest.NewServer)
	body := `{"dag_run_id": {{ json .id }}, "conf": {"model": {{ json .data.model }}, "why": {{ json .data.summary }}, "team": {{ json (index .data.labels "team") }},
 "features": [{{ range $i, $f := .data.findings }}{{ if $i }}, {{ end }}{{ json $f.feature }}{{ end }}]}}`
	if err := pull(t, t.Context(), Config{URL: s.URL}, body); err != nil {
		t.Fatal(err)
	}
	g := (*all)[0]
	want := `{"dag_run_id": "pl_5d41402abc4b2a76b9719d911017c592", "conf": {"model": "flights-delay", "why": "temp has \"drifted\"", "team": null,
 "features": ["temp"]}}`
	if string(g.body) != want {
		t.Errorf("body %s, want %s", g.body, want)
	}
	for name, want := range map[string]string{"Content-Type": "application/json; charset=utf-8", "ce-id": request().Key, "ce-type": EventType, "ce-specversion": "1.0",
		"ce-source": "http://127.0.0.1:9188", "ce-time": "2013-07-03T06:00:00Z"} {
		if got := g.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	form := Config{URL: s.URL, Headers: map[string]string{"content-type": "application/x-www-form-urlencoded"}}
	if err := pull(t, t.Context(), form, `model={{ urlquery .data.model }}`); err != nil {
		t.Fatal(err)
	}
	if g := (*all)[1]; string(g.body) != "model=flights-delay" || g.header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		t.Errorf("a form: %s %s", g.header.Get("Content-Type"), g.body)
	}
}

func TestBadTemplates(t *testing.T) {
	s, all := listen(t, httptest.NewServer)
	for body, want := range map[string]string{
		`{{ json .data.modle }}`:             `the event has no member "modle"`,
		`{{ .data.labels.team }}`:            `the event has no member "team"`,
		`{{ .data.model `:                    `parse the body`,
		`{{ exec "rm" }}`:                    `function "exec" not defined`,
		`{{ range 1000000000000 }}{{ end }}`: `its loops turn more than 10000 times`,
		`{{ range 9999 }}{{ range 9999 }}{{ if true }}{{ range 9999 }}{{ end }}{{ end }}{{ end }}{{ end }}`: `its loops turn more than 10000 times`,
		`{{ range 9000 }}{{ printf "%9999s" "x" }}{{ end }}`:                                                `more than 1048576 bytes`,
		`{{ $x := "x" }}` + strings.Repeat(`{{ $x = printf "%s%s" $x $x }}`, 60):                            `a text of more than 1048576 bytes`,
		`{{ define "x" }}{{ template "x" }}{{ end }}{{ template "x" }}`:                                     `a body is one template`,
		`{{ template "body" . }}`:                                  `a body is one template`,
		`{{ if true }}{{ template "body" . }}{{ end }}`:            `a body is one template`,
		`{{ with .data }}{{ else }}{{ template "body" }}{{ end }}`: `a body is one template`,
		`{"model": {{ .data.model }}}`:                             `the rendered body is not JSON`,
		`{{ call .data.model }}`:                                   `call`,
	} {
		began := time.Now()
		err := pull(t, t.Context(), Config{URL: s.URL}, body)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %s", body, err, want)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%.60s took %s", body, took)
		}
	}
	if len(*all) != 0 {
		t.Error("a bad body was sent")
	}
}

func TestMessage(t *testing.T) {
	resolved := alert("temp")
	resolved.ResolvedAt = sinkstest.Now.Add(30 * time.Hour)
	for name, n := range map[string]sinks.Notification{
		"firing": notification(plumbline.EdgeFiring, alert("temp"), alert("dewp")), "resolved": notification(plumbline.EdgeResolved, resolved), "empty": {},
	} {
		b, err := json.MarshalIndent(NewMessage(n), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name+".json", append(b, '\n'))
	}
}

func TestGroupKey(t *testing.T) {
	begin, end := NewMessage(notification(plumbline.EdgeFiring, alert("temp"))), NewMessage(notification(plumbline.EdgeResolved, alert("temp")))
	if begin.GroupKey != end.GroupKey || begin.Alerts[0].Fingerprint != end.Alerts[0].Fingerprint {
		t.Error("an end does not match its beginning")
	}
	for _, labels := range []map[string]string{{}, {"a": "b"}, alert("temp").Labels, {"x": "日本"}} {
		set := model.LabelSet{}
		for k, v := range labels {
			set[model.LabelName(k)] = model.LabelValue(v)
		}
		if got, want := fingerprint(labels), set.Fingerprint().String(); got != want && len(labels) > 0 {
			t.Errorf("%v: fingerprint %s, Prometheus says %s", labels, got, want)
		}
	}
}

// A message that would be too long loses details, then alerts, and says how many.
func TestFit(t *testing.T) {
	for _, c := range []struct {
		alerts, text, label int
		whole               bool
	}{{150, 10, 1, true}, {150, 6000, 1, true}, {150, 60_000, 1, true}, {3, 1 << 20, 1, true}, {150, 10, 20_000, false}} {
		var many []plumbline.Alert
		for i := range c.alerts {
			a := alert(fmt.Sprint(strings.Repeat("f", c.label), i))
			a.Annotations = map[string]string{"description": strings.Repeat("x", c.text)}
			many = append(many, a)
		}
		body, err := fit(NewMessage(notification(plumbline.EdgeFiring, many...)))
		if err != nil {
			t.Fatal(err)
		}
		var m Message
		if err := json.Unmarshal(body, &m); err != nil {
			t.Fatal(err)
		}
		if len(body) > maxBody {
			t.Errorf("%+v: %d bytes", c, len(body))
		}
		if len(m.Alerts)+m.TruncatedAlerts != c.alerts || len(m.Alerts) == 0 || c.whole != (m.TruncatedAlerts == 0) {
			t.Errorf("%+v: %d alerts told, %d truncated", c, len(m.Alerts), m.TruncatedAlerts)
		}
	}
}

func TestGuard(t *testing.T) {
	for address, want := range map[string][2]bool{ // without and with AllowPrivate
		"169.254.169.254:80": {}, "[fe80::1%eth0]:80": {}, "0.0.0.0:80": {}, "[::]:80": {}, "224.0.0.1:80": {}, "[ff02::1]:80": {}, "255.255.255.255:80": {},
		"[::ffff:169.254.169.254]:80": {}, "[::ffff:0.0.0.0]:80": {}, "not an address": {},
		"127.0.0.1:80": {false, true}, "[::1]:80": {false, true}, "10.1.2.3:80": {false, true}, "192.168.0.1:80": {false, true}, "172.16.0.1:80": {false, true},
		"[fd00:ec2::254]:80": {false, true}, "100.100.100.200:80": {false, true}, "[::ffff:127.0.0.1]:80": {false, true},
		"93.184.215.14:443": {true, true}, "[2606:2800:21f:cb07::1]:443": {true, true},
	} {
		for i, allow := range []bool{false, true} {
			if err := guard(allow)("tcp", address, nil); (err == nil) != want[i] {
				t.Errorf("%s, private addresses allowed %t: %v", address, allow, err)
			}
		}
	}
}

// A name may resolve to a private address only where that is allowed; an address is taken at its word, unless nobody may dial it.
func TestDial(t *testing.T) {
	s, all := listen(t, httptest.NewServer)
	port := s.URL[strings.LastIndex(s.URL, ":"):]
	for _, c := range []struct {
		host  string
		allow bool
		want  string
	}{
		{"127.0.0.1", false, ""}, {"localhost", false, ""},
		{"0.0.0.0", true, "never dialled"}, {"169.254.169.254", true, "never dialled"}, {"224.0.0.1", true, "never dialled"}, {"[::]", true, "never dialled"},
	} {
		err := pull(t, t.Context(), Config{URL: "http://" + c.host + port, AllowPrivate: c.allow}, "")
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.host, err, c.want)
		}
	}
	if len(*all) != 2 {
		t.Errorf("%d requests arrived", len(*all))
	}
	for _, url := range []string{"", "127.0.0.1:80", "ftp://127.0.0.1", "http://", "http://%zz", "/hook"} {
		if err := (Config{URL: url}).Validate(); err == nil {
			t.Errorf("%q is taken for a URL", url)
		}
	}
}

func TestTLS(t *testing.T) {
	s, all := listen(t, httptest.NewTLSServer)
	if err := pull(t, t.Context(), Config{URL: s.URL}, ""); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate nobody vouches for: %v", err)
	}
	authorities := x509.NewCertPool()
	authorities.AddCert(s.Certificate())
	if err := pull(t, t.Context(), Config{URL: s.URL, TLS: &tls.Config{RootCAs: authorities}}, ""); err != nil {
		t.Error(err)
	}
	if len(*all) != 1 {
		t.Errorf("%d requests arrived, want 1", len(*all))
	}
}

func TestBearerWithLineBreak(t *testing.T) {
	err := pull(t, t.Context(), Config{URL: "http://127.0.0.1:1", Bearer: func() (string, error) { return "t0ken\r\nX: y", nil }}, "")
	if !sinks.IsPermanent(err) || strings.Contains(err.Error(), "t0ken") {
		t.Errorf("error %v", err)
	}
}
