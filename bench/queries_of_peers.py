"""The canned questions as a user of DuckDB or ClickHouse would put them, and what cdclite is asked."""

import datetime

EPOCH = datetime.datetime(1970, 1, 1)
WHOLE = {'from': '2026-02-01', 'to': '2026-07-01'}
PARTIAL = {'from': '2026-02-03T04:05:06.123456Z', 'to': '2026-07-08T09:10:11.5Z'}
AT = '2026-09-15T12:00:00Z'

STOCK = 'before_holding_stock IS DISTINCT FROM after_holding_stock'
QUANTITY = 'before_holding_quantity IS DISTINCT FROM after_holding_quantity'
SAME = 'before_holding_stock IS NOT DISTINCT FROM after_holding_stock'
SOLD = f"""(SELECT * FROM (
    SELECT before_holding_stock AS stock, changed_at AS sold_at,
           CASE WHEN op = 'u' AND {SAME} THEN before_holding_quantity - after_holding_quantity
                ELSE before_holding_quantity END AS units,
           CASE WHEN op = 'd' THEN 'closed' WHEN {STOCK} THEN 'switched' ELSE 'reduced' END AS reason
    FROM holding_history WHERE op IN ('u', 'd') AND before_holding_stock IS NOT NULL {{where}}) AS sale
  WHERE units > 0) AS sold"""
MONTH = {
    'DuckDB': "strftime(make_timestamp(sold_at), '%Y-%m-01')",
    'ClickHouse': "formatDateTime(fromUnixTimestamp64Micro(sold_at, 'UTC'), '%Y-%m-01')",
}


def microseconds(text):
    return (datetime.datetime.fromisoformat(text.rstrip('Z')) - EPOCH) // datetime.timedelta(microseconds=1)


def iso(number):
    """A time without zone, as cdclite spells it."""
    return (EPOCH + datetime.timedelta(microseconds=int(number))).isoformat(timespec='microseconds')


def where(parameters):
    text = ''
    if 'from' in parameters:
        text += (
            f' AND changed_at >= {microseconds(parameters["from"])} AND changed_at < {microseconds(parameters["to"])}'
        )
    return text + (f' AND before_user_id = {parameters["user"]}' if 'user' in parameters else '')


def stock_change_counts(_, parameters):
    return (
        f'SELECT before_user_id AS user_id, count(*) FILTER (WHERE {STOCK}), count(*) FILTER (WHERE {QUANTITY}), '
        f"count(*) AS events FROM holding_history WHERE op = 'u' AND ({STOCK} OR {QUANTITY}) {where(parameters)} "
        'GROUP BY user_id ORDER BY events DESC, user_id'
    )


def most_sold_stocks(_, parameters):
    reasons = ', '.join(f"count(*) FILTER (WHERE reason = '{reason}')" for reason in ('switched', 'reduced', 'closed'))
    return (
        f'SELECT stock, count(*) AS times, sum(units) AS all_units, {reasons} '
        f'FROM {SOLD.format(where=where(parameters))} GROUP BY stock '
        'ORDER BY times DESC, all_units DESC, stock LIMIT 10'
    )


def most_sold_stock_per_period(engine, parameters):
    return (
        f'SELECT period, stock, times, all_units FROM (SELECT *, row_number() OVER (PARTITION BY period '
        'ORDER BY times DESC, all_units DESC, stock) AS place FROM (SELECT '
        f'{MONTH[engine]} AS period, stock, count(*) AS times, sum(units) AS all_units '
        f'FROM {SOLD.format(where=where(parameters))} GROUP BY period, stock) AS counted) AS ranked '
        'WHERE place = 1 ORDER BY period'
    )


IMAGE = ('holding_id', 'user_id', 'holding_stock', 'holding_quantity', 'datetime_created', 'datetime_updated')


def holdings_as_of(_, parameters):
    def image(which, ops, sign):
        columns = ', '.join(f'{which}_{name} AS {name}' for name in IMAGE)
        return (
            f'SELECT {columns}, {sign} AS sign FROM holding_history WHERE op IN ({ops}) '
            f'AND {which}_user_id = {parameters["user"]} AND changed_at <= {microseconds(parameters["at"])}'
        )

    after, before = image('after', "'c', 'u', 'r'", 1), image('before', "'u', 'd'", -1)
    return (
        f'SELECT {", ".join(IMAGE)}, sum(sign) AS copies FROM ({after} UNION ALL {before}) AS images '
        f'GROUP BY {", ".join(IMAGE)} HAVING copies > 0'
    )


def holding_timeline(_, parameters):
    shown = ', '.join(
        f'{which}_{name}'
        for name in ('holding_id', 'user_id', 'holding_stock', 'holding_quantity')
        for which in ('before', 'after')
    )
    return (
        f'SELECT changed_at, op, {shown} FROM holding_history WHERE before_holding_id = {parameters["holding"]} '
        f'OR after_holding_id = {parameters["holding"]} ORDER BY changed_at, tx_id, lsn'
    )


SQL = {
    query.__name__: query
    for query in (stock_change_counts, most_sold_stocks, most_sold_stock_per_period, holdings_as_of, holding_timeline)
}
OPS = {'c': 'insert', 'u': 'update', 'd': 'delete', 'r': 'snapshot', 't': 'truncate'}


def as_cdclite_prints(name, rows, engine):
    """A peer's rows as texts, spelled as cdclite spells them; rows without an order of their own sorted."""
    if engine != 'SQLite' and name == 'holdings_as_of':
        rows = [[*row[:4], iso(row[4]), iso(row[5])] for row in rows for _ in range(int(row[6]))]
    if engine != 'SQLite' and name == 'holding_timeline':
        rows = [[iso(row[0]) + 'Z', OPS[row[1]], *row[2:]] for row in rows]
    texts = [['' if value is None else str(value) for value in row] for row in rows]
    return sorted(texts) if name.startswith('holding') else texts


def questions(user, holding):
    """(query, what is asked for, parameters) of all that is measured."""
    periods = (('all time', {}), ('whole days', WHOLE), ('any period', PARTIAL))
    found = [
        (name, f'{period}, {who}', given | more)
        for name in ('stock_change_counts', 'most_sold_stocks', 'most_sold_stock_per_period')
        for period, given in periods
        for who, more in (('all users', {}), ('one user', {'user': user}))
    ]
    return found + [
        ('holdings_as_of', 'one user', {'user': user, 'at': AT}),
        ('holding_timeline', 'one holding', {'holding': holding}),
    ]
