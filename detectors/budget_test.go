package detectors

import (
	"slices"
	"testing"
	"time"
)

func TestBudget(t *testing.T) {
	b, err := ParseBudget("1 per 30d")
	if err != nil || b != DefaultBudget || b.String() != "1 per 30d" {
		t.Fatalf("%v, %v", b, err)
	}
	near(t, "level of 50 tests every hour", b.Level(50, time.Hour), 1.0/(50*720), 1e-12)
	near(t, "level of one test a month", b.Level(1, b.Period), 0.05, 1e-12) // never above the customary level
	if half, err := ParseBudget("0.5 per 1w"); err != nil || half.Alarms != 0.5 || half.Period != 7*24*time.Hour {
		t.Errorf("%v, %v", half, err)
	}
	for _, bad := range []string{"", "1", "1 in 30d", "0 per 30d", "-1 per 30d", "NaN per 30d", "1 per 0s", "1 per month", "1e9 per 1d", "x per 1d"} {
		if b, err := ParseBudget(bad); err == nil {
			t.Errorf("%q was read as %v", bad, b)
		}
	}
}

// The fifteen p-values of Benjamini and Hochberg 1995, section 4: at 0.05 the procedure rejects the four smallest, Bonferroni's
// the three smallest.
func TestBenjaminiHochberg(t *testing.T) {
	p := []float64{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.000}
	slices.Reverse(p) // order must not matter
	got := BenjaminiHochberg(p, 0.05)
	for i := range p {
		if got[i] != (p[i] <= 0.0095) {
			t.Errorf("p = %v: rejected %v", p[i], got[i])
		}
	}
	bonferroni := 0
	for _, x := range p {
		if x <= 0.05/15 {
			bonferroni++
		}
	}
	if bonferroni != 3 {
		t.Errorf("Bonferroni rejects %d", bonferroni)
	}
}
