#ifndef CDCLITE_FILE_H
#define CDCLITE_FILE_H

#include "cdclite/error.h"
#include "cdclite/slice.h"

/* The absolute path of a file that may not exist yet (its directory must), to be freed by the caller. Fails
 * with `kind`. */
int file_absolute_path(const char *path, enum error_kind kind, char **absolute, struct error *error);

/* Makes the directory entry of a file durable (fsync of its directory). */
int file_sync_directory(const char *path, struct error *error);

/* Writes all of it: 0, or -1 with errno. */
int file_write_all(int fd, struct slice text);

/* Whether a file is empty or begins with `start`, so that one of ours may take its place: 1, else 0; -1 with
 * errno, also for one that is not there. Does not wait, whatever it is. */
int file_begins_with(const char *path, struct slice start);

#endif
