package sequential

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"

	"gonum.org/v1/gonum/stat/distuv"
)

// Limits are the alarm limits of a [QTEWMA], in units of its S: Start[t-1] at step t, Final after them.
type Limits struct {
	Start []float64 `json:"start,omitempty"`
	Final float64   `json:"final"`
	ARL0  float64   `json:"arl0"` // mean number of steps between false alarms they are made for
}

// At returns the limit at a step, counted from 1.
func (l Limits) At(step int64) float64 {
	if step >= 1 && step <= int64(len(l.Start)) {
		return l.Start[step-1]
	}
	return l.Final
}

// Bounds of what [Calibrate] accepts.
const (
	MinARL0 = 50
	MaxARL0 = 1e9
)

// directARL0 is the largest mean run length calibrated by playing enough streams for it; above, the tail is reached by splitting.
const directARL0 = 2000

// Calibrate returns the limits at which the mean number of steps between false alarms is arl0, between [MinARL0] and [MaxARL0]. The
// chart's own Limits and Design are not used.
//
// It plays streams without change, since their law is known: the true shares of the cells are Dirichlet with the baseline's counts as
// parameters, whatever the feature's distribution, and the rows of a pane multinomial, its size Poisson with mean Rows (1 if Rows is 1).
// 20 arl0 of them are played at once; at every step the 1/arl0 of them with the largest S give the limit, and are replaced by
// copies of survivors, so that the limit of the next step is conditional on no alarm before. When S has become stationary (t = 6/lambda)
// limits are averaged and frozen. Beyond an arl0 of 2000 the limit is found by multilevel splitting: the rate at which S crosses a
// level is a product of the conditional probabilities of getting from each level of a ladder to the next, estimated one by one.
//
// The result depends on the seed only within simulation error, about 1 to 2 % of h and 3 to 8 % of arl0. Equal arguments give equal results.
// It takes between some 0.1 s and some 10 s; ctx ends it early.
func Calibrate(ctx context.Context, c *QTEWMA, arl0 float64, seed uint64) (Limits, error) {
	if !(arl0 >= MinARL0 && arl0 <= MaxARL0) {
		return Limits{}, fmt.Errorf("qt-ewma: mean run length %g is not between %d and %g", arl0, MinARL0, float64(MaxARL0))
	}
	if memory := c.Memory(); memory > c.M {
		return Limits{}, fmt.Errorf("qt-ewma: the chart remembers %.0f rows, more than the %.0f of its baseline, whose own error would be taken for "+
			"change; raise lambda, take smaller panes or a larger baseline", memory, c.M)
	}
	sim := simulation{chart: *c, rng: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))}
	sim.chart.Limits, sim.chart.Design = Limits{}, 1
	if arl0 <= directARL0 {
		return sim.survivors(ctx, arl0)
	}
	limits, err := sim.survivors(ctx, directARL0)
	if err != nil {
		return Limits{}, err
	}
	final, err := sim.split(ctx, arl0, limits.Final)
	if err != nil {
		return Limits{}, err
	}
	// S is standardised: its limits before it is stationary keep their proportion to the final one.
	for t := range limits.Start {
		limits.Start[t] *= final / limits.Final
	}
	return Limits{Start: limits.Start, Final: final, ARL0: arl0}, nil
}

// simulation plays streams without change.
type simulation struct {
	chart  QTEWMA
	rng    *rand.Rand
	counts []int64
}

// stream is one of them.
type stream struct {
	shares []float64 // true shares of the cells
	state  QTEWMAState
}

func (m *simulation) newStream() stream {
	s := stream{shares: make([]float64, len(m.chart.Shares))}
	total := 0.0
	for j, p := range m.chart.Shares {
		s.shares[j] = distuv.Gamma{Alpha: p * (m.chart.M + 1), Beta: 1, Src: m.rng}.Rand()
		total += s.shares[j]
	}
	for j := range s.shares {
		s.shares[j] /= total
	}
	m.chart.start(&s.state)
	return s
}

func (s *stream) copyFrom(o *stream) {
	copy(s.shares, o.shares)
	z := s.state.Z
	s.state = o.state
	s.state.Z = z
	copy(s.state.Z, o.state.Z)
}

