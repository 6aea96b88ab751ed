package file

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"plumbline/collectors/collectorstest"
)

// follower runs a following source over a folder.
type follower struct {
	*Source
	h    *collectorstest.Handler
	stop func()
	done chan error // Run's end
}

func follow(t *testing.T, dir string, h *collectorstest.Handler) *follower {
	return followSource(t, source(t, Config{Paths: []string{filepath.Join(dir, "*.log")}, Follow: true, MaxMessage: 100}), h)
}

func followSource(t *testing.T, s *Source, h *collectorstest.Handler) *follower {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- s.Run(ctx, h)
		close(done)
	}()
	var once sync.Once
	stop := func() {
		once.Do(func() {
			cancel()
			if err, running := <-done; running && !errors.Is(err, context.Canceled) {
				t.Errorf("Run: %v", err)
			}
			if open := h.OpenPartitions(); len(open) > 0 {
				t.Errorf("left open: %v", open)
			}
		})
	}
	t.Cleanup(stop)
	return &follower{s, h, stop, done}
}

func (f *follower) wait(t *testing.T, n int) {
	t.Helper()
	f.h.Wait(t, fmt.Sprintf("%d messages", n), func() bool { return f.h.Len() >= n })
	f.h.Wait(t, "idle", f.Idle)
}

func TestFollowWaitsForTheEndOfALine(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.log")
	write(t, path, []byte("one\ntw"))
	f := follow(t, dir, &collectorstest.Handler{})
	f.wait(t, 1)
	write(t, path, []byte("o\n"))
	f.wait(t, 2)
	write(t, filepath.Join(dir, "y.log"), []byte("new file\n"+strings.Repeat("z", 150)))
	f.wait(t, 3)
	write(t, filepath.Join(dir, "y.log"), []byte(strings.Repeat("z", 150)+"\nafter\n"))
	f.wait(t, 5)
	want(t, f.h, path, "0:one", "4:two")
	want(t, f.h, filepath.Join(dir, "y.log"), "0:new file", "9:too_large", "310:after")
}

func TestFollowGoesOnAfterRotation(t *testing.T) {
	const g = 1 << generationBits
	dir := t.TempDir()
	path := filepath.Join(dir, "x.log")
	h := &collectorstest.Handler{FlushEvery: 1}
	write(t, path, []byte("one\ntwo"))
	f := follow(t, dir, h)
	f.wait(t, 1)
	if err := os.Rename(path, filepath.Join(dir, "x.1")); err != nil {
		t.Fatal(err)
	}
	write(t, path, []byte("three\n"))
	f.wait(t, 3)
	// copytruncate
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	f.h.Wait(t, "idle", f.Idle)
	write(t, path, []byte("4\n"))
	f.wait(t, 4)
	// gone, and back later
	if err := os.Rename(path, filepath.Join(dir, "x.2")); err != nil {
		t.Fatal(err)
	}
	f.h.Wait(t, "given up", func() bool { return len(h.OpenPartitions()) == 0 })
	write(t, path, []byte("five five five\n"))
	f.wait(t, 5)
	f.stop()
	// rotated while nobody looked: shorter, then with another line's end at the position
	if err := os.WriteFile(path, []byte("six\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f = follow(t, dir, h)
	f.wait(t, 6)
	f.stop()
	if err := os.WriteFile(path, []byte("seven is longer\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f = follow(t, dir, h)
	f.wait(t, 7)
	f.stop()
	want(t, h, path, "0:one", "4:two", fmt.Sprintf("%d:three", g), fmt.Sprintf("%d:4", 2*g), fmt.Sprintf("%d:five five five", 3*g),
		fmt.Sprintf("%d:six", 4*g), fmt.Sprintf("%d:seven is longer", 5*g))
}

func TestFollowReadsAGzipOnceItIsWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.log")
	packed := zip([]byte("one\ntwo\n"))
	write(t, path, packed[:len(packed)-9])
	f := follow(t, dir, &collectorstest.Handler{})
	f.h.Wait(t, "idle", f.Idle)
	write(t, path, packed[len(packed)-9:])
	f.wait(t, 2)
	want(t, f.h, path, "0:one", "4:two")
}

// A writer goes on for a moment in the file that was renamed, until it is told to open the new one.
func TestFollowReadsWhatIsWrittenAfterTheRename(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.log")
	old, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	fmt.Fprintln(old, "one")
	s := source(t, Config{Paths: []string{path}, Follow: true})
	s.linger = time.Second
	f := followSource(t, s, &collectorstest.Handler{})
	f.wait(t, 1)
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	write(t, path, []byte("three\n"))
	time.Sleep(50 * s.c.Poll) // the rename is seen
	fmt.Fprintln(old, "two")
	f.h.Wait(t, "three lines", func() bool { return f.h.Len() >= 3 })
	want(t, f.h, path, "0:one", "4:two", fmt.Sprintf("%d:three", 1<<generationBits))
}

func TestFollowGoesOnInAGzipThatGrows(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.log")
	f := follow(t, dir, &collectorstest.Handler{})
	for i, line := range []string{"one\n", "two\n", "three\n"} {
		write(t, path, zip([]byte(line))) // another member
		f.wait(t, i+1)
	}
	f.stop()
	want(t, f.h, path, "0:one", "4:two", "8:three")
}

// A file that took another's place is read again from its own beginning, though the store knows the one before only.
func TestAForgottenGenerationIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.log")
	h := &collectorstest.Handler{}
	s := source(t, Config{Paths: []string{path}, Follow: true})
	write(t, path, []byte("one\ntwo\n"))
	f := followSource(t, s, h)
	f.wait(t, 2)
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	write(t, path, []byte("three and more\n"))
	f.wait(t, 3)
	h.Kill()
	write(t, path, []byte("4\n"))
	if err := <-f.done; !errors.Is(err, collectorstest.ErrKilled) {
		t.Fatal(err)
	}
	h.Revive()
	f = followSource(t, s, h)
	f.wait(t, 4)
	const g = 1 << generationBits
	want(t, h, path, "0:one", "4:two", fmt.Sprintf("%d:three and more", g), fmt.Sprintf("%d:4", g+15))
}
