package sequential

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// simulation plays streams without change past a chart.
type simulation struct {
	shares   []float64 // of the baseline
	m        float64
	lambda   float64
	rows     float64
	rng      *rand.Rand
	divisors []float64 // of events: what T is divided by at each step until it is stationary
}

// stream is one of them. Its shares Z are kept divided by scale, so that an event touches one cell only.
type stream struct {
	truth                 []float64 // true shares of the cells
	z                     []float64
	scale                 float64
	t                     float64 // sum (Z_j-p_j)^2/p_j
	s                     float64
	steps                 int
	weight, square, prior float64 // as in QTEWMAState, of panes only
}

func newSimulation(c *QTEWMA, seed uint64) *simulation {
	m := &simulation{shares: c.Shares, m: c.M, lambda: c.Lambda, rows: c.Rows, rng: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))}
	square, prior, keep := 0.0, 1.0, 1-c.Lambda
	for range m.settled() + 1 {
		square, prior = keep*keep*square+c.Lambda*c.Lambda, keep*prior
		m.divisors = append(m.divisors, square+(1-prior)*(1-prior)/(c.M+2))
	}
	return m
}

// settled is the number of steps after which S is stationary.
func (m *simulation) settled() int { return int(math.Ceil(6 / m.lambda)) }

// floor is the mean of S without change.
func (m *simulation) floor() float64 { return float64(len(m.shares) - 1) }

func (m *simulation) newStream() stream {
	s := stream{truth: make([]float64, len(m.shares)), z: slices.Clone(m.shares), scale: 1, weight: m.rows / m.lambda, prior: m.rows / m.lambda}
	total := 0.0
	for j, p := range m.shares {
		s.truth[j] = distuv.Gamma{Alpha: p * (m.m + 1), Beta: 1, Src: m.rng}.Rand()
		total += s.truth[j]
	}
	for j := range s.truth {
		s.truth[j] /= total
	}
	return s
}

// copyFrom makes s a copy of o, in memory of its own.
func (s *stream) copyFrom(o *stream) {
	truth, z := append(s.truth[:0], o.truth...), append(s.z[:0], o.z...)
	*s = *o
	s.truth, s.z = truth, z
}

// step plays a step and returns S.
func (m *simulation) step(s *stream) float64 {
	s.steps++
	if m.rows == 1 {
		return m.event(s)
	}
	return m.pane(s)
}

// event follows from Z' = (1-l) Z + l e_j that T' = (1-l)^2 T + 2 l (1-l) (Z_j-p_j)/p_j + l^2 (1/p_j-1).
func (m *simulation) event(s *stream) float64 {
	u, last := m.rng.Float64(), len(s.truth)-1
	j := 0
	for j < last && u >= s.truth[j] {
		u -= s.truth[j]
		j++
	}
	l, p := m.lambda, m.shares[j]
	s.t = (1-l)*(1-l)*s.t + 2*l*(1-l)*(s.z[j]*s.scale-p)/p + l*l*(1/p-1)
	if s.scale *= 1 - l; s.scale < 1e-100 {
		for i := range s.z {
			s.z[i] *= s.scale
		}
		s.scale = 1
	}
	s.z[j] += l / s.scale
	s.s = s.t / m.divisors[min(s.steps, len(m.divisors))-1]
	return s.s
}

// pane is [QTEWMA.Pane] of a pane of Poisson size, whose counts are then Poisson themselves.
func (m *simulation) pane(s *stream) float64 {
	keep, n := 1-m.lambda, 0.0
	var buffer [64]float64
	counts := buffer[:0]
	for _, q := range s.truth {
		k := 0.0
		if q > 0 {
			k = m.poisson(m.rows * q)
		}
		counts = append(counts, k)
		n += k
	}
	s.weight, s.square, s.prior = keep*s.weight+n, keep*keep*s.square+n, keep*s.prior
	if n == 0 {
		return s.s
	}
	add := n / s.weight
	s.t = 0
	for j, p := range m.shares {
		s.z[j] += add * (counts[j]/n - s.z[j])
		d := s.z[j] - p
		s.t += d * d / p
	}
	gain := 1 - s.prior/s.weight
	s.s = s.t / (s.square/(s.weight*s.weight) + gain*gain/(m.m+2))
	return s.s
}

// poisson draws a count: small ones by inversion, large ones from the normal law with the Poisson's skewness (Cornish and Fisher),
// which is indistinguishable once panes are averaged.
func (m *simulation) poisson(mean float64) float64 {
	if mean >= 12 {
		z := m.rng.NormFloat64()
		return math.Max(0, math.Round(mean+math.Sqrt(mean)*z+(z*z-1)/6))
	}
	k, p := 0.0, math.Exp(-mean)
	for u := m.rng.Float64() - p; u >= 0 && k < 200; u -= p {
		k++
		p *= mean / k
	}
	return k
}

