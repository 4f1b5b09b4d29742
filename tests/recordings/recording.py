"""Recorded Kafka messages, the forms in which they can be given to the program, and the change events in them."""
import collections
import gzip
import json
import os

Message = collections.namedtuple('Message', 'topic partition offset timestamp_ms key value headers')
Event = collections.namedtuple('Event', 'source table op changed_at lsn tx_id topic partition offset run before after')

RUN_ID = '__debezium.context.runId'


def open_data(folder, name):
    return gzip.open(os.path.join(folder, name + '.gz'), 'rb')


def read(folder, name):
    """The messages of a recording, in their order."""
    with open_data(folder, name + '.jsonl') as lines:
        return [Message(**json.loads(line)) for line in lines]


# One line of each form. The text of key and value is the exact one in all of them.

def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(',', ':'))


def recorded_line(message):
    return compact(message._asdict())


def kcat_line(message):
    headers = [part for header in message.headers or [] for part in header]
    line = {'topic': message.topic, 'partition': message.partition, 'offset': message.offset, 'tstype': 'create',
            'ts': message.timestamp_ms, 'broker': 1}
    if headers:
        line['headers'] = headers
    return compact({**line, 'key': message.key, 'payload': message.value})


def value_line(message):
    return 'null' if message.value is None else message.value


def key_value_line(message):
    return ('null' if message.key is None else message.key) + '\t' + value_line(message)


def joined(messages, line, end='\n'):
    return ''.join(line(message) + end for message in messages).encode()


def at_bytes(messages, line, topic, end='\n', start=0):
    """The messages as they stand when a line's first byte is the offset: no headers, partition 0."""
    placed = []
    for message in messages:
        placed.append(message._replace(topic=topic, partition=0, offset=start, headers=None))
        start += len((line(message) + end).encode())
    return placed


def without_run(message):
    return message._replace(headers=[header for header in message.headers or [] if header[0] != RUN_ID])


# What the messages say.

def micros(source):
    return source['ts_us'] if source.get('ts_us') is not None else source['ts_ms'] * 1000


def change_events(messages):
    """Every insert, update, delete, snapshot read and truncate, in order of arrival."""
    events = []
    for message in messages:
        if message.value is None:
            continue
        value = json.loads(message.value)
        payload = value['payload'] if set(value) == {'schema', 'payload'} else value
        if payload.get('op') not in ('c', 'u', 'd', 'r', 't'):
            continue
        source = payload['source']
        run = dict(message.headers or []).get(RUN_ID)
        events.append(Event('.'.join((source['name'], source['schema'], source['table'])), source['table'],
                            payload['op'], micros(source), source.get('lsn'), source.get('txId'), message.topic,
                            message.partition, message.offset, run, payload['before'], payload['after']))
    return events


def identity(event):
    return json.dumps([event.source, event.lsn, event.tx_id, event.op, event.before, event.after], sort_keys=True)


def told_apart(events):
    """(first deliveries, [(re-delivery, the first delivery it repeats)]): the k-th occurrence of an identity in one
    run of the connector repeats the k-th stored one, if earlier runs gave that many."""
    runs_of, stored, first, again = collections.Counter(), collections.defaultdict(list), [], []
    for event in events:
        name = identity(event)
        runs_of[name, event.run] += 1
        k = runs_of[name, event.run]
        if len(stored[name]) >= k:
            again.append((event, stored[name][k - 1]))
        else:
            stored[name].append(event)
            first.append(event)
    return first, again
