package decode

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"plumbline"
)

func num(f float64) plumbline.Value { return plumbline.Value{Kind: plumbline.Number, Num: f} }
func str(s string) plumbline.Value  { return plumbline.Value{Kind: plumbline.String, Str: s} }
func kindOnly(k plumbline.ValueKind) plumbline.Value {
	return plumbline.Value{Kind: k}
}

// same compares records: floats by their bits, times as instants, no slice as an empty one.
var same = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.Comparer(func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }),
}

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// TestSurface decodes the examples of the documented format.
func TestSurface(t *testing.T) {
	f := func(msg string, want plumbline.Record) {
		t.Helper()
		var got plumbline.Record
		if reject := New(DefaultLimits()).Decode(&got, []byte(msg), time.Time{}); reject != nil {
			t.Fatal(reject)
		}
		if diff := cmp.Diff(want, got, same); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	}
	f(`{"id":"2013-03-01-UA-1545-EWR","model":"flights-delay","version":"1","ts":"2013-03-01T08:15:00Z","features":{"distance":1400,"carrier":"UA","wind_gust":null},
 "prediction":0,"score":0.18,"scores":{"0":0.82,"1":0.18},"label":0,"segments":{"origin":"EWR"},"runtime":{"latency_ms":3.1,"status":"ok","memory_mb":210},"session":"s1","weight":1,"deployment":"shadow"}`,
		plumbline.Record{
			Deployment: plumbline.Shadow, ID: "2013-03-01-UA-1545-EWR", Model: "flights-delay", Version: "1", Session: "s1",
			Time: time.Date(2013, 3, 1, 8, 15, 0, 0, time.UTC), Weight: 1,
			Features:   []plumbline.Field{{Name: "distance", Value: num(1400)}, {Name: "carrier", Value: str("UA")}, {Name: "wind_gust"}},
			Prediction: num(0), Score: num(0.18), Scores: []plumbline.Score{{Class: "0", Value: 0.82}, {Class: "1", Value: 0.18}},
			Label: num(0), Segments: []plumbline.Segment{{Name: "origin", Value: "EWR"}},
			Runtime: plumbline.Runtime{Status: "ok", Facts: []plumbline.Field{{Name: "latency_ms", Value: num(3.1)}, {Name: "memory_mb", Value: num(210)}}},
		})
	f(`{"kind":"label","model":"flights-delay","id":"2013-03-01-UA-1545-EWR","label":1,"ts":"2013-03-01T17:02:00Z"}`,
		plumbline.Record{Kind: plumbline.Label, ID: "2013-03-01-UA-1545-EWR", Model: "flights-delay",
			Time: time.Date(2013, 3, 1, 17, 2, 0, 0, time.UTC), Weight: 1, Label: num(1)})
}

