package sequential

import (
	"encoding/json"
	"math"
	"math/bits"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// riverFile is testdata/river.json: what River's own detectors did, written by testdata/regenerate.py.
type riverFile struct {
	River   string
	Streams map[string]riverStream
	Sums    map[string]float64
	Runs    []struct {
		Detector   string
		Parameters map[string]any
		Stream     string
		Alarms     []int64
		Warnings   struct{ Count, First, Sum int64 }
		Trace      [][]float64
	}
}

type riverStream struct {
	Kind  string
	Seed  uint64
	Parts []struct {
		N        int
		Mean, SD float64
	}
}

// values follows the recipe of regenerate.py to the last bit.
func (s riverStream) values() []float64 {
	state := s.Seed
	uniform := func() float64 {
		state += 0x9E3779B97F4A7C15
		z := state
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		return float64((z^z>>31)>>11) * 0x1p-53
	}
	var out []float64
	for _, part := range s.Parts {
		for range part.N {
			if s.Kind == "bernoulli" {
				x := 0.0
				if uniform() < part.Mean {
					x = 1
				}
				out = append(out, x)
				continue
			}
			z := 0.0
			for range 12 {
				z += uniform()
			}
			out = append(out, part.Mean+float64(part.SD*(z-6)))
		}
	}
	return out
}

// riverDetector makes one of ours with River's parameters; step returns the status and what the trace holds.
func riverDetector(t *testing.T, name string, parameters map[string]any) func(x float64) (Status, []float64) {
	number := func(key string, otherwise float64) float64 {
		if v, ok := parameters[key].(float64); ok {
			return v
		}
		return otherwise
	}
	switch name {
	case "PageHinkley":
		c, s := NewPageHinkley(), PageHinkleyState{}
		c.MinInstances = int64(number("min_instances", float64(c.MinInstances)))
		c.Delta, c.Threshold, c.Alpha = number("delta", c.Delta), number("threshold", c.Threshold), number("alpha", c.Alpha)
		c.Mode, _ = parameters["mode"].(string)
		return func(x float64) (Status, []float64) { return c.Step(&s, x), nil }
	case "ADWIN":
		c, s := NewADWIN(), ADWINState{}
		c.Delta, c.Clock, c.MaxBuckets = number("delta", c.Delta), int64(number("clock", 32)), int(number("max_buckets", 5))
		c.MinWindow, c.Grace = number("min_window_length", c.MinWindow), number("grace_period", c.Grace)
		return func(x float64) (Status, []float64) {
			st := c.Step(&s, x)
			return st, []float64{s.Width, s.Total, s.Square}
		}
	case "KSWIN":
		seed := uint32(number("seed", 0))
		twister := newTwister(seed)
		c, s := NewKSWIN(0), KSWINState{}
		c.Alpha, c.Window, c.Stat = number("alpha", c.Alpha), int(number("window_size", 100)), int(number("stat_size", 30))
		c.Draw = func(_ int64, n, k int) []int { return twister.sample(n, k) }
		drift := false
		return func(x float64) (Status, []float64) {
			if drift {
				twister = newTwister(seed) // River's reset seeds its generator again
			}
			st := c.Step(&s, x)
			drift = st.Alarm
			return st, []float64{s.P}
		}
	case "DDM":
		c, s := NewDDM(), DDMState{}
		c.WarmStart = int64(number("warm_start", 30))
		c.Warning, c.Drift = number("warning_threshold", 2), number("drift_threshold", 3)
		return func(x float64) (Status, []float64) { return c.Step(&s, x), nil }
	case "EDDM":
		c, s := NewEDDM(), EDDMState{}
		c.Alpha, c.Beta = number("alpha", c.Alpha), number("beta", c.Beta)
		return func(x float64) (Status, []float64) { return c.Step(&s, x), nil }
	}
	t.Fatalf("no detector %s", name)
	return nil
}

func TestRiver(t *testing.T) {
	data, err := os.ReadFile("testdata/river.json")
	if err != nil {
		t.Fatal(err)
	}
	var file riverFile
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	streams := map[string][]float64{}
	for name, recipe := range file.Streams {
		streams[name] = recipe.values()
		sum := 0.0
		for _, x := range streams[name] {
			sum += x
		}
		if sum != file.Sums[name] {
			t.Fatalf("stream %q sums to %v here, %v there", name, sum, file.Sums[name])
		}
	}
	alarms := 0
	for _, run := range file.Runs {
		step := riverDetector(t, run.Detector, run.Parameters)
		got := []int64{}
		var count, first, sum int64
		trace := run.Trace
		for i, x := range streams[run.Stream] {
			st, state := step(x)
			if st.Alarm {
				got = append(got, int64(i))
				if st.Since < 1 || st.Since > st.Step {
					t.Errorf("%s %v on %q: alarm at step %d says the change was at %d", run.Detector, run.Parameters, run.Stream, st.Step, st.Since)
				}
			}
			if st.Warning {
				if count++; count == 1 {
					first = int64(i)
				}
				sum += int64(i)
			}
			if len(trace) > 0 && trace[0][0] == float64(i) {
				for k, want := range trace[0][1:] {
					if math.Abs(state[k]-want) > 1e-9*math.Max(1, math.Abs(want)) {
						t.Fatalf("%s %v on %q: at %d state %v, River has %v", run.Detector, run.Parameters, run.Stream, i, state, trace[0][1:])
					}
				}
				trace = trace[1:]
			}
		}
		if diff := cmp.Diff(run.Alarms, got); diff != "" {
			t.Errorf("%s %v on %q: alarms differ from River's (-want +got):\n%s", run.Detector, run.Parameters, run.Stream, diff)
		}
		if run.Warnings != struct{ Count, First, Sum int64 }{count, first, sum} {
			t.Errorf("%s %v on %q: %d warnings from %d sum %d, River has %v", run.Detector, run.Parameters, run.Stream, count, first, sum, run.Warnings)
		}
		alarms += len(got)
	}
	if len(file.Runs) < 150 || alarms < 1000 {
		t.Errorf("%d runs and %d alarms compared: the fixture is too small", len(file.Runs), alarms)
	}
}

// twister is Python's random.Random as far as KSWIN uses it: MT19937 (Matsumoto and Nishimura 1998) seeded by an integer, and sample.
type twister struct {
	mt [624]uint32
	i  int
}

func newTwister(seed uint32) *twister {
	t := &twister{i: 624}
	t.mt[0] = 19650218
	for i := 1; i < 624; i++ {
		t.mt[i] = 1812433253*(t.mt[i-1]^t.mt[i-1]>>30) + uint32(i)
	}
	i := 1
	next := func() {
		if i++; i == 624 {
			t.mt[0], i = t.mt[623], 1
		}
	}
	for range 624 {
		t.mt[i] = (t.mt[i] ^ (t.mt[i-1]^t.mt[i-1]>>30)*1664525) + seed
		next()
	}
	for range 623 {
		t.mt[i] = (t.mt[i] ^ (t.mt[i-1]^t.mt[i-1]>>30)*1566083941) - uint32(i)
		next()
	}
	t.mt[0] = 0x80000000
	return t
}

func (t *twister) uint32() uint32 {
	if t.i == 624 {
		for k := range 624 {
			y := t.mt[k]&0x80000000 | t.mt[(k+1)%624]&0x7fffffff
			t.mt[k] = t.mt[(k+397)%624] ^ y>>1 ^ (y&1)*0x9908b0df
		}
		t.i = 0
	}
	y := t.mt[t.i]
	t.i++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

func (t *twister) below(n int) int {
	k := bits.Len(uint(n))
	for {
		if r := int(t.uint32() >> (32 - k)); r < n {
			return r
		}
	}
}

func (t *twister) sample(n, k int) []int {
	pool := make([]int, n)
	for i := range pool {
		pool[i] = i
	}
	out := make([]int, k)
	for i := range out {
		j := t.below(n - i)
		out[i], pool[j] = pool[j], pool[n-i-1]
	}
	return out
}
