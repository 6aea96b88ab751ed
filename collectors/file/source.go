package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"plumbline/collectors"
)

const (
	stdin       = "-"
	workers     = 2        // files that are read at the same time
	chunk       = 1 << 20  // bytes of text per batch, plus what the batch before left over
	turn        = 64 << 20 // bytes of text after which a followed file lets the others go first
	quiet       = 5 * time.Minute
	defaultPoll = 500 * time.Millisecond
	rotateWait  = 5 * time.Second
)

// Config is a file source.
type Config struct {
	Paths      []string      // files and patterns of filepath.Match; "-" is standard input
	Root       string        // a file below this folder is named by its path from there, wherever the program is started; empty: as Paths say
	Follow     bool          // wait for more: lines, files, and files that take the place of others
	Poll       time.Duration // how often followed files are looked at; 0 is 500 ms
	MaxMessage int           // longest line in bytes; a longer one is handed over as too_large; 0 is 1 MiB
	// Progress is told how far each file has been read, in bytes of the file itself; total is -1 if unknown. It must not block.
	Progress func(path string, read, total int64)
}

// Source reads files. It implements collectors.Source.
type Source struct {
	name  string
	c     Config
	log   *slog.Logger
	input *input // standard input
	// linger is how long a followed file is read on when it is no longer under its path: who writes it has it open still.
	linger time.Duration

	settled atomic.Bool // the last look found nothing to do
	mu      sync.Mutex
	tails   map[string]*tail
}

// New checks the configuration; it opens nothing.
func New(name string, c Config, log *slog.Logger) (*Source, error) {
	if len(c.Paths) == 0 {
		return nil, fmt.Errorf("source %s: no paths", name)
	}
	for i, p := range c.Paths {
		if _, err := filepath.Match(p, ""); err != nil {
			return nil, fmt.Errorf("source %s: path %q: %w", name, c.Paths[i], err)
		}
	}
	if c.Poll <= 0 {
		c.Poll = defaultPoll
	}
	if c.MaxMessage <= 0 {
		c.MaxMessage = 1 << 20
	}
	return &Source{name: name, c: c, log: log.With("source", name), input: newInput(os.Stdin), linger: rotateWait, tails: map[string]*tail{}}, nil
}

// Name implements collectors.Source.
func (s *Source) Name() string { return s.name }

// Run implements collectors.Source. Without Follow it returns nil when every file has been read.
func (s *Source) Run(ctx context.Context, h collectors.Handler) (err error) {
	defer func() {
		for _, t := range s.known() {
			err = errors.Join(err, t.close(ctx, h))
		}
	}()
	for _, t := range s.known() {
		t.restart()
	}
	s.settled.Store(false)
	for {
		paths, err := s.paths()
		if err != nil {
			return err
		}
		busy, err := s.round(ctx, h, paths)
		if err != nil {
			return err
		}
		if busy {
			continue
		}
		s.settled.Store(true)
		if !s.c.Follow {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(s.c.Poll):
		}
	}
}

// round lets every file have its turn and reports whether any has more to give.
func (s *Source) round(ctx context.Context, h collectors.Handler, paths []string) (busy bool, err error) {
	var more atomic.Bool
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for _, path := range paths {
		if gctx.Err() != nil {
			break
		}
		t := s.tail(path)
		g.Go(func() error {
			again, err := t.advance(gctx, h)
			if again {
				more.Store(true)
			}
			if err != nil && ctx.Err() == nil && !errors.Is(err, context.Canceled) {
				return fmt.Errorf("source %s: %s: %w", s.name, path, err)
			}
			return err
		})
	}
	err = g.Wait()
	if err == nil {
		err = ctx.Err()
	}
	return more.Load(), err
}

// Idle implements collectors.Source.
func (s *Source) Idle() bool {
	if !s.settled.Load() {
		return false
	}
	if !s.c.Follow {
		return true
	}
	paths, err := s.paths()
	if err != nil {
		return false
	}
	for _, p := range paths {
		if !s.tail(p).atEnd() {
			return false
		}
	}
	return s.settled.Load()
}

// paths are the files there are now, in order, each once.
func (s *Source) paths() ([]string, error) {
	seen := map[string]bool{}
	var out []string
	add := func(p string) {
		if !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	for _, pattern := range s.c.Paths {
		if pattern == stdin {
			add(stdin)
			continue
		}
		found, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("source %s: pattern %q: %w", s.name, pattern, err)
		}
		if len(found) == 0 && !s.c.Follow && !strings.ContainsAny(pattern, `*?[\`) {
			return nil, fmt.Errorf("source %s: %s: %w", s.name, pattern, fs.ErrNotExist)
		}
		for _, f := range found {
			if info, err := os.Stat(f); err == nil && info.Mode().IsRegular() {
				add(filepath.Clean(f))
			}
		}
	}
	sort.Strings(out)
	for _, t := range s.known() { // what was followed and is gone is read to its end
		if !seen[t.path] && t.isOpen() {
			add(t.path)
		}
	}
	return out, nil
}

func (s *Source) tail(path string) *tail {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tails[path]
	if t == nil {
		t = newTail(s, path)
		s.tails[path] = t
	}
	return t
}

func (s *Source) known() []*tail {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]*tail, 0, len(s.tails))
	for _, t := range s.tails {
		out = append(out, t)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].path < out[j].path })
	return out
}
