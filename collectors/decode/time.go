package decode

import (
	"math"
	"time"

	"plumbline"
)

// timestamp scans ts, a known member, into r.
func (d *Decoder) timestamp(r *plumbline.Record, i int) int {
	const wrong = "ts is neither RFC 3339 nor Unix time, or before 1970 or after 2262"
	var v plumbline.Value
	next := d.value(i, &v)
	if next < 0 {
		return next
	}
	ok := false
	switch v.Kind {
	case plumbline.Missing:
		r.Time, ok = time.Time{}, true
	case plumbline.String:
		r.Time, ok = parseTime(v.Str)
	case plumbline.Number:
		r.Time, ok = unixTime(d.b[i:next], v.Num)
	case plumbline.Bool, plumbline.Vector:
		return d.wrongType(i, memberTS)
	case plumbline.Invalid:
		if d.b[i] == '{' || d.b[i] == '[' {
			return d.wrongType(i, memberTS)
		}
	}
	if !ok {
		return d.fail(plumbline.ReasonTimestamp, i, wrong)
	}
	return next
}

// maxSeconds is the last Unix time whose nanoseconds an int64 can hold.
const maxSeconds = math.MaxInt64/int64(time.Second) - 1

// parseTime reads RFC 3339, with the liberties it grants: lower case, or a space between date and time. A leap second is no
// time. Fractions finer than nanoseconds are cut off.
func parseTime(s string) (time.Time, bool) {
	none := time.Time{}
	if len(s) < len("2006-01-02T15:04:05Z") || s[4] != '-' || s[7] != '-' || s[13] != ':' || s[16] != ':' {
		return none, false
	}
	if c := s[10]; c != 'T' && c != 't' && c != ' ' {
		return none, false
	}
	century, year, month, day := two(s, 0), two(s, 2), two(s, 5), two(s, 8)
	hour, minute, second := two(s, 11), two(s, 14), two(s, 17)
	if century|year|month|day|hour|minute|second < 0 {
		return none, false
	}
	year += 100 * century
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59 {
		return none, false
	}
	i, nanos := 19, 0
	if s[i] == '.' {
		i++
		first, unit := i, int(time.Second)
		for ; i < len(s) && isDigit(s[i]); i++ {
			unit /= 10
			nanos += unit * int(s[i]-'0')
		}
		if i == first {
			return none, false
		}
	}
	offset := 0
	switch rest := s[i:]; {
	case rest == "Z" || rest == "z":
	case len(rest) == len("+00:00") && (rest[0] == '+' || rest[0] == '-') && rest[3] == ':':
		h, m := two(rest, 1), two(rest, 4)
		if h|m < 0 || h > 23 || m > 59 {
			return none, false
		}
		if offset = h*3600 + m*60; rest[0] == '-' {
			offset = -offset
		}
	default:
		return none, false
	}
	unix := int64(daysSince1970(year, month, day))*86400 + int64(hour*3600+minute*60+second-offset)
	if unix < 0 || unix > maxSeconds {
		return none, false
	}
	return time.Unix(unix, int64(nanos)).UTC(), true
}

// two returns the number that two digits at i make, or a negative one.
func two(s string, i int) int {
	hi, lo := int(s[i])-'0', int(s[i+1])-'0'
	if hi|lo|(9-hi)|(9-lo) < 0 {
		return -1
	}
	return hi*10 + lo
}

func daysIn(year, month int) int {
	if month == 2 {
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 30 + (month+month>>3)&1
}

// daysSince1970 counts the days from the epoch to a date of the Gregorian calendar. Counted from March, a year's leap day
// is its last, and (153m+2)/5 days come before month m.
func daysSince1970(year, month, day int) int {
	if month -= 3; month < 0 {
		month += 12
		year--
	}
	const marchToEpoch = 719468 // from 0000-03-01
	return 365*year + year/4 - year/100 + year/400 + (153*month+2)/5 + day - 1 - marchToEpoch
}

// unixTime reads the literal of a number, f. Without an exponent it is read exactly, as nanoseconds are beyond a float64.
func unixTime(literal []byte, f float64) (time.Time, bool) {
	unit := uint64(1) // nanoseconds
	switch {
	case !(f >= 0) || f >= math.MaxInt64:
		return time.Time{}, false
	case f < 1e10:
		unit = 1e9
	case f < 1e13:
		unit = 1e6
	case f < 1e16:
		unit = 1e3
	}
	var whole, part uint64 // part in 1e-9
	places := -1           // of part that are read; -1 before the point
	for _, c := range literal {
		switch {
		case c == '.':
			places = 0
		case !isDigit(c): // an exponent, or the minus of -0
			w, p := math.Modf(f)
			return nanoTime(uint64(w), uint64(math.Round(p*nano)), unit)
		case places < 0:
			whole = whole*10 + uint64(c-'0')
		case places < 9:
			part = part*10 + uint64(c-'0')
			places++
		}
	}
	for ; places >= 0 && places < 9; places++ {
		part *= 10
	}
	return nanoTime(whole, part, unit)
}

// nano is how many nanoseconds a second has, and what part of a unit fractions are counted in.
const nano = 1_000_000_000

func nanoTime(whole, part, unit uint64) (time.Time, bool) {
	nanos := whole*unit + part*unit/nano
	if nanos > uint64(maxSeconds)*nano {
		return time.Time{}, false
	}
	return time.Unix(int64(nanos/nano), int64(nanos%nano)).UTC(), true
}
