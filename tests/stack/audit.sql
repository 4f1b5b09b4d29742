-- PostgreSQL's own account of what was done to tables: a row a change, written by triggers in the transaction that made
-- it, so that what was rolled back is not there. A row's columns are in it as PostgreSQL prints them.
CREATE EXTENSION hstore;
CREATE SCHEMA audit;

CREATE TABLE audit.change (
    seq bigserial PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    source text NOT NULL,
    op text NOT NULL,
    old hstore,
    new hstore
);

CREATE FUNCTION audit.note() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$
BEGIN
    INSERT INTO audit.change (source, op, old, new) VALUES (
        tg_table_name,
        CASE tg_op WHEN 'INSERT' THEN 'c' WHEN 'UPDATE' THEN 'u' WHEN 'DELETE' THEN 'd' ELSE 't' END,
        CASE WHEN tg_op IN ('UPDATE', 'DELETE') THEN hstore(old) END,
        CASE WHEN tg_op IN ('UPDATE', 'INSERT') THEN hstore(new) END);
    RETURN NULL;
END
$$;

CREATE PROCEDURE audit.watch(source regclass) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON %s
                    FOR EACH ROW EXECUTE FUNCTION audit.note()', source);
    EXECUTE format('CREATE TRIGGER audit_truncate AFTER TRUNCATE ON %s EXECUTE FUNCTION audit.note()', source);
END
$$;

-- The order of commits is the order in which logical decoding gives the transactions.
SELECT pg_create_logical_replication_slot('audit', 'test_decoding');

CREATE VIEW audit.transaction AS
SELECT xid::text::xid8 AS xid, place, extract(epoch FROM pg_xact_commit_timestamp(xid)) * 1000000 AS committed
FROM pg_logical_slot_peek_changes('audit', NULL, NULL) WITH ORDINALITY AS decoded(lsn, xid, data, place)
WHERE data LIKE 'COMMIT%';

-- What is asked of holdings, as README defines it.
CREATE VIEW audit.holding AS
SELECT seq, op, pg_xact_commit_timestamp(xid::xid) AS committed,
       (old -> 'user_id')::int AS old_user, old -> 'holding_stock' AS old_stock,
       (old -> 'holding_quantity')::bigint AS old_quantity,
       new -> 'holding_stock' AS new_stock, (new -> 'holding_quantity')::bigint AS new_quantity
FROM audit.change WHERE source = 'holding';

CREATE VIEW audit.sale AS
SELECT committed, old_stock AS stock, 'closed' AS reason, old_quantity AS units
FROM audit.holding WHERE op = 'd' AND old_stock IS NOT NULL AND old_quantity > 0
UNION ALL
SELECT committed, old_stock, 'switched', old_quantity
FROM audit.holding WHERE op = 'u' AND old_stock <> coalesce(new_stock, old_stock || '.') AND old_quantity > 0
UNION ALL
SELECT committed, old_stock, 'reduced', old_quantity - new_quantity
FROM audit.holding WHERE op = 'u' AND old_stock = new_stock AND new_quantity < old_quantity;

CREATE VIEW audit.stock_change_counts AS
SELECT old_user AS user_id,
       count(*) FILTER (WHERE old_stock IS DISTINCT FROM new_stock) AS stock_changes,
       count(*) FILTER (WHERE old_quantity IS DISTINCT FROM new_quantity) AS quantity_changes,
       count(*) AS changed_events
FROM audit.holding
WHERE op = 'u' AND (old_stock, old_quantity) IS DISTINCT FROM (new_stock, new_quantity)
GROUP BY old_user
ORDER BY changed_events DESC, user_id NULLS LAST;

CREATE VIEW audit.most_sold_stocks AS
SELECT stock, count(*) AS times_sold, sum(units) AS units_sold, count(*) FILTER (WHERE reason = 'switched') AS switched,
       count(*) FILTER (WHERE reason = 'reduced') AS reduced, count(*) FILTER (WHERE reason = 'closed') AS closed
FROM audit.sale
GROUP BY stock
ORDER BY times_sold DESC, units_sold DESC, stock COLLATE "C";

CREATE VIEW audit.most_sold_stock_per_period AS
SELECT to_char(committed, 'YYYY-MM-DD') AS period, stock, count(*) AS times_sold, sum(units) AS units_sold
FROM audit.sale
GROUP BY period, stock
ORDER BY period, times_sold DESC, units_sold DESC, stock COLLATE "C";
