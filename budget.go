package plumbline

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	prometheus "github.com/prometheus/common/model"
)

// Budget is how many false alarms are acceptable: Alarms expected in a Period, per model.
type Budget struct {
	Alarms float64 // > 0
	Period time.Duration
}

// DefaultBudget is one false alarm a month.
var DefaultBudget = Budget{1, 30 * 24 * time.Hour}

// ParseBudget reads "1 per 30d": a number, the word per, and a duration in Prometheus' notation.
func ParseBudget(s string) (Budget, error) {
	number, period, ok := strings.Cut(strings.TrimSpace(s), " per ")
	if !ok {
		return Budget{}, fmt.Errorf("budget %q: write a number of false alarms per time, like 1 per 30d", s)
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !(n > 0) || n > 1e6 {
		return Budget{}, fmt.Errorf("budget %q: %s is no number of false alarms between 0 and a million", s, strings.TrimSpace(number))
	}
	d, err := prometheus.ParseDuration(strings.TrimSpace(period))
	if err != nil || d <= 0 {
		return Budget{}, fmt.Errorf("budget %q: %s is no duration, like 30d", s, strings.TrimSpace(period))
	}
	return Budget{n, time.Duration(d)}, nil
}

func (b Budget) String() string {
	return fmt.Sprintf("%s per %s", strconv.FormatFloat(b.Alarms, 'g', 6, 64), prometheus.Duration(b.Period))
}

// Level is the level of each single test when tests of them are run on every window of a length: Alarms/(tests × windows in the
// Period), at most 0.05. The expected number of false alarms is then at most Alarms however the tests depend on each other.
func (b Budget) Level(tests int, window time.Duration) float64 {
	if tests < 1 || window <= 0 || b.Period <= 0 {
		return 0
	}
	return min(0.05, b.Alarms*window.Seconds()/b.Period.Seconds()/float64(tests))
}
