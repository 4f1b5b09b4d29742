#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cdclite/buffer.h"
#include "cdclite/database.h"
#include "cdclite/progress.h"
#include "cdclite/terminal.h"
#include "cdclite/time_text.h"
#include "cdclite/wal.h"
#include "commands.h"

/* The whole status as one JSON document, put together by SQLite: the text form prints the same. */
static const char status_sql[] =
    "SELECT json_object("
    " 'database', ?1, 'format_version', (SELECT user_version FROM pragma_user_version),"
    " 'bytes', ?2, 'wal_bytes', ?3, 'wal_held', json(iif(?3 > ?4, 'true', 'false')),"
    " 'batches', (SELECT count(*) FROM batch),"
    " 'last_batch_at', (SELECT strftime('%Y-%m-%dT%H:%M:%S', loaded_at / 1000000, 'unixepoch')"
    "    || printf('.%06dZ', loaded_at % 1000000) FROM batch ORDER BY batch_id DESC LIMIT 1),"
    " 'changes', (SELECT coalesce(sum(changes), 0) FROM batch),"
    " 'tombstones', (SELECT coalesce(sum(tombstones), 0) FROM batch),"
    " 'bookkeeping', (SELECT coalesce(sum(bookkeeping), 0) FROM batch),"
    " 'rejected', (SELECT coalesce(sum(rejected), 0) FROM batch) - (SELECT count(*) FROM retried_event),"
    " 'redelivered', (SELECT coalesce(sum(redelivered), 0) FROM batch),"
    " 'positions', (SELECT json_group_array(json_object('topic', topic, 'partition', partition,"
    "    'next_offset', next_offset, 'end_offset', end_offset, 'lag', max(end_offset - next_offset, 0)))"
    "    FROM (SELECT * FROM position ORDER BY topic, partition)),"
    " 'tables', (SELECT json_group_array(json_object('table', name, 'source', source_name, 'changes', "
    "changes,"
    "    'key', (SELECT json_group_array(name) FROM captured_column AS c WHERE c.table_id = t.table_id AND "
    "is_key),"
    "    'fills_old_values', json(iif(keeps_state, 'true', 'false'))))"
    "    FROM (SELECT * FROM captured_table ORDER BY table_id) AS t),"
    " 'texts', (SELECT json_group_array(json_object('table', name, 'path', path, 'bytes', committed_length))"
    "    FROM (SELECT * FROM text_log ORDER BY name)))";

static int64_t file_size(const char *path, const char *suffix)
{
    struct stat status;
    struct buffer name = {0};
    buffer_printf(&name, "%s%s", path, suffix);
    int64_t size = stat(buffer_string(&name), &status) == 0 ? (int64_t)status.st_size : 0;
    buffer_free(&name);
    return size;
}

static void print_value(const char *label, int64_t number)
{
    char text[32];
    printf("  %-12s %s\n", label, number_text(number, text));
}

static void print_bytes(const char *label, int64_t bytes)
{
    char text[32];
    if (bytes < 10 << 20) {
        printf("  %-12s %s KiB\n", label, number_text((bytes + 1023) / 1024, text));
    } else {
        printf("  %-12s %s MiB\n", label, number_text(bytes >> 20, text));
    }
}

/* Rows of a query: a text, then numbers with their words. */
static int print_rows(struct database *database, const char *heading, const char *sql,
                      void (*print)(sqlite3_stmt *row), struct error *error)
{
    sqlite3_stmt *statement;
    int code, count = 0;
    if (database_prepare(database->handle, sql, &statement, error)) return -1;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        if (count++ == 0) printf("%s\n", heading);
        fputs("  ", stdout);
        print(statement);
    }
    int result = code == SQLITE_DONE ? 0 : database_fail(database->handle, error, database->path);
    sqlite3_finalize(statement);
    return result;
}

static void print_position(sqlite3_stmt *row)
{
    char next[32], lag[32];
    terminal_write(database_text(row, 0), stdout);
    printf(", partition %d: next offset %s", sqlite3_column_int(row, 1),
           number_text(sqlite3_column_int64(row, 2), next));
    if (sqlite3_column_type(row, 3) != SQLITE_NULL)
        printf(", lag %s", number_text(sqlite3_column_int64(row, 3), lag));
    putchar('\n');
}

static void print_table(sqlite3_stmt *row)
{
    char number[32];
    terminal_write(database_text(row, 0), stdout);
    printf(": %s changes of ", number_text(sqlite3_column_int64(row, 2), number));
    terminal_write(database_text(row, 1), stdout);
    if (sqlite3_column_type(row, 3) == SQLITE_NULL) {
        fputs("; no key: --key ", stdout);
        terminal_write(database_text(row, 0), stdout);
        fputs("=COLUMN,... adds its versions", stdout);
    } else {
        fputs("; key ", stdout);
        terminal_write(database_text(row, 3), stdout);
    }
    if (sqlite3_column_int(row, 4)) fputs("; old values filled in", stdout);
    putchar('\n');
}

static void print_text_log(sqlite3_stmt *row)
{
    char number[32];
    terminal_write(database_text(row, 0), stdout);
    fputs(": ", stdout);
    terminal_write(database_text(row, 1), stdout);
    printf(", %s bytes\n", number_text(sqlite3_column_int64(row, 2), number));
}

