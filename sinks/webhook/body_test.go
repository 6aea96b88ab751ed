package webhook

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"plumbline"
	"plumbline/sinks"
	"plumbline/sinks/sinkstest"
)

func TestEvent(t *testing.T) {
	s, all := listen(t, httptest.NewServer)
	if err := pull(t, t.Context(), Config{URL: s.URL, Headers: map[string]string{"X-Team": "risk"}, Bearer: func() (string, error) { return "t", nil }}, ""); err != nil {
		t.Fatal(err)
	}
	g := (*all)[0]
	sinkstest.Golden(t, "event.json", append(g.body, '\n'))
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
		sinkstest.Golden(t, name+".json", append(b, '\n'))
	}
}
