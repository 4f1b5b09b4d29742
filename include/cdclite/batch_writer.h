#ifndef CDCLITE_BATCH_WRITER_H
#define CDCLITE_BATCH_WRITER_H

#include <stdbool.h>

#include "cdclite/error.h"

struct sqlite3;

/*
 * Writes a batch on a thread of its own, while the next one is read. As long as that takes the connection is
 * its own: SQLite, in its serialized mode, has everybody else wait who uses it. So what the next batch does
 * in the database comes behind the end of this one's transaction, and if `write` leaves another one open,
 * into that. What is not SQLite's must not be shared while a batch is under way.
 */
struct batch_writer;

/* `write` is called with the connection held; `context` is its own until it returns. The thread starts with
 * the first batch. batch_writer_close(writer) afterwards, also after a failure. */
int batch_writer_open(struct sqlite3 *db, int (*write)(void *context, struct error *error), void *context,
                      struct batch_writer **writer, struct error *error);

/* Has a batch written, and returns as soon as the connection is held. None is under way. */
int batch_writer_start(struct batch_writer *writer, struct error *error);

/* Whether one is under way. */
bool batch_writer_is_busy(struct batch_writer *writer);

/* Waits for the batch that is under way, if one is: 0, or -1 with the `error` that it had. */
int batch_writer_wait(struct batch_writer *writer, struct error *error);

/* Waits too. */
void batch_writer_close(struct batch_writer *writer);

#endif