static void print_rejected(sqlite3_stmt *row)
{
    char number[32];
    printf("%s: ", number_text(sqlite3_column_int64(row, 1), number));
    terminal_write(database_text(row, 0), stdout);
    putchar('\n');
}

static int print_text(struct database *database, struct error *error)
{
    static const struct {
        const char *label, *sql;
    } sums[] = {
        {"batches", "SELECT count(*) FROM batch"},
        {"changes", "SELECT sum(changes) FROM batch"},
        {"tombstones", "SELECT sum(tombstones) FROM batch"},
        {"bookkeeping", "SELECT sum(bookkeeping) FROM batch"},
        {"re-delivered", "SELECT sum(redelivered) FROM batch"},
        {"rejected", "SELECT sum(rejected) - (SELECT count(*) FROM retried_event) FROM batch"},
    };
    int64_t last, number;
    char when[TIME_TEXT_SIZE];
    terminal_write(database->path, stdout);
    putchar('\n');
    print_bytes("size", file_size(database->path, ""));
    int64_t wal = file_size(database->path, "-wal");
    print_bytes("WAL", wal);
    if (wal > WAL_LIMIT)
        puts("               it cannot shrink while a reader holds an old snapshot: look for an open "
             "transaction or\n"
             "               a long query of another program (fuser -v on the file's -shm names them)");
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        if (database_integer(database->handle, sums[i].sql, 0, &number, error)) return -1;
        print_value(sums[i].label, number);
    }
    if (database_integer(database->handle, "SELECT max(loaded_at) FROM batch", 0, &last, error)) return -1;
    if (last) {
        time_format(last, UNIT_TIMESTAMP_US, true, when);
        printf("  %-12s %s\n", "last batch", when);
    }
    if (print_rows(database, "positions",
                   "SELECT topic, partition, next_offset, max(end_offset - next_offset, 0) FROM position"
                   " ORDER BY topic, partition",
                   print_position, error) ||
        print_rows(
            database, "tables",
            "SELECT name, source_name, changes, (SELECT group_concat(name, ', ') FROM captured_column AS c"
            " WHERE c.table_id = t.table_id AND is_key), keeps_state FROM captured_table AS t ORDER BY "
            "table_id",
            print_table, error) ||
        print_rows(database, "text logs", "SELECT name, path, committed_length FROM text_log ORDER BY name",
                   print_text_log, error))
        return -1;
    return print_rows(
        database, "rejected, by reason",
        "SELECT reason, count(*) FROM rejected_event WHERE rejected_id NOT IN (SELECT rejected_id FROM "
        "retried_event) GROUP BY reason ORDER BY count(*) DESC, reason LIMIT 10",
        print_rejected, error);
}

static int print_json(struct database *database, struct error *error)
{
    sqlite3_stmt *statement;
    if (database_prepare(database->handle, status_sql, &statement, error)) return -1;
    sqlite3_bind_text(statement, 1, database->path, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, file_size(database->path, ""));
    sqlite3_bind_int64(statement, 3, file_size(database->path, "-wal"));
    sqlite3_bind_int64(statement, 4, WAL_LIMIT);
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        terminal_copy(slice_of(database_text(statement, 0)), stdout);
        putchar('\n');
    }
    int result = code == SQLITE_ROW ? 0 : database_fail(database->handle, error, database->path);
    sqlite3_finalize(statement);
    return result;
}

/* All figures are of one moment. */
static int show(const struct options *options, bool json, bool screen, struct error *error)
{
    struct database database = {.lock_fd = -1};
    int result = database_open_reader(&database, options->db, error);
    if (result == 0) result = database_run(database.handle, "BEGIN", error);
    if (result == 0 && screen) fputs("\033[H\033[2J", stdout);
    if (result == 0) result = json ? print_json(&database, error) : print_text(&database, error);
    database_close(&database);
    return result ? result : check_output(stdout, error);
}

/* The seconds between two looks; 0 for a text that is no such number. */
static unsigned seconds_of(const struct options *options)
{
    enum { USUAL = 2, MOST = 86400 };
    char *end;
    if (!options->arguments.count) return USUAL;
    const char *text = options->arguments.all[0];
    if (*text < '0' || *text > '9') return 0;
    unsigned long seconds = strtoul(text, &end, 10);
    return *end || seconds > MOST ? 0 : (unsigned)seconds;
}

int command_status(const struct options *options, struct error *error)
{
    bool json = options->format && strcmp(options->format, "json") == 0;
    size_t words = options->arguments.count;
    if (words > options->watch)
        return error_set(error, ERROR_USAGE, "'%s': status takes options only%s",
                         options->arguments.all[words - 1], options->watch ? " and SECONDS" : "");
    if (options->format && !json && strcmp(options->format, "text") != 0)
        return error_set(error, ERROR_USAGE, "--format %s: status is text or json", options->format);
    if (!options->watch) return show(options, json, false, error);
    unsigned seconds = seconds_of(options);
    bool screen = !json && isatty(STDOUT_FILENO) == 1;
    if (!seconds)
        return error_set(error, ERROR_USAGE, "--watch %s: not a number of seconds, 1 to 86400",
                         options->arguments.all[0]);
    while (show(options, json, screen, error) == 0) {
        sleep(seconds);
        if (!screen && !json) putchar('\n');
    }
    return -1;
}
