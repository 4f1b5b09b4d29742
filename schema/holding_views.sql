-- What a change of a holding means as a sale. Runs again at any time: it only replaces the two views.

DROP VIEW IF EXISTS holding_sales;
DROP VIEW IF EXISTS holding_sale_events;

CREATE VIEW holding_sale_events AS
-- One row a sale, as raw facts for queries to count. A sale is an update to another stock or to none (switched: all
-- units of the old stock), an update of the same stock to a smaller quantity (reduced: the difference), or a delete
-- (closed: all units). Without an old stock, with a NULL quantity, or with no units, nothing was sold. Snapshot reads
-- and truncates are no sales. Old values an event did not carry are as the history holds them (column unavailable).
-- One flat SELECT on purpose: SQLite merges it into the query, and columns not asked for cost nothing.
SELECT
  change_id,                                   -- the event in holding_history
  changed_at,                                  -- commit time, microseconds since 1970 UTC
  iif(op = 'u', after_datetime_updated, before_datetime_updated)
    AS row_updated_at,                         -- the row's own datetime_updated, microseconds: new for an update
  before_user_id AS user_id,                   -- the owner before the change
  before_holding_id AS holding_id,             -- the holding's id before the change
  before_holding_stock AS stock,               -- the stock sold
  iif(op = 'u' AND before_holding_stock IS after_holding_stock,
      before_holding_quantity - after_holding_quantity, before_holding_quantity)
    AS units,                                  -- units sold, more than 0
  CASE
    WHEN op = 'd' THEN 'closed'
    WHEN before_holding_stock IS NOT after_holding_stock THEN 'switched'
    ELSE 'reduced'
  END AS reason                                -- switched, reduced or closed
FROM holding_history
WHERE op IN ('u', 'd')
  AND before_holding_stock IS NOT NULL
  AND iif(op = 'u' AND before_holding_stock IS after_holding_stock,
          before_holding_quantity - after_holding_quantity, before_holding_quantity) > 0;

CREATE VIEW holding_sales AS
-- One row a sale, for people: holding_sale_events with the time spelled out.
-- The calendar repeats every 400 years (12622780800 seconds), so strftime, which ends at year 9999, is asked about the
-- same second in 1970 to 2369; the divisions round down, also before 1970.
SELECT
  printf('%04d', iif(year > 0, year, 1 - year)) || strftime('-%m-%dT%H:%M:%S', in_cycle, 'unixepoch')
    || printf('.%06dZ', (changed_at % 1000000 + 1000000) % 1000000) || iif(year > 0, '', ' BC')
    AS sold_at,                                -- commit time, UTC: 2025-01-31T10:00:00.123456Z
  user_id,                                     -- the owner before the change
  holding_id,                                  -- the holding's id before the change
  stock,                                       -- the stock sold
  units,                                       -- units sold, more than 0
  reason                                       -- switched, reduced or closed
FROM (
  SELECT *, strftime('%Y', in_cycle, 'unixepoch') + 400 * ((seconds - in_cycle) / 12622780800) AS year
  FROM (
    SELECT *, (seconds % 12622780800 + 12622780800) % 12622780800 AS in_cycle
    FROM (SELECT *, changed_at / 1000000 - (changed_at % 1000000 < 0) AS seconds FROM holding_sale_events)
  )
);
