package pipeline

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"plumbline"
	"plumbline/collectors"
	"plumbline/collectors/decode"
	"plumbline/profiles"
	"plumbline/rules"
	"plumbline/store"
	"plumbline/store/storetest"
)

// minutes is a model whose baseline holds 30 days of 60 records an hour and whose log some hours of 10 records a minute. x and c are
// independent; w has a mean of its own each hour, half a standard deviation apart. From the minute change on x is shifted by dx. With
// daily, x goes up and down by so much over each day, and three quarters of the records come by day.
func minutes(t testing.TB, hours, change int, dx, daily float64) *Readings {
	t.Helper()
	m := plumbline.Model{Name: "minutes"}
	rng := rand.New(rand.NewPCG(4, 10))
	level := 0.0
	record := func(at time.Time, dx float64) string {
		dx += daily * math.Sin(2*math.Pi*float64(at.Hour())/24)
		return fmt.Sprintf(`{"model":"minutes","version":"1","ts":%q,"features":{"x":%g,"w":%g,"c":%q},"prediction":0,"runtime":{"latency_ms":%g}}`,
			at.Format(time.RFC3339Nano), rng.NormFloat64()+dx, rng.NormFloat64()+level, [6]string{"a", "a", "a", "b", "b", "c"}[rng.IntN(6)], 10*math.Exp(0.3*rng.NormFloat64()+dx/4))
	}
	b, d := profiles.NewBuilder(&m), decode.New(decode.DefaultLimits())
	var r plumbline.Record
	start := t0.Truncate(Day)
	for i := range 30 * 24 * 60 {
		if i%60 == 0 {
			level = rng.NormFloat64() / 2
		}
		at := start.Add(time.Duration(i-30*24*60) * time.Minute)
		if reject := d.Decode(&r, []byte(record(at, 0)), at); reject != nil {
			t.Fatal(reject)
		}
		r.Runtime = plumbline.Runtime{} // training data know nothing of latencies
		b.Add(&r)
	}
	m.Baseline.File = writeFile(t, "minutes.json", must(must(b.Build(wall, "minutes")).Write()))
	var log []collectors.Message
	for i := range hours * 60 {
		if i%60 == 0 {
			level = rng.NormFloat64() / 2
		}
		rows, shift := 10, 0.0
		if night := i/60%24 < 8 || i/60%24 >= 20; daily != 0 && night {
			rows = 4
		}
		if i >= change {
			shift = dx
		}
		for j := range rows {
			log = append(log, collectors.Message{Offset: int64(len(log)), Value: []byte(record(start.Add(time.Duration(i)*time.Minute+time.Duration(j)*6*time.Second), shift))})
		}
	}
	s := storetest.Memory()
	registry := NewRegistry(s, []plumbline.Model{m}, testRegistryOptions(), quiet)
	feed(t, NewCollector(s, registry, testOptions(), quiet), part(0), log)
	return NewReadings(s, registry, true)
}

// asker asks one function at minutes of the first day and after.
func asker(t *testing.T, m *Readings, q rules.Query) func(minute int) plumbline.Finding {
	q.Model, q.Budget = "minutes", plumbline.DefaultBudget
	return func(minute int) plumbline.Finding {
		t.Helper()
		f, err := m.Finding(t.Context(), q, t0.Truncate(Day).Add(time.Duration(minute)*time.Minute))
		if err != nil {
			t.Fatalf("minute %d: %v", minute, err)
		}
		return f
	}
}

