package detectors

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Bursts are windows so far beyond the others that, were they all alike, one would be among so many with a probability of 0.05. A
// feed that breaks once a month tells how often it breaks and how badly, and nothing of the other days: so the null has a law for the ones
// and one for the others. One law for both would be too wide for the usual windows, and give the next burst, as large as the last, a p of
// 1e-9 (bench/calibration).
const (
	farShare = 0.05

	// Of bursts there are few: how their logarithms spread is taken to be known as if from ten more of them, by how far they are beyond
	// the others, between a half and 1. A spread of 1 is a factor of e in the score, of 1.6 in what was missing.
	burstPrior               = 10
	minBurstSD, maxBurstSD   = 0.5, 1
	medianOfSquare           = 0.4549364 // of a squared standard normal number
	deviationOfNormal        = 1.4826022 // standard deviation by median absolute deviation
	leastDF, leastDeviations = 3, 1e-9   // equal scores would make a tail without width
)

// farSquare is the limit of bursts among squares of about normal numbers around zero. Their scale is that of the median, which bursts
// hardly move but which is less sure than the mean: hence a third of the degrees of freedom.
func farSquare(sorted []float64) float64 {
	t := farT(len(sorted), 2)
	return t * t * math.Max(1, stat.Quantile(0.5, stat.Empirical, sorted, nil)/medianOfSquare)
}

// farLogNormal is the limit among log-normal scores, by the median and the median deviation of their logarithms.
func farLogNormal(sorted []float64) float64 {
	logs := logarithms(sorted)
	centre := stat.Quantile(0.5, stat.Empirical, logs, nil)
	for i, l := range logs {
		logs[i] = math.Abs(l - centre)
	}
	slices.Sort(logs)
	sd := math.Max(deviationOfNormal*stat.Quantile(0.5, stat.Empirical, logs, nil), leastDeviations)
	return math.Exp(centre + farT(len(sorted), 1)*sd)
}

// farIndependent is the limit among scores of independent rows with nu degrees of freedom.
func farIndependent(windows int, nu float64) float64 {
	k := float64(windows)
	return fQuantile(farShare/k, nu, nu*k)
}

func farT(windows int, sides float64) float64 {
	k := float64(windows)
	return studentQuantile(2*farShare/k/sides, math.Max(k/3, leastDF))
}

// logNormal is the law of the next of n scores whose logarithms have this mean and standard deviation, the latter known with df degrees
// of freedom.
type logNormal struct {
	n            int
	mean, sd, df float64
}

// tail is P(X >= x), 0 if there are no scores.
func (l logNormal) tail(x float64) float64 {
	if l.df <= 0 {
		return 0
	}
	t := (math.Log(x) - l.mean) / (l.sd * math.Sqrt(1+1/math.Max(float64(l.n), 1)))
	p := studentTail(t, l.df) / 2
	if t < 0 {
		return 1 - p
	}
	return p
}

func logNormalOf(scores []float64) logNormal {
	if len(scores) < 2 { // hardly a null, but still a law
		return logNormal{n: len(scores), sd: maxBurstSD, df: burstPrior - 1}
	}
	logs := logarithms(scores)
	mean, sd := stat.MeanStdDev(logs, nil)
	return logNormal{n: len(scores), mean: mean, sd: math.Max(sd, leastDeviations), df: float64(len(scores) - 1)}
}

// logNormalOfBursts is the law of bursts beyond a limit, none if there are none.
func logNormalOfBursts(scores []float64, limit float64) logNormal {
	k := float64(len(scores))
	if k == 0 {
		return logNormal{}
	}
	logs := logarithms(scores)
	mean := stat.Mean(logs, nil)
	prior := math.Min(math.Max(mean-math.Log(limit), minBurstSD), maxBurstSD)
	squares := burstPrior * prior * prior
	for _, l := range logs {
		squares += (l - mean) * (l - mean)
	}
	df := burstPrior + k - 1
	return logNormal{n: len(scores), mean: mean, sd: math.Sqrt(squares / df), df: df}
}

// logNormalOfRare is the law of scores that most windows lack: nothing tells bursts from the others.
func logNormalOfRare(scores []float64) logNormal {
	if len(scores) == 0 {
		return logNormal{sd: maxBurstSD, df: burstPrior - 1}
	}
	return logNormalOfBursts(scores, 0)
}

func logarithms(x []float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = math.Log(v)
	}
	return out
}
