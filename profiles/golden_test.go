package profiles

import (
	"bytes"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline"
	"plumbline/profiles/projection"
)

// near reports whether two numbers agree to a relative error.
func near(got, want, relative float64) bool {
	return got == want || math.Abs(got-want) <= relative*math.Max(math.Abs(got), math.Abs(want))
}

func role(name string) Role {
	if name == "score" {
		return Output
	}
	return Input
}

func TestBaselineAgreesWithGolden(t *testing.T) {
	g := readGolden(t).Windows["baseline"]
	b := flightsBaseline(t)
	if b.Records != g.Records {
		t.Errorf("records: %d, golden says %d", b.Records, g.Records)
	}
	p := b.Profile()
	for name, want := range g.Features {
		f := p.Feature(Key{role(name), name})
		if f == nil {
			t.Errorf("%s: no such feature", name)
			continue
		}
		if f.Missing != want.Missing {
			t.Errorf("%s: missing %d, golden says %d", name, f.Missing, want.Missing)
		}
		if want.Counts != nil {
			got := map[string]int64{}
			if f.Missing > 0 {
				got["<missing>"] = f.Missing
			}
			for _, c := range f.Categories() {
				got[c.Value] = c.Count
			}
			if diff := cmp.Diff(want.Counts, got); diff != "" {
				t.Errorf("%s: categories (-golden +got):\n%s", name, diff)
			}
			continue
		}
		checkNumbers(t, name, f, want.N, want.Mean, want.SD, want.Min, want.Max)
		for q, value := range want.Quantiles { // the golden quantiles are inverted_cdf, so they lie in the cell
			share, err := strconv.ParseFloat(q, 64)
			if err != nil {
				t.Fatal(err)
			}
			if _, lo, hi, ok := f.Quantile(share); !ok || value < lo || value > hi {
				t.Errorf("%s: quantile %s is %v, outside of [%v, %v]", name, q, value, lo, hi)
			}
		}
	}
	quality := g.Performance["1"]
	if b.Labels.N != quality.NLabelled || !near(*b.Labels.Positive, quality.BaseRate, 1e-12) || !near(*b.Quality.Accuracy, quality.Accuracy, 1e-12) {
		t.Errorf("labels %+v, quality %+v, golden says %+v", b.Labels, b.Quality, quality)
	}
}

func checkNumbers(t *testing.T, name string, f *Feature, n int64, mean, sd, low, high float64) {
	t.Helper()
	gotMean, _ := f.Mean()
	gotSD, _ := f.SD()
	gotMin, _ := f.Min()
	gotMax, _ := f.Max()
	if f.N != n || gotMin != low || gotMax != high {
		t.Errorf("%s: n %d, min %v, max %v; golden says %d, %v, %v", name, f.N, gotMin, gotMax, n, low, high)
	}
	if !near(gotMean, mean, 1e-12) || !near(gotSD, sd, 1e-12) {
		t.Errorf("%s: mean %v, sd %v; golden says %v, %v", name, gotMean, gotSD, mean, sd)
	}
}

