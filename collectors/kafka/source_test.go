package kafka

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"plumbline"
	"plumbline/collectors"
	"plumbline/collectors/collectorstest"
	"plumbline/internal/kafkatest"
)

const testMaxMessage = 512 << 10

// feed is a topic with two partitions, read by a group of its own.
type feed struct {
	config Config
	client *kafkatest.Client
}

func (f *feed) Partitions() []plumbline.Partition {
	return []plumbline.Partition{
		{Source: "prod", Topic: f.config.Topics[0], ID: 0},
		{Source: "prod", Topic: f.config.Topics[0], ID: 1},
	}
}

func (f *feed) Append(t testing.TB, partition int, values ...[]byte) {
	f.client.Produce(f.config.Topics[0], int32(partition), values...)
}

func (f *feed) Source(t testing.TB) collectors.Source { return newSource(t, f.config) }

func newSource(t testing.TB, c Config) *Source {
	t.Helper()
	s, err := New("prod", c, slog.New(slog.NewTextHandler(t.Output(), nil)), Metrics{})
	if err != nil {
		t.Fatal(err)
	}
	s.maxWait, s.heartbeat, s.watch = 100*time.Millisecond, 200*time.Millisecond, 300*time.Millisecond
	return s
}

var topics atomic.Int64

// newFeed creates a topic and returns it with the configuration to read it.
func newFeed(t testing.TB, addr string, opts ...kgo.Opt) *feed {
	t.Helper()
	topic := fmt.Sprintf("inference-%d-%d", time.Now().UnixNano()%1e9, topics.Add(1))
	f := &feed{client: kafkatest.NewClient(t, addr, opts...)}
	f.client.CreateTopic(topic, 2)
	f.config = Config{
		Brokers: []string{addr}, Topics: []string{topic}, Group: "group-" + topic, MaxMessage: testMaxMessage,
		SessionTimeout: 6 * time.Second, RebalanceTimeout: 6 * time.Second,
	}
	return f
}

func suite(t *testing.T, addr string) {
	collectorstest.Test(t, collectorstest.Harness{
		MaxMessage: testMaxMessage,
		New: func(t *testing.T) (collectors.Source, collectorstest.Feed) {
			f := newFeed(t, addr)
			return f.Source(t), f
		},
	})
}

// The suite measures the heap of the process: nothing else may run beside it.
func TestSuiteOnFake(t *testing.T) {
	suite(t, kafkatest.StartFake(t))
}
