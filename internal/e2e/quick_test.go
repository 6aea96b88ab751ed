package e2e

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline/internal/e2e/recount"
	"plumbline/internal/kafkatest"
)

const example = "../../examples/flights"

// mixed is a log of some three thousand lines: the first days of the real one, interleaved with its labels, with everything a
// count must tell apart laid over it: gaps, NaN, other types, new categories, stragglers, halves, and lines that are no record.
func mixed(t testing.TB, rng *rand.Rand) [][]byte {
	t.Helper()
	var lines [][]byte
	readLines(t, filepath.Join(example, "inference.ndjson.gz"), func(line []byte) {
		if len(lines) < 2400 {
			lines = append(lines, mutate(t, line, rng))
		}
	})
	last, questions := timeOf(lines[len(lines)-1]), len(lines)
	readLines(t, filepath.Join(example, "labels.ndjson.gz"), func(line []byte) {
		if timeOf(line) < last && len(lines) < questions+700 {
			lines = append(lines, bytes.Clone(line))
		}
	})
	slices.SortStableFunc(lines, func(a, b []byte) int { return strings.Compare(timeOf(a), timeOf(b)) })
	for range 60 {
		lines = slices.Insert(lines, rng.IntN(len(lines)), []byte(`{"model":"flights-delay","ts":`), []byte("null and void"))
	}
	for i := range lines { // a log is nearly in order
		if rng.IntN(4) == 0 {
			j := min(len(lines)-1, i+rng.IntN(200))
			lines[i], lines[j] = lines[j], lines[i]
		}
	}
	return lines
}

func mutate(t testing.TB, line []byte, rng *rand.Rand) []byte {
	var x map[string]any
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if err := d.Decode(&x); err != nil {
		t.Fatal(err)
	}
	f := x["features"].(map[string]any)
	for _, change := range []func(){
		func() { f["temp"] = "NaN" },
		func() { f["temp"] = "warm" },
		func() { f["distance"] = json.Number("1e400") },
		func() { f["distance"] = json.Number("-0") },
		func() { f["humid"] = true },
		func() { delete(f, "visib") },
		func() { f["dest"] = "Zürich" },
		func() { f["dest"] = json.Number("12") },
		func() { f["carrier"] = nil },
		func() { f["near_holiday"] = "true" },
		func() { delete(x, "score") },
		func() { x["prediction"] = nil },
		func() { x["label"] = json.Number("1") },
		func() { x["kind"] = "request"; delete(x, "prediction"); delete(x, "score"); delete(x, "runtime") },
		func() { x["kind"] = "response"; delete(x, "features") },
	} {
		if rng.IntN(60) == 0 {
			change()
		}
	}
	if rng.IntN(4) == 0 {
		x["version"] = "2"
	}
	out, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// span is the time between a log's first and last record, for each version.
func span(lines [][]byte) map[string][2]time.Time {
	first, last := "9999", ""
	for _, line := range lines {
		if ts := timeOf(line); ts != "" {
			first, last = min(first, ts), max(last, ts)
		}
	}
	a, _ := time.Parse(time.RFC3339, first)
	b, _ := time.Parse(time.RFC3339, last)
	return map[string][2]time.Time{"1": {a, b}, "2": {a, b}}
}

func quickHouse(t *testing.T) *house {
	h := newHouse(t)
	h.baseline(t, "1", filepath.Join(example, "baseline.ndjson.gz"))
	h.baseline(t, "2", filepath.Join(example, "shadow-v2.ndjson.gz"))
	return h
}

// quickStore flushes often, and leaves something that is not durable for every kill. Nothing is judged.
const quickStore = "rule_files: []\nevaluation: {interval: 24h}\nstore: {flush_interval: 1h, flush_records: 250, retention: {samples: 400d}}\n"

func TestFileSurvivesKills(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	h := quickHouse(t)
	lines := mixed(t, rng)
	parts, by := split(lines, 4), appended{h.path("log.ndjson")}
	r := recount.New(h.model, queries(span(lines), 1, rng))
	count(r, by, parts)
	file := h.config(t, by, quickStore)
	throughKills(t, file, by, parts, rng, nil)
	killed := compare(t, file, r)
	if err := os.RemoveAll(h.path("data")); err != nil {
		t.Fatal(err)
	}
	if s := untilIdle(t, file); s.Records.Read != r.Read || s.Records.Read-s.Records.Folded != r.Rejected {
		t.Errorf("read %d, folded %d; recounted %d, of which %d rejected", s.Records.Read, s.Records.Folded, r.Read, r.Rejected)
	}
	same(t, file, r, killed)
}

func TestKafkaSurvivesKills(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	h := quickHouse(t)
	lines := mixed(t, rng)
	parts, by := split(lines, 2), newTopic(t, kafkatest.StartFake(t), "inference", 2)
	r := recount.New(h.model, queries(span(lines), 0, rng))
	count(r, by, parts)
	file := h.config(t, by, quickStore)
	throughKills(t, file, by, parts, rng, nil)
	compare(t, file, r)
}
