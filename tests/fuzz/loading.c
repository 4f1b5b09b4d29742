#include "loading.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct feed {
    struct source source;
    const struct message *messages;
    size_t count;
};

static int feed_next(struct source *source, int timeout_ms, struct message *message, struct error *error)
{
    struct feed *feed = (struct feed *)source;
    (void)timeout_ms, (void)error;
    if (feed->count == 0) return SOURCE_END;
    *message = *feed->messages++;
    feed->count--;
    return SOURCE_MESSAGE;
}

static void feed_stored(struct source *source, struct positions *positions)
{
    (void)source;
    (void)positions;
}

static void feed_progress(struct source *source, struct source_progress *progress)
{
    (void)source;
    *progress = (struct source_progress){.behind = -1};
}

static int64_t feed_end(struct source *source, struct slice topic, int32_t partition)
{
    (void)source, (void)topic, (void)partition;
    return -1;
}

/* All that it gives stays. */
static void feed_turn(struct source *source, unsigned slot)
{
    (void)source, (void)slot;
}

static void remove_files(const struct place *place)
{
    unlink(place->db);
    unlink(place->wal);
    unlink(place->shm);
    unlink(place->texts[0].path);
    unlink(place->texts[1].path);
}

struct slice read_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    char *bytes = malloc((size_t)size + 1);
    MUST_HOLD(bytes && (fd < 0 || pread(fd, bytes, (size_t)size, 0) == size));
    if (fd >= 0) close(fd);
    return (struct slice){bytes, (size_t)size};
}

static void write_file(const char *path, struct slice bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    MUST_HOLD(fd >= 0 && write(fd, bytes.at, bytes.size) == (ssize_t)bytes.size && close(fd) == 0);
}

struct place make_place(const char *name)
{
    struct place place;
    char file[32];
    snprintf(file, sizeof file, "%s.db", name);
    place.db = scratch_path(file);
    snprintf(file, sizeof file, "%s.db-wal", name);
    place.wal = scratch_path(file);
    snprintf(file, sizeof file, "%s.db-shm", name);
    place.shm = scratch_path(file);
    snprintf(file, sizeof file, "%s.holding", name);
    place.texts[0] = (struct text_choice){"holding", scratch_path(file), true};
    snprintf(file, sizeof file, "%s.t", name);
    place.texts[1] = (struct text_choice){"t", scratch_path(file), true};
    place.texts[2] = (struct text_choice){0};
    return place;
}

bool load(const struct place *place, unsigned bits, const struct message *messages, size_t count,
          struct load_counts *counts)
{
    static const struct table_name names[] = {{"s1.bank_data.named", "named by user"}, {NULL, NULL}};
    static const struct table_key_choice keys[] = {{"t", "id"}, {"t2", "a,b"}, {NULL, NULL}};
    static const struct table_type_choice types[] = {{"t", "v", {.kind = KIND_DECIMAL, .scale = 2}},
                                                     {"t", "at", {KIND_INTEGER, UNIT_TIMESTAMP_US, 0}},
                                                     {.table = NULL}};
    const struct load_settings settings = {.db_path = place->db,
                                           .texts = bits & WITHOUT_TEXT ? NULL : place->texts,
                                           .choices = bits & WITH_CHOICES
                                                          ? (struct table_choices){names, keys, types}
                                                          : (struct table_choices){0},
                                           .linger_ms = 500,
                                           .max_event_bytes = bits & SMALL_EVENTS ? 700 : 1 << 20,
                                           .quiet = true};
    struct feed feed = {{feed_next, feed_stored, feed_progress, feed_end, NULL, feed_turn}, messages, count};
    const volatile sig_atomic_t stop = 0;
    struct positions positions = {0};
    struct loader *loader;
    struct error error = {0};
    bool fits = loader_open(&settings, &positions, &loader, &error) == 0;
    if (!fits && !(bits & WITH_CHOICES && error.kind == ERROR_USAGE)) found("cannot open: %s", error.text);
    if (fits && loader_run(loader, &feed.source, &stop, &error)) found("cannot load: %s", error.text);
    load_counts_add(counts, loader_counts(loader));
    loader_close(loader);
    positions_free(&positions);
    return fits;
}

/* Smaller pages: less to copy and to write for a few rows. */
static void shrink(const char *path)
{
    sqlite3 *db;
    MUST_HOLD(sqlite3_open(path, &db) == SQLITE_OK);
    MUST_HOLD(sqlite3_exec(db, "PRAGMA journal_mode = DELETE; PRAGMA page_size = 2048; VACUUM", NULL, NULL,
                           NULL) == SQLITE_OK);
    sqlite3_close(db);
}

void empty_place(const struct place *place)
{
    static struct slice empty;
    remove_files(place);
    if (!empty.at) {
        struct load_counts counts = {0};
        MUST_HOLD(load(place, WITHOUT_TEXT, NULL, 0, &counts));
        shrink(place->db);
        empty = read_file(place->db);
    }
    write_file(place->db, empty);
}
