"""Loading a file."""

import inputs
from contenders import cdclite, fast, slow, unsummed
from harness import alternate


def run(context):
    results = {}
    for key, count in (('schema', context.size['schema_events']), ('plain', context.size['plain_events'])):
        with_schema = key == 'schema'
        context.say(f'-- {count:,} events from a file, {"with" if with_schema else "without"} schema')
        source = inputs.events(count, with_schema)
        few = context.size['slow_events']
        fewer = inputs.part_of(source, few)
        contenders = [
            cdclite(count, ['--input', source]),
            unsummed(count, ['--input', source]),
            *fast(context, count, source, with_schema),
            cdclite(few, ['--input', fewer], name='cdclite, few events'),
            *slow(context, few, fewer, with_schema),
        ]
        results[key] = alternate(context, contenders, context.size['runs'])
    return results
