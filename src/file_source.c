#include "cdclite/file_source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cdclite/buffer.h"
#include "cdclite/hash.h"
#include "cdclite/json_reader.h"
#include "cdclite/log.h"

enum {
    READ_BYTES = 512 << 10,    /* what has been read is still in the cache when it is looked at */
    MOST_KEPT = 1 << 20,       /* of memory, from one turn to the next */
    KEPT_OF_OVERSIZED = 1024,  /* the beginning of a line that is too long to be read */
    LINE_OVERHEAD = 64 * 1024, /* topic, key and headers beside the value */
};

/* What is given in one turn stands in its memory. */
struct slot {
    struct buffer bytes;
    struct arena arena;
};

struct file_source {
    struct source source;
    struct file_settings settings;
    int fd;
    bool is_pipe, at_end;
    char *topic; /* of lines without one */
    int64_t size, started_at;

    struct slot slots[SOURCE_SLOTS], *slot;
    size_t taken, searched; /* of slot->bytes, what was read: behind us; without a line feed from there on */
    bool given;             /* something in this turn */
    int64_t offset;         /* of the byte at `taken` in the input */
    int64_t base;           /* what earlier loads of this pipe took: added to an offset where it is told */

    int64_t lines, passed_over, first_passed_line;
    char first_passed[64];
    bool left_last_line, said_no_position;
};

static struct file_source *of(struct source *source)
{
    return (struct file_source *)source;
}

static int fail(struct file_source *file, struct error *error, const char *what)
{
    return error_set(error, ERROR_SOURCE, "%s: %s: %s", file->settings.path, what, strerror(errno));
}

/* Reads more bytes: 1 some came, 0 none within the time, 2 the input ended; -1 failure. */
static int read_more(struct file_source *file, int timeout_ms, struct error *error)
{
    if (file->is_pipe) {
        struct pollfd ready = {.fd = file->fd, .events = POLLIN};
        int count = poll(&ready, 1, timeout_ms);
        if (count == 0 || (count < 0 && errno == EINTR)) return 0;
        if (count < 0) return fail(file, error, "cannot wait for input");
    }
    if (file->taken > 0) {
        memmove(file->slot->bytes.at, file->slot->bytes.at + file->taken,
                file->slot->bytes.size - file->taken);
        file->slot->bytes.size -= file->taken;
        file->searched -= file->taken;
        file->taken = 0;
    }
    if (!buffer_reserve(&file->slot->bytes, READ_BYTES)) return error_memory(error);
    ssize_t count = read(file->fd, file->slot->bytes.at + file->slot->bytes.size, READ_BYTES);
    if (count < 0) return errno == EINTR ? 0 : fail(file, error, "cannot read");
    if (count == 0) {
        file->at_end = true;
        return 2;
    }
    file->slot->bytes.size += (size_t)count;
    return 1;
}

/* Moves behind `size` bytes and their line feed, if `fed`. */
static void take(struct file_source *file, size_t size, bool fed)
{
    size += fed;
    file->taken += size;
    file->searched = file->taken;
    file->offset += (int64_t)size;
    file->lines++;
}

/* A line too long to be held: read to its end, keeping its beginning, its length and its hash. */
static int take_oversized(struct file_source *file, struct message *message, struct error *error)
{
    if (file->given) return SOURCE_IDLE;
    char *kept = arena_alloc(&file->slot->arena, KEPT_OF_OVERSIZED);
    if (!kept) return error_memory(error);
    memcpy(kept, file->slot->bytes.at + file->taken, KEPT_OF_OVERSIZED);
    int64_t start = file->offset;
    uint64_t hash = HASH_START;
    const char *feed = NULL;
    while (!feed) {
        size_t size = file->slot->bytes.size - file->taken;
        const char *at = file->slot->bytes.at + file->taken;
        feed = memchr(at, '\n', size);
        /* Whole words only until the end is known, so that the hash does not depend on how the bytes came. */
        size = feed ? (size_t)(feed - at) : file->at_end ? size : size / 8 * 8;
        hash = feed || file->at_end ? hash_bytes(hash, at, size) : hash_words(hash, at, size);
        file->taken += size;
        file->searched = file->taken;
        file->offset += (int64_t)size;
        if (feed || file->at_end) break;
        if (read_more(file, -1, error) < 0) return -1;
    }
    if (!feed && !file->is_pipe) {
        file->left_last_line = true; /* it may still be written to */
        return SOURCE_END;
    }
    uint64_t size = (uint64_t)(file->offset - start);
    take(file, 0, feed != NULL);
    *message = (struct message){.topic = slice_of(file->topic),
                                .offset = start + file->base,
                                .next_offset = file->offset + file->base,
                                .timestamp_ms = -1,
                                .value = {kept, KEPT_OF_OVERSIZED},
                                .refusal = "larger than --max-event-bytes",
                                .refused_size = size,
                                .refused_hash = hash};
    return SOURCE_MESSAGE;
}

