package detectors

import (
	"encoding/csv"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"plumbline"
	"plumbline/profiles"
)

// flightsWindows makes profiles of the counts in testdata/flights-quality.csv: each feature has the values it had, but which values
// were in one record is not kept.
func flightsWindows(t *testing.T) (*profiles.Profile, map[string]*profiles.Profile) {
	t.Helper()
	file, err := os.Open("testdata/flights-quality.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string]map[string][]plumbline.Value{}
	for _, l := range lines[1:] {
		n, err := strconv.Atoi(l[3])
		if err != nil {
			t.Fatal(err)
		}
		v := plumbline.Value{}
		if x, err := strconv.ParseFloat(l[2], 64); err == nil {
			v = value(x)
		} else if l[2] == "true" || l[2] == "false" {
			v = value(l[2] == "true")
		} else if l[2] != "" {
			v = value(l[2])
		}
		if columns[l[0]] == nil {
			columns[l[0]] = map[string][]plumbline.Value{}
		}
		columns[l[0]][l[1]] = append(columns[l[0]][l[1]], slices.Repeat([]plumbline.Value{v}, n)...)
	}
	each := func(window string, f func(*plumbline.Record)) {
		features := columns[window]
		var r plumbline.Record
		for i := range features["dest"] {
			r.Features = r.Features[:0]
			for name, values := range features {
				r.Features = append(r.Features, plumbline.Field{Name: name, Value: values[i]})
			}
			f(&r)
		}
	}
	m := &plumbline.Model{Name: "flights-delay"}
	b := profiles.NewBuilder(m)
	each("baseline", b.Add)
	baseline, err := b.Build(time.Date(2013, 3, 1, 0, 0, 0, 0, time.UTC), "flights")
	if err != nil {
		t.Fatal(err)
	}
	layout := profiles.NewLayout(m, baseline)
	folder := profiles.NewFolder(layout)
	out := map[string]*profiles.Profile{}
	for window := range columns {
		p := layout.NewProfile()
		each(window, func(r *plumbline.Record) { folder.Fold(r, false, p) })
		out[window] = p
	}
	return baseline.Profile(), out
}

// What happened to the data of the flights log in 2013, and that it is found when it happened and not the week before.
func TestFlightsQualityEvents(t *testing.T) {
	base, windows := flightsWindows(t)
	find := func(test, window, feature string) plumbline.Finding {
		t.Helper()
		in := Input{BaselineProfile: base, CurrentProfile: windows[window]}
		if feature != "" {
			key := profiles.Key{Role: profiles.Input, Name: feature}
			in.Baseline, in.Current = base.Feature(key), windows[window].Feature(key)
		}
		return ask(t, test, in)
	}
	for _, c := range []struct {
		event, test, window, feature string
		want                         float64
		p                            float64 // at most, if the event is there
		note                         string
	}{
		// One aircraft's manufacturer, about two flights a day, never again after 26 August.
		{"an aircraft leaves", "vanished_categories", "2013-08-27", "manufacturer", 1, 1e-4, "GULFSTREAM AEROSPACE"},
		{"the week before", "vanished_categories", "2013-08-19", "manufacturer", 0, 1, ""},
		// Charleston, West Virginia, was flown to until 10 June, once a day: it takes a month to be sure. Eagle, a ski resort, until 8 April.
		{"a destination ends", "vanished_categories", "2013-06-11", "dest", 2, 1e-3, "EGE, CRW"},
		{"the ski season ends", "vanished_categories", "2013-04-09", "dest", 3, 1e-3, "EGE"},
		// The weather feed ends at 01:00 UTC on New Year's Eve. Gusts are missing in 72 % of the baseline, and surely gone too.
		{"the weather feed ends", "vanished_features", "2013-12-31", "", 8, 1e-100, "temp"},
		{"the week before", "vanished_features", "2013-12-23", "", 0, 1, ""},
		{"no new input", "new_features", "2013-12-31", "", 0, 1, ""},
		// No holiday is near in March: true, harmless, and to be seen.
		{"months without holidays", "constant", "2013-03", "near_holiday", 1, 1e-300, "all are false"},
		{"holidays are near", "constant", "2013-12-31", "near_holiday", 0.99, 1, ""},
		{"temperatures vary", "constant", "2013-03", "temp", 0.3, 1, ""},
		{"types stay", "type_change", "2013-12-31", "temp", -1, 1, ""},
	} {
		f := find(c.test, c.window, c.feature)
		what := c.event + ": " + c.test + " " + c.feature
		if c.want < 0 {
			if f.Value != nil {
				t.Errorf("%s is %v", what, *f.Value)
			}
			continue
		}
		v, p := have(t, what, f.Value), have(t, what+" p", f.P)
		if c.test == "constant" && c.want < 1 {
			if v > c.want || p != 1 {
				t.Errorf("%s = %v, p = %v", what, v, p)
			}
			continue
		}
		if v != c.want || p > c.p || !strings.Contains(f.Note, c.note) {
			t.Errorf("%s = %v, p = %v (%s), want %v", what, v, p, f.Note, c.want)
		}
	}
}
