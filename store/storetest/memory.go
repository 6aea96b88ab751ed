package storetest

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"plumbline"
	"plumbline/store"
)

// Memory returns an empty store that lives in memory: the contract in its plainest form, slow and obviously right. The suite
// compares other stores with it, and tests of other packages may use it in place of a real one.
func Memory() store.Store {
	return &memory{
		panes:       map[paneID]store.Pane{},
		answers:     map[rowID]store.Answer{},
		labels:      map[rowID]store.Label{},
		samples:     map[rowID]store.Sample{},
		checkpoints: map[plumbline.Partition]store.Checkpoint{},
		baselines:   map[baselineID]store.Baseline{},
	}
}

type memory struct {
	mu          sync.Mutex
	panes       map[paneID]store.Pane
	answers     map[rowID]store.Answer
	labels      map[rowID]store.Label
	samples     map[rowID]store.Sample
	checkpoints map[plumbline.Partition]store.Checkpoint
	baselines   map[baselineID]store.Baseline
}

// paneID is a PaneKey whose time compares with ==.
type paneID struct {
	stream plumbline.Stream
	width  time.Duration
	start  int64
	part   plumbline.Partition
}

type rowID struct {
	part   plumbline.Partition
	offset int64
}

type baselineID struct{ model, version, hash string }

func idOf(k plumbline.PaneKey) paneID {
	return paneID{k.Stream, k.Width, k.Start.UnixMilli(), k.Partition}
}

func comparePartitions(a, b plumbline.Partition) int {
	return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.ID, b.ID))
}

func compareAnswers(a, b store.Answer) int {
	return cmp.Or(a.Time.Compare(b.Time), comparePartitions(a.Partition, b.Partition), cmp.Compare(a.Offset, b.Offset))
}

func contains(w plumbline.Window, t time.Time) bool { return !t.Before(w.From) && t.Before(w.To) }

func clonePane(p store.Pane) store.Pane {
	p.Key.Start, p.Body = p.Key.Start.UTC(), bytes.Clone(p.Body)
	return p
}

func cloneAnswer(a store.Answer) store.Answer {
	a.Time, a.Slices = a.Time.UTC(), slices.Clone(a.Slices)
	if a.Score != nil {
		s := *a.Score
		a.Score = &s
	}
	return a
}

func cloneSample(s store.Sample) store.Sample {
	s.Time, s.Record = s.Time.UTC(), bytes.Clone(s.Record)
	return s
}

func cloneCheckpoint(c store.Checkpoint) store.Checkpoint {
	c.Newest, c.Rejected = c.Newest.UTC(), maps.Clone(c.Rejected)
	return c
}

func (m *memory) Flush(ctx context.Context, f *store.Flush) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range f.Panes {
		id := idOf(p.Key)
		if old, ok := m.panes[id]; !ok || p.LastOffset > old.LastOffset {
			m.panes[id] = clonePane(p)
		}
	}
	for _, a := range f.Answers {
		m.answers[rowID{a.Partition, a.Offset}] = cloneAnswer(a)
	}
	for _, l := range f.Labels {
		l.Time = l.Time.UTC()
		m.labels[rowID{l.Partition, l.Offset}] = l
	}
	for _, s := range f.Samples {
		m.samples[rowID{s.Partition, s.Offset}] = cloneSample(s)
	}
	c := f.Checkpoint
	if old, ok := m.checkpoints[c.Partition]; !ok || c.Next > old.Next {
		m.checkpoints[c.Partition] = cloneCheckpoint(c)
	}
	return nil
}

