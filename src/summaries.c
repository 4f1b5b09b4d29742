#include "cdclite/summaries.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <strings.h>

#include "cdclite/database.h"
#include "cdclite/log.h"
#include "cdclite/transaction.h"
#include "summary_gathered.h"
#include "summary_sums.h"

/* Large steps are cheap to write and make few rows to look into; a query reads what is not folded yet from
 * the history. Small rests are left for the next time. */
enum { FULL_STEP = 80 << 10, REST_STEP = 1 << 12, MOST_MEMORY = 10 << 20 };

/* What an entry of summary_user_list.sales says, see there. */
enum { STOCK_BITS = 14, REASON_BITS = 2, MOST_STOCK_BYTES = 256 };

/* Beyond are Debezium's infinities, which are no days. */
#define FARTHEST (INT64_MAX / 2)

enum part { HOLDING_ID, USER_ID, STOCK, QUANTITY, PARTS };

struct summaries {
    sqlite3 *db;
    struct summary_steps steps;
    bool usable;
    int64_t folded_through, last_step;
    struct summary_gathered two[2], *now, *sealed; /* what grows, and what is to be written */
    struct summary_keys numbered_stocks;
    size_t stored_stocks;
    struct summary_rows *rows;
    struct summary_sums by_user, by_stock, by_stock_hour;
    sqlite3_stmt *insert_user, *insert_holding, *insert_stock, *save_state;
    /* Where the columns stand, of the table with so many. */
    size_t columns, at[PARTS];
};

static int read_stocks(struct summaries *summaries, struct error *error)
{
    sqlite3_stmt *statement;
    struct value stock;
    int code;
    if (database_prepare(summaries->db, "SELECT stock FROM summary_stock ORDER BY stock_no", &statement,
                         error))
        return -1;
    int result = 0;
    while (result == 0 && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        value_from_column(statement, 0, &stock);
        if (summary_keys_number(&summaries->numbered_stocks, &stock) == SUMMARY_NO_KEY)
            result = error_memory(error);
    }
    if (result == 0 && code != SQLITE_DONE) result = database_fail(summaries->db, error, "summary_stock");
    sqlite3_finalize(statement);
    summaries->stored_stocks = summaries->numbered_stocks.count;
    return result;
}

static int prepare(struct summaries *summaries, struct error *error)
{
    const struct {
        const char *sql;
        sqlite3_stmt **statement;
    } all[] = {
        {"INSERT OR FAIL INTO summary_user_list SELECT c0, c1, c2, c3, c4 FROM summary_rows",
         &summaries->insert_user},
        {"INSERT OR FAIL INTO summary_holding_list SELECT c0, c1, c2 FROM summary_rows",
         &summaries->insert_holding},
        {"INSERT INTO summary_stock VALUES(?1, ?2)", &summaries->insert_stock},
        {"REPLACE INTO summary_state VALUES(1, ?1, ?2)", &summaries->save_state},
    };
    sqlite3 *db = summaries->db;
    if (summary_rows_open(db, &summaries->rows, error)) return -1;
    struct summary_rows *rows = summaries->rows;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (database_prepare(summaries->db, all[i].sql, all[i].statement, error)) return -1;
    return summary_sums_open(&summaries->by_user, &summary_user_day, db, rows, error) ||
                   summary_sums_open(&summaries->by_stock, &summary_stock_day, db, rows, error) ||
                   summary_sums_open(&summaries->by_stock_hour, &summary_stock_hour, db, rows, error) ||
                   summary_gathered_open(&summaries->two[0], db, error) ||
                   summary_gathered_open(&summaries->two[1], db, error)
               ? -1
               : 0;
}

