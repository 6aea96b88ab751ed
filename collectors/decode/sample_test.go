package decode

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline"
)

func assertSame(t *testing.T, want, got *plumbline.Record) {
	t.Helper()
	if diff := cmp.Diff(*want, *got, same); diff != "" {
		t.Fatalf("-want +got\n%s", diff)
	}
}

// TestAppendRecord writes and reads records; TestReference does the same with every record it takes.
func TestAppendRecord(t *testing.T) {
	d := New(DefaultLimits())
	var r, got plumbline.Record
	for _, line := range append(flights(t), wide(10)...) {
		if reject := d.Decode(&r, line, noon); reject != nil {
			t.Fatal(reject)
		}
		written := AppendRecord([]byte("before"), &r, nil)[len("before"):]
		if reject := New(DefaultLimits()).Decode(&got, written, time.Time{}); reject != nil {
			t.Fatalf("%s: %v", written, reject)
		}
		assertSame(t, &r, &got)
	}
}

// TestAppendRecordIsJSON writes what JSON has no words for.
func TestAppendRecordIsJSON(t *testing.T) {
	r := plumbline.Record{Model: "m\"\\\x00\x7f\xffä\u2028", Time: time.Date(2026, 5, 1, 14, 0, 0, 1, time.FixedZone("", 7200)), Weight: math.NaN(),
		Features:   []plumbline.Field{{Name: "a", Value: kindOnly(plumbline.NaN)}, {Name: "b", Value: kindOnly(plumbline.Invalid)}, {Name: "c", Value: num(math.Inf(-1))}, {Name: "d", Value: num(1e21)}},
		Prediction: plumbline.Value{Kind: plumbline.Vector, Num: 5, Len: 3}}
	const want = `{"model":"m\"\\\u0000` + "\x7f\ufffdä\u2028" + `","ts":"2026-05-01T12:00:00.000000001Z","features":{"a":"NaN","b":1e999,"c":1e999,"d":1e+21},"prediction":[5,0,0],"weight":"NaN"}`
	got := AppendRecord(nil, &r, nil)
	if diff := cmp.Diff(want, string(got)); diff != "" || !json.Valid(got) {
		t.Error(diff)
	}
}

func TestAppendRecordExcludes(t *testing.T) {
	r := plumbline.Record{Model: "m", Weight: 1, Label: num(1),
		Features: []plumbline.Field{{Name: "ssn", Value: str("078-05-1120")}, {Name: "age", Value: num(30)}},
		Segments: []plumbline.Segment{{Name: "country", Value: "de"}, {Name: "ssn", Value: "078-05-1120"}}}
	got := string(AppendRecord(nil, &r, func(name string) bool { return name == "ssn" }))
	if want := `{"model":"m","features":{"age":30},"label":1,"segments":{"country":"de"}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if strings.Contains(got, "078") {
		t.Error("an excluded value was written")
	}
}
