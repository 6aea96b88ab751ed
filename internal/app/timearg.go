package app

import (
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// ParseTime reads an instant as users write it: RFC 3339, a date (midnight UTC), or -24h (before now). Empty is the fallback.
func ParseTime(s string, fallback, now time.Time) (time.Time, error) {
	if s == "" {
		return fallback, nil
	}
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		d, err := model.ParseDuration(rest)
		if err != nil {
			return time.Time{}, fmt.Errorf("%q is not a duration before now; write -24h or -7d", s)
		}
		return now.Add(-time.Duration(d)), nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time; write 2026-03-01T00:00:00Z, 2026-03-01 or -24h", s)
}
