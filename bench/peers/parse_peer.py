"""What the tutorials have: json.loads, and one line a changed field on standard output. Stores nothing.
parse_peer.py load INPUT OUTPUT [schema]."""

import json
import sys

import common


def lines(path):
    with open(path, encoding='utf-8') as file:
        yield from file


def messages(brokers, topic):
    import confluent_kafka as kafka

    consumer = kafka.Consumer({'bootstrap.servers': brokers, 'group.id': 'bench', 'enable.auto.commit': False})
    partition = kafka.TopicPartition(topic, 0, 0)
    end = consumer.get_watermark_offsets(partition)[1]
    consumer.assign([partition])
    last = -1
    while last + 1 < end:
        message = consumer.poll(1.0)
        if message and not message.error():
            last = message.offset()
            yield message.value()


def main():
    given, path, *more = sys.argv[2:]

    def load_directly(source):
        events = messages(source.brokers, source.topic) if given.startswith('kafka:') else lines(source.path)
        with open(path, 'w', encoding='utf-8') as out:
            for line in events:
                event = json.loads(line)
                if 'schema' in more:
                    event = event['payload']
                before, after = event['before'] or {}, event['after'] or {}
                row = after or before
                for name in ('holding_stock', 'holding_quantity'):
                    old, new = before.get(name), after.get(name)
                    if event['op'] != 'u' or old != new:
                        print(row['holding_id'], row['user_id'], name, old, new, event['ts_ms'], sep=',', file=out)

    common.run(given, load_directly)


if __name__ == '__main__':
    main()
