package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// progress shows how far long work is: a bar on a terminal, a line now and then elsewhere. It implements app.Progress.
type progress struct {
	mu     sync.Mutex
	w      io.Writer
	bar    bool
	last   time.Time
	shown  bool
	totals map[string][2]int64
}

// Lines come at most this often.
const (
	barEvery  = 100 * time.Millisecond
	lineEvery = 5 * time.Second
)

func newProgress(w io.Writer) *progress {
	_, color, is := terminal(w)
	return &progress{w: w, bar: is && color, totals: map[string][2]int64{}}
}

// due reports whether it is time for the next line.
func (p *progress) due(now time.Time) bool {
	every := lineEvery
	if p.bar {
		every = barEvery
	}
	if now.Sub(p.last) < every {
		return false
	}
	p.last = now
	return true
}

func (p *progress) show(share float64, text string) {
	share = min(max(share, 0), 1)
	p.shown = true
	if !p.bar {
		fmt.Fprintf(p.w, "%3.0f %% %s\n", 100*share, text)
		return
	}
	const cells = 30
	n := int(share * cells)
	fmt.Fprintf(p.w, "\r\x1b[K%s%s %3.0f %% %s", strings.Repeat("█", n), strings.Repeat("░", cells-n), 100*share, text)
}

// File implements app.Progress.
func (p *progress) File(path string, read, total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.totals[path] = [2]int64{read, total}
	if !p.due(time.Now()) {
		return
	}
	var all, sum int64
	for _, t := range p.totals {
		sum += t[0]
		all += t[1]
	}
	if all > 0 {
		p.show(float64(sum)/float64(all), "reading "+filepath.Base(path))
	}
}

// Evaluating implements app.Progress.
func (p *progress) Evaluating(at, from, to time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.due(time.Now()) {
		return
	}
	p.show(float64(at.Sub(from))/float64(max(1, to.Sub(from))), "judging "+at.UTC().Format(time.DateOnly))
}

// Step shows one step of work that counts records.
func (p *progress) Step(text string, done, total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.due(time.Now()) && total > 0 {
		p.show(float64(done)/float64(total), text)
	}
}

// done clears the bar; where there are lines, the last says that all is done.
func (p *progress) done(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.bar && p.shown:
		fmt.Fprint(p.w, "\r\x1b[K")
	case p.shown && err == nil:
		p.show(1, "done")
	}
}
