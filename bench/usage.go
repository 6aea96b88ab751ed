package main

import (
	"cmp"
	"runtime"
	"slices"
	"time"
)

// usage is what a piece of work took.
type usage struct {
	wall, cpu time.Duration
	allocs    uint64
}

// measure runs f. The CPU time is the whole process', garbage collection included.
func measure(f func() error) (usage, error) {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began, cpu := time.Now(), processCPU()
	err := f()
	u := usage{wall: time.Since(began), cpu: processCPU() - cpu}
	runtime.ReadMemStats(&after)
	u.allocs = after.Mallocs - before.Mallocs
	return u, err
}

// byTurns measures each piece of work n times, one after the other, so that what disturbs the machine disturbs all alike.
func byTurns(n int, work ...func() error) ([][]usage, error) {
	out := make([][]usage, len(work))
	for range n {
		for i, f := range work {
			u, err := measure(f)
			if err != nil {
				return nil, err
			}
			out[i] = append(out[i], u)
		}
	}
	return out, nil
}

// spread is the smallest, middle and largest of some measurements.
type spread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

func spreadOf[T any](list []T, value func(T) float64) spread {
	x := make([]float64, len(list))
	for i, v := range list {
		x[i] = value(v)
	}
	slices.Sort(x)
	return spread{x[0], quantile(x, .5), x[len(x)-1]}
}

// quantile of ascending values: the smallest that at least a share q of them does not exceed.
func quantile[T cmp.Ordered](x []T, q float64) T {
	return x[min(len(x)-1, max(0, int(q*float64(len(x))+.999999)-1))]
}

func perCPU(n int) func(usage) float64 {
	return func(u usage) float64 { return float64(n) / u.cpu.Seconds() }
}

func perWall(n int) func(usage) float64 {
	return func(u usage) float64 { return float64(n) / u.wall.Seconds() }
}

func allocsPer(n int) func(usage) float64 {
	return func(u usage) float64 { return float64(u.allocs) / float64(n) }
}
