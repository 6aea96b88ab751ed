package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"plumbline/collectors/decode"
	"plumbline/collectors/kafka"
	"plumbline/internal/kafkatest"
)

const partitions = 4

// benchKafka measures the daemon from a topic of four partitions at a real broker, which has all records before the clock
// starts and runs on the same cores: reading alone is measured on the same terms.
func benchKafka(r *report, o options) (err error) {
	d, err := newDaemon(o)
	if err != nil {
		return err
	}
	b, err := kafkatest.Launch(kafkatest.Options{Dir: filepath.Join(o.Dir, "kafka")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Stop()) }()
	n := o.scaled(1_000_000)
	for _, c := range []struct {
		name  string
		codec kgo.CompressionCodec
	}{{"none", kgo.NoCompression()}, {"lz4", kgo.Lz4Compression()}} {
		topic := "inference-" + c.name
		if err := produce(b.Addr, topic, c.codec, n); err != nil {
			return fmt.Errorf("fill %s: %w", topic, err)
		}
		var runs []ended
		taken, err := byTurns(min(o.Rounds, 3),
			func() error { return fetchAlone(b.Addr, topic, n) },
			func() error { return fetchWithFranz(b.Addr, topic, n) },
			func() error {
				e, err := d.run(o, job{name: "kafka-" + c.name, source: d.topic(b.Addr, topic), records: n})
				runs = append(runs, e)
				return err
			},
		)
		if err != nil {
			return err
		}
		r.add(row{Part: "kafka", Name: "Kafka (" + c.name + "), fetched by franz-go, read only", Unit: "records/s", spread: spreadOf(taken[1], perWall(n))})
		r.add(d.rows("kafka", "Kafka ("+c.name+") → SQLite", n, taken[0], "Kafka ("+c.name+"), fetched by collectors/kafka, read only", runs, 100_000)...)
	}
	return nil
}

// topic is a source for the next run, as a group of its own, which has committed nothing.
func (d *daemon) topic(addr, topic string) string {
	return fmt.Sprintf("kafka: {brokers: [%s], topics: [%s], group: %s-%d}", addr, topic, topic, d.runs)
}

func fetchAlone(addr, topic string, n int) error {
	s, err := kafka.New("bench", kafka.Config{Brokers: []string{addr}, Topics: []string{topic}, Group: topic + "-alone"}, quiet, kafka.Metrics{})
	if err != nil {
		return err
	}
	return readAlone(s, n)
}

func fetchWithFranz(addr, topic string, n int) error {
	cl, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	if err != nil {
		return err
	}
	defer cl.Close()
	for got := 0; got < n; {
		f := cl.PollFetches(context.Background())
		if err := f.Err(); err != nil {
			return err
		}
		got += f.NumRecords()
	}
	return nil
}

// produce fills a topic and returns when the broker has everything.
func produce(addr, topic string, codec kgo.CompressionCodec, n int) error {
	fmt.Fprintf(os.Stderr, "  filling %s with %d records\n", topic, n)
	cl, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(codec),
		kgo.MaxBufferedRecords(50_000))
	if err != nil {
		return err
	}
	defer cl.Close()
	ctx := context.Background()
	if res, err := kadm.NewClient(cl).CreateTopic(ctx, partitions, 1, nil, topic); err != nil {
		return err
	} else if res.Err != nil {
		return res.Err
	}
	var once sync.Once
	var failed error
	g := newGenerator(1)
	for i := range n {
		value := decode.AppendRecord(nil, g.next(), nil)
		cl.Produce(ctx, &kgo.Record{Topic: topic, Partition: int32(i % partitions), Value: value}, func(_ *kgo.Record, err error) {
			if err != nil {
				once.Do(func() { failed = err })
			}
		})
	}
	return errors.Join(cl.Flush(ctx), failed)
}
