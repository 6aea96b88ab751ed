//go:build real

package kafka

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"plumbline"
	"plumbline/collectors"
	"plumbline/internal/kafkatest"
)

// BenchmarkFetch reads 400,000 records of 0.9 KB in four partitions: with a Source, with nothing but its fetches and its
// walker, and with franz-go, from the same broker on the same machine.
func BenchmarkFetch(b *testing.B) {
	const partitions, each, size = 4, 100_000, 900
	broker := kafkatest.Start(b)
	for name, codec := range map[string]kgo.CompressionCodec{"none": kgo.NoCompression(), "zstd": kgo.ZstdCompression()} {
		c := kafkatest.NewClient(b, broker.Addr, kgo.ProducerBatchCompression(codec), kgo.MaxBufferedRecords(50_000))
		topic := "bench-" + name
		c.CreateTopic(topic, partitions)
		for p := range int32(partitions) {
			for i := 0; i < each; i += 10_000 {
				var vs [][]byte
				for j := range 10_000 {
					v := fmt.Appendf(nil, `{"id":"%d-%d","model":"bench","features":{`, p, i+j)
					for k := 0; len(v) < size-30; k++ {
						v = fmt.Appendf(v, `"feature_%d":%d.%03d,`, k, (i+j)%97, (i+j)*k%1000)
					}
					vs = append(vs, append(bytes.TrimSuffix(v, []byte(",")), "}}"...))
				}
				c.Produce(topic, p, vs...)
			}
		}
		config := Config{Brokers: []string{broker.Addr}, Topics: []string{topic}, Group: topic}
		measure := func(b *testing.B, read func(b *testing.B)) {
			b.ReportAllocs()
			for b.Loop() {
				read(b)
			}
			b.ReportMetric(float64(b.N)*partitions*each/b.Elapsed().Seconds(), "records/s")
		}
		b.Run(name+"/source", func(b *testing.B) {
			measure(b, func(b *testing.B) {
				s, err := New("bench", config, slog.New(slog.DiscardHandler), Metrics{})
				if err != nil {
					b.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
				defer cancel()
				if err := s.Run(ctx, &counter{want: partitions * each, done: cancel}); ctx.Err() != context.Canceled {
					b.Fatal(err)
				}
			})
		})
		b.Run(name+"/loop", func(b *testing.B) {
			s, err := New("bench", config, slog.New(slog.DiscardHandler), Metrics{})
			if err != nil {
				b.Fatal(err)
			}
			measure(b, func(b *testing.B) {
				for p := range int32(partitions) {
					r := newReader(s, topic, p, nil)
					for r.walker.next < each {
						a, err := s.fetch(b.Context(), topic, p, r.walker.next)
						if err != nil {
							b.Fatal(err)
						}
						for r.walker.reset(a); r.walker.more(); {
							if _, err := r.walker.step(nil); err != nil {
								b.Fatal(err)
							}
						}
					}
				}
			})
		})
		b.Run(name+"/franz-go", func(b *testing.B) {
			measure(b, func(b *testing.B) {
				cl, err := kgo.NewClient(kgo.SeedBrokers(broker.Addr), kgo.ConsumeTopics(topic),
					kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
				if err != nil {
					b.Fatal(err)
				}
				defer cl.Close()
				for n := 0; n < partitions*each; {
					n += cl.PollFetches(b.Context()).NumRecords()
				}
			})
		})
	}
}

// counter is a handler that counts.
type counter struct {
	n    atomic.Int64
	want int64
	done func()
}

func (c *counter) Open(context.Context, plumbline.Partition, func(int64)) (collectors.Position, error) {
	return collectors.Position{}, nil
}

func (c *counter) Handle(_ context.Context, b collectors.Batch) error {
	if c.n.Add(int64(len(b.Messages))) >= c.want {
		c.done()
	}
	return nil
}

func (c *counter) Close(context.Context, plumbline.Partition) error { return nil }
