-- One user's sales tell their date, not the day since 1970, so that a query need not find its month or year sale by sale;
-- those that do not fit stand apart. What the tables of 004_summaries.sql have is forgotten: the next load makes the sums
-- again from the history, and until then queries read that.

-- An open connection keeps so many pages (4 MiB), not 2 MiB: answers of one user look at two pages of every step, and asked
-- again would read them again. Many more make single questions slower. The pragma is deprecated; an SQLite without it
-- takes 2 MiB.
PRAGMA default_cache_size = 256;

DELETE FROM summary_state WHERE usable;
DELETE FROM summary_hour;
DELETE FROM summary_user_day;
DELETE FROM summary_user_total;
DELETE FROM summary_stock_hour;
DELETE FROM summary_stock_day;
DELETE FROM summary_stock_total;
DELETE FROM summary_stock;
DELETE FROM summary_holding_list;
DELETE FROM summary_reset;

DROP TABLE summary_step;
CREATE TABLE summary_step(
  -- The changes folded at a time.
  step                INTEGER PRIMARY KEY,  -- from 1, in order
  first_change_id     INTEGER NOT NULL,  -- of holding_history: the rows from here
  last_change_id      INTEGER NOT NULL,  -- to here
  least_changed_at    INTEGER NOT NULL,  -- the earliest commit time
  greatest_changed_at INTEGER NOT NULL,  -- and the latest
  least_partition     INTEGER NOT NULL,  -- the lowest partition of Kafka
  greatest_partition  INTEGER NOT NULL   -- and the highest
) STRICT;

DROP TABLE summary_user_list;
CREATE TABLE summary_user_list(
  -- The rows of a step whose old or new owner is this one.
  step        INTEGER NOT NULL,  -- of summary_step
  user_id     ANY NOT NULL,      -- never NULL
  changes     TEXT NOT NULL,     -- JSON list: change_id - first_change_id of the step
  -- Sales of which he was the owner, one integer each in a JSON list. From its lowest bits on: the reason (2 bits:
  -- 0 switched, 1 reduced, 2 closed), stock_no (14), the date by commit time, UTC (day 5, month 4, year - 1970 7), and
  -- units (31).
  sales       TEXT NOT NULL,
  other_sales TEXT NOT NULL,     -- the sales that do not fit in there, as in changes
  PRIMARY KEY (step, user_id)
) STRICT, WITHOUT ROWID;
