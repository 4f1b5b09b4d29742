#include <sqlite3.h>
#include <unistd.h>

#include "cdclite/database.h"
#include "cdclite/embedded.h"
#include "cdclite/history_ddl.h"
#include "cdclite/terminal.h"
#include "commands.h"

static int print_database(struct database *database, struct error *error)
{
    sqlite3_stmt *statement;
    int code;
    if (database_prepare(database->handle,
                         "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL"
                         " ORDER BY CASE type WHEN 'view' THEN 1 ELSE 0 END, rowid",
                         &statement, error))
        return -1;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        terminal_copy(slice_of(database_text(statement, 0)), stdout);
        fputs(";\n\n", stdout);
    }
    int result = code == SQLITE_DONE ? 0 : database_fail(database->handle, error, database->path);
    sqlite3_finalize(statement);
    return result;
}

/* What a first load of the tutorial's table makes, with schemas on. */
static int print_builtin(struct error *error)
{
    char *names[] = {"holding_id",       "user_id",          "holding_stock",
                     "holding_quantity", "datetime_created", "datetime_updated"};
    struct captured_column columns[sizeof names / sizeof *names] = {0};
    struct captured_table table = {.name = "holding",
                                   .source_name = "bankserver1.bank_data.holding",
                                   .columns = columns,
                                   .count = sizeof names / sizeof *names,
                                   .present_count = sizeof names / sizeof *names,
                                   .table_id = 1,
                                   .bundled = true,
                                   .sale_views = true};
    struct buffer sql = {0};
    for (size_t i = 0; i < table.count; i++) {
        columns[i] = (struct captured_column){.name = names[i],
                                              .column_name = names[i],
                                              .storage = i == 2 ? STORAGE_TEXT : STORAGE_INTEGER,
                                              .key = i == 0,
                                              .present = true,
                                              .place = i,
                                              .first_change_id = 1,
                                              .identifying = i < 2,
                                              .tracked = i == 2 || i == 3};
        if (i >= 4) columns[i].type.unit = UNIT_TIMESTAMP_US;
    }
    history_ddl_table(&table, "holding_history", &sql);
    history_ddl_triggers(&table, &sql);
    history_ddl_views(&table, &sql);
    int result = buffer_failed(&sql) ? error_memory(error) : 0;
    for (int i = 0; i < DATABASE_VERSION && result == 0; i++)
        printf("%s\n", embedded_find(database_migrations[i])->text);
    if (result == 0) printf("%s", buffer_string(&sql));
    buffer_free(&sql);
    return result;
}

int command_schema(const struct options *options, struct error *error)
{
    struct database database = {.lock_fd = -1};
    int result;
    if (access(options->db, F_OK) == 0) {
        result = database_open_reader(&database, options->db, error);
        if (result == 0) result = print_database(&database, error);
        database_close(&database);
    } else {
        result = print_builtin(error);
    }
    return result ? result : check_output(stdout, error);
}
