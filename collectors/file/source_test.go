package file

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline"
	"plumbline/collectors"
	"plumbline/collectors/collectorstest"
)

var quietLog = slog.New(slog.DiscardHandler)

const testMax = 64 << 10

type feed struct {
	dir    string
	follow bool
	gzip   bool
}

func (f *feed) path(i int) string { return filepath.Join(f.dir, fmt.Sprintf("%c.ndjson", 'a'+i)) }

func (f *feed) Partitions() []plumbline.Partition {
	var out []plumbline.Partition
	for i := range 3 {
		out = append(out, plumbline.Partition{Source: "files", Topic: f.path(i)})
	}
	return out
}

func (f *feed) Append(t testing.TB, i int, values ...[]byte) {
	t.Helper()
	text := append(bytes.Join(values, []byte("\n")), '\n')
	if f.gzip {
		text = zip(text) // another member
	}
	write(t, f.path(i), text)
}

func (f *feed) Source(t testing.TB) collectors.Source {
	s, err := New("files", Config{Paths: []string{filepath.Join(f.dir, "*.ndjson")}, Follow: f.follow, Poll: 2 * time.Millisecond, MaxMessage: max(testMax, 70<<10)}, quietLog)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func zip(text []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(text)
	_ = w.Close()
	return b.Bytes()
}

func write(t testing.TB, path string, text []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(text); err != nil {
		t.Fatal(err)
	}
}

func TestPromises(t *testing.T) {
	for name, f := range map[string]feed{"plain": {}, "gzip": {gzip: true}, "follow": {follow: true}} {
		t.Run(name, func(t *testing.T) {
			collectorstest.Test(t, collectorstest.Harness{
				Finite: !f.follow, MaxMessage: 70 << 10,
				New: func(t *testing.T) (collectors.Source, collectorstest.Feed) {
					own := f
					own.dir = t.TempDir()
					for i := range 3 {
						write(t, own.path(i), nil)
					}
					return own.Source(t), &own
				},
			})
		})
	}
}

func source(t *testing.T, c Config) *Source {
	t.Helper()
	if c.Poll == 0 {
		c.Poll = time.Millisecond
	}
	s, err := New("files", c, quietLog)
	if err != nil {
		t.Fatal(err)
	}
	s.linger = 5 * time.Millisecond
	return s
}

func partition(path string) plumbline.Partition {
	return plumbline.Partition{Source: "files", Topic: path}
}

func texts(ms []collectors.Message) []string {
	out := []string{}
	for _, m := range ms {
		if m.Reject != "" {
			out = append(out, fmt.Sprintf("%d:%s", m.Offset, m.Reject))
		} else {
			out = append(out, fmt.Sprintf("%d:%s", m.Offset, m.Value))
		}
	}
	return out
}

func want(t *testing.T, h *collectorstest.Handler, path string, want ...string) {
	t.Helper()
	h.Check(t)
	if diff := cmp.Diff(want, texts(h.Messages(partition(path)))); diff != "" {
		t.Error(diff)
	}
}

func TestOffsetsAreBytesOfTheText(t *testing.T) {
	for name, pack := range map[string]func([]byte) []byte{"plain": bytes.Clone, "gzip": zip} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x")
			write(t, path, pack([]byte("\n\none\r\ntwo\n\n  \r\n"+strings.Repeat("x", 50)+"\nlast")))
			mtime := time.Date(2013, 3, 1, 8, 15, 0, 0, time.UTC)
			if err := os.Chtimes(path, mtime, mtime); err != nil {
				t.Fatal(err)
			}
			h := &collectorstest.Handler{}
			if err := source(t, Config{Paths: []string{path}, MaxMessage: 40}).Run(context.Background(), h); err != nil {
				t.Fatal(err)
			}
			want(t, h, path, "2:one", "7:two", "12:  ", "16:too_large", "67:last")
			if d := h.Durable(partition(path)); d.Next != 71 {
				t.Error(d)
			}
			for _, m := range h.Messages(partition(path)) {
				if !m.Time.Equal(mtime) {
					t.Errorf("time %v, want that of the file", m.Time)
				}
			}
		})
	}
}

func TestPositionsOutsideTheFileAreAnError(t *testing.T) {
	dir := t.TempDir()
	plain, packed := filepath.Join(dir, "plain"), filepath.Join(dir, "packed")
	write(t, plain, []byte("one\ntwo\n"))
	write(t, packed, zip([]byte("one\ntwo\n")))
	for _, path := range []string{plain, packed} {
		for at, want := range map[int64]string{9: "its text has 8 bytes, and reading stood at 9", 6: "inside a line"} {
			h := &collectorstest.Handler{}
			h.SetPosition(partition(path), at)
			err := source(t, Config{Paths: []string{path}}).Run(context.Background(), h)
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s at %d: %v", path, at, err)
			}
			if len(h.OpenPartitions()) > 0 {
				t.Error("left open")
			}
		}
		h := &collectorstest.Handler{}
		h.SetPosition(partition(path), 8)
		if err := source(t, Config{Paths: []string{path}}).Run(context.Background(), h); err != nil || h.Len() != 0 {
			t.Error(err, h.Len())
		}
	}
}

