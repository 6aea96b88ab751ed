package http

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

var (
	errFull   = errors.New("the spool is full")
	errClosed = errors.New("the spool is closed")
)

const (
	segmentSize   = 16 << 20
	segmentSuffix = ".log"
)

// spool is an append-only log of messages in segments, files named after the position of their first byte. Many append, one
// reads.
type spool struct {
	dir     string
	max     int64 // bytes not yet acknowledged
	segment int64 // size at which the next one begins
	log     *slog.Logger
	ready   chan struct{} // there is more to read, or something was acknowledged

	writing sync.Mutex // held while a commit is written: commits are written one after the other
	file    *os.File   // of the last segment; nil after an error, then the next commit begins a segment

	mu       sync.Mutex
	segments []segment // in order; never empty
	end      int64     // what is before it is durable
	acked    int64     // what is before it has been taken over
	pending  *commit   // collects what will be written next
	closed   bool
}

type segment struct {
	base, end int64
}

// commit is what several requests write and sync together.
type commit struct {
	frames []byte
	done   bool // guarded by spool.writing
	err    error
}

// openSpool opens or begins a spool. What a crash left half written at its end is cut off: nobody was told it is durable.
func openSpool(dir string, limit int64, now time.Time, log *slog.Logger) (*spool, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	s := &spool{dir: dir, max: limit, segment: segmentSize, log: log, ready: make(chan struct{}, 1)}
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	if len(s.segments) == 0 {
		s.end = now.UnixNano()
		if err := s.roll(); err != nil {
			return nil, fmt.Errorf("spool: %w", err)
		}
	}
	s.acked = s.segments[0].base
	return s, nil
}

func (s *spool) path(base int64) string {
	return filepath.Join(s.dir, fmt.Sprintf("%020d%s", base, segmentSuffix))
}

// load finds the segments there are and repairs the last one.
func (s *spool) load() error {
	files, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), segmentSuffix)
		base, bad := strconv.ParseInt(name, 10, 64)
		if !ok || bad != nil || len(name) != 20 || !f.Type().IsRegular() {
			continue
		}
		info, err := f.Info()
		if err != nil {
			return err
		}
		s.segments = append(s.segments, segment{base, base + info.Size()})
	}
	sort.Slice(s.segments, func(i, j int) bool { return s.segments[i].base < s.segments[j].base })
	for i := range s.segments[:max(len(s.segments)-1, 0)] {
		// What is beyond the beginning of the next one was written when a disk failed, and nobody was told it is durable.
		s.segments[i].end = min(s.segments[i].end, s.segments[i+1].base)
	}
	if len(s.segments) == 0 {
		return nil
	}
	last := &s.segments[len(s.segments)-1]
	good, err := s.whole(*last)
	if err != nil {
		return err
	}
	if good < last.end {
		s.log.Warn("cutting off the end of the spool, which a crash left half written", "segment", s.path(last.base), "bytes", last.end-good)
		last.end = good
	}
	s.end = good
	s.file, err = os.OpenFile(s.path(last.base), os.O_WRONLY, 0o600)
	if err == nil {
		err = s.rewind(*last)
	}
	return err
}

// rewind cuts the open segment to what is good.
func (s *spool) rewind(last segment) error {
	if err := s.file.Truncate(last.end - last.base); err != nil {
		return err
	}
	if _, err := s.file.Seek(last.end-last.base, io.SeekStart); err != nil {
		return err
	}
	return s.file.Sync()
}

// whole returns the position up to which a segment consists of good frames.
func (s *spool) whole(g segment) (int64, error) {
	f, err := os.Open(s.path(g.base))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	at := g.base
	buf := make([]byte, 1<<20)
	for at < g.end {
		n, err := f.ReadAt(buf[:min(int64(len(buf)), g.end-at)], at-g.base)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		begin := at
		rest := buf[:n]
		for {
			_, _, size, state := parseFrame(rest)
			if state == frameShort && size > len(buf) && at+int64(size) <= g.end {
				buf = make([]byte, size)
				break
			}
			if state == frameBad {
				return at, nil
			}
			if state == frameShort {
				break
			}
			at += int64(size)
			rest = rest[size:]
		}
		if at == begin && int64(n) == min(int64(len(buf)), g.end-at) {
			return at, nil // the last frame is not whole
		}
	}
	return at, nil
}