// TestMembers checks what each member may be. The record around it has a model and a prediction.
func TestMembers(t *testing.T) {
	d := New(DefaultLimits())
	f := func(members string, set func(*plumbline.Record)) {
		t.Helper()
		want := plumbline.Record{Model: "m", Time: noon, Weight: 1, Prediction: num(1)}
		set(&want)
		var got plumbline.Record
		if reject := d.Decode(&got, []byte(` {"model":"m","prediction":1,`+members+"}\n"), noon); reject != nil {
			t.Errorf("%s: %v", members, reject)
			return
		}
		if diff := cmp.Diff(want, got, same); diff != "" {
			t.Errorf("%s: -want +got\n%s", members, diff)
		}
	}
	type R = *plumbline.Record
	feature := func(vs ...plumbline.Value) func(R) {
		return func(r R) {
			for i, v := range vs {
				r.Features = append(r.Features, plumbline.Field{Name: string(rune('a' + i)), Value: v})
			}
		}
	}
	nothing := func(R) {}

	f(`"id":17`, func(r R) { r.ID = "17" })
	f(`"id":-1.50e2`, func(r R) { r.ID = "-1.50e2" })
	f(`"id":null,"version":null,"ts":null,"kind":null,"deployment":null,"features":null,"score":null,"scores":null,"label":null,"segments":null,"runtime":null,"session":null,"weight":null`, nothing)
	f(`"id":"\u00e4\ud83d\ude00\n\"\\\/"`, func(r R) { r.ID = "ä😀\n\"\\/" })
	f(`"id":"\ud83dx\udc00"`, func(r R) { r.ID = "\ufffdx\ufffd" })
	f(`"version":2.0`, func(r R) { r.Version = "2.0" })
	f(`"session":5`, func(r R) { r.Session = "5" })
	f(`"deployment":"canary"`, func(r R) { r.Deployment = plumbline.Canary })
	f(`"deployment":"live"`, nothing)
	f(`"kind":"request"`, func(r R) { r.Kind = plumbline.Request })
	f(`"weight":2.5`, func(r R) { r.Weight = 2.5 })

	f(`"features":{}`, nothing)
	f(`"features":{"a":true,"b":false,"c":-0,"d":1e400,"e":-1e400,"f":1e-400}`,
		feature(plumbline.Value{Kind: plumbline.Bool, Num: 1}, kindOnly(plumbline.Bool), num(math.Copysign(0, -1)), kindOnly(plumbline.Invalid), kindOnly(plumbline.Invalid), num(0)))
	f(`"features":{"a":NaN,"b":nan,"c":-nan,"d":Infinity,"e":-Infinity,"f":inf,"g":"NaN","h":"inf"}`,
		feature(kindOnly(plumbline.NaN), kindOnly(plumbline.NaN), kindOnly(plumbline.NaN), kindOnly(plumbline.Invalid), kindOnly(plumbline.Invalid), kindOnly(plumbline.Invalid), str("NaN"), str("inf")))
	f(`"features":{"a":[3,4],"b":[],"c":[1,null],"d":[1,NaN],"e":[[1,2],[3]],"f":{"x":{"y":[]}},"g":[1,"2"],"h":[1e200,0],"i":[1e308,1e308,1e308,1e308]}`,
		feature(plumbline.Value{Kind: plumbline.Vector, Num: 5, Len: 2, Str: "[3,4]"}, kindOnly(plumbline.Invalid), kindOnly(plumbline.Invalid), kindOnly(plumbline.Invalid), kindOnly(plumbline.Invalid),
			kindOnly(plumbline.Invalid), kindOnly(plumbline.Invalid), plumbline.Value{Kind: plumbline.Vector, Num: 1e200, Len: 2, Str: "[1e200,0]"}, kindOnly(plumbline.Invalid)))

	f(`"prediction":"yes"`, func(r R) { r.Prediction, r.Duplicates = str("yes"), 1 })
	f(`"prediction":[1],"label":{}`, func(r R) {
		r.Prediction, r.Label, r.Duplicates = plumbline.Value{Kind: plumbline.Vector, Num: 1, Len: 1, Str: "[1]"}, kindOnly(plumbline.Invalid), 1
	})
	f(`"score":"NaN"`, func(r R) { r.Score = kindOnly(plumbline.NaN) })
	f(`"score":1e400`, func(r R) { r.Score = kindOnly(plumbline.Invalid) })
	f(`"scores":{"a":0.5,"b":null}`, func(r R) { r.Scores = []plumbline.Score{{Class: "a", Value: 0.5}} })
	f(`"scores":{"a":0.5,"b":NaN}`, func(r R) { r.Score = kindOnly(plumbline.NaN) })
	f(`"scores":{"a":1e400,"b":NaN},"score":0.5`, func(r R) { r.Score = num(0.5) })
	f(`"scores":{"a":1e400,"a":0.25}`, func(r R) { r.Scores, r.Duplicates = []plumbline.Score{{Class: "a", Value: 0.25}}, 1 })
	f(`"segments":{"a":"x","b":1.50,"c":true,"d":null,"e":NaN}`, func(r R) {
		r.Segments = []plumbline.Segment{{Name: "a", Value: "x"}, {Name: "b", Value: "1.50"}, {Name: "c", Value: "true"}}
	})
	f(`"segments":{"a":"x","b":"y","a":null}`, func(r R) { r.Segments, r.Duplicates = []plumbline.Segment{{Name: "b", Value: "y"}}, 1 })
	f(`"runtime":{"status":"error","latency_ms":1,"host":"h","up":true,"gpu":{"a":[1]},"cpu_ms":"nan","queue_ms":null}`, func(r R) {
		r.Runtime = plumbline.Runtime{Status: "error", Facts: []plumbline.Field{{Name: "latency_ms", Value: num(1)}, {Name: "cpu_ms", Value: kindOnly(plumbline.NaN)}}}
	})

	// A name in two objects is not a duplicate; a member that comes again replaces all of the earlier one.
	f(`"features":{"x":1,"a":2,"x":"3"},"segments":{"x":"y"},"scores":{"x":1}`, func(r R) {
		r.Features = []plumbline.Field{{Name: "x", Value: str("3")}, {Name: "a", Value: num(2)}}
		r.Segments, r.Scores, r.Duplicates = []plumbline.Segment{{Name: "x", Value: "y"}}, []plumbline.Score{{Class: "x", Value: 1}}, 1
	})
	f(`"features":{"a":1,"b":2},"features":{"a":3}`, func(r R) { feature(num(3))(r); r.Duplicates = 1 })
	f(`"label":1,"label":null`, func(r R) { r.Duplicates = 1 })
	f(`"unknown":{"deep":[{"a":1,"a":"\u0041"},[[]],-1.5e+7,"é",true,null,NaN]},"":0`, nothing)
	f(`"features":{"a\"b":1,"\u0061":2}`, func(r R) {
		r.Features = []plumbline.Field{{Name: `a"b`, Value: num(1)}, {Name: "a", Value: num(2)}}
	})
	// The name a"b is known by now; what follows must not be taken for it.
	f(`"features":{"a\"b":1,"a":2}`, func(r R) {
		r.Features = []plumbline.Field{{Name: `a"b`, Value: num(1)}, {Name: "a", Value: num(2)}}
	})
}

