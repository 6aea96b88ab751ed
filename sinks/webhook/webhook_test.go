package webhook

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"plumbline"
	"plumbline/sinks"
	"plumbline/sinks/sinkstest"
)

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
