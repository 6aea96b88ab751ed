package incumbents

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func flightsColumns(f frame) []Column {
	var out []Column
	for _, name := range f.names {
		if name != "prediction" { // the score says the same
			out = append(out, f.columns[name])
		}
	}
	return out
}

func audited(t *testing.T, columns []Column, splits []Split) map[string]AuditRow {
	t.Helper()
	out := map[string]AuditRow{}
	for _, r := range Audit(Rules(len(columns)), columns, splits) {
		out[r.Rule.Name] = r
		t.Logf("%-24s any column: %.2f of %d windows; %.3f of %d columns", r.Rule.Name, r.WindowShare(), r.Windows, r.ColumnShare(), r.Columns)
	}
	return out
}

// Random rows of the training months against the rest of them: whatever alarms is false.
func TestRulesOnRandomSplitsOfTheFlightsLog(t *testing.T) {
	base, _ := logs(t)
	columns := flightsColumns(base)
	rows := audited(t, columns, RandomSplits(len(base.times), 200, 8, 1))
	within := func(name string, low, high float64) {
		t.Helper()
		if got := rows[name].ColumnShare(); got < low || got > high {
			t.Errorf("%s alarms for %.3f of the columns, not in [%g, %g]", name, got, low, high)
		}
	}
	within("evidently", 0.25, 0.45)
	within("frouros", 0.01, 0.10)
	within("alibi-detect", 0, 0.03)
	within("whylogs", 0.1, 0.3)
	within("nannyml, window chunks", 0, 0.02) // its chunks are in order of time and carry what the weather does in a day
	if got := rows["evidently"].WindowShare(); got != 1 {
		t.Errorf("evidently alarms in %.2f of the windows", got)
	}
}

// Each week of January and February against the week before.
func TestRulesOnConsecutiveWeeksOfTheFlightsLog(t *testing.T) {
	base, _ := logs(t)
	splits := ConsecutiveSplits(base.times, 7*24*time.Hour, 1)
	if len(splits) != 7 {
		t.Fatalf("%d full weeks after the first", len(splits))
	}
	rows := audited(t, flightsColumns(base), splits)
	for _, name := range []string{"evidently", "alibi-detect", "frouros", "whylogs"} {
		if rows[name].WindowShare() != 1 {
			t.Errorf("%s alarms in %.2f of the weeks", name, rows[name].WindowShare())
		}
	}
}

// statistics by simulation, N(0,1), 10,000 reference rows, nothing drifts: the rates are known from 4,000 repetitions and more.
func TestFixedThresholdsDependOnTheWindow(t *testing.T) {
	known := map[string]map[int]float64{
		"wasserstein":   {50: .95, 100: .69, 200: .32, 500: .037, 1000: .004},
		"jensenshannon": {50: .99, 100: .88, 200: .33, 500: 0, 1000: 0},
		"psi":           {50: .99, 100: .80, 200: .21, 500: .002, 1000: 0},
	}
	const times = 120
	random := rand.New(rand.NewPCG(20, 13))
	draw := func(n int) Column {
		v := make([]float64, n)
		for i := range v {
			v[i] = random.NormFloat64()
		}
		slices.Sort(v)
		return Numbers(v)
	}
	for _, n := range []int{50, 100, 200, 500, 1000} {
		alarms := map[string]float64{}
		for range times {
			ref, cur := draw(10_000), draw(n)
			for test := range known {
				if EvidentlyTest(test, "", ref, cur).Drift {
					alarms[test]++
				}
			}
		}
		for test, rates := range known {
			want, got := rates[n], alarms[test]/times
			if math.Abs(got-want) > 0.03+3.29*math.Sqrt(want*(1-want)/times) {
				t.Errorf("n=%d %s: %.3f of the windows alarm, want %.3f", n, test, got, want)
			}
		}
	}
}

func TestSplits(t *testing.T) {
	for _, s := range RandomSplits(100, 30, 5, 7) {
		all := slices.Concat(s.Reference, s.Current)
		slices.Sort(all)
		if len(s.Current) != 30 || len(all) != 100 || all[0] != 0 || all[99] != 99 || len(slices.Compact(all)) != 100 {
			t.Errorf("%v", s)
		}
	}
	var times []time.Time
	for i := range 10 {
		times = append(times, time.Unix(int64(i*3600), 0))
	}
	got := ConsecutiveSplits(times, 3*time.Hour, 1)
	if len(got) != 2 || !slices.Equal(got[1].Reference, []int{3, 4, 5}) || !slices.Equal(got[1].Current, []int{6, 7, 8}) {
		t.Errorf("%v", got)
	}
	if ConsecutiveSplits(nil, time.Hour, 1) != nil {
		t.Error("windows of nothing")
	}
}
