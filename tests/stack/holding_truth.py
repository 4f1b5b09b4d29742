"""Holds the history of `holding` against what PostgreSQL says."""
import datetime

import pipeline

COLUMNS = ('holding_id', 'user_id', 'holding_stock', 'holding_quantity', 'datetime_created', 'datetime_updated')
EPOCH = datetime.datetime(1970, 1, 1)
ANSWERS = (('stock_change_counts',), ('most_sold_stocks', 'limit=0'),
           ('most_sold_stock_per_period', 'period=day', 'limit=0'))


def stored(row):
    """A row as the history holds it, of the texts that PostgreSQL prints."""
    def value(column, text):
        if text is None or column == 'holding_stock':
            return text
        if column.startswith('datetime'):
            return (datetime.datetime.fromisoformat(whole_fraction(text)) - EPOCH) // datetime.timedelta(microseconds=1)
        return int(text)
    return tuple(value(column, row and row[column]) for column in COLUMNS)


def whole_fraction(text):
    head, point, fraction = text.partition('.')
    return head + point + (fraction.ljust(6, '0') if point else '')


class HoldingTest(pipeline.PipelineTest):
    def audit(self):
        """(op, committed, transaction, before…, after…) of each change, in the order of commits."""
        return [(op, committed, xid, *stored(old), *stored(new)) for op, committed, xid, old, new in self.ask(
            'SELECT op, committed::bigint, xid::text::bigint AS xid, hstore_to_json(old) AS old, '
            'hstore_to_json(new) AS new FROM audit.change JOIN audit.transaction USING (xid) ORDER BY place, seq')]

    def history(self):
        names = ', '.join(f'{side}_{column}' for side in ('before', 'after') for column in COLUMNS)
        return self.select(f"SELECT op, changed_at, tx_id, {names} FROM holding_history WHERE op <> 'r' "
                           'ORDER BY change_id')

    def check_all(self):
        """All that the history says, and both answers; the number of changes."""
        audit, history = self.audit(), self.history()
        for place, (wanted, got) in enumerate(zip(audit, history)):
            self.assertEqual(wanted, got, f'change {place + 1} of {len(audit)}')
        self.assertEqual(len(history), len(audit))
        self.assertEqual(self.current(), self.table())
        for name, *parameters in ANSWERS:
            wanted = self.ask(f'TABLE audit.{name}')
            self.assertEqual(self.query(name, *parameters), wanted, name)
        self.assertEqual(self.select('SELECT count(*) FROM rejected_event'), [(0,)])
        return len(audit)

    def table(self):
        times = ', '.join(f"""to_char({column}, 'YYYY-MM-DD"T"HH24:MI:SS.US') AS {column}""" for column in COLUMNS[4:])
        return in_order(self.ask(f'SELECT {", ".join(COLUMNS[:4])}, {times} FROM bank_data.holding'))

    def current(self):
        return in_order(self.select(f'SELECT {", ".join(COLUMNS)} FROM holding_current'))


def in_order(rows):
    return sorted((tuple(row) for row in rows), key=repr)
