package kafka

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"plumbline"
	"plumbline/collectors"
	"plumbline/collectors/collectorstest"
	"plumbline/internal/kafkatest"
)

// What is in this file runs on the fake broker in every test run and on Apache Kafka with the tag real.

func TestPromisesOnFake(t *testing.T) {
	t.Parallel()
	promises(t, kafkatest.StartFake(t))
}

func promises(t *testing.T, addr string) {
	for name, f := range map[string]func(*testing.T, string){
		"transactions":        transactions,
		"read uncommitted":    uncommitted,
		"codecs":              codecs,
		"bombs":               bombs,
		"times":               times,
		"rebalances":          rebalances,
		"deleted records":     deletedRecords,
		"topic created anew":  recreated,
		"latest":              latest,
		"added while joining": addedWhileJoining,
		"late topic":          lateTopic,
		"commits":             committed,
		"dead letters":        deadLetters,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, addr)
		})
	}
}

// work is a source at work.
type work struct {
	*Source
	stop context.CancelFunc
	done chan struct{}
	err  error
}

func begin(t testing.TB, s *Source, h collectors.Handler) *work {
	ctx, cancel := context.WithCancel(context.Background())
	w := &work{Source: s, stop: cancel, done: make(chan struct{})}
	go func() {
		defer close(w.done)
		w.err = s.Run(ctx, h)
	}()
	t.Cleanup(func() {
		cancel()
		<-w.done
	})
	return w
}

func (w *work) end(t testing.TB) {
	t.Helper()
	w.stop()
	<-w.done
	if !errors.Is(w.err, context.Canceled) {
		t.Errorf("Run: %v", w.err)
	}
}

// readAll reads until the source is idle and stops it.
func readAll(t testing.TB, s *Source, h *collectorstest.Handler) {
	t.Helper()
	w := begin(t, s, h)
	h.Wait(t, "idle", func() bool {
		select {
		case <-w.done:
			t.Fatalf("Run ended: %v", w.err)
		default:
		}
		return w.Idle()
	})
	w.end(t)
	h.Check(t)
}

func texts(ms []collectors.Message) []string {
	out := make([]string, len(ms))
	for i, m := range ms {
		if out[i] = string(m.Value); m.Reject != "" {
			out[i] = "refused: " + string(m.Reject)
		}
	}
	return out
}

// counters keeps what a source reported.
type counters struct {
	mu          sync.Mutex
	skipped     map[string]int64
	lag         map[int32]int64
	quarantined map[int32]bool
}

func (c *counters) metrics() Metrics {
	c.skipped, c.lag, c.quarantined = map[string]int64{}, map[int32]int64{}, map[int32]bool{}
	lock := func(f func()) {
		c.mu.Lock()
		defer c.mu.Unlock()
		f()
	}
	return Metrics{
		Lag:         func(_ string, p int32, n int64) { lock(func() { c.lag[p] = n }) },
		Skipped:     func(kind string, n int64) { lock(func() { c.skipped[kind] += n }) },
		Quarantined: func(_ string, p int32, on bool) { lock(func() { c.quarantined[p] = on }) },
	}
}

func (c *counters) skips(kind string) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.skipped[kind]
}

