-- The database `bank`: one table without a key, and some rows in it.
--
--   createdb bank && psql -d bank -f deploy/bank.sql
--
-- The server must run with wal_level=logical for Debezium to read it.
CREATE SCHEMA bank_data;

CREATE TABLE bank_data.holding (
    holding_id int,
    user_id int,
    holding_stock text,
    holding_quantity int,
    datetime_created timestamp,
    datetime_updated timestamp
);

-- Updates and deletes bring their whole old row. Without this, what was sold cannot be told.
ALTER TABLE bank_data.holding REPLICA IDENTITY FULL;

INSERT INTO bank_data.holding VALUES
    (1000, 1, 'VFIAX', 10, now(), now()),
    (1001, 1, 'AAPL', 25, now(), now()),
    (1002, 2, 'SP500', 1, now(), now()),
    (1003, 3, 'MSFT', 40, now(), now());
