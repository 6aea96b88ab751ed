package clickhouse

import (
	"context"
	"fmt"
	"io"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Migrate creates the schema, or brings an older one up to date, and sets the retention of cfg. It prints each statement it
// runs to out. Running it again, also after it was interrupted, is harmless. It must not run twice at the same time.
func Migrate(ctx context.Context, cfg Config, out io.Writer) error {
	options, err := cfg.options("") // the database may not exist yet
	if err != nil {
		return err
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		return failed(ctx, "connect", err)
	}
	defer conn.Close()
	run := func(statement string) error {
		fmt.Fprintf(out, "%s;\n\n", statement)
		if err := conn.Exec(ctx, statement); err != nil {
			return failed(ctx, "migrate", err)
		}
		return nil
	}

	found, err := readSchema(ctx, conn, cfg)
	if err != nil {
		return err
	}
	if err := found.tooNew(cfg); err != nil {
		return err
	}
	if found.version < 1 {
		for _, s := range Statements(cfg) {
			if err := run(s); err != nil {
				return err
			}
		}
		return nil
	}
	changes := found.retentionChanges(cfg)
	if len(changes) == 0 {
		fmt.Fprintf(out, "-- database %s is up to date: schema version %d\n", cfg.Database, found.version)
		return nil
	}
	for _, s := range append(changes, recordVersion(cfg)) {
		if err := run(s); err != nil {
			return err
		}
	}
	return nil
}

// retentionChanges are the statements that give every table the retention of cfg.
func (s schemaState) retentionChanges(cfg Config) (out []string) {
	for _, t := range tables {
		old := int(s.paneDays)
		if t.sample {
			old = int(s.sampleDays)
		}
		if t.time != "" && old != days(t.retention(cfg)) {
			out = append(out, t.alterTTL(cfg))
		}
	}
	return out
}

func (t table) alterTTL(cfg Config) string {
	alter := "ALTER TABLE " + t.local(cfg) + onCluster(cfg)
	if ttl := t.ttl(cfg); ttl != "" {
		return alter + " MODIFY TTL " + ttl
	}
	return alter + " REMOVE TTL"
}

// schemaState is what a database holds; version 0 is nothing.
type schemaState struct{ version, paneDays, sampleDays uint32 }

func readSchema(ctx context.Context, conn driver.Conn, cfg Config) (s schemaState, err error) {
	err = conn.QueryRow(ctx, "SELECT max(version), argMax(pane_days, (version, applied)), argMax(sample_days, (version, applied)) FROM "+schema.in(cfg)).
		Scan(&s.version, &s.paneDays, &s.sampleDays)
	if hasCode(err, codeUnknownTable, codeUnknownDatabase) {
		return schemaState{}, nil
	}
	if err != nil {
		return s, failed(ctx, "read the schema's version", err)
	}
	return s, nil
}

func (s schemaState) tooNew(cfg Config) error {
	if s.version > schemaVersion {
		return fmt.Errorf("clickhouse: the schema of database %s is version %d, made by a newer plumbline; this one knows %d: upgrade it", cfg.Database, s.version, schemaVersion)
	}
	return nil
}
