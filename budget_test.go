package plumbline

import (
	"math"
	"testing"
	"time"
)

func TestBudget(t *testing.T) {
	b, err := ParseBudget("1 per 30d")
	if err != nil || b != DefaultBudget || b.String() != "1 per 30d" {
		t.Fatalf("%v, %v", b, err)
	}
	if got := b.Level(50, time.Hour); math.Abs(got*50*720-1) > 1e-12 {
		t.Errorf("level of 50 tests every hour: %v", got)
	}
	if got := b.Level(1, b.Period); got != 0.05 { // never above the customary level
		t.Errorf("level of one test a month: %v", got)
	}
	if half, err := ParseBudget("0.5 per 1w"); err != nil || half.Alarms != 0.5 || half.Period != 7*24*time.Hour {
		t.Errorf("%v, %v", half, err)
	}
	for _, bad := range []string{"", "1", "1 in 30d", "0 per 30d", "-1 per 30d", "NaN per 30d", "1 per 0s", "1 per month", "1e9 per 1d", "x per 1d"} {
		if b, err := ParseBudget(bad); err == nil {
			t.Errorf("%q was read as %v", bad, b)
		}
	}
}
