package pipeline

import (
	"sync"
	"time"

	"plumbline/detectors"
	"plumbline/profiles"
)

// calibrations remembers what the baselines' own windows tell of each test: it is the same until a baseline changes.
type calibrations struct {
	mu    sync.Mutex
	known map[calibrationKey]*calibrated
}

// calibrationKey names windows of a baseline: their length, and where in it they begin.
type calibrationKey struct {
	baseline      string // hash
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
	maxCalibrated = 200 // window lengths of baselines
	maxNullWindow = 300 // windows a null is learned from; of more, evenly spread ones
)

// shorterLengths are tried, longest first, where windows as long as the judged one are too few.
var shorterLengths = []time.Duration{7 * Day, 3 * Day, Day, 12 * Hour, 6 * Hour, 3 * Hour, Hour, 15 * time.Minute, 5 * time.Minute, time.Minute}

// of is what a baseline tells of windows of a length that end when the judged one ends.
func (c *calibrations) of(b *profiles.Baseline, length time.Duration, end time.Time) func(judgeKey) *detectors.Calibration {
	same := c.windows(b, length, end)
	var shorter *calibrated
	if same == nil || same.windows < detectors.MinWindows {
		for _, l := range shorterLengths {
			if l >= length {
				continue
			}
			if shorter = c.windows(b, l, end); shorter != nil && shorter.windows >= detectors.MinWindows {
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
		return out
	}
}

// windows scores each window of a baseline against the rest of it; nil if there are none so long.
func (c *calibrations) windows(b *profiles.Baseline, length time.Duration, end time.Time) *calibrated {
	k := calibrationKey{b.Hash(), length, end.Sub(alignDown(end, length))}
	c.mu.Lock()
	defer c.mu.Unlock()
	if found, ok := c.known[k]; ok {
		return found
	}
	out := scoreWindows(b, length, end)
	if c.known == nil || len(c.known) >= maxCalibrated {
		c.known = map[calibrationKey]*calibrated{}
	}
	c.known[k] = out
	return out
}

func scoreWindows(b *profiles.Baseline, length time.Duration, end time.Time) *calibrated {
	ws, err := b.Windows(length, end)
	if err != nil || ws.Len() == 0 || ws.Length != length {
		return nil
	}
	out := &calibrated{windows: ws.Len(), nulls: map[judgeKey]*detectors.Null{}}
	step := (ws.Len() + maxNullWindow - 1) / maxNullWindow
	scores := map[judgeKey][]detectors.Score{}
	whole := b.Profile()
	features := judged(whole)
	i := 0
	for w := range ws.All() {
		if i++; i%step != 0 {
			continue
		}
		rest, err := whole.Without(w.Profile)
		if err != nil {
			return nil // the window is part of the baseline by construction
		}
		for _, f := range features {
			in := detectors.Input{Baseline: rest.Feature(f.key), Current: w.Profile.Feature(f.key)}
			for _, t := range f.tests {
				if s, ok := t.Score(in); ok {
					jk := judgeKey{f.key, t.Name}
					scores[jk] = append(scores[jk], s)
				}
			}
		}
	}
	for k, list := range scores {
		if null, err := detectors.FitNull(list); err == nil && len(list) >= detectors.MinWindows {
			out.nulls[k] = null
		}
	}
	return out
}

// judgedFeature is a feature and the tests that judge it.
type judgedFeature struct {
	key   profiles.Key
	tests []detectors.Test
}

// judged lists what a budget is spent on: all inputs and outputs of the baseline.
func judged(ref *profiles.Profile) []judgedFeature {
	var list []judgedFeature
	for _, f := range ref.Features() {
		if f.Role != profiles.Runtime && f.N > 0 {
			list = append(list, judgedFeature{f.Key, detectors.Judges(f.Type)})
		}
	}
	return list
}
