#include "cdclite/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cdclite/portable.h"

int file_absolute_path(const char *path, enum error_kind kind, char **absolute, struct error *error)
{
    *absolute = realpath(path, NULL);
    if (*absolute) return 0;
    char *copy = strdup(path), *name = strdup(path), *directory = NULL;
    int result = -1;
    if (!copy || !name) {
        error_memory(error);
        goto done;
    }
    directory = realpath(dirname(copy), NULL);
    if (!directory && errno == ENOMEM) {
        error_memory(error);
        goto done;
    }
    if (!directory) {
        error_set(error, kind, "%s: cannot use its directory: %s", path, strerror(errno));
        goto done;
    }
    result = 0;
    if (asprintf(absolute, "%s/%s", strcmp(directory, "/") == 0 ? "" : directory, basename(name)) < 0) {
        *absolute = NULL;
        result = error_memory(error);
    }
done:
    free(copy);
    free(name);
    free(directory);
    return result;
}

int file_sync_directory(const char *path, struct error *error)
{
    char *copy = strdup(path);
    if (!copy) return error_memory(error);
    int directory = (int)TEMP_FAILURE_RETRY(open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    int failed = directory < 0 || fsync(directory);
    int code = errno;
    if (directory >= 0) close(directory);
    free(copy);
    return failed ? error_set(error, ERROR_STORAGE, "%s: cannot sync its directory: %s", path, strerror(code))
                  : 0;
}

int file_write_all(int fd, struct slice text)
{
    while (text.size) {
        ssize_t written = TEMP_FAILURE_RETRY(write(fd, text.at, text.size));
        if (written < 0) return -1;
        text.at += written;
        text.size -= (size_t)written;
    }
    return 0;
}

int file_begins_with(const char *path, struct slice start)
{
    enum { LONGEST = 256 };
    char found[LONGEST];
    if (start.size > LONGEST) start.size = LONGEST;
    int fd = (int)TEMP_FAILURE_RETRY(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (fd < 0) return -1;
    ssize_t size = TEMP_FAILURE_RETRY(read(fd, found, start.size));
    close(fd);
    return size == 0 || (size > 0 && slice_equals((struct slice){found, (size_t)size}, start));
}
