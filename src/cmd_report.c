#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cdclite/database.h"
#include "cdclite/file.h"
#include "cdclite/log.h"
#include "cdclite/portable.h"
#include "cdclite/report.h"
#include "cdclite/terminal.h"
#include "commands.h"

static int failed(struct error *error, const char *path)
{
    return error_set(error, ERROR_FAILURE, "%s: %s", path, strerror(errno));
}

/* What stands there must be a page of ours: the new one takes its place. */
static int examine(const char *path, struct error *error)
{
    struct stat status;
    if (lstat(path, &status)) return errno == ENOENT ? 0 : failed(error, path);
    if (!S_ISREG(status.st_mode))
        return error_set(error, ERROR_USAGE, "--html %s: no file (- is standard output)", path);
    int ours = file_begins_with(path, slice_of(REPORT_START));
    if (ours < 0) return failed(error, path);
    if (ours) return 0;
    return error_set(error, ERROR_USAGE, "--html %s: there is something else than a report", path);
}

/* The old page or the new one stands there at every moment. */
static int replace(const char *path, struct slice text, struct error *error)
{
    char *temporary;
    int result = 0;
    if (asprintf(&temporary, "%s.%ld.tmp", path, (long)getpid()) < 0) return error_memory(error);
    unlink(temporary);
    int fd = (int)TEMP_FAILURE_RETRY(open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (fd < 0) {
        result = failed(error, temporary);
    } else {
        if (file_write_all(fd, text) || fsync(fd)) result = failed(error, temporary);
        if (close(fd) && result == 0) result = failed(error, temporary);
        if (result == 0 && rename(temporary, path)) result = failed(error, path);
        if (result) unlink(temporary);
    }
    free(temporary);
    return result ? result : file_sync_directory(path, error);
}

static int publish(const struct options *options, struct slice text, struct error *error)
{
    char *path = NULL;
    if (strcmp(options->html, "-") == 0) {
        terminal_copy(text, stdout);
        return check_output(stdout, error);
    }
    int result = file_absolute_path(options->html, ERROR_FAILURE, &path, error);
    if (result == 0) result = examine(path, error);
    if (result == 0) result = replace(path, text, error);
    if (result == 0) log_write(LOG_INFO, "%s: %zu bytes", path, text.size);
    free(path);
    return result;
}

int command_report(const struct options *options, struct error *error)
{
    struct database database = {.lock_fd = -1};
    struct buffer page = {0};
    if (!options->html)
        return error_set(error, ERROR_USAGE, "cdclite report --html FILE (- for standard output)");
    int result = database_open_reader(&database, options->db, error);
    if (result == 0)
        result = report_page(&database, options->db, options->arguments.all, options->arguments.count, &page,
                             error);
    if (result == 0) result = publish(options, buffer_view(&page), error);
    database_close(&database);
    buffer_free(&page);
    return result;
}
