#ifndef CDCLITE_KAFKA_SOURCE_H
#define CDCLITE_KAFKA_SOURCE_H

#include "cdclite/positions.h"
#include "cdclite/source.h"
#include "cdclite/topic_filter.h"

/* Where to go on in a partition whose log is not the one that was loaded from, or has lost what comes next.
 */
enum restart { RESTART_REFUSED, RESTART_BEGINNING, RESTART_END };

struct kafka_settings {
    const char *brokers; /* host:port, comma separated; NULL when a property names them */
    const struct topic_filter *topics;
    const char *const *properties; /* "key=value" for librdkafka, ended by NULL */
    bool until_end;                /* stop at the end offsets seen at start */
    enum restart restart;
    int64_t silence_ms; /* without any event from the start on, after which that is said; 0: never */
};

/*
 * Messages from all partitions of the topics, assigned by hand from `positions` (from the log's beginning
 * where there is none). Unless it ends at the end, topics that match and partitions that appear are looked
 * for every topic.metadata.refresh.interval.ms (10 s; -1: never) and read too, and a topic that was matched
 * by a pattern and deleted is left with a warning. Fails with ERROR_SOURCE when no broker answers, for a
 * named topic that is not there, with `until_end` for a pattern that matches none, and (unless `restart` says
 * how to go on) where a stored position is outside the log or its anchor reads differently; ERROR_USAGE for a
 * property that is unknown or cdclite's own. `settings` and `positions` stay borrowed until close; the
 * positions are looked at here and by `stored` and `end_offset` alone, and never changed.
 */
int kafka_source_open(const struct kafka_settings *settings, struct positions *positions,
                      struct source **source, struct error *error);

#endif
