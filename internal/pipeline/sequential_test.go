package pipeline

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"plumbline"
	"plumbline/collectors"
	"plumbline/collectors/decode"
	"plumbline/profiles"
	"plumbline/rules"
	"plumbline/store/storetest"
)

// sequentialExamples are the rules of the guide to sequential detectors.
func sequentialExamples(t *testing.T) []rules.Group {
	t.Helper()
	guide := string(must(os.ReadFile("../../docs/sequential.md")))
	_, rest, ok := strings.Cut(guide, "```yaml\n")
	text, _, closed := strings.Cut(rest, "```")
	groups, problems := rules.Parse("docs/sequential.md", []byte(text), rules.Catalogue{Functions: Functions()})
	if !ok || !closed || len(problems) > 0 || len(groups) != 2 {
		t.Fatalf("%d groups, %v", len(groups), problems)
	}
	return groups
}

// By the guide's example one shift is one alert, from soon after it begins until soon after it ends, though most of the rows in between
// are ordinary: of six days one in three amounts is in cents.
func TestAShiftIsOneAlert(t *testing.T) {
	m := plumbline.Model{Name: "credit"}
	rng := rand.New(rand.NewPCG(4, 2))
	record := func(at time.Time, unit float64) string {
		u := rng.Float64()
		return fmt.Sprintf(`{"model":"credit","version":"1","ts":%q,"features":{"amount":%g,"age":%g},"prediction":0}`, at.Format(time.RFC3339), unit*(500+9500*u*u), 20+45*rng.Float64())
	}
	b, d := profiles.NewBuilder(&m), decode.New(decode.DefaultLimits())
	var r plumbline.Record
	start := t0.Truncate(Day)
	for i := range 28 * 180 {
		at := start.Add(time.Duration(i-28*180) * 8 * time.Minute)
		if reject := d.Decode(&r, []byte(record(at, 1)), at); reject != nil {
			t.Fatal(reject)
		}
		b.Add(&r)
	}
	m.Baseline.File = writeFile(t, "credit.json", must(must(b.Build(wall, "credit")).Write()))
	const begin, end, days = 2, 8, 10
	var log []collectors.Message
	for i := range days * 288 {
		at, unit := start.Add(time.Duration(i)*5*time.Minute), 1.0
		if i >= begin*288 && i < end*288 && rng.Float64() < 1./3 {
			unit = 100
		}
		log = append(log, collectors.Message{Offset: int64(i), Value: []byte(record(at, unit))})
	}
	s := storetest.Memory()
	registry := NewRegistry(s, []plumbline.Model{m}, testRegistryOptions(), quiet)
	feed(t, NewCollector(s, registry, testOptions(), quiet), part(0), log)
	engine := rules.NewEngine(sequentialExamples(t)[0], nil)
	source := NewReadings(s, registry, true)
	var told []string
	for i := range days * 48 {
		at := start.Add(time.Duration(i+1) * 30 * time.Minute)
		res, err := engine.Eval(t.Context(), at, source)
		if err != nil || len(res.Errors) > 0 {
			t.Fatal(err, res.Errors)
		}
		for _, e := range res.Transitions {
			if e.Alert.Name == "InputShifted" {
				told = append(told, fmt.Sprintf("%s %s after %.1f days", e.Alert.Labels["feature"], e.Edge, at.Sub(start).Hours()/24))
			}
		}
	}
	if got := strings.Join(told, ", "); len(told) != 2 || !strings.HasPrefix(got, "amount firing after 2.") || !strings.Contains(got, "amount resolved after 8.") {
		t.Errorf("told of a shift from day %d to day %d: %s", begin, end, got)
	}
}
