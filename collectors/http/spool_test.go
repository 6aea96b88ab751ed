package http

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline"
	"plumbline/collectors"
)

func openTest(t testing.TB, dir string) *spool {
	t.Helper()
	s, err := openSpool(dir, 1<<30, time.Now(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	s.segment = 1000
	t.Cleanup(s.close)
	return s
}

func add(t testing.TB, s *spool, values ...string) {
	t.Helper()
	var ps [][]byte
	for _, v := range values {
		ps = append(ps, []byte(v))
	}
	if err := s.append(ps, time.Unix(1, 2)); err != nil {
		t.Fatal(err)
	}
}

func all(t testing.TB, s *spool, at int64) (out []string) {
	t.Helper()
	for {
		ms, next, err := s.read(at, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if len(ms) == 0 {
			return out
		}
		for _, m := range ms {
			if m.Offset < at {
				t.Fatalf("offset %d after %d", m.Offset, at)
			}
			out = append(out, string(m.Value)+string(m.Reject))
		}
		if next <= at {
			t.Fatalf("next %d after %d", next, at)
		}
		at = next
	}
}

func TestSpoolSurvivesBeingCutAnywhere(t *testing.T) {
	// Three commits of one message; a crash leaves any number of bytes of the last.
	dir := t.TempDir()
	s := openTest(t, dir)
	s.segment = 1 << 20
	add(t, s, "first")
	add(t, s, "second")
	before := s.end - s.segments[0].base
	add(t, s, "third, torn")
	after := s.end - s.segments[0].base
	path := s.path(s.segments[0].base)
	s.close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := before; cut <= after; cut++ {
		for _, tail := range [][]byte{nil, make([]byte, 40), bytes.Repeat([]byte{0xff}, 40)} { // as a file system may leave it
			if cut == after && tail == nil {
				continue
			}
			if err := os.WriteFile(path, append(bytes.Clone(whole[:cut]), tail...), 0o600); err != nil {
				t.Fatal(err)
			}
			s := openTest(t, dir)
			want := []string{"first", "second"}
			if cut == after {
				want = append(want, "third, torn")
			}
			if diff := cmp.Diff(want, all(t, s, 0)); diff != "" {
				t.Fatalf("cut at %d: %s", cut, diff)
			}
			add(t, s, "again")
			s.close()
			s = openTest(t, dir)
			if diff := cmp.Diff(append(want, "again"), all(t, s, 0)); diff != "" {
				t.Fatalf("cut at %d, then appended: %s", cut, diff)
			}
			s.close()
		}
	}
}

func TestSpoolRollsAndForgetsWhatWasTakenOver(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	var want []string
	for i := range 200 {
		want = append(want, fmt.Sprintf("message %d", i))
		add(t, s, want[i])
	}
	files := func() int {
		f, _ := filepath.Glob(filepath.Join(dir, "*.log"))
		return len(f)
	}
	before := files()
	if before < 5 {
		t.Fatal(before, "segments")
	}
	if diff := cmp.Diff(want, all(t, s, 0)); diff != "" {
		t.Error(diff)
	}
	half := s.segments[2].base
	s.ack(half)
	s.prune()
	if files() != before-2 {
		t.Error(files())
	}
	s.ack(s.end + 1000) // beyond the end is the end
	s.prune()
	if files() != 1 || s.acked != s.end {
		t.Error(files(), s.acked, s.end)
	}
	end := s.end
	s.close()
	s = openTest(t, dir) // the last segment knows where the spool ends
	if s.end != end {
		t.Errorf("the spool ends at %d, did at %d", s.end, end)
	}
	if got := all(t, s, end); len(got) > 0 {
		t.Error(got)
	}
	for _, f := range []string{"x.log", "123.log", strings.Repeat("9", 20) + ".log", "notes.txt"} {
		if err := os.WriteFile(filepath.Join(dir, f), []byte("not ours"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.close()
	if s = openTest(t, dir); s.end != end {
		t.Error("somebody else's files changed the spool")
	}
}

func TestANewSpoolBeginsAboveALostOne(t *testing.T) {
	first := openTest(t, t.TempDir())
	add(t, first, "x")
	second := openTest(t, t.TempDir())
	if second.end <= first.end {
		t.Errorf("%d after %d", second.end, first.end)
	}
	// And if the clock was set back, at the store's position.
	if err := second.startAt(second.end + 5000); err != nil {
		t.Fatal(err)
	}
	at := second.end
	add(t, second, "y")
	ms, _, err := second.read(at, 100)
	if err != nil || len(ms) != 1 || ms[0].Offset != at {
		t.Error(ms, err)
	}
}

func TestARottenFrameIsToldAndTheRestIsRead(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	for i := range 60 {
		add(t, s, fmt.Sprintf("message %02d", i))
	}
	n := len(s.segments)
	if n < 2 {
		t.Fatal(n)
	}
	path := s.path(s.segments[0].base)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	frame := frameHeader + len("message 00")
	b[5*frame+frameHeader+3] ^= 1 // a bit of a payload: its neighbours are well
	b[20*frame] ^= 0x40           // a length: nobody knows where the next one begins
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	inFirst := len(b) / frame
	var want []string
	for i := range 60 {
		switch {
		case i == 5 || i == 20:
			want = append(want, string(plumbline.ReasonCorrupt))
		case i > 20 && i < inFirst:
		default:
			want = append(want, fmt.Sprintf("message %02d", i))
		}
	}
	if diff := cmp.Diff(want, all(t, s, 0)); diff != "" {
		t.Error(diff)
	}
}

func TestConcurrentAppendsShareCommitsAndKeepTheirOrder(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	const writers, each = 16, 50
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				add(t, s, fmt.Sprintf("%d %d a", w, i), fmt.Sprintf("%d %d b", w, i))
			}
		})
	}
	wg.Wait()
	s.close()
	got := all(t, openTest(t, dir), 0)
	if len(got) != 2*writers*each {
		t.Fatal(len(got))
	}
	next := map[int]int{}
	for i := 0; i < len(got); i += 2 {
		var w, n int
		if _, err := fmt.Sscanf(got[i], "%d %d a", &w, &n); err != nil || n != next[w] || got[i+1] != fmt.Sprintf("%d %d b", w, n) {
			t.Fatalf("%q, %q", got[i], got[i+1])
		}
		next[w]++
	}
}

// A crash in the middle of random traffic never loses what append returned for.
func TestSpoolCrashes(t *testing.T) {
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(1, 2))
	var durable []string
	for round := range 30 {
		s := openTest(t, dir)
		if diff := cmp.Diff(durable, all(t, s, 0)); diff != "" {
			t.Fatalf("round %d: %s", round, diff)
		}
		for range rng.IntN(10) {
			v := strings.Repeat("v", 1+rng.IntN(300))
			add(t, s, v)
			durable = append(durable, v)
		}
		path := s.path(s.segments[len(s.segments)-1].base)
		s.close()
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		torn := appendFrame(nil, bytes.Repeat([]byte("t"), 1+rng.IntN(300)), time.Now())
		if _, err := f.Write(torn[:rng.IntN(len(torn))]); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
}

func FuzzCutFrames(f *testing.F) {
	good := appendFrame(appendFrame(nil, []byte("one"), time.Unix(1, 0)), []byte("two two"), time.Unix(2, 0))
	f.Add(good, 0)
	f.Add(good[:len(good)-1], 1)
	f.Add(append(bytes.Clone(good), make([]byte, 30)...), 30)
	f.Add([]byte{1, 0, 0, 0}, 0)
	f.Fuzz(func(t *testing.T, b []byte, more int) {
		if more < 0 || more > 1<<20 {
			return
		}
		at, end := int64(1000), int64(1000+len(b)+more)
		for rest := b; len(rest) > 0; {
			ms, next, want := cutFrames(rest, at, end, 5)
			last := at - 1
			for _, m := range ms {
				if m.Offset <= last || m.Offset >= next {
					t.Fatalf("offset %d after %d, next %d", m.Offset, last, next)
				}
				last = m.Offset
			}
			switch {
			case want > 0:
				if len(ms) > 0 || want <= int64(len(rest)) || at+want > end {
					t.Fatalf("wants %d of %d", want, len(rest))
				}
				return
			case next <= at || next > end:
				t.Fatalf("from %d to %d of %d", at, next, end)
			}
			rest = rest[min(int(next-at), len(rest)):]
			at = next
		}
	})
}

var _ collectors.Source = (*Source)(nil)