int summaries_open(sqlite3 *db, const struct summary_steps *steps, struct summaries **opened,
                   struct error *error)
{
    struct summaries *summaries = *opened = calloc(1, sizeof *summaries);
    int64_t usable;
    if (!summaries) return error_memory(error);
    summaries->db = db;
    summaries->now = &summaries->two[0];
    summaries->sealed = &summaries->two[1];
    summaries->steps = *steps;
    if (steps->full <= 0) summaries->steps.full = FULL_STEP;
    if (steps->rest <= 0) summaries->steps.rest = REST_STEP;
    if (database_integer(db, "SELECT usable FROM summary_state", 1, &usable, error) ||
        database_integer(db, "SELECT folded_through FROM summary_state", 0, &summaries->folded_through,
                         error) ||
        database_integer(db, "SELECT max(step) FROM summary_step", 0, &summaries->last_step, error) ||
        read_stocks(summaries, error))
        return -1;
    summaries->usable = usable != 0;
    return prepare(summaries, error);
}

void summaries_close(struct summaries *summaries)
{
    if (!summaries) return;
    sqlite3_stmt *const statements[] = {summaries->insert_user, summaries->insert_holding,
                                        summaries->insert_stock, summaries->save_state};
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) sqlite3_finalize(statements[i]);
    summary_sums_close(&summaries->by_user);
    summary_sums_close(&summaries->by_stock);
    summary_sums_close(&summaries->by_stock_hour);
    summary_rows_close(summaries->rows);
    summary_gathered_close(&summaries->two[0]);
    summary_gathered_close(&summaries->two[1]);
    summary_keys_free(&summaries->numbered_stocks);
    free(summaries);
}

/* The sums cannot hold what came: they are emptied, in the open transaction, and queries read the history. */
static int give_up(struct summaries *summaries, const char *why, struct error *error)
{
    log_write(LOG_INFO, "holding: %s; queries read its whole history from now on", why);
    database_wait(summaries->db); /* what was sealed may be under way */
    summary_gathered_clear(summaries->now);
    summaries->usable = false;
    summaries->folded_through = 0;
    return database_run(summaries->db,
                        "REPLACE INTO summary_state VALUES(1, 0, 0);"
                        "DELETE FROM summary_step; DELETE FROM summary_hour; DELETE FROM summary_user_day;"
                        "DELETE FROM summary_user_total; DELETE FROM summary_stock_hour;"
                        "DELETE FROM summary_stock_day; DELETE FROM summary_stock_total;"
                        "DELETE FROM summary_user_list; DELETE FROM summary_stock;"
                        "DELETE FROM summary_holding_list; DELETE FROM summary_reset",
                        error);
}

/* Finds the columns as SQL names them; whether all are there in a type that compares as the sums do. */
static bool find_columns(struct summaries *summaries, const struct captured_table *table)
{
    static const char *const names[PARTS] = {"holding_id", "user_id", "holding_stock", "holding_quantity"};
    summaries->columns = table->count;
    for (size_t part = 0; part < PARTS; part++) {
        size_t i = 0;
        while (i < table->count && strcasecmp(table->columns[i].column_name, names[part]) != 0) i++;
        if (i == table->count) return false;
        enum column_storage storage = table->columns[i].storage;
        if (part != STOCK && storage != STORAGE_INTEGER && storage != STORAGE_ANY) return false;
        summaries->at[part] = i;
    }
    return true;
}

static bool quantity_fits(const struct value *quantity)
{
    return quantity->type == VALUE_NULL || (quantity->type == VALUE_INTEGER &&
                                            quantity->integer >= INT32_MIN && quantity->integer <= INT32_MAX);
}

/* Whether the sums can hold the image. */
static bool image_fits(const struct summaries *summaries, const struct value *image)
{
    return summary_keys_takes(&image[summaries->at[HOLDING_ID]]) &&
           summary_keys_takes(&image[summaries->at[USER_ID]]) &&
           summary_keys_takes(&image[summaries->at[STOCK]]) && quantity_fits(&image[summaries->at[QUANTITY]]);
}

/* The images of a row, where it has them. */
struct images {
    const struct value *before, *after;
};

/* Numbers the value of both images in that column, which nearly always are the same: SUMMARY_NO_KEY where
 * there is no image. False when memory ran out. */
