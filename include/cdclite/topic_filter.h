#ifndef CDCLITE_TOPIC_FILTER_H
#define CDCLITE_TOPIC_FILTER_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

#include "cdclite/error.h"

/*
 * Which topics are asked for: by name, or, as librdkafka has it, by a text that begins with ^ and is a POSIX
 * extended regular expression. It is looked for at a name's beginning; a $ makes it reach to the end.
 */
struct topic_choice {
    const char *text; /* borrowed, as it was typed */
    bool pattern;
    regex_t regex;
};

/* All zero is one that takes nothing. */
struct topic_filter {
    struct topic_choice *all;
    size_t count;
};

/* How a topic was asked for: a name comes before a pattern that matches it too. */
enum topic_match { TOPIC_OTHER, TOPIC_MATCHED, TOPIC_NAMED };

/* Of `texts`, ended by NULL and borrowed. ERROR_USAGE for a bad pattern, with what is wrong and where.
 * topic_filter_free afterwards, also after a failure. */
int topic_filter_make(struct topic_filter *filter, const char *const *texts, struct error *error);
void topic_filter_free(struct topic_filter *filter);

enum topic_match topic_filter_match(const struct topic_filter *filter, const char *topic);

/* Whether one of the choices takes the topic. Kafka's own topics (those that begin with __, but for
 * Debezium's __debezium…) are taken only by name and by patterns that begin with ^__ themselves. */
bool topic_choice_takes(const struct topic_choice *choice, const char *topic);

/* Of `topics` (ended by NULL), the one that begins most as the pattern does, at least by half of its plain
 * beginning; NULL when none does. */
const char *topic_choice_near(const struct topic_choice *choice, const char *const *topics);

#endif
