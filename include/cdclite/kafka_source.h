#ifndef CDCLITE_KAFKA_SOURCE_H
#define CDCLITE_KAFKA_SOURCE_H

#include "cdclite/positions.h"
#include "cdclite/source.h"

/* Where to go on in a partition whose log is not the one that was loaded from, or has lost what comes next.
 */
enum restart { RESTART_REFUSED, RESTART_BEGINNING, RESTART_END };

struct kafka_settings {
    const char *brokers;           /* host:port, comma separated; NULL when a property names them */
    const char *const *topics;     /* ended by NULL */
    const char *const *properties; /* "key=value" for librdkafka, ended by NULL */
    bool until_end;                /* stop at the end offsets seen at start */
    enum restart restart;
};

/*
 * Messages from all partitions of the topics, assigned by hand from `positions` (from the log's beginning
 * where there is none). Fails with ERROR_SOURCE when no broker answers, for an unknown topic, and (unless
 * `restart` says how to go on) where a stored position is outside the log or its anchor reads differently;
 * ERROR_USAGE for a property that is unknown or cdclite's own. `settings` and `positions` stay borrowed until
 * close.
 */
int kafka_source_open(const struct kafka_settings *settings, struct positions *positions,
                      struct source **source, struct error *error);

#endif
