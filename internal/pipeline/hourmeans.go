package pipeline

import (
	"fmt"
	"math"
	"sync"
	"time"

	"plumbline/detectors"
	"plumbline/detectors/sequential"
	"plumbline/profiles"
)

// hourMeans is how the mean of a number goes up and down from hour to hour of a baseline, or from pane to pane where they are wider.
type hourMeans struct {
	width   time.Duration
	windows int
	ratio   float64 // variance of the means by what independent rows would have
	sd      float64 // of the means, less what was expected of their hour
	phi     float64 // first autocorrelation of the same
}

// independent reports whether hours spread and follow each other as those of independent rows do.
func (h hourMeans) independent() bool {
	k := float64(h.windows)
	return h.ratio-1 < 3*math.Sqrt(2/k) && math.Abs(h.phi) < 3/math.Sqrt(k)
}

// baselineMeans remembers them.
type baselineMeans struct {
	mu    sync.Mutex
	known map[calibrationKey]map[profiles.Key]hourMeans
}

func (b *baselineMeans) of(v *Version, against string, k profiles.Key) (hourMeans, string) {
	key := calibrationKey{baseline: v.Hash, model: v.Model.Name, against: against}
	b.mu.Lock()
	defer b.mu.Unlock()
	known, ok := b.known[key]
	if !ok {
		if b.known == nil || len(b.known) >= maxCalibrated {
			b.known = map[calibrationKey]map[profiles.Key]hourMeans{}
		}
		known = measureMeans(v, against)
		b.known[key] = known
	}
	h := known[k]
	if h.windows < detectors.MinWindows {
		return h, fmt.Sprintf("the baseline has %d windows to tell how far its mean goes up and down, at least %d are needed", h.windows, detectors.MinWindows)
	}
	return h, ""
}

func measureMeans(v *Version, against string) map[profiles.Key]hourMeans {
	ws, err := v.Baseline.Windows(Hour, time.Time{})
	if err != nil || ws.Len() == 0 {
		return nil
	}
	type means struct{ off, ratio []float64 }
	all := map[profiles.Key]*means{}
	expected := expectation(v, against, ws)
	for w := range ws.All() {
		ref := expected(w)
		if ref == nil {
			continue
		}
		for _, f := range w.Profile.Features() {
			r := ref.Feature(f.Key)
			if r == nil || f.N == 0 {
				continue
			}
			mean, ok := f.Mean()
			about, ok2 := r.Mean()
			sd, ok3 := r.SD()
			d := mean - about
			if !ok || !ok2 || !ok3 || !(sd > 0) || d-d != 0 {
				continue
			}
			if all[f.Key] == nil {
				all[f.Key] = &means{}
			}
			all[f.Key].off = append(all[f.Key].off, d)
			all[f.Key].ratio = append(all[f.Key].ratio, d/sd*(d/sd)/(1/float64(f.N)+1/float64(r.N))) // a square of sd may be no number
		}
	}
	out := map[profiles.Key]hourMeans{}
	for k, l := range all {
		h := hourMeans{width: ws.Length, windows: len(l.off)}
		h.ratio, _ = meanSD(l.ratio)
		_, h.sd = meanSD(l.off)
		h.phi, _ = sequential.Lag1(l.off)
		out[k] = h
	}
	return out
}

// cusumLimits remembers limits: each takes a tenth of a second to find.
type cusumLimits struct {
	mu    sync.Mutex
	known map[[2]float64]float64
}

// of is h for k and about the run length, at least it.
func (c *cusumLimits) of(k, arl0 float64) (float64, error) {
	arl0 = min(math.Pow(2, math.Ceil(4*math.Log2(arl0))/4), maxRunLength)
	c.mu.Lock()
	defer c.mu.Unlock()
	if h, ok := c.known[[2]float64{k, arl0}]; ok {
		return h, nil
	}
	h, err := sequential.CUSUMLimit(k, arl0)
	if err != nil {
		return 0, fmt.Errorf("find the limit of a cumulative sum: %w", err)
	}
	if c.known == nil || len(c.known) >= maxCalibrated {
		c.known = map[[2]float64]float64{}
	}
	c.known[[2]float64{k, arl0}] = h
	return h, nil
}
