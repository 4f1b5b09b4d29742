"""Loading a topic of one partition, and what librdkafka alone drains."""

import inputs
import kafka
from contenders import cdclite, clickhouse_engine, fast, jdbc_sink, slow, unsummed
from harness import Contender, alternate, measured, tool


def drain(events, address, topic):
    return Contender(
        'floor: librdkafka alone',
        events,
        lambda target: measured(tool('drain_topic'), address, topic),
        note='stores nothing',
    )


def connect_sink(context, events, given):
    rounds = context.size['sink_rounds']
    if not rounds:
        context.leave_out("Kafka Connect's JDBC sink", 'starts too slowly for a quick run')
        return []
    try:
        return [jdbc_sink(events, given, kafka.connect_jars(), rounds)]
    except kafka.NotReachable as why:
        context.leave_out("Kafka Connect's JDBC sink", str(why))
        return []


def wide_table(context, address):
    """The peak with a table of 100 columns and schemas of some 20 KB."""
    count = context.size['wide_events']
    context.say(f'-- {count:,} events of 100 columns from Kafka')
    kafka.fill_from(address, 'wide', inputs.wide(count), count)
    return alternate(context, [cdclite(count, ['--brokers', address, '--topic', 'wide'], sums=False)], 1)


def run(context):
    results = {}
    with kafka.running() as broker:
        address = broker.address()
        for key, count in (('schema', context.size['schema_events']), ('plain', context.size['plain_events'])):
            with_schema = key == 'schema'
            context.say(f'-- {count:,} events from Kafka, {"with" if with_schema else "without"} schema')
            few = context.size['slow_events']
            kafka.fill(address, key, count, with_schema)
            kafka.fill(address, key + '-few', few, with_schema)
            some = context.size['engine_events']
            kafka.fill(address, key + '-some', some, with_schema)
            source, fewer = f'kafka:{address}/{key}', f'kafka:{address}/{key}-few'
            topic = ['--brokers', address, '--topic', key]
            contenders = [cdclite(count, topic), unsummed(count, topic)]
            if context.has('kcat'):
                contenders += fast(context, count, source, with_schema, 'kcat | ')
            contenders.append(drain(count, address, key))
            contenders.append(cdclite(few, ['--brokers', address, '--topic', key + '-few'], name='cdclite, few events'))
            if context.has('chdb'):
                contenders.append(clickhouse_engine(some, f'{address}/{key}-some', 'schema' if with_schema else ''))
            if context.has('confluent-kafka') and context.has('kcat'):
                contenders += slow(context, few, fewer, with_schema, 'kcat | ')
            if with_schema:
                contenders += connect_sink(context, few, fewer[len('kafka:') :])
            results[key] = alternate(context, contenders, context.size['runs'])
        results['wide'] = wide_table(context, address)
    return results
