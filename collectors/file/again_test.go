package file

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"plumbline"
	"plumbline/collectors/collectorstest"
)

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

// forgetful is a handler whose first Close fails, as when the store can't be reached: what was handed over is forgotten.
type forgetful struct {
	*collectorstest.Handler
	failed bool
}

func (h *forgetful) Close(ctx context.Context, p plumbline.Partition) error {
	if !h.failed {
		h.failed = true
		h.Kill()
		defer h.Revive()
	}
	return h.Handler.Close(ctx, p)
}

func TestWhatWasForgottenIsReadAgain(t *testing.T) {
	for name, text := range map[string][]byte{"plain": []byte("one\ntwo\n"), "gzip": zip([]byte("one\ntwo\n")), "corrupt": zip([]byte("one\ntwo\n"))[:30]} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x")
			write(t, path, text)
			h := &forgetful{Handler: &collectorstest.Handler{}}
			s := source(t, Config{Paths: []string{path}})
			if err := s.Run(context.Background(), h); !errors.Is(err, collectorstest.ErrKilled) {
				t.Fatal(err)
			}
			for range 2 { // the second time there is nothing new
				if err := s.Run(context.Background(), h); err != nil {
					t.Fatal(err)
				}
			}
			lines := []string{"0:one", "4:two"}
			if name == "corrupt" {
				lines = append(lines, "8:corrupt")
			}
			want(t, h.Handler, path, lines...)
		})
	}
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
