package incumbents

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// odd are columns that a log may hold and no formula likes.
func odd() map[string]Column {
	long := make([]float64, 12_000) // NannyML bins from 10,000 rows on
	for i := range long {
		long[i] = math.Sin(float64(i))
	}
	spread := append([]float64{}, long...)
	spread[0], spread[1] = -math.MaxFloat64, math.MaxFloat64
	return map[string]Column{
		"none":      Numbers(nil),
		"missing":   Numbers([]float64{nan, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan}),
		"one":       Numbers([]float64{3}),
		"constant":  Numbers(make([]float64, 40)),
		"two":       Numbers([]float64{0, 1, 1, 0, 0, 1, 0, 1, 1, 1, 1}),
		"infinite":  Numbers([]float64{math.Inf(1), 1, 2, 3, math.Inf(-1), 4, 5, 6, 7, 8, 9, 10}),
		"extreme":   Numbers([]float64{-math.MaxFloat64, math.MaxFloat64, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, math.SmallestNonzeroFloat64}),
		"long":      Numbers(long),
		"spread":    Numbers(spread),
		"denormal":  Numbers([]float64{5e-324, 1e-323, 1.5e-323, 2e-323, 0, 5e-324, 1e-323, 3e-323, 4e-323, 5e-323}),
		"integers":  {Numbers: []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, Integer: true},
		"no text":   Categories(nil, nil),
		"gone":      Categories([]string{"", "", ""}, []bool{true, true, true}),
		"words":     Categories([]string{"a", "b", "a", "a", "b", "c", "", "a", "a", "b", "a", "b"}, []bool{5: true}),
		"all apart": Categories([]string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"}, nil),
		"bad codes": {Codes: []int32{0, 7, -3, 1, 1, 1, 1, 1, 1, 1, 1}, Levels: []string{"a", "a"}},
	}
}

func finite(t *testing.T, what string, f Finding) {
	t.Helper()
	for _, v := range []float64{f.Value, f.Threshold} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			t.Errorf("%s: %+v", what, f)
		}
	}
	if !f.OK() && (f.Drift || f.Value != 0) {
		t.Errorf("%s: a number without a right to it: %+v", what, f)
	}
}

func TestNoColumnBreaksARule(t *testing.T) {
	for a, ref := range odd() {
		for b, cur := range odd() {
			what := fmt.Sprintf("%s against %s", b, a)
			for _, rule := range Rules(3) {
				finite(t, what+", "+rule.Name, rule.Judge(ref, cur))
			}
			for _, test := range append(EvidentlyTests, "nonsense") {
				finite(t, what, EvidentlyTest(test, "x", ref, cur))
			}
			for _, method := range append(NannyMLMethods(ref), "nonsense") {
				for _, f := range NannyML("x", ref, cur, method) {
					finite(t, what, f)
				}
				finite(t, what, NannyMLWindow("x", method, ref, cur, 0))
			}
		}
	}
}

func TestOrderOfRowsDoesNotMatterToEvidently(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	values, words := make([]float64, 3000), make([]string, 3000)
	for i := range values {
		values[i] = random.NormFloat64()
		words[i] = string(rune('a' + random.IntN(8)))
	}
	for _, c := range []Column{Numbers(values), Categories(words, nil)} {
		ref, cur := c.Slice(0, 2000), c.Slice(2000, 3000)
		want := Evidently("x", ref, cur)
		if got := Evidently("x", ref.Pick(random.Perm(2000)), cur.Pick(random.Perm(1000))); math.Abs(got.Value-want.Value) > 1e-12 {
			t.Errorf("%g, in another order %g", want.Value, got.Value)
		}
	}
}

func TestNannyMLKeepsTheRowsLeftOver(t *testing.T) {
	values := make([]float64, 1003)
	for i := range values {
		values[i] = float64(i % 97)
	}
	got := NannyML("x", Numbers(values), Numbers(values))
	if len(got) != 11 || got[10].Rows != 3 || got[9].Rows != 100 || got[10].Chunk != 11 {
		t.Errorf("%d chunks: %+v", len(got), got)
	}
}

// NannyML 0.13.1: one chunk of the reference is the reference, so that mean and sd of its distance to itself are 0.
func TestNannyMLWithOneReferenceChunkHasThresholdZero(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	values := make([]float64, 4000)
	for i := range values {
		values[i] = random.NormFloat64()
	}
	f := NannyMLWindow("x", "jensen_shannon", Numbers(values[:2000]), Numbers(values[2000:]), 2000)
	if f.Threshold > 1e-12 || !f.Drift {
		t.Errorf("%+v", f)
	}
}

func TestNannyMLSummaryTakesTheHighestChunk(t *testing.T) {
	f, alerts := NannyMLSummary([]Finding{
		{Chunk: 1, Value: 0.2, Threshold: 0.1, Drift: true}, {Chunk: 2, Value: 0.4, Threshold: 0.1, Drift: true},
		{Chunk: 3, Reason: "no rows"}, {Chunk: 4, Value: 0.05, Threshold: 0.1},
	})
	if f.Chunk != 2 || !f.Drift || alerts != 2 {
		t.Errorf("%+v, %d alerts", f, alerts)
	}
	if f, alerts := NannyMLSummary([]Finding{{Chunk: 1, Reason: "no rows"}, {Chunk: 2, Value: 0.1, Threshold: 0.3}}); f.Chunk != 2 || alerts != 0 {
		t.Errorf("%+v, %d alerts", f, alerts)
	}
	if f, alerts := NannyMLSummary(nil); f.OK() && f.Value != 0 || alerts != 0 {
		t.Errorf("%+v, %d alerts", f, alerts)
	}
}

// Evidently 0.7.23 reads such a column as objects and doesn't report it.
func TestEvidentlyLeavesOutBooleansThatAreMissing(t *testing.T) {
	ref := Categories([]string{"true", "false", "true"}, nil)
	cur := Categories([]string{"true", "false", ""}, []bool{2: true})
	ref.Boolean, cur.Boolean = true, true
	if f := Evidently("x", ref, cur); f.OK() {
		t.Errorf("%+v", f)
	}
	if f := Evidently("x", cur, ref); !f.OK() || f.Test != "z" {
		t.Errorf("%+v", f)
	}
}
