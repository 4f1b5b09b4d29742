#ifndef CDCLITE_SUMMARIES_H
#define CDCLITE_SUMMARIES_H

#include "cdclite/captured_table.h"
#include "cdclite/history.h"

struct sqlite3;

/*
 * The sums over the bundled holding table that answer the canned queries (schema/004_summaries.sql,
 * 005_sale_dates.sql). What is stored is gathered in memory, and folded into the tables in large steps,
 * within the transaction of a batch: a step is in the file with the changes it sums up, or not at all. What
 * stands in the history behind the last step is read again at the next start, and queries read it there.
 */
struct summaries;

/* How much is folded at a time: the changes that are at least gathered while a load goes on, and before a
 * rest of it. Zero: as usual. */
struct summary_steps {
    int64_t full, rest;
};

/* `db` is borrowed. Reads nothing of the history yet. summaries_close(summaries) afterwards, also after a
 * failure. */
int summaries_open(struct sqlite3 *db, const struct summary_steps *steps, struct summaries **opened,
                   struct error *error);
void summaries_close(struct summaries *summaries);

/* Reads what is in the history of `table` (NULL: there is none) but not folded yet, up to a full step, which
 * it folds in a transaction of its own. 1: there may be more; 0: that was all, and what remains is gathered;
 * -1: failure. */
int summaries_catch_up(struct summaries *summaries, struct captured_table *table, struct error *error);

/* The change in `table`'s rows is going to be added: what is looked up for it is brought into the processor's
 * cache meanwhile, as waiting for memory would take longer than all the rest. */
void summaries_expect(const struct summaries *summaries, const struct captured_table *table);

/* Takes a change that was stored: only those of the bundled table matter. */
int summaries_add(struct summaries *summaries, const struct captured_table *table,
                  const struct history_row *row, struct error *error);

/* Within the batch's transaction, before its end: sets aside what is gathered where that is a full step;
 * writes what was set aside (batch_store.h). */
int summaries_seal_full(struct summaries *summaries, struct error *error);
int summaries_write(struct summaries *summaries, struct error *error);

/* When the source rests or has ended, and no transaction is open: folds what is worth a step, in one of its
 * own. */
int summaries_rest(struct summaries *summaries, struct error *error);

/* Within a transaction: folds what is gathered now, however little, as a step that ends at this change. */
int summaries_fold(struct summaries *summaries, struct error *error);

#endif
