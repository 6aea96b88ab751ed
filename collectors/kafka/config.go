package kafka

import (
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Start is where reading begins in a partition the store has never seen.
type Start string

const (
	Earliest Start = "earliest" // at the first record there is
	Latest   Start = "latest"   // at the end; a partition added to a topic later is read from its beginning all the same
)

// OnMismatch is what happens if the store's position is not in the partition: its records were deleted, the topic was
// created again, or the store belongs to another cluster.
type OnMismatch string

const (
	MismatchFail     OnMismatch = "fail"     // Run ends with an error that says which offsets there are
	MismatchEarliest OnMismatch = "earliest" // go on at the first record there is
	MismatchLatest   OnMismatch = "latest"   // go on at the end
)

// Isolation says whether records of transactions are read before they are committed.
type Isolation string

const (
	ReadCommitted   Isolation = "read_committed"
	ReadUncommitted Isolation = "read_uncommitted"
)

// Mechanism is how a SASL user proves to be the one.
type Mechanism string

const (
	Plain       Mechanism = "plain"
	ScramSHA256 Mechanism = "scram-sha-256"
	ScramSHA512 Mechanism = "scram-sha-512"
)

// SASL is the user at the brokers.
type SASL struct {
	Mechanism Mechanism
	Username  string
	Password  func() (string, error) // asked at each new connection, so that a changed password needs no restart
}

// Config is a Kafka source. Zero values mean the default, which is named with each field.
type Config struct {
	Brokers          []string   `yaml:"brokers"` // host:port, some of the cluster's
	Topics           []string   `yaml:"topics"`
	Group            string     `yaml:"group"`
	Start            Start      `yaml:"start"`              // earliest
	OnOffsetMismatch OnMismatch `yaml:"on_offset_mismatch"` // fail
	Isolation        Isolation  `yaml:"isolation"`          // read_committed

	TLS  *tls.Config `yaml:"-"` // nil: no TLS
	SASL *SASL       `yaml:"-"` // nil: no user

	MaxBytes         int           `yaml:"-"` // of one fetch of one partition, as it is on the wire; 4 MiB
	MaxMessage       int           `yaml:"-"` // largest value; a larger one is handed over as too_large; 1 MiB
	MaxDecompressed  int           `yaml:"-"` // largest record batch after decompression; its records are too_large beyond; 32 MiB
	SessionTimeout   time.Duration `yaml:"-"` // a member that is silent for so long is dead; 10 s
	RebalanceTimeout time.Duration `yaml:"-"` // the group waits so long for a member to give its partitions up; 30 s
}

func (c Config) withDefaults() Config {
	c.Start = or(c.Start, Earliest)
	c.OnOffsetMismatch = or(c.OnOffsetMismatch, MismatchFail)
	c.Isolation = or(c.Isolation, ReadCommitted)
	c.MaxBytes = or(c.MaxBytes, 4<<20)
	c.MaxMessage = or(c.MaxMessage, 1<<20)
	c.MaxDecompressed = or(c.MaxDecompressed, 32<<20)
	c.SessionTimeout = or(c.SessionTimeout, 10*time.Second)
	c.RebalanceTimeout = or(c.RebalanceTimeout, 30*time.Second)
	return c
}

func or[T comparable](v, instead T) T {
	var zero T
	if v == zero {
		return instead
	}
	return v
}

// Validate says everything that is wrong with the configuration, without asking a broker.
func (c Config) Validate() error {
	c = c.withDefaults()
	var errs []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	empty := func(s string) bool { return strings.TrimSpace(s) == "" }
	need(len(c.Brokers) > 0 && !slices.ContainsFunc(c.Brokers, empty), "brokers: name at least one, as host:port")
	need(len(c.Topics) > 0 && !slices.ContainsFunc(c.Topics, empty), "topics: name at least one")
	need(c.Group != "", "group: name the consumer group; instances with the same name share the partitions")
	need(oneOf(c.Start, Earliest, Latest), "start: %q is neither earliest nor latest", c.Start)
	need(oneOf(c.OnOffsetMismatch, MismatchFail, MismatchEarliest, MismatchLatest),
		"on_offset_mismatch: %q is none of fail, earliest, latest", c.OnOffsetMismatch)
	need(oneOf(c.Isolation, ReadCommitted, ReadUncommitted), "isolation: %q is neither read_committed nor read_uncommitted", c.Isolation)
	need(c.MaxBytes > 0 && c.MaxMessage > 0 && c.MaxDecompressed > 0, "size limits: they must be positive")
	need(c.SessionTimeout > 0 && c.RebalanceTimeout > 0, "timeouts: they must be positive")
	if s := c.SASL; s != nil {
		need(oneOf(s.Mechanism, Plain, ScramSHA256, ScramSHA512),
			"sasl.mechanism: %q is none of plain, scram-sha-256, scram-sha-512", s.Mechanism)
		need(s.Username != "", "sasl.username: it is missing")
		need(s.Password != nil, "sasl.password_file: it is missing")
	}
	return errors.Join(errs...)
}

func oneOf[T comparable](v T, of ...T) bool { return slices.Contains(of, v) }

// Metrics are told what a source sees. Fields may be nil. The functions are called from many goroutines and must not block.
type Metrics struct {
	// Lag is how many offsets are between what was handed over and the partition's end; -1 when the partition was given up.
	Lag func(topic string, partition int32, records int64)
	// Skipped counts offsets that were passed without handing a message over: "control" markers and records of "aborted"
	// transactions, both as it should be; a "gap" (compacted or deleted); what a policy gave up after an "offset_mismatch";
	// and records in a hostile batch beyond what is refused one by one, "too_large" or "corrupt".
	Skipped func(kind string, n int64)
	// Quarantined says that a partition does not go on because its data is damaged, or that it goes on again.
	Quarantined func(topic string, partition int32, on bool)
}

func (m Metrics) lag(topic string, partition int32, records int64) {
	if m.Lag != nil {
		m.Lag(topic, partition, records)
	}
}

func (m Metrics) skipped(kind string, n int64) {
	if m.Skipped != nil && n > 0 {
		m.Skipped(kind, n)
	}
}

func (m Metrics) quarantined(topic string, partition int32, on bool) {
	if m.Quarantined != nil {
		m.Quarantined(topic, partition, on)
	}
}