func transactions(t *testing.T, addr string) {
	const rounds, producers = 8, 3
	f := newFeed(t, addr)
	topic := f.config.Topics[0]
	var ps []*kafkatest.Client
	for i := range producers {
		ps = append(ps, kafkatest.NewClient(t, addr, kgo.TransactionalID(fmt.Sprint(topic, i))))
	}
	var want []string
	n, aborted := 0, 0
	for round := range rounds {
		for _, p := range ps {
			p.Begin()
		}
		var open [producers][]string
		for k := range 3 {
			for i, p := range ps {
				var vs [][]byte
				for range 1 + (round+i+k)%3 {
					v := fmt.Sprintf("producer %d, value %d", i, n)
					n++
					open[i] = append(open[i], v)
					vs = append(vs, []byte(v))
				}
				p.Produce(topic, 0, vs...)
			}
			if k == 1 {
				f.Append(t, 0, []byte(fmt.Sprint("without a transaction ", round)))
				want = append(want, fmt.Sprint("without a transaction ", round))
			}
		}
		for i, p := range ps {
			commit := (round*7+i*3)%5 < 3
			p.End(commit)
			if commit {
				want = append(want, open[i]...)
			} else {
				aborted += len(open[i])
			}
		}
	}
	var c counters
	s := newSource(t, f.config)
	s.metrics = c.metrics()
	h := &collectorstest.Handler{FlushEvery: 1}
	readAll(t, s, h)
	p := f.Partitions()[0]
	all := h.Messages(p)
	got := texts(all)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("read %d values, want the %d committed ones", len(got), len(want))
	}
	if c.skips("aborted") != int64(aborted) || c.skips("control") != rounds*producers || c.skips("gap") != 0 {
		t.Errorf("skipped %v, want %d aborted, %d control, no gap", c.skipped, aborted, rounds*producers)
	}
	end := f.client.EndOffset(topic, 0)
	if at := h.Durable(p).Next; at != end {
		t.Errorf("the store goes on at %d, want the partition's end %d, behind the last marker", at, end)
	}
	// Resume everywhere, on markers and aborted records too: by single fetches, a group for each would take long.
	for from := range end {
		r := newReader(s, topic, 0, nil)
		var rest []collectors.Message
		for r.walker.next = from; r.walker.next < end; {
			a, err := s.fetch(t.Context(), topic, 0, r.walker.next)
			if err != nil {
				t.Fatal(err)
			}
			for r.walker.reset(a); r.walker.more(); {
				if rest, err = r.walker.step(rest); err != nil {
					t.Fatal(err)
				}
			}
		}
		i := slices.IndexFunc(all, func(m collectors.Message) bool { return m.Offset >= from })
		if i < 0 {
			i = len(all)
		}
		if !slices.Equal(texts(rest), texts(all[i:])) {
			t.Fatalf("from offset %d: %d messages, want %d", from, len(rest), len(all)-i)
		}
	}
}

func uncommitted(t *testing.T, addr string) {
	f := newFeed(t, addr)
	f.config.Isolation = ReadUncommitted
	p := kafkatest.NewClient(t, addr, kgo.TransactionalID(f.config.Group))
	p.Begin()
	p.Produce(f.config.Topics[0], 0, []byte("aborted"))
	p.End(false)
	p.Begin()
	p.Produce(f.config.Topics[0], 0, []byte("open"))
	h := &collectorstest.Handler{}
	readAll(t, f.Source(t).(*Source), h)
	if got := texts(h.Messages(f.Partitions()[0])); !slices.Equal(got, []string{"aborted", "open"}) {
		t.Errorf("read %q", got)
	}
	f.config.Isolation = ReadCommitted
	h = &collectorstest.Handler{}
	readAll(t, f.Source(t).(*Source), h) // idle at the last stable offset
	if h.Len() != 0 {
		t.Errorf("read %d records that are not committed", h.Len())
	}
	p.End(true)
}

func codecs(t *testing.T, addr string) {
	for name, codec := range map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFeed(t, addr, kgo.ProducerBatchCompression(codec))
			var vs [][]byte
			for i := range 5000 {
				vs = append(vs, fmt.Appendf(nil, `{"n":%d,"pad":%q}`, i, bytes.Repeat([]byte("pad"), i%50)))
			}
			f.Append(t, 0, vs...)
			h := &collectorstest.Handler{}
			readAll(t, f.Source(t).(*Source), h)
			got := h.Messages(f.Partitions()[0])
			if len(got) != len(vs) {
				t.Fatalf("read %d records, want %d", len(got), len(vs))
			}
			for i := range vs {
				if !bytes.Equal(got[i].Value, vs[i]) || got[i].Offset != int64(i) {
					t.Fatalf("record %d is %.50q at offset %d", i, got[i].Value, got[i].Offset)
				}
			}
		})
	}
}

func bombs(t *testing.T, addr string) {
	for name, codec := range map[string]kgo.CompressionCodec{
		"gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFeed(t, addr, kgo.ProducerBatchCompression(codec), kgo.ProducerBatchMaxBytes(64<<20), kgo.BrokerMaxWriteBytes(100<<20))
			f.config.MaxDecompressed = 2 << 20
			f.Append(t, 0, []byte("before"))
			f.Append(t, 0, make([]byte, 8<<20))
			f.Append(t, 0, []byte("after"))
			h := &collectorstest.Handler{}
			readAll(t, f.Source(t).(*Source), h)
			want := []string{"before", "refused: too_large", "after"}
			if got := texts(h.Messages(f.Partitions()[0])); !slices.Equal(got, want) {
				t.Errorf("read %q, want %q", got, want)
			}
		})
	}
}

