package detectors_test

import (
	"fmt"

	"plumbline/detectors"
)

// How far a window has drifted, how sure that is, and whether it is more than one is willing to tolerate.
func ExamplePSI() {
	baseline := []int64{1000, 1000, 1000, 1000}
	window := []int64{60, 90, 110, 140}
	res := detectors.PSI(baseline, window)
	fmt.Printf("PSI %.3f (at least %.3f), p = %.1g, like a shift of %.2f sd\n", *res.Value, *res.Lower, *res.P, *res.SD)
	p, _ := detectors.PSIRelevance(baseline, window, 0.02)
	fmt.Printf("is it more than 0.02? p = %.2g\n", p)
	// Output:
	// PSI 0.089 (at least 0.040), p = 9e-07, like a shift of 0.29 sd
	// is it more than 0.02? p = 0.0031
}
