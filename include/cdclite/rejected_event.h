#ifndef CDCLITE_REJECTED_EVENT_H
#define CDCLITE_REJECTED_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "cdclite/error.h"
#include "cdclite/message.h"

struct sqlite3;

/* Keeps the events that cannot be loaded, each with the reason, in rejected_event; the first one is said. */
struct rejections;

/* `db` is borrowed. Of an event larger than `max_event_bytes` only the beginning is kept. rejections_close
 * afterwards, also after a failure. */
int rejections_open(struct sqlite3 *db, size_t max_event_bytes, struct rejections **rejections,
                    struct error *error);
void rejections_close(struct rejections *rejections);

/* Within the open transaction, that of this batch. */
int rejections_add(struct rejections *rejections, int64_t batch_id, const struct message *message,
                   struct slice why, struct error *error);

/* The event that was rejected once has been stored with this batch, or still cannot be, and why. */
int rejections_retried(struct rejections *rejections, int64_t batch_id, const struct message *message,
                       struct error *error);
void rejections_refused_again(struct rejections *rejections, const struct message *message, struct slice why);

#endif
