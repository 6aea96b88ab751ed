package detectors

import (
	"slices"
	"testing"
)

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
