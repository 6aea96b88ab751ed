package pipeline

import (
	"sync"
	"time"

	"plumbline/detectors"
	"plumbline/profiles"
	"plumbline/rules"
)

// calibrations remembers what the baselines' own windows tell of each test: it is the same until a baseline changes.
type calibrations struct {
	mu    sync.Mutex
	known map[calibrationKey]*calibrated
}

// calibrationKey names windows of a baseline: what they are compared with, their length, and where in it they begin.
type calibrationKey struct {
	baseline      string // hash
	model         string // whose season it is
	against       string
	length, phase time.Duration
}

// calibrated are the nulls of all judges of all features for windows of one length.
type calibrated struct {
	windows int
	nulls   map[judgeKey]*detectors.Null
}

// judgeKey is one test of one feature.
type judgeKey struct {
	feature profiles.Key
	test    string
}

// Bounds on what is computed and kept.
const (
	maxCalibrated  = 200  // window lengths of baselines
	maxNullWindow  = 300  // windows a null is learned from; of more, evenly spread ones
	maxBurstWindow = 3000 // likewise of tests of what comes in bursts, which are rarer
)

// shorterLengths are tried, longest first, where windows as long as the judged one are too few.
var shorterLengths = []time.Duration{7 * Day, 3 * Day, Day, 12 * Hour, 6 * Hour, 3 * Hour, Hour, 15 * time.Minute, 5 * time.Minute, time.Minute}

// of is what a version's baseline tells of windows of a length that end when the judged one ends, and are compared as it is.
func (c *calibrations) of(v *Version, against string, length time.Duration, end time.Time) func(judgeKey) *detectors.Calibration {
	same := c.windows(v, against, length, end)
	if same == nil && against != rules.AgainstTraining { // a baseline too short to hold what came before its windows
		return c.of(v, rules.AgainstTraining, length, end)
	}
	var shorter *calibrated
	if same == nil || same.windows < detectors.MinWindows {
		for _, l := range shorterLengths {
			if l >= length {
				continue
			}
			if shorter = c.windows(v, against, l, end); shorter != nil && shorter.windows >= detectors.MinWindows {
				break
			}
			shorter = nil
		}
	}
	return func(k judgeKey) *detectors.Calibration {
		out := &detectors.Calibration{}
		if same != nil {
			if out.Available = same.windows; same.windows >= detectors.MinWindows {
				out.Windows = same.nulls[k]
			}
		}
		if out.Windows == nil && shorter != nil {
			out.Shorter = shorter.nulls[k]
		}
		out.Mute = out.Windows == nil && out.Shorter == nil && (shorter != nil || out.Available >= detectors.MinWindows)
		return out
	}
}

// windows scores each window of a baseline; nil if there are none so long.
func (c *calibrations) windows(v *Version, against string, length time.Duration, end time.Time) *calibrated {
	k := calibrationKey{v.Hash, v.Model.Name, against, length, end.Sub(alignDown(end, length))}
	c.mu.Lock()
	defer c.mu.Unlock()
	if found, ok := c.known[k]; ok {
		return found
	}
	out := scoreWindows(v, against, length, end)
	if c.known == nil || len(c.known) >= maxCalibrated {
		c.known = map[calibrationKey]*calibrated{}
	}
	c.known[k] = out
	return out
}

func scoreWindows(v *Version, against string, length time.Duration, end time.Time) *calibrated {
	ws, err := v.Baseline.Windows(length, end)
	if err != nil || ws.Len() == 0 || ws.Length != length {
		return nil
	}
	out := &calibrated{nulls: map[judgeKey]*detectors.Null{}}
	scores := map[judgeKey][]detectors.Score{}
	features := judged(v.Profile)
	expected := expectation(v, against, ws)
	step, rare := every(ws.Len(), maxNullWindow), every(ws.Len(), maxBurstWindow)
	i := 0
	for w := range ws.All() {
		i++
		all, bursts := i%step == 0, i%rare == 0
		if !all && !bursts {
			continue
		}
		ref := expected(w)
		if ref == nil {
			continue
		}
		if bursts {
			out.windows += rare
		}
		for _, f := range features {
			in := detectors.Input{Baseline: ref.Feature(f.key), Current: w.Profile.Feature(f.key)}
			for _, t := range f.calibrated {
				if t.CountsBursts() && !bursts || !t.CountsBursts() && !all {
					continue
				}
				if s, ok := t.Score(in); ok {
					jk := judgeKey{f.key, t.Name}
					scores[jk] = append(scores[jk], s)
				}
			}
		}
	}
	if out.windows == 0 {
		return nil
	}
	for k, list := range scores {
		if null, err := detectors.FitNull(list); err == nil && len(list) >= detectors.MinWindows {
			out.nulls[k] = null
		}
	}
	return out
}

// every is the least step between windows that leaves at most so many.
func every(windows, most int) int { return (windows + most - 1) / most }

// expectation says what a window of the baseline is compared with when nothing has changed: never with itself.
func expectation(v *Version, against string, ws *profiles.BaselineWindows) func(profiles.BaselineWindow) *profiles.Profile {
	switch against {
	case rules.AgainstSeason:
		return func(w profiles.BaselineWindow) *profiles.Profile {
			return v.Baseline.Season(w.Window, v.Season).Profile
		}
	case rules.AgainstPrevious, rules.AgainstTrailing:
		known := map[int64]*profiles.Profile{}
		for w := range ws.All() {
			known[w.Window.From.Unix()] = w.Profile.Clone()
		}
		return func(w profiles.BaselineWindow) *profiles.Profile {
			sum := v.Baseline.Profile()
			sum.Reset()
			found := 0
			earlier := earlierWindows(against, w.Window, time.UTC)
			for _, e := range earlier {
				if p := known[e.From.Unix()]; p != nil && sum.Merge(p) == nil {
					found++
				}
			}
			if found < len(earlier) {
				return nil
			}
			return sum
		}
	}
	return func(w profiles.BaselineWindow) *profiles.Profile {
		rest, err := v.Profile.Without(w.Profile)
		if err != nil {
			return nil // unreachable: the window is part of the baseline
		}
		return rest
	}
}

// judgedFeature is a feature and the tests that judge it.
type judgedFeature struct {
	key        profiles.Key
	tests      []detectors.Test
	calibrated []detectors.Test // these, and others whose p-values people ask for
}

// judged lists what a budget is spent on: all inputs and outputs of the baseline.
func judged(ref *profiles.Profile) []judgedFeature {
	var list []judgedFeature
	for _, f := range ref.Features() {
		if f.Role != profiles.Runtime && f.N > 0 {
			list = append(list, judgedFeature{f.Key, detectors.Judges(f.Type), detectors.Calibrated(f.Type)})
		}
	}
	return list
}
