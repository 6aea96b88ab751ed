package profiles

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plumbline"
)

// Cells that hold one value each are cut where QuantileGrid cuts the values themselves.
func TestQuantileCutsAreTheGridsCuts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 7, 240, 1000, 61441} {
		var values []float64
		for range n {
			values = append(values, float64(r.IntN(3*n)))
		}
		slices.Sort(values)
		var cells []float64
		var counts []int64
		for _, v := range values {
			if k := len(cells); k == 0 || cells[k-1] != v {
				cells, counts = append(cells, v), append(counts, 0)
			}
			counts[len(counts)-1]++
		}
		var got []float64
		for _, c := range QuantileCuts(counts) {
			got = append(got, cells[c])
		}
		if diff := cmp.Diff(append([]float64(nil), QuantileGrid(values).Edges...), got); diff != "" {
			t.Errorf("n = %d: %s", n, diff)
		}
	}
	if QuantileCuts([]int64{0, 0}) != nil {
		t.Error("cells without values were cut")
	}
}

func TestPairCountsOnTheSameCells(t *testing.T) {
	ref := Sample{N: 3, Missing: 1, Counts: []int64{1, 2}, Shift: 2, Sums: [4]float64{-1, 1, -1, 1}, Min: 1, Max: 2}
	cur := Sample{N: 2, Counts: []int64{2}, Shift: 2, Sums: [4]float64{-2, 2, -2, 2}, Min: 1, Max: 1}
	r, c, err := Pair("x", plumbline.TypeNumber, []float64{1}, nil, ref, cur)
	if err != nil {
		t.Fatal(err)
	}
	if m, _ := r.Mean(); m != 5./3 || r.Missing != 1 || !slices.Equal(r.Counts(), []int64{1, 2}) {
		t.Errorf("the reference came back as mean %v, missing %d, counts %v", m, r.Missing, r.Counts())
	}
	if m, _ := c.Mean(); m != 1 || !slices.Equal(c.Counts(), []int64{2, 0}) {
		t.Errorf("the current side came back as mean %v, counts %v", m, c.Counts())
	}
	r, c, err = Pair("k", plumbline.TypeCategory, nil, []string{"a", "b"}, Sample{N: 3, Counts: []int64{2, 1}},
		Sample{N: 6, Counts: []int64{0, 3}, Unseen: []Category{{Value: "z", Count: 2}}, Overflow: 1})
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := r.Count("a"); n != 2 || !ok || c.Unseen() != 3 || len(c.UnseenValues()) != 1 {
		t.Errorf("a: %d, unseen %d, %v", n, c.Unseen(), c.UnseenValues())
	}
	for _, wrong := range []struct {
		edges  []float64
		counts []int64
	}{{[]float64{2, 1}, nil}, {[]float64{1}, []int64{1, 2, 3}}} {
		if _, _, err := Pair("x", plumbline.TypeNumber, wrong.edges, nil, Sample{Counts: wrong.counts}, Sample{}); err == nil {
			t.Errorf("edges %v with counts %v were taken", wrong.edges, wrong.counts)
		}
	}
}
