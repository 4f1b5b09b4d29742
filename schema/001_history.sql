-- The bookkeeping around the history tables. The history tables themselves (T_history) and their views are made
-- when the first event of a table arrives: `cdclite schema` prints them. Times are microseconds since 1970 UTC.

CREATE TABLE position(
  -- Where to go on: one row a partition of a topic, or an input ("file:/path", "stdin").
  topic            TEXT NOT NULL,     -- of Kafka, or the input
  partition        INTEGER NOT NULL,  -- of the topic; 0 of an input
  next_offset      INTEGER NOT NULL,  -- the first offset (of an input: byte) not loaded yet
  anchor_offset    INTEGER NOT NULL,  -- the last record loaded (-1: none since --restart-at),
  anchor_timestamp INTEGER NOT NULL,  -- its Kafka timestamp in milliseconds, -1 when unknown,
  anchor_hash      TEXT NOT NULL,     -- and the hash of its key and value: read again to see that the log is the same
  end_offset       INTEGER,           -- the end of the log as seen with the last batch; lag = end_offset - next_offset
  PRIMARY KEY (topic, partition)
) STRICT, WITHOUT ROWID;

CREATE TABLE batch(
  -- One row a transaction of the loader: when its rows were loaded, and what they span.
  batch_id            INTEGER PRIMARY KEY,  -- from 1, in order
  loaded_at           INTEGER NOT NULL,  -- when it was committed
  first_change_id     INTEGER,           -- of all tables; NULL when the batch held no change
  last_change_id      INTEGER,           -- and the last one
  least_changed_at    INTEGER,           -- the earliest commit time at the source
  greatest_changed_at INTEGER,           -- and the latest
  least_lsn           INTEGER,           -- the lowest position at the source where positions are numbers
  greatest_lsn        INTEGER,           -- and the highest
  least_tx_id         INTEGER,           -- the lowest transaction at the source
  greatest_tx_id      INTEGER,           -- and the highest
  changes             INTEGER NOT NULL,  -- rows stored
  tombstones          INTEGER NOT NULL,  -- null values, which say nothing new
  bookkeeping         INTEGER NOT NULL,  -- heartbeats, transaction boundaries, logical messages
  rejected            INTEGER NOT NULL,  -- events that went to rejected_event
  redelivered         INTEGER NOT NULL   -- events that went to redelivered_event
) STRICT;

CREATE TABLE captured_table(
  -- A source table and the name it has here.
  table_id      INTEGER PRIMARY KEY,   -- what other tables name it by
  name          TEXT NOT NULL UNIQUE COLLATE NOCASE,  -- T of T_history
  source_name   TEXT NOT NULL UNIQUE,  -- server.schema.table as the events name it
  topic         TEXT NOT NULL,         -- where its first event stood
  key_enforced  INTEGER NOT NULL,      -- 1: the key is the message key's, which the source keeps unique
  bundled       INTEGER NOT NULL,      -- 1: the tutorial's holding table, which has views and a text log of its own
  many_partitions INTEGER NOT NULL,    -- 1: rows without a key came from several partitions, so arrival is no order
  changes       INTEGER NOT NULL       -- rows in T_history
) STRICT;

CREATE TABLE captured_column(
  -- A column of a source table, also one that it no longer has.
  table_id    INTEGER NOT NULL REFERENCES captured_table,  -- of captured_table
  position    INTEGER NOT NULL,  -- from 0, in order of appearance
  name        TEXT NOT NULL,     -- at the source
  column_name TEXT NOT NULL,     -- here: before_<column_name>, after_<column_name>
  is_key      INTEGER NOT NULL,  -- 1: of the message key, or declared
  storage     TEXT NOT NULL,     -- the history columns' type: INTEGER, TEXT, BLOB or ANY
  kind        TEXT NOT NULL,     -- how a JSON value becomes a stored one
  unit        TEXT,              -- of a time: days, timestamp_us, …; NULL for others
  scale       INTEGER NOT NULL,  -- of a decimal sent as bytes
  sent_as     TEXT,              -- type and semantic name in the schema block; NULL without schemas
  first_change_id INTEGER NOT NULL /* the first change that had it */,
  PRIMARY KEY (table_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE rejected_event(
  -- What could not be stored, whole (of an oversized one: the first KiB), and why.
  rejected_id INTEGER PRIMARY KEY,  -- in order of arrival
  batch_id    INTEGER NOT NULL,     -- the batch that met it
  topic       TEXT NOT NULL,        -- where it stood: topic or input,
  partition   INTEGER NOT NULL,     -- partition,
  "offset"    INTEGER NOT NULL,     -- and offset (of an input: byte)
  reason      TEXT NOT NULL,        -- why, in words
  "key"       BLOB,                 -- the message's key; NULL without one
  value       BLOB,                 -- the message's value
  value_size  INTEGER NOT NULL,     -- bytes
  value_hash  TEXT NOT NULL         -- of all of it, 64 bits in hex
) STRICT;

CREATE TABLE connector_run(
  -- From here on the connector ran anew and may have sent events again (Debezium delivers at least once).
  run             INTEGER PRIMARY KEY,  -- in order of discovery
  table_id        INTEGER NOT NULL REFERENCES captured_table,  -- the table whose events told of it
  topic           TEXT NOT NULL,        -- where its first event stood: topic,
  partition       INTEGER NOT NULL,     -- partition
  first_offset    INTEGER NOT NULL,     -- and offset
  first_change_id INTEGER NOT NULL,     -- rows of this table and partition from here on are of this run or a later one
  run_id          TEXT,                 -- header __debezium.context.runId; NULL where the run was told by its order
  last_tx_id      INTEGER,              -- of its last event so far,
  last_lsn        INTEGER,              -- its position,
  greatest_lsn    INTEGER               -- and the highest position it has reached; the latest commit time where positions are no numbers
) STRICT;

CREATE TABLE redelivered_event(
  -- An event that Debezium sent again: it is not stored twice.
  topic     TEXT NOT NULL,     -- where it stood: topic,
  partition INTEGER NOT NULL,  -- partition
  "offset"  INTEGER NOT NULL,  -- and offset
  change_id INTEGER NOT NULL,  -- the row it repeats
  run       INTEGER NOT NULL REFERENCES connector_run  -- the run that sent it again
) STRICT;

CREATE TABLE text_log(
  -- The text files this database owns.
  name              TEXT PRIMARY KEY,   -- the table
  path              TEXT NOT NULL UNIQUE,  -- absolute
  committed_length  INTEGER NOT NULL,   -- bytes; more than these are cut off at the next start
  through_change_id INTEGER NOT NULL    -- the last change whose lines are in it
) STRICT, WITHOUT ROWID;
