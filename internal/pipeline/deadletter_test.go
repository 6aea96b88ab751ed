package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"plumbline"
	"plumbline/collectors"
	"plumbline/store/storetest"
)

// letters is a dead-letter topic: it refuses what a broker would, and remembers how much came at once.
type letters struct{ most int }

func (l *letters) Write(_ context.Context, letters [][]byte) error {
	n := 0
	for _, x := range letters {
		if len(x) > 1_000_000 { // a broker's message.max.bytes, about
			return errors.New("message too large")
		}
		n += len(x)
	}
	l.most = max(l.most, n)
	return nil
}

// Whatever is refused, its letter can be written, and letters don't pile up until the next tick.
func TestLettersOfLargeMessagesAreBounded(t *testing.T) {
	to := &letters{}
	o := testOptions()
	o.Sources = map[string]SourceOptions{part(0).Source: {DeadLetters: to, Payload: true}}
	s := storetest.Memory()
	c := NewCollector(s, NewRegistry(s, nil, testRegistryOptions(), quiet), o, quiet)
	var log []collectors.Message
	for i := range 100 {
		log = append(log, collectors.Message{Offset: int64(i), Value: bytes.Repeat([]byte{'x'}, 1<<20)})
	}
	feed(t, c, part(0), log)
	equal(t, "rejected", c.Totals().Rejected[plumbline.ReasonSyntax], int64(100))
	if to.most > 2*heldBytes {
		t.Errorf("%d bytes of letters waited", to.most)
	}
}

func TestLetterSaysThatItsPayloadIsCut(t *testing.T) {
	for size, cut := range map[int]bool{10: false, maxLetterPayload: false, maxLetterPayload + 1: true} {
		var l letter
		text := encodeLetter(part(0), collectors.Message{Value: make([]byte, size)}, rejection(plumbline.ReasonSyntax), true)
		if err := json.Unmarshal(text, &l); err != nil || l.Cut != cut || len(l.Payload) != min(size, maxLetterPayload) {
			t.Errorf("%d bytes: %v, %d bytes, cut: %v", size, err, len(l.Payload), l.Cut)
		}
	}
}

func TestLetterAfterATornOneHasItsOwnLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead")
	if err := os.WriteFile(path, []byte("{\"a\":1}\n{\"b"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		d := must(OpenDeadLetterFile(path))
		if err := d.Write(t.Context(), [][]byte{[]byte(`{"c":2}`), []byte(`{"d":3}`)}); err != nil {
			t.Fatal(err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, "lines", strings.Split(string(must(os.ReadFile(path))), "\n"), []string{`{"a":1}`, `{"b`, `{"c":2}`, `{"d":3}`, `{"c":2}`, `{"d":3}`, ""})
}
