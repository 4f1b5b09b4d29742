#include <errno.h>
#include <string.h>

#include "cdclite/database.h"
#include "cdclite/terminal.h"
#include "cdclite/text_log.h"
#include "commands.h"

static int write_piece(void *context, struct slice text, struct error *error)
{
    FILE *out = context;
    terminal_copy(text, out);
    return ferror(out) ? check_output(out, error) : 0;
}

static int export_text(struct database *database, const char *name, FILE *out, struct error *error)
{
    struct catalog *catalog = NULL;
    int result = -1;
    /* One transaction, so that a load going on meanwhile is seen up to one moment. */
    if (database_run(database->handle, "BEGIN", error)) return -1;
    if (catalog_open(database->handle, NULL, &catalog, error)) goto done;
    struct captured_table *table = catalog_named(catalog, name);
    if (!table) {
        error_set(error, ERROR_USAGE, "no table %s in %s; cdclite status lists them", name, database->path);
        goto done;
    }
    if (text_rebuild(database->handle, table, 0, INT64_MAX, 0, write_piece, out, error)) goto done;
    result = check_output(out, error);
done:
    catalog_close(catalog);
    return result;
}

int command_export(const struct options *options, struct error *error)
{
    const struct text_list *arguments = &options->arguments;
    struct database database = {.lock_fd = -1};
    FILE *out = stdout;
    if (arguments->count < 1 || arguments->count > 2 || strcmp(arguments->all[0], "text") != 0)
        return error_set(error, ERROR_USAGE, "cdclite export text [TABLE]");
    int result = database_open_reader(&database, options->db, error);
    if (result == 0 && options->output) {
        out = fopen(options->output, "we");
        if (!out) result = error_set(error, ERROR_FAILURE, "%s: %s", options->output, strerror(errno));
    }
    if (result == 0)
        result = export_text(&database, arguments->count > 1 ? arguments->all[1] : "holding", out, error);
    if (out && out != stdout && fclose(out) && result == 0)
        result = error_set(error, ERROR_FAILURE, "%s: %s", options->output, strerror(errno));
    database_close(&database);
    return result;
}
