-- as_of: the rows of a table as they stood at a commit time.
-- The same question as queries/as_of.sql, which says what parameters and columns mean, put to ClickHouse: a template for
-- deploy/clickhouse/table.py --query.
SELECT {each_now {spelled r.row.{nth}} AS {column}}
FROM {rows {at:Nullable(String)} IS NULL OR changed_at <= cdc_micros({at:Nullable(String)})} AS r
ORDER BY {each_telling {ordered {column}}}, {each_now {ordered {column}}};
