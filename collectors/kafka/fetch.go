package kafka

import (
	"context"
	"fmt"
	"net"
	"slices"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
)

// Nothing but this package uses kafka-go, and nothing here uses its own fetching: so the protocol's table gets a response
// that keeps the record batches as the bytes they are.
func init() { protocol.Register(&fetch.Request{}, &fetchResponse{}) }

// fetchResponse is fetch.Response with raw record batches.
type fetchResponse struct {
	ThrottleTimeMs int32        `kafka:"min=v1,max=v11"`
	ErrorCode      int16        `kafka:"min=v7,max=v11"`
	SessionID      int32        `kafka:"min=v7,max=v11"`
	Topics         []fetchTopic `kafka:"min=v0,max=v11"`
}

func (*fetchResponse) ApiKey() protocol.ApiKey { return protocol.Fetch }

type fetchTopic struct {
	Topic      string           `kafka:"min=v0,max=v11"`
	Partitions []fetchPartition `kafka:"min=v0,max=v11"`
}

type fetchPartition struct {
	Partition            int32                       `kafka:"min=v0,max=v11"`
	ErrorCode            int16                       `kafka:"min=v0,max=v11"`
	HighWatermark        int64                       `kafka:"min=v0,max=v11"`
	LastStableOffset     int64                       `kafka:"min=v4,max=v11"`
	LogStartOffset       int64                       `kafka:"min=v5,max=v11"`
	AbortedTransactions  []fetch.ResponseTransaction `kafka:"min=v4,max=v11"`
	PreferredReadReplica int32                       `kafka:"min=v11,max=v11"`
	Records              []byte                      `kafka:"min=v0,max=v11"`
}

// roundTripper is kafka-go's Transport; tests put themselves between.
type roundTripper interface {
	RoundTrip(context.Context, net.Addr, kafkago.Request) (kafkago.Response, error)
}

// fetched is one answer.
type fetched struct {
	records []byte
	aborted []fetch.ResponseTransaction // by first offset; nil unless read_committed
	end     int64                       // the last stable offset under read_committed, else the high watermark
}

// fetch asks the partition's leader for records from an offset on. A broker's refusal is a kafkago.Error.
func (s *Source) fetch(ctx context.Context, topic string, partition int32, from int64) (fetched, error) {
	committed := s.config.Isolation == ReadCommitted
	req := &fetch.Request{
		ReplicaID: -1, MaxWaitTime: int32(s.maxWait.Milliseconds()), MinBytes: 1, MaxBytes: int32(s.config.MaxBytes), SessionEpoch: -1,
		Topics: []fetch.RequestTopic{{Topic: topic, Partitions: []fetch.RequestPartition{{
			Partition: partition, CurrentLeaderEpoch: -1, FetchOffset: from, LogStartOffset: -1,
			PartitionMaxBytes: int32(s.config.MaxBytes),
		}}}},
	}
	if committed {
		req.IsolationLevel = 1
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout) // a broker that hangs is not waited for
	defer cancel()
	m, err := s.transport.RoundTrip(ctx, s.addr, req)
	if err != nil {
		return fetched{}, err
	}
	res, ok := m.(*fetchResponse)
	if !ok {
		return fetched{}, fmt.Errorf("fetch: unexpected answer %T", m)
	}
	if res.ErrorCode != 0 {
		return fetched{}, kafkago.Error(res.ErrorCode)
	}
	if len(res.Topics) != 1 || len(res.Topics[0].Partitions) != 1 {
		return fetched{}, fmt.Errorf("fetch: the answer is not for one partition")
	}
	p := &res.Topics[0].Partitions[0]
	if p.ErrorCode != 0 {
		return fetched{}, kafkago.Error(p.ErrorCode)
	}
	out := fetched{records: p.Records, end: p.HighWatermark}
	if committed {
		out.end, out.aborted = p.LastStableOffset, p.AbortedTransactions
		slices.SortFunc(out.aborted, func(a, b fetch.ResponseTransaction) int { return int(min(max(a.FirstOffset-b.FirstOffset, -1), 1)) })
	}
	return out, nil
}

// bounds are a partition's first offset and its end as a reader would be allowed to see it.
func (s *Source) bounds(ctx context.Context, topic string, partition int32) (first, end int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	isolation := kafkago.ReadUncommitted
	if s.config.Isolation == ReadCommitted {
		isolation = kafkago.ReadCommitted
	}
	r, err := s.client.ListOffsets(ctx, &kafkago.ListOffsetsRequest{
		IsolationLevel: isolation,
		Topics: map[string][]kafkago.OffsetRequest{
			topic: {kafkago.FirstOffsetOf(int(partition)), kafkago.LastOffsetOf(int(partition))},
		},
	})
	if err != nil {
		return 0, 0, fmt.Errorf("list offsets: %w", err)
	}
	for _, p := range r.Topics[topic] {
		if p.Partition == int(partition) {
			if p.Error != nil {
				return 0, 0, fmt.Errorf("list offsets: %w", p.Error)
			}
			return p.FirstOffset, p.LastOffset, nil
		}
	}
	return 0, 0, fmt.Errorf("list offsets: no answer for the partition")
}
