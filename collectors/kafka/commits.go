package kafka

import (
	"context"
	"log/slog"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// commits tells Kafka now and then how far the group is durable. Only lag tools read that, so an error is logged and
// nothing more; the generation's number keeps a member that was thrown out from writing over another's.
type commits struct {
	gen *kafkago.Generation
	log *slog.Logger
	mu  sync.Mutex
	due map[string]map[int]int64
}

func (c *commits) add(topic string, partition int32, next int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.due == nil {
		c.due = map[string]map[int]int64{}
	}
	if c.due[topic] == nil {
		c.due[topic] = map[int]int64{}
	}
	c.due[topic][int(partition)] = next
}

func (c *commits) flush() {
	c.mu.Lock()
	due := c.due
	c.due = nil
	c.mu.Unlock()
	if err := c.gen.CommitOffsets(due); err != nil {
		c.log.Warn("Kafka did not take the group's offsets; lag tools will show old ones", "error", err)
	}
}

func (c *commits) run(ctx context.Context) {
	tick := time.NewTicker(commitEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			c.flush()
		}
	}
}
