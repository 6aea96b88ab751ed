package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sort"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"plumbline/sinks/webhook"
)

const webhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// ears stand in for Slack, for a team's own webhook and for a training pipeline. They remember what they took.
type ears struct {
	t   testing.TB
	url string

	mu     sync.Mutex
	mood   mood
	heard  int      // requests, taken or not
	taken  []taking // answered 200
	cut    []taking // not answered: the daemon was killed meanwhile
	deaths []int    // how many were taken when the daemon was killed
}

// mood is how ears answer.
type mood int

const (
	willing mood = iota
	busy         // 503
	silent       // no answer until the daemon is gone
)

// taking is one delivery: where to, under which key, and what it says.
type taking struct {
	path, key string
	body      string
}

func newEars(t testing.TB) *ears {
	e := &ears{t: t}
	s := httptest.NewServer(e)
	t.Cleanup(s.Close)
	e.url = s.URL
	return e
}

// config tells everyone: Slack, the webhook, and the trigger of the rules.
func (e *ears) config(h *house) string {
	h.write(e.t, "slack.url", e.url+"/slack")
	h.write(e.t, "whsec", webhookSecret)
	return fmt.Sprintf(`
route: {receiver: team, group_by: ['...']} # each edge travels alone
receivers:
  - name: team
    slack_configs: [{api_url_file: slack.url}]
    webhook_configs: [{url: "%[1]s/hook", secret_file: whsec}]
triggers:
  - name: retrain-flights
    webhook: {url: "%[1]s/retrain", secret_file: whsec}
    cooldown: 1d
    max_per_window: {count: 3, window: 30d}
`, e.url)
}

var slackKey = regexp.MustCompile(`pl_[0-9a-f]{32}`)

func (e *ears) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the daemon was killed while it sent
	}
	x := taking{path: r.URL.Path, key: r.Header.Get("webhook-id"), body: string(body)}
	if x.path == "/slack" { // signs nothing, and names the key in the message
		x.key = slackKey.FindString(x.body)
	} else if err := verify(body, r.Header); err != nil {
		e.t.Errorf("%s: %v", x.path, err)
	}
	e.mu.Lock()
	e.heard++
	mood := e.mood
	switch mood {
	case willing:
		e.taken = append(e.taken, x)
	case silent:
		e.cut = append(e.cut, x)
	}
	e.mu.Unlock()
	switch mood {
	case willing:
		_, _ = io.WriteString(w, "ok")
	case busy:
		w.WriteHeader(http.StatusServiceUnavailable)
	case silent:
		<-r.Context().Done()
	}
}

func verify(body []byte, h http.Header) error {
	wh, err := standardwebhooks.NewWebhook(webhookSecret)
	if err != nil {
		return err
	}
	return wh.Verify(body, h)
}

func (e *ears) be(m mood) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.mood = m
}

// counts are the requests so far, and those taken.
func (e *ears) counts() (heard, taken int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.heard, len(e.taken)
}

// died notes that the daemon was killed: what it delivered last it may not have written down, and may deliver again.
func (e *ears) died() {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.deaths = append(e.deaths, len(e.taken))
}

// story is what they were told, each delivery once, in a form that does not depend on when it was told.
func (e *ears) story() []string {
	e.t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	forgiven := map[int]bool{}
	for _, n := range e.deaths {
		forgiven[n-1] = true
	}
	first, twice := map[[2]string]int{}, 0
	edges := map[string]bool{}
	var out []string
	for i, x := range e.taken {
		id := [2]string{x.path, x.key}
		if before, again := first[id]; again {
			if twice++; !forgiven[before] || e.taken[before].body != x.body {
				e.t.Errorf("%s was told %s twice, or in other words, and no kill explains it", x.path, x.key)
			}
			continue
		}
		first[id] = i
		out = append(out, x.path+" "+x.key)
		for _, edge := range x.edges(e.t) {
			if edges[edge] {
				e.t.Errorf("%s: told twice, under two keys", edge)
			}
			edges[edge] = true
			out = append(out, edge)
		}
	}
	for _, x := range e.cut {
		if i, ok := first[[2]string{x.path, x.key}]; !ok || e.taken[i].body != x.body {
			e.t.Errorf("%s never took %s, which a kill cut off, or took it in other words", x.path, x.key)
		}
	}
	e.t.Logf("%d deliveries of %d edges, %d requests cut off, %d told again after a kill", len(first), len(edges), len(e.cut), twice)
	sort.Strings(out)
	return out
}

// edges are the episodes' edges that a message tells of.
func (x taking) edges(t testing.TB) (out []string) {
	d := json.NewDecoder(bytes.NewReader([]byte(x.body)))
	switch x.path {
	case "/hook":
		var m webhook.Message
		if err := d.Decode(&m); err != nil || m.TruncatedAlerts > 0 {
			t.Errorf("%s: %v, %d truncated", x.path, err, m.TruncatedAlerts)
		}
		for _, a := range m.Alerts {
			out = append(out, fmt.Sprintf("%s %s %s %v since %s until %s", x.path, a.Fingerprint, a.Status, a.Labels, a.StartsAt.Format(time.RFC3339), a.EndsAt.Format(time.RFC3339)))
		}
	case "/retrain":
		var ev webhook.Event
		if err := d.Decode(&ev); err != nil || ev.SpecVersion != "1.0" || ev.ID != x.key || ev.Type != webhook.EventType {
			t.Errorf("%s: %v: the CloudEvent %s %s under the key %s", x.path, err, ev.Type, ev.ID, x.key)
		}
		out = append(out, fmt.Sprintf("%s %s %s", x.path, ev.Data.Trigger, ev.Data.Alert))
		out[0] += " at " + ev.Time.Format(time.RFC3339)
	}
	return out
}