func TestCorruptGzipIsToldOnceAfterTheGoodLines(t *testing.T) {
	var long []byte
	for i := range 20000 {
		long = fmt.Appendf(long, "line %d %x\n", i, i*7919)
	}
	whole := zip(long)
	for name, packed := range map[string][]byte{
		"cut off":         whole[:len(whole)/2],
		"wrong checksum":  append(bytes.Clone(whole[:len(whole)-8]), 1, 2, 3, 4, 5, 6, 7, 8),
		"garbage behind":  append(bytes.Clone(whole), "garbage garbage"...),
		"only the magic":  {0x1f, 0x8b},
		"nothing is good": append([]byte{0x1f, 0x8b}, "garbage garbage"...),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.gz")
			write(t, path, packed)
			h := &collectorstest.Handler{}
			for range 2 { // the second time there is nothing new
				if err := source(t, Config{Paths: []string{path}}).Run(context.Background(), h); err != nil {
					t.Fatal(err)
				}
			}
			h.Check(t)
			ms := h.Messages(partition(path))
			if len(ms) == 0 || ms[len(ms)-1].Reject != plumbline.ReasonCorrupt {
				t.Fatalf("%d messages, the last is no refusal", len(ms))
			}
			var good []byte
			for _, m := range ms[:len(ms)-1] {
				if m.Reject != "" {
					t.Fatal(m.Reject)
				}
				good = append(append(good, m.Value...), '\n')
			}
			if !bytes.HasPrefix(long, good) {
				t.Error("what was good is not the beginning")
			}
			if name == "cut off" && len(good) < len(long)/4 || name == "garbage behind" && len(good) != len(long) {
				t.Errorf("only %d of %d bytes were good", len(good), len(long))
			}
		})
	}
}

func TestPathsAreFilesInOrderEachOnce(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []string{"b", "a", "c"} {
		write(t, filepath.Join(dir, n), []byte(n+"\n"))
	}
	if err := os.Mkdir(filepath.Join(dir, "d"), 0o755); err != nil {
		t.Fatal(err)
	}
	s := source(t, Config{Paths: []string{dir + "/./b", filepath.Join(dir, "*")}})
	got, err := s.paths()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "c")}, got); diff != "" {
		t.Error(diff)
	}
	if err := source(t, Config{Paths: []string{filepath.Join(dir, "gone")}}).Run(context.Background(), &collectorstest.Handler{}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if err := source(t, Config{Paths: []string{filepath.Join(dir, "gone*")}}).Run(context.Background(), &collectorstest.Handler{}); err != nil {
		t.Error("a pattern may match nothing:", err)
	}
}

func TestStandardInputIsReadToItsEnd(t *testing.T) {
	for name, pack := range map[string]func([]byte) []byte{"plain": bytes.Clone, "gzip": zip} {
		t.Run(name, func(t *testing.T) {
			h := &collectorstest.Handler{}
			for life := range 2 {
				s := source(t, Config{Paths: []string{"-"}})
				s.input = newInput(bytes.NewReader(pack(fmt.Appendf(nil, "one %d\ntwo", life))))
				if err := s.Run(context.Background(), h); err != nil {
					t.Fatal(err)
				}
			}
			// What is piped in later is new, and offsets never go back.
			g := int64(1) << generationBits
			want(t, h, "-", "0:one 0", "6:two", fmt.Sprintf("%d:one 1", g), fmt.Sprintf("%d:two", g+6))
			for _, m := range h.Messages(partition("-")) {
				if !m.Time.IsZero() {
					t.Error("standard input has no time")
				}
			}
		})
	}
}

// A pipe that stays open must not keep the program from stopping.
func TestStandardInputIsLeftWhenItIsSilent(t *testing.T) {
	for name, lines := range map[string]string{"at once": "", "after a line": "one\n"} {
		t.Run(name, func(t *testing.T) {
			r, w := io.Pipe()
			defer w.Close()
			s := source(t, Config{Paths: []string{"-"}})
			s.input = newInput(r)
			f := followSource(t, s, &collectorstest.Handler{})
			if lines != "" {
				fmt.Fprint(w, lines)
				f.h.Wait(t, "a line", func() bool { return f.h.Len() == 1 })
			}
			f.stop()
			if lines != "" {
				want(t, f.h, "-", "0:one")
			}
		})
	}
}

func TestProgressEndsAtTheSizeOfTheFile(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "plain"), bytes.Repeat([]byte("0123456789abcde\n"), 200000))
	write(t, filepath.Join(dir, "packed"), zip(bytes.Repeat([]byte("0123456789abcde\n"), 200000)))
	var mu sync.Mutex
	last := map[string][2]int64{}
	calls := 0
	s := source(t, Config{Paths: []string{dir + "/*"}, Progress: func(path string, read, total int64) {
		mu.Lock()
		defer mu.Unlock()
		if read < last[path][0] || read > total {
			t.Errorf("%s: %d of %d after %d", path, read, total, last[path][0])
		}
		last[path] = [2]int64{read, total}
		calls++
	}})
	if err := s.Run(context.Background(), &collectorstest.Handler{}); err != nil {
		t.Fatal(err)
	}
	for path, p := range last {
		if p[0] != p[1] || p[0] == 0 {
			t.Errorf("%s: %d of %d at the end", path, p[0], p[1])
		}
	}
	if len(last) != 2 || calls < 6 {
		t.Error(calls, last)
	}
}
