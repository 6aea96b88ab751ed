package incumbents_test

import (
	"fmt"

	"plumbline/detectors/incumbents"
)

// What Evidently and whylogs would say of a column, by their defaults.
func ExampleEvidently() {
	var reference, current []float64
	for i := range 500 {
		reference = append(reference, float64(i%100))
		current = append(current, float64(i%100)+30)
	}
	ref, cur := incumbents.Numbers(reference), incumbents.Numbers(current)
	for _, f := range []incumbents.Finding{incumbents.Evidently("delay", ref, cur), incumbents.Whylogs("delay", ref, cur)} {
		fmt.Printf("%s: %s %.3g, drift %v\n", f.Name, f.Test, f.Value, f.Drift)
	}
	// Output:
	// delay: ks 2.98e-20, drift true
	// delay: ks 1.89e-20, drift true
}
