package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"plumbline"
	"plumbline/sinks"
	"plumbline/sinks/sinkstest"
)

const botToken = "xoxb-4815162342-secret"

func secret(s string) func() (string, error) { return func() (string, error) { return s, nil } }

// byWebhook and byBot make a notifier for one server.
func byWebhook(url string) (*Notifier, error) {
	return NewNotifier(Config{WebhookURL: secret(url), Now: func() time.Time { return sinkstest.Now }})
}

func byBot(url string) (*Notifier, error) {
	return NewNotifier(Config{BotToken: secret(botToken), Channel: "#ml-alerts", APIURL: url, Now: func() time.Time { return sinkstest.Now }})
}

var ways = map[string]func(url string) (*Notifier, error){"incoming webhook": byWebhook, "chat.postMessage": byBot}

func TestConformance(t *testing.T) {
	n := note(plumbline.EdgeFiring, drift("temp", 3.84))
	var long []plumbline.Alert
	for range 300 {
		long = append(long, hostile(strings.Repeat("<&>`* ", 500)))
	}
	for name, make := range ways {
		send := func(ctx context.Context, url string, n sinks.Notification) error {
			s, err := make(url)
			if err != nil {
				return err
			}
			return s.Notify(ctx, n)
		}
		t.Run(name, func(t *testing.T) {
			sinkstest.TestStatuses(t, func(url string) error { return send(t.Context(), url, n) })
			sinkstest.TestLeaksNoSecret(t, func(ctx context.Context, url string) error { return send(ctx, url, n) }, botToken)
			sinkstest.TestBounds(t, 256<<10, func(url string) error { return send(t.Context(), url, note(plumbline.EdgeFiring, long...)) })
		})
	}
}

func TestConfiguration(t *testing.T) {
	for _, c := range []Config{{}, {WebhookURL: secret("x"), BotToken: secret("x"), Channel: "#c"}, {BotToken: secret("x")}} {
		if _, err := NewNotifier(c); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
	broken := func() (string, error) { return "", errors.New("the file slack.url is missing") }
	for _, c := range []Config{{WebhookURL: broken}, {BotToken: broken, Channel: "#c"}} {
		n, err := NewNotifier(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Notify(t.Context(), note(plumbline.EdgeFiring, drift("temp", 1))); err == nil || sinks.IsPermanent(err) {
			t.Errorf("a secret that can't be read: %v, want an error that is tried again", err)
		}
	}
}

// heard is a message as Slack would hear it.
type heard struct {
	path, token, channel, text, key string
	blocks                          slack.Blocks
}

// standIn is Slack: it checks each message as Slack would and answers in Slack's ways.
func standIn(t *testing.T, answer string) (url string, heards *[]heard) {
	heards = new([]heard)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := heard{path: r.URL.Path}
		if r.Method != http.MethodPost {
			t.Errorf("method %s", r.Method)
		}
		if strings.HasPrefix(r.URL.Path, "/services/") {
			var m slack.WebhookMessage
			if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
				t.Errorf("a body that is no message: %v", err)
			}
			h.text, h.blocks = m.Text, *m.Blocks
		} else {
			if err := r.ParseForm(); err != nil {
				t.Error(err)
			}
			h.channel, h.text = r.Form.Get("channel"), r.Form.Get("text")
			h.token = r.Form.Get("token") + strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			if err := json.Unmarshal([]byte(r.Form.Get("blocks")), &h.blocks); err != nil {
				t.Errorf("blocks: %v", err)
			}
			var meta slack.SlackMetadata
			if err := json.Unmarshal([]byte(r.Form.Get("metadata")), &meta); err != nil {
				t.Errorf("metadata: %v", err)
			}
			h.key, _ = meta.EventPayload["key"].(string)
		}
		*heards = append(*heards, h)
		io.WriteString(w, answer)
	}))
	t.Cleanup(s.Close)
	return s.URL, heards
}

func TestIncomingWebhook(t *testing.T) {
	url, heards := standIn(t, "ok")
	n, err := byWebhook(url + "/services/T0/B0/x")
	if err != nil {
		t.Fatal(err)
	}
	for _, message := range cases() {
		if err := n.Notify(t.Context(), message); err != nil {
			t.Fatal(err)
		}
	}
	for _, h := range *heards {
		checkBlocks(t, Message{Text: h.text, Blocks: h.blocks.BlockSet})
	}
	if len(*heards) != len(cases()) {
		t.Errorf("%d messages, want %d", len(*heards), len(cases()))
	}
}

func TestPostMessage(t *testing.T) {
	url, heards := standIn(t, `{"ok":true,"channel":"C1","ts":"1.2"}`)
	n, err := byBot(url + "/api")
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Notify(t.Context(), note(plumbline.EdgeFiring, drift("temp", 3.84))); err != nil {
		t.Fatal(err)
	}
	h := (*heards)[0]
	if h.path != "/api/chat.postMessage" || h.channel != "#ml-alerts" || h.token != botToken || h.key != "pl_5d41402abc4b2a76b9719d911017c592" {
		t.Errorf("heard %s %s with %s, key %s", h.path, h.channel, h.token, h.key)
	}
	checkBlocks(t, Message{Text: h.text, Blocks: h.blocks.BlockSet})
}

func TestRefusals(t *testing.T) {
	for word, permanent := range map[string]bool{
		"invalid_auth": true, "channel_not_found": true, "invalid_blocks": true, "msg_blocks_too_long": true, "missing_scope": true,
		"something_new": true, "ratelimited": false, "internal_error": false, "fatal_error": false, "service_unavailable": false,
	} {
		url, _ := standIn(t, fmt.Sprintf(`{"ok":false,"error":%q}`, word))
		n, err := byBot(url)
		if err != nil {
			t.Fatal(err)
		}
		err = n.Notify(t.Context(), note(plumbline.EdgeFiring, drift("temp", 1)))
		if err == nil || sinks.IsPermanent(err) != permanent || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v, permanent: %t, want %t", word, err, sinks.IsPermanent(err), permanent)
		}
	}
	url, _ := standIn(t, `{"ok":false,"error":"`+botToken+`"}`)
	n, _ := byBot(url)
	if err := n.Notify(t.Context(), note(plumbline.EdgeFiring, drift("temp", 1))); err == nil || strings.Contains(err.Error(), botToken) {
		t.Errorf("a reason that is no word of Slack's: %v", err)
	}
}

// An incoming webhook gives its reason as the body.
func TestWebhookReason(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, "no_service\n")
	}))
	defer s.Close()
	n, _ := byWebhook(s.URL)
	err := n.Notify(t.Context(), note(plumbline.EdgeFiring, drift("temp", 1)))
	if !sinks.IsPermanent(err) || !strings.Contains(fmt.Sprint(err), "404 Not Found: no_service") {
		t.Errorf("error %v, want permanent and with no_service", err)
	}
}
