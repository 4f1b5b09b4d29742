-- Sums over the bundled holding table, so that the canned queries need not read all of its history. The loader writes
-- them in steps of many changes, each within the transaction of a batch. What they cover ends at folded_through: the
-- queries add the rows behind it from the history, so that their answers are exact at every moment. They say nothing
-- that the history does not: `cdclite verify` holds the two together. Days and hours count from 1970 UTC, by commit time.

CREATE TABLE summary_state(
  -- One row, none before the first step.
  state          INTEGER PRIMARY KEY CHECK (state = 1),  -- always 1
  folded_through INTEGER NOT NULL,  -- the last change in the sums, 0 for none
  usable         INTEGER NOT NULL   -- 0: a value came that sums cannot hold exactly: they are empty from then on
) STRICT;

CREATE TABLE summary_step(
  -- The changes folded at a time.
  step                INTEGER PRIMARY KEY,  -- from 1, in order
  first_change_id     INTEGER NOT NULL,  -- of holding_history: the rows from here
  last_change_id      INTEGER NOT NULL,  -- to here
  first_day           INTEGER NOT NULL,  -- the day of its first change
  least_changed_at    INTEGER NOT NULL,  -- the earliest commit time
  greatest_changed_at INTEGER NOT NULL,  -- and the latest
  least_partition     INTEGER NOT NULL,  -- the lowest partition of Kafka
  greatest_partition  INTEGER NOT NULL   -- and the highest
) STRICT;

CREATE TABLE summary_hour(
  -- Where the rows of an hour stand: among those between first and last.
  hour            INTEGER NOT NULL,  -- hours since 1970
  step            INTEGER NOT NULL,  -- of summary_step
  first_change_id INTEGER NOT NULL,  -- the first row of the hour in that step
  last_change_id  INTEGER NOT NULL,  -- and the last
  PRIMARY KEY (hour, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE summary_user_day(
  -- What stock_change_counts counts, a day.
  day              INTEGER NOT NULL,  -- days since 1970
  user_id          ANY NOT NULL,      -- an empty BLOB for NULL
  stock_changes    INTEGER NOT NULL,  -- updates that changed the stock
  quantity_changes INTEGER NOT NULL,  -- updates that changed the quantity
  changed_events   INTEGER NOT NULL,  -- updates that changed either
  PRIMARY KEY (day, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE summary_user_total(
  -- The same of all days before some days.
  day              INTEGER NOT NULL,  -- all days before this one
  user_id          ANY NOT NULL,      -- an empty BLOB for NULL
  stock_changes    INTEGER NOT NULL,  -- updates that changed the stock
  quantity_changes INTEGER NOT NULL,  -- updates that changed the quantity
  changed_events   INTEGER NOT NULL,  -- updates that changed either
  PRIMARY KEY (day, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE summary_stock_hour(
  -- Sales (holding_sale_events), an hour.
  hour     INTEGER NOT NULL,  -- hours since 1970
  stock    ANY NOT NULL,      -- the stock sold
  units    INTEGER NOT NULL,  -- units sold
  switched INTEGER NOT NULL,  -- sales by a switch to another stock or to none
  reduced  INTEGER NOT NULL,  -- sales by a smaller quantity
  closed   INTEGER NOT NULL,  -- sales by a delete
  PRIMARY KEY (hour, stock)
) STRICT, WITHOUT ROWID;

CREATE TABLE summary_stock_day(
  -- Sales, a day.
  day      INTEGER NOT NULL,  -- days since 1970
  stock    ANY NOT NULL,      -- the stock sold
  units    INTEGER NOT NULL,  -- units sold
  switched INTEGER NOT NULL,  -- sales by a switch to another stock or to none
  reduced  INTEGER NOT NULL,  -- sales by a smaller quantity
  closed   INTEGER NOT NULL,  -- sales by a delete
  PRIMARY KEY (day, stock)
) STRICT, WITHOUT ROWID;

CREATE TABLE summary_stock_total(
  -- Sales of all days before some days.
  day      INTEGER NOT NULL,  -- all days before this one
  stock    ANY NOT NULL,      -- the stock sold
  units    INTEGER NOT NULL,  -- units sold
  switched INTEGER NOT NULL,  -- sales by a switch to another stock or to none
  reduced  INTEGER NOT NULL,  -- sales by a smaller quantity
  closed   INTEGER NOT NULL,  -- sales by a delete
  PRIMARY KEY (day, stock)
) STRICT, WITHOUT ROWID;

CREATE TABLE summary_user_list(
  -- The rows of a step whose old or new owner is this one.
  step       INTEGER NOT NULL,  -- of summary_step
  user_id    ANY NOT NULL,      -- never NULL
  changes    TEXT NOT NULL,     -- JSON list: change_id - first_change_id of the step
  -- Sales of which he was the owner, one integer each in a JSON list. Its lowest two bits are the reason (0 switched,
  -- 1 reduced, 2 closed), and above them are stock_no (14 bits), day - first_day of the step + 8192 (14 bits), and units.
  -- Where these do not fit the lowest bits are 3, and above them is change_id - first_change_id.
  sales      TEXT NOT NULL,
  PRIMARY KEY (step, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE summary_stock(
  -- The stocks in summary_user_list.sales.
  stock_no INTEGER PRIMARY KEY,  -- its number there
  stock    ANY NOT NULL          -- the stock
) STRICT;

CREATE TABLE summary_holding_list(
  -- The rows of a step whose old or new holding_id is this one.
  step       INTEGER NOT NULL,  -- of summary_step
  holding_id ANY NOT NULL,      -- the holding
  changes    TEXT NOT NULL,     -- JSON list: change_id - first_change_id of the step
  PRIMARY KEY (step, holding_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE summary_reset(
  -- Truncates, and snapshot rows that follow one another and share their time and position.
  first_change_id INTEGER PRIMARY KEY,  -- its first row
  last_change_id  INTEGER NOT NULL,     -- and its last one
  op              TEXT NOT NULL,        -- r or t
  changed_at      INTEGER NOT NULL,     -- their commit time,
  lsn             ANY,                  -- position
  tx_id           ANY                   -- and transaction
) STRICT;
