package exact

import (
	"math"
	"math/rand/v2"
	"testing"
)

// From the documentation of sklearn.metrics.brier_score_loss, log_loss and ndcg_score.
func TestDocumentedScores(t *testing.T) {
	brier := Brier([]bool{false, true, true, false}, []float64{0.1, 0.9, 0.8, 0.3})
	near(t, "Brier", brier.Value, 0.0375, 1e-15)
	loss := LogLoss([]bool{true, false, false, true}, []float64{0.9, 0.1, 0.2, 0.65})
	near(t, "log-loss", loss.Value, 0.21616187468057912, 1e-15)
	near(t, "NDCG", NDCG([]float64{10, 0, 0, 1, 5}, []float64{0.1, 0.2, 0.3, 4, 70}, 0).Value, 0.6956940443813076, 1e-15)
}

// scikit-learn 1.9.1: ndcg_score([[10, 0, 0, 1, 5]], [scores], k=k).
func TestNDCGAgainstScikitLearn(t *testing.T) {
	for _, c := range []struct {
		scores []float64
		k      int
		want   float64
	}{
		{[]float64{0.1, 0.2, 0.3, 4, 70}, 1, 0.5}, {[]float64{0.1, 0.2, 0.3, 4, 70}, 4, 0.4123818817534531},
		{[]float64{1, 0, 0, 0, 1}, 0, 0.9279733094794905}, {[]float64{1, 0, 0, 0, 1}, 1, 0.75}, {[]float64{1, 0, 0, 0, 1}, 4, 0.9185295707252287},
		{[]float64{0.5, 0.5, 0.5, 0.5, 0.5}, 0, 0.6909785334518438}, {[]float64{0.5, 0.5, 0.5, 0.5, 0.5}, 1, 0.32},
		{[]float64{0.05, 1.1, 1, 0.5, 0}, 0, 0.493680191377376}, {[]float64{0.05, 1.1, 1, 0.5, 0}, 4, 0.3520241100634488},
	} {
		near(t, "NDCG", NDCG([]float64{10, 0, 0, 1, 5}, c.scores, c.k).Value, c.want, 1e-14)
	}
}

func TestScoresAtTheirEnds(t *testing.T) {
	sure := []float64{1, 0}
	near(t, "Brier of the sure and right", Brier([]bool{true, false}, sure).Value, 0, 0)
	near(t, "Brier of the sure and wrong", Brier([]bool{false, true}, sure).Value, 1, 0)
	near(t, "log-loss of the sure and wrong", LogLoss([]bool{false, true}, sure).Value, -math.Log(1e-15), 1e-15)
	near(t, "log-loss of a coin", LogLoss([]bool{false, true}, []float64{0.5, 0.5}).Value, math.Ln2, 1e-15)
	near(t, "NDCG of the ideal order", NDCG([]float64{1e308, 1e308, 0}, []float64{3, 2, 1}, 0).Value, 1, 1e-15)
	if res := Brier([]bool{true}, []float64{0.4}); res.Lower != nil || res.Upper != nil || res.N != 1 {
		t.Error("one row has an interval")
	}
	// Losses 0.04 and 0.25: mean 0.145, standard error 0.105, closed form.
	res := Brier([]bool{true, false}, []float64{0.8, 0.5})
	near(t, "lower", res.Lower, 0, 0)
	near(t, "upper", res.Upper, 0.145+1.959963984540054*0.105, 1e-14)
}

func TestHostileScores(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	values := []float64{0, 1, 0.5, 0.25, 1e-300, 1 - 1e-16, math.Copysign(0, -1), -0.1, 1.1, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64}
	for range 2000 {
		n, kinds := rng.IntN(8), 1+rng.IntN(len(values))
		outcomes, relevance, scores := make([]bool, rng.IntN(8)/7+n), make([]float64, n), make([]float64, n)
		for i := range n {
			outcomes[i], relevance[i], scores[i] = rng.IntN(2) == 0, values[rng.IntN(kinds)], values[rng.IntN(kinds)]
		}
		check(t, "Brier", Brier(outcomes, scores))
		check(t, "log-loss", LogLoss(outcomes, scores))
		gain := NDCG(relevance, scores, rng.IntN(10)-1)
		check(t, "NDCG", gain)
		if gain.Value != nil && !(*gain.Value >= 0 && *gain.Value <= 1) {
			t.Errorf("NDCG = %v", *gain.Value)
		}
	}
}
