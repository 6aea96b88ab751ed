package pipeline

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/prometheus/common/model"

	"plumbline/detectors"
	"plumbline/detectors/sequential"
	"plumbline/profiles"
)

// dependence is how the rows of a feature hang together: how far apart its baseline's own windows are.
type dependence struct {
	windows        int
	mean, variance float64 // of their chi-square scores, whose mean is df if rows are independent
	df             float64
	rows           float64 // of a window, on average
}

// independent reports whether the windows spread as those of independent rows, within three standard errors.
func (d dependence) independent() bool {
	return d.mean/d.df-1 < 3*math.Sqrt(2/d.df/float64(d.windows))
}

// design is the design effect for a chart that remembers so many rows. Rows that hang together by the time at which they came, as
// those of an hour do, hang together the more the more of them there are.
func (d dependence) design(arl0, rows float64) (float64, bool) {
	design, ok := sequential.TailDesign(d.mean, d.variance, d.df, arl0)
	if ok && !d.independent() {
		design = 1 + (design-1)*max(1, rows/d.rows)
	}
	return design, ok
}

// dependences remembers them: they are the same until a baseline changes.
type dependences struct {
	mu    sync.Mutex
	known map[calibrationKey]map[profiles.Key]dependence
}

// of is what the baseline's windows of a length show, or a reason.
func (c *dependences) of(v *Version, against string, length time.Duration) func(profiles.Key) (dependence, string) {
	same := c.windows(v, against, length)
	return func(k profiles.Key) (dependence, string) {
		if d := same[k]; d.windows >= detectors.MinWindows {
			return d, ""
		}
		if short := c.windows(v, against, shortestCalibrated)[k]; short.windows >= detectors.MinWindows && short.independent() {
			return short, ""
		}
		return dependence{}, fmt.Sprintf("the baseline has %d windows of %v to tell whether its rows depend on each other, at least %d are needed",
			same[k].windows, model.Duration(length), detectors.MinWindows)
	}
}

func (c *dependences) windows(v *Version, against string, length time.Duration) map[profiles.Key]dependence {
	key := calibrationKey{v.Hash, v.Model.Name, against, length, 0}
	c.mu.Lock()
	defer c.mu.Unlock()
	if found, ok := c.known[key]; ok {
		return found
	}
	if c.known == nil || len(c.known) >= maxCalibrated {
		c.known = map[calibrationKey]map[profiles.Key]dependence{}
	}
	found := measureDependence(v, against, length)
	c.known[key] = found
	return found
}

func measureDependence(v *Version, against string, length time.Duration) map[profiles.Key]dependence {
	ws, err := v.Baseline.Windows(length, time.Time{})
	if err != nil || ws.Len() == 0 {
		return nil
	}
	var cuts []cutting
	for _, f := range judged(v.Profile) {
		// Cells that hold five rows of a window, or the law of their counts is another.
		if c := cut(v.Profile.Feature(f.key), detectors.MinExpected*float64(ws.Len())); c.cells >= 2 {
			cuts = append(cuts, c)
		}
	}
	expected := expectation(v, against, ws)
	step := every(ws.Len(), maxNullWindow)
	out := map[profiles.Key]dependence{}
	square := map[profiles.Key]float64{}
	i := 0
	for w := range ws.All() {
		if i++; i%step != 0 {
			continue
		}
		ref := expected(w)
		if ref == nil {
			continue
		}
		for _, c := range cuts {
			x, n, ok := score(c, ref, w.Profile)
			if !ok {
				continue
			}
			d := out[c.key]
			d.windows, d.df = d.windows+1, float64(c.cells-1)
			d.rows += (n - d.rows) / float64(d.windows)
			delta := x - d.mean
			d.mean += delta / float64(d.windows)
			square[c.key] += delta * (x - d.mean)
			out[c.key] = d
		}
	}
	for k, d := range out {
		d.variance = square[k] / float64(max(d.windows-1, 1))
		out[k] = d
	}
	return out
}

// score is the chi-square of a window's cells, of n rows.
func score(c cutting, ref, cur *profiles.Profile) (x, n float64, ok bool) {
	r, m := c.of(ref)
	q, n := c.of(cur)
	if n == 0 || m == 0 {
		return 0, 0, false
	}
	for j := range r {
		p := (float64(r[j]) + 0.5) / (m + 0.5*float64(len(r)))
		d := float64(q[j])/n - float64(r[j])/m
		x += d * d / p
	}
	return x / (1/n + 1/m), n, true
}
