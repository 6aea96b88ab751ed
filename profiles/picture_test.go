package profiles

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"plumbline"
)

// Nobody counts where in an outer cell values lie: they are one bar, whatever their range.
func TestHistogramInventsNothing(t *testing.T) {
	m := &plumbline.Model{Name: "m"}
	record := func(x float64) *plumbline.Record {
		return &plumbline.Record{Model: "m", Version: "1", Features: []plumbline.Field{{Name: "x", Value: plumbline.Value{Kind: plumbline.Number, Num: x}}}}
	}
	b := NewBuilder(m)
	for i := range 1000 {
		b.Add(record(float64(i) / 10)) // 0 to 99.9
	}
	base, err := b.Build(time.Unix(0, 0), "test")
	if err != nil {
		t.Fatal(err)
	}
	l := NewLayout(m, base)
	now := l.NewProfile()
	f := NewFolder(l)
	for i := range 200 { // a quarter inside, one in eight far below, five in eight beyond, up to 1e6
		x := 50.0
		switch {
		case i%8 == 0:
			x = -1000 - float64(i)
		case i%4 != 1:
			x = 200 + float64(i*i*25)
		}
		f.Fold(record(x), false, now)
	}
	k := Key{Input, "x"}
	var out bytes.Buffer
	Histogram(&out, base.Profile().Feature(k), now.Feature(k), 100, false)
	shares := map[string]string{}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for i, line := range lines {
		if strings.Contains(line, "…") != (i > 0 && i < len(lines)-1) {
			t.Errorf("line %d is %q", i, line)
		}
		shares[strings.Fields(line)[0]] = line[strings.LastIndex(line, " ")+1:]
	}
	if shares["≤"] != "12.5%" || shares[">"] != "62.5%" {
		t.Errorf("beyond the baseline lie %s and %s, want 12.5%% and 62.5%%:\n%s", shares["≤"], shares[">"], out.String())
	}
	for _, far := range []string{"200", "1000", "1e+06", "-1000"} {
		if strings.Contains(out.String(), far) {
			t.Errorf("an edge at %s, where the baseline has no cells:\n%s", far, out.String())
		}
	}
}

func TestExactLabels(t *testing.T) {
	for x, want := range map[float64]string{1002.5: "1002.5", 64.04: "64.04", 20: "20", 0.1 + 0.2: "0.3", 57.02: "57.02"} {
		if got := exact(x); got != want {
			t.Errorf("%s is labelled %s", fmt.Sprint(x), got)
		}
	}
}
