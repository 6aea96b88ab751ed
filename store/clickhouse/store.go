package clickhouse

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"plumbline/store"
)

// Store is a store.Store in ClickHouse. It is safe for concurrent use, and does not retry: that is the caller's to do, with the
// same flush.
type Store struct {
	cfg  Config
	conn driver.Conn
}

var _ store.Store = (*Store)(nil)

// Open connects to a database that Migrate has prepared. Without its schema, or with an older one, the error is ErrSchema.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	options, err := cfg.options("") // queries name their database
	if err != nil {
		return nil, err
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		return nil, failed(ctx, "connect", err)
	}
	found, err := readSchema(ctx, conn, cfg)
	if err == nil && found.version < schemaVersion {
		err = fmt.Errorf("clickhouse: the schema of database %s is version %d, and %d is needed (0 is none): %w", cfg.Database, found.version, schemaVersion, ErrSchema)
	}
	if err == nil {
		err = found.tooNew(cfg)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &Store{cfg: cfg, conn: conn}, nil
}

// Close ends the connections.
func (s *Store) Close() error { return s.conn.Close() }

// in is the operator for a set that is read from another table. In a cluster it is found once and sent to every shard; GLOBAL
// costs a temporary table and keeps the condition from being checked before other columns are read.
func (s *Store) in() string {
	if s.cfg.Cluster != "" {
		return "GLOBAL IN"
	}
	return "IN"
}

func named(name string, value any) driver.NamedValue { return clickhouse.Named(name, value) }

// query runs a query, whose parameters are all named, and calls row for each row of its result.
func (s *Store) query(ctx context.Context, doing, query string, args []any, row func(driver.Rows) error) error {
	if err := ctx.Err(); err != nil { // the driver would need a connection to find out
		return failed(ctx, doing, err)
	}
	rows, err := s.conn.Query(ctx, query, args...)
	if err != nil {
		return failed(ctx, doing, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows); err != nil {
			return failed(ctx, doing, err)
		}
	}
	if err := rows.Err(); err != nil {
		return failed(ctx, doing, err)
	}
	return nil
}
