-- People buy, switch, sell and leave: something to look at. Run it as often as you like, also several at a time:
--
--   psql -d bank -f deploy/workload.sql                  # 500 rounds
--   psql -d bank -v rounds=20000 -f deploy/workload.sql
--
-- A round is a transaction of one to three changes (a user who leaves may make more). One of twenty is rolled back,
-- and leaves no trace.
\set QUIET on
\set ON_ERROR_STOP on
\if :{?rounds}
\else
\set rounds 500
\endif
SELECT set_config('workload.rounds', :'rounds', false) AS rounds \gset

DO $$
DECLARE
    stocks text[] := ARRAY['AAPL', 'AMZN', 'GOOG', 'IBM', 'MSFT', 'NFLX', 'NVDA', 'ORCL', 'SP500', 'TSLA', 'VFIAX'];
    stock text;
    mine int;
    owner int;
    dice double precision;
BEGIN
    FOR round IN 1..current_setting('workload.rounds')::int LOOP
        stock := stocks[1 + floor(random() * array_length(stocks, 1))];
        -- Some buy and sell far more than others.
        owner := 1 + floor(200 * random() ^ 2);
        dice := random();
        SELECT h.holding_id, h.user_id INTO mine, owner
          FROM (SELECT owner AS drawn) d
          LEFT JOIN LATERAL (SELECT holding_id, user_id FROM bank_data.holding
                              WHERE user_id = d.drawn ORDER BY random() LIMIT 1) h ON true;
        IF mine IS NULL OR dice < 0.25 THEN
            owner := coalesce(owner, 1 + floor(200 * random() ^ 2));
            -- One at a time, so that no two holdings get one number.
            PERFORM pg_advisory_xact_lock(1000);
            INSERT INTO bank_data.holding
            SELECT coalesce(max(holding_id), 999) + 1, owner, stock, 1 + floor(random() * 100),
                   clock_timestamp(), clock_timestamp()
              FROM bank_data.holding;
        ELSIF dice < 0.50 THEN
            UPDATE bank_data.holding SET holding_stock = stock, datetime_updated = clock_timestamp()
             WHERE holding_id = mine;
        ELSIF dice < 0.70 THEN
            UPDATE bank_data.holding SET holding_quantity = holding_quantity + 1 + floor(random() * 50),
                   datetime_updated = clock_timestamp()
             WHERE holding_id = mine;
        ELSIF dice < 0.88 THEN
            UPDATE bank_data.holding SET holding_quantity = floor(random() * holding_quantity),
                   datetime_updated = clock_timestamp()
             WHERE holding_id = mine;
        ELSIF dice < 0.93 THEN
            -- Thought better of it twice.
            UPDATE bank_data.holding SET holding_quantity = 2 * holding_quantity WHERE holding_id = mine;
            UPDATE bank_data.holding SET holding_stock = stock WHERE holding_id = mine;
            UPDATE bank_data.holding SET holding_quantity = holding_quantity / 2, datetime_updated = clock_timestamp()
             WHERE holding_id = mine;
        ELSIF dice < 0.99 THEN
            DELETE FROM bank_data.holding WHERE holding_id = mine;
        ELSE
            DELETE FROM bank_data.holding WHERE user_id = owner;
        END IF;
        IF random() < 0.05 THEN
            ROLLBACK;
        ELSE
            COMMIT;
        END IF;
    END LOOP;
END
$$;
