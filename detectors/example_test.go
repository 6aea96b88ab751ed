package detectors_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"plumbline"
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

// What can't be judged says why, and is no number that a threshold could pass.
func ExampleResult() {
	res := detectors.KullbackLeibler([]int64{500, 300, 200}, []int64{60, 40, 0})
	fmt.Println(res.Value == nil, res.Reason)
	res = detectors.PSI([]int64{500, 300, 200}, []int64{12, 9, 4})
	fmt.Println(res.Value == nil, res.Reason)
	// Output:
	// true a cell of the baseline is empty in the window, which makes the divergence infinite; psi smooths it
	// true 25 rows in the window, at least 50 are needed
}

// Counts alone, without profiles or a store: a feature in ten cells on the forty days of a baseline, whose mix wavers from day to day. Each
// day against the others shows how far a day strays when nothing is wrong; a budget says how improbable an alarm must be.
func ExampleFitNull() {
	rng := rand.New(rand.NewPCG(1, 2))
	day := func(drift float64) []int64 {
		tilt, counts := drift+0.2*rng.NormFloat64(), make([]int64, 10)
		for range 2000 {
			counts[min(9, int(10*math.Pow(rng.Float64(), math.Exp(tilt))))]++
		}
		return counts
	}
	var days [][]int64
	baseline := make([]int64, 10)
	for range 40 {
		days = append(days, day(0))
		for j, k := range days[len(days)-1] {
			baseline[j] += k
		}
	}

	const df = 9
	var scores []detectors.Score
	for _, counts := range days {
		rest := make([]int64, 10)
		for j := range rest {
			rest[j] = baseline[j] - counts[j]
		}
		x2 := detectors.ChiSquare(rest, counts)
		scores = append(scores, detectors.Score{X: *x2.Value, Mean: df, CV: math.Sqrt(2.0 / df)})
	}
	null, err := detectors.FitNull(scores)
	if err != nil {
		fmt.Println(err)
		return
	}
	budget, _ := plumbline.ParseBudget("1 per 30d")
	level := budget.Level(20, 24*time.Hour) // one test of each of twenty features, once a day
	fmt.Printf("2000 rows carry the information of %.0f; the level is %.2g\n", 2000/null.Phi, level)
	for _, drift := range []float64{0.3, 1} { // a day such as there are many, and one such as there is none
		res := detectors.ChiSquare(baseline, day(drift))
		p := null.Tail(*res.Value / df)
		fmt.Printf("p = %.1g if rows were independent, %.1g for days like these: alarm %v\n", *res.P, p, p <= level)
	}
	// Output:
	// 2000 rows carry the information of 294; the level is 0.0017
	// p = 2e-26 if rows were independent, 0.1 for days like these: alarm false
	// p = 0 if rows were independent, 0.0004 for days like these: alarm true
}
