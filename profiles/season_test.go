package profiles

import (
	"math"
	"testing"
	"time"

	"plumbline"
)

func newYork(t *testing.T) *time.Location {
	t.Helper()
	l, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func hours(from string, n int) plumbline.Window {
	t, err := time.Parse(time.RFC3339, from)
	if err != nil {
		panic(err)
	}
	return plumbline.Window{From: t, To: t.Add(time.Duration(n) * time.Hour)}
}

// In March the clocks go forward and the traffic comes an hour earlier in UTC (real-events of the flights log: between 08:00Z and
// 09:00Z 5 questions on Friday 8 March, 82 on Monday 11 March, 4 on Monday 4 November). A reference must follow the clocks.
func TestSeasonFollowsTheClocks(t *testing.T) {
	b := flightsBaseline(t)
	records := readFlights(t, "baseline.ndjson.gz")
	season := Season{Location: newYork(t)}
	for _, c := range []struct {
		name   string
		window plumbline.Window
		day    time.Weekday
		from   int // local hours
		to     int
	}{
		{"Monday before", hours("2013-03-04T09:00:00Z", 3), time.Monday, 4, 7},
		{"Monday after the clocks went forward", hours("2013-03-11T08:00:00Z", 3), time.Monday, 4, 7},
		{"Monday in summer", hours("2013-07-15T08:00:00Z", 3), time.Monday, 4, 7},
		{"Monday after they went back", hours("2013-11-04T09:00:00Z", 3), time.Monday, 4, 7},
		{"the day they went forward", hours("2013-03-10T12:00:00Z", 6), time.Sunday, 8, 14},
		{"the day they went back", hours("2013-11-03T13:00:00Z", 6), time.Sunday, 8, 14},
	} {
		var want int64
		for _, r := range records {
			if at := r.Time.In(season.Location); at.Weekday() == c.day && at.Hour() >= c.from && at.Hour() < c.to {
				want++
			}
		}
		got := b.Season(c.window, season)
		// January and February 2013 have eight of each day of the week, and a ninth Tuesday, Wednesday and Thursday.
		if got.Reason != "" || got.Days != 8 || got.Profile.Records() != want {
			t.Errorf("%s: %d records of %d days of %s (%s), want %d of 8", c.name, got.Profile.Records(), got.Days, got.Of, got.Reason, want)
		}
	}
	if in, out := b.Season(hours("2013-07-15T08:00:00Z", 3), season), b.Season(hours("2013-07-15T08:00:00Z", 3), Season{}); in.Profile.Records() == out.Profile.Records() {
		t.Error("the zone makes no difference")
	}
}

// After the clocks have gone forward the early departures of a Sunday and a Monday are those of earlier Sundays and Mondays by New York's
// clocks, and by UTC's they are not.
func TestSeasonOfRealWindows(t *testing.T) {
	b := flightsBaseline(t)
	l := NewLayout(flightsModel(), b)
	f := NewFolder(l)
	records := readFlights(t, "inference.ndjson.gz")
	minute := Key{Input, "sched_dep_minute"} // of the local day
	for _, w := range []plumbline.Window{hours("2013-03-10T08:00:00Z", 3), hours("2013-03-11T08:00:00Z", 3)} {
		p := l.NewProfile()
		for i := range records {
			if at := records[i].Time; !at.Before(w.From) && at.Before(w.To) {
				f.Fold(&records[i], false, p)
			}
		}
		distance := func(s Season) (d, critical float64) { // Kolmogorov and Smirnov's, and what it exceeds once in twenty
			x, y := p.Feature(minute), b.Season(w, s).Profile.Feature(minute)
			var cx, cy float64
			for i, n := range x.Counts() {
				cx, cy = cx+float64(n)/float64(x.N), cy+float64(y.Counts()[i])/float64(y.N)
				d = max(d, math.Abs(cx-cy))
			}
			return d, 1.36 * math.Sqrt(1/float64(x.N)+1/float64(y.N))
		}
		if d, critical := distance(Season{Location: newYork(t)}); d > critical {
			t.Errorf("%v: by New York's clocks the departures moved by %.3f > %.3f", w, d, critical)
		}
		if d, critical := distance(Season{}); d < critical {
			t.Errorf("%v: by UTC the departures moved by %.3f < %.3f only", w, d, critical)
		}
	}
}

// The nights the clocks change have 23 and 25 hours.
func TestSeasonOfDaysWithOtherLengths(t *testing.T) {
	b := flightsBaseline(t)
	season := Season{Location: newYork(t)}
	sunday := b.Season(hours("2013-01-20T05:00:00Z", 24), Season{Location: season.Location}).Profile.Records() // seven others
	for _, w := range []plumbline.Window{hours("2013-03-10T05:00:00Z", 23), hours("2013-11-03T04:00:00Z", 25)} {
		got := b.Season(w, season)
		if got.Reason != "" || got.Days != 8 || got.Profile.Records() <= sunday {
			t.Errorf("%v: %d records of %d days (%s), seven Sundays have %d", w, got.Profile.Records(), got.Days, got.Reason, sunday)
		}
	}
}

func TestSeasonLeavesItsWindowOut(t *testing.T) {
	b := flightsBaseline(t)
	season := Season{Location: newYork(t)}
	windows, err := b.Windows(24*time.Hour, time.Date(2013, 1, 1, 5, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for w := range windows.All() {
		ref := b.Season(w.Window, season)
		if ref.Days != 7 && ref.Days != 8 {
			t.Fatalf("%v: %d days (%s)", w.Window, ref.Days, ref.Reason)
		}
		rest, err := b.Profile().Without(w.Profile)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rest.Without(ref.Profile); err != nil {
			t.Fatalf("%v: its reference is not in the rest: %v", w.Window, err)
		}
		n++
	}
	if n < 50 {
		t.Errorf("%d windows", n)
	}
}

func TestSeasonWidens(t *testing.T) {
	b := flightsBaseline(t)
	ny := newYork(t)
	federal := func(y int, m time.Month, d int) bool { // three in the baseline: 1 and 21 January, 18 February
		return m == 1 && (d == 1 || d == 21) || m == 2 && d == 18 || m == 7 && d == 4
	}
	july4 := hours("2013-07-04T14:00:00Z", 6)
	sunday := b.Season(hours("2013-07-07T14:00:00Z", 6), Season{ny, federal}).Profile.Records()
	if got := b.Season(july4, Season{ny, federal}); got.Days != 8 || got.Profile.Records() != sunday {
		t.Errorf("a holiday: %d records of %d days (%s), Sundays have %d", got.Profile.Records(), got.Days, got.Reason, sunday)
	}
	monday := b.Season(hours("2013-07-15T14:00:00Z", 6), Season{ny, federal})
	if plain := b.Season(hours("2013-07-15T14:00:00Z", 6), Season{Location: ny}); monday.Days != 6 || plain.Days != 8 { // two holidays were Mondays
		t.Errorf("Mondays: %d without holidays of %d", monday.Days, plain.Days)
	}
	many := func(y int, m time.Month, d int) bool { return d%10 == 4 }
	if got := b.Season(july4, Season{ny, many}); got.Days != 6 { // the 4th, 14th and 24th of two months
		t.Errorf("six holidays: %d days (%s)", got.Days, got.Reason)
	}
	// Nights have hardly a question.
	if got := b.Season(hours("2013-07-15T06:00:00Z", 1), Season{Location: ny}); got.Reason == "" {
		t.Errorf("a night: %d records of %s", got.Profile.Records(), got.Of)
	}
	if got := b.Season(hours("2013-07-15T00:00:00Z", 7*24), Season{Location: ny}); got.Days != 0 || got.Profile.Records() != b.Records {
		t.Errorf("a week: %d records of %s (%s)", got.Profile.Records(), got.Of, got.Reason)
	}
	short := NewBuilder(&plumbline.Model{Name: "m"})
	for _, r := range timed(messyRecords(500, 2), may, 10*time.Minute) {
		short.Add(&r)
	}
	young, err := short.Build(may, "test") // three and a half days
	if err != nil {
		t.Fatal(err)
	}
	if got := young.Season(july4, Season{}); got.Days != 0 || got.Reason == "" || got.Profile.Whole != young.Tallies.Whole {
		t.Errorf("half a week: %s (%s)", got.Of, got.Reason)
	}
	if got := build(t, &plumbline.Model{Name: "m"}, columnOf(number(1))...).Season(july4, Season{}); got.Profile != nil || got.Reason == "" {
		t.Error("without times there is a season")
	}
}
