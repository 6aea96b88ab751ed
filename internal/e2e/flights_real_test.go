//go:build real

package e2e

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"plumbline/internal/chtest"
	"plumbline/internal/e2e/recount"
	"plumbline/internal/kafkatest"
)

// flights is the log in the order in which it happened: questions, labels and the shadow's answers.
var flights = sync.OnceValue(func() (lines [][]byte) {
	type timed struct {
		ts   string
		line []byte
	}
	var list []timed
	for _, pattern := range []string{"inference*.ndjson.gz", "labels*.ndjson.gz", "shadow-v2*.ndjson.gz"} {
		files, err := filepath.Glob(filepath.Join(flightsDir(), pattern))
		if err != nil || len(files) == 0 {
			panic(fmt.Sprintf("no %s in %s: %v", pattern, flightsDir(), err))
		}
		for _, file := range files {
			if err := eachLine(file, func(line []byte) { list = append(list, timed{timeOf(line), bytes.Clone(line)}) }); err != nil {
				panic(err)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b timed) int { return cmp.Compare(a.ts, b.ts) })
	for _, x := range list {
		lines = append(lines, x.line)
	}
	return lines
})

func flightsDir() string { return cmp.Or(os.Getenv("PLUMBLINE_FLIGHTS"), example) }

// flightsHouse has the model's two versions, and the example's rules.
func flightsHouse(t *testing.T) *house {
	h := newHouse(t)
	h.baseline(t, "1", filepath.Join(flightsDir(), "baseline.ndjson.gz"))
	second := filepath.Join(flightsDir(), "baseline-v2.ndjson.gz")
	if _, err := os.Stat(second); err != nil { // the example has no baseline for the shadow
		second = filepath.Join(flightsDir(), "shadow-v2.ndjson.gz")
	}
	h.baseline(t, "2", second)
	rules, err := os.ReadFile(filepath.Join(example, "rules/flights.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	h.write(t, "rules.yaml", string(rules))
	return h
}

const flightsConfig = "rule_files: [rules.yaml]\nevaluation: {clock: data, interval: 6h}\n"

// flightsKills is how often the daemon is killed; all but the last are in the middle of the log.
const flightsKills = 6

var (
	storyOnce sync.Mutex
	story     []string // what was told of the log by the first run: the others must tell the same
)

// throughFlights brings the log through a transport into a store while the daemon is killed, and holds the store against a
// recount and what was told against what the other ways told.
func throughFlights(t *testing.T, h *house, by transport, store string) {
	began := time.Now()
	rng := rand.New(rand.NewPCG(7, 8))
	lines := flights()
	parts := split(lines, flightsKills)
	r := recount.New(h.model, queries(versions(lines), 3, rng))
	count(r, by, parts)
	recounted := time.Since(began)
	began = time.Now()
	e := newEars(t)
	file := h.config(t, by, flightsConfig+store+e.config(h))
	if load(t, file).Store.Kind == "clickhouse" {
		plumbline(t, "migrate", "-c", file)
	}
	throughKills(t, file, by, parts, rng, e)
	ran := time.Since(began)
	began = time.Now()
	windows := compare(t, file, r)
	t.Logf("%d messages, recounted in %s; through %d kills in %s; %d windows compared in %s", len(lines), recounted, flightsKills, ran, len(windows), time.Since(began))
	told := e.story()
	storyOnce.Lock()
	defer storyOnce.Unlock()
	if story == nil {
		story = told
	}
	if diff := gocmp.Diff(story, told); diff != "" || len(told) < 10 {
		t.Errorf("%d things were told; against another way of the same log:\n%s", len(told), diff)
	}
}

// versions are the time ranges of the model's versions.
func versions(lines [][]byte) map[string][2]time.Time {
	out := map[string][2]time.Time{}
	for _, line := range lines {
		ts, err := time.Parse(time.RFC3339, timeOf(line))
		_, rest, ok := bytes.Cut(line, []byte(`"version":"`))
		if !ok || err != nil {
			continue
		}
		version, _, _ := bytes.Cut(rest, []byte{'"'})
		x, seen := out[string(version)]
		if !seen {
			x[0] = ts
		}
		x[1] = ts
		out[string(version)] = x
	}
	return out
}

const sqliteStore = "store: {flush_interval: 200ms, flush_records: 4000}\n"

func TestFlightsFromFilesToSQLite(t *testing.T) {
	h := flightsHouse(t)
	throughFlights(t, h, rotated{h.path("log"), 3}, sqliteStore)
}

func TestFlightsByHTTPToSQLite(t *testing.T) {
	throughFlights(t, flightsHouse(t), posted{}, sqliteStore)
}

func TestFlightsThroughKafka(t *testing.T) {
	broker := kafkatest.Start(t)
	t.Run("SQLite", func(t *testing.T) {
		throughFlights(t, flightsHouse(t), newTopic(t, broker.Addr, "to-sqlite", 4), sqliteStore)
	})
	t.Run("ClickHouse", func(t *testing.T) {
		server := chtest.Start(t, t.TempDir())
		database := fmt.Sprintf("e2e_%d", time.Now().UnixNano())
		throughFlights(t, flightsHouse(t), newTopic(t, broker.Addr, "to-clickhouse", 4),
			fmt.Sprintf("store: {kind: clickhouse, flush_interval: 200ms, flush_records: 4000, clickhouse: {addresses: [%q], database: %s}}\n", server.Addr, database))
	})
}
