package compare

import (
	"testing"

	"plumbline"
)

// Where rows depend on each other, a statistic of raw values keeps the p-value and verdict that were made of that; one that has none
// says why.
func TestRawValuesOfDependentRows(t *testing.T) {
	ref, cur := make([]float64, 200), make([]float64, 200)
	for i := range ref {
		ref[i], cur[i] = float64(i), float64(i+150)
	}
	p := .4
	f := Feature{Verdict: plumbline.NoDrift, dependent: true, found: []Finding{{Test: "ad", P: &p, Verdict: plumbline.NoDrift, Judged: true, Note: "from 20 windows"}}}
	f.exact(ref, cur, .05)
	if len(f.Findings) != len(exactTests) {
		t.Fatalf("%d findings of %d tests", len(f.Findings), len(exactTests))
	}
	for _, x := range f.Findings {
		if judged := x.Test == "ad"; x.Judged != judged || (x.P != nil) != judged {
			t.Errorf("%s: judged %v, p %v", x.Test, x.Judged, x.P)
		}
		if x.Value == nil || x.Verdict == "" || x.Verdict == plumbline.NoVerdict && x.Reason == "" {
			t.Errorf("%s: value %v, verdict %q, reason %q", x.Test, x.Value, x.Verdict, x.Reason)
		}
	}
	if x := f.Findings[0]; *x.P != p || x.Verdict != plumbline.NoDrift || x.Note != "of the raw values; the p-value is not, since rows depend on each other; from 20 windows" {
		t.Errorf("%+v", x)
	}
	f = Feature{found: []Finding{{Test: "ad", Judged: true}}}
	if f.exact(ref, cur, .05); f.Verdict != plumbline.Drift || f.Findings[0].Verdict != plumbline.Drift || f.Findings[0].Note != "of the raw values" {
		t.Errorf("%q: %+v", f.Verdict, f.Findings[0])
	}
}

// What raw values say counts, also where cells had said drift and other tests had been held back.
func TestRawValuesDecideAnew(t *testing.T) {
	p := 1e-9
	f := Feature{found: []Finding{{Test: "ad", P: &p, Verdict: plumbline.Drift, Judged: true}, {Test: "ks", P: &p, Verdict: plumbline.Drift}, {Test: "w1", Verdict: plumbline.NoDrift}}}
	f.conclude()
	same := make([]float64, 200)
	for i := range same {
		same[i] = float64(i)
	}
	f.exact(same, same, .001)
	if f.Verdict != plumbline.NoDrift {
		t.Errorf("the same values: %q, %+v", f.Verdict, f.Findings)
	}
	shifted := make([]float64, 200)
	for i := range shifted {
		shifted[i] = float64(i + 150)
	}
	f.exact(same, shifted, .001)
	if f.Verdict != plumbline.Drift || f.Findings[1].Verdict != plumbline.Drift {
		t.Errorf("other values: %q, %+v", f.Verdict, f.Findings)
	}
}