func (m *memory) Checkpoint(ctx context.Context, p plumbline.Partition) (store.Checkpoint, bool, error) {
	if err := ctx.Err(); err != nil {
		return store.Checkpoint{}, false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.checkpoints[p]
	return cloneCheckpoint(c), ok, nil
}

func (m *memory) Checkpoints(ctx context.Context) ([]store.Checkpoint, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []store.Checkpoint
	for _, c := range m.checkpoints {
		out = append(out, cloneCheckpoint(c))
	}
	slices.SortFunc(out, func(a, b store.Checkpoint) int { return comparePartitions(a.Partition, b.Partition) })
	return out, nil
}

func (m *memory) Panes(ctx context.Context, keys []plumbline.PaneKey) ([]store.Pane, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []store.Pane
	for _, k := range keys {
		if p, ok := m.panes[idOf(k)]; ok {
			out = append(out, clonePane(p))
		}
	}
	return out, nil
}

func (m *memory) NewestPane(ctx context.Context, p plumbline.Partition) (time.Time, error) {
	if err := ctx.Err(); err != nil {
		return time.Time{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var newest time.Time
	for _, pane := range m.panes {
		if pane.Key.Partition == p && pane.Key.Start.After(newest) {
			newest = pane.Key.Start
		}
	}
	return newest, nil
}

func (m *memory) Window(ctx context.Context, s plumbline.Stream, width time.Duration, w plumbline.Window) ([]store.Pane, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []store.Pane
	for _, p := range m.panes {
		if p.Key.Stream == s && p.Key.Width == width && contains(w, p.Key.Start) {
			out = append(out, clonePane(p))
		}
	}
	slices.SortFunc(out, func(a, b store.Pane) int {
		return cmp.Or(a.Key.Start.Compare(b.Key.Start), comparePartitions(a.Key.Partition, b.Key.Partition))
	})
	return out, nil
}

func (m *memory) Streams(ctx context.Context) ([]store.StreamInfo, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	widest := map[plumbline.Stream]time.Duration{}
	for _, p := range m.panes {
		widest[p.Key.Stream] = max(widest[p.Key.Stream], p.Key.Width)
	}
	infos := map[plumbline.Stream]store.StreamInfo{}
	for _, p := range m.panes {
		start := p.Key.Start
		i, ok := infos[p.Key.Stream]
		if !ok {
			i = store.StreamInfo{Stream: p.Key.Stream, First: start, Last: start}
		}
		if start.Before(i.First) {
			i.First = start
		}
		if start.After(i.Last) {
			i.Last = start
		}
		if p.Key.Width == widest[p.Key.Stream] {
			i.Records += p.Records
		}
		infos[p.Key.Stream] = i
	}
	return slices.SortedFunc(maps.Values(infos), func(a, b store.StreamInfo) int {
		return cmp.Or(cmp.Compare(a.Model, b.Model), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Slice, b.Slice))
	}), nil
}

// rows returns the answers of a stream in a window, by time, partition and offset.
func (m *memory) rows(s plumbline.Stream, w plumbline.Window) []store.Answer {
	var out []store.Answer
	for _, a := range m.answers {
		if a.Model == s.Model && a.Version == s.Version && contains(w, a.Time) && (s.Slice == "" || slices.Contains(a.Slices, s.Slice)) {
			out = append(out, cloneAnswer(a))
		}
	}
	slices.SortFunc(out, compareAnswers)
	return out
}

func (m *memory) Outcomes(ctx context.Context, s plumbline.Stream, w plumbline.Window, asOf time.Time) ([]store.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	type subject struct{ model, id string }
	best := map[subject]store.Label{}
	for _, l := range m.labels {
		k := subject{l.Model, l.ID}
		old, ok := best[k]
		later := cmp.Or(l.Time.Compare(old.Time), cmp.Compare(l.Offset, old.Offset), comparePartitions(l.Partition, old.Partition)) > 0
		if l.ID != "" && l.Time.Before(asOf) && (!ok || later) {
			best[k] = l
		}
	}
	var out []store.Outcome
	for _, a := range m.rows(s, w) {
		if a.Kind != plumbline.Whole && a.Kind != plumbline.Response {
			continue
		}
		l := best[subject{a.Model, a.ID}]
		out = append(out, store.Outcome{Answer: a, Label: l.Value, LabelTime: l.Time})
	}
	return out, nil
}

func (m *memory) Asks(ctx context.Context, s plumbline.Stream, w plumbline.Window) ([]store.Answer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	out := slices.DeleteFunc(m.rows(s, w), func(a store.Answer) bool { return a.Session == "" })
	slices.SortStableFunc(out, func(a, b store.Answer) int { return cmp.Compare(a.Session, b.Session) })
	return out, nil
}

func (m *memory) Samples(ctx context.Context, model, version string, w plumbline.Window, limit int) ([]store.Sample, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []store.Sample
	for _, s := range m.samples {
		if s.Model == model && s.Version == version && contains(w, s.Time) {
			out = append(out, cloneSample(s))
		}
	}
	slices.SortFunc(out, func(a, b store.Sample) int {
		return cmp.Or(a.Time.Compare(b.Time), comparePartitions(a.Partition, b.Partition), cmp.Compare(a.Offset, b.Offset))
	})
	if limit > 0 && len(out) > limit {
		out = out[:limit]
	}
	return out, nil
}

func (m *memory) PutBaseline(ctx context.Context, b store.Baseline) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	id := baselineID{b.Model, b.Version, b.Hash}
	if old, ok := m.baselines[id]; !ok || b.Created.After(old.Created) {
		b.Created, b.Body = b.Created.UTC(), bytes.Clone(b.Body)
		m.baselines[id] = b
	}
	return nil
}

// newestBaseline returns the latest of the baselines that match.
func (m *memory) newestBaseline(ctx context.Context, match func(baselineID) bool) (store.Baseline, bool, error) {
	if err := ctx.Err(); err != nil {
		return store.Baseline{}, false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var best store.Baseline
	found := false
	for id, b := range m.baselines {
		if match(id) && (!found || cmp.Or(b.Created.Compare(best.Created), cmp.Compare(b.Hash, best.Hash)) > 0) {
			best, found = b, true
		}
	}
	best.Body = bytes.Clone(best.Body)
	return best, found, nil
}

func (m *memory) Baseline(ctx context.Context, model, version string) (store.Baseline, bool, error) {
	return m.newestBaseline(ctx, func(id baselineID) bool { return id.model == model && id.version == version })
}

func (m *memory) BaselineByHash(ctx context.Context, hash string) (store.Baseline, bool, error) {
	return m.newestBaseline(ctx, func(id baselineID) bool { return id.hash == hash })
}

func (m *memory) Expire(ctx context.Context, panes, samples time.Time) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	before := len(m.panes) + len(m.answers) + len(m.labels) + len(m.samples)
	maps.DeleteFunc(m.panes, func(_ paneID, p store.Pane) bool { return p.Key.Start.Before(panes) })
	maps.DeleteFunc(m.answers, func(_ rowID, a store.Answer) bool { return a.Time.Before(panes) })
	maps.DeleteFunc(m.labels, func(_ rowID, l store.Label) bool { return l.Time.Before(panes) })
	maps.DeleteFunc(m.samples, func(_ rowID, s store.Sample) bool { return s.Time.Before(samples) })
	return int64(before - len(m.panes) - len(m.answers) - len(m.labels) - len(m.samples)), nil
}

func (m *memory) Close() error { return nil }
