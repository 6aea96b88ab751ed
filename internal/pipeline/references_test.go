package pipeline

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"plumbline"
	"plumbline/collectors"
	"plumbline/collectors/decode"
	"plumbline/profiles"
	"plumbline/rules"
	"plumbline/store/storetest"
)

func newYork(t *testing.T) *time.Location {
	t.Helper()
	return must(time.LoadLocation("America/New_York"))
}

// clockwork makes records that follow New York's clocks, step apart, whose x is the hour of the week, give or take a half. Every fifth
// is labelled, right in the first half of the time and wrong in the second.
func clockwork(t *testing.T, from, to time.Time, step time.Duration, use func(at time.Time, record string)) {
	t.Helper()
	ny, middle := newYork(t), from.Add(to.Sub(from)/2)
	for at, i := from, 0; at.Before(to); at, i = at.Add(step), i+1 {
		l, label := at.In(ny), ""
		if i%5 == 0 {
			label = fmt.Sprintf(`,"label":%d`, map[bool]int{true: 1, false: 0}[at.Before(middle)])
		}
		x := float64(24*int(l.Weekday())+l.Hour()) + []float64{-.5, .5, 0}[i%3]
		use(at, fmt.Sprintf(`{"id":%q,"model":"clock","version":"1","ts":%q,"features":{"x":%g},"prediction":1,"segments":{"s":"a"}%s}`,
			at.Format(time.RFC3339), at.Format(time.RFC3339), x, label))
	}
}

// clockBaseline is made of January and February 2013, once for all tests.
func clockBaseline(t *testing.T) string {
	t.Helper()
	makeClockBaseline.Do(func() { clockFile = buildClockBaseline(t) })
	return writeFile(t, "clock.json", clockFile)
}

var (
	makeClockBaseline sync.Once
	clockFile         []byte
)

func buildClockBaseline(t *testing.T) []byte {
	ny := newYork(t)
	b, d := profiles.NewBuilder(&plumbline.Model{Name: "clock", Task: plumbline.TaskBinary}), decode.New(decode.DefaultLimits())
	var r plumbline.Record
	clockwork(t, time.Date(2013, 1, 1, 0, 0, 0, 0, ny), time.Date(2013, 3, 1, 0, 0, 0, 0, ny), 4*time.Minute, func(_ time.Time, record string) {
		if reject := d.Decode(&r, []byte(record), wall); reject != nil {
			t.Fatal(reject)
		}
		b.Add(&r)
	})
	return must(must(b.Build(wall, "clock")).Write())
}

// watched has the records of four weeks and a day before the instant, but those of hours that no test reads.
func watched(t *testing.T, baseline string, holidays []string, at time.Time) *Readings {
	t.Helper()
	m := plumbline.Model{Name: "clock", Task: plumbline.TaskBinary, Location: newYork(t), Holidays: holidays, Slices: [][]string{{"s"}}}
	m.Baseline.File = baseline
	var log []collectors.Message
	clockwork(t, at.AddDate(0, 0, -29), at, time.Minute, func(ts time.Time, record string) {
		if age := at.Sub(ts) % (7 * 24 * time.Hour); age < 8*time.Hour || age > 6*24*time.Hour {
			log = append(log, collectors.Message{Offset: int64(len(log)), Value: []byte(record)})
		}
	})
	s, o := storetest.Memory(), testOptions()
	o.Now, o.Retention = func() time.Time { return at }, 1000*24*time.Hour
	registry := NewRegistry(s, []plumbline.Model{m}, testRegistryOptions(), quiet)
	feed(t, NewCollector(s, registry, o, quiet), part(0), log)
	return NewReadings(s, registry, false)
}

// against asks for the mean of x in the hour before an instant.
func against(t *testing.T, m *Readings, kind, slice string, at time.Time) (plumbline.Finding, error) {
	t.Helper()
	return m.Finding(t.Context(), rules.Query{Func: "mean", Model: "clock", Version: "1", Slice: slice, Feature: "x", Window: time.Hour, Against: kind}, at)
}

// moved is the difference of means, whose effect is in standard deviations of an hour's x: of -.5, .5 and 0 in turn.
func moved(f plumbline.Finding) float64 { return *f.Effect * math.Sqrt(f.M/(f.M-1)/6) }

// Around the changes of the clocks (2013-03-10 and 2013-11-03) what is the same hour for people is another one in UTC.
func TestReferencesFollowTheClocks(t *testing.T) {
	ny, baseline := newYork(t), clockBaseline(t)
	for _, at := range []time.Time{
		time.Date(2013, 3, 11, 5, 0, 0, 0, ny), // 04:00 to 05:00 is 08:00Z, in the weeks before 09:00Z
		time.Date(2013, 11, 4, 5, 0, 0, 0, ny), // 09:00Z, in the weeks before 08:00Z
		time.Date(2013, 3, 10, 12, 0, 0, 0, ny),
		time.Date(2013, 11, 3, 12, 0, 0, 0, ny),
	} {
		m := watched(t, baseline, nil, at)
		for _, c := range []struct {
			against string
			effect  float64
			m       float64
			note    string
		}{
			{"", math.NaN(), 59 * 24 * 15, ""},
			{rules.AgainstTraining, math.NaN(), 59 * 24 * 15, ""},
			{rules.AgainstSeason, 0, 8 * 15, "compared with the same hours of the week in the baseline, 8 of each"},
			{rules.AgainstTrailing, 0, 4 * 60, "compared with the same hours of the 4 weeks before"},
			{rules.AgainstPrevious, 1, 60, "compared with the window before"},
		} {
			f, err := against(t, m, c.against, "", at)
			if err != nil || f.Effect == nil || f.M != c.m || f.Note != c.note {
				t.Fatalf("%v %s: %+v, %v", at, c.against, f, err)
			}
			if moved := moved(f); !math.IsNaN(c.effect) && math.Abs(moved-c.effect) > 1e-9 {
				t.Errorf("%v %s: the mean of x moved by %v, want %v", at, c.against, moved, c.effect)
			}
		}
	}
}