// TestWindowsAgreeWithGolden folds a live month, pane by pane, and merges the decoded panes.
func TestWindowsAgreeWithGolden(t *testing.T) {
	g := readGolden(t)
	b := flightsBaseline(t)
	l := NewLayout(flightsModel(), b)
	ref := b.Profile()
	months := map[string]*Profile{}
	panes := map[time.Time]*Profile{}
	folder := NewFolder(l)
	records := readFlights(t, "inference.ndjson.gz")
	for i := range records {
		pane := records[i].Time.Truncate(time.Minute)
		if panes[pane] == nil {
			panes[pane] = l.NewProfile()
		}
		folder.Fold(&records[i], false, panes[pane])
	}
	size := 0
	for start, p := range panes {
		body := p.AppendBinary(nil)
		size += len(body)
		q, err := l.Decode(body)
		if err != nil {
			t.Fatal(err)
		}
		month := start.Format("2006-01")
		if months[month] == nil {
			months[month] = l.NewProfile()
		}
		if err := months[month].Merge(q); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d records in %d panes, %d bytes in all, %.1f a pane", len(records), len(panes), size, float64(size)/float64(len(panes)))
	if len(months) != 6 {
		t.Errorf("%d months, want 6", len(months))
	}
	for month, p := range months {
		want := g.Windows[month]
		if p.Records() != want.Records {
			t.Errorf("%s: %d records, golden says %d", month, p.Records(), want.Records)
		}
		for name, w := range want.Features {
			f := p.Feature(Key{role(name), name})
			if f.Missing != w.Missing {
				t.Errorf("%s %s: missing %d, golden says %d", month, name, f.Missing, w.Missing)
			}
			if w.Counts == nil {
				checkNumbers(t, month+" "+name, f, w.N, w.Mean, w.SD, w.Min, w.Max)
			}
		}
		for name, w := range want.Drift["1"] {
			f, r := p.Feature(Key{role(name), name}), ref.Feature(Key{role(name), name})
			if w.Cells != nil {
				checkCells(t, month+" "+name, f, r, w.Cells, w.Counts, w.ReferenceCounts, w.Unseen)
				continue
			}
			cuts := f.Grid().Deciles(r.Counts())
			edges := make([]float64, len(cuts))
			for i, c := range cuts {
				edges[i] = f.Grid().Edges[c]
			}
			if diff := cmp.Diff(w.Edges, edges); diff != "" {
				t.Errorf("%s %s: decile edges (-golden +got):\n%s", month, name, diff)
			}
			if diff := cmp.Diff(w.ReferenceCounts, Group(r.Counts(), cuts)); diff != "" {
				t.Errorf("%s %s: reference counts (-golden +got):\n%s", month, name, diff)
			}
			if diff := cmp.Diff(w.Counts, Group(f.Counts(), cuts)); diff != "" {
				t.Errorf("%s %s: counts (-golden +got):\n%s", month, name, diff)
			}
		}
	}
}

func checkCells(t *testing.T, what string, f, r *Feature, cells []string, counts, reference []int64, unseen map[string]int64) {
	t.Helper()
	for i, cell := range cells {
		got, was := int64(0), int64(0)
		switch cell {
		case "<missing>":
			got, was = f.Missing, r.Missing
		case "<unseen>":
			got = f.Unseen()
		default:
			got, _ = f.Count(cell)
			was, _ = r.Count(cell)
		}
		if got != counts[i] || was != reference[i] {
			t.Errorf("%s: %s occurs %d times, %d in the baseline; golden says %d, %d", what, cell, got, was, counts[i], reference[i])
		}
	}
	for value, n := range unseen {
		if got, _ := f.Count(value); got != n {
			t.Errorf("%s: unseen %s occurs %d times, golden says %d", what, value, got, n)
		}
	}
}

func TestBaselineFileRoundTrip(t *testing.T) {
	b := flightsBaseline(t)
	data, err := b.Write()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ReadBaseline(data)
	if err != nil {
		t.Fatal(err)
	}
	if again.Hash() != b.Hash() {
		t.Errorf("the hash changed from %s to %s", b.Hash(), again.Hash())
	}
	twice, err := again.Write()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(data, twice) {
		t.Error("written again the file differs")
	}
	if got, want := again.Profile().AppendBinary(nil), b.Profile().AppendBinary(nil); !bytes.Equal(got, want) {
		t.Error("the profile differs after reading")
	}
	t.Logf("%d bytes", len(data))

	// The slices of one set of names make up the whole.
	whole := b.Profile()
	sum := b.layout().NewProfile()
	for name := range b.Slices {
		if m, _ := ParseSlice(name); len(m) == 1 && m["carrier"] != "" {
			p, ok := b.SliceProfile(name)
			if !ok {
				t.Fatalf("no slice %s", name)
			}
			if err := sum.Merge(p); err != nil {
				t.Fatal(err)
			}
		}
	}
	sameCounts(t, whole, sum)

	other := *b
	other.Created, other.hash = b.Created.Add(time.Hour), ""
	if other.Hash() != b.Hash() {
		t.Error("the hash depends on when the baseline was made")
	}
	other.Records++
	if other.Hash() == b.Hash() {
		t.Error("the hash does not depend on the content")
	}
}

// sameCounts demands equal counts bit by bit and moments to 1e-9.
func sameCounts(t *testing.T, want, got *Profile) {
	t.Helper()
	if want.Records() != got.Records() || want.Carrying != got.Carrying {
		t.Errorf("records %d carrying %d, want %d and %d", got.Records(), got.Carrying, want.Records(), want.Carrying)
	}
	for _, w := range want.Features() {
		g := got.Feature(w.Key)
		if g == nil {
			t.Errorf("%s is gone", w.Name)
			continue
		}
		type facts struct {
			Type                                           plumbline.FeatureType
			N, Missing, NaN, Invalid, Below, Above, Unseen int64
			Other                                          int64
			Counts                                         []int64
			Categories, UnseenValues                       []Category
			Min, Max                                       float64
			Sketch                                         *projection.Sketch
		}
		of := func(f *Feature) facts {
			low, _ := f.Min()
			high, _ := f.Max()
			return facts{f.Type, f.N, f.Missing, f.NaN, f.Invalid, f.Below, f.Above, f.Unseen(), f.Other(), f.Counts(), f.Categories(), f.UnseenValues(), low, high, f.Sketch()}
		}
		if diff := cmp.Diff(of(w), of(g)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", w.Name, diff)
		}
		wm, _ := w.Mean()
		gm, _ := g.Mean()
		ws, _ := w.SD()
		gs, _ := g.SD()
		if !near(wm, gm, 1e-9) || !near(ws, gs, 1e-9) {
			t.Errorf("%s: mean %v, sd %v, want %v, %v", w.Name, gm, gs, wm, ws)
		}
	}
}
