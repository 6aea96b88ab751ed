package profiles

import (
	"math"
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

func TestSamplesLieOnTheSameCells(t *testing.T) {
	cells, err := NewCells("x", plumbline.TypeNumber, []float64{1}, nil, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	r := feature(t, cells, Sample{N: 3, Missing: 1, Counts: []int64{1, 2}, Shift: 2, Sums: [4]float64{-1, 1, -1, 1}, Min: 1, Max: 2})
	c := feature(t, cells, Sample{N: 2, Counts: []int64{2}, Shift: 2, Sums: [4]float64{-2, 2, -2, 2}, Min: 1, Max: 1})
	if m, _ := r.Mean(); m != 5./3 || r.Missing != 1 || !slices.Equal(r.Counts(), []int64{1, 2}) {
		t.Errorf("the reference came back as mean %v, missing %d, counts %v", m, r.Missing, r.Counts())
	}
	if m, _ := c.Mean(); m != 1 || !slices.Equal(c.Counts(), []int64{2, 0}) || c.Grid() != r.Grid() {
		t.Errorf("the current side came back as mean %v, counts %v", m, c.Counts())
	}
	cells, err = NewCells("k", plumbline.TypeCategory, nil, []string{"a", "b"}, math.NaN(), math.NaN())
	if err != nil {
		t.Fatal(err)
	}
	r = feature(t, cells, Sample{N: 3, Counts: []int64{2, 1}})
	c = feature(t, cells, Sample{N: 6, Counts: []int64{0, 3}, Unseen: []Category{{Value: "z", Count: 2}}, Overflow: 1})
	if n, ok := r.Count("a"); n != 2 || !ok || c.Unseen() != 3 || len(c.UnseenValues()) != 1 {
		t.Errorf("a: %d, unseen %d, %v", n, c.Unseen(), c.UnseenValues())
	}
	if _, err := cells.Feature(Sample{Counts: []int64{1, 2, 3}}); err == nil {
		t.Error("three counts lie on two categories")
	}
	if _, err := NewCells("x", plumbline.TypeNumber, []float64{2, 1}, nil, 1, 2); err == nil {
		t.Error("edges that descend were taken")
	}
}

func feature(t *testing.T, c *Cells, x Sample) *Feature {
	t.Helper()
	f, err := c.Feature(x)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
