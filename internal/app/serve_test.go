package app

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A daemon that could not show its health does not start.
func TestBrokenWebConfig(t *testing.T) {
	for name, text := range map[string]string{"no key of it": "tls_server_confg: {}\n", "no certificate": "tls_server_config: {cert_file: nowhere.pem, key_file: nowhere.key}\n"} {
		dir := t.TempDir()
		write(t, dir, map[string]string{"plumbline.yaml": "web: {listen: 127.0.0.1:0, web_config_file: web.yaml}\nsources: []\nrule_files: []\n", "web.yaml": text})
		a, err := New(t.Context(), options(t, dir, &output{}))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Run(t.Context(), t.Context()); err == nil || !strings.Contains(err.Error(), "web_config_file") {
			t.Errorf("%s: %v", name, err)
		}
		a.Close(t.Context())
	}
}

// A store that fails is not a store that does not hold the model.
func TestProfileOfABrokenStore(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"plumbline.yaml": "web: {listen: 127.0.0.1:0}\nsources: []\nrule_files: []\n"})
	a, err := New(t.Context(), options(t, dir, &output{}))
	if err != nil {
		t.Fatal(err)
	}
	ask := func() (int, string) {
		w := httptest.NewRecorder()
		a.serveProfile(w, httptest.NewRequest(http.MethodGet, "/api/v1/profile?model=trips", nil))
		return w.Code, w.Body.String()
	}
	if status, body := ask(); status != 404 {
		t.Errorf("%d %s", status, body)
	}
	a.Close(t.Context())
	if status, body := ask(); status != 500 || !strings.Contains(body, `"errorType":"internal"`) {
		t.Errorf("%d %s", status, body)
	}
}
