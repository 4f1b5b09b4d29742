#include "cdclite/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cdclite/file.h"
#include "cdclite/log.h"
#include "cdclite/portable.h"
#include "cdclite/time_text.h"
#include "metrics_text.h"

enum { LEAST_MS = 1000, IDLE_MS = 10000 };

struct metrics {
    char *path, *temporary;
    struct metrics_totals totals;
    const char *db_path;
    int64_t opened_ms; /* of the batch under way */
    struct buffer text;
    bool made;       /* `text` is what the batch under way will have come to */
    bool unwritten;  /* something was committed since the file was written */
    bool failed;     /* the last time, and that was said */
    int64_t next_ms; /* not written before */
};

/* The collector does not sync either: after a power cut the figures are made anew. */
static int write_file(const struct metrics *metrics)
{
    int fd = (int)TEMP_FAILURE_RETRY(
        open(metrics->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (fd < 0) return -1;
    int code = file_write_all(fd, buffer_view(&metrics->text)) ? errno : 0;
    if (close(fd) && !code) code = errno;
    if (!code && rename(metrics->temporary, metrics->path)) code = errno;
    if (code) unlink(metrics->temporary);
    errno = code;
    return code ? -1 : 0;
}

/* What stands there must be our figures: a rename would take whatever else it is away. */
static int examine(const struct metrics *metrics, struct error *error)
{
    struct stat status;
    if (lstat(metrics->path, &status) && errno == ENOENT) return 0;
    int ours = file_begins_with(metrics->path, slice_of(METRICS_START));
    if (ours < 0) return error_set(error, ERROR_STORAGE, "--metrics %s: %s", metrics->path, strerror(errno));
    if (ours) return 0;
    return error_set(error, ERROR_STORAGE, "--metrics %s: there is something else than cdclite's figures",
                     metrics->path);
}

int metrics_open(const char *path, struct metrics **opened, struct error *error)
{
    static const char ending[] = ".prom";
    size_t size = strlen(path);
    struct metrics *metrics = *opened = calloc(1, sizeof *metrics);
    if (!metrics) return error_memory(error);
    if (size < sizeof ending || strcmp(path + size - (sizeof ending - 1), ending) != 0)
        return error_set(error, ERROR_USAGE,
                         "--metrics %s: the name must end in %s, node_exporter reads no other", path, ending);
    if (file_absolute_path(path, ERROR_STORAGE, &metrics->path, error)) return -1;
    if (asprintf(&metrics->temporary, "%s.tmp", metrics->path) < 0) {
        metrics->temporary = NULL;
        return error_memory(error);
    }
    if (examine(metrics, error)) return -1;
    int fd =
        (int)TEMP_FAILURE_RETRY(open(metrics->temporary, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (fd < 0)
        return error_set(error, ERROR_STORAGE, "--metrics %s: %s", metrics->temporary, strerror(errno));
    close(fd);
    unlink(metrics->temporary);
    metrics->totals.started_at = time_now();
    metrics->unwritten = true;
    return 0;
}

void metrics_close(struct metrics *metrics)
{
    if (!metrics) return;
    buffer_free(&metrics->text);
    free(metrics->path);
    free(metrics->temporary);
    free(metrics);
}

static void make(struct metrics *metrics, const struct metrics_view *view)
{
    metrics->db_path = view->db_path;
    buffer_clear(&metrics->text);
    metrics_text_counted(&metrics->text, &metrics->totals, view);
}

/* `text` is what has been committed. */
static void finish(struct metrics *metrics)
{
    int64_t now = time_passing_ms();
    metrics_text_committed(&metrics->text, &metrics->totals, metrics->db_path);
    errno = ENOMEM;
    bool failed = buffer_failed(&metrics->text) || write_file(metrics);
    if (failed && !metrics->failed)
        log_write(LOG_WARNING, "--metrics %s: %s; the load goes on without", metrics->path, strerror(errno));
    if (!failed && metrics->failed) log_write(LOG_INFO, "--metrics %s: written again", metrics->path);
    metrics->failed = failed;
    metrics->unwritten = false;
    metrics->next_ms = now + LEAST_MS;
}

void metrics_seal(struct metrics *metrics, const struct batch *batch, const struct metrics_view *view)
{
    if (!metrics) return;
    metrics_totals_add(&metrics->totals, batch);
    metrics->opened_ms = batch->opened_ms;
    metrics->made = time_passing_ms() >= metrics->next_ms;
    if (metrics->made) make(metrics, view);
}

void metrics_committed(struct metrics *metrics)
{
    if (!metrics) return;
    metrics->totals.batches++;
    metrics->totals.batch_ms += time_passing_ms() - metrics->opened_ms;
    metrics->totals.committed_at = time_now();
    metrics->unwritten = true;
    if (metrics->made) finish(metrics);
}

void metrics_rest(struct metrics *metrics, const struct metrics_view *view)
{
    if (!metrics || time_passing_ms() < metrics->next_ms + (metrics->unwritten ? 0 : IDLE_MS - LEAST_MS))
        return;
    make(metrics, view);
    finish(metrics);
}

void metrics_end(struct metrics *metrics, const struct metrics_view *view)
{
    if (!metrics) return;
    make(metrics, view);
    finish(metrics);
}
