package exact_test

import (
	"fmt"

	"plumbline/detectors/exact"
)

// Two columns of raw numbers, as scipy.stats.ks_2samp compares them.
func ExampleKolmogorovSmirnov() {
	baseline := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	window := []float64{6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	res := exact.KolmogorovSmirnov(baseline, window)
	fmt.Printf("D = %.1f, p = %.4f\n", *res.Value, *res.P)
	// Output:
	// D = 0.5, p = 0.1678
}

// Scores of one set of rows, judged by what came true.
func ExampleBrier() {
	res := exact.Brier([]bool{false, true, true, false}, []float64{0.1, 0.9, 0.8, 0.3})
	fmt.Printf("%.4f\n", *res.Value)
	// Output:
	// 0.0375
}
