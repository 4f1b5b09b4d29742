#ifndef CDCLITE_TEXT_LOG_H
#define CDCLITE_TEXT_LOG_H

#include <stdbool.h>

#include "cdclite/catalog.h"
#include "cdclite/history.h"
#include "cdclite/time_text.h"

/*
 * The line-oriented change log: UTF-8, RFC 4180 quoting, LF, one line a changed field. NULL is empty and an
 * empty string is ""; LF, CR and backslash inside a value are written \n, \r and \\, so that one line stays
 * one change.
 */

/* Appends the header line of a table's log. */
void text_header(const struct captured_table *table, struct buffer *out);

/* The times of a change as its lines spell them: of its batch, which the caller sets, and its own. */
struct text_times {
    struct time_text inserted, changed;
};

/* Appends the lines of one change (none for a snapshot read). */
void text_lines(const struct captured_table *table, const struct history_row *row, struct text_times *times,
                struct buffer *out);

/*
 * Gives the text of the stored changes after_id < change_id <= through_id, rebuilt from the history, to
 * `write` in pieces; with after_id 0 the header first. Changes of a batch that is still open were inserted at
 * `open_batch_at` (0: there is none). Stops with -1 when `write` does.
 */
int text_rebuild(struct sqlite3 *db, struct captured_table *table, int64_t after_id, int64_t through_id,
                 int64_t open_batch_at, int (*write)(void *context, struct slice text, struct error *error),
                 void *context, struct error *error);

/* Which file a table's log goes to. */
struct text_choice {
    const char *table, *path;
    bool chosen; /* by the user: another file than the stored one is refused; a default gives way to it */
};

/* For a database that is yet to be made: no chosen file may hold anything, and each needs a directory that is
 * there. ERROR_STORAGE otherwise. */
int text_choices_check(const struct text_choice *choices, struct error *error);

/* The text files of one database, locked while they are open. */
struct text_logs;

/*
 * Opens the logs that the database has and those of `choices` (ended by one without table), cuts off what no
 * transaction committed, writes again what a file lost and what was loaded without it. ERROR_STORAGE, having
 * changed nothing, for a file that is not this database's or that another loader holds. text_logs_close
 * afterwards.
 */
int text_logs_open(struct sqlite3 *db, struct catalog *catalog, const struct text_choice *choices,
                   struct text_logs **logs, struct error *error);
void text_logs_close(struct text_logs *logs);

/* Adds the change's lines to the table's log, if it has one; they count, in memory or in the file, only with
 * text_logs_write. */
int text_logs_add(struct text_logs *logs, struct captured_table *table, const struct history_row *row,
                  int64_t inserted_at, struct error *error);

/* Sets aside what was added (batch_store.h). */
void text_logs_seal(struct text_logs *logs);

/* Appends what was set aside to the files; makes it durable (fdatasync), and stores the new lengths in the
 * open transaction. */
int text_logs_write(struct text_logs *logs, struct error *error);
int text_logs_sync(struct text_logs *logs, struct error *error);

#endif
