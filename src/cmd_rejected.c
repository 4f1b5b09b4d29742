#include <inttypes.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cdclite/buffer.h"
#include "cdclite/database.h"
#include "cdclite/log.h"
#include "cdclite/render.h"
#include "cdclite/terminal.h"
#include "commands.h"

static const char list_sql[] =
    "SELECT rejected_id AS id, strftime('%Y-%m-%dT%H:%M:%S', loaded_at / 1000000, 'unixepoch')"
    " || printf('.%06dZ', loaded_at % 1000000) AS rejected_at, topic, partition, \"offset\","
    " value_size AS bytes, reason FROM rejected_event LEFT JOIN batch USING (batch_id)"
    " WHERE rejected_id NOT IN (SELECT rejected_id FROM retried_event) ORDER BY rejected_id";

static const char show_sql[] = "SELECT topic, partition, \"offset\", value_size, reason, value FROM "
                               "rejected_event WHERE rejected_id = ?";

static int list(struct database *database, const struct options *options, struct error *error)
{
    sqlite3_stmt *statement;
    bool terminal = isatty(STDOUT_FILENO) == 1;
    int format = terminal ? RENDER_TABLE : RENDER_CSV;
    if (options->format) format = render_format_named(options->format);
    if (database_prepare(database->handle, list_sql, &statement, error)) return -1;
    int result = render_rows(statement, (enum render_format)format, stdout, terminal, error);
    sqlite3_finalize(statement);
    return result;
}

static int show(struct database *database, int64_t id, struct error *error)
{
    sqlite3_stmt *statement;
    if (database_prepare(database->handle, show_sql, &statement, error)) return -1;
    sqlite3_bind_int64(statement, 1, id);
    int code = sqlite3_step(statement), result = 0;
    if (code == SQLITE_ROW) {
        struct slice value = {sqlite3_column_blob(statement, 5), (size_t)sqlite3_column_bytes(statement, 5)};
        long long size = sqlite3_column_int64(statement, 3);
        log_write(LOG_INFO, "%s, partition %d, offset %lld: %s", database_text(statement, 0),
                  sqlite3_column_int(statement, 1), (long long)sqlite3_column_int64(statement, 2),
                  database_text(statement, 4));
        if (size > (long long)value.size)
            log_write(LOG_WARNING, "%zu of its %lld bytes were kept", value.size, size);
        if (value.at) terminal_copy(value, stdout);
    } else if (code == SQLITE_DONE) {
        result = error_set(error, ERROR_USAGE, "no rejected event %lld in %s; cdclite rejected list has them",
                           (long long)id, database->path);
    } else {
        result = database_fail(database->handle, error, database->path);
    }
    sqlite3_finalize(statement);
    return result;
}

/* The number of an event; 0 for what is none. */
static int64_t id_of(const char *text)
{
    char *end;
    if (*text < '0' || *text > '9') return 0;
    intmax_t id = strtoimax(text, &end, 10);
    return *end ? 0 : (int64_t)id;
}

static int retry(const struct options *options, struct error *error)
{
    const struct text_list *words = &options->arguments;
    struct buffer ids = {0};
    int result = 0;
    if (options->format) return error_set(error, ERROR_USAGE, "--format is no option of rejected retry");
    buffer_char(&ids, '[');
    for (size_t i = 1; i < words->count && result == 0; i++) {
        int64_t id = id_of(words->all[i]);
        if (id <= 0) result = error_set(error, ERROR_USAGE, "'%s': the ID is a number", words->all[i]);
        buffer_printf(&ids, "%s%lld", i > 1 ? "," : "", (long long)id);
    }
    buffer_char(&ids, ']');
    if (result == 0 && buffer_failed(&ids)) result = error_memory(error);
    if (result == 0) result = rejected_retry(options, words->count > 1 ? buffer_string(&ids) : NULL, error);
    buffer_free(&ids);
    return result;
}

int command_rejected(const struct options *options, struct error *error)
{
    const struct text_list *words = &options->arguments;
    struct database database = {.lock_fd = -1};
    bool lists = words->count == 1 && strcmp(words->all[0], "list") == 0;
    bool shows = words->count == 2 && strcmp(words->all[0], "show") == 0;
    if (words->count && strcmp(words->all[0], "retry") == 0) return retry(options, error);
    if (!lists && !shows)
        return error_set(
            error, ERROR_USAGE,
            "cdclite rejected list, cdclite rejected show ID, or cdclite rejected retry [ID...]");
    int64_t id = shows ? id_of(words->all[1]) : 0;
    if (shows && id <= 0) return error_set(error, ERROR_USAGE, "'%s': the ID is a number", words->all[1]);
    if (shows && options->format)
        return error_set(error, ERROR_USAGE, "--format is no option of rejected show");
    if (options->format && render_format_named(options->format) < 0)
        return error_set(error, ERROR_USAGE,
                         "--format %s: table, csv, csv-safe, tsv, json, jsonl or markdown", options->format);
    int result = database_open_reader(&database, options->db, error);
    if (result == 0) result = lists ? list(&database, options, error) : show(&database, id, error);
    database_close(&database);
    return result ? result : check_output(stdout, error);
}
