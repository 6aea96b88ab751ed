package mmd_test

import (
	"fmt"
	"math/rand/v2"

	"plumbline/detectors/mmd"
)

// The projection is fitted once, to a sample; then either side is counted in one pass.
func ExampleCompare() {
	rng := rand.New(rand.NewPCG(1, 2))
	vector := func(shift float64) []float64 {
		return []float64{rng.NormFloat64() + shift, rng.NormFloat64(), rng.NormFloat64()}
	}
	var sample [][]float64
	for range 200 {
		sample = append(sample, vector(0))
	}
	p, err := mmd.Fit(sample, mmd.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	ref, same, moved := mmd.NewCounter(p), mmd.NewCounter(p), mmd.NewCounter(p)
	for range 2000 {
		ref.Add(vector(0))
	}
	for range 500 {
		same.Add(vector(0))
		moved.Add(vector(0.5))
	}
	for _, cur := range []*mmd.Counter{same, moved} {
		res := mmd.Compare(p, ref.Sketch(), cur.Sketch(), 1)
		fmt.Printf("drift %v\n", *res.P < 0.001)
	}
	// Output:
	// drift false
	// drift true
}
