package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	hostileLines = 10_000
	body         = 500 // lines of a request
)

// attack is a line that tries to do harm, or is just broken, and what must become of it: a reason, "" if it is a record, or
// either.
type attack struct {
	line   []byte
	reason string
}

const either = "either"

// attacks makes n lines out of good ones. None has a newline or is empty, so that each is one message; each of body lines
// begins with a good one.
func attacks(rng *rand.Rand, good [][]byte, n int) []attack {
	var list []attack
	for len(list) < n {
		a := spoil(rng, string(good[rng.IntN(len(good))]))
		if len(list)%body == 0 {
			a = attack{good[0], ""}
		}
		a.line = bytes.TrimRight(bytes.ReplaceAll(a.line, []byte{'\n'}, []byte{' '}), "\r")
		if len(a.line) > 0 {
			list = append(list, a)
		}
	}
	return list
}

func spoil(rng *rand.Rand, good string) attack {
	pick := func(s ...string) string { return s[rng.IntN(len(s))] }
	first := func(members string) string { return "{" + members + "," + good[1:] }                     // before the others
	last := func(members string) string { return strings.TrimSuffix(good, "}") + "," + members + "}" } // after them: it wins
	feature := func(value string) string { return strings.Replace(good, `"features":{`, `"features":{`+value+",", 1) }
	is := func(line, reason string) attack { return attack{[]byte(line), reason} }
	n := 1 + rng.IntN(3000)
	switch rng.IntN(22) {
	case 0:
		return is(good, "")
	case 1:
		return is(good[:1+rng.IntN(len(good)-1)], "syntax")
	case 2: // white space counts too
		if n%40 > 0 {
			return is(good+strings.Repeat(" ", n), "")
		}
		return is(good+strings.Repeat(" ", 1<<20-len(good)+1), "too_large")
	case 3:
		return is(first(`"deep":`+strings.Repeat("[", n+16)+strings.Repeat("]", n+16)), "too_deep")
	case 4:
		return is(first(`"deep":`+strings.Repeat(`{"a":`, 16+n)), "too_deep")
	case 5:
		return is(last(pick(`"features":[1]`, `"runtime":"x"`, `"segments":7`, `"model":3`, `"weight":-1`, `"scores":[0.5]`, `"id":[]`, `"deployment":"blue"`)), "type")
	case 6:
		return is(last(`"kind":"`+pick("answer", "", "LABEL", "request ")+`"`), "kind")
	case 7: // no numbers, and yet records
		return is(feature(`"spoilt":`+pick("NaN", "Infinity", "-Infinity", "1e400", "-1e400", `"NaN"`, "null", "[]", "{}", "[1e308,1e308]")), "")
	case 8:
		return is(feature(`"spoilt":`+pick("0x10", "1_000", ".5", "+1", "undefined", "1e", "--1", "01", "'a'")), "syntax")
	case 9: // of duplicates the last wins
		return is(first(strings.TrimSuffix(strings.Repeat(`"score":0.5,`, 1+n%900), ",")), "")
	case 10:
		return is(feature(strings.TrimSuffix(strings.Repeat(`"same":1,`, 2000+n), ",")), "too_many_keys")
	case 11:
		return is(strings.Replace(good, `"flights-delay"`, `"flights`+pick(`\u0000`, `\u001b[31m`, `\u0085`, `\n`)+`"`, 1), "no_model")
	case 12: // raw control characters are no JSON
		return is(strings.Replace(good, `"flights-delay"`, `"flights`+pick("\x00", "\x1b[31m", "\x07", "\t")+`"`, 1), "syntax")
	case 13:
		return is(last(`"ts":`+pick(`"2200-01-01T00:00:00Z"`, "4102444800", fmt.Sprintf("%q", time.Now().Add(time.Hour).Format(time.RFC3339)))), "future")
	case 14:
		return is(last(`"ts":`+pick(`"0000-00-00T00:00:00Z"`, `"2013-02-30T00:00:00Z"`, `"now"`, "1e308", "-62135596800", "18446744073709551616", `"9999-12-31T23:59:59Z"`)), "timestamp")
	case 15:
		binary := make([]byte, 1+rng.IntN(1000))
		for i := range binary {
			binary[i] = byte(rng.UintN(256))
		}
		binary[0] |= 0x80 // white space and nothing else would be empty
		return attack{binary, "syntax"}
	case 16: // flipped bits
		line := []byte(good)
		for range 1 + rng.IntN(5) {
			line[rng.IntN(len(line))] ^= 1 << rng.IntN(8)
		}
		return attack{line, either}
	case 17:
		return is(feature(`"spoilt":"`+pick("\xff", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80")+`"`), "utf8")
	case 18:
		return is(feature(`"spoilt":`+strings.Repeat("9", 65+n)), "number_length")
	case 19:
		return is(feature(`"spoilt":"`+strings.Repeat("x", 4<<10+n)+`"`), "string_length")
	case 20:
		return is(pick("null", "true", `"x"`, "1", "}", "\xef\xbb\xbf"+good, good+good, good+",", "'"+good+"'", "[]", "["+good+"]"), "syntax")
	default:
		return is(pick(`{"model":"flights-delay"}`, `{"model":"flights-delay","features":{},"ts":1372672800}`, `{"model":"flights-delay","kind":"label","id":"a","ts":1372672800}`), "empty")
	}
}

// Ten thousand lines made to do harm, by file and by HTTP: the daemon lives, every line is folded or rejected, by the reason it
// deserves, and metrics, dead letters, answers and the store all say the same.
func TestHostileLines(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(5, 6))
	var good [][]byte
	readLines(t, filepath.Join(example, "inference.ndjson.gz"), func(line []byte) {
		if len(good) < 500 {
			good = append(good, bytes.Clone(line))
		}
	})
	list := attacks(rng, good, hostileLines)
	var text bytes.Buffer
	at := map[int64]attack{} // by the offset of their line
	must := map[string]int64{}
	for _, a := range list {
		at[int64(text.Len())] = a
		must[a.reason]++
		text.Write(append(a.line, '\n'))
	}
	h := newHouse(t)
	h.write(t, "hostile.ndjson", text.String())
	file := h.write(t, "plumbline.yaml", `
data_dir: data
web: {listen: 127.0.0.1:0}
rule_files: []
store: {retention: {panes: 36500d}}
sources:
  - name: file
    file: {paths: [hostile.ndjson]}
    dead_letter: {file: file.dead}
  - name: http
    http: {listen: 127.0.0.1:0}
`)
	d := start(t, file)
	answered := post(t, d, text.Bytes())
	var folded, posted int64
	var rejected, refused map[string]int64
	d.until("through all lines", func() bool {
		folded, rejected = d.handled("file")
		posted, refused = d.handled("http")
		return total(folded, rejected) >= hostileLines && total(posted, refused) >= hostileLines
	})
	d.stop()
	t.Logf("folded %d, rejected %v", folded, rejected)
	if total(folded, rejected) != hostileLines || folded < must[""] || folded > must[""]+must[either] {
		t.Errorf("%d lines folded and %v rejected of %d, of which %d are records", folded, rejected, hostileLines, must[""])
	}
	if diff := cmp.Diff(deadLetters(t, h.path("file.dead"), at), rejected); diff != "" {
		t.Errorf("rejected by reason: dead letters against metrics:\n%s", diff)
	}
	if diff := cmp.Diff(rejected, refused); diff != "" || posted != folded {
		t.Errorf("%d folded by file, %d by HTTP; rejected by file against HTTP:\n%s", folded, posted, diff)
	}
	if diff := cmp.Diff(answered, refused); diff != "" {
		t.Errorf("rejected by HTTP: answers against metrics:\n%s", diff)
	}
	if now := durably(t, file); now != hostileLines+posted {
		t.Errorf("the store counts %d messages, want the file's %d and the %d that HTTP accepted", now, hostileLines, posted)
	}
}

// post sends lines and returns how many the answers reject, by reason.
func post(t *testing.T, d *daemon, text []byte) map[string]int64 {
	t.Helper()
	rejected := map[string]int64{}
	for lines := bytes.SplitAfter(bytes.TrimSuffix(text, []byte{'\n'}), []byte{'\n'}); len(lines) > 0; lines = lines[body:] {
		resp, err := http.Post(d.records, "application/x-ndjson", bytes.NewReader(bytes.Join(lines[:body], nil)))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var answer struct {
			Accepted int
			Rejected []struct{ Reason string }
		}
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != http.StatusAccepted || answer.Accepted+len(answer.Rejected) != body {
			t.Fatalf("%s: %d accepted and %d rejected of %d lines; %v", resp.Status, answer.Accepted, len(answer.Rejected), body, err)
		}
		for _, r := range answer.Rejected {
			rejected[r.Reason]++
		}
	}
	return rejected
}

// deadLetters counts a dead-letter file's lines by reason, and holds each against the line of the log it is about.
func deadLetters(t *testing.T, path string, at map[int64]attack) map[string]int64 {
	t.Helper()
	letters, seen := map[string]int64{}, map[int64]bool{}
	readLines(t, path, func(line []byte) {
		var l struct {
			Source string
			Offset int64
			Reason string
		}
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatalf("dead letter %q: %v", line, err)
		}
		a, ok := at[l.Offset]
		if !ok || seen[l.Offset] || l.Source != "file" {
			t.Errorf("dead letter %s: there is no such line, or it has a letter", line)
		}
		if a.reason != either && l.Reason != a.reason {
			t.Errorf("%.300q was rejected as %q, want %q", a.line, l.Reason, a.reason)
		}
		seen[l.Offset] = true
		letters[l.Reason]++
	})
	for offset, a := range at {
		if !seen[offset] && a.reason != "" && a.reason != either {
			t.Errorf("%.300q has no dead letter, want %q", a.line, a.reason)
		}
	}
	return letters
}
