package strictyaml

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// scalar decodes texts, truth values, numbers, durations and times.
func (d *Decoder) scalar(n *yaml.Node, v reflect.Value) {
	what, example := describe(v.Type())
	text, ok := d.text(n, what, example)
	if !ok {
		return
	}
	if hint, ok := set(v, n, text); !ok {
		if hint == "" {
			hint = example
		}
		d.Problem(n, "expected "+what+", found "+found(n), hint)
	}
}

// describe names what a type expects, and how to write it.
func describe(t reflect.Type) (what, example string) {
	switch t {
	case durationType:
		return "a duration", "write it like 30s, 5m, 1h30m or 7d"
	case timeType:
		return "a time", "write it like 2013-03-01T00:00:00Z, or 2013-03-01 for midnight UTC"
	}
	switch t.Kind() {
	case reflect.String:
		return "a text", "write one value behind the colon"
	case reflect.Bool:
		return "true or false", "write true or false, without quotes"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "a whole number", "write it like 1000"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number from 0", "write it like 1000"
	case reflect.Float32, reflect.Float64:
		return "a number", "write it like 0.5 or 1e-3"
	}
	panic("strictyaml: unsupported type " + t.String())
}

func set(v reflect.Value, n *yaml.Node, text string) (hint string, ok bool) {
	quoted := n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 && text == n.Value
	switch v.Type() {
	case durationType:
		dur, err := ParseDuration(text)
		if err != nil {
			if _, err := strconv.ParseFloat(text, 64); err == nil {
				return "a unit is missing or the number has a fraction: ms, s, m, h, d, w and y follow whole numbers", false
			}
			return "", false
		}
		v.SetInt(int64(dur))
		return "", true
	case timeType:
		at, err := ParseTime(text)
		if err != nil {
			return "", false
		}
		v.Set(reflect.ValueOf(at))
		return "", true
	}
	switch v.Kind() {
	case reflect.String: // numbers and truth values too, as they are spelled: version: 2, positive: 1
		if !utf8.ValidString(text) {
			return "", false
		}
		v.SetString(text)
		return "", true
	case reflect.Bool:
		switch strings.ToLower(text) {
		case "true":
			v.SetBool(true)
		case "false":
			v.SetBool(false)
		default:
			return "", false
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		i, err := strconv.ParseInt(text, 0, v.Type().Bits())
		if err != nil {
			return rangeHint(err), false
		}
		v.SetInt(i)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		u, err := strconv.ParseUint(text, 0, v.Type().Bits())
		if err != nil {
			return rangeHint(err), false
		}
		v.SetUint(u)
	case reflect.Float32, reflect.Float64:
		f, err := strconv.ParseFloat(text, v.Type().Bits())
		switch {
		case infinite(text), err == nil && (math.IsNaN(f) || math.IsInf(f, 0)):
			return "any but NaN and infinity, such as 0.5 or 1e-3", false
		case err != nil:
			return "", false
		}
		v.SetFloat(f)
	}
	if quoted {
		return "remove the quotes", false
	}
	return "", true
}

// infinite reports YAML's spellings of NaN and infinity, which it takes for numbers.
func infinite(text string) bool {
	switch strings.ToLower(strings.TrimLeft(text, "+-")) {
	case ".nan", ".inf":
		return true
	}
	return false
}

func rangeHint(err error) string {
	if numErr, ok := err.(*strconv.NumError); ok && numErr.Err == strconv.ErrRange {
		return "the number is too large"
	}
	return ""
}

var (
	durationForm  = regexp.MustCompile(`^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$`)
	durationUnits = [...]time.Duration{365 * 24 * time.Hour, 7 * 24 * time.Hour, 24 * time.Hour, time.Hour, time.Minute, time.Second, time.Millisecond}
)

// ParseDuration reads Prometheus' durations: whole numbers with y, w, d, h, m, s, ms in this order, or 0.
func ParseDuration(s string) (time.Duration, error) {
	if s == "0" {
		return 0, nil
	}
	m := durationForm.FindStringSubmatch(s)
	if m == nil || s == "" {
		return 0, fmt.Errorf("not a duration like 30s, 5m, 1h30m or 7d")
	}
	var d time.Duration
	for i, unit := range durationUnits {
		if m[i+1] == "" {
			continue
		}
		n, err := strconv.ParseInt(m[i+1], 10, 64)
		if err != nil || n > int64((math.MaxInt64-d)/unit) {
			return 0, fmt.Errorf("a duration longer than 292 years")
		}
		d += time.Duration(n) * unit
	}
	return d, nil
}

// FormatDuration writes a duration as ParseDuration reads it; what is below a millisecond is cut off.
func FormatDuration(d time.Duration) string {
	var out strings.Builder
	for i, name := range [...]string{"y", "w", "d", "h", "m", "s", "ms"} {
		unit := durationUnits[i]
		if i < 2 && d%unit != 0 { // 400d, not 1y5w
			continue
		}
		if n := d / unit; n > 0 {
			fmt.Fprintf(&out, "%d%s", n, name)
			d -= n * unit
		}
	}
	if out.Len() == 0 {
		return "0s"
	}
	return out.String()
}

// ParseTime reads RFC 3339 or a date, which means midnight UTC.
func ParseTime(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("not a time like 2013-03-01T00:00:00Z or a date like 2013-03-01")
}

// found names what stands in the file, as written: an expanded environment variable is never shown.
func found(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.ScalarNode:
		switch n.Tag {
		case "!!null":
			return "nothing"
		case "!!int", "!!float":
			if infinite(n.Value) {
				return clip(n.Value)
			}
			return "the number " + clip(n.Value)
		case "!!bool":
			return clip(n.Value)
		}
		if n.Value == "" {
			return "an empty text"
		}
		return fmt.Sprintf("the text %q", clip(n.Value))
	}
	return "something else"
}

// clip shortens what a message repeats from a file.
func clip(s string) string {
	const most = 40
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}
