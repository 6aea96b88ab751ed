package plumbline

import (
	"strings"
	"testing"
)

func TestSpellings(t *testing.T) {
	f := func(s string, nan, inf bool) {
		t.Helper()
		if got := SpellsNaN(s); got != nan {
			t.Errorf("SpellsNaN(%q) = %v", s, got)
		}
		if got := SpellsInf(s); got != inf {
			t.Errorf("SpellsInf(%q) = %v", s, got)
		}
	}
	for _, s := range []string{"NaN", "nan", "NAN", "-nan", "+NaN", "qNaN", "sNaN", "nan(0x7ff8)", "-nan(ind)", "1.#QNAN", "-1.#IND00"} {
		f(s, true, false)
	}
	for _, s := range []string{"inf", "Inf", "-Infinity", "+INF", "1.#INF"} {
		f(s, false, true)
	}
	for _, s := range []string{"", "-", "--nan", "nano", "nancy", "NA", "null", "infra", "info", "1", " nan", strings.Repeat("nan(", 20) + ")"} {
		f(s, false, false)
	}
}