// roll begins a segment at the end.
func (s *spool) roll() error {
	f, err := os.OpenFile(s.path(s.end), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := syncDir(s.dir); err != nil {
		f.Close()
		return err
	}
	if s.file != nil {
		s.file.Close()
	}
	s.file = f
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.segments); n > 0 && s.segments[n-1].base == s.end { // an empty one that failed
		s.segments = s.segments[:n-1]
	}
	s.segments = append(s.segments, segment{s.end, s.end})
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// append makes messages durable, all or none. It returns errFull when too much waits to be taken over.
func (s *spool) append(payloads [][]byte, arrival time.Time) error {
	size := 0
	for _, p := range payloads {
		size += frameHeader + len(p)
	}
	s.mu.Lock()
	c := s.pending
	waiting := s.end - s.acked
	if c != nil {
		waiting += int64(len(c.frames))
	}
	switch {
	case s.closed:
		s.mu.Unlock()
		return errClosed
	case waiting+int64(size) > s.max:
		s.mu.Unlock()
		return errFull
	case c == nil:
		c = &commit{frames: make([]byte, 0, size)}
		s.pending = c
	}
	for _, p := range payloads {
		c.frames = appendFrame(c.frames, p, arrival)
	}
	s.mu.Unlock()

	// Whoever comes first writes for all who came while the commit before was written.
	s.writing.Lock()
	defer s.writing.Unlock()
	if !c.done {
		s.mu.Lock()
		s.pending = nil
		s.mu.Unlock()
		c.err = s.write(c.frames)
		c.done = true
		c.frames = nil
	}
	return c.err
}

// write writes frames and syncs. The writing lock is held.
func (s *spool) write(frames []byte) error {
	s.mu.Lock()
	last, closed := s.segments[len(s.segments)-1], s.closed
	s.mu.Unlock()
	if closed {
		return errClosed
	}
	if s.file == nil || last.end-last.base >= s.segment {
		if err := s.roll(); err != nil {
			return fmt.Errorf("begin a spool segment: %w", err)
		}
	}
	_, err := s.file.Write(frames)
	if err == nil {
		err = s.file.Sync()
	}
	if err != nil {
		// After a failed sync nobody knows what the disk holds. What was durable before stays in its segment; the next commit
		// begins another.
		if cut := s.file.Truncate(s.end - s.lastBase()); cut != nil {
			err = errors.Join(err, cut)
		}
		s.file.Close()
		s.file = nil
		return fmt.Errorf("write to the spool: %w", err)
	}
	s.mu.Lock()
	s.end += int64(len(frames))
	s.segments[len(s.segments)-1].end = s.end
	s.mu.Unlock()
	s.wake()
	return nil
}

func (s *spool) lastBase() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.segments[len(s.segments)-1].base
}

func (s *spool) wake() {
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// startAt makes positions go on at least at next: the spool's folder was lost, and the clock has been set back since.
func (s *spool) startAt(next int64) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	behind := s.end < next
	if behind {
		s.log.Warn("the spool is behind the store; going on at the store's position", "spool", s.end, "store", next)
		s.end = next
	}
	s.mu.Unlock()
	if !behind {
		return nil
	}
	return s.roll()
}

// full reports whether nothing more fits.
func (s *spool) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.end-s.acked >= s.max
}

// durable is the position up to which there is something to read.
func (s *spool) durable() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.end
}

// reopen takes commits again after close; the next one begins a segment.
func (s *spool) reopen() {
	s.mu.Lock()
	s.closed = false
	s.mu.Unlock()
}

func (s *spool) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.file != nil {
		s.file.Close()
		s.file = nil
	}
}
