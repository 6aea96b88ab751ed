package pipeline

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestArena keeps more than a block of everything: what was kept first must not change, nor alias what it was made from.
func TestArena(t *testing.T) {
	var a arena
	type kept struct {
		Text  string
		Body  []byte
		Score *float64
		List  []string
	}
	var got, want []kept
	for i := range 5 * arenaItems {
		source := bytes.Repeat([]byte{byte('a' + i%26)}, i%200)
		list := []string{fmt.Sprint(i), fmt.Sprint(i + 1)}[:i%3]
		x := float64(i)
		got = append(got, kept{a.text(string(source)), a.body(source), a.score(x), a.list(list)})
		want = append(want, kept{string(source), bytes.Clone(source), &x, append([]string(nil), list...)})
		clear(source)
		clear(list)
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(bytes.Equal)); diff != "" {
		t.Error(diff)
	}
	size := 0
	for _, k := range got {
		size += len(k.Text) + len(k.Body)
	}
	if a.held != size {
		t.Errorf("held is %d, of %d bytes", a.held, size)
	}
	long := strings.Repeat("x", 3*arenaBytes)
	if a.text(long) != long || string(a.body([]byte(long))) != long {
		t.Error("what is longer than a block was not kept")
	}
	one, two := a.body([]byte("one")), a.body([]byte("two"))
	if _ = append(one, '!'); string(two) != "two" {
		t.Error("appending to one body wrote into the next")
	}
}
