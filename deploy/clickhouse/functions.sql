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

CREATE OR REPLACE FUNCTION cdc_timestamp AS (value, per_second, digits, zone) ->
  multiIf(value IN (9223372036854775807, 9223372036825200000), 'infinity',
          value IN (-9223372036854775808, -9223372036832400000), '-infinity',
          concat(cdc_date(intDiv(value, per_second) - (value % per_second < 0)),
                 formatDateTime(cdc_in_cycle(intDiv(value, per_second) - (value % per_second < 0)), 'T%H:%i:%S'),
                 '.', leftPad(toString(positiveModulo(value, per_second)), digits, '0'), zone,
                 cdc_era(intDiv(value, per_second) - (value % per_second < 0))));

-- 2025-01-31T10:00:00.123456Z, and without zone.
CREATE OR REPLACE FUNCTION cdc_instant AS (us) -> cdc_timestamp(us, toInt64(1000000), 6, 'Z');
CREATE OR REPLACE FUNCTION cdc_local AS (us) -> cdc_timestamp(us, toInt64(1000000), 6, '');

-- Days since 1970, and a time of day.
CREATE OR REPLACE FUNCTION cdc_days AS (days) ->
  multiIf(days = 2146033979, 'infinity', days = -2147472691, '-infinity',
          days NOT BETWEEN -2147483648 AND 2147483647, toString(days),
          concat(cdc_date(days * 86400), cdc_era(days * 86400)));

CREATE OR REPLACE FUNCTION cdc_padded AS (number, digits) ->
  leftPad(toString(number), greatest(digits, length(toString(number))), '0');

CREATE OR REPLACE FUNCTION cdc_time AS (value, per_second, digits) ->
  concat(if(value < 0, '-', ''), cdc_padded(intDiv(abs(value), per_second * 3600), 2), ':',
         cdc_padded(intDiv(abs(value), per_second * 60) % 60, 2), ':', cdc_padded(intDiv(abs(value), per_second) % 60, 2),
         '.', cdc_padded(abs(value) % per_second, digits));

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

-- A JSON list of the texts, which stand first in the tuples as JSON has them; NULL for none.
CREATE OR REPLACE FUNCTION cdc_list AS (names) ->
  if(empty(names), NULL, concat('[', arrayStringConcat(arrayMap(name -> name.1, names), ','), ']'));

-- What Debezium sends for a column's value, from its JSON text: whether it can be read exactly, and its reading.
CREATE OR REPLACE FUNCTION cdc_is_integer AS (json) ->
  match(json, '^-?[0-9]+$') AND toString(JSONExtractInt(json)) = json;

CREATE OR REPLACE FUNCTION cdc_is_float AS (json) ->
  JSONType(json) = 'Double' OR (match(json, '^("-?[0-9]{20,}"|-?[0-9]+)$') -- more digits than 64 bits have: in quotes here
                                AND toString(toFloat64OrZero(trim(BOTH '"' FROM json))) = trim(BOTH '"' FROM json))
  OR json IN ('"NaN"', '"Infinity"', '"-Infinity"');

CREATE OR REPLACE FUNCTION cdc_is_base64 AS (json) ->
  startsWith(json, '"') AND base64Encode(tryBase64Decode(JSONExtractString(json))) = JSONExtractString(json);

-- A decimal: its unscaled number in base64, big-endian, and how many of its digits stand behind the point.
CREATE OR REPLACE FUNCTION cdc_unscaled AS (bytes) ->
  reinterpretAsInt256(reverse(leftPad(bytes, 32, '\0')))
    - if(reinterpretAsUInt8(bytes) >= 128, bitShiftLeft(toInt256(1), 8 * length(bytes)), toInt256(0));

CREATE OR REPLACE FUNCTION cdc_scaled AS (digits, scale) ->
  if(scale > 0, concat(substring(digits, 1, length(digits) - scale), '.', substring(digits, length(digits) - scale + 1)),
     if(digits = '0', digits, concat(digits, repeat('0', greatest(-scale, 0)))));

CREATE OR REPLACE FUNCTION cdc_decimal AS (base64, scale) ->
  if(base64 IS NULL, NULL,
     concat(if(cdc_unscaled(tryBase64Decode(assumeNotNull(base64))) < 0, '-', ''),
            cdc_scaled(cdc_padded(replaceOne(toString(cdc_unscaled(tryBase64Decode(assumeNotNull(base64)))), '-', ''),
                                  greatest(assumeNotNull(scale), 0) + 1), assumeNotNull(scale))));

-- A member's JSON text as it was sent, of the row before or after; and a JSON text's own value as a text.
CREATE OR REPLACE FUNCTION cdc_raw AS (event, side, name) ->
  nullIf(nullIf(simpleJSONExtractRaw(simpleJSONExtractRaw(event, side), name), 'null'), '');

CREATE OR REPLACE FUNCTION cdc_text_of AS (json) ->
  multiIf(json IS NULL OR json = 'null', NULL, startsWith(json, '"'), JSONExtractString(json), json = 'true', '1',
          json = 'false', '0', json);

-- Whether that was the member's, and not one of the same name within another value: read again it is the same.
CREATE OR REPLACE FUNCTION cdc_is_raw AS (event, payload, side, name) ->
  cdc_raw(event, side, name) IS NULL
    AND JSONType(payload, side, name) = 'Null'
  OR JSONExtractRaw(concat('{"x":', ifNull(cdc_raw(event, side, name), ''), '}'), 'x') = JSONExtractRaw(payload, side, name);

-- What a schema says of a column: its type, and behind a space its name, as in captured_column.sent_as; '' without one.
CREATE OR REPLACE FUNCTION cdc_sent_as AS (event, column) ->
  trimRight(arrayStringConcat(arrayMap(part -> JSONExtractString(
    arrayFirst(f -> JSONExtractString(f, 'field') = column, JSONExtractArrayRaw(
      arrayFirst(s -> JSONExtractString(s, 'field') = 'after', JSONExtractArrayRaw(event, 'schema', 'fields')), 'fields')),
    part), ['type', 'name']), ' '));
