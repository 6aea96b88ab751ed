// Package holidays knows which days a model's manifest calls holidays: the public holidays of countries, and dates. It owns no
// calendar of its own and knows no time zone: a day is a date.
package holidays

import (
	"bufio"
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rickar/cal/v2"
)

// maxDates bounds the dates of one calendar, and the days it remembers.
const maxDates = 100_000

type date struct {
	year  int
	month time.Month
	day   int
}

// Calendar is a set of days. It is safe for concurrent use; the nil Calendar has none.
type Calendar struct {
	rules cal.Calendar
	dates map[date]bool

	mu    sync.Mutex
	known map[date]bool // what rules said
}

// New makes a calendar of names (see Names) and dates like 2026-12-24, nil of none of them.
func New(entries []string) (*Calendar, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	c := &Calendar{dates: map[date]bool{}, known: map[date]bool{}}
	for _, e := range entries {
		if h, ok := countries[e]; ok {
			c.rules.AddHoliday(h...)
			continue
		}
		d, ok := parse(e)
		if !ok {
			return nil, fmt.Errorf("%q is neither a calendar nor a date like 2026-12-24", e)
		}
		if c.dates[d] = true; len(c.dates) > maxDates {
			return nil, fmt.Errorf("more than %d dates", maxDates)
		}
	}
	return c, nil
}

// Known reports whether New takes an entry.
func Known(entry string) bool {
	_, isDate := parse(entry)
	return countries[entry] != nil || isDate
}

// Names lists the calendars, sorted.
func Names() []string { return slices.Sorted(maps.Keys(countries)) }

// ReadDates reads a file of dates, one on each line; what follows a # is a remark, as is what follows the date.
func ReadDates(data []byte) ([]string, error) {
	var out []string
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\t' || r == ',' || r == ';' || r == '\r' })
		if len(fields) == 0 {
			continue
		}
		if _, ok := parse(fields[0]); !ok {
			return nil, fmt.Errorf("line %d: %q is no date like 2026-12-24", n, fields[0])
		}
		if out = append(out, fields[0]); len(out) > maxDates {
			return nil, fmt.Errorf("more than %d dates", maxDates)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read dates: %w", err)
	}
	return out, nil
}

func parse(s string) (date, bool) {
	t, err := time.Parse(time.DateOnly, s)
	y, m, d := t.Date()
	return date{y, m, d}, err == nil
}

// Contains reports whether a day is a holiday. Where a country moves a holiday off a weekend, both days are.
func (c *Calendar) Contains(year int, month time.Month, day int) bool {
	if c == nil {
		return false
	}
	d := date{year, month, day}
	if c.dates[d] {
		return true
	}
	if len(c.rules.Holidays) == 0 {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	is, ok := c.known[d]
	if !ok {
		actual, observed, _ := c.rules.IsHoliday(time.Date(year, month, day, 12, 0, 0, 0, time.UTC))
		if is = actual || observed; len(c.known) < maxDates {
			c.known[d] = is
		}
	}
	return is
}