static bool number_both(struct summary_keys *keys, const struct images *images, size_t column,
                        uint32_t numbers[2])
{
    const struct value *before = images->before ? &images->before[column] : NULL;
    const struct value *after = images->after ? &images->after[column] : NULL;
    numbers[0] = before ? summary_keys_number(keys, before) : SUMMARY_NO_KEY;
    numbers[1] = !after                                  ? SUMMARY_NO_KEY
                 : before && value_equals(before, after) ? numbers[0]
                                                         : summary_keys_number(keys, after);
    return (!before || numbers[0] != SUMMARY_NO_KEY) && (!after || numbers[1] != SUMMARY_NO_KEY);
}

/* Both owners (or ids), each once, NULL left out: `change` counts from the first change of the step. */
static bool note_lists(struct summary_lists *list, const struct images *images, size_t column,
                       const uint32_t numbers[2], uint64_t change)
{
    if (images->before && images->before[column].type != VALUE_NULL &&
        !summary_lists_add(list, numbers[0], change))
        return false;
    return !images->after || numbers[1] == numbers[0] || images->after[column].type == VALUE_NULL ||
           summary_lists_add(list, numbers[1], change);
}

/* The entry of summary_user_list.sales, or of other_sales where it does not fit. */
static bool note_user_sale(struct summaries *summaries, uint32_t user, const struct value *stock, int reason,
                           int64_t units, uint64_t change)
{
    struct summary_keys *numbered = &summaries->numbered_stocks;
    const uint64_t date = summaries->now->step.date;
    uint32_t number = SUMMARY_NO_KEY;
    bool is_short = stock->type != VALUE_TEXT || stock->bytes.size <= MOST_STOCK_BYTES;
    if (numbered->count < 1 << STOCK_BITS && is_short) number = summary_keys_number(numbered, stock);
    if (buffer_failed(&numbered->texts)) return false;
    if (number == SUMMARY_NO_KEY || date == NO_DATE || units > INT32_MAX)
        return summary_lists_add(&summaries->now->user_lists[SUMMARY_OTHER_SALES], user, change);
    return summary_lists_add(&summaries->now->user_lists[SUMMARY_SALES], user,
                             (((uint64_t)units << DATE_BITS | date) << STOCK_BITS | number) << REASON_BITS |
                                 (unsigned)reason);
}

static bool note_sale(struct summaries *summaries, const struct history_row *row, const struct images *images,
                      bool same_stock, uint32_t user, uint64_t change)
{
    enum { SWITCHED, REDUCED, CLOSED };
    const struct value *stock = &images->before[summaries->at[STOCK]];
    const struct value *quantity = &images->before[summaries->at[QUANTITY]];
    bool reduced = row->op == 'u' && same_stock;
    if (stock->type == VALUE_NULL || quantity->type == VALUE_NULL) return true;
    int64_t units = quantity->integer;
    if (reduced) {
        const struct value *left = &images->after[summaries->at[QUANTITY]];
        if (left->type == VALUE_NULL) return true;
        units -= left->integer;
    }
    if (units <= 0) return true;
    int reason = row->op == 'd' ? CLOSED : reduced ? REDUCED : SWITCHED;
    uint32_t key = summary_keys_number(&summaries->now->stocks, stock);
    if (key == SUMMARY_NO_KEY || !summary_counts_add(&summaries->now->sales, summaries->now->step.hour, key,
                                                     units * SUMMARY_REASONS + reason))
        return false;
    return images->before[summaries->at[USER_ID]].type == VALUE_NULL ||
           note_user_sale(summaries, user, stock, reason, units, change);
}

static bool note_changed(struct summaries *summaries, const struct history_row *row, bool same_stock,
                         uint32_t user)
{
    const size_t stock = summaries->at[STOCK], quantity = summaries->at[QUANTITY];
    int64_t what = 0;
    if (!same_stock && !(row->unknown && row->unknown[stock])) what |= SUMMARY_STOCK_CHANGED;
    if (!value_equals(&row->before[quantity], &row->after[quantity]) &&
        !(row->unknown && row->unknown[quantity]))
        what |= SUMMARY_QUANTITY_CHANGED;
    return !what || summary_counts_add(&summaries->now->changes, summaries->now->step.hour, user, what);
}

