#include "cdclite/query.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cdclite/embedded.h"
#include "cdclite/log.h"
#include "cdclite/suggest.h"
#include "query_parts.h"

/* SQLite takes no longer statement (SQLITE_MAX_SQL_LENGTH). */
enum { MAX_FILE = 1000000 };

struct query_set {
    struct arena arena;
    struct query *all;
    size_t count;
};

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct query *)a)->name, ((const struct query *)b)->name);
}

/* Adds it, or puts it in the place of one of the same name. */
static int add(struct query_set *set, const struct query *query, struct error *error)
{
    for (size_t i = 0; i < set->count; i++) {
        if (strcmp(set->all[i].name, query->name) != 0) continue;
        set->all[i] = *query;
        return 0;
    }
    struct query *grown = reallocarray(set->all, set->count + 1, sizeof *grown);
    if (!grown) return error_memory(error);
    set->all = grown;
    set->all[set->count++] = *query;
    return 0;
}

/* "queries/x.sql" is x; absent for a name that is no query's. */
static struct slice query_name(const char *file)
{
    const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;
    size_t size = strlen(name), suffix = strlen(".sql");
    if (size <= suffix || name[0] == '.' || strcmp(name + size - suffix, ".sql") != 0)
        return (struct slice){0};
    return (struct slice){name, size - suffix};
}

static int add_text(struct query_set *set, const char *file, const char *sql, bool built_in,
                    struct error *error)
{
    struct query query = {.file = query_keep(&set->arena, slice_of(file)), .built_in = built_in, .sql = sql};
    query.name = query_keep(&set->arena, query_name(file));
    if (!query.file || !query.name) return error_memory(error);
    return query_read_header(&query, &set->arena, error) || add(set, &query, error) ? -1 : 0;
}

static int add_built_in(struct query_set *set, struct error *error)
{
    for (const struct embedded_file *file = embedded_files; file->name; file++) {
        if (strncmp(file->name, "queries/", 8) != 0 || !query_name(file->name).at) continue;
        if (add_text(set, file->name, file->text, true, error)) return -1;
    }
    return 0;
}

bool query_is_built_in(const char *name)
{
    struct buffer file = {0};
    buffer_printf(&file, "queries/%s.sql", name);
    bool known = embedded_find(buffer_string(&file)) != NULL;
    buffer_free(&file);
    return known;
}

static int unreadable(const char *path, struct error *error)
{
    return error_set(error, ERROR_USAGE, "%s: cannot be read: %s", path, strerror(errno));
}

static int read_stream(struct query_set *set, const char *path, FILE *stream, struct error *error)
{
    struct buffer text = {0};
    int result = -1;
    if (!buffer_reserve(&text, MAX_FILE + 1)) {
        error_memory(error);
        goto done;
    }
    text.size = fread(text.at, 1, MAX_FILE + 1, stream);
    if (ferror(stream)) {
        unreadable(path, error);
    } else if (text.size > MAX_FILE) {
        error_set(error, ERROR_USAGE, "%s: larger than a query may be (%d bytes)", path, MAX_FILE);
    } else if (text.size && memchr(text.at, '\0', text.size)) {
        error_set(error, ERROR_USAGE, "%s: holds a NUL byte: no SQL text", path);
    } else {
        struct slice all = buffer_view(&text);
        if (slice_starts(all, "\xef\xbb\xbf")) all = (struct slice){all.at + 3, all.size - 3};
        const char *sql = query_keep(&set->arena, all);
        result = sql ? add_text(set, path, sql, false, error) : error_memory(error);
    }
done:
    buffer_free(&text);
    return result;
}

/* 0: added; 1: not a regular file, which is passed over. */
static int add_file(struct query_set *set, const char *path, struct error *error)
{
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) return 1;
    FILE *stream = fopen(path, "re");
    if (!stream) return unreadable(path, error);
    int result = read_stream(set, path, stream, error);
    fclose(stream);
    return result;
}

static int add_directory(struct query_set *set, const char *directory, struct error *error)
{
    struct buffer path = {0};
    int result = 0, found = 0;
    DIR *stream = opendir(directory);
    if (!stream) return error_set(error, ERROR_USAGE, "--queries %s: %s", directory, strerror(errno));
    for (struct dirent *entry; result >= 0 && (entry = readdir(stream));) {
        if (!query_name(entry->d_name).at) continue;
        size_t size = strlen(directory);
        buffer_clear(&path);
        buffer_printf(&path, "%s%s%s", directory, size && directory[size - 1] == '/' ? "" : "/",
                      entry->d_name);
        result = add_file(set, buffer_string(&path), error);
        if (result == 0) found++;
    }
    closedir(stream);
    buffer_free(&path);
    if (result >= 0 && found == 0)
        log_write(LOG_WARNING, "--queries %s: there is no *.sql file in it", directory);
    return result < 0 ? -1 : 0;
}

int query_set_open(const char *directory, struct query_set **set, struct error *error)
{
    *set = calloc(1, sizeof **set);
    if (!*set) return error_memory(error);
    if (add_built_in(*set, error) || (directory && add_directory(*set, directory, error))) {
        query_set_close(*set);
        *set = NULL;
        return -1;
    }
    if ((*set)->count) qsort((*set)->all, (*set)->count, sizeof *(*set)->all, compare);
    return 0;
}

void query_set_close(struct query_set *set)
{
    if (!set) return;
    arena_free(&set->arena);
    free(set->all);
    free(set);
}

size_t query_count(const struct query_set *set)
{
    return set->count;
}

const struct query *query_at(const struct query_set *set, size_t index)
{
    return &set->all[index];
}

static int unknown(const struct query_set *set, const char *name, struct error *error)
{
    const char **names = calloc(set->count + 1, sizeof *names);
    if (!names) return error_memory(error);
    for (size_t i = 0; i < set->count; i++) names[i] = set->all[i].name;
    const char *near = suggest(name, names);
    error_set(error, ERROR_USAGE, "no query '%s'%s%s%s cdclite query lists them", name,
              near ? "; did you mean " : "", near ? near : "", near ? "?" : ";");
    free(names);
    return -1;
}

int query_find(const struct query_set *set, const char *name, const struct query **query, struct error *error)
{
    for (size_t i = 0; i < set->count; i++) {
        if (strcmp(set->all[i].name, name) != 0) continue;
        *query = &set->all[i];
        return 0;
    }
    return unknown(set, name, error);
}