static void pass_over(struct file_source *file, struct slice line)
{
    if (file->passed_over++ > 0) return;
    file->first_passed_line = file->lines;
    snprintf(file->first_passed, sizeof file->first_passed, "%.*s", (int)(line.size < 60 ? line.size : 60),
             line.at);
}

/* Whether a last line without a line feed is whole. */
static bool is_whole(struct slice line)
{
    struct json_reader json;
    const char *tab = memchr(line.at, '\t', line.size);
    if (tab) line = (struct slice){tab + 1, line.size - (size_t)(tab + 1 - line.at)};
    json_start(&json, line);
    return json_skip(&json, NULL) == 0 && json_finish(&json) == 0;
}

/* The next line: SOURCE_MESSAGE with the bytes of `line` (valid until the next read), SOURCE_IDLE,
 * SOURCE_END, or -1. *start becomes its offset. An oversized one is given as a message at once, `line` being
 * absent. */
static int next_line(struct file_source *file, int timeout_ms, struct slice *line, int64_t *start,
                     struct message *message, struct error *error)
{
    size_t most = 2 * file->settings.max_event_bytes + LINE_OVERHEAD;
    for (;;) {
        const char *at = buffer_view(&file->slot->bytes).at + file->taken;
        size_t size = file->slot->bytes.size - file->taken;
        size_t searched = file->searched - file->taken;
        const char *feed = size > searched ? memchr(at + searched, '\n', size - searched) : NULL;
        *line = (struct slice){0};
        if ((feed ? (size_t)(feed - at) : size) > most) return take_oversized(file, message, error);
        if (feed) {
            *line = (struct slice){at, (size_t)(feed - at)};
            *start = file->offset;
            take(file, line->size, true);
            return SOURCE_MESSAGE;
        }
        file->searched = file->slot->bytes.size;
        if (file->at_end) {
            if (size == 0) return SOURCE_END;
            *line = (struct slice){at, size};
            /* A file may still be written to; a pipe that ended will not be. */
            if (!file->is_pipe && !(file->settings.until_end && is_whole(*line))) {
                file->left_last_line = true;
                return SOURCE_END;
            }
            *start = file->offset;
            take(file, size, false);
            return SOURCE_MESSAGE;
        }
        if (file->given) return SOURCE_IDLE;
        int got = read_more(file, timeout_ms, error);
        if (got < 0) return -1;
        if (got == 0) return SOURCE_IDLE;
    }
}

static int next_message(struct file_source *file, int timeout_ms, struct message *message,
                        struct error *error)
{
    struct slice line;
    int64_t start;
    for (;;) {
        int outcome = next_line(file, timeout_ms, &line, &start, message, error);
        if (outcome != SOURCE_MESSAGE || !line.at) return outcome;
        if (line.size == 0 || (line.size == 1 && *line.at == '\r')) continue;
        int other = input_line_read(line, file->settings.format, &file->slot->arena, message);
        if (file->slot->arena.failed) return error_memory(error);
        if (other) {
            pass_over(file, line);
            continue;
        }
        if (message->topic.at) return SOURCE_MESSAGE;
        if (file->is_pipe && !file->said_no_position) {
            log_write(LOG_INFO,
                      "%s carries no positions: of events piped in again, only those that are recognised as "
                      "sent again are left out",
                      strcmp(file->settings.path, "-") == 0 ? "standard input" : file->settings.path);
            file->said_no_position = true;
        }
        message->topic = slice_of(file->topic);
        message->offset = start + file->base;
        message->next_offset = file->offset + file->base;
        return SOURCE_MESSAGE;
    }
}

static int file_next(struct source *source, int timeout_ms, struct message *message, struct error *error)
{
    struct file_source *file = of(source);
    if (buffer_failed(&file->slot->bytes)) return error_memory(error);
    int outcome = next_message(file, timeout_ms, message, error);
    file->given |= outcome == SOURCE_MESSAGE;
    return outcome;
}

static void file_turn(struct source *source, unsigned slot)
{
    struct file_source *file = of(source);
    struct slot *last = file->slot, *next = &file->slots[slot];
    arena_reset(&next->arena);
    file->given = false;
    if (next == last) return;
    if (next->bytes.capacity > MOST_KEPT) buffer_free(&next->bytes);
    buffer_clear(&next->bytes);
    /* The beginning of a line that is yet to be read. Without memory for it the next call fails. */
    buffer_append(&next->bytes, last->bytes.at + file->taken, last->bytes.size - file->taken);
    file->searched -= file->taken;
    file->taken = 0;
    file->slot = next;
}

static void file_progress(struct source *source, struct source_progress *progress)
{
    const struct file_source *file = of(source);
    progress->bytes = true;
    progress->done = file->offset - file->started_at;
    progress->behind = file->is_pipe ? -1 : file->size > file->offset ? file->size - file->offset : 0;
}

