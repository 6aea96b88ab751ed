package runlength

import (
	"math"
	"slices"

	"plumbline/detectors/sequential"
)

// Runs summarises the run lengths of replicates of a stream.
type Runs struct {
	Replicates int
	Alarms     int     // replicates that alarmed before the limit
	Mean       float64 // steps per alarm: all steps played over Alarms; +Inf without an alarm
	SE         float64 // standard error of Mean
	Median     float64 // of the run lengths; 0 if fewer than half alarmed
}

// Player is one replicate of a stream: each call plays a step.
type Player func() sequential.Status

// Measure plays replicates, each until its first alarm or limit steps. Mean is unbiased by the limit if the hazard is constant, which
// it is for a calibrated detector without change; for delays choose a limit that none reaches.
func Measure(replicates, limit int, play func(replicate int) Player) Runs {
	out := Runs{Replicates: replicates}
	lengths := make([]float64, 0, replicates)
	total, square := 0.0, 0.0
	for r := range replicates {
		step := play(r)
		n, alarmed := 0, false
		for n < limit && !alarmed {
			n++
			alarmed = step().Alarm
		}
		total += float64(n)
		if alarmed {
			out.Alarms++
			lengths = append(lengths, float64(n))
			square += float64(n) * float64(n)
		} else {
			lengths = append(lengths, math.Inf(1))
		}
	}
	out.Mean = total / float64(out.Alarms)
	slices.Sort(lengths)
	if m := lengths[len(lengths)/2]; !math.IsInf(m, 1) {
		out.Median = m
	}
	if out.Alarms == replicates && replicates > 1 {
		out.SE = math.Sqrt((square-total*total/float64(replicates))/float64(replicates-1)) / math.Sqrt(float64(replicates))
	} else if out.Alarms > 0 {
		out.SE = out.Mean / math.Sqrt(float64(out.Alarms)) // of an exponential law cut at the limit
	}
	return out
}
