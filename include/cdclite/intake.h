#ifndef CDCLITE_INTAKE_H
#define CDCLITE_INTAKE_H

#include "cdclite/envelope.h"
#include "cdclite/source.h"

/*
 * What comes in: the messages of a source, each with what its envelope says. A thread of its own reads them
 * ahead, in packets of a bounded number and size, while those before are stored. Who waits for the other goes
 * on with several packets at once, or with fewer as soon as the source would have to wait for more.
 */
struct intake;

/* A message, read. */
struct event {
    struct message message;
    bool restart; /* SOURCE_RESTART: no more of what follows */
    enum envelope_outcome outcome;
    struct change change;
    struct transaction_boundary boundary;
    const char *problem; /* of ENVELOPE_REFUSED */
};

/* Begins to read. `source` and `guess` are borrowed, and no one else's until intake_close, but for the
 * source's `stored` and `end_offset`. An event larger than `max_event_bytes` is refused. Where
 * nothing comes for `poll_ms` milliseconds, that is said. */
int intake_open(struct source *source, struct envelope_guess *guess, size_t max_event_bytes, int poll_ms,
                struct intake **intake, struct error *error);

/* Whether the next call of intake_next gives back the events that it gave before; else they stay. */
bool intake_gives_back(const struct intake *intake);

/* The next event, borrowed. As source->next: SOURCE_MESSAGE, SOURCE_RESTART, SOURCE_IDLE, SOURCE_END, or -1.
 */
int intake_next(struct intake *intake, struct event **event, struct error *error);

/* How far the source was when it gave the event, or was idle. */
void intake_progress(struct intake *intake, struct source_progress *progress);

void intake_close(struct intake *intake);

#endif
