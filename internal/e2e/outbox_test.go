package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// restless are rules that fire and end often on some weeks of weather.
const restless = `
groups:
- name: weather
  interval: 12h
  rules:
  - alert: Weather
    for_each: {model: flights-delay, feature: "*"}
    expr: samples("2d") >= 100 and psi("2d") > 1
    labels: {severity: warning}
  - alert: Cold
    for_each: {model: flights-delay, feature: temp}
    expr: samples("2d") >= 100 and psi("2d") > 1
    labels: {severity: critical}
    trigger: retrain-flights
`

// Killed while nobody answers, while everyone is busy and while they listen, the daemon still tells everyone each edge of each
// episode, under one key, and nothing twice but what it was telling when it was killed. What it tells is what it tells when
// nobody kills it.
func TestEachEdgeIsToldOnce(t *testing.T) {
	t.Parallel()
	var lines [][]byte
	readLines(t, filepath.Join(example, "inference.ndjson.gz"), func(line []byte) {
		if len(lines) < 6000 {
			lines = append(lines, bytes.Clone(line))
		}
	})
	h := newHouse(t)
	h.baseline(t, "1", filepath.Join(example, "baseline.ndjson.gz"))
	h.baseline(t, "2", filepath.Join(example, "baseline.ndjson.gz"))
	h.write(t, "rules.yaml", restless)
	parts, by := split(lines, 4), appended{h.path("log.ndjson")}
	config := func(e *ears) string {
		return h.config(t, by, "rule_files: [rules.yaml]\nevaluation: {clock: data}\n"+e.config(h))
	}
	e := newEars(t)
	file := config(e)
	for i, m := range []mood{busy, silent, willing, willing} {
		e.be(m)
		d := start(t, file)
		by.send(d, i, parts[i])
		heard, taken := e.counts()
		d.until("telling anyone", func() bool {
			nowHeard, nowTaken := e.counts()
			return m != willing && nowHeard > heard || nowTaken > taken
		})
		d.kill()
		e.died()
	}
	untilIdle(t, file)
	told := e.story()

	if err := os.RemoveAll(h.path("data")); err != nil {
		t.Fatal(err)
	}
	calm := newEars(t)
	s := untilIdle(t, config(calm))
	if s.Alerts.Fired < 10 || s.Alerts.Resolved < 5 || s.Triggers.Sent < 1 || s.Notifications.Sent != 2*(s.Alerts.Fired+s.Alerts.Resolved) {
		t.Errorf("%+v: Slack and the webhook should hear of each edge, and there should be many", s)
	}
	if diff := cmp.Diff(calm.story(), told); diff != "" {
		t.Errorf("without kills and with:\n%s", diff)
	}
}
