package sequential

import (
	"math"
	"math/rand/v2"
	"slices"
)

// KSWIN is the Kolmogorov-Smirnov window of Raab, Heusinger and Schleif (2020) as River 0.26.1 computes it (river.drift.KSWIN), for
// compatibility. Of the last Window values it compares the newest Stat with as many drawn without replacement from the others, and
// alarms if the exact two-sided p-value is at most Alpha and D > 0.1; after an alarm it starts over.
//
// Testing at every value with overlapping windows, Alpha is not its false-alarm rate: at 0.005 it alarms about every 717 values without
// change. The sample is the only randomness of this package outside of calibration: it is drawn from a generator seeded with Seed and
// the number of the step, so that a resumed stream draws what an uninterrupted one would. River draws with Python's generator; given the
// same samples ([KSWIN.Draw]) alarms are equal.
type KSWIN struct {
	Alpha  float64 `json:"alpha"`
	Window int     `json:"window"`
	Stat   int     `json:"stat"`
	Seed   uint64  `json:"seed"`
	// Draw returns k different numbers of 0..n-1 at a step; nil stands for the seeded generator.
	Draw func(step int64, n, k int) []int `json:"-"`
}

// NewKSWIN returns River's defaults, alpha 0.005, window 100, stat 30, and a seed.
func NewKSWIN(seed uint64) KSWIN { return KSWIN{Alpha: 0.005, Window: 100, Stat: 30, Seed: seed} }

// KSWINState is the state of a [KSWIN]. The zero value starts a stream.
type KSWINState struct {
	Steps   int64     `json:"steps"`
	Refused int64     `json:"refused,omitempty"`
	Drift   bool      `json:"drift,omitempty"`
	Values  []float64 `json:"values"` // the window, oldest first
	P       float64   `json:"p"`      // of the last test, 0 before
}

// Step adds one value. Value is the p-value, Threshold Alpha: the alarm is below, not above.
func (c KSWIN) Step(s *KSWINState, x float64) Status {
	if !finite(x) {
		s.Refused++
		return Status{Value: s.P, Threshold: c.Alpha, Step: s.Steps, Reason: notFinite}
	}
	if c.Stat < 1 || c.Window < 2*c.Stat {
		return Status{Step: s.Steps, Reason: "the window must hold at least twice the values compared"}
	}
	if s.Drift {
		*s = KSWINState{Steps: s.Steps, Refused: s.Refused}
	}
	s.Steps++
	if s.Values = append(s.Values, x); len(s.Values) > c.Window {
		s.Values = append(s.Values[:0], s.Values[len(s.Values)-c.Window:]...)
	}
	st := Status{Value: s.P, Threshold: c.Alpha, Step: s.Steps}
	if len(s.Values) < c.Window {
		st.Reason = "warming up"
		return st
	}
	old, recent := s.Values[:c.Window-c.Stat], slices.Clone(s.Values[c.Window-c.Stat:])
	sample := make([]float64, 0, c.Stat)
	for _, i := range c.draw(s.Steps, len(old)) {
		sample = append(sample, old[i])
	}
	slices.Sort(sample)
	slices.Sort(recent)
	steps := ksSteps(sample, recent)
	s.P = ksTail(c.Stat, steps)
	st.Value = s.P
	if s.P <= c.Alpha && float64(steps)/float64(c.Stat) > 0.1 {
		s.Drift, st.Alarm, st.Since = true, true, s.Steps-int64(c.Stat)+1
		st.Reason = "the newest values are distributed otherwise"
	}
	return st
}

func (c KSWIN) draw(step int64, n int) []int {
	if c.Draw != nil {
		return c.Draw(step, n, c.Stat)
	}
	return rand.New(rand.NewPCG(c.Seed, uint64(step))).Perm(n)[:c.Stat]
}

// ksSteps returns n D of two sorted samples of size n, ties taken together.
func ksSteps(a, b []float64) int {
	i, j, most := 0, 0, 0
	for i < len(a) && j < len(b) {
		x := min(a[i], b[j])
		for i < len(a) && a[i] == x {
			i++
		}
		for j < len(b) && b[j] == x {
			j++
		}
		most = max(most, i-j, j-i)
	}
	return most
}

// ksTail is P(n D >= h) for two continuous samples of size n: 2 sum_k (-1)^(k-1) C(2n, n-kh)/C(2n, n), by reflection (Gnedenko and
// Korolyuk 1951).
func ksTail(n, h int) float64 {
	if h <= 0 {
		return 1
	}
	p, sign := 0.0, 2.0
	for k := h; k <= n; k += h {
		ratio := 1.0 // C(2n, n-k)/C(2n, n)
		for i := range k {
			ratio *= float64(n-i) / float64(n+i+1)
		}
		p += sign * ratio
		sign = -sign
	}
	return math.Min(math.Max(p, 0), 1)
}
