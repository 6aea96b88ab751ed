package sequential

import "math"

// Average bounds the average of the conditional means of values in [0, 1] seen so far, from below and at all times at once, whatever
// course these means take: unlike [Confidence], whose early values count more. It is theorem 2 of Waudby-Smith and Ramdas with bets
// that stay the same, l_k for k = 0 to 20, each at the level Alpha/21, of which the best holds:
//
//	mean - (ln(21/a) + 4 psi(l_k) sum (x_i-mu_{i-1})^2) / (n l_k),   l_k = min(sqrt(8 ln(21/a) / 2^(k+4)), 1/2),
//
// mu and psi as there. The bets are made for a variance of 1/4 and 16 to 16,777,216 values.
type Average struct {
	Alpha float64 `json:"alpha"` // in (0, 1): probability of ever being above
}

// AverageState is the state of an [Average]. The zero value starts a stream.
type AverageState struct {
	Steps   int64   `json:"steps"`
	Refused int64   `json:"refused,omitempty"`
	Sum     float64 `json:"sum"`
	Square  float64 `json:"square"` // of (x_i-mu_{i-1})^2
}

const averageBets = 21

// Step adds a value; one outside [0, 1] is refused.
func (c Average) Step(s *AverageState, x float64) {
	if !(x >= 0 && x <= 1) {
		s.Refused++
		return
	}
	d := x - (0.5+s.Sum)/float64(s.Steps+1)
	s.Steps++
	s.Sum += x
	s.Square += d * d
}

// Lower returns the bound, in [0, 1]; 0 before the first value.
func (c Average) Lower(s *AverageState) float64 {
	level := math.Log(averageBets / c.Alpha)
	if s.Steps <= 0 || !(level > 0) {
		return 0
	}
	n, best := float64(s.Steps), 0.0
	for k := range averageBets {
		l := math.Min(math.Sqrt(8*level/math.Exp2(float64(k+4))), 0.5)
		best = math.Max(best, s.Sum/n-(level+s.Square*(-math.Log1p(-l)-l))/(n*l))
	}
	return math.Min(best, 1)
}
