package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// Producer writes dead letters to a topic.
type Producer struct {
	writer    *kafkago.Writer
	transport *kafkago.Transport
	topic     string
}

// NewProducer makes a producer with the brokers, TLS and user of c. It does not connect.
func NewProducer(c Config, topic string) (*Producer, error) {
	if len(c.Brokers) == 0 || topic == "" {
		return nil, errors.New("kafka producer: name a broker and a topic")
	}
	c.Topics = []string{topic}
	t := c.transport()
	return &Producer{transport: t, topic: topic, writer: &kafkago.Writer{
		Addr:         kafkago.TCP(c.Brokers...),
		Topic:        topic,
		Transport:    t,
		RequiredAcks: kafkago.RequireAll, // the zero value acknowledges nothing
		BatchTimeout: 5 * time.Millisecond,
		BatchSize:    1000,
		BatchBytes:   1 << 20,
	}}, nil
}

// Write returns when all values are in the topic, on all in-sync replicas. After an error some may be there: written again,
// they are there twice.
func (p *Producer) Write(ctx context.Context, values [][]byte) error {
	messages := make([]kafkago.Message, len(values))
	for i, v := range values {
		messages[i].Value = v
	}
	if err := p.writer.WriteMessages(ctx, messages...); err != nil {
		return fmt.Errorf("write %d messages to topic %s: %w", len(values), p.topic, err)
	}
	return nil
}

// Close waits for what is being written and closes all connections.
func (p *Producer) Close() error {
	err := p.writer.Close()
	p.transport.CloseIdleConnections()
	return err
}