func TestReferencesSayWhatTheyLack(t *testing.T) {
	ny, baseline := newYork(t), clockBaseline(t)
	at := time.Date(2013, 7, 4, 12, 0, 0, 0, ny) // a Thursday, and a holiday
	m := watched(t, baseline, []string{"us"}, at)
	hour := func(day time.Weekday) float64 { return 24*float64(day) + 11 }
	f, err := against(t, m, rules.AgainstSeason, "", at) // the baseline has three holidays: it is like its eight Sundays
	if err != nil || f.Effect == nil || math.Abs(moved(f)-(hour(time.Thursday)-hour(time.Sunday))) > 1e-9 || f.M != 8*15 {
		t.Errorf("a holiday: %+v, %v", f, err)
	}
	for _, c := range []struct {
		kind, slice string
		at          time.Time
		reason      string // or note
	}{
		{rules.AgainstSeason, "s=a", at, "not for the slice s=a"},
		{rules.AgainstTrailing, "s=a", at, "the same hours of the 4 weeks before"},
		{rules.AgainstTrailing, "", at.AddDate(0, 0, -14), "of which 2 have records"},
		{rules.AgainstTrailing, "", at.AddDate(0, 0, -28), "no records of the same hours"},
		{rules.AgainstPrevious, "", at.AddDate(0, 0, -29).Add(time.Hour), "no records of the window before"},
	} {
		q := rules.Query{Func: "mean_shift", Model: "clock", Version: "1", Slice: c.slice, Feature: "x", Window: 4 * time.Hour, Against: c.kind}
		f, _ := m.Finding(t.Context(), q, c.at)
		if text := f.Reason + f.Note; !strings.Contains(text, c.reason) {
			t.Errorf("%s of %q at %v: %q, want %q", c.kind, c.slice, c.at, text, c.reason)
		}
	}
}

// Answers are right in the first half of the 29 days and wrong in the second.
func TestAccuracyAgainstEarlierWindows(t *testing.T) {
	at := time.Date(2013, 7, 3, 12, 0, 0, 0, newYork(t))
	m := watched(t, clockBaseline(t), nil, at)
	for kind, want := range map[string]float64{rules.AgainstPrevious: 0, rules.AgainstTrailing: -.5} {
		f, err := m.Finding(t.Context(), rules.Query{Func: "accuracy", Model: "clock", Version: "1", Window: 6 * time.Hour, Against: kind}, at)
		if err != nil || f.Effect == nil || *f.Effect != want {
			t.Errorf("%s: %+v, %v", kind, f, err)
		}
	}
	if f, err := m.Finding(t.Context(), rules.Query{Func: "accuracy", Model: "clock", Version: "1", Window: 6 * time.Hour, Against: rules.AgainstSeason}, at); err != nil || f.Effect != nil || f.Note == "" {
		t.Errorf("season: %+v, %v", f, err)
	}
}

func TestEarlierWindows(t *testing.T) {
	ny := newYork(t)
	for _, c := range []struct {
		kind, from, to, want string
	}{
		{rules.AgainstPrevious, "2013-03-11T08:00:00Z", "2013-03-11T14:00:00Z", "2013-03-11T02:00:00Z/6h0m0s"},
		{rules.AgainstTrailing, "2013-03-11T08:00:00Z", "2013-03-11T09:00:00Z",
			"2013-03-04T09:00:00Z/1h0m0s 2013-02-25T09:00:00Z/1h0m0s 2013-02-18T09:00:00Z/1h0m0s 2013-02-11T09:00:00Z/1h0m0s"},
		// The day of 25 hours stands beside days of 24, and the hour that was there twice is one of two.
		{rules.AgainstTrailing, "2013-11-10T05:00:00Z", "2013-11-11T05:00:00Z",
			"2013-11-03T04:00:00Z/25h0m0s 2013-10-27T04:00:00Z/24h0m0s 2013-10-20T04:00:00Z/24h0m0s 2013-10-13T04:00:00Z/24h0m0s"},
		// 02:00 to 03:00 was not on 10 March.
		{rules.AgainstTrailing, "2013-03-17T06:00:00Z", "2013-03-17T07:00:00Z",
			"2013-03-10T06:00:00Z/1h0m0s 2013-03-03T07:00:00Z/1h0m0s 2013-02-24T07:00:00Z/1h0m0s 2013-02-17T07:00:00Z/1h0m0s"},
		{rules.AgainstTrailing, "2013-06-01T00:00:00Z", "2013-06-11T00:00:00Z",
			"2013-05-18T00:00:00Z/240h0m0s 2013-05-04T00:00:00Z/240h0m0s 2013-04-20T00:00:00Z/240h0m0s 2013-04-06T00:00:00Z/240h0m0s"},
	} {
		var got []string
		for _, w := range earlierWindows(c.kind, plumbline.Window{From: must(time.Parse(time.RFC3339, c.from)), To: must(time.Parse(time.RFC3339, c.to))}, ny) {
			got = append(got, w.From.Format(time.RFC3339)+"/"+w.Duration().String())
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s of %s: %s", c.kind, c.from, s)
		}
	}
}
