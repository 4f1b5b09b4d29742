-- What tables other than the first one need: keys that are followed, shapes that change, values that events leave out.

ALTER TABLE captured_table ADD COLUMN key_declared INTEGER NOT NULL DEFAULT 0
  /* 1: the key is one said by --key */;
ALTER TABLE captured_table ADD COLUMN flattened INTEGER NOT NULL DEFAULT 0
  /* 1: its events are flattened records */;
ALTER TABLE captured_table ADD COLUMN old_values INTEGER
  /* 1: the last update carried its old row, 0: not (NULL: none) */;
ALTER TABLE captured_table ADD COLUMN keeps_state INTEGER NOT NULL DEFAULT 0
  /* 1: row_state has its rows */;

ALTER TABLE captured_column ADD COLUMN present INTEGER NOT NULL DEFAULT 1
  /* 0: the source no longer has it */;
ALTER TABLE captured_column ADD COLUMN place INTEGER NOT NULL DEFAULT 0
  /* from 0, its place among the source's columns */;
ALTER TABLE captured_column ADD COLUMN identifying INTEGER NOT NULL DEFAULT 0
  /* 1: named first in text lines */;
ALTER TABLE captured_column ADD COLUMN declared INTEGER NOT NULL DEFAULT 0
  /* 1: the type is one said by --type */;
UPDATE captured_column SET place = position, identifying = is_key OR name IN ('holding_id', 'user_id')
  AND table_id IN (SELECT table_id FROM captured_table WHERE bundled);

CREATE TABLE column_change(
  -- The source table was altered: rows from before this change stand in the history as they were, and T_current shows
  -- them as the source has them since.
  table_id      INTEGER NOT NULL REFERENCES captured_table,  -- of captured_table
  change_id     INTEGER NOT NULL,  -- the first change of the new shape,
  changed_at    INTEGER NOT NULL,  -- and its commit time
  position      INTEGER NOT NULL,  -- of the column in captured_column
  what          TEXT NOT NULL,     -- appeared (added, renamed or back again), retyped (or its type first told), or vanished
  renamed_from  INTEGER,           -- appeared: the position of the column that had this place before
  default_sql   TEXT,              -- appeared: what rows from before have in it, as an SQL literal; NULL without a default
  old_kind      TEXT,              -- retyped: how it was before, as in captured_column
  old_unit      TEXT,              -- its unit,
  old_scale     INTEGER,           -- its scale,
  old_sent_as   TEXT               -- and its type in the schema block
) STRICT;
CREATE INDEX column_change_of_table ON column_change(table_id, change_id);

CREATE TABLE source_snapshot(
  -- One row each time the connector has read all rows of a table (op r). Rows that it no longer met are gone.
  table_id        INTEGER NOT NULL REFERENCES captured_table,  -- of captured_table
  first_change_id INTEGER NOT NULL,  -- its first row
  last_change_id  INTEGER NOT NULL,  -- and its last one so far
  changed_at      INTEGER NOT NULL,  -- of its first row
  lsn             ANY,               -- that its rows share
  tx_id           ANY,               -- and their transaction
  complete        INTEGER NOT NULL,  -- 1: its last row was seen, or a change after it
  PRIMARY KEY (table_id, first_change_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE row_state(
  -- Where the last known state of a row stands, of tables whose events leave out old values.
  table_id  INTEGER NOT NULL REFERENCES captured_table,  -- of captured_table
  "key"     BLOB NOT NULL,     -- the values of its key columns
  change_id INTEGER NOT NULL,  -- its last event: the state is after, or before where
  deleted   INTEGER NOT NULL,  -- 1: that was the delete that begins a key change
  PRIMARY KEY (table_id, "key")
) STRICT, WITHOUT ROWID;

CREATE TABLE unknown_value(
  -- Values that neither the event nor the history tells: they are NULL in the history without being known to be.
  change_id INTEGER PRIMARY KEY,  -- the row in its T_history
  columns   TEXT                  -- JSON list of history columns, a part of the row's unavailable; NULL: all of it
) STRICT;

CREATE TABLE logical_message(
  -- What pg_logical_emit_message wrote (op m).
  message_id INTEGER PRIMARY KEY,  -- in order of arrival
  server     TEXT NOT NULL,        -- topic.prefix of the connector
  changed_at INTEGER NOT NULL,     -- commit time at the source
  lsn        ANY,                  -- position at the source
  tx_id      ANY,                  -- NULL: not part of a transaction, and there even if it rolled back
  prefix     TEXT NOT NULL,        -- what it was called with: the prefix
  content    BLOB NOT NULL,        -- and the content
  topic      TEXT NOT NULL,        -- where it stood: topic,
  partition  INTEGER NOT NULL,     -- partition
  "offset"   INTEGER NOT NULL      -- and offset
) STRICT;
CREATE INDEX logical_message_by_position ON logical_message(lsn);

CREATE TABLE transaction_boundary(
  -- BEGIN and END of the source's transactions, where the connector sends them (provide.transaction.metadata).
  boundary_id      INTEGER PRIMARY KEY,  -- in order of arrival
  topic            TEXT NOT NULL,        -- where it stood
  status           TEXT NOT NULL,        -- BEGIN or END
  transaction_id   TEXT NOT NULL,        -- as sent: of PostgreSQL txId:lsn, of which the lsn is the boundary's own
  tx_id            ANY,                  -- T_history's tx_id: of PostgreSQL what stands before the colon, else the id
  at_ms            INTEGER,              -- milliseconds since 1970
  event_count      INTEGER,              -- of END
  data_collections TEXT,                 -- of END: JSON, the events by table
  partition        INTEGER NOT NULL,     -- its partition
  "offset"         INTEGER NOT NULL,     -- and offset
  UNIQUE (transaction_id, status, topic)
) STRICT;
