package main

import (
	"encoding/json"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"plumbline"
	"plumbline/collectors/decode"
)

func TestRecordsAreWhatTheFiguresSay(t *testing.T) {
	list, size := lines(200, 1)
	if size < 880 || size > 960 {
		t.Errorf("a record has %d bytes on average; the page says 0.9 KB", size)
	}
	d := decode.New(decode.DefaultLimits())
	var r plumbline.Record
	for _, b := range list {
		if !json.Valid(b) {
			t.Fatalf("no JSON: %s", b)
		}
		if reject := d.Decode(&r, b, time.Time{}); reject != nil {
			t.Fatal(reject)
		}
		if len(r.Features) != 32 || r.ID == "" || r.Score.Kind != plumbline.Number || r.Prediction.Kind != plumbline.Bool {
			t.Fatalf("%d features, id %q, score %v, prediction %v", len(r.Features), r.ID, r.Score, r.Prediction)
		}
	}
}

func TestBetween(t *testing.T) {
	page := "before\n" + beginMark + "old\n" + endMark + "\nafter\n"
	got, err := between(page, "new")
	if want := "before\n" + beginMark + "\nnew\n" + endMark + "\nafter\n"; got != want || err != nil {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	if again, err := between(got, "new"); again != got || err != nil {
		t.Errorf("the second time: %q, %v", again, err)
	}
	for _, bad := range []string{"", beginMark, endMark} {
		if _, err := between(bad, "new"); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestTable(t *testing.T) {
	r := &report{CPUs: 2}
	floor := row{Part: "decode", Name: "floor", Unit: "records/s", spread: spread{90, 100, 110}}
	own := row{Part: "decode", Name: "own", Unit: "records/s", spread: spread{190, 200, 1234567}, Target: 201}.than(floor)
	r.Rows = []row{floor, own}
	var b strings.Builder
	r.print(&b)
	fields := strings.Fields(b.String())
	for _, want := range []string{"2.00 × floor", "1,230,000", "201: missed"} {
		if !strings.Contains(strings.Join(fields, " "), want) {
			t.Errorf("%q is missing in\n%s", want, b.String())
		}
	}
}

func TestSpread(t *testing.T) {
	got := spreadOf([]int{5, 1, 4, 2}, func(i int) float64 { return float64(i) })
	if want := (spread{1, 2, 5}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestPeakRSS(t *testing.T) {
	size, ok := peakRSS(os.Getpid())
	if runtime.GOOS != "linux" {
		if ok {
			t.Errorf("%d bytes where nothing is measured", size)
		}
		return
	}
	if !ok || size < 1<<20 || size > 1<<34 {
		t.Errorf("this process has %d bytes, %v", size, ok)
	}
	if _, ok := peakRSS(1 << 30); ok {
		t.Error("a process that isn't there has memory")
	}
}