// At one false alarm in 30 days half a standard deviation is found within half an hour, and nothing before.
func TestDriftingIsAskedEveryMinute(t *testing.T) {
	const change = 14 * 60
	m := minutes(t, 15, change, 0.5, 0)
	ask := asker(t, m, rules.Query{Func: "drifting", Window: 6 * time.Hour})
	minute := 5 * 60
	for ; minute <= change; minute += 3 {
		if f := ask(minute); *f.Value != 0 {
			t.Fatalf("minute %d: %+v", minute, f.Counted)
		}
	}
	for ; *ask(minute).Value == 0; minute++ {
		if minute > change+30 {
			t.Fatalf("half a standard deviation is not found in %d minutes", minute-change)
		}
	}
	f := ask(minute)
	x := f.Counted[0]
	if *f.Value != 1 || x.Feature != "x" || x.Verdict != plumbline.Drift || *x.Value <= 1 || *x.SD < 0.05 || *x.SD > 0.5 || !strings.Contains(x.Note, "since about 2013-07-01 1") {
		t.Errorf("what is found is %+v", x)
	}
	if !strings.Contains(f.Note, "3 features watched, for 1 per 30d false alarms") || !strings.Contains(f.Note, "1 features have no verdict: fewer than 10 of the rows remembered") {
		t.Errorf("note %q", f.Note)
	}
	// Another process, another way of reading panes, and an instant within the minute: the same number.
	v, _, err := m.registry.Version(t.Context(), "minutes", "1")
	if err != nil {
		t.Fatal(err)
	}
	again := NewReadings(m.store, NewRegistry(m.store.(store.Store), []plumbline.Model{*v.Model}, testRegistryOptions(), quiet), false)
	g, err := again.Finding(t.Context(), rules.Query{Func: "drifting", Model: "minutes", Window: 6 * time.Hour, Budget: plumbline.DefaultBudget}, t0.Truncate(Day).Add(time.Duration(minute)*time.Minute+20*time.Second))
	if err != nil || *g.Counted[0].Value != *x.Value {
		t.Errorf("after a restart it is %+v, %v", g, err)
	}
	if f, err := m.Finding(t.Context(), rules.Query{Func: "drifting", Model: "minutes", Window: 6 * time.Hour, Budget: plumbline.DefaultBudget, Tolerate: 0.5}, t0.Truncate(Day).Add(time.Duration(minute)*time.Minute)); err != nil || *f.Value != 0 {
		t.Errorf("half a standard deviation is tolerated: %v, %v", show(f.Value), err)
	}
	if _, err := m.Finding(t.Context(), rules.Query{Func: "drifting", Model: "minutes", Window: 5 * time.Minute, Budget: plumbline.DefaultBudget}, t0); err == nil || !strings.Contains(err.Error(), "5 panes of 1m") {
		t.Errorf("a window of five panes: %v", err)
	}
}

// Hours that differ are no change against the season, also while the traffic goes up and down; against all hours together they make
// the design effect so large that half a standard deviation is none.
func TestDriftingByTheSeason(t *testing.T) {
	const change = 33 * 60
	m := minutes(t, 35, change, 0.7, 1)
	season := asker(t, m, rules.Query{Func: "drifting", Window: 6 * time.Hour, Against: rules.AgainstSeason})
	all := asker(t, m, rules.Query{Func: "drifting", Window: 6 * time.Hour})
	mean := asker(t, m, rules.Query{Func: "cusum", Feature: "x", Window: 6 * time.Hour, Against: rules.AgainstSeason})
	for minute := 9 * 60; minute <= change+60; minute += 20 {
		if f := all(minute); minute <= change && *f.Value != 0 {
			t.Fatalf("minute %d, against all hours: %+v", minute, f.Counted)
		}
		f, g := season(minute), mean(minute)
		if minute <= change && (*f.Value != 0 || *g.Value > 1) {
			t.Fatalf("minute %d: %+v, %v", minute, f.Counted, *g.Value)
		}
		if minute == change+60 && (*f.Value != 1 || f.Counted[0].Feature != "x" || *g.Value <= 1) {
			t.Errorf("an hour after a change by 0.7 sd: %+v, %v", f, *g.Value)
		}
	}
}

