#ifndef CDCLITE_FILE_H
#define CDCLITE_FILE_H

#include "cdclite/error.h"

/* The absolute path of a file that may not exist yet (its directory must), to be freed by the caller. Fails
 * with `kind`. */
int file_absolute_path(const char *path, enum error_kind kind, char **absolute, struct error *error);

/* Makes the directory entry of a file durable (fsync of its directory). */
int file_sync_directory(const char *path, struct error *error);

#endif
