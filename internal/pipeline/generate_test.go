package pipeline

import (
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"plumbline"
	"plumbline/collectors"
	"plumbline/collectors/decode"
	"plumbline/profiles"
)

// t0 is where the tests' event times begin; wall is the wall clock beside it.
var (
	t0   = time.Date(2013, 7, 1, 9, 0, 0, 0, time.UTC)
	wall = t0.AddDate(0, 1, 0)
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// observed is an Observer that counts. Only its fields that a test names are of interest.
type nobody struct{}

func (nobody) Records(string, string, int)            {}
func (nobody) Rejected(string, plumbline.Reason, int) {}
func (nobody) Late(string, int)                       {}
func (nobody) Dropped(string, int)                    {}
func (nobody) Flushed(time.Duration, int, int, error) {}
func (nobody) Lag(plumbline.Partition, int64)         {}
func (nobody) Newest(time.Time)                       {}

func testOptions() CollectorOptions {
	return CollectorOptions{Limits: decode.DefaultLimits(), FlushInterval: 1000 * time.Hour, FlushRecords: 1 << 30, MaxOpenPanes: 64, MaxSlices: 1000,
		Lateness: 30 * time.Second, Retention: 40 * 24 * time.Hour, Samples: SampleOptions{Rate: 1}, Now: func() time.Time { return wall }, Observe: nobody{}}
}

func testRegistryOptions() RegistryOptions {
	return RegistryOptions{AutoRegister: true, MaxModels: 100, CreatedClock: func() time.Time { return wall }}
}

// testModels: one declared with a baseline file, slices and panes of five minutes, one with slices only. Others are undeclared.
func testModels(t testing.TB) []plumbline.Model {
	low := 0.0
	base := plumbline.Model{Name: "declared", Task: plumbline.TaskBinary, Positive: "1", Pane: 5 * time.Minute,
		Features: []plumbline.Feature{{Name: "x", Type: plumbline.TypeNumber, Min: &low}, {Name: "secret", Type: plumbline.TypeCategory, PII: true}},
		Slices:   [][]string{{"carrier"}, {"carrier", "origin"}}}
	base.Baseline.File = writeBaseline(t, &base, "1", 500)
	return []plumbline.Model{base, {Name: "sliced", Slices: [][]string{{"origin"}}, Pane: time.Hour}}
}

// writeBaseline makes a baseline file of n generated records.
func writeBaseline(t testing.TB, m *plumbline.Model, version string, n int) string {
	t.Helper()
	g := newGenerator(99)
	b := profiles.NewBuilder(m)
	d := decode.New(decode.DefaultLimits())
	var r plumbline.Record
	for i := range n {
		body := g.whole(m.Name, version, t0.Add(time.Duration(i)*time.Second))
		if reject := d.Decode(&r, []byte(body), time.Time{}); reject != nil {
			t.Fatalf("%s: %v", body, reject)
		}
		b.Add(&r)
	}
	base, err := b.Build(wall, "generated")
	if err != nil {
		t.Fatal(err)
	}
	base.Version = version
	body, err := base.Write()
	if err != nil {
		t.Fatal(err)
	}
	return writeFile(t, "baseline.json", body)
}

// generator makes messages: mostly good ones in order of time, some late, some that must be refused.
type generator struct {
	*rand.Rand
	at  time.Time
	ids int
}

func newGenerator(seed uint64) *generator {
	return &generator{Rand: rand.New(rand.NewPCG(seed, 7)), at: t0}
}

func pick[T any](g *generator, of ...T) T { return of[g.IntN(len(of))] }

func (g *generator) features() string {
	var b strings.Builder
	b.WriteByte('{')
	add := func(name, value string) {
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", name, value)
	}
	add("x", pick(g, fmt.Sprint(g.NormFloat64()*10), fmt.Sprint(g.IntN(50)), "null", "NaN", `"nan"`, "1e400", fmt.Sprint(g.Float64())))
	add("carrier", pick(g, `"UA"`, `"DL"`, `"B6"`, "null"))
	add("secret", fmt.Sprintf(`"s%d"`, g.IntN(20)))
	if g.IntN(2) == 0 {
		add("flag", pick(g, "true", "false"))
	}
	if g.IntN(5) == 0 {
		add("mixed", pick(g, "3", `"three"`, "true", "[1,2]", "-0"))
	}
	if g.IntN(3) == 0 {
		add(fmt.Sprintf("rare%d", g.IntN(6)), fmt.Sprint(g.ExpFloat64()*1e6))
	}
	b.WriteByte('}')
	return b.String()
}

func (g *generator) answer() string {
	s := fmt.Sprintf(`"prediction":%s`, pick(g, "0", "1", "1.0", `"1"`, "null"))
	if g.IntN(3) > 0 {
		s += fmt.Sprintf(`,"score":%.6f`, g.Float64())
	}
	return s + fmt.Sprintf(`,"runtime":{"latency_ms":%.3f,"status":%s}`, g.ExpFloat64()*5, pick(g, `"ok"`, `"ok"`, `"timeout"`))
}

func (g *generator) rest(model, version string, ts time.Time) string {
	s := fmt.Sprintf(`"model":%q,"version":%q,"ts":%q`, model, version, ts.Format(time.RFC3339Nano))
	if g.IntN(10) > 0 {
		s += fmt.Sprintf(`,"id":"id%d"`, g.id())
	}
	if g.IntN(3) == 0 {
		s += fmt.Sprintf(`,"session":"s%d"`, g.IntN(10))
	}
	if g.IntN(3) > 0 {
		s += fmt.Sprintf(`,"segments":{"origin":%s}`, pick(g, `"EWR"`, `"JFK"`, `"a,b=c%"`))
	}
	return s
}

// id is mostly new, sometimes one of the last few.
func (g *generator) id() int {
	if g.IntN(4) > 0 {
		g.ids++
	}
	return max(0, g.ids-g.IntN(4))
}

func (g *generator) whole(model, version string, ts time.Time) string {
	s := fmt.Sprintf(`{%s,"features":%s,%s`, g.rest(model, version, ts), g.features(), g.answer())
	if g.IntN(4) == 0 {
		s += fmt.Sprintf(`,"label":%s`, pick(g, "0", "1", `"1"`))
	}
	return s + "}"
}

// time moves on by seconds, sometimes by hours, and now and then lies in the past.
func (g *generator) time() time.Time {
	switch g.IntN(40) {
	case 0:
		g.at = g.at.Add(time.Duration(g.IntN(20)) * time.Hour)
	case 1, 2, 3, 4:
		return g.at.Add(-time.Duration(g.IntN(3*60)) * time.Minute)
	case 5:
		return g.at.Add(-time.Duration(g.IntN(60*24)) * time.Hour)
	default:
		g.at = g.at.Add(time.Duration(g.IntN(50_000)) * time.Millisecond)
	}
	return g.at
}

// message is one message without its offset.
func (g *generator) message() collectors.Message {
	model, version := pick(g, "declared", "declared", "sliced", "stray"), pick(g, "1", "1", "2", "")
	ts := g.time()
	text := ""
	switch g.IntN(30) {
	case 0:
		text = pick(g, "{", "nonsense", "[]", `{"model":"stray"}`, `{"model":"stray","kind":"label","label":1,"ts":1}`, `{"features":{"x":1},"ts":1372672800}`,
			`{"model":"stray","features":{"x":1},"ts":"yesterday"}`, `{"model":"stray","features":{"x":1},"kind":"whatever"}`, "{\"model\":\"\xff\"}",
			`{"model":"stray","features":[1]}`, strings.Repeat("[", 100), "")
	case 1:
		ts = wall.Add(time.Duration(1+g.IntN(100)) * time.Hour) // the future
		text = g.whole(model, version, ts)
	case 2:
		return collectors.Message{Reject: pick(g, plumbline.ReasonTooLarge, plumbline.ReasonCorrupt)}
	case 3:
		text = fmt.Sprintf(`{%s,"features":%s}`, g.rest(model, version, time.Unix(0, 0)), g.features()) // too old
	case 4, 5, 6:
		text = fmt.Sprintf(`{"kind":"request",%s,"features":%s}`, g.rest(model, version, ts), g.features())
	case 7, 8, 9:
		text = fmt.Sprintf(`{"kind":"response",%s,%s}`, g.rest(model, version, ts), g.answer())
	case 10, 11, 12:
		text = fmt.Sprintf(`{"kind":"label","model":%q,"id":"id%d","label":%s,"ts":%q}`, pick(g, model, model, "labels only"), g.id(), pick(g, "0", "1", "true"),
			ts.Add(time.Duration(g.IntN(1000))*time.Minute).Format(time.RFC3339))
	case 13:
		m := collectors.Message{Time: ts}
		m.Value = []byte(fmt.Sprintf(`{"model":%q,"version":%q,"features":%s,"prediction":1}`, model, version, g.features())) // the transport's time
		if g.IntN(3) == 0 {
			m.Time = time.Time{} // and none
		}
		return m
	default:
		text = g.whole(model, version, ts)
	}
	return collectors.Message{Value: []byte(text)}
}

// log is n messages of one partition, with gaps between offsets.
func (g *generator) log(n int) []collectors.Message {
	out := make([]collectors.Message, n)
	offset := int64(g.IntN(5))
	g.at = t0.Add(time.Duration(g.IntN(3600)) * time.Second)
	for i := range out {
		out[i] = g.message()
		out[i].Offset = offset
		offset += 1 + int64(max(0, g.IntN(12)-9))
	}
	return out
}
