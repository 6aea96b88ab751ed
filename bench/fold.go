package main

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"time"

	"plumbline"
	"plumbline/collectors"
	"plumbline/collectors/decode"
	"plumbline/internal/pipeline"
	"plumbline/profiles"
	"plumbline/store"
)

// nowhere is a store that keeps nothing.
type nowhere struct{ store.Store }

func (nowhere) Flush(context.Context, *store.Flush) error { return nil }
func (nowhere) Checkpoint(context.Context, plumbline.Partition) (store.Checkpoint, bool, error) {
	return store.Checkpoint{}, false, nil
}
func (nowhere) NewestPane(context.Context, plumbline.Partition) (time.Time, error) {
	return time.Time{}, nil
}
func (nowhere) BaselineByHash(context.Context, string) (store.Baseline, bool, error) {
	return store.Baseline{}, false, nil
}
func (nowhere) PutBaseline(context.Context, store.Baseline) error { return nil }

// nobody is an Observer that looks away.
type nobody struct{}

func (nobody) Records(string, string, int)            {}
func (nobody) Rejected(string, plumbline.Reason, int) {}
func (nobody) Late(string, int)                       {}
func (nobody) Dropped(string, int)                    {}
func (nobody) Flushed(time.Duration, int, int, error) {}
func (nobody) Lag(plumbline.Partition, int64)         {}
func (nobody) Newest(time.Time)                       {}

// benchFold measures one worker of the collector, from messages to encoded panes of three widths, which nobody keeps, against
// decoding alone and against decoding and folding into one profile.
func benchFold(r *report, o options) error {
	m := plumbline.Model{Name: model}
	m.Baseline.File = filepath.Join(o.Dir, "fold-baseline.json")
	if err := writeBaseline(m.Baseline.File, &m); err != nil {
		return err
	}
	n := o.scaled(200_000)
	list, _ := lines(n, 1)
	messages := make([]collectors.Message, n)
	for i, b := range list {
		messages[i] = collectors.Message{Offset: int64(i), Value: b}
	}
	sliced := m
	sliced.Slices = [][]string{{"country"}}
	var rec plumbline.Record
	d := decode.New(decode.DefaultLimits())
	layout, err := layoutOf(&m)
	if err != nil {
		return err
	}
	taken, err := byTurns(o.Rounds,
		func() error {
			for i := range messages {
				if reject := d.Decode(&rec, messages[i].Value, time.Time{}); reject != nil {
					return reject
				}
			}
			return nil
		},
		func() error {
			p, f := layout.NewProfile(), profiles.NewFolder(layout)
			for i := range messages {
				if reject := d.Decode(&rec, messages[i].Value, time.Time{}); reject != nil {
					return reject
				}
				f.Fold(&rec, false, p)
			}
			return nil
		},
		func() error { return fold(&m, messages, 0) },
		func() error { return fold(&m, messages, 1) },
		func() error { return fold(&sliced, messages, 0) },
	)
	if err != nil {
		return err
	}
	rate := func(name string, u []usage) row {
		return row{Part: "fold", Name: name, Unit: "records/s per core", spread: spreadOf(u, perCPU(n))}
	}
	decoding := rate("decoding alone", taken[0])
	worker := rate("a worker: decode, fold into 3 panes, answer rows", taken[2]).than(decoding)
	worker.Target = 200_000
	r.add(decoding, rate("decode and fold into 1 profile", taken[1]).than(decoding), worker,
		rate("a worker, and 1000 samples a pane", taken[3]).than(decoding),
		rate("a worker, with a slice: 5 panes", taken[4]).than(decoding),
		row{Part: "fold", Name: "a worker", Unit: "allocations/record", spread: spreadOf(taken[2], allocsPer(n))})
	return nil
}

func layoutOf(m *plumbline.Model) (*profiles.Layout, error) {
	registry := newRegistry(nowhere{}, m)
	v, _, err := registry.Version(context.Background(), m.Name, version)
	if err != nil {
		return nil, err
	}
	return v.Layout, nil
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func newRegistry(s store.Store, m *plumbline.Model) *pipeline.Registry {
	return pipeline.NewRegistry(s, []plumbline.Model{*m}, pipeline.RegistryOptions{MaxModels: 10, CreatedClock: time.Now}, quiet)
}

// fold takes all messages through one worker of a collector, as a source would.
func fold(m *plumbline.Model, messages []collectors.Message, rate float64) error {
	ctx := context.Background()
	c := pipeline.NewCollector(nowhere{}, newRegistry(nowhere{}, m), pipeline.CollectorOptions{
		Limits: decode.DefaultLimits(), FlushInterval: 5 * time.Second, FlushRecords: 50_000, MaxOpenPanes: 64, MaxSlices: 1000,
		Lateness: 30 * time.Second, Retention: 400 * 24 * time.Hour, Samples: pipeline.SampleOptions{Rate: rate, MaxPerPane: 1000},
		Now: time.Now, Observe: nobody{},
	}, quiet)
	p := plumbline.Partition{Source: "bench", Topic: "memory"}
	if _, err := c.Open(ctx, p, nil); err != nil {
		return err
	}
	const chunk = 4096
	for from := 0; from < len(messages); from += chunk {
		to := min(from+chunk, len(messages))
		if err := c.Handle(ctx, collectors.Batch{Partition: p, Messages: messages[from:to], Next: int64(to), End: int64(len(messages))}); err != nil {
			return err
		}
	}
	return c.Close(ctx, p)
}
