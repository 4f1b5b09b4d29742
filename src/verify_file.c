#include "verify_parts.h"

/* A row of integrity_check may hold many lines, headed by one that only names the database. */
static void tell_lines(struct verification *verification, const char *lines)
{
    while (*lines) {
        size_t size = strcspn(lines, "\n");
        struct slice line = {lines, size};
        if (size > 0 && !slice_starts(line, "*** in database"))
            verify_found(verification, verification->path, "%.*s: restore a copy, or load into another --db",
                         (int)size, lines);
        lines += size + (lines[size] == '\n');
    }
}

static int check_pages(struct verification *verification, struct error *error)
{
    sqlite3_stmt *statement;
    int code;
    if (database_prepare(verification->db, "PRAGMA integrity_check(100)", &statement, error)) return -1;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW)
        if (strcmp(database_text(statement, 0), "ok") != 0)
            tell_lines(verification, database_text(statement, 0));
    int result = code == SQLITE_DONE ? 0 : database_fail(verification->db, error, verification->path);
    sqlite3_finalize(statement);
    return result;
}

/* What is declared to refer to another table does. */
static const char foreign_keys[] =
    "SELECT \"table\", printf('%s refers to a row of %s that is not there',"
    "  iif(rowid IS NULL, 'a row', 'row ' || rowid), parent) FROM pragma_foreign_key_check";

int verify_file(struct verification *verification, struct error *error)
{
    verify_progress(verification, "the SQLite file", 0, 0);
    return check_pages(verification, error) || verify_query(verification, foreign_keys, error) ? -1 : 0;
}