static bool note_row(struct summaries *summaries, const struct history_row *row)
{
    bool has_before = row->op == 'u' || row->op == 'd', has_after = row->op != 'd' && row->op != 't';
    const struct images images = {has_before ? row->before : NULL, has_after ? row->after : NULL};
    const size_t stock = summaries->at[STOCK], user = summaries->at[USER_ID],
                 holding = summaries->at[HOLDING_ID];
    uint32_t users[2], holdings[2];
    if (!summary_step_add(&summaries->now->step, row)) return false;
    uint64_t change = (uint64_t)(row->change_id - summaries->now->step.first_change_id);
    if ((row->op == 'r' || row->op == 't') && !summary_resets_add(&summaries->now->resets, row)) return false;
    if (row->op == 't') return true;
    if (!number_both(&summaries->now->users, &images, user, users) ||
        !number_both(&summaries->now->holdings, &images, holding, holdings) ||
        !note_lists(&summaries->now->user_lists[SUMMARY_CHANGES], &images, user, users, change) ||
        !note_lists(&summaries->now->holding_list, &images, holding, holdings, change))
        return false;
    if (!images.before) return true;
    bool same_stock = images.after && value_equals(&images.before[stock], &images.after[stock]);
    return note_sale(summaries, row, &images, same_stock, users[0], change) &&
           (row->op == 'd' || note_changed(summaries, row, same_stock, users[0]));
}

void summaries_expect(const struct summaries *summaries, const struct captured_table *table)
{
    if (!table->bundled || summaries->columns != table->count) return;
    const struct value *row =
        table->after[summaries->at[HOLDING_ID]].type == VALUE_NULL ? table->before : table->after;
    summary_keys_expect(&summaries->now->users, &row[summaries->at[USER_ID]]);
    summary_keys_expect(&summaries->now->holdings, &row[summaries->at[HOLDING_ID]]);
}

/* The bundled table, also before its first columns are known. */
static bool is_summed(const struct captured_table *table)
{
    return table->bundled || (table->count == 0 && strcmp(table->name, "holding") == 0);
}

int summaries_add(struct summaries *summaries, const struct captured_table *table,
                  const struct history_row *row, struct error *error)
{
    if (!is_summed(table) || !summaries->usable) return 0;
    if (table->count && summaries->columns != table->count && !find_columns(summaries, table))
        return give_up(summaries, "its columns are of other types than the sums that answer queries are",
                       error);
    if (row->changed_at < -FARTHEST || row->changed_at > FARTHEST || !summary_resets_takes(row) ||
        (row->op != 't' && (!image_fits(summaries, row->before) || !image_fits(summaries, row->after))))
        return give_up(summaries, "a value came that the sums that answer queries cannot hold", error);
    return note_row(summaries, row) ? 0 : error_memory(error);
}

/* Whether what is gathered is a full step. */
static bool is_full(const struct summaries *summaries)
{
    return summaries->now->step.changes >= summaries->steps.full ||
           summary_gathered_size(summaries->now) >= MOST_MEMORY;
}

static int write_stocks(struct summaries *summaries, struct error *error)
{
    for (; summaries->stored_stocks < summaries->numbered_stocks.count; summaries->stored_stocks++) {
        const struct value stock =
            summary_keys_value(&summaries->numbered_stocks, (uint32_t)summaries->stored_stocks);
        sqlite3_bind_int64(summaries->insert_stock, 1, (sqlite3_int64)summaries->stored_stocks);
        value_bind(summaries->insert_stock, 2, &stock);
        if (database_step(summaries->db, summaries->insert_stock, error)) return -1;
    }
    return 0;
}

