#ifndef CDCLITE_SIDE_EVENT_H
#define CDCLITE_SIDE_EVENT_H

#include "cdclite/envelope.h"
#include "cdclite/error.h"

struct sqlite3;

/* What a connector sends beside the changes of rows and is worth keeping: logical messages, and the
 * boundaries of transactions. Sent again after a crash of Connect, they are not stored again. */
struct side_events;

/* `db` is borrowed. side_events_close afterwards, also after a failure. */
int side_events_open(struct sqlite3 *db, struct side_events **events, struct error *error);
void side_events_close(struct side_events *events);

/* Stores a logical message (op m) in logical_message. 1 with `error` saying why for one that must be refused.
 */
int side_events_message(struct side_events *events, const struct message *message,
                        const struct change *change, struct arena *arena, struct error *error);

/* Stores a BEGIN or END in transaction_boundary. */
int side_events_boundary(struct side_events *events, const struct message *message,
                         const struct transaction_boundary *boundary, struct error *error);

#endif
