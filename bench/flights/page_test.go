package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"plumbline"
)

// The page has a place for every table, and each is filled.
func TestThePageHasItsTables(t *testing.T) {
	body, err := os.ReadFile("../../docs/flights.md")
	if err != nil {
		t.Fatal(err)
	}
	tables := map[string]string{}
	for _, name := range []string{"budget", "alarms", "events", "rest", "incumbents", "still"} {
		_, rest, _ := strings.Cut(string(body), "<!-- begin "+name+" -->\n")
		tables[name], _, _ = strings.Cut(rest, "<!-- end ")
		if strings.Count(tables[name], "\n") < 4 {
			t.Errorf("the table %s is empty", name)
		}
	}
	again, err := fill(string(body), tables)
	if err != nil || again != string(body) {
		t.Errorf("a page filled with its own tables is another one (%v)", err)
	}
	if _, err := fill("no marks", tables); err == nil {
		t.Error("a page without marks was filled")
	}
	if strings.Contains(tables["alarms"], "|  |\n") {
		t.Error("an alarm has no explanation")
	}
}

func TestSpells(t *testing.T) {
	at := func(day, hour int, feature, test string, p float64) drift {
		from := time.Date(2013, 8, day, hour, 0, 0, 0, time.UTC)
		return drift{alert: "DriftOfTheHour", feature: feature, test: test, window: plumbline.Window{From: from, To: from.Add(time.Hour)}, sd: 1, p: p}
	}
	list := spells([]drift{at(1, 5, "temp", "missing", 1e-9), at(1, 5, "dewp", "missing", 1e-9), at(1, 7, "temp", "auc", 1e-7),
		at(2, 5, "temp", "missing", 1e-12), at(2, 5, "dewp", "missing", 1e-12), at(20, 5, "temp", "auc", 1e-7)})
	if len(list) != 3 {
		t.Fatalf("%d spells, want a gap of the weather over two days, and the temperature twice: %+v", len(list), list)
	}
	if gap := list[0]; gap.feature != "weather" || gap.count != 2 || gap.p != 1e-12 {
		t.Errorf("the gap is %+v", gap)
	}
}
