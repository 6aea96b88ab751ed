package runlength

import (
	"math"
	"math/rand/v2"

	"plumbline/detectors/sequential"
)

// CUSUM is an experiment with [sequential.CUSUM] on standard normal values, independent or a first-order autoregression.
type CUSUM struct {
	K, H       float64
	Shift      float64 // mean of the values
	Rho        float64 // their first autocorrelation
	Phi        float64 // what the chart whitens by
	Replicates int
	Limit      int
	Seed       uint64
}

// Run plays the experiment from the chart's start at zero.
func (e CUSUM) Run() Runs {
	chart := sequential.CUSUM{SD: 1, K: e.K, H: e.H, Phi: e.Phi}
	return Measure(e.Replicates, e.Limit, func(replicate int) Player {
		r := rand.New(rand.NewPCG(e.Seed, uint64(replicate)))
		var state sequential.CUSUMState
		last, spread := r.NormFloat64(), math.Sqrt(1-e.Rho*e.Rho)
		return func() sequential.Status {
			last = e.Rho*last + spread*r.NormFloat64()
			return chart.Step(&state, last+e.Shift)
		}
	})
}

// Loss draws a loss in [0, 1] knowing all of the detector's state: an adversary may.
type Loss func(r *rand.Rand, s *sequential.ECUSUMState) float64

// Bernoulli losses with a constant risk.
func Bernoulli(risk float64) Loss {
	return func(r *rand.Rand, _ *sequential.ECUSUMState) float64 {
		if r.Float64() < risk {
			return 1
		}
		return 0
	}
}

// Adversary draws losses whose conditional mean never exceeds risk but that are neither independent nor alike: in turn long stretches
// without losses, which shrink the detector's idea of the variance and of the mean; constant losses; and, whenever the detector is
// excited, rare total losses.
func Adversary(risk float64) Loss {
	return func(r *rand.Rand, s *sequential.ECUSUMState) float64 {
		switch phase := s.Steps % 2000; {
		case s.Log > 0.5: // all or nothing
			return Bernoulli(risk)(r, s)
		case phase < 300:
			return 0
		case phase < 700:
			return risk
		case phase < 1200: // risk on average, in lumps of a third
			if r.Float64() < min(3*risk, 1) {
				return min(1.0/3, risk/min(3*risk, 1))
			}
			return 0
		}
		return Bernoulli(risk)(r, s)
	}
}

// ECUSUM is an experiment with [sequential.ECUSUM].
type ECUSUM struct {
	Tolerated  float64
	ARL0       float64
	Before     Loss
	After      Loss // nil if nothing changes
	Quiet      int  // steps before the change; streams that alarm in them are drawn anew
	Replicates int
	Limit      int
	Seed       uint64
}

// Run plays the experiment. Lengths count from the change.
func (e ECUSUM) Run() Runs {
	chart := sequential.ECUSUM{Tolerated: e.Tolerated, ARL0: e.ARL0}
	return Measure(e.Replicates, e.Limit, func(replicate int) Player {
		r := rand.New(rand.NewPCG(e.Seed, uint64(replicate)))
		var state sequential.ECUSUMState
		for quiet := 0; quiet < e.Quiet; quiet++ {
			if chart.Step(&state, e.Before(r, &state)).Alarm {
				state, quiet = sequential.ECUSUMState{}, -1
			}
		}
		loss := e.Before
		if e.After != nil {
			loss = e.After
		}
		return func() sequential.Status { return chart.Step(&state, loss(r, &state)) }
	})
}

// Miscoverage is an experiment with [sequential.Confidence]: how many streams have a look at which the interval misses their mean.
type Miscoverage struct {
	Alpha      float64
	Mean       float64                  // of what Draw draws
	Draw       func(*rand.Rand) float64 // values in [0, 1]
	Looks      int                      // values of a stream; there is a look after each
	Replicates int
	Seed       uint64
}

// Run returns the share of streams whose interval ever misses, and the mean width at the last look over that of the Wald interval
// 2 z sqrt(variance/n) at the same level.
func (e Miscoverage) Run() (missed, width float64) {
	chart := sequential.Confidence{Alpha: e.Alpha}
	z := math.Sqrt2 * math.Erfinv(1-e.Alpha)
	for i := range e.Replicates {
		r := rand.New(rand.NewPCG(e.Seed, uint64(i)))
		var s sequential.ConfidenceState
		var last sequential.Interval
		miss := false
		mean, square := 0.0, 0.0
		for n := range e.Looks {
			x := e.Draw(r)
			d := x - mean
			mean += d / float64(n+1)
			square += d * (x - mean)
			last = chart.Step(&s, x)
			miss = miss || e.Mean < last.Lower || e.Mean > last.Upper
		}
		if miss {
			missed++
		}
		if square > 0 {
			width += (last.Upper - last.Lower) / (2 * z * math.Sqrt(square) / float64(e.Looks))
		}
	}
	return missed / float64(e.Replicates), width / float64(e.Replicates)
}
