package decode

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"plumbline"
)

func TestTimestamps(t *testing.T) {
	d := New(DefaultLimits())
	f := func(ts, want string) {
		t.Helper()
		var r plumbline.Record
		if reject := d.Decode(&r, []byte(`{"model":"m","label":1,"ts":`+ts+`}`), time.Time{}); reject != nil {
			t.Errorf("%s: %v", ts, reject)
		} else if got := r.Time.Format(time.RFC3339Nano); got != want {
			t.Errorf("%s: got %s, want %s", ts, got, want)
		}
	}
	f(`"2026-05-01T12:00:00Z"`, "2026-05-01T12:00:00Z")
	f(`"2026-05-01t12:00:00z"`, "2026-05-01T12:00:00Z")
	f(`"2026-05-01 12:00:00+00:00"`, "2026-05-01T12:00:00Z")
	f(`"2026-05-01T12:00:00.1+02:00"`, "2026-05-01T10:00:00.1Z")
	f(`"2024-02-29T23:59:59.1234567899-09:30"`, "2024-03-01T09:29:59.123456789Z")
	f(`"1970-01-01T00:00:00Z"`, "1970-01-01T00:00:00Z")
	f(`"2262-04-11T23:47:15Z"`, "2262-04-11T23:47:15Z")
	f(`0`, "1970-01-01T00:00:00Z")
	f(`1777636800`, "2026-05-01T12:00:00Z")
	f(`1777636800.123456789`, "2026-05-01T12:00:00.123456789Z")
	f(`1777636800.5000000000000001`, "2026-05-01T12:00:00.5Z")
	f(`1777636800123`, "2026-05-01T12:00:00.123Z")
	f(`1777636800123.456`, "2026-05-01T12:00:00.123456Z")
	f(`1777636800123456`, "2026-05-01T12:00:00.123456Z")
	f(`1777636800123456789`, "2026-05-01T12:00:00.123456789Z")
	f(`1.7776368e9`, "2026-05-01T12:00:00Z")
	f(`1.777636800123e12`, "2026-05-01T12:00:00.123Z")
	f(`1.00000000000000000e0`, "1970-01-01T00:00:01Z")
}

// rfc3339 is the grammar; time.Parse, which knows the calendar, is laxer about the digits.
var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

func parseSlowly(s string) (time.Time, bool) {
	if !rfc3339.MatchString(s) {
		return time.Time{}, false
	}
	s = strings.ToUpper(s)
	at, err := time.Parse(time.RFC3339Nano, s[:10]+"T"+s[11:])
	return at, err == nil && at.Unix() >= 0 && at.Unix() <= maxSeconds
}

func compareTimes(t *testing.T, s string) {
	t.Helper()
	want, ok := parseSlowly(s)
	if got, gotOK := parseTime(s); gotOK != ok || ok && !got.Equal(want) {
		t.Errorf("%q: got %v, %v, want %v, %v", s, got, gotOK, want, ok)
	}
}

func TestParseTime(t *testing.T) {
	for day := time.Date(1969, 12, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2265; day = day.AddDate(0, 0, 1) {
		compareTimes(t, day.Format("2006-01-02T03:04:05Z"))
	}
	for _, s := range []string{"1900-02-29T00:00:00Z", "2000-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-06-30T23:59:60Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z"} {
		compareTimes(t, s)
	}
	// Single bytes of a good time changed.
	rng := rand.New(rand.NewPCG(5, 6))
	const letters = "0123456789:+-.TtZz ,/\x00\xff"
	for range 200_000 {
		s := []byte("2026-05-01T12:34:56.789+01:30")
		for range 1 + rng.IntN(3) {
			s[rng.IntN(len(s))] = letters[rng.IntN(len(letters))]
		}
		compareTimes(t, string(s[:len(s)-rng.IntN(2)*rng.IntN(12)]))
	}
}

func FuzzParseTime(f *testing.F) {
	f.Add("2026-05-01T12:34:56.789+01:30")
	f.Fuzz(compareTimes)
}
