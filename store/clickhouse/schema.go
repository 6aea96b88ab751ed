package clickhouse

import (
	"fmt"
	"strings"
	"time"
)

// table is what the schema says of one table. Its columns are data definition language, one a line.
type table struct {
	name    string
	columns []string
	version string // of two rows of one key the one with the higher version stays; "" for any
	key     string
	time    string // the column that months and Expire go by; "" for tables that keep everything
	shard   string // the sharding key in a cluster; "" for small tables that every node holds whole
	granule int    // rows of a granule; 0 is the server's default
	sample  bool   // retention is that of samples, not of panes
}

// written is when the server got a row. Retention by TTL counts from there and not from event time, so that old logs can be
// replayed and looked at.
const written = "`written` DateTime MATERIALIZED now() CODEC(Delta, ZSTD(1))"

var place = []string{
	"`source` LowCardinality(String)",
	"`topic` LowCardinality(String)",
	"`partition` Int32",
}

var (
	panes = table{
		name: "panes",
		columns: join(
			"`model` LowCardinality(String)",
			"`version` LowCardinality(String)",
			"`slice` LowCardinality(String)",
			"`width` UInt32 COMMENT 'seconds'",
			"`start` DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))",
			place,
			"`last_offset` Int64 CODEC(Delta, ZSTD(1))",
			"`records` Int64 CODEC(T64, ZSTD(1))",
			"`body` String COMMENT 'an encoded profile' CODEC(ZSTD(1))",
			written,
		),
		version: "last_offset",
		key:     "model, version, slice, width, start, source, topic, partition",
		time:    "start",
		shard:   "cityHash64(model, version, slice)",
		granule: 512, // a look-up by key reads whole granules, bodies included
	}
	answers = table{
		name: "answers",
		columns: join(
			"`model` LowCardinality(String)",
			"`version` LowCardinality(String)",
			"`time` DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1))",
			place,
			"`offset` Int64 CODEC(Delta, ZSTD(1))",
			"`id` String CODEC(ZSTD(1))",
			"`session` String CODEC(ZSTD(1))",
			"`kind` Enum8('whole' = 0, 'request' = 1, 'response' = 2, 'label' = 3)",
			"`prediction` String CODEC(ZSTD(1))",
			"`score` Nullable(Float64) CODEC(ZSTD(1))",
			"`slices` Array(LowCardinality(String)) CODEC(ZSTD(1))",
			"`query` UInt64 COMMENT 'hash of the features, 0 if there are none' CODEC(ZSTD(1))",
			written,
		),
		key:   "model, version, time, source, topic, partition, offset",
		time:  "time",
		shard: "cityHash64(topic, partition, offset)",
	}
	labels = table{
		name: "labels",
		columns: join(
			"`model` LowCardinality(String)",
			"`id` String CODEC(ZSTD(1))",
			"`time` DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1))",
			place,
			"`offset` Int64 CODEC(Delta, ZSTD(1))",
			"`value` String CODEC(ZSTD(1))",
			written,
		),
		key:     "model, id, time, source, topic, partition, offset",
		time:    "time",
		shard:   "cityHash64(model, id)",
		granule: 512, // ids of a window lie all over the table
	}
	samples = table{
		name: "samples",
		columns: join(
			"`model` LowCardinality(String)",
			"`version` LowCardinality(String)",
			"`time` DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1))",
			place,
			"`offset` Int64 CODEC(Delta, ZSTD(1))",
			"`id` String CODEC(ZSTD(1))",
			"`record` String COMMENT 'native JSON' CODEC(ZSTD(3))",
			written,
		),
		key:    "model, version, time, source, topic, partition, offset",
		time:   "time",
		shard:  "cityHash64(topic, partition, offset)",
		sample: true,
	}
	baselines = table{
		name: "baselines",
		columns: join(
			"`model` String",
			"`version` String",
			"`hash` String",
			"`created` DateTime64(6, 'UTC')",
			"`auto` Bool",
			"`body` String CODEC(ZSTD(3))",
		),
		version: "created",
		key:     "model, version, hash",
	}
	checkpoints = table{
		name: "checkpoints",
		columns: join(
			place,
			"`next` Int64",
			"`read` Int64",
			"`folded` Int64",
			"`rejected` Map(String, Int64)",
			"`newest` Nullable(DateTime64(6, 'UTC'))",
		),
		version: "next",
		key:     "source, topic, partition",
	}
	// schema remembers which version of all this is in place, and the retention its tables have.
	schema = table{
		name: "schema",
		columns: join(
			"`version` UInt32",
			"`pane_days` UInt32",
			"`sample_days` UInt32",
			"`applied` DateTime64(6, 'UTC') DEFAULT now64(6)",
		),
		version: "applied",
		key:     "version",
	}
)

