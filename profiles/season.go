package profiles

import (
	"fmt"
	"slices"
	"time"

	"plumbline"
)

// Bounds below which a reference of like hours is widened.
const (
	minSeasonDays    = 4  // of each kind of day
	minSeasonRecords = 50 // in all
)

// Season says which hours are alike: those of the same day of the week, as clocks in a place show them. Holidays are days of a
// kind of their own; while a baseline has fewer than four of them, a holiday is like a Sunday.
type Season struct {
	Location *time.Location                                 // nil is UTC
	Holiday  func(year int, month time.Month, day int) bool // nil: there are none
}

// SeasonReference is the part of a baseline that a window should look like.
type SeasonReference struct {
	Profile *Profile // nil if the baseline has no panes
	Days    int      // how many days of each kind it holds; 0 if it is the whole baseline
	Of      string   // what it is, in words: the same hours of the week
	Reason  string   // why it is wider than the same hours of the week, or why there is none; else ""
}

// Season returns the baseline's records of the hours that window w is made of. In it each hour of w stands as often as every other,
// so that it has the mix of w: of each kind of day as many as there are of the rarest, the newest of them. What lies in w itself is
// left out.
//
// Where the baseline has fewer than four days of a kind, or fewer than 50 records in those hours, days are told apart only as
// workdays and others (Saturdays, Sundays, holidays); where that is not enough either, or w is a week or longer, it is the whole
// baseline. The hours are the baseline's panes: where those are wider than an hour, so are they.
func (b *Baseline) Season(w plumbline.Window, s Season) SeasonReference {
	p := b.Panes
	if p.Len() == 0 {
		return SeasonReference{Reason: "the baseline does not tell hours apart: its records had no times, or it was built by an older version"}
	}
	k := newStrata(p, s, w)
	if w.Duration() >= week || p.Width() >= week {
		return b.unseasoned(k, "a week has every hour of the week")
	}
	out, short := b.alike(k, "the same hours of the week", weekdays)
	if short == "" {
		return out
	}
	if out, why := b.alike(k, "the same hours of like days", likeDays); why == "" {
		out.Reason = short
		return out
	}
	return b.unseasoned(k, short)
}

const week = 7 * 24 * time.Hour

// Kinds of days beyond time.Weekday's seven.
const (
	holiday = 7
	workday = 8
	dayOff  = 9
)

// weekdays and likeDays say how days are told apart.
func weekdays(kind int) int { return kind }

func likeDays(kind int) int {
	if kind == int(time.Saturday) || kind == int(time.Sunday) || kind == holiday {
		return dayOff
	}
	return workday
}

// strata are the baseline's panes and a window's by local day and hour.
type strata struct {
	season Season
	width  int64
	wanted map[hourOf]bool
	days   []dayOfPanes // ascending
	inside func(i int) bool
}

// hourOf is an hour of a kind of day; for panes wider than an hour the stretch of the day that many hours long.
type hourOf struct{ kind, hour int }

type dayOfPanes struct {
	day   int64 // since the epoch, as calendars count in the place
	kind  int
	panes []paneOfHour
}

type paneOfHour struct{ index, hour int }

func newStrata(p *Panes, s Season, w plumbline.Window) *strata {
	if s.Location == nil {
		s.Location = time.UTC
	}
	k := &strata{season: s, width: p.width, wanted: map[hourOf]bool{}}
	from, to := floorTo(w.From.Unix(), p.width), floorTo(w.To.Unix()+p.width-1, p.width)
	k.inside = func(i int) bool { return p.starts[i] >= from && p.starts[i] < to }
	own := map[int64]bool{}
	for t := from; t < to && w.Duration() < week; t += p.width {
		day, kind, hour := k.place(t)
		own[day] = true
		k.wanted[hourOf{kind, hour}] = true
	}
	for i, start := range p.starts {
		day, kind, hour := k.place(start)
		if own[day] {
			continue
		}
		if n := len(k.days); n == 0 || k.days[n-1].day != day {
			k.days = append(k.days, dayOfPanes{day: day, kind: kind})
		}
		d := &k.days[len(k.days)-1]
		d.panes = append(d.panes, paneOfHour{i, hour})
	}
	return k
}

// place is where clocks in the place stood at a pane: at its start if it is within an hour, else in its middle.
func (k *strata) place(start int64) (day int64, kind, hour int) {
	stretch := int64(3600)
	if k.width > stretch {
		stretch = k.width
		start += k.width / 2
	}
	t := time.Unix(start, 0).In(k.season.Location)
	_, offset := t.Zone()
	day = floorTo(start+int64(offset), 24*3600) / (24 * 3600)
	kind = int(t.Weekday())
	if k.season.Holiday != nil && k.season.Holiday(t.Date()) {
		kind = holiday
	}
	return day, kind, int((start + int64(offset) - day*24*3600) / stretch)
}

// alike merges the newest days of every wanted kind, as many of each as there are of the rarest; short says what is missing.
func (b *Baseline) alike(k *strata, of string, apart func(kind int) int) (out SeasonReference, short string) {
	wanted, have := k.merged(apart)
	rarest := -1
	for h := range wanted {
		if n := have[h.kind]; rarest < 0 || n < rarest {
			rarest = n
		}
	}
	if rarest < minSeasonDays {
		return out, fmt.Sprintf("the baseline has only %d days of a kind that the window needs", max(rarest, 0))
	}
	l := b.layout()
	sum, pane := l.NewProfile(), l.NewProfile()
	taken := map[int]int{}
	for _, d := range slices.Backward(k.days) {
		kind := apart(d.kind)
		if taken[kind]++; taken[kind] > rarest {
			continue
		}
		for _, at := range d.panes {
			if wanted[hourOf{kind, at.hour}] {
				b.Panes.add(at.index, sum, pane)
			}
		}
	}
	sum.settle()
	if n := sum.Records(); n < minSeasonRecords {
		return out, fmt.Sprintf("the baseline has only %d records of the same hours of the week", n)
	}
	return SeasonReference{Profile: sum, Days: rarest, Of: of}, ""
}

// merged applies apart to what is wanted and counts the days there are of each kind.
func (k *strata) merged(apart func(kind int) int) (wanted map[hourOf]bool, have map[int]int) {
	wanted, have = map[hourOf]bool{}, map[int]int{}
	for _, d := range k.days {
		have[apart(d.kind)]++
	}
	for h := range k.wanted {
		kind := apart(h.kind)
		if kind == holiday && have[holiday] < minSeasonDays {
			kind = int(time.Sunday)
		}
		wanted[hourOf{kind, h.hour}] = true
	}
	return wanted, have
}

// unseasoned is the whole baseline but for the window itself.
func (b *Baseline) unseasoned(k *strata, why string) SeasonReference {
	whole := b.Profile()
	l := b.layout()
	own, pane := l.NewProfile(), l.NewProfile()
	for i := range b.Panes.starts {
		if k.inside(i) {
			b.Panes.add(i, own, pane)
		}
	}
	own.settle()
	if rest, err := whole.Without(own); err == nil {
		whole = rest
	}
	return SeasonReference{Profile: whole, Of: "the whole baseline", Reason: why}
}
