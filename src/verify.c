#include "cdclite/verify.h"

#include <stdarg.h>
#include <stdio.h>

#include "verify_parts.h"

enum { MOST_SHOWN = 50 }; /* findings a check: one cause may have millions of effects */

static void tell(struct verification *verification, const char *where, const char *what)
{
    const struct finding finding = {verification->check, where, what};
    verification->watch->found(verification->watch->context, &finding);
}

void verify_found(struct verification *verification, const char *where, const char *what, ...)
{
    va_list arguments;
    verification->totals->findings++;
    if (verification->shown == MOST_SHOWN) {
        verification->unshown++;
        return;
    }
    verification->shown++;
    va_start(arguments, what);
    char *text = sqlite3_vmprintf(what, arguments);
    va_end(arguments);
    tell(verification, where, text ? text : "out of memory");
    sqlite3_free(text);
}

void verify_progress(const struct verification *verification, const char *doing, int64_t done, int64_t of)
{
    verification->watch->progress(verification->watch->context, doing, done, of);
}

int verify_query(struct verification *verification, const char *sql, struct error *error)
{
    sqlite3_stmt *statement;
    int code;
    if (database_prepare(verification->db, sql, &statement, error)) return -1;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW)
        verify_found(verification, database_text(statement, 0), "%s", database_text(statement, 1));
    int result = code == SQLITE_DONE ? 0 : database_fail(verification->db, error, verification->check);
    sqlite3_finalize(statement);
    return result;
}

/* What a check cannot read is a finding as well, unless nothing can be read. */
static int cannot_go_on(struct verification *verification, struct error *error)
{
    int code = sqlite3_errcode(verification->db) & 0xff;
    if (error->kind != ERROR_STORAGE || code == SQLITE_IOERR || code == SQLITE_NOMEM) return -1;
    verification->shown = 0; /* this one is told in any case */
    verify_found(verification, verification->path, "cannot be checked to the end: %s", error->text);
    return 0;
}

/* One check: 0, or -1 where the program must end. */
static int run(struct verification *verification, const char *name,
               int (*check)(struct verification *verification, struct error *error), struct error *error)
{
    verification->check = name;
    verification->shown = verification->unshown = 0;
    int result = check(verification, error);
    if (result) result = cannot_go_on(verification, error);
    if (verification->unshown) {
        char more[64];
        snprintf(more, sizeof more, "%lld more findings of this check", (long long)verification->unshown);
        tell(verification, verification->path, more);
    }
    return result;
}

static int read_catalog(struct verification *verification, struct error *error)
{
    if (catalog_open(verification->db, NULL, &verification->catalog, error)) {
        catalog_close(verification->catalog);
        verification->catalog = NULL;
        return -1;
    }
    verification->totals->tables = (int64_t)catalog_count(verification->catalog);
    return 0;
}

int verify_database(struct database *database, const struct verify_watch *watch, struct verify_totals *totals,
                    struct error *error)
{
    static const struct {
        const char *name;
        int (*check)(struct verification *verification, struct error *error);
    } checks[] = {
        {"schema", verify_schema},  {"changes", verify_changes}, {"counts", verify_counts},
        {"sums", verify_summaries}, {"text", verify_texts},
    };
    struct verification verification = {
        .db = database->handle, .path = database->path, .watch = watch, .totals = totals};
    *totals = (struct verify_totals){0};
    /* One transaction, so that a load going on meanwhile is seen up to one moment. */
    int result = database_run(database->handle, "BEGIN", error);
    if (result == 0) result = run(&verification, "file", verify_file, error);
    if (result == 0) result = run(&verification, "schema", read_catalog, error);
    /* Without its tables nothing more can be said. */
    for (size_t i = 0; i < sizeof checks / sizeof *checks && result == 0 && verification.catalog; i++) {
        if (watch->no_texts && checks[i].check == verify_texts) continue;
        result = run(&verification, checks[i].name, checks[i].check, error);
    }
    catalog_close(verification.catalog);
    return result;
}
