#include <stdio.h>
#include <string.h>

#include "cdclite/log.h"
#include "cdclite/rejected_source.h"
#include "commands.h"
#include "load_options.h"

static void append_part(char *line, size_t room, int64_t count, const char *what)
{
    size_t size = strlen(line);
    if (count && size < room) snprintf(line + size, room - size, ", %lld %s", (long long)count, what);
}

/* Whether all of them are stored by now. */
static int say_what(const char *db_path, const struct load_counts *counts, const struct rejected_rest *rest,
                    struct error *error)
{
    char line[512];
    int64_t stored = counts->retried - counts->refused;
    snprintf(line, sizeof line, "%s: of %lld rejected events %lld stored", db_path,
             (long long)(counts->retried + rest->late + rest->partly), (long long)stored);
    append_part(line, sizeof line, counts->redelivered, "of them sent again by Debezium and stored already");
    append_part(line, sizeof line, counts->refused, "still rejected");
    append_part(line, sizeof line, rest->late, "too late: what came behind them is stored");
    append_part(line, sizeof line, rest->partly, "not kept whole");
    if (counts->refused == 0 && rest->late == 0 && rest->partly == 0) {
        log_write(LOG_INFO, "%s", line);
        return 0;
    }
    return error_set(error, ERROR_FAILURE, "%s%s", line,
                     rest->late || rest->partly ? ". Load their topic or file into another --db" : "");
}

int rejected_retry(const struct options *options, const char *ids, struct error *error)
{
    struct load_options load;
    struct positions positions = {0};
    struct rejected_rest rest = {0};
    struct loader *loader = NULL;
    struct source *source = NULL;
    catch_stop_signals();
    int result = load_options_read(&load, options, error);
    /* Before the loader, which would make a history that is not there. */
    if (result == 0) result = rejected_source_open(options->db, ids, &rest, &source, error);
    if (result == 0) result = loader_open(&load.settings, &positions, &loader, error);
    if (result == 0) result = loader_run(loader, source, &stop_requested, error);
    if (source) source->close(source);
    if (result == 0 && stop_requested) log_write(LOG_WARNING, "stopped: not all of them were tried");
    if (result == 0) result = say_what(options->db, loader_counts(loader), &rest, error);
    loader_close(loader);
    positions_free(&positions);
    load_options_free(&load);
    return result;
}
