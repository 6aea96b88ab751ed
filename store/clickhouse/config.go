package clickhouse

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"regexp"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Config says where the database is and how it keeps things.
type Config struct {
	Addresses []string // host:port of the native protocol; the next one is tried if one can't be reached
	Database  string
	Username  string                 // "default" if empty
	Password  func() (string, error) // read once by Open and Migrate; nil is no password
	Cluster   string                 // name of a cluster in the server's configuration; "" is one server
	TLS       *tls.Config            // nil is plain TCP

	// Retention of panes, answers and labels, and of samples, counted by the server's clock from when they were written, so
	// that a log of last year can be replayed and kept. It is rounded up to days; 0 is for ever. Store.Expire is the exact one.
	PaneRetention   time.Duration
	SampleRetention time.Duration

	Connections int // at most so many at a time; 0 is 10
}

var (
	databaseName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)
	clusterName  = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$`)
)

// Validate reports everything that is wrong with c, without I/O.
func (c Config) Validate() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(c.Addresses) == 0 {
		fail("addresses is empty: name at least one server, like 127.0.0.1:9000")
	}
	for _, a := range c.Addresses {
		if _, port, err := net.SplitHostPort(a); err != nil || port == "" {
			fail("address %q is not host:port; the native protocol's port is 9000, 9440 with TLS", a)
		}
	}
	if !databaseName.MatchString(c.Database) {
		fail("database %q is not a name of letters, digits and _, at most 63", c.Database)
	}
	if c.Cluster != "" && !clusterName.MatchString(c.Cluster) {
		fail("cluster %q is not a name of letters, digits, _, . and -, at most 63", c.Cluster)
	}
	if c.PaneRetention < 0 || c.SampleRetention < 0 {
		fail("a retention is negative; 0 keeps for ever")
	}
	if c.Connections < 0 {
		fail("connections is negative")
	}
	return errors.Join(errs...)
}

const (
	dialTimeout        = 10 * time.Second
	readTimeout        = 30 * time.Second // between two reads of bytes; a deadline of the context overrules it
	defaultConnections = 10
)

// options are the driver's; database is the one to connect to, "" for the user's default.
func (c Config) options(database string) (*clickhouse.Options, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("clickhouse: %w", err)
	}
	password := ""
	if c.Password != nil {
		var err error
		if password, err = c.Password(); err != nil {
			return nil, fmt.Errorf("clickhouse: read the password: %w", err)
		}
	}
	connections := c.Connections
	if connections == 0 {
		connections = defaultConnections
	}
	return &clickhouse.Options{
		Addr:         c.Addresses,
		Auth:         clickhouse.Auth{Database: database, Username: c.Username, Password: password},
		TLS:          c.TLS,
		Settings:     c.settings(),
		Compression:  &clickhouse.Compression{Method: clickhouse.CompressionLZ4},
		DialTimeout:  dialTimeout,
		ReadTimeout:  readTimeout,
		MaxOpenConns: connections,
		MaxIdleConns: connections,
	}, nil
}

// settings go with every query: servers differ in their defaults, and versions do as well.
func (c Config) settings() clickhouse.Settings {
	s := clickhouse.Settings{
		// An insert is durable when it is acknowledged, and readable at once.
		"async_insert": 0,
		// Rows are idempotent by their keys. The server's own deduplication would drop rows that are written again after
		// they have expired.
		"insert_deduplicate": 0,
		// A replay of a long log touches many months at once.
		"max_partitions_per_insert_block": 1000,
	}
	if c.Cluster != "" {
		// A new owner of a partition must see what the old one wrote, whichever replica answers: a checkpoint that is newer
		// than the panes read with it would lose records.
		s["insert_quorum"] = "auto"
		s["insert_quorum_parallel"] = 0
		s["select_sequential_consistency"] = 1
		s["distributed_foreground_insert"] = 1
		s["fallback_to_stale_replicas_for_distributed_queries"] = 0
	}
	return s
}

// days rounds a retention up to whole days.
func days(d time.Duration) int {
	const day = 24 * time.Hour
	return int((d + day - 1) / day)
}
