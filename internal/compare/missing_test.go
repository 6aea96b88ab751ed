package compare

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"plumbline"
)

// A column that is there at last has drifted as much as one that is gone, and is called what it is now.
func TestColumnsWithoutAValue(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 15))
	const n = 2000
	column := func(draw func() string) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = draw()
		}
		return out
	}
	empty := column(func() string { return "" })
	full := map[string][]string{
		"number":   column(func() string { return fmt.Sprint(r.NormFloat64()) }),
		"category": column(func() string { return string(rune('a' + r.IntN(5))) }),
		"text":     column(func() string { return fmt.Sprint("text ", r.Float64()) }),
		"none":     empty, "y": column(func() string { return fmt.Sprint(r.NormFloat64()) }),
	}
	none := map[string][]string{"number": empty, "category": empty, "text": empty, "none": empty, "y": full["y"]}
	few := map[string][]string{"number": slices.Concat(full["number"][:3], empty[3:]), "category": empty, "text": empty, "none": empty, "y": full["y"]}
	a, b, c := write(t, "full.csv", csvOf(full)), write(t, "none.csv", csvOf(none)), write(t, "few.csv", csvOf(few))
	for _, way := range [][2]string{{b, a}, {a, b}} {
		got := run(t, Options{Reference: way[0], Current: way[1], Exact: true, Compat: Tools})
		if got.Verdict != plumbline.Drift {
			t.Errorf("%v: %s", way, got.Verdict)
		}
		spent := 0
		for _, f := range got.Features {
			for _, x := range f.Findings {
				if x.Judged {
					spent++
				}
			}
		}
		for _, name := range []string{"number", "category", "text"} {
			f := got.feature(t, name)
			if x := f.finding(t, "missing"); f.Verdict != plumbline.Drift || string(f.Type) != name || x.Verdict != plumbline.Drift || x.P == nil || !x.Judged {
				t.Errorf("%v: %s is %q, %q by a p-value %v", way, name, f.Type, f.Verdict, x.P)
			}
		}
		if f := got.feature(t, "none"); f.Verdict != plumbline.NoVerdict || !strings.Contains(f.Findings[0].Reason, "no row has a value") {
			t.Errorf("nothing on either side: %s", f.Verdict)
		}
		if spent > got.Judged {
			t.Errorf("%d tests share a budget for %d", spent, got.Judged)
		}
	}
	if f := run(t, Options{Reference: b, Current: c}).feature(t, "number"); f.Verdict == plumbline.Drift || f.N != 3 || f.finding(t, "missing").P == nil {
		t.Errorf("three values in place of none: %s of %d", f.Verdict, f.N)
	}
}
