package pipeline

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"plumbline"
	"plumbline/collectors"
	"plumbline/collectors/decode"
	"plumbline/profiles"
	"plumbline/store"
	"plumbline/store/storetest"
)

func writeFile(t testing.TB, name string, body []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// recount is what the store must hold, counted in one pass by a program that knows nothing of workers, flushes and crashes.
type recount struct {
	models  map[string]*plumbline.Model
	options CollectorOptions
	layouts map[plumbline.Stream]*profiles.Layout
	folders map[*profiles.Layout]*profiles.Folder
	panes   map[plumbline.PaneKey]*profiles.Profile
	last    map[plumbline.PaneKey]int64
	rows    store.Flush
	checks  map[plumbline.Partition]store.Checkpoint
	totals  Totals
}

func newRecount(models []plumbline.Model, o CollectorOptions) *recount {
	c := &recount{models: map[string]*plumbline.Model{}, options: o, layouts: map[plumbline.Stream]*profiles.Layout{}, folders: map[*profiles.Layout]*profiles.Folder{},
		panes: map[plumbline.PaneKey]*profiles.Profile{}, last: map[plumbline.PaneKey]int64{}, checks: map[plumbline.Partition]store.Checkpoint{},
		totals: Totals{Rejected: map[plumbline.Reason]int64{}}}
	for i := range models {
		c.models[models[i].Name] = &models[i]
	}
	return c
}

func (c *recount) layout(t testing.TB, m *plumbline.Model, version string) *profiles.Layout {
	k := plumbline.Stream{Model: m.Name, Version: version}
	if l := c.layouts[k]; l != nil {
		return l
	}
	var b *profiles.Baseline
	if m.Baseline.File != "" && version == "1" { // the tests' baselines are of version 1
		data, err := os.ReadFile(m.Baseline.File)
		if err != nil {
			t.Fatal(err)
		}
		if b, err = profiles.ReadBaseline(data); err != nil {
			t.Fatal(err)
		}
	}
	c.layouts[k] = profiles.NewLayout(m, b)
	return c.layouts[k]
}

func (c *recount) partition(t testing.TB, p plumbline.Partition, log []collectors.Message) {
	d := decode.New(c.options.Limits)
	cp := store.Checkpoint{Partition: p, Rejected: map[plumbline.Reason]int64{}}
	for _, m := range log {
		cp.Next = m.Offset + 1
		cp.Read++
		var r plumbline.Record
		reason := m.Reject
		if reason == "" {
			if reject := d.Decode(&r, m.Value, m.Time); reject != nil {
				reason = reject.Reason
			} else if r.Time.After(wall.Add(5 * time.Minute)) {
				reason = plumbline.ReasonFuture
			} else if !cp.Newest.IsZero() && r.Time.Before(cp.Newest.Add(-c.options.Retention)) {
				reason = plumbline.ReasonTooOld
			}
		}
		if reason != "" {
			cp.Rejected[reason]++
			c.totals.Rejected[reason]++
			continue
		}
		cp.Folded++
		if r.Kind != plumbline.Label {
			c.record(t, p, m, &r, cp.Newest)
			if r.Time.After(cp.Newest) {
				cp.Newest = r.Time
			}
		}
		if r.ID != "" && r.Label.Kind != plumbline.Missing {
			c.rows.Labels = append(c.rows.Labels, store.Label{Partition: p, Offset: m.Offset, Model: r.Model, ID: r.ID, Time: r.Time, Value: canonical(r.Label)})
		}
	}
	c.checks[p] = cp
	c.totals.Read += cp.Read
	c.totals.Folded += cp.Folded
}

func (c *recount) record(t testing.TB, p plumbline.Partition, m collectors.Message, r *plumbline.Record, newest time.Time) {
	model := c.models[r.Model]
	if model == nil {
		model = &plumbline.Model{Name: r.Model}
		c.models[r.Model] = model
	}
	fine := time.Minute
	if model.Pane > 0 {
		fine = model.Pane
	}
	late := !newest.IsZero() && r.Time.Add(fine+c.options.Lateness).Before(newest)
	of := profiles.AppendSlices(nil, model, r)
	l := c.layout(t, model, r.Version)
	if c.folders[l] == nil {
		c.folders[l] = profiles.NewFolder(l)
	}
	add := func(slice string, width time.Duration) {
		k := plumbline.PaneKey{Stream: plumbline.Stream{Model: r.Model, Version: r.Version, Slice: slice}, Width: width, Start: r.Time.Truncate(width), Partition: p}
		if c.panes[k] == nil {
			c.panes[k] = l.NewProfile()
		}
		c.folders[l].Fold(r, late, c.panes[k])
		c.last[k] = m.Offset
	}
	add("", fine)
	if fine != time.Hour {
		add("", time.Hour)
	}
	add("", 24*time.Hour)
	for _, slice := range of {
		add(slice, time.Hour)
		add(slice, 24*time.Hour)
	}
	if r.ID != "" || r.Session != "" {
		a := store.Answer{Partition: p, Offset: m.Offset, Model: r.Model, Version: r.Version, ID: r.ID, Session: r.Session, Time: r.Time, Kind: r.Kind,
			Prediction: canonical(r.Prediction), Slices: of}
		if r.Score.Kind == plumbline.Number {
			a.Score = &r.Score.Num
		}
		if r.Session != "" {
			a.Query = hashFeatures(r.Features)
		}
		c.rows.Answers = append(c.rows.Answers, a)
	}
	body := m.Value
	if slices.ContainsFunc(model.Features, func(f plumbline.Feature) bool { return f.PII }) {
		body = decode.AppendRecord(nil, r, func(name string) bool { return model.Feature(name).PII })
	}
	c.rows.Samples = append(c.rows.Samples, store.Sample{Partition: p, Offset: m.Offset, Model: r.Model, Version: r.Version, ID: r.ID, Time: r.Time, Record: body})
}

// store is the recount as a store, so that two stores are compared.
func (c *recount) store(t testing.TB) store.Store {
	t.Helper()
	s := storetest.Memory()
	f := c.rows
	for k, p := range c.panes {
		f.Panes = append(f.Panes, store.Pane{Key: k, LastOffset: c.last[k], Records: p.Records(), Body: p.AppendBinary(nil)})
	}
	for _, cp := range c.checks {
		f.Checkpoint = cp
		if err := s.Flush(context.Background(), &f); err != nil {
			t.Fatal(err)
		}
		f = store.Flush{}
	}
	return s
}

// equalStores compares everything two stores hold.
func equalStores(t testing.TB, got, want store.Store) {
	t.Helper()
	ctx := context.Background()
	streams := must(want.Streams(ctx))
	equal(t, "streams", must(got.Streams(ctx)), streams)
	equal(t, "checkpoints", must(got.Checkpoints(ctx)), must(want.Checkpoints(ctx)))
	for _, s := range streams {
		for _, width := range []time.Duration{time.Minute, 5 * time.Minute, time.Hour, 24 * time.Hour} {
			equal(t, "panes of "+width.String(), must(got.Window(ctx, s.Stream, width, allTime)), must(want.Window(ctx, s.Stream, width, allTime)))
		}
		equal(t, "outcomes", must(got.Outcomes(ctx, s.Stream, allTime, allTime.To)), must(want.Outcomes(ctx, s.Stream, allTime, allTime.To)))
		equal(t, "asks", must(got.Asks(ctx, s.Stream, allTime)), must(want.Asks(ctx, s.Stream, allTime)))
		equal(t, "samples", must(got.Samples(ctx, s.Model, s.Version, allTime, 0)), must(want.Samples(ctx, s.Model, s.Version, allTime, 0)))
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func equal(t testing.TB, what string, got, want any) {
	t.Helper()
	if reflect.DeepEqual(got, want) { // a diff of thousands of panes takes seconds
		return
	}
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Fatalf("%s (-want +got):\n%s", what, d[:min(len(d), 3000)])
	}
}