// step plays a step and returns S.
func (m *simulation) step(s *stream) float64 {
	if m.chart.Rows == 1 {
		u, last := m.rng.Float64(), len(s.shares)-1
		cell := 0
		for cell < last && u >= s.shares[cell] {
			u -= s.shares[cell]
			cell++
		}
		return m.chart.Event(&s.state, cell).Value
	}
	m.counts = Multinomial(m.rng, Poisson(m.rng, m.chart.Rows), s.shares, m.counts)
	return m.chart.Pane(&s.state, m.counts).Value
}

func (m *simulation) survivors(ctx context.Context, arl0 float64) (Limits, error) {
	m.chart.Limits.Final = math.Inf(1) // never alarm while playing
	replicates := int(math.Max(20*arl0, 20_000))
	streams := make([]stream, replicates)
	for i := range streams {
		streams[i] = m.newStream()
	}
	stationary := int(math.Ceil(6 / m.chart.Lambda))
	steps := stationary + max(20, int(3/m.chart.Lambda))
	values := make([]float64, replicates)
	sorted := make([]float64, replicates)
	alarms := 0.0
	limits := Limits{ARL0: arl0, Start: make([]float64, 0, steps)}
	for range steps {
		if err := ctx.Err(); err != nil {
			return Limits{}, fmt.Errorf("qt-ewma: calibrating: %w", err)
		}
		for i := range streams {
			values[i] = m.step(&streams[i])
		}
		copy(sorted, values)
		slices.Sort(sorted)
		// A whole number of streams alarms; what is left of the fraction is carried over to the next step.
		alarms += float64(replicates) / arl0
		k := int(alarms)
		alarms -= float64(k)
		h := sorted[replicates-1]
		if k > 0 {
			h = (sorted[replicates-k-1] + sorted[replicates-k]) / 2
		}
		limits.Start = append(limits.Start, h)
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
	for _, h := range limits.Start[stationary:] {
		limits.Final += h / float64(steps-stationary)
	}
	limits.Start = smooth(limits.Start[:stationary], max(1, int(0.25/m.chart.Lambda)))
	return limits, nil
}

// smooth averages over up to width neighbours on each side, as many as both sides have.
func smooth(values []float64, width int) []float64 {
	out := make([]float64, len(values))
	for i := range values {
		w := min(width, i, len(values)-1-i)
		sum := 0.0
		for _, v := range values[i-w : i+w+1] {
			sum += v
		}
		out[i] = sum / float64(2*w+1)
	}
	return out
}

// split returns the level that S, once stationary, exceeds for the first time at rate 1/arl0.
//
// Rounds of the ladder: the streams at a level, each with the state in which it first got there, are continued until S falls back
// below its mean or climbs to the next level. The rate of alarms at the next level is the rate at this one times the share that climb.
func (m *simulation) split(ctx context.Context, arl0, first float64) (float64, error) {
	const trials = 4000
	floor := float64(len(m.chart.Shares) - 1) // mean of S without change
	// Ground level: many independent streams, long enough to count crossings of a level that is crossed once in some 200 steps.
	level := floor + 0.6*(first-floor)
	var entries []stream
	played := 0
	settle := int(math.Ceil(6 / m.chart.Lambda))
	for len(entries) < trials {
		if err := ctx.Err(); err != nil {
			return 0, fmt.Errorf("qt-ewma: calibrating: %w", err)
		}
		s := m.newStream()
		for range settle {
			m.step(&s)
		}
		below := m.chart.Statistic(&s.state) <= floor
		for range 20 * settle {
			v := m.step(&s)
			played++
			if v <= floor {
				below = true
			} else if v > level && below {
				below = false
				entry := stream{shares: slices.Clone(s.shares), state: s.state}
				entry.state.Z = slices.Clone(s.state.Z)
				entries = append(entries, entry)
			}
		}
	}
	rate := float64(len(entries)) / float64(played)
	for rate > 1/arl0 {
		if err := ctx.Err(); err != nil {
			return 0, fmt.Errorf("qt-ewma: calibrating: %w", err)
		}
		// Each trial notes how high it got before it fell back, so that the next level can be placed at the upper fifth.
		heights := make([]float64, trials)
		starts := make([]int, trials)
		for i := range heights {
			starts[i] = m.rng.IntN(len(entries))
			s := entries[starts[i]].clone()
			top := m.chart.Statistic(&s.state)
			for v := top; v > floor; {
				v = m.step(&s)
				top = math.Max(top, v)
			}
			heights[i] = top
		}
		slices.Sort(heights)
		want := 1 / (arl0 * rate) // the share of the trials that should get to the level sought
		if want >= 0.2 {
			k := float64(trials) * (1 - want)
			i := min(int(k), trials-1)
			return heights[i], nil
		}
		level = heights[trials*4/5]
		// The entries of the new level come from trials of their own, so that none was chosen by its later luck.
		var next []stream
		climbed, tried := 0, 0
		for climbed < trials/5 {
			s := entries[m.rng.IntN(len(entries))].clone()
			tried++
			for v := m.chart.Statistic(&s.state); ; v = m.step(&s) {
				if v > level {
					climbed++
					next = append(next, s)
					break
				}
				if v <= floor {
					break
				}
			}
			if tried%1000 == 0 {
				if err := ctx.Err(); err != nil {
					return 0, fmt.Errorf("qt-ewma: calibrating: %w", err)
				}
			}
		}
		rate *= float64(climbed) / float64(tried)
		entries = next
	}
	return level, nil
}

func (s *stream) clone() stream {
	out := stream{shares: s.shares, state: s.state}
	out.state.Z = slices.Clone(s.state.Z)
	return out
}

// Calibrator remembers limits, so that the features of a model that share a law are calibrated once. Its zero value is ready; it
// may be used by several goroutines. It holds at most 256 laws.
type Calibrator struct {
	Seed uint64 // of all its simulations

	mu    sync.Mutex
	known map[string]*law
}

type law struct {
	once   sync.Once
	limits Limits
	err    error
}

// Limits is [Calibrate] for the nearest law on a grid: m is rounded down to a power of sqrt 2, rows of a pane to the nearest power of 2
// and shares that are within a fifth of 1/B to 1/B, others to two digits, since the order of the cells and the last digits of these
// move the limits less than simulation does.
func (k *Calibrator) Limits(ctx context.Context, c *QTEWMA, arl0 float64) (Limits, error) {
	rounded, key := roundLaw(c, arl0)
	k.mu.Lock()
	if k.known == nil || len(k.known) >= 256 {
		k.known = map[string]*law{}
	}
	l := k.known[key]
	if l == nil {
		l = &law{}
		k.known[key] = l
	}
	k.mu.Unlock()
	l.once.Do(func() { l.limits, l.err = Calibrate(ctx, rounded, arl0, k.Seed) })
	if l.err != nil && ctx.Err() != nil {
		k.mu.Lock() // an interrupted calibration is no knowledge
		delete(k.known, key)
		k.mu.Unlock()
	}
	return l.limits, l.err
}

func roundLaw(c *QTEWMA, arl0 float64) (*QTEWMA, string) {
	out := *c
	out.Shares = slices.Clone(c.Shares)
	equal := 1 / float64(len(out.Shares))
	even := true
	for _, p := range out.Shares {
		even = even && p > 0.8*equal && p < 1.2*equal
	}
	total := 0.0
	for j, p := range out.Shares {
		if even {
			p = equal
		} else {
			scale := math.Pow(10, 1-math.Floor(math.Log10(p)))
			p = math.Round(p*scale) / scale
		}
		out.Shares[j] = p
		total += p
	}
	for j := range out.Shares {
		out.Shares[j] /= total
	}
	slices.Sort(out.Shares)
	// Beyond a thousand times the rows remembered the baseline is as good as the truth.
	out.M = math.Exp2(math.Floor(2*math.Log2(math.Min(c.M, 1000*c.Memory()))) / 2)
	if c.Rows > 1 {
		out.Rows = math.Max(1.001, math.Exp2(math.Round(math.Log2(c.Rows))))
	}
	if memory := c.Memory(); out.M < memory && c.M >= memory {
		out.M = c.M
	}
	var key strings.Builder
	for _, v := range append([]float64{out.M, out.Rows, out.Lambda, arl0}, out.Shares...) {
		key.WriteString(strconv.FormatFloat(v, 'g', 6, 64))
		key.WriteByte(' ')
	}
	return &out, key.String()
}
