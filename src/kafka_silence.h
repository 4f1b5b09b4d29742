#ifndef KAFKA_SILENCE_H
#define KAFKA_SILENCE_H

#include "kafka_assignment.h"

/* Whether anything came at all. A user who has just wired a pipeline and sees nothing is told once, in a
 * warning, what to look at; nobody is told of a source that only has nothing to say just now. */
struct kafka_silence {
    int64_t began_ms; /* time_passing_ms; 0 when there is nothing (more) to be said */
};

void kafka_silence_begin(struct kafka_silence *silence, const struct kafka_settings *settings);

/* A message came. */
static inline void kafka_silence_end(struct kafka_silence *silence)
{
    silence->began_ms = 0;
}

/* Nothing came just now, or, with `ended`, ever: says so when it is time. */
void kafka_silence_look(struct kafka_silence *silence, struct kafka_assignment *assignment, bool ended);

#endif
