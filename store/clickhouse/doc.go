// Package clickhouse keeps profiles, rows and checkpoints in ClickHouse. It owns the schema, its migration and every query; it
// is the only importer of clickhouse-go. It never trusts a merge: of rows with one key the right one is picked whenever they
// are read, so that retries, replays and stale writers are harmless, with or without replication. It needs neither
// transactions nor deduplication tokens nor Keeper on a single server.
//
// Names of models, versions, slices and features are data: they travel as parameters and columns, never in the text of a
// query.
package clickhouse
