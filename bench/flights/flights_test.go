//go:build real

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const page = "../../docs/flights.md"

// What the page tells of the budget, of the alarms and of the events is what a run over the full log tells. Without that log the
// example's part of it runs through the same, and what is surely in it must be found.
func TestThePageIsTrue(t *testing.T) {
	folder, whole := os.Getenv("PLUMBLINE_FLIGHTS"), true
	if folder == "" {
		folder, whole = filepath.Join("..", "..", "examples", "flights"), false
	}
	l := &lab{log: folder, dir: t.TempDir(), began: time.Now()}
	if !whole {
		w, err := l.watchLog(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, number := range []int{7, 11, 17} {
			if !w.findAny(number) {
				t.Errorf("event %d is not found in the example's part of the log", number)
			}
		}
		for _, number := range []int{13, 14} {
			if w.findAny(number) {
				t.Errorf("event %d is nothing to be told of", number)
			}
		}
		return
	}
	tables, err := watchSection(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	now, err := fill(string(body), tables)
	if err != nil {
		t.Fatal(err)
	}
	if now != string(body) {
		t.Errorf("make flights would write another page:\n%s", strings.Join(changed(string(body), now), "\n"))
	}
	for _, line := range strings.Split(tables["alarms"], "\n") {
		if strings.HasSuffix(line, "|  |") {
			t.Errorf("nobody has explained %s", line)
		}
	}
}

func (w *watched) findAny(number int) bool {
	for _, e := range events {
		if _, ok := w.find(e); ok && e.number == number {
			return true
		}
	}
	return false
}

// changed are the lines of either text that the other lacks.
func changed(a, b string) (list []string) {
	for _, side := range []struct{ sign, of, in string }{{"-", a, b}, {"+", b, a}} {
		for _, line := range strings.Split(side.of, "\n") {
			if !strings.Contains(side.in, line+"\n") {
				list = append(list, side.sign+line)
			}
		}
	}
	return list
}
