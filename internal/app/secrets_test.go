package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io/fs"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// canary is part of every secret of these tests.
const canary = "canary7Yq2"

// leaks looks for the canary.
func leaks(t *testing.T, where, text string) {
	t.Helper()
	if at := strings.Index(text, canary); at >= 0 {
		t.Errorf("%s holds a secret: …%s…", where, text[max(0, at-200):min(len(text), at+100)])
	}
}

// certificate makes a server's certificate whose key is a secret too.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}))
}

// TestSecretsAreNowhere plants a canary in every secret there is, has everything fail that uses one, and looks at all the daemon
// says and writes.
func TestSecretsAreNowhere(t *testing.T) {
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "no: "+r.Header.Get("Authorization")+" "+r.URL.String(), http.StatusForbidden) // as proxies do that echo what they got
	}))
	defer refusing.Close()
	dir := t.TempDir()
	for _, name := range []string{"PASSWORD", "BOT", "HEADER"} {
		t.Setenv(name, name+"-"+canary)
	}
	_, key := certificate(t)
	write(t, dir, map[string]string{
		"bearer":  canary + "bearer\n",
		"slack":   refusing.URL + "/services/" + canary + "\n",
		"hook":    refusing.URL + "/hook/" + canary + "?token=" + canary + "\n",
		"lost":    "http://u:" + canary + "@127.0.0.1:1/" + canary + "\n",
		"whsec":   "whsec_" + canary + "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz\n",
		"token":   canary + "token\n",
		"key.pem": strings.Replace(key, "-----BEGIN", canary+"\n-----BEGIN", 1),
		"plumbline.yaml": `
data_dir: data
web: {listen: 127.0.0.1:0}
evaluation: {clock: data, interval: 1m, offset: 0s}
store: {flush_interval: 100ms}
sources:
  - {name: calls, http: {listen: 127.0.0.1:0, bearer_token_file: bearer}, dead_letter: {file: dead.ndjson}}
  - {name: plain, kafka: {brokers: [127.0.0.1:1], topics: [t], sasl: {mechanism: plain, username: u, password: "${PASSWORD}"}}}
  - {name: mutual, kafka: {brokers: [127.0.0.1:1], topics: [t], tls: {enabled: true, cert_file: plumbline.yaml, key_file: key.pem}}}
rule_files: [rules.yaml]
route: {receiver: all, group_wait: 0s}
receivers:
  - name: all
    slack_configs:
      - {api_url_file: slack}
      - {bot_token: "${BOT}", channel: "#c", bot_api_url: "` + refusing.URL + `/api/"}
    webhook_configs:
      - {url_file: hook, secret_file: whsec}
      - {url_file: lost}
triggers:
  - name: retrain
    webhook: {url_file: hook, secret_file: whsec, bearer_token_file: token, headers: {X-Key: "${HEADER}"}}
  - name: lost
    webhook: {url_file: lost, secret_file: bearer}
`,
		"rules.yaml": `groups:
- name: trips
  rules:
  - {alert: Any, for_each: {model: trips}, expr: volume("1d") > 0, trigger: retrain}
  - {alert: Other, for_each: {model: trips}, expr: volume("1d") > 0, trigger: lost}
`,
	})
	d := start(t, dir)
	for _, token := range []string{"", "wrong-" + canary} {
		if status, body := d.post(token, oneRecord); status != 401 {
			t.Errorf("with the token %q: %d %s", token, status, body)
		}
	}
	for _, record := range []string{
		oneRecord, strings.Replace(oneRecord, ":00Z", ":01Z", 1),
		`{"id":"` + canary + `","model":"trips","ts":"` + canary + `","features":{"a":"` + canary + `"}}` + "\n", // a record's values are not for the log either
		`{"id":"` + canary + `","model":"trips",` + "\n",
	} {
		status, body := d.post(canary+"bearer", record)
		if status != 202 && status != 400 {
			t.Errorf("%d %s", status, body)
		}
		leaks(t, "the answer to a POST", body)
	}
	// The clock is the data's own, and a source that never gets there would hold it: the evaluator is asked directly.
	eventually(t, "stored", func() bool { _, body := d.ask("GET", "/api/v1/models"); return strings.Contains(body, `"records":2`) })
	if err := d.app.judge(t.Context(), 0, true); err != nil {
		t.Fatal(err)
	}
	eventually(t, "tried and failed", func() bool {
		_, page := d.ask("GET", "/metrics")
		for _, part := range []string{`receiver="all/slack"`, `receiver="all/slack-2"`, `receiver="all/webhook"`, `receiver="all/webhook-2"`, `trigger="retrain"`, `trigger="lost"`} {
			if !strings.Contains(page, part) {
				return false
			}
		}
		return true
	})
	eventually(t, "the brokers were looked for", func() bool {
		log := d.log.String()
		return strings.Contains(log, "source=plain") && strings.Contains(log, "source=mutual")
	})
	for _, path := range []string{"/", "/metrics", "/-/ready", "/-/healthy", "/api/v1/models", "/api/v1/profile?model=trips&from=2026-01-01&to=2026-01-02", "/api/v1/alerts", "/api/v1/rules", "/api/v1/triggers", "/api/v1/status/config"} {
		_, body := d.ask("GET", path)
		leaks(t, path, body)
	}
	if _, body := d.ask("GET", "/api/v1/status/config"); !strings.Contains(body, "slack_configs") {
		t.Errorf("the configuration is %s", body)
	}

	// Mistakes around secrets, told by a reload.
	body, err := os.ReadFile(filepath.Join(dir, "plumbline.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	good := string(body)
	for _, change := range [][2]string{
		{`password: "${PASSWORD}"`, `password: ` + canary},
		{`bot_token: "${BOT}"`, `bot_token: ` + canary},
		{`url_file: lost}`, `url: "http://u:` + canary + `@127.0.0.1:1/"}`},
		{`secret_file: whsec,`, `secret: ` + canary + `,`},
		{`secret_file: whsec,`, `sceret: ` + canary + `,`},
		{`username: u`, `username: [u`},
		{`url_file: hook, secret_file: whsec}`, `url: "${HEADER}"}`},
	} {
		if !strings.Contains(good, change[0]) {
			t.Fatalf("the configuration has no %s", change[0])
		}
		write(t, dir, map[string]string{"plumbline.yaml": strings.Replace(good, change[0], change[1], 1)})
		status, answer := d.ask("POST", "/-/reload")
		if status != 500 {
			t.Errorf("%s: %d", change[1], status)
		}
		leaks(t, "the refusal of "+change[0], answer)
	}
	write(t, dir, map[string]string{"plumbline.yaml": good})
	d.stop()
	leaks(t, "the log", d.log.String())
	if d.err != nil {
		leaks(t, "the error of the run", d.err.Error())
	}
	for _, left := range []string{"data", "dead.ndjson"} {
		err := filepath.WalkDir(filepath.Join(dir, left), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || strings.Contains(path, "spool") { // the spool keeps requests as they came, for whoever may read the folder
				return err
			}
			text, err := os.ReadFile(path)
			leaks(t, path, string(text))
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// TestAKeyThatDoesNotFitIsNotShown is about the certificate of the records' listener, which is read at the start.
func TestAKeyThatDoesNotFitIsNotShown(t *testing.T) {
	cert, _ := certificate(t)
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"cert.pem": cert, "key.pem": "-----BEGIN EC PRIVATE KEY-----\n" + canary + "\n-----END EC PRIVATE KEY-----\n",
		"plumbline.yaml": "data_dir: data\nsources: [{name: calls, http: {listen: 127.0.0.1:0, tls: {cert_file: cert.pem, key_file: key.pem}}}]\n",
	})
	a, err := New(t.Context(), options(t, dir, &output{}))
	if err == nil {
		a.Close(t.Context())
		t.Fatal("started")
	}
	leaks(t, "the error", err.Error())
	if !strings.Contains(err.Error(), "source calls: the certificate and its key do not fit together") {
		t.Error(err)
	}
}