// survivors finds the limits by survivor resampling: see [Calibrate].
func (m *simulation) survivors(ctx context.Context, arl0 float64) (Limits, error) {
	replicates := int(math.Max(20*arl0, 10_000))
	streams := make([]stream, replicates)
	for i := range streams {
		streams[i] = m.newStream()
	}
	steps := m.settled() + max(20, m.settled())
	values := make([]float64, replicates)
	alarms := 0.0
	limits := Limits{ARL0: arl0}
	for range steps {
		if err := ctx.Err(); err != nil {
			return Limits{}, fmt.Errorf("qt-ewma: calibrating: %w", err)
		}
		for i := range streams {
			values[i] = m.step(&streams[i])
		}
		// A whole number of streams alarms; what is left of the fraction is carried over to the next step.
		alarms += float64(replicates) / arl0
		k := int(alarms)
		alarms -= float64(k)
		// Half-way between the last that alarms and the first that doesn't, the logarithm of the chance to exceed h is right on average,
		// so that it stays right when limits are averaged.
		top := largest(values, k+1)
		h := (top[max(k, 1)-1] + top[k]) / 2
		limits.Start = append(limits.Start, h*(1+1e-9)) // S of the first steps has few values; one equal to h is not above it
		for i := range streams {
			if values[i] > h {
				j := m.rng.IntN(replicates)
				for values[j] > h {
					j = m.rng.IntN(replicates)
				}
				streams[i].copyFrom(&streams[j])
			}
		}
	}
	for _, h := range limits.Start[m.settled():] {
		limits.Final += h / float64(steps-m.settled())
	}
	limits.Start = smooth(limits.Start[:m.settled()], int(0.25/m.lambda))
	return limits, nil
}

// largest returns the k largest of values in descending order; k is small.
func largest(values []float64, k int) []float64 {
	top := make([]float64, 0, k+1)
	for _, v := range values {
		if len(top) == k && v <= top[k-1] {
			continue
		}
		i := len(top)
		for top = append(top, v); i > 0 && top[i-1] < v; i-- {
			top[i] = top[i-1]
		}
		top[i] = v
		top = top[:min(len(top), k)]
	}
	return top
}

// smooth averages over up to width neighbours on each side, as many as both sides have, except among the first 2 width values, where
// the true limits themselves are rough.
func smooth(values []float64, width int) []float64 {
	out := make([]float64, len(values))
	for i := range values {
		w := max(0, min(width, i-width, len(values)-1-i))
		sum := 0.0
		for _, v := range values[i-w : i+w+1] {
			sum += v
		}
		out[i] = sum / float64(2*w+1)
	}
	return out
}

// split returns the level that S, once stationary, exceeds for the first time at rate 1/arl0; first is a level it exceeds more often.
//
// An excursion leaves the mean of S and returns to it. The rate at which excursions reach the ground level is counted; those that do
// are continued from there, and the share of them that reach the next level before they return multiplies the rate, and so on.
func (m *simulation) split(ctx context.Context, arl0, first float64) (float64, error) {
	const trials = 4000
	floor := m.floor()
	level := floor + 0.6*(first-floor)
	var entries []stream // streams that have just reached the level
	played := 0
	for len(entries) < trials {
		if err := ctx.Err(); err != nil {
			return 0, fmt.Errorf("qt-ewma: calibrating: %w", err)
		}
		s := m.newStream()
		for range m.settled() {
			m.step(&s)
		}
		below := s.s <= floor
		for range 20 * m.settled() {
			v := m.step(&s)
			played++
			if v <= floor {
				below = true
			} else if v > level && below {
				below = false
				entries = append(entries, stream{})
				entries[len(entries)-1].copyFrom(&s)
			}
		}
	}
	rate := float64(len(entries)) / float64(played)
	heights := make([]float64, trials)
	for {
		if err := ctx.Err(); err != nil {
			return 0, fmt.Errorf("qt-ewma: calibrating: %w", err)
		}
		// How high excursions get from here says where the level sought is, or else where to put the next one.
		var s stream
		for i := range heights {
			s.copyFrom(&entries[m.rng.IntN(len(entries))])
			heights[i] = s.s
			for v := s.s; v > floor; {
				v = m.step(&s)
				heights[i] = math.Max(heights[i], v)
			}
		}
		slices.Sort(heights)
		want := 1 / (arl0 * rate) // the share of these excursions that may reach the level sought
		if want >= 0.1 {
			return heights[min(max(int(trials*(1-want)), 0), trials-1)], nil
		}
		level = heights[trials*4/5]
		// The entries of the next level come from excursions of their own, so that none is there because the level was put below it.
		next := make([]stream, 0, trials/2)
		tried := 0
		for len(next) < trials/2 {
			tried++
			s.copyFrom(&entries[m.rng.IntN(len(entries))])
			for v := s.s; v > floor; v = m.step(&s) {
				if v > level {
					next = append(next, stream{})
					next[len(next)-1].copyFrom(&s)
					break
				}
			}
		}
		rate *= float64(len(next)) / float64(tried)
		entries = next
	}
}
