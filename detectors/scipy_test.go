package detectors

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// reference is testdata/scipy.json, written by testdata/regenerate.py with the version of SciPy it names.
type reference struct {
	Scipy string
	NCX2  []struct{ X, DF, NC, Want float64 } `json:"ncx2_sf"`
	Chi2  []struct{ X, DF, Want float64 }     `json:"chi2_sf"`
	Kolm  []struct{ Z, Want float64 }         `json:"kolmogorov"`
	KSTwo []struct{ D, N, Want float64 }      `json:"kstwo_sf"`
	KS    []struct {
		N, M    int64
		D, Want float64
	} `json:"ks_2samp"`
	Tables []struct {
		Ref, Cur []int64
		X2, G    float64
		X2P      float64 `json:"x2_p"`
		GP       float64 `json:"g_p"`
		JS2      float64
	}
	Shares []struct {
		K, N, L, M           int64
		Fisher, Lower, Upper float64
		ZP                   float64 `json:"z_p"`
	}
	Binom []struct {
		K, N    int64
		P, Want float64
	} `json:"binom_sf"`
	Welch []struct {
		Ref, Cur [3]float64
		Want     float64
	}
}

func loadReference(t *testing.T) reference {
	t.Helper()
	body, err := os.ReadFile("testdata/scipy.json")
	if err != nil {
		t.Fatal(err)
	}
	var ref reference
	if err := json.Unmarshal(body, &ref); err != nil {
		t.Fatal(err)
	}
	return ref
}

// near fails unless got is within the relative tolerance of want; a want of 0 allows rounding.
func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if want == 0 && math.Abs(got) < 1e-20 {
		return
	}
	if math.IsNaN(got) || math.Abs(got-want) > tolerance*math.Abs(want) {
		t.Errorf("%s = %.17g, want %.17g (relative error %.2g)", what, got, want, math.Abs(got-want)/math.Abs(want))
	}
}

// have dereferences a field that must be there.
func have(t *testing.T, what string, v *float64) float64 {
	t.Helper()
	if v == nil {
		t.Fatalf("%s is absent", what)
	}
	return *v
}

func TestChiSquareTailAgainstSciPy(t *testing.T) {
	ref := loadReference(t)
	for _, c := range ref.NCX2 {
		tolerance := 1e-9
		if c.DF+c.NC >= manyFreedom {
			tolerance = 1e-8
		}
		near(t, "ncx2.sf", ChiSquareTail(c.X, c.DF, c.NC), c.Want, tolerance)
	}
	for _, c := range ref.Chi2 {
		near(t, "chi2.sf", ChiSquareTail(c.X, c.DF, 0), c.Want, 1e-10)
	}
}

func TestKolmogorovAgainstSciPy(t *testing.T) {
	ref := loadReference(t)
	for _, c := range ref.Kolm {
		near(t, "kolmogorov", KolmogorovTail(c.Z), c.Want, 1e-13)
	}
	for _, c := range ref.KSTwo {
		tolerance := 1e-8
		switch {
		case c.N < 500: // the expansion ends at the power 3/2 of 1/n
			tolerance = 1e-4
		case c.N*c.D*c.D >= 2.2:
			tolerance = 1e-6
		}
		near(t, "kstwo.sf", KSOneSampleTail(c.D, c.N), c.Want, tolerance)
	}
	for _, c := range ref.KS {
		near(t, "ks_2samp exact", KSTail(c.D, c.N, c.M), c.Want, 1e-9)
	}
}

func TestTablesAgainstSciPy(t *testing.T) {
	for _, c := range loadReference(t).Tables {
		x2, g, js := ChiSquare(c.Ref, c.Cur), G(c.Ref, c.Cur), JensenShannon(c.Ref, c.Cur)
		near(t, "X2", have(t, "X2", x2.Value), c.X2, 1e-12)
		near(t, "G", have(t, "G", g.Value), c.G, 1e-12)
		near(t, "JS", have(t, "JS", js.Value), c.JS2, 1e-10)
		if x2.Note == "" { // no cell was merged
			near(t, "X2 p", have(t, "X2 p", x2.P), c.X2P, 1e-10)
			near(t, "G p", have(t, "G p", g.P), c.GP, 1e-10)
		}
	}
}

func TestSharesAgainstSciPy(t *testing.T) {
	ref := loadReference(t)
	for _, c := range ref.Shares {
		near(t, "fisher_exact", FisherExact(c.K, c.N, c.L, c.M), c.Fisher, 1e-9)
		res := CompareShares(c.K, c.N, c.L, c.M)
		near(t, "Wilson lower", have(t, "lower", res.Lower), c.Lower, 1e-9)
		near(t, "Wilson upper", have(t, "upper", res.Upper), c.Upper, 1e-9)
		want := c.ZP
		hits, rows := float64(c.K+c.L), float64(c.N+c.M)
		if math.Min(float64(c.N), float64(c.M))*math.Min(hits, rows-hits)/rows < MinExpected {
			want = c.Fisher
		}
		near(t, "p of shares", have(t, "p", res.P), want, 1e-9)
	}
	for _, c := range ref.Binom {
		near(t, "binom.sf", BinomialTail(c.K, c.N, c.P), c.Want, 1e-10)
	}
}

func TestMeanShiftAgainstSciPy(t *testing.T) {
	for _, c := range loadReference(t).Welch {
		res := MeanShift(Moments{N: int64(c.Ref[0]), Mean: c.Ref[1], SD: c.Ref[2]}, Moments{N: int64(c.Cur[0]), Mean: c.Cur[1], SD: c.Cur[2]})
		near(t, "Welch p", have(t, "p", res.P), c.Want, 1e-9)
	}
}