static void file_close(struct source *source)
{
    if (!source) return;
    struct file_source *file = of(source);
    if (file->passed_over)
        log_write(LOG_WARNING,
                  "%s: %lld lines were not JSON objects and were passed over (the first is line %lld: %s)",
                  file->settings.path, (long long)file->passed_over, (long long)file->first_passed_line,
                  file->first_passed);
    if (file->left_last_line)
        log_write(LOG_WARNING, "%s: the last line has no line feed and was left for the next load%s",
                  file->settings.path,
                  file->settings.until_end ? "; it is no whole JSON" : " (--until-end takes it)");
    if (file->fd > STDIN_FILENO) close(file->fd);
    for (size_t i = 0; i < SOURCE_SLOTS; i++) {
        buffer_free(&file->slots[i].bytes);
        arena_free(&file->slots[i].arena);
    }
    free(file->topic);
    free(file);
}

/* The last line that was stored must read as it did. */
static int check_anchor(struct file_source *file, const struct position *position, struct error *error)
{
    struct message message;
    struct buffer bytes = {0};
    size_t size = (size_t)(position->next_offset - position->anchor_offset);
    int result = -1;
    if (file->size < position->next_offset) {
        error_set(error, ERROR_SOURCE,
                  "%s: shorter than what was loaded from it: it was changed or replaced. Give it another "
                  "name, or load "
                  "it into another --db",
                  file->settings.path);
        goto done;
    }
    /* An oversized line was not held whole then and is not now; that it is still there has to do. */
    if (size > 2 * file->settings.max_event_bytes + LINE_OVERHEAD) return 0;
    if (!buffer_reserve(&bytes, size + 1)) {
        error_memory(error);
        goto done;
    }
    ssize_t count = pread(file->fd, bytes.at, size, position->anchor_offset);
    if (count < 0) {
        fail(file, error, "cannot read");
        goto done;
    }
    struct slice line = {bytes.at, (size_t)count};
    while (line.size > 0 && line.at[line.size - 1] == '\n') line.size--;
    bool same = (size_t)count == size &&
                input_line_read(line, file->settings.format, &file->slot->arena, &message) == 0 &&
                position_is_anchor(position, &message);
    if (file->slot->arena.failed) {
        error_memory(error);
        goto done;
    }
    if (!same) {
        error_set(error, ERROR_SOURCE,
                  "%s: the last line that was loaded from it (at byte %lld) reads differently now: it was "
                  "changed or "
                  "replaced. Give it another name, or load it into another --db",
                  file->settings.path, (long long)position->anchor_offset);
        goto done;
    }
    result = 0;
done:
    buffer_free(&bytes);
    return result;
}

/* What a pipe gives never comes twice, so its bytes are counted on behind those of earlier loads. */
static void begin_pipe(struct file_source *file, const struct position *position)
{
    file->is_pipe = true;
    if (position && position->stored) file->base = position->next_offset;
}

static int open_path(struct file_source *file, struct positions *positions, struct error *error)
{
    const char *path = file->settings.path;
    struct stat status;
    unsigned char magic[2];
    file->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (file->fd < 0) return fail(file, error, "cannot open the input");
    if (fstat(file->fd, &status)) return fail(file, error, "cannot read");
    if (S_ISDIR(status.st_mode))
        return error_set(error, ERROR_SOURCE, "%s: a directory; --input takes a file", path);
    char *absolute = realpath(path, NULL);
    if (!absolute && errno != ENOMEM) return fail(file, error, "cannot find its path");
    if (!absolute || asprintf(&file->topic, "file:%s", absolute) < 0) {
        free(absolute);
        file->topic = NULL;
        return error_memory(error);
    }
    free(absolute);
    const struct position *position = positions_find(positions, slice_of(file->topic), 0);
    if (!S_ISREG(status.st_mode)) {
        begin_pipe(file, position); /* a named pipe or a device */
        return 0;
    }
    file->size = status.st_size;
    if (pread(file->fd, magic, 2, 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b)
        return error_set(error, ERROR_SOURCE,
                         "%s: compressed with gzip; use: gunzip -c %s | cdclite load --input -", path, path);
    if (!position || !position->stored) return 0;
    if (check_anchor(file, position, error)) return -1;
    if (lseek(file->fd, position->next_offset, SEEK_SET) < 0) return fail(file, error, "cannot seek");
    file->offset = file->started_at = position->next_offset;
    return 0;
}

int file_source_open(const struct file_settings *settings, struct positions *positions,
                     struct source **source, struct error *error)
{
    struct file_source *file = calloc(1, sizeof *file);
    if (!file) return error_memory(error);
    file->source = (struct source){
        file_next, source_stored_unwatched, file_progress, source_end_unknown, file_close, file_turn};
    file->settings = *settings;
    file->slot = &file->slots[0];
    file->fd = -1;
    if (strcmp(settings->path, "-") != 0) {
        if (open_path(file, positions, error)) goto failed;
    } else {
        file->fd = STDIN_FILENO;
        file->topic = strdup("stdin");
        if (!file->topic) {
            error_memory(error);
            goto failed;
        }
        begin_pipe(file, positions_find(positions, slice_of(file->topic), 0));
    }
    *source = &file->source;
    return 0;
failed:
    file_close(&file->source);
    *source = NULL;
    return -1;
}
