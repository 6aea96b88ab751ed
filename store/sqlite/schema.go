package sqlite

import "plumbline/internal/sqlitefile"

// tables holds every format there ever was. A step that was released is never changed.
var tables = sqlitefile.Tables{
	Version:    "PRAGMA user_version",
	SetVersion: "PRAGMA user_version = %d",
	Steps:      []string{format1},
}

// foreignTables counts the tables of other programs. The alert ledger may live in the same file.
const foreignTables = `
SELECT count(*) FROM sqlite_schema
WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name NOT LIKE 'ledger\_%' ESCAPE '\'
  AND (SELECT user_version FROM pragma_user_version) = 0`

// The names are kept once, and rows refer to them by small integers. Bodies of panes are too large for the leaves of a table
// WITHOUT ROWID (over 1002 bytes each takes a page of its own); rows of answers and labels are nothing but their key and a few
// bytes, and are half the size in one. Times are microseconds, starts and widths of panes milliseconds.
const format1 = `
CREATE TABLE partitions (
  id     INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  topic  TEXT NOT NULL,
  number INTEGER NOT NULL,
  newest INTEGER, -- start of its newest pane
  UNIQUE (source, topic, number)
);
CREATE TABLE models   (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE versions (id INTEGER PRIMARY KEY, model INTEGER NOT NULL, version TEXT NOT NULL, UNIQUE (model, version));
CREATE TABLE slices   (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE series (
  id      INTEGER PRIMARY KEY,
  version INTEGER NOT NULL,
  slice   INTEGER NOT NULL,
  width   INTEGER NOT NULL,
  UNIQUE (version, slice, width)
);
CREATE TABLE panes (
  series      INTEGER NOT NULL,
  start       INTEGER NOT NULL,
  part        INTEGER NOT NULL,
  last_offset INTEGER NOT NULL,
  records     INTEGER NOT NULL,
  body        BLOB NOT NULL,
  PRIMARY KEY (series, start, part)
);
CREATE TABLE answers (
  version    INTEGER NOT NULL,
  time       INTEGER NOT NULL,
  part       INTEGER NOT NULL,
  offset     INTEGER NOT NULL,
  kind       INTEGER NOT NULL,
  id         TEXT NOT NULL,
  session    TEXT NOT NULL,
  prediction TEXT NOT NULL,
  score      REAL,
  slices     BLOB NOT NULL, -- see names.go
  query      INTEGER NOT NULL, -- the 64 bits of an unsigned number
  PRIMARY KEY (version, time, part, offset)
) WITHOUT ROWID;
CREATE TABLE labels (
  model  INTEGER NOT NULL,
  id     TEXT NOT NULL,
  time   INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  part   INTEGER NOT NULL,
  value  TEXT NOT NULL,
  PRIMARY KEY (model, id, time, offset, part)
) WITHOUT ROWID;
CREATE TABLE sample_blocks (
  version      INTEGER NOT NULL,
  part         INTEGER NOT NULL,
  first_offset INTEGER NOT NULL,
  last_offset  INTEGER NOT NULL,
  oldest       INTEGER NOT NULL,
  newest       INTEGER NOT NULL,
  records      INTEGER NOT NULL,
  size         INTEGER NOT NULL, -- bytes before compression
  body         BLOB NOT NULL, -- see block.go
  PRIMARY KEY (version, part, first_offset)
);
CREATE INDEX sample_blocks_by_offset ON sample_blocks (version, part, last_offset);
CREATE INDEX sample_blocks_by_time ON sample_blocks (version, newest, oldest);
CREATE TABLE checkpoints (
  part     INTEGER PRIMARY KEY,
  next     INTEGER NOT NULL,
  read     INTEGER NOT NULL,
  folded   INTEGER NOT NULL,
  rejected TEXT NOT NULL, -- JSON: counts by reason
  newest   INTEGER NOT NULL
);
CREATE TABLE baselines (
  model   TEXT NOT NULL,
  version TEXT NOT NULL,
  hash    TEXT NOT NULL,
  created INTEGER NOT NULL,
  auto    INTEGER NOT NULL,
  body    BLOB NOT NULL,
  PRIMARY KEY (model, version, hash)
);
CREATE INDEX baselines_by_hash ON baselines (hash);
`
