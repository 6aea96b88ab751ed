package main

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// lab runs simulations: seeded, on all cores, telling how far it is.
type lab struct {
	options
	started, section time.Time
	name             string
}

func newLab(o options) *lab { return &lab{options: o, started: time.Now()} }

// rounds is the number of repetitions of this run.
func (l *lab) rounds(full, quick int) int {
	if l.Quick {
		return quick
	}
	return max(1, int(math.Round(float64(full)*l.Scale)))
}

// each runs f for 0 … n-1 on all cores, each with a generator of its own.
func (l *lab) each(what string, n int, f func(i int, rng *rand.Rand)) {
	h := fnv.New64a()
	h.Write([]byte(l.name + "/" + what))
	stream := h.Sum64()
	var next, done atomic.Int64
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				f(i, rand.New(rand.NewPCG(l.Seed^stream, uint64(i))))
				done.Add(1)
			}
		})
	}
	finished := make(chan struct{})
	go func() {
		all.Wait()
		close(finished)
	}()
	for tick := time.NewTicker(10 * time.Second); ; {
		select {
		case <-finished:
			tick.Stop()
			return
		case <-tick.C:
			l.progress("%s: %d of %d", what, done.Load(), n)
		}
	}
}

func (l *lab) begin(section string) {
	l.name, l.section = section, time.Now()
	if !l.Quick {
		fmt.Fprintf(os.Stderr, "%s …\n", section)
	}
}

func (l *lab) end() {
	if !l.Quick {
		fmt.Fprintf(os.Stderr, "%s: %s\n", l.name, time.Since(l.section).Round(100*time.Millisecond))
	}
}

func (l *lab) progress(format string, args ...any) {
	if !l.Quick {
		fmt.Fprintf(os.Stderr, "  "+format+"\n", args...)
	}
}

func (l *lab) elapsed() time.Duration { return time.Since(l.started).Round(time.Second) }

// share is how often something happened.
type share struct{ K, N int }

func (s *share) count(hit bool) {
	s.N++
	if hit {
		s.K++
	}
}

func (s *share) add(t share) { s.K, s.N = s.K+t.K, s.N+t.N }

func (s share) rate() float64 {
	if s.N == 0 {
		return 0
	}
	return float64(s.K) / float64(s.N)
}

// within999 is the half-width in which a share of n draws at rate p lies in 99.9 % of runs.
func within999(p float64, n int) float64 {
	return 3.29 * math.Sqrt(p*(1-p)/float64(max(n, 1)))
}

// promise is one thing that has to come out.
type promise struct {
	What   string
	Got    float64
	Lo, Hi float64 // inclusive
}

func (p promise) kept() bool { return p.Got >= p.Lo && p.Got <= p.Hi }

func (p promise) String() string {
	return fmt.Sprintf("%s: %s, wanted %s", p.What, digits(p.Got), p.wanted())
}

func (p promise) wanted() string {
	switch {
	case math.IsInf(p.Lo, -1):
		return "≤ " + digits(p.Hi)
	case math.IsInf(p.Hi, 1):
		return "≥ " + digits(p.Lo)
	}
	return digits(p.Lo) + " – " + digits(p.Hi)
}

func atMost(what string, got, hi float64) promise  { return promise{what, got, math.Inf(-1), hi} }
func atLeast(what string, got, lo float64) promise { return promise{what, got, lo, math.Inf(1)} }

// sized promises that a share which should be p lies between lo and hi, or as near to p as so few draws can tell.
func sized(what string, s share, p, lo, hi float64) promise {
	w := within999(p, s.N)
	return promise{what, s.rate(), math.Max(0, math.Min(lo, p-w)), math.Max(hi, p+w)}
}
