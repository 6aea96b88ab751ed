package pipeline

import (
	"fmt"
	"math/rand/v2"
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

// days is a model whose baseline holds 40 days of 480 records: x has a mean of its own each day, a standard deviation apart, y does
// not; the days that follow are given by the shifts of x and y.
func days(t *testing.T, shifts ...[2]float64) *Readings {
	t.Helper()
	return daysOf(t, plumbline.Model{Name: "days"}, shifts...)
}

func daysOf(t *testing.T, m plumbline.Model, shifts ...[2]float64) *Readings {
	t.Helper()
	rng := rand.New(rand.NewPCG(2013, 11))
	day := func(start time.Time, dx, dy float64, each func(at time.Time, record string)) {
		dx += rng.NormFloat64()
		for i := range 480 {
			at := start.Add(time.Duration(i) * 3 * time.Minute)
			each(at, fmt.Sprintf(`{"model":"days","version":"1","ts":%q,"features":{"x":%g,"y":%g,"c":%q},"prediction":0}`,
				at.Format(time.RFC3339), rng.NormFloat64()+dx, rng.NormFloat64()+dy, [4]string{"a", "a", "b", "c"}[rng.IntN(4)]))
		}
	}
	b, d := profiles.NewBuilder(&m), decode.New(decode.DefaultLimits())
	var r plumbline.Record
	for i := range 40 {
		day(t0.Truncate(Day).AddDate(0, 0, i-40), 0, 0, func(at time.Time, record string) {
			if reject := d.Decode(&r, []byte(record), at); reject != nil {
				t.Fatal(reject)
			}
			b.Add(&r)
		})
	}
	m.Baseline.File = writeFile(t, "days.json", must(must(b.Build(wall, "days")).Write()))
	var log []collectors.Message
	for i, s := range shifts {
		day(t0.Truncate(Day).AddDate(0, 0, i), s[0], s[1], func(_ time.Time, record string) {
			log = append(log, collectors.Message{Offset: int64(len(log)), Value: []byte(record)})
		})
	}
	s := storetest.Memory()
	registry := NewRegistry(s, []plumbline.Model{m}, testRegistryOptions(), quiet)
	feed(t, NewCollector(s, registry, testOptions(), quiet), part(0), log)
	return NewReadings(s, registry, true)
}

func TestDriftedSpendsABudget(t *testing.T) {
	m := days(t, [2]float64{0, 0}, [2]float64{1, 0}, [2]float64{0, 0.5}, [2]float64{8, 0}, [2]float64{0, 0.1})
	ask := func(after int, of time.Duration, tolerate float64) plumbline.Finding {
		t.Helper()
		at := t0.Truncate(Day).AddDate(0, 0, after).Add(of)
		f, err := m.Finding(t.Context(), rules.Query{Func: "drifted", Model: "days", Window: Day, Budget: plumbline.DefaultBudget, Tolerate: tolerate}, at)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	drifted := func(f plumbline.Finding) string {
		var names []string
		for _, c := range f.Counted {
			if c.Verdict == plumbline.Drift {
				names = append(names, c.Feature)
			}
		}
		return strings.Join(names, " ")
	}
	for _, c := range []struct {
		day  int
		want string
		why  string
	}{
		{1, "", "nothing changed"},
		{2, "", "x is as far off as its days are"},
		{3, "y", "the days of y are alike: half a standard deviation is much"},
		{4, "x", "no day of x is so far off"},
	} {
		f := ask(c.day, 5*time.Hour, 0)
		if got := drifted(f); got != c.want || *f.Value != float64(len(strings.Fields(c.want))) {
			t.Errorf("day %d: %v drifted (%q), want %q: %s", c.day, *f.Value, got, c.want, c.why)
		}
		if !f.Window.To.Equal(t0.Truncate(Day).AddDate(0, 0, c.day)) || f.Window.Duration() != Day {
			t.Errorf("day %d: judged %v", c.day, f.Window)
		}
	}
	x := ask(4, 0, 0).Counted[0]
	if x.Windows != 40 || x.NEffective < 0.5 || x.NEffective > 20 || x.P == nil || x.Model != "days" {
		t.Errorf("x says %+v", x)
	}
	if f := ask(3, 0, 0); !strings.Contains(f.Note, "by chance") || !strings.Contains(f.Note, "for 1 per 30d false alarms") {
		t.Errorf("note %q", f.Note)
	}
	if f := ask(3, 0, 1); *f.Value != 0 {
		t.Errorf("a whole standard deviation is tolerated, and half of one is %v drifts", *f.Value)
	}
	// Until a window is over its predecessor is judged; after the last record there is none.
	if a, b := ask(3, time.Minute, 0), ask(3, 23*time.Hour, 0); *a.Value != *b.Value || a.Window != b.Window {
		t.Errorf("%v and %v", a.Window, b.Window)
	}
	_, err := m.Finding(t.Context(), rules.Query{Func: "drifted", Model: "days", Window: Day, Budget: plumbline.DefaultBudget}, t0.AddDate(0, 0, 20))
	if err == nil || !strings.Contains(err.Error(), "no records in the window") {
		t.Errorf("silence: %v", err)
	}
}

// Windows of a length of which the baseline has fewer than 20 give no verdict where rows depend on each other.
func TestDriftedWithTooFewWindows(t *testing.T) {
	m := days(t, [2]float64{0, 0}, [2]float64{0, 0}, [2]float64{0, 0}, [2]float64{0, 0}, [2]float64{0, 0}, [2]float64{0, 0}, [2]float64{0, 1})
	at := t0.Truncate(Day).AddDate(0, 0, 7)
	f, err := m.Finding(t.Context(), rules.Query{Func: "drifted", Model: "days", Window: 7 * Day, Budget: plumbline.DefaultBudget}, at)
	if err != nil {
		t.Fatal(err)
	}
	if *f.Value != 1 || f.Counted[0].Feature != "y" {
		t.Errorf("only y has independent rows, and moved: %+v", f)
	}
	if !strings.Contains(f.Note, "gave no verdict") {
		t.Errorf("x has no verdict, and nobody says so: %q", f.Note)
	}
}

// Each window is judged once, also where clocks change: New York's days of 10 March and 3 November 2013 have 23 and 25 hours.
func TestJudgedWindowsFollowTheClocks(t *testing.T) {
	zone := must(time.LoadLocation("America/New_York"))
	for _, first := range []time.Time{time.Date(2013, 3, 9, 5, 0, 0, 0, time.UTC), time.Date(2013, 11, 2, 4, 0, 0, 0, time.UTC)} {
		for _, length := range []time.Duration{Hour, 6 * Hour, Day, 7 * Day} {
			var ends []time.Time
			for at := first; at.Before(first.AddDate(0, 0, 4)); at = at.Add(15 * time.Minute) {
				w := judgedWindow(at, length, zone)
				if w.To.After(at) || w.Duration() != length {
					t.Fatalf("at %v: %v", at, w)
				}
				if n := len(ends); n == 0 || !ends[n-1].Equal(w.To) {
					ends = append(ends, w.To)
				}
			}
			for i := 1; i < len(ends); i++ {
				if d := ends[i].Sub(ends[i-1]); d <= 0 || length >= Day && (d < 23*Hour || d > 25*Hour) {
					t.Errorf("%v: judged %v and then %v", length, ends[i-1], ends[i])
				}
			}
			if length >= Day && ends[len(ends)-1].In(zone).Hour() != 0 {
				t.Errorf("%v is no midnight", ends[len(ends)-1].In(zone))
			}
		}
	}
}

// Whole rows of days that differ are no drift, asked for by the model's own functions as by the feature's.
func TestWholeRowsAreCalibrated(t *testing.T) {
	m := daysOf(t, plumbline.Model{Name: "days", Multivariate: true}, [2]float64{0, 0}, [2]float64{9, 0})
	ask := func(name, feature string, after int) plumbline.Finding {
		t.Helper()
		f, err := m.Finding(t.Context(), rules.Query{Func: name, Feature: feature, Model: "days", Window: Day}, t0.Truncate(Day).AddDate(0, 0, after))
		if err != nil || f.Value == nil {
			t.Fatal(name, err, f.Reason)
		}
		return f
	}
	for day, moved := range map[int]bool{1: false, 2: true} {
		of, by := ask("rows_mmd_p", "", day), ask("mmd_p", profiles.WholeRow, day)
		if *of.Value != *by.Value || of.Windows < 35 || of.NEffective > 100 {
			t.Errorf("day %d: rows_mmd_p is %v by %d windows, mmd_p %v by %d", day, *of.Value, of.Windows, *by.Value, by.Windows)
		}
		if (*of.Value < 0.01) != moved {
			t.Errorf("day %d: rows_mmd_p is %v", day, *of.Value)
		}
		if f := ask("reconstruction_error_p", "", day); f.Windows < 35 || f.NEffective > 480 {
			t.Errorf("day %d: reconstruction_error_p knows %d windows: %v", day, f.Windows, f.Note)
		}
	}
}

// BenchmarkCalibrate learns the nulls of 50 features' tests from the hours of 30 days.
func BenchmarkCalibrate(b *testing.B) {
	m := wide(b, 50, 1)
	v, _, err := m.registry.Version(b.Context(), "wide", "1")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if got := scoreWindows(v, rules.AgainstTraining, time.Hour, t0.Truncate(Day)); got == nil || got.windows != 30*24 {
			b.Fatalf("%+v", got)
		}
	}
}
