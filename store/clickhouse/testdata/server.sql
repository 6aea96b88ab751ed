CREATE DATABASE IF NOT EXISTS `plumbline`;

CREATE TABLE IF NOT EXISTS `plumbline`.`schema`
(
    `version` UInt32,
    `pane_days` UInt32,
    `sample_days` UInt32,
    `applied` DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree(applied)
ORDER BY (version)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS `plumbline`.`panes`
(
    `model` LowCardinality(String),
    `version` LowCardinality(String),
    `slice` LowCardinality(String),
    `width` UInt32 COMMENT 'seconds',
    `start` DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    `source` LowCardinality(String),
    `topic` LowCardinality(String),
    `partition` Int32,
    `last_offset` Int64 CODEC(Delta, ZSTD(1)),
    `records` Int64 CODEC(T64, ZSTD(1)),
    `body` String COMMENT 'an encoded profile' CODEC(ZSTD(1)),
    `written` DateTime MATERIALIZED now() CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(last_offset)
PARTITION BY toYYYYMM(start)
ORDER BY (model, version, slice, width, start, source, topic, partition)
TTL written + INTERVAL 400 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1, index_granularity = 512;

CREATE TABLE IF NOT EXISTS `plumbline`.`answers`
(
    `model` LowCardinality(String),
    `version` LowCardinality(String),
    `time` DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    `source` LowCardinality(String),
    `topic` LowCardinality(String),
    `partition` Int32,
    `offset` Int64 CODEC(Delta, ZSTD(1)),
    `id` String CODEC(ZSTD(1)),
    `session` String CODEC(ZSTD(1)),
    `kind` Enum8('whole' = 0, 'request' = 1, 'response' = 2, 'label' = 3),
    `prediction` String CODEC(ZSTD(1)),
    `score` Nullable(Float64) CODEC(ZSTD(1)),
    `slices` Array(LowCardinality(String)) CODEC(ZSTD(1)),
    `query` UInt64 COMMENT 'hash of the features, 0 if there are none' CODEC(ZSTD(1)),
    `written` DateTime MATERIALIZED now() CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (model, version, time, source, topic, partition, offset)
TTL written + INTERVAL 400 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE TABLE IF NOT EXISTS `plumbline`.`labels`
(
    `model` LowCardinality(String),
    `id` String CODEC(ZSTD(1)),
    `time` DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    `source` LowCardinality(String),
    `topic` LowCardinality(String),
    `partition` Int32,
    `offset` Int64 CODEC(Delta, ZSTD(1)),
    `value` String CODEC(ZSTD(1)),
    `written` DateTime MATERIALIZED now() CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (model, id, time, source, topic, partition, offset)
TTL written + INTERVAL 400 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1, index_granularity = 512;

CREATE TABLE IF NOT EXISTS `plumbline`.`samples`
(
    `model` LowCardinality(String),
    `version` LowCardinality(String),
    `time` DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    `source` LowCardinality(String),
    `topic` LowCardinality(String),
    `partition` Int32,
    `offset` Int64 CODEC(Delta, ZSTD(1)),
    `id` String CODEC(ZSTD(1)),
    `record` String COMMENT 'native JSON' CODEC(ZSTD(3)),
    `written` DateTime MATERIALIZED now() CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (model, version, time, source, topic, partition, offset)
TTL written + INTERVAL 14 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE TABLE IF NOT EXISTS `plumbline`.`baselines`
(
    `model` String,
    `version` String,
    `hash` String,
    `created` DateTime64(6, 'UTC'),
    `auto` Bool,
    `body` String CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree(created)
ORDER BY (model, version, hash)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS `plumbline`.`checkpoints`
(
    `source` LowCardinality(String),
    `topic` LowCardinality(String),
    `partition` Int32,
    `next` Int64,
    `read` Int64,
    `folded` Int64,
    `rejected` Map(String, Int64),
    `newest` Nullable(DateTime64(6, 'UTC'))
)
ENGINE = ReplacingMergeTree(next)
ORDER BY (source, topic, partition)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

INSERT INTO `plumbline`.`schema` (version, pane_days, sample_days) SELECT 1, 400, 14;
