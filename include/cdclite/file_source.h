#ifndef CDCLITE_FILE_SOURCE_H
#define CDCLITE_FILE_SOURCE_H

#include "cdclite/input_line.h"
#include "cdclite/positions.h"
#include "cdclite/source.h"

struct file_settings {
    const char *path; /* "-": standard input */
    enum input_format format;
    size_t max_event_bytes;
    bool until_end; /* take a last line without a line feed, if it is whole JSON */
};

/*
 * Messages from the lines of a file or of standard input. Lines that carry no topic stand at
 * "file:ABSOLUTE-PATH" or "stdin", partition 0, at the byte offset of their start (of standard input: counted
 * on over all loads). A file goes on where `positions` says; one that changed before that place is refused
 * (ERROR_SOURCE).
 */
int file_source_open(const struct file_settings *settings, struct positions *positions,
                     struct source **source, struct error *error);

#endif