func TestRejects(t *testing.T) {
	const around = `"model":"m","prediction":1`
	long := strings.Repeat("x", 5000)
	cases := map[plumbline.Reason][]string{
		plumbline.ReasonSyntax: {` `, `[]`, `1`, `"a"`, `null`, `{`, `{]`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `{"a":1 "b":2}`, `{"a":01}`, `{"a":1.}`, `{"a":.5}`, `{"a":1e}`,
			`{"a":+1}`, `{"a":-}`, `{"a":tru}`, `{"a":nul}`, `{"a":Nope}`, `{"a":--nan}`, `{"a":1.#IND}`, `{"a":nan(1)}`, `{NaN:1}`, `{"a":"` + "\n" + `"}`, `{"a":"\x41"}`, `{"a":"\u12g4"}`, `{"a":"\u12`,
			`{"a":"b`, `{"a":"b\`, `{'a':1}`, `{"a":[1,]}`, `{"a":[1}}`, `{"a":{"b":1]}`, `{` + around + `} x`, `{` + around + `}{}`, "\ufeff{" + around + `}`, `{` + around + `,"features":{"a":1`},
		plumbline.ReasonTombstone:    {``},
		plumbline.ReasonTooLarge:     {`{` + around + `}` + strings.Repeat(" ", 1<<20)},
		plumbline.ReasonTooDeep:      {`{"a":` + strings.Repeat("[", 16), `{"a":` + strings.Repeat(`{"a":`, 500_000/5), `{"features":{"a":` + strings.Repeat("[", 15)},
		plumbline.ReasonTooManyKeys:  {`{` + strings.Repeat(`"a":1,`, 2001) + `}`, `{"features":{` + strings.Repeat(`"a":1,`, 2001) + `}`, `{"u":{` + strings.Repeat(`"a":1,`, 2001) + `}`},
		plumbline.ReasonStringLength: {`{"id":"` + long + `"}`, `{"u":"` + long + `"}`, `{"u":"\n` + long + `"}`, `{"features":{"` + long[:257] + `":1}}`, `{"` + long[:257] + `":1}`, `{"version":"` + long[:257] + `"}`},
		plumbline.ReasonNumberLength: {`{"features":{"a":1` + strings.Repeat("0", 64) + `}}`, `{"u":0.` + strings.Repeat("0", 64) + `}`},
		plumbline.ReasonUTF8:         {"{\"a\":\"\xff\"}", "{\"\xc3\":1}", "{\"a\":\"\\n\xed\xa0\x80\"}"},
		plumbline.ReasonType: {`{"id":true}`, `{"id":NaN}`, `{"id":[]}`, `{"id":{}}`, `{"version":false}`, `{"version":"a\nb"}`, `{"model":1}`, `{"model":["m"]}`, `{"ts":true}`, `{"ts":[1]}`, `{"ts":{}}`, `{"kind":1}`, `{"deployment":1}`,
			`{"deployment":"blue"}`, `{"features":1}`, `{"features":[1]}`, `{"features":"x"}`, `{"features":{"a\u0007":1}}`, `{"score":"x"}`, `{"score":true}`, `{"score":[1]}`, `{"score":{}}`, `{"scores":[1]}`, `{"scores":{"a":"x"}}`,
			`{"scores":{"a":{}}}`, `{"segments":[]}`, `{"segments":{"a":[]}}`, `{"segments":{"a":{}}}`, `{"runtime":"ok"}`, `{"session":[]}`, `{"weight":0}`, `{"weight":-1}`, `{"weight":1e400}`, `{"weight":NaN}`, `{"weight":"1"}`},
		plumbline.ReasonKind:    {`{"kind":"whole"}`, `{"kind":""}`, `{"kind":"Label"}`},
		plumbline.ReasonNoModel: {`{}`, `{"prediction":1}`, `{"model":""}`, `{"model":null,"prediction":1}`, `{"model":"a\u0000"}`, `{"model":"a\u009b"}`, `{"model":"` + long[:257] + `"}`},
		plumbline.ReasonEmpty: {`{"model":"m"}`, `{"model":"m","features":{}}`, `{"model":"m","prediction":null,"label":null,"scores":{}}`, `{"model":"m","id":"1","kind":"label","features":{"a":1}}`,
			`{"model":"m","runtime":{"status":"error"}}`, `{"model":"m","kind":"response","runtime":{}}`},
		plumbline.ReasonLabelID: {`{"model":"m","kind":"label","label":1}`, `{"model":"m","kind":"label","label":1,"id":""}`},
		plumbline.ReasonTimestamp: {`{"ts":"yesterday"}`, `{"ts":""}`, `{"ts":"2026-05-01"}`, `{"ts":"2026-05-01T12:00:00"}`, `{"ts":"2026-02-29T12:00:00Z"}`, `{"ts":"2026-13-01T12:00:00Z"}`, `{"ts":"2026-05-01T24:00:00Z"}`,
			`{"ts":-1}`, `{"ts":1e300}`, `{"ts":NaN}`, `{"ts":1e400}`, `{"ts":9999999999}`, `{"ts":9999999999999999999}`, `{"ts":"1969-12-31T23:59:59Z"}`, `{"ts":"2263-01-01T00:00:00Z"}`, `{"ts":"1700000000"}`},
	}
	d := New(DefaultLimits())
	var r plumbline.Record
	for reason, messages := range cases {
		for _, msg := range messages {
			reject := d.Decode(&r, []byte(msg), noon)
			if reject == nil || reject.Reason != reason {
				t.Errorf("%.200q: got %v, want %s", msg, reject, reason)
			}
			if reject != nil && strings.Contains(reject.Detail, "xxx") {
				t.Errorf("%.200q: the detail %q has a value of the record", msg, reject.Detail)
			}
		}
	}
	if reject := d.Decode(&r, []byte(`{`+around+`}`), time.Time{}); reject == nil || reject.Reason != plumbline.ReasonNoTimestamp {
		t.Errorf("got %v, want no_timestamp", reject)
	}
	// At every limit a record is still good.
	for _, msg := range []string{
		`{` + around + `,"u":` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + `}`,
		`{` + around + strings.Repeat(`,"a":1`, 1998) + `}`,
		`{` + around + `,"id":"` + long[:4096] + `","features":{"` + long[:256] + `":1` + strings.Repeat("0", 63) + `}}`,
		`{` + around + `}` + strings.Repeat(" ", 1<<20-len(around)-2),
		`{"model":"` + long[:256] + `","kind":"response","runtime":{"status":"error"}}`,
	} {
		if reject := d.Decode(&r, []byte(msg), noon); reject != nil {
			t.Errorf("%.100q: %v", msg, reject)
		}
	}
}

// TestNamesAreBounded floods a decoder with names that never come again.
func TestNamesAreBounded(t *testing.T) {
	d := New(DefaultLimits())
	var r plumbline.Record
	for i := range 100 {
		msg := []byte(`{"model":"m","features":{`)
		for k := range 1000 {
			msg = fmt.Appendf(msg, `"%d-%d":%d,`, i, k, k)
		}
		msg = append(msg, `"0-0":-1}}`...)
		if reject := d.Decode(&r, msg, noon); reject != nil {
			t.Fatal(reject)
		}
		duplicates := 0
		if i == 0 {
			duplicates = 1
		}
		if len(r.Features) != 1001-duplicates || r.Duplicates != duplicates {
			t.Fatalf("record %d: %d features, %d duplicates", i, len(r.Features), r.Duplicates)
		}
		if got := len(d.names.list); got > maxNames+2000 {
			t.Fatalf("%d names are remembered", got)
		}
	}
}

// TestNamesSurviveMessages overwrites messages after decoding: names must not change with them.
func TestNamesSurviveMessages(t *testing.T) {
	d := New(DefaultLimits())
	var r plumbline.Record
	msg := []byte(`{"model":"mod","version":"v1","features":{"abc":1},"segments":{"seg":"x\ty"},"runtime":{"lat":1},"scores":{"cls":1}}`)
	if reject := d.Decode(&r, msg, noon); reject != nil {
		t.Fatal(reject)
	}
	clear(msg)
	got := []string{r.Model, r.Version, r.Features[0].Name, r.Segments[0].Name, r.Segments[0].Value, r.Runtime.Facts[0].Name, r.Scores[0].Class}
	if diff := cmp.Diff([]string{"mod", "v1", "abc", "seg", "x\ty", "lat", "cls"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAllocations(t *testing.T) {
	d, lines := New(DefaultLimits()), flights(t)
	var r plumbline.Record
	k := 0
	decode := func() {
		if reject := d.Decode(&r, lines[k%len(lines)], time.Time{}); reject != nil {
			t.Fatal(reject)
		}
		k++
	}
	for range lines {
		decode()
	}
	if n := testing.AllocsPerRun(10*len(lines), decode); n > 0 {
		t.Errorf("%v allocations per record, want none", n)
	}
}
