package kafkatest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Client fills topics and changes them, on a real broker or a fake one. A failure is the test's.
type Client struct {
	t    testing.TB
	opts []kgo.Opt
	kgo  *kgo.Client
	adm  *kadm.Client
}

// NewClient connects to the broker at addr. Options are franz-go's, for instance a compression.
func NewClient(t testing.TB, addr string, opts ...kgo.Opt) *Client {
	t.Helper()
	c := &Client{t: t, opts: append([]kgo.Opt{
		kgo.SeedBrokers(addr),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerLinger(0),
		kgo.MetadataMinAge(50 * time.Millisecond),
	}, opts...)}
	c.connect()
	t.Cleanup(func() { c.kgo.Close() })
	return c
}

func (c *Client) connect() {
	c.t.Helper()
	if c.kgo != nil {
		c.kgo.Close()
	}
	var err error
	if c.kgo, err = kgo.NewClient(c.opts...); err != nil {
		c.t.Fatal(err)
	}
	c.adm = kadm.NewClient(c.kgo)
}

func (c *Client) do(what string, f func(ctx context.Context) error) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := f(ctx); err != nil {
		c.t.Fatalf("%s: %v", what, err)
	}
}

// CreateTopic creates a topic and returns when all its partitions can be written to and read.
func (c *Client) CreateTopic(topic string, partitions int32) {
	c.t.Helper()
	c.do("create topic "+topic, func(ctx context.Context) error {
		r, err := c.adm.CreateTopic(ctx, partitions, 1, nil, topic)
		if err == nil {
			err = r.Err
		}
		if err != nil {
			return err
		}
		return c.await(ctx, topic, partitions)
	})
}

// await returns when every partition has a leader that answers.
func (c *Client) await(ctx context.Context, topic string, partitions int32) error {
	for {
		ends, err := c.adm.ListEndOffsets(ctx, topic)
		if err == nil && ends.Error() == nil && len(ends[topic]) == int(partitions) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w; last: %v", ctx.Err(), err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// AddPartitions makes a topic have n partitions.
func (c *Client) AddPartitions(topic string, n int32) {
	c.t.Helper()
	c.do("add partitions to "+topic, func(ctx context.Context) error {
		r, err := c.adm.UpdatePartitions(ctx, int(n), topic)
		if err == nil {
			err = r.Error()
		}
		if err != nil {
			return err
		}
		return c.await(ctx, topic, n)
	})
	c.connect() // the old one would not know the new partitions for a while
}

// DeleteTopic deletes a topic and returns when it is gone.
func (c *Client) DeleteTopic(topic string) {
	c.t.Helper()
	c.do("delete topic "+topic, func(ctx context.Context) error {
		r, err := c.adm.DeleteTopics(ctx, topic)
		if err == nil {
			err = r.Error()
		}
		c.kgo.PurgeTopicsFromClient(topic) // it would ask for the old topic's id for ever
		return err
	})
}

// DeleteRecords makes a partition begin at an offset.
func (c *Client) DeleteRecords(topic string, partition int32, before int64) {
	c.t.Helper()
	c.do("delete records of "+topic, func(ctx context.Context) error {
		var o kadm.Offsets
		o.AddOffset(topic, partition, before, -1)
		r, err := c.adm.DeleteRecords(ctx, o)
		if err == nil {
			err = r.Error()
		}
		return err
	})
}

// Produce writes values to a partition, in order, and returns when all in-sync replicas have them.
func (c *Client) Produce(topic string, partition int32, values ...[]byte) {
	c.t.Helper()
	records := make([]*kgo.Record, len(values))
	for i, v := range values {
		records[i] = &kgo.Record{Topic: topic, Partition: partition, Value: v}
	}
	c.ProduceRecords(records...)
}

// ProduceRecords writes records, each with its topic and partition, and returns when all in-sync replicas have them.
func (c *Client) ProduceRecords(records ...*kgo.Record) {
	c.t.Helper()
	c.do("produce", func(ctx context.Context) error { return c.kgo.ProduceSync(ctx, records...).FirstErr() })
}

// Committed is a group's committed offset of a partition, or -1.
func (c *Client) Committed(group, topic string, partition int32) int64 {
	c.t.Helper()
	at := int64(-1)
	c.do("read the commits of "+group, func(ctx context.Context) error {
		os, err := c.adm.FetchOffsets(ctx, group)
		if o, ok := os.Lookup(topic, partition); ok {
			at = o.At
		}
		return err
	})
	return at
}

// Expel makes a group forget its members at once, as it would when their sessions are over: for tests that killed them.
func (c *Client) Expel(group string) {
	c.t.Helper()
	c.do("expel the members of "+group, func(ctx context.Context) error {
		groups, err := c.adm.DescribeGroups(ctx, group)
		if err != nil {
			return err
		}
		leave := kmsg.NewPtrLeaveGroupRequest()
		leave.Group = group
		for _, m := range groups[group].Members {
			member := kmsg.NewLeaveGroupRequestMember()
			member.MemberID = m.MemberID
			leave.Members = append(leave.Members, member)
		}
		if len(leave.Members) == 0 {
			return nil
		}
		_, err = leave.RequestWith(ctx, c.kgo)
		return err
	})
}

// EndOffset is where a partition ends.
func (c *Client) EndOffset(topic string, partition int32) int64 {
	c.t.Helper()
	at := int64(-1)
	c.do("list the ends of "+topic, func(ctx context.Context) error {
		os, err := c.adm.ListEndOffsets(ctx, topic)
		if o, ok := os.Lookup(topic, partition); ok {
			at = o.Offset
		}
		return err
	})
	return at
}

// Begin begins a transaction. The client must have been made with kgo.TransactionalID; it has one transaction at a time.
func (c *Client) Begin() {
	c.t.Helper()
	c.do("begin a transaction", func(context.Context) error { return c.kgo.BeginTransaction() })
}

// End commits or aborts the transaction.
func (c *Client) End(commit bool) {
	c.t.Helper()
	c.do("end a transaction", func(ctx context.Context) error {
		return c.kgo.EndTransaction(ctx, kgo.TransactionEndTry(commit))
	})
}
