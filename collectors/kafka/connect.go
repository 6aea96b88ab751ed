package kafka

import (
	"context"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

const dialTimeout = 5 * time.Second

func (c *Config) transport() *kafkago.Transport {
	return &kafkago.Transport{
		DialTimeout:    dialTimeout,
		MetadataTTL:    metadataTTL,
		MetadataTopics: c.Topics,
		ClientID:       "plumbline",
		TLS:            c.TLS,
		SASL:           c.mechanism(),
	}
}

func (c *Config) dialer() *kafkago.Dialer {
	return &kafkago.Dialer{Timeout: dialTimeout, ClientID: "plumbline", TLS: c.TLS, SASLMechanism: c.mechanism(), DualStack: true}
}

func (c *Config) mechanism() sasl.Mechanism {
	if c.SASL == nil {
		return nil
	}
	return &mechanism{*c.SASL}
}

// mechanism asks for the password anew at each connection.
type mechanism struct{ SASL }

func (m *mechanism) Name() string {
	switch m.Mechanism {
	case ScramSHA256:
		return scram.SHA256.Name()
	case ScramSHA512:
		return scram.SHA512.Name()
	}
	return plain.Mechanism{}.Name()
}

func (m *mechanism) Start(ctx context.Context) (sasl.StateMachine, []byte, error) {
	password, err := m.Password()
	if err != nil {
		return nil, nil, fmt.Errorf("read the password of %s: %w", m.Username, err)
	}
	var inner sasl.Mechanism = plain.Mechanism{Username: m.Username, Password: password}
	switch m.Mechanism {
	case ScramSHA256:
		inner, err = scram.Mechanism(scram.SHA256, m.Username, password)
	case ScramSHA512:
		inner, err = scram.Mechanism(scram.SHA512, m.Username, password)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("log in as %s: %w", m.Username, err)
	}
	return inner.Start(ctx)
}
