package holidays

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// days lists a year's holidays of a calendar.
func days(t *testing.T, year int, entries ...string) string {
	t.Helper()
	c, err := New(entries)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for d := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() == year; d = d.AddDate(0, 0, 1) {
		if c.Contains(d.Date()) {
			out = append(out, d.Format("0102"))
		}
	}
	return strings.Join(out, " ")
}

func TestHolidaysOfCountries(t *testing.T) {
	for _, c := range []struct {
		year          int
		entries, want string
	}{
		// The US Office of Personnel Management's lists of federal holidays of 2013 and 2021. In 2021 the 4th of July was a Sunday, the
		// 19th of June and Christmas Saturdays; New Year's Day of 2022 was a Saturday too.
		{2013, "us", "0101 0121 0218 0527 0704 0902 1014 1111 1128 1225"},
		{2021, "us", "0101 0118 0215 0531 0618 0619 0704 0705 0906 1011 1111 1125 1224 1225 1231"},
		// The nine holidays all of Germany has; in 2013 Easter was on 31 March.
		{2013, "de", "0101 0329 0401 0501 0509 0520 1003 1225 1226"},
		{2013, "2013-02-09 2013-10-26", "0209 1026"},
		{2013, "de 2013-12-24", "0101 0329 0401 0501 0509 0520 1003 1224 1225 1226"},
	} {
		if got := days(t, c.year, strings.Fields(c.entries)...); got != c.want {
			t.Errorf("%s in %d: %s, want %s", c.entries, c.year, got, c.want)
		}
	}
}

func TestEntries(t *testing.T) {
	for entry, want := range map[string]bool{"us": true, "2026-12-24": true, "US": false, "2026-02-30": false, "": false, "24.12.2026": false} {
		if _, err := New([]string{entry}); Known(entry) != want || (err == nil) != want {
			t.Errorf("%q: known %v, %v", entry, Known(entry), err)
		}
	}
	if c, err := New(nil); c != nil || err != nil || c.Contains(2013, 1, 1) {
		t.Error("no entries make a calendar")
	}
	for _, n := range Names() {
		if len(days(t, 2025, n)) < 4*5 { // no country has fewer than six
			t.Errorf("%s: %s", n, days(t, 2025, n))
		}
	}
}

func TestReadDates(t *testing.T) {
	got, err := ReadDates([]byte("# closed\n\n2026-12-24 Christmas Eve\r\n2026-12-31,New Year's Eve\n"))
	if err != nil || !slices.Equal(got, []string{"2026-12-24", "2026-12-31"}) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := ReadDates([]byte("2026-12-24\nChristmas\n")); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("a word for a date: %v", err)
	}
}
