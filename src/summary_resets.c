#include "summary_resets.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "cdclite/database.h"

int summary_resets_open(struct summary_resets *resets, sqlite3 *db, struct error *error)
{
    return database_prepare(db, "INSERT INTO summary_reset VALUES(?1, ?2, ?3, ?4, ?5, ?6)", &resets->insert,
                            error);
}

void summary_resets_close(struct summary_resets *resets)
{
    sqlite3_finalize(resets->insert);
    summary_keys_free(&resets->values);
    free(resets->all);
}

bool summary_resets_takes(const struct history_row *row)
{
    return summary_keys_takes(&row->lsn) && summary_keys_takes(&row->tx_id);
}

/* Whether a snapshot's row belongs to this one. */
static bool goes_on(const struct summary_reset *last, int64_t changed_at, uint32_t lsn, uint32_t tx_id)
{
    return last->op == 'r' && last->changed_at == changed_at && last->lsn == lsn && last->tx_id == tx_id;
}

bool summary_resets_add(struct summary_resets *resets, const struct history_row *row)
{
    uint32_t lsn = summary_keys_number(&resets->values, &row->lsn);
    uint32_t tx_id = summary_keys_number(&resets->values, &row->tx_id);
    if (lsn == SUMMARY_NO_KEY || tx_id == SUMMARY_NO_KEY) return false;
    if (resets->count && row->op == 'r' &&
        goes_on(&resets->all[resets->count - 1], row->changed_at, lsn, tx_id)) {
        resets->all[resets->count - 1].last_change_id = row->change_id;
        return true;
    }
    if (resets->count == resets->capacity) {
        size_t capacity = resets->capacity ? resets->capacity * 2 : 16;
        struct summary_reset *all = reallocarray(resets->all, capacity, sizeof *all);
        if (!all) return false;
        resets->all = all;
        resets->capacity = capacity;
    }
    resets->all[resets->count++] = (struct summary_reset){.first_change_id = row->change_id,
                                                          .last_change_id = row->change_id,
                                                          .changed_at = row->changed_at,
                                                          .lsn = lsn,
                                                          .tx_id = tx_id,
                                                          .op = row->op};
    return true;
}

int summary_resets_fold(const struct summary_resets *resets, sqlite3 *db, struct error *error)
{
    int result = 0;
    for (size_t i = 0; i < resets->count && result == 0; i++) {
        const struct summary_reset *reset = &resets->all[i];
        const struct value lsn = summary_keys_value(&resets->values, reset->lsn);
        const struct value tx_id = summary_keys_value(&resets->values, reset->tx_id);
        sqlite3_bind_int64(resets->insert, 1, reset->first_change_id);
        sqlite3_bind_int64(resets->insert, 2, reset->last_change_id);
        sqlite3_bind_text(resets->insert, 3, &reset->op, 1, SQLITE_STATIC);
        sqlite3_bind_int64(resets->insert, 4, reset->changed_at);
        value_bind(resets->insert, 5, &lsn);
        value_bind(resets->insert, 6, &tx_id);
        result = database_step(db, resets->insert, error);
    }
    return result;
}

size_t summary_resets_size(const struct summary_resets *resets)
{
    return resets->count * sizeof *resets->all + summary_keys_size(&resets->values);
}

void summary_resets_clear(struct summary_resets *resets)
{
    summary_keys_clear(&resets->values);
    resets->count = 0;
}