static int write(struct summaries *summaries, const struct summary_names *hours,
                 const struct summary_names *users, const struct summary_names *holdings,
                 const struct summary_names *stocks, struct error *error)
{
    const struct summary_gathered *sealed = summaries->sealed;
    const int64_t number = ++summaries->last_step;
    if (!hours->sorted || !users->sorted || !holdings->sorted || !stocks->sorted) return error_memory(error);
    summaries->folded_through = sealed->step.last_change_id;
    sqlite3_bind_int64(summaries->save_state, 1, summaries->folded_through);
    sqlite3_bind_int(summaries->save_state, 2, 1);
    return summary_step_write(&sealed->step, summaries->db, number, hours->sorted, error) ||
                   summary_lists_fold(sealed->user_lists, SUMMARY_USER_LISTS, number, users, summaries->rows,
                                      summaries->insert_user, error) ||
                   summary_lists_fold(&sealed->holding_list, 1, number, holdings, summaries->rows,
                                      summaries->insert_holding, error) ||
                   summary_sums_fold(&summaries->by_user, &sealed->changes, hours, users, error) ||
                   summary_sums_fold(&summaries->by_stock, &sealed->sales, hours, stocks, error) ||
                   summary_sums_fold(&summaries->by_stock_hour, &sealed->sales, hours, stocks, error) ||
                   summary_resets_fold(&sealed->resets, summaries->db, error) ||
                   database_step(summaries->db, summaries->save_state, error)
               ? -1
               : 0;
}

/* What is gathered is to be written; what comes now is of the next step. */
static int seal(struct summaries *summaries, struct error *error)
{
    struct summary_gathered *empty = summaries->sealed;
    if (write_stocks(summaries, error)) return error_context(error, "summaries");
    summaries->sealed = summaries->now;
    summaries->now = empty;
    return 0;
}

int summaries_seal_full(struct summaries *summaries, struct error *error)
{
    return is_full(summaries) ? seal(summaries, error) : 0;
}

int summaries_write(struct summaries *summaries, struct error *error)
{
    struct summary_gathered *sealed = summaries->sealed;
    const struct summary_keys *const all[] = {&sealed->step.hours, &sealed->users, &sealed->holdings,
                                              &sealed->stocks};
    enum { NAMES = sizeof all / sizeof *all };
    uint32_t *sorted[NAMES];
    struct summary_names names[NAMES];
    if (!sealed->step.changes) return 0;
    for (size_t i = 0; i < NAMES; i++)
        names[i] = (struct summary_names){all[i], sorted[i] = summary_keys_sorted(all[i])};
    int result = write(summaries, &names[0], &names[1], &names[2], &names[3], error);
    for (size_t i = 0; i < NAMES; i++) free(sorted[i]);
    if (result) return error_context(error, "summaries");
    summary_gathered_clear(sealed);
    return 0;
}

int summaries_fold(struct summaries *summaries, struct error *error)
{
    return seal(summaries, error) || summaries_write(summaries, error) ? -1 : 0;
}

int summaries_rest(struct summaries *summaries, struct error *error)
{
    if (summaries->now->step.changes < summaries->steps.rest) return 0;
    if (transaction_begin(summaries->db, error) || summaries_fold(summaries, error)) return -1;
    return transaction_commit(summaries->db, error);
}

struct catching_up {
    struct summaries *summaries;
    const struct captured_table *table;
};

enum { ENOUGH = 1 }; /* to be folded */

static int take_row(void *context, const struct history_row *row, struct error *error)
{
    struct catching_up *catching_up = context;
    struct summaries *summaries = catching_up->summaries;
    if (summaries_add(summaries, catching_up->table, row, error)) return -1;
    return is_full(summaries) ? ENOUGH : 0;
}

int summaries_catch_up(struct summaries *summaries, struct captured_table *table, struct error *error)
{
    if (!table || !is_summed(table) || !summaries->usable) return 0;
    int64_t through =
        summaries->now->step.changes ? summaries->now->step.last_change_id : summaries->folded_through;
    struct catching_up catching_up = {summaries, table};
    if (transaction_begin(summaries->db, error)) return -1;
    int result = history_scan(summaries->db, table, through + 1, INT64_MAX, HISTORY_FILLED, take_row,
                              &catching_up, error);
    if (result < 0 || (result == ENOUGH && summaries_fold(summaries, error)) ||
        transaction_commit(summaries->db, error))
        return -1;
    return result;
}
