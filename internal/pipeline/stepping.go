package pipeline

import (
	"context"
	"math"
	"time"

	"plumbline"
	"plumbline/profiles"
)

// step is one of the equal stretches of time by which a sequential detector goes: the panes of all partitions that begin in it.
type step struct {
	window plumbline.Window
	panes  []*profiles.Profile // counted on the version's baseline
}

// steps cuts the whole panes before an instant into stretches of a width, the last of which ends at the last whole one. What was
// counted on another baseline is left out, as if it had not been.
func (m *Readings) steps(ctx context.Context, a ask, w plumbline.Window, width time.Duration) ([]step, error) {
	panes, err := m.windows.panes(ctx, a.stream, m.windows.widths(a.version.Model, a.Slice)[0], w)
	if err != nil {
		return nil, err
	}
	list := make([]step, w.Duration()/width)
	for i := range list {
		from := w.From.Add(time.Duration(i) * width)
		list[i].window = plumbline.Window{From: from, To: from.Add(width)}
	}
	for _, p := range panes {
		i := int(p.start.Sub(w.From) / width)
		if i < 0 || i >= len(list) || p.profile.Layout() != a.version.Layout && p.profile.Layout().ID() != a.version.Layout.ID() {
			continue
		}
		list[i].panes = append(list[i].panes, p.profile)
	}
	return list, nil
}

// whole is the asked window moved back to whole stretches of a width.
func (a ask) whole(width time.Duration) plumbline.Window {
	to := alignDown(a.at, width)
	return plumbline.Window{From: to.Add(-a.Window / width * width), To: to}
}

// mean is that of a number in the step, of n values. Beside them may be some so large that their sum is no number.
func (s step) mean(k profiles.Key) (mean float64, n int64, beyond bool) {
	var a average
	for _, p := range s.panes {
		f := p.Feature(k)
		if f == nil || f.N == 0 {
			continue
		}
		if v, ok := f.Mean(); ok {
			a.add(v, f.N)
		} else {
			beyond = true
		}
	}
	return a.value, a.n, beyond
}

// records is how many there are in the step.
func (s step) records() (n int64) {
	for _, p := range s.panes {
		n += p.Records()
	}
	return n
}

// runLength is the mean number of steps between two false alarms of one of the features that share a budget, within the limits of
// what charts can be set to.
func runLength(b plumbline.Budget, features int, width time.Duration) float64 {
	return min(max(b.Period.Seconds()/width.Seconds()*float64(max(features, 1))/b.Alarms, minRunLength), maxRunLength)
}

const minRunLength, maxRunLength = 100, 1e9

// everyRun is the shortest time between false alarms that charts over minutes can be set to.
func everyRun(time.Duration) time.Duration { return minRunLength * time.Minute }

// powerBelow rounds down to a power of two, so that what depends on traffic does not change with every record.
func powerBelow(x float64) float64 { return math.Exp2(math.Floor(math.Log2(x))) }
