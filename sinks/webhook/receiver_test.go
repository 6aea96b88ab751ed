package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// verify reports whether plumbline sent a request. secret is as in its secret file: whsec_ and base64.
func verify(secret string, h http.Header, body []byte) error {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return err
	}
	sent, err := strconv.ParseInt(h.Get("webhook-timestamp"), 10, 64)
	if err != nil || time.Since(time.Unix(sent, 0)).Abs() > 5*time.Minute {
		return errors.New("too old, or from the future")
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(h.Get("webhook-id") + "." + h.Get("webhook-timestamp") + "."))
	mac.Write(body)
	for _, s := range strings.Fields(h.Get("webhook-signature")) {
		signature, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s, "v1,"))
		if err == nil && hmac.Equal(signature, mac.Sum(nil)) {
			return nil
		}
	}
	return errors.New("not signed with this secret")
}

// What docs/triggers.md shows is verify, and it works.
func TestReceiverOfTheDocumentation(t *testing.T) {
	source, err := os.ReadFile("receiver_test.go")
	if err != nil {
		t.Fatal(err)
	}
	text := string(source)
	text = text[strings.Index(text, "// verify reports"):]
	text = text[:strings.Index(text, "\n}\n")+3]
	doc, err := os.ReadFile("../../docs/triggers.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(doc), "```go\n"+text+"```") {
		t.Error("docs/triggers.md shows another receiver")
	}
	s, all := listen(t, httptest.NewServer)
	if err := pull(t, t.Context(), Config{URL: s.URL, Now: time.Now, Secrets: constant(secretOf(2), secretOf(1))}, ""); err != nil {
		t.Fatal(err)
	}
	g := (*all)[0]
	for b, want := range map[byte]bool{1: true, 2: true, 3: false} {
		if err := verify(secretOf(b), g.header, g.body); (err == nil) != want {
			t.Errorf("secret %d: %v", b, err)
		}
	}
	if verify(secretOf(1), g.header, append(g.body, ' ')) == nil {
		t.Error("a changed body verifies")
	}
	g.header.Set("webhook-timestamp", "1372831200")
	if verify(secretOf(1), g.header, g.body) == nil {
		t.Error("an old request verifies")
	}
}
