#ifndef CDCLITE_CHECKPOINTER_H
#define CDCLITE_CHECKPOINTER_H

#include <stdbool.h>

/*
 * Copies pages from the write-ahead log into the database file on a thread and a connection of its own, while
 * the connection that writes goes on: SQLite lets one checkpoint and one writer work side by side
 * (sqlite.org/wal.html, "Concurrency"). It writes nothing that is not committed.
 */
struct checkpointer;

/* Of the database at `path` (copied). Its thread and connection are made with the first checkpoint. NULL when
 * memory ran out. */
struct checkpointer *checkpointer_open(const char *path);

/* Begins a checkpoint that waits for nobody (PASSIVE), unless one is under way. */
void checkpointer_begin(struct checkpointer *checkpointer);

/* Waits for the end of the one that is under way. False: the last one failed, which one on another connection
 * will explain. */
bool checkpointer_wait(struct checkpointer *checkpointer);

/* Waits, and closes its connection: it must not be the last one. NULL is fine. */
void checkpointer_close(struct checkpointer *checkpointer);

#endif
