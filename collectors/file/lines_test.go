package file

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plumbline"
	"plumbline/collectors"
)

// Whatever the chunks and the lines are, cutting gives what splitting the whole does.
func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nbb\r\n\nccc"), 3, 2)
	f.Add(bytes.Repeat([]byte("x"), 100), 7, 10)
	f.Fuzz(func(t *testing.T, text []byte, size, longest int) {
		if size < 1 || size > 1000 || longest < 1 || longest > 1000 {
			return
		}
		l := lines{r: bytes.NewReader(text), max: longest, chunk: size}
		var got []string
		for {
			ms, next, err := l.read()
			if next != l.offset {
				t.Fatal(next)
			}
			got = append(got, texts(ms)...)
			if err == io.EOF {
				break
			}
		}
		if m, next, ok := l.last(); ok {
			got = append(got, texts([]collectors.Message{m})...)
		} else if next != int64(len(text)) {
			t.Fatal("the end is at", next)
		}
		var want []string
		offset := 0
		for _, line := range bytes.SplitAfter(text, []byte("\n")) {
			value := bytes.TrimSuffix(line, []byte("\n"))
			value = bytes.TrimSuffix(value, []byte("\r"))
			switch {
			case len(value) > longest:
				want = append(want, fmt.Sprintf("%d:%s", offset, plumbline.ReasonTooLarge))
			case len(value) > 0:
				want = append(want, fmt.Sprintf("%d:%s", offset, value))
			}
			offset += len(line)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}
