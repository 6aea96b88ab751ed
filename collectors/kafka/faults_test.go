package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"

	"plumbline/collectors/collectorstest"
	"plumbline/internal/kafkatest"
)

// meddler stands between a source and its broker and changes the answers to fetches.
type meddler struct {
	roundTripper
	fetches atomic.Int64
	meddle  func(n int64, res *fetchResponse) error
}

func (m *meddler) RoundTrip(ctx context.Context, addr net.Addr, req kafkago.Request) (kafkago.Response, error) {
	res, err := m.roundTripper.RoundTrip(ctx, addr, req)
	if f, ok := res.(*fetchResponse); ok && err == nil && len(f.Topics[0].Partitions[0].Records) > 0 {
		if err := m.meddle(m.fetches.Add(1), f); err != nil {
			return nil, err
		}
	}
	return res, err
}

// TestFaultsOnTheWay spoils some fetches: each is done again and nothing is lost, doubled or given up.
func TestFaultsOnTheWay(t *testing.T) {
	t.Parallel()
	addr := kafkatest.StartFake(t)
	for name, meddle := range map[string]func(n int64, res *fetchResponse) error{
		"damage": func(n int64, res *fetchResponse) error {
			if records := res.Topics[0].Partitions[0].Records; n%3 != 0 {
				records[len(records)-5] ^= 1
			}
			return nil
		},
		"a lost connection": func(n int64, _ *fetchResponse) error {
			if n%2 == 1 {
				return errors.New("connection reset")
			}
			return nil
		},
		"no leader": func(n int64, res *fetchResponse) error {
			if n%2 == 1 {
				res.Topics[0].Partitions[0].ErrorCode = int16(kafkago.NotLeaderForPartition)
			}
			return nil
		},
		"out of range for a moment": func(n int64, res *fetchResponse) error {
			if n%2 == 1 {
				res.Topics[0].Partitions[0].ErrorCode = int16(kafkago.OffsetOutOfRange)
			}
			return nil
		},
		"an answer cut short": func(n int64, res *fetchResponse) error {
			if p := &res.Topics[0].Partitions[0]; n%2 == 1 {
				p.Records = p.Records[:len(p.Records)*2/3]
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFeed(t, addr)
			var want []string
			for i := range 20 {
				want = append(want, fmt.Sprint("record ", i))
				f.Append(t, 0, []byte(want[i]))
			}
			f.config.MaxBytes = 200 // so that there are many fetches
			var c counters
			s := newSource(t, f.config)
			s.metrics = c.metrics()
			m := &meddler{roundTripper: s.transport, meddle: meddle}
			s.transport = m
			h := &collectorstest.Handler{FlushEvery: 1}
			readAll(t, s, h)
			if got := texts(h.Messages(f.Partitions()[0])); !slices.Equal(got, want) {
				t.Errorf("read %q", got)
			}
			if m.fetches.Load() < 3 {
				t.Error("too few fetches to have met a fault")
			}
			if len(c.skipped) > 0 || c.quarantined[0] {
				t.Errorf("skipped %v, quarantined %v", c.skipped, c.quarantined)
			}
		})
	}
}

// TestQuarantine damages everything behind offset 3 of one partition for good.
func TestQuarantine(t *testing.T) {
	t.Parallel()
	f := newFeed(t, kafkatest.StartFake(t))
	for i := range 6 {
		f.Append(t, 0, fmt.Append(nil, "record ", i))
		f.Append(t, 1, fmt.Append(nil, "record ", i))
	}
	var c counters
	s := newSource(t, f.config)
	s.metrics = c.metrics()
	s.transport = &meddler{roundTripper: s.transport, meddle: func(_ int64, res *fetchResponse) error {
		if p := &res.Topics[0].Partitions[0]; p.Partition == 0 {
			if i := strings.Index(string(p.Records), "record 3"); i >= 0 {
				p.Records[i] ^= 1
			}
		}
		return nil
	}}
	h := &collectorstest.Handler{}
	w := begin(t, s, h)
	h.Wait(t, "the quarantine and the other partition", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.quarantined[0] && h.Len() == 9
	})
	if w.Idle() {
		t.Error("idle with a partition in quarantine")
	}
	w.end(t)
	h.Check(t)
	if got := texts(h.Messages(f.Partitions()[0])); !slices.Equal(got, []string{"record 0", "record 1", "record 2"}) {
		t.Errorf("read %q of the damaged partition", got)
	}
	if at := h.Durable(f.Partitions()[0]).Next; at != 3 {
		t.Errorf("the store goes on at %d, want 3, where the damage begins", at)
	}
	if c.skips("gap") != 0 || c.quarantined[0] {
		t.Errorf("after the end: skipped %v, quarantined %v", c.skipped, c.quarantined)
	}
}

// TestLeaderMoves moves the partitions' leaders about while records arrive.
func TestLeaderMoves(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(3))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	f := newFeed(t, cluster.ListenAddrs()[0])
	h := &collectorstest.Handler{FlushEvery: 1}
	w := begin(t, newSource(t, f.config), h)
	var want []string
	for i := range 30 {
		if i%10 == 5 {
			if err := cluster.MoveTopicPartition(f.config.Topics[0], 0, int32(i/10)); err != nil {
				t.Fatal(err)
			}
		}
		want = append(want, fmt.Sprint("record ", i))
		f.Append(t, 0, []byte(want[i]))
		if i%10 == 9 {
			h.Wait(t, "what was written so far", func() bool { return h.Len() == i+1 })
		}
	}
	w.end(t)
	h.Check(t)
	if got := texts(h.Messages(f.Partitions()[0])); !slices.Equal(got, want) {
		t.Errorf("read %q", got)
	}
}

func TestConfigSaysWhatIsWrong(t *testing.T) {
	good := Config{Brokers: []string{"127.0.0.1:9092"}, Topics: []string{"inference"}, Group: "plumbline"}
	if err := good.Validate(); err != nil {
		t.Errorf("a good configuration: %v", err)
	}
	bad := Config{
		Brokers: []string{" "}, Start: "first", OnOffsetMismatch: "ignore", Isolation: "none",
		MaxBytes: -1, SessionTimeout: -time.Second, SASL: &SASL{Mechanism: "kerberos"},
	}
	err := bad.Validate()
	for _, word := range []string{"brokers", "topics", "group", "start", "on_offset_mismatch", "isolation",
		"size limits", "timeouts", "sasl.mechanism", "sasl.username", "sasl.password_file"} {
		if err == nil || !strings.Contains(err.Error(), word+":") {
			t.Errorf("no complaint about %s in: %v", word, err)
		}
	}
}