func TestCUSUMIsAskedEveryMinute(t *testing.T) {
	const change = 30 * 60
	m := minutes(t, 32, change, 0.5, 0)
	for _, c := range []struct {
		feature string
		window  time.Duration
		within  int
	}{{"x", 3 * time.Hour, 30}, {"latency_ms", 3 * time.Hour, 30}} {
		ask := asker(t, m, rules.Query{Func: "cusum", Feature: c.feature, Window: c.window})
		minute := 27 * 60
		for ; minute <= change; minute += 2 {
			if f := ask(minute); *f.Value > 1 {
				t.Fatalf("%s, minute %d: %v, %s", c.feature, minute, *f.Value, f.Note)
			}
		}
		for ; *ask(minute).Value <= 1; minute++ {
			if minute > change+c.within {
				t.Fatalf("%s: a shift is not found in %d minutes", c.feature, minute-change)
			}
		}
		if f := ask(minute); *f.Effect <= 0 || !strings.Contains(f.Note, "off since about 2013-07-02 0") {
			t.Errorf("%s: %+v", c.feature, f)
		}
	}
	// The means of w differ from hour to hour: it is summed up by the hour, and has no shift.
	ask := asker(t, m, rules.Query{Func: "cusum", Feature: "w", Window: 24 * time.Hour})
	for minute := 24 * 60; minute < 32*60; minute += 7 {
		if f := ask(minute); *f.Value > 1 || !strings.Contains(f.Note, "summed up by 1h") {
			t.Fatalf("w, minute %d: %v, %s", minute, *f.Value, f.Note)
		}
	}
	_, err := m.Finding(t.Context(), rules.Query{Func: "cusum", Feature: "c", Model: "minutes", Window: time.Hour}, t0)
	if !errors.Is(err, rules.ErrNotApplicable) {
		t.Errorf("a category has no mean: %v", err)
	}
	one := asker(t, m, rules.Query{Func: "cusum", Feature: "x", Window: 3 * time.Hour})
	two := asker(t, m, rules.Query{Func: "cusum", Feature: "x", Window: 3 * time.Hour, Shared: true})
	if *one(change + 10).Value <= *two(change + 10).Value {
		t.Error("features that share a budget have the same limit as one alone")
	}
}

// Errors rise from 10 % to 25 % for ten days: risk finds it, is silent before and soon after, and loss_lower stays under the rate.
func TestRiskOfLabels(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 3))
	accuracy := 0.9
	m := plumbline.Model{Name: "m", Task: plumbline.TaskBinary}
	b := profiles.NewBuilder(&m)
	b.Add(&plumbline.Record{Model: "m", Version: "1", Kind: plumbline.Whole, Time: t0})
	base := must(b.Build(wall, "labels"))
	base.Quality = &profiles.Quality{N: 5000, Accuracy: &accuracy}
	m.Baseline.File = writeFile(t, "m.json", must(base.Write()))
	s := storetest.Memory()
	f := store.Flush{Checkpoint: store.Checkpoint{Partition: part(0), Next: 1}}
	const days, change, over = 70, 45, 55
	for i := range days * 100 {
		at := t0.Add(time.Duration(i) * Day / 100)
		rate, label := 0.1, "0"
		if i >= change*100 && i < over*100 {
			rate = 0.25
		}
		if rng.Float64() < rate {
			label = "1"
		}
		f.Answers = append(f.Answers, store.Answer{Partition: part(0), Offset: int64(2 * i), Model: "m", Version: "1", ID: fmt.Sprint(i), Time: at, Kind: plumbline.Whole, Prediction: "0"})
		f.Labels = append(f.Labels, store.Label{Partition: part(0), Offset: int64(2*i + 1), Model: "m", ID: fmt.Sprint(i), Time: at.Add(time.Hour), Value: label})
	}
	if err := s.Flush(t.Context(), &f); err != nil {
		t.Fatal(err)
	}
	readings := NewReadings(s, NewRegistry(s, []plumbline.Model{m}, testRegistryOptions(), quiet), true)
	ask := func(function string, day int) plumbline.Finding {
		t.Helper()
		f, err := readings.Finding(t.Context(), rules.Query{Func: function, Model: "m", Version: "1", Window: 30 * Day, Budget: plumbline.DefaultBudget, Tolerate: 0.02}, t0.Add(time.Duration(day)*Day))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	found := 0
	for day := 5; day <= days; day += 2 {
		r, l := ask("risk", day), ask("loss_lower", day)
		if *r.Value > 1 && found == 0 {
			found = day
			if !strings.Contains(r.Note, "since about 2013-08-1") {
				t.Errorf("found: %q", r.Note)
			}
		}
		if day <= change && (*r.Value > 1 || *l.Value > 0.1) {
			t.Errorf("day %d: risk %v (%s), at least %v", day, *r.Value, r.Note, *l.Value)
		}
		if day >= over+10 && *r.Value > 1 {
			t.Errorf("day %d: ten days after the end risk is %v", day, *r.Value)
		}
		if *l.Value < 0 || r.N < 1 {
			t.Errorf("day %d: at least %v of %v", day, *l.Value, r.N)
		}
	}
	if found == 0 || found > change+6 {
		t.Errorf("the rise of day %d is found on day %d", change, found)
	}
}