// tables is the schema in the order it is created.
var tables = []table{schema, panes, answers, labels, samples, baselines, checkpoints}

// schemaVersion is what this program reads and writes.
const schemaVersion = 1

// Statements returns what Migrate runs on an empty server, in order.
func Statements(cfg Config) []string {
	out := []string{"CREATE DATABASE IF NOT EXISTS " + quoteName(cfg.Database) + onCluster(cfg)}
	for _, t := range tables {
		out = append(out, t.create(cfg)...)
	}
	return append(out, recordVersion(cfg))
}

func recordVersion(cfg Config) string {
	return fmt.Sprintf("INSERT INTO %s (version, pane_days, sample_days) SELECT %d, %d, %d", schema.in(cfg), schemaVersion, days(cfg.PaneRetention), days(cfg.SampleRetention))
}

func (t table) create(cfg Config) []string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE IF NOT EXISTS %s%s\n(\n    %s\n)\nENGINE = %s\n", t.local(cfg), onCluster(cfg), strings.Join(t.columns, ",\n    "), t.engine(cfg))
	if t.time != "" {
		fmt.Fprintf(&b, "PARTITION BY toYYYYMM(%s)\n", t.time)
	}
	fmt.Fprintf(&b, "ORDER BY (%s)\n", t.key)
	if ttl := t.ttl(cfg); ttl != "" {
		fmt.Fprintf(&b, "TTL %s\n", ttl)
	}
	// A checkpoint must not reach the disk before what it stands for, should the power fail.
	settings := "fsync_after_insert = 1, fsync_part_directory = 1"
	if t.time != "" {
		settings += ", ttl_only_drop_parts = 1"
	}
	if t.granule > 0 {
		settings += fmt.Sprintf(", index_granularity = %d", t.granule)
	}
	b.WriteString("SETTINGS " + settings)
	out := []string{b.String()}
	if t.sharded(cfg) {
		out = append(out, fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s%s AS %s\nENGINE = Distributed(%s, %s, %s, %s)",
			t.in(cfg), onCluster(cfg), t.local(cfg), quoteText(cfg.Cluster), quoteText(cfg.Database), quoteText(t.name+"_local"), t.shard))
	}
	return out
}

func (t table) engine(cfg Config) string {
	args := []string{}
	switch {
	case t.sharded(cfg):
		args = append(args, quoteText("/clickhouse/tables/{shard}/"+cfg.Database+"/"+t.name), "'{replica}'")
	case cfg.Cluster != "": // every node is a replica of the one and only shard
		args = append(args, quoteText("/clickhouse/tables/all/"+cfg.Database+"/"+t.name), "'{shard}-{replica}'")
	}
	if t.version != "" {
		args = append(args, t.version)
	}
	engine := "ReplacingMergeTree"
	if cfg.Cluster != "" {
		engine = "ReplicatedReplacingMergeTree"
	}
	if len(args) == 0 {
		return engine
	}
	return engine + "(" + strings.Join(args, ", ") + ")"
}

func (t table) retention(cfg Config) time.Duration {
	switch {
	case t.time == "":
		return 0
	case t.sample:
		return cfg.SampleRetention
	}
	return cfg.PaneRetention
}

func (t table) ttl(cfg Config) string {
	if n := days(t.retention(cfg)); n > 0 {
		return fmt.Sprintf("written + INTERVAL %d DAY", n)
	}
	return ""
}

// in is the table that queries name; local is the one that holds the rows.
func (t table) in(cfg Config) string { return quoteName(cfg.Database) + "." + quoteName(t.name) }

func (t table) local(cfg Config) string {
	if !t.sharded(cfg) {
		return t.in(cfg)
	}
	return quoteName(cfg.Database) + "." + quoteName(t.name+"_local")
}

func (t table) sharded(cfg Config) bool { return cfg.Cluster != "" && t.shard != "" }

func onCluster(cfg Config) string {
	if cfg.Cluster == "" {
		return ""
	}
	return " ON CLUSTER " + quoteName(cfg.Cluster)
}

// quoteName and quoteText quote names that Config.Validate has let through.
func quoteName(s string) string { return "`" + s + "`" }
func quoteText(s string) string { return "'" + s + "'" }

// join flattens column definitions.
func join(parts ...any) (out []string) {
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			out = append(out, p)
		case []string:
			out = append(out, p...)
		}
	}
	return out
}
