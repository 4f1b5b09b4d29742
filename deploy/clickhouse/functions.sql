-- What the views and queries share: how a time is spelled and read, and what a period holds.
-- Times are microseconds since 1970 UTC. The calendar repeats every 400 years (12622780800 seconds, 146097 days), so
-- ClickHouse's dates, which reach from 1900 to 2299, are asked about the same day in those.

CREATE OR REPLACE FUNCTION cdc_infinite AS (us) ->
  us IN (9223372036854775807, 9223372036825200000, -9223372036854775808, -9223372036832400000);

CREATE OR REPLACE FUNCTION cdc_seconds AS (us) -> intDiv(us, toInt64(1000000)) - (us % toInt64(1000000) < 0);

-- Whole 400 years since 1900, and the same second in 1900 to 2299.
CREATE OR REPLACE FUNCTION cdc_cycle AS (seconds) ->
  intDiv(seconds + 2208988800, toInt64(12622780800)) - ((seconds + 2208988800) % toInt64(12622780800) < 0);

CREATE OR REPLACE FUNCTION cdc_in_cycle AS (seconds) ->
  fromUnixTimestamp64Second(toInt64(seconds - cdc_cycle(seconds) * 12622780800), 'UTC');

CREATE OR REPLACE FUNCTION cdc_year AS (seconds) ->
  toInt64(toYear(cdc_in_cycle(seconds))) + 400 * cdc_cycle(seconds);

-- 2025-01-31, or 0044-03-15 BC in two parts: before the time of day and behind it.
CREATE OR REPLACE FUNCTION cdc_date AS (seconds) ->
  concat(leftPad(toString(if(cdc_year(seconds) > 0, cdc_year(seconds), 1 - cdc_year(seconds))),
                 greatest(4, length(toString(abs(cdc_year(seconds))))), '0'),
         formatDateTime(cdc_in_cycle(seconds), '-%m-%d'));

CREATE OR REPLACE FUNCTION cdc_era AS (seconds) -> if(cdc_year(seconds) > 0, '', ' BC');

CREATE OR REPLACE FUNCTION cdc_spelled AS (us, zone) ->
  multiIf(us IN (9223372036854775807, 9223372036825200000), 'infinity',
          us IN (-9223372036854775808, -9223372036832400000), '-infinity',
          concat(cdc_date(cdc_seconds(us)), formatDateTime(cdc_in_cycle(cdc_seconds(us)), 'T%H:%i:%S'),
                 '.', leftPad(toString(positiveModulo(us, toInt64(1000000))), 6, '0'), zone,
                 cdc_era(cdc_seconds(us))));

-- 2025-01-31T10:00:00.123456Z, and without zone.
CREATE OR REPLACE FUNCTION cdc_instant AS (us) -> cdc_spelled(us, 'Z');
CREATE OR REPLACE FUNCTION cdc_local AS (us) -> cdc_spelled(us, '');

-- The other way: 2025-01-31 or 2025-01-31T10:00:00.123456Z to microseconds, NULL for what is not a time.
CREATE OR REPLACE FUNCTION cdc_date_in_cycle AS (text) ->
  concat(toString(1900 + positiveModulo(toInt32OrZero(substring(text, 1, 4)) - 1900, 400)), substring(text, 5, 6));

CREATE OR REPLACE FUNCTION cdc_micros AS (text) ->
  if(match(ifNull(text, ''),
           '^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?Z?)?$')
       AND toString(toDate32OrZero(cdc_date_in_cycle(ifNull(text, '')))) = cdc_date_in_cycle(ifNull(text, '')),
     (toInt64(toDate32OrZero(cdc_date_in_cycle(ifNull(text, ''))))
        + 146097 * intDiv(toInt32OrZero(substring(ifNull(text, ''), 1, 4)) + 100, 400) - 146097 * 5) * 86400000000
       + toInt64OrZero(substring(ifNull(text, ''), 12, 2)) * 3600000000
       + toInt64OrZero(substring(ifNull(text, ''), 15, 2)) * 60000000
       + toInt64OrZero(substring(ifNull(text, ''), 18, 2)) * 1000000
       + toInt64OrZero(rightPad(extract(ifNull(text, ''), '\\.([0-9]+)'), 6, '0')),
     NULL);

-- Whether a change is of the period: from the one text on and before the other, by commit time or by the row's own
-- time, of which NULL and infinity are in no range. What has no meaning selects nothing.
CREATE OR REPLACE FUNCTION cdc_in_period AS (changed_at, row_updated_at, from_text, to_text, clock) ->
  (from_text IS NULL OR cdc_micros(from_text) IS NOT NULL) AND (to_text IS NULL OR cdc_micros(to_text) IS NOT NULL)
  AND ((ifNull(clock, 'commit') = 'commit'
        AND (from_text IS NULL OR changed_at >= cdc_micros(from_text))
        AND (to_text IS NULL OR changed_at < cdc_micros(to_text)))
       OR (ifNull(clock, 'commit') = 'row'
           AND ((from_text IS NULL AND to_text IS NULL)
                OR (row_updated_at IS NOT NULL AND NOT cdc_infinite(row_updated_at)
                    AND (from_text IS NULL OR row_updated_at >= cdc_micros(from_text))
                    AND (to_text IS NULL OR row_updated_at < cdc_micros(to_text))))));

-- The first day of a time's day, week (Monday), month or year, as days since 1970.
CREATE OR REPLACE FUNCTION cdc_is_period AS (period) -> ifNull(period, 'month') IN ('day', 'week', 'month', 'year');

CREATE OR REPLACE FUNCTION cdc_first_day AS (us, period) ->
  toInt64(toDate32(cdc_in_cycle(cdc_seconds(us)))) + 146097 * cdc_cycle(cdc_seconds(us))
  - multiIf(ifNull(period, 'month') = 'day', 0,
            ifNull(period, 'month') = 'week', toInt64(toDayOfWeek(cdc_in_cycle(cdc_seconds(us)))) - 1,
            ifNull(period, 'month') = 'month', toInt64(toDayOfMonth(cdc_in_cycle(cdc_seconds(us)))) - 1,
            toInt64(toDayOfYear(cdc_in_cycle(cdc_seconds(us)))) - 1);

CREATE OR REPLACE FUNCTION cdc_day AS (day) -> concat(cdc_date(day * 86400), cdc_era(day * 86400));

-- Whether an event tells of a column: what neither it nor the history before it tells is not known to have changed.
CREATE OR REPLACE FUNCTION cdc_known AS (unknown, column) ->
  unknown IS NULL OR position(ifNull(unknown, ''), concat('"before_', column, '"'))
                     + position(ifNull(unknown, ''), concat('"after_', column, '"')) = 0;
