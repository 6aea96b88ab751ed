package profiles

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"plumbline"
)

// timed gives records times, step apart.
func timed(records []plumbline.Record, from time.Time, step time.Duration) []plumbline.Record {
	for i := range records {
		records[i].Time = from.Add(time.Duration(i) * step)
	}
	return records
}

var may = time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)

// messyBaseline has records of every kind, one every seven minutes.
func messyBaseline(t testing.TB, n int, seed uint64) *Baseline {
	t.Helper()
	b := NewBuilder(&plumbline.Model{Name: "m"})
	records := timed(messyRecords(n, seed), may, 7*time.Minute)
	for i := range records {
		for j := range records[i].Features { // sums of the largest doubles overflow, and differences of those are nothing
			if v := &records[i].Features[j].Value; math.Abs(v.Num) > 1e6 && !math.IsInf(v.Num, 0) {
				v.Num = math.Copysign(1e6, v.Num)
			}
		}
	}
	rand.New(rand.NewPCG(seed, 1)).Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
	for i := range records {
		b.Add(&records[i])
	}
	base, err := b.Build(may, "test")
	if err != nil {
		t.Fatal(err)
	}
	return base
}

// closeMoments compares sums of what was added in another order, relative to the size of what was added.
func closeMoments(a, b *moments, n int64, scale *moments) bool {
	ok := func(x, y, s float64) bool {
		return x == y || math.Abs(x-y) <= 1e-9*math.Abs(s) || math.Abs(x-y) <= 1e-9*max(math.Abs(x), math.Abs(y))
	}
	root := math.Sqrt(float64(n) * scale.s2) // bounds |Σ(x-shift)|
	cube := math.Sqrt(scale.s2 * scale.s4)   // bounds |Σ(x-shift)³|
	return ok(a.s1, b.s1, root) && ok(a.s2, b.s2, scale.s2) && ok(a.s3, b.s3, cube) && ok(a.s4, b.s4, scale.s4)
}

func comparePart(t *testing.T, what string, want, got, whole *Profile) {
	t.Helper()
	sameCounts(t, want, got)
	for _, f := range want.Features() {
		g := got.Feature(f.Key)
		if g == nil {
			t.Fatalf("%s: %s is lost", what, f.Name)
		}
		if f.Type.Numeric() && !closeMoments(&f.m, &g.m, whole.Feature(f.Key).N, &whole.Feature(f.Key).m) {
			t.Errorf("%s: %s: sums %+v, want %+v", what, f.Name, g.m, f.m)
		}
	}
}

func TestPanesMakeTheWhole(t *testing.T) {
	for seed := range uint64(5) {
		b := messyBaseline(t, 3000, seed)
		body, err := b.Write()
		if err != nil {
			t.Fatal(err)
		}
		read, err := ReadBaseline(body)
		if err != nil {
			t.Fatal(err)
		}
		if read.Hash() != b.Hash() || read.Panes.Len() != b.Panes.Len() || b.Panes.Len() == 0 {
			t.Fatalf("hash %s %s, panes %d %d", read.Hash(), b.Hash(), read.Panes.Len(), b.Panes.Len())
		}
		sum, pane := read.layout().NewProfile(), read.layout().NewProfile()
		for i := range read.Panes.starts {
			read.Panes.add(i, sum, pane)
		}
		comparePart(t, "all panes", b.Profile(), sum, b.Profile())
	}
}

func TestWholeWithoutAWindowIsTheOthers(t *testing.T) {
	b := messyBaseline(t, 2000, 3)
	whole := b.Profile()
	ws, err := b.Windows(24*time.Hour, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	var parts []*Profile
	for w := range ws.All() {
		if w.Profile.Records() != w.Records || w.Window.Duration() != 24*time.Hour {
			t.Errorf("window %v has %d records, said %d", w.Window, w.Profile.Records(), w.Records)
		}
		parts = append(parts, w.Profile.Clone())
	}
	if len(parts) != ws.Len() || len(parts) < 8 { // 2000 × 7 minutes are 9.7 days
		t.Fatalf("%d windows", len(parts))
	}
	last, err := whole.Without(parts[0]) // the remainder beyond the last whole day stays in
	for _, p := range parts[1:] {
		if err != nil {
			t.Fatal(err)
		}
		last, err = last.Without(p)
	}
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range parts {
		rest, err := whole.Without(p)
		if err != nil {
			t.Fatal(err)
		}
		others := last.Clone()
		for j, q := range parts {
			if j != i {
				if err := others.Merge(q); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, f := range rest.Features() { // its extremes are still those of the whole
			if of := whole.Feature(f.Key); f.N > 0 && (f.m.min != of.m.min || f.m.max != of.m.max) {
				t.Errorf("%s: extremes %v and %v", f.Name, f.m.min, f.m.max)
			}
			f.m.min, f.m.max = others.Feature(f.Key).m.min, others.Feature(f.Key).m.max
		}
		comparePart(t, "rest", others, rest, whole)
	}
	if _, err := parts[0].Without(whole); err == nil {
		t.Error("a part without the whole")
	}
	if _, err := whole.Without(messyBaseline(t, 100, 9).Profile()); err == nil {
		t.Error("another baseline was taken away")
	}
}
