#include <errno.h>
#include <string.h>

#include "cdclite/database.h"
#include "cdclite/datasette.h"
#include "cdclite/terminal.h"
#include "commands.h"

/* What Datasette calls a database: "/x/history.db" is history. */
static void append_stem(const char *path, struct buffer *out)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
    buffer_append(out, name, dot && dot > name ? (size_t)(dot - name) : strlen(name));
}

static int write_metadata(const struct options *options, struct slice text, struct error *error)
{
    FILE *out = options->output ? fopen(options->output, "we") : stdout;
    if (!out) return error_set(error, ERROR_FAILURE, "%s: %s", options->output, strerror(errno));
    terminal_copy(text, out);
    if (out == stdout) return check_output(stdout, error);
    bool failed = ferror(out);
    if (fclose(out) || failed)
        return error_set(error, ERROR_FAILURE, "%s: %s", options->output, strerror(errno));
    return 0;
}

int command_datasette(const struct options *options, struct error *error)
{
    struct database database = {.lock_fd = -1};
    struct query_set *set = NULL;
    struct buffer name = {0}, metadata = {0};
    int result = -1;
    if (options->arguments.count)
        return error_set(error, ERROR_USAGE, "cdclite datasette takes no argument: '%.100s'",
                         options->arguments.all[0]);
    append_stem(options->db, &name);
    if (database_open_reader(&database, options->db, error) || query_set_open(options->queries, &set, error))
        goto done;
    if (datasette_metadata(database.handle, buffer_string(&name), set, &metadata, error)) goto done;
    result =
        buffer_failed(&name) ? error_memory(error) : write_metadata(options, buffer_view(&metadata), error);
done:
    query_set_close(set);
    database_close(&database);
    buffer_free(&name);
    buffer_free(&metadata);
    return result;
}
