package detectors

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"plumbline/detectors/sequential"
	"plumbline/profiles"
)

// certified is one of NIST's Statistical Reference Datasets (univariate summary statistics) with its certified values.
type certified struct {
	values     []any
	mean, sd   float64
	lag1       float64
	meanDigits float64 // relative errors that the data as doubles, or the digits certified, allow for
	sdDigits   float64
}

// referenceDatasets are eight of the nine: four observed ones from a file, the constructed ones as NIST tells how.
// PiDigits isn't, since its mean is not that of pi's first 5,000 digits, 4.5358, and so they can't be computed here.
func referenceDatasets(t *testing.T) map[string]certified {
	t.Helper()
	alternating := func(whole float64) (v []any) {
		v = append(v, whole+0.2)
		for range 500 {
			v = append(v, whole+0.1, whole+0.3)
		}
		return v
	}
	all := map[string]certified{
		"NumAcc1": {[]any{10000001.0, 10000003.0, 10000002.0}, 10000002, 1, -0.5, 1e-15, 1e-15},
		"NumAcc2": {alternating(1), 1.2, 0.1, -0.999, 1e-15, 1e-12},
		// A double is known to 1e-10 around 1e6, to 2e-9 around 1e7.
		"NumAcc3": {alternating(1e6), 1000000.2, 0.1, -0.999, 1e-15, 1e-9},
		"NumAcc4": {alternating(1e7), 10000000.2, 0.1, -0.999, 1e-15, 1e-8},
	}
	body, err := os.ReadFile("testdata/strd.txt")
	if err != nil {
		t.Fatal(err)
	}
	number := func(s string) float64 {
		x, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for _, set := range strings.Split(string(body), "\n\n")[1:] {
		words := strings.Fields(set)
		c := certified{mean: number(words[1]), sd: number(words[2]), lag1: number(words[3]), meanDigits: 3e-15, sdDigits: 1e-11}
		for _, w := range words[5:] {
			c.values = append(c.values, number(w))
		}
		if float64(len(c.values)) != number(words[4]) {
			t.Fatalf("%s has %d values", words[0], len(c.values))
		}
		all[words[0]] = c
	}
	return all
}

// What moments lose to cancellation, on both sides of a comparison and in panes that are added up.
func TestMomentsOfReferenceDatasets(t *testing.T) {
	for name, c := range referenceDatasets(t) {
		in := numbers(t, c.values, c.values)
		panes := in.CurrentProfile.Layout().NewProfile()
		for rest := c.values; len(rest) > 0; {
			n := min(len(rest), 17)
			pane := numbers(t, c.values, rest[:n]).CurrentProfile
			body := pane.AppendBinary(nil)
			pane, err := panes.Layout().Decode(body)
			if err != nil {
				t.Fatal(err)
			}
			if err := panes.Merge(pane); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		for side, f := range map[string]*profiles.Feature{"baseline": in.Baseline, "window": in.Current, "panes": panes.Feature(profiles.Key{Role: profiles.Input, Name: "x"})} {
			x := moments(f)
			near(t, name+" mean of the "+side, x.Mean, c.mean, c.meanDigits)
			near(t, name+" sd of the "+side, x.SD, c.sd, c.sdDigits)
		}
	}
}

func TestAutocorrelationOfReferenceDatasets(t *testing.T) {
	for name, c := range referenceDatasets(t) {
		var v []float64
		for _, x := range c.values {
			v = append(v, x.(float64))
		}
		r, ok := sequential.Lag1(v)
		switch {
		case len(v) < 10:
			if ok {
				t.Errorf("%s: %d values have an autocorrelation", name, len(v))
			}
		case c.lag1 < -0.99:
			near(t, name+" lag-1 autocorrelation, bounded", r, -0.99, 0)
		default:
			near(t, name+" lag-1 autocorrelation", r, c.lag1, 1e-11)
		}
	}
}