func times(t *testing.T, addr string) {
	f := newFeed(t, addr)
	at := time.Date(2013, 7, 1, 12, 30, 0, 123e6, time.UTC)
	f.client.ProduceRecords(
		&kgo.Record{Topic: f.config.Topics[0], Key: []byte("key"), Value: []byte("with"), Timestamp: at,
			Headers: []kgo.RecordHeader{{Key: "header", Value: []byte("its value")}}},
		&kgo.Record{Topic: f.config.Topics[0], Value: nil, Timestamp: at.Add(-time.Hour)},
	)
	h := &collectorstest.Handler{}
	readAll(t, f.Source(t).(*Source), h)
	got := h.Messages(f.Partitions()[0])
	if len(got) != 2 || !got[0].Time.Equal(at) || string(got[0].Value) != "with" || !got[1].Time.Equal(at.Add(-time.Hour)) || len(got[1].Value) != 0 {
		t.Errorf("read %+v", got)
	}
}

// rebalances runs one, two and again one member of a group while records arrive, all with one store.
func rebalances(t *testing.T, addr string) {
	f := newFeed(t, addr)
	topic := f.config.Topics[0]
	f.client.AddPartitions(topic, 4)
	h := &collectorstest.Handler{FlushEvery: 3}
	n := 0
	write := func(records int) {
		for range records / 4 {
			for p := range int32(4) {
				f.client.Produce(topic, p, fmt.Appendf(nil, "%d/%d", p, n))
			}
			n++
		}
	}
	write(400)
	one := begin(t, newSource(t, f.config), h)
	h.Wait(t, "the first records", func() bool { return h.Len() == 4*n })
	two := begin(t, newSource(t, f.config), h)
	share := func(s *Source) int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.readers)
	}
	h.Wait(t, "two members with two partitions each", func() bool {
		write(4)
		return share(one.Source) == 2 && share(two.Source) == 2
	})
	write(400)
	h.Wait(t, "what came for both", func() bool { return h.Len() == 4*n })
	one.end(t)
	write(200)
	h.Wait(t, "what came for the one left", func() bool { return h.Len() == 4*n && share(two.Source) == 4 })
	h.Wait(t, "idle", two.Idle)
	two.end(t)
	h.Check(t)
	for p := range int32(4) {
		got := texts(h.Messages(plumbline.Partition{Source: "prod", Topic: topic, ID: p}))
		for i := range n {
			if want := fmt.Sprintf("%d/%d", p, i); len(got) != n || got[i] != want {
				t.Fatalf("partition %d: record %d of %d is wrong, want %d", p, i, len(got), n)
			}
		}
	}
}

func committed(t *testing.T, addr string) {
	f := newFeed(t, addr)
	f.Append(t, 0, []byte("one"), []byte("two"))
	h := &collectorstest.Handler{}
	readAll(t, f.Source(t).(*Source), h)
	if got := f.client.Committed(f.config.Group, f.config.Topics[0], 0); got != 2 {
		t.Errorf("the group's committed offset is %d, want 2", got)
	}
}

func deadLetters(t *testing.T, addr string) {
	f := newFeed(t, addr)
	p, err := NewProducer(f.config, f.config.Topics[0])
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	var vs [][]byte
	for i := range 1500 {
		want = append(want, fmt.Sprint("letter ", i))
		vs = append(vs, []byte(want[i]))
	}
	if err := p.Write(t.Context(), vs[:1]); err != nil {
		t.Fatal(err)
	}
	if err := p.Write(t.Context(), vs[1:]); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	h := &collectorstest.Handler{}
	readAll(t, f.Source(t).(*Source), h)
	got := texts(append(h.Messages(f.Partitions()[0]), h.Messages(f.Partitions()[1])...))
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%d dead letters came back, want %d", len(got), len(want))
	}
}