// BenchmarkDrifting is one evaluation of a day of minutes over a store that changes: panes are read and decoded anew.
func BenchmarkDrifting(b *testing.B) {
	m := wide(b, 50, 24*60)
	for b.Loop() {
		m.at = time.Time{}
		if _, err := m.Finding(b.Context(), rules.Query{Func: "drifting", Model: "wide", Window: 24 * time.Hour, Budget: plumbline.DefaultBudget}, t0.Truncate(Day).Add(24*time.Hour)); err != nil {
			b.Fatal(err)
		}
	}
}

// wide is a model of many numbers.
func wide(t testing.TB, features, minutes int) *Readings {
	m := plumbline.Model{Name: "wide"}
	rng := rand.New(rand.NewPCG(4, 10))
	record := func(at time.Time) string {
		var s strings.Builder
		fmt.Fprintf(&s, `{"model":"wide","version":"1","ts":%q,"prediction":0,"features":{"x0":1`, at.Format(time.RFC3339Nano))
		for k := range features {
			fmt.Fprintf(&s, `,"x%d":%.4f`, k+1, rng.NormFloat64())
		}
		return s.String() + "}}"
	}
	b, d := profiles.NewBuilder(&m), decode.New(decode.DefaultLimits())
	var r plumbline.Record
	start := t0.Truncate(Day)
	for i := range 30 * 24 * 20 {
		at := start.Add(time.Duration(i-30*24*20) * 3 * time.Minute)
		if reject := d.Decode(&r, []byte(record(at)), at); reject != nil {
			t.Fatal(reject)
		}
		b.Add(&r)
	}
	m.Baseline.File = writeFile(t, "wide.json", must(must(b.Build(wall, "wide")).Write()))
	s := storetest.Memory()
	registry := NewRegistry(s, []plumbline.Model{m}, testRegistryOptions(), quiet)
	var log []collectors.Message
	for i := range minutes * 2 {
		log = append(log, collectors.Message{Offset: int64(len(log)), Value: []byte(record(start.Add(time.Duration(i) * 30 * time.Second)))})
	}
	feed(t, NewCollector(s, registry, testOptions(), quiet), part(0), log)
	return NewReadings(s, registry, false)
}

// Cells hold all rows of their feature, each at least as many as asked for, whatever the shares.
func TestCutsHoldAllRows(t *testing.T) {
	m := minutes(t, 1, 0, 0, 0)
	v, _, err := m.registry.Version(t.Context(), "minutes", "1")
	if err != nil {
		t.Fatal(err)
	}
	window := must(m.windows.Read(t.Context(), plumbline.Stream{Model: "minutes", Version: "1"}, plumbline.Window{From: t0.Truncate(Day), To: t0.Truncate(Day).Add(time.Hour)}))
	for _, f := range v.Profile.Features() {
		for _, least := range []float64{0, 100, 5000, 1e9} {
			c := cut(f, least)
			counts, n := c.of(v.Profile)
			if n != float64(f.N) { // none is missing
				t.Errorf("%s: %v rows of %d are in cells", f.Name, n, f.N)
			}
			for j, k := range counts {
				if c.cells > 1 && float64(k) < least/2 {
					t.Errorf("%s, at least %g: cell %d holds %d", f.Name, least, j, k)
				}
			}
			if _, n := c.of(window.Profile); f.Role != profiles.Runtime && n != 600 {
				t.Errorf("%s: %v of the window's 600 rows", f.Name, n)
			}
		}
	}
}
