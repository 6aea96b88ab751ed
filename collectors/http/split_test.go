package http

import (
	"bytes"
	"encoding/json"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline"
)

// An array that encoding/json takes is cut into the same elements; nothing that is not whole is.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{`[]`, `[1]`, ` [ {"a":[1,"]",{"b":"\\\""}]} , "x,y" , null,-1.5e3 ] `, `[[[]]]`, `[1,]`, `[,1]`, `[1 2]`, `{"a":1}`, "{\n}\n{}\n", `["\u005d"]`, `[{"a":1}`, `[1]x`, "{\"a\n\n", `["a`, "[1,\"" + string(bytes.Repeat([]byte{'\\', '\\'}, 70)) + `"]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		found, err := split(body)
		var parts []part
		if err == nil {
			parts = slices.Collect(found)
		}
		line := 0
		for _, p := range parts {
			if len(p.value) == 0 || p.line <= line || !bytes.Contains(body, p.value) {
				t.Fatalf("part %d %q after line %d", p.line, p.value, line)
			}
			line = p.line
		}
		var elements []json.RawMessage
		if text := bytes.TrimLeft(body, " \t\r\n"); len(text) > 0 && text[0] == '[' && json.Unmarshal(body, &elements) == nil {
			if err != nil || len(parts) != len(elements) {
				t.Fatalf("%d parts, %d elements, %v", len(parts), len(elements), err)
			}
			for i := range elements {
				if !bytes.Equal(elements[i], parts[i].value) {
					t.Fatalf("element %d is %q, want %q", i, parts[i].value, elements[i])
				}
			}
		}
		var object map[string]json.RawMessage
		if text := bytes.TrimSpace(body); len(text) > 0 && text[0] == '{' && json.Unmarshal(body, &object) == nil {
			if len(parts) != 1 || !bytes.Equal(parts[0].value, text) {
				t.Fatalf("one object came as %d parts", len(parts))
			}
		}
	})
}

// A small compressed body can hold millions of empty lines or elements. Taking it apart must not take much more memory than its
// text does.
func TestManyPartsTakeNoMemory(t *testing.T) {
	const size = 8 << 20
	reject := &plumbline.Reject{Reason: plumbline.ReasonSyntax}
	s := source(t, Config{Validate: func([]byte, time.Time) *plumbline.Reject { return reject }})
	for name, c := range map[string]struct {
		text   string
		answer string
	}{
		"empty lines": {strings.Repeat("\n", size), "the body holds no record"},
		"short lines": {strings.Repeat("1\n", size/2), "no record is usable"},
		"elements":    {"[1" + strings.Repeat(",1", size/2) + "]", "no record is usable"},
	} {
		body := gz(c.text)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		w := post(s, body, "Content-Encoding", "gzip")
		runtime.ReadMemStats(&after)
		if w.Code != 400 || !strings.Contains(w.Body.String(), c.answer) {
			t.Errorf("%s: %d %.200s", name, w.Code, w.Body)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 6*size {
			t.Errorf("%s: %d MiB for %d MiB of text", name, took>>20, size>>20)
		}
	}
}
