#include "disk.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "plan.h"

enum { NAMES = 32, SECTOR = 512, PAGE = 4096 };

struct change {
    struct change *next;
    bool truncates;
    int64_t at; /* offset, or the new size */
    size_t size;
    unsigned char bytes[];
};

struct disk_file {
    unsigned char *bytes; /* durable */
    size_t size;
    struct change *first, *last; /* since the last sync */
};

/* A name in the folder: the file it stands for now, and the one it stands for on the disk. */
static struct {
    char path[256];
    struct disk_file *now, *durable;
} names[NAMES];
static size_t name_count;

static void *get(size_t size)
{
    void *at = calloc(1, size ? size : 1);
    if (!at) abort();
    return at;
}

static void resize(struct disk_file *file, size_t size)
{
    file->bytes = realloc(file->bytes, size ? size : 1);
    if (!file->bytes) abort();
    if (size > file->size) memset(file->bytes + file->size, 0, size - file->size);
    file->size = size;
}

static void put(struct disk_file *file, int64_t at, const void *bytes, size_t size)
{
    if ((size_t)at + size > file->size) resize(file, (size_t)at + size);
    memcpy(file->bytes + at, bytes, size);
}

static size_t name_of(const char *path)
{
    size_t i = 0;
    while (i < name_count && strcmp(names[i].path, path) != 0) i++;
    if (i == NAMES) abort();
    if (i == name_count) snprintf(names[name_count++].path, sizeof names[i].path, "%s", path);
    return i;
}

static void read_whole(struct disk_file *file, const char *path)
{
    struct stat status;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status)) abort();
    resize(file, (size_t)status.st_size);
    if (syscall(SYS_pread64, fd, file->bytes, file->size, 0) != status.st_size) abort();
    /* Nobody else's locks on it are lost: it is opened here before SQLite takes any. */
    syscall(SYS_close, fd);
}

struct disk_file *disk_open(const char *path, int created)
{
    size_t i = name_of(path);
    if (names[i].now) return names[i].now;
    struct disk_file *file = get(sizeof *file);
    if (!created) {
        read_whole(file, path);
        names[i].durable = file;
    }
    return names[i].now = file;
}

static void add(struct disk_file *file, bool truncates, int64_t at, const void *bytes, size_t size)
{
    struct change *change = get(sizeof *change + size);
    change->truncates = truncates;
    change->at = at;
    change->size = size;
    if (size) memcpy(change->bytes, bytes, size);
    if (file->last) {
        file->last->next = change;
    } else {
        file->first = change;
    }
    file->last = change;
}

void disk_write(struct disk_file *file, int64_t offset, const void *bytes, size_t size)
{
    add(file, false, offset, bytes, size);
}

void disk_truncate(struct disk_file *file, int64_t size)
{
    add(file, true, size, NULL, 0);
}

static void drop_changes(struct disk_file *file)
{
    while (file->first) {
        struct change *change = file->first;
        file->first = change->next;
        free(change);
    }
    file->last = NULL;
}

void disk_sync(struct disk_file *file)
{
    for (const struct change *change = file->first; change; change = change->next) {
        if (change->truncates) {
            resize(file, (size_t)change->at);
        } else {
            put(file, change->at, change->bytes, change->size);
        }
    }
    drop_changes(file);
}

void disk_unlink(const char *path)
{
    names[name_of(path)].now = NULL;
}

void disk_sync_directory(void)
{
    for (size_t i = 0; i < name_count; i++) names[i].durable = names[i].now;
}

static uint64_t state;

static uint64_t random_bits(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state >> 11;
}

/* How many of 8 pieces survive, and how large a piece is; both differ by the seed. */
static unsigned kept_of_8, piece;

static bool survives(unsigned seed)
{
    return seed != 0 && (seed == 1 || random_bits() % 8 < kept_of_8);
}

/* What a write that was never synced left: any of its pieces, or zeros in its place, or not even that. */
static void put_pieces(struct disk_file *file, const struct change *change, unsigned seed)
{
    size_t from = 0, end = (size_t)change->at + change->size;
    if (end > file->size && seed > 1 && survives(seed)) resize(file, end);
    while (from < change->size) {
        size_t to = (((size_t)change->at + from) / piece + 1) * piece - (size_t)change->at;
        if (to > change->size) to = change->size;
        if (survives(seed)) put(file, change->at + (int64_t)from, change->bytes + from, to - from);
        from = to;
    }
}

static void settle(struct disk_file *file, unsigned seed)
{
    for (const struct change *change = file->first; change; change = change->next) {
        if (change->truncates) {
            if (survives(seed)) resize(file, (size_t)change->at);
        } else if (seed == 1 && !change->next) {
            put(file, change->at, change->bytes, change->size / 2);
        } else {
            put_pieces(file, change, seed);
        }
    }
    drop_changes(file);
}

static void write_whole(const struct disk_file *file, const char *path)
{
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0 || syscall(SYS_write, fd, file->bytes, file->size) != (long)file->size) abort();
}

/* SQLite's index of the WAL is shared memory: of it anything may be left. */
static void spoil_index(const char *path, unsigned seed)
{
    char index[300];
    unsigned char garbage[32768];
    snprintf(index, sizeof index, "%s-shm", path);
    if (access(index, F_OK)) return;
    syscall(SYS_unlinkat, AT_FDCWD, index, 0);
    if (seed % 2 == 0) return;
    for (size_t i = 0; i < sizeof garbage; i++) garbage[i] = (unsigned char)random_bits();
    write_whole(&(struct disk_file){.bytes = garbage, .size = sizeof garbage}, index);
}

_Noreturn void disk_cut(unsigned seed)
{
    static const unsigned kept[] = {1, 4, 7};
    state = 88172645463325252u + seed * 0x9e3779b97f4a7c15u;
    kept_of_8 = kept[seed % 3];
    piece = seed % 2 ? PAGE : SECTOR;
    for (size_t i = 0; i < name_count; i++) {
        struct disk_file *file = names[i].now;
        if (names[i].durable != file && !survives(seed)) file = names[i].durable;
        if (file) {
            settle(file, seed);
            write_whole(file, names[i].path);
        } else {
            syscall(SYS_unlinkat, AT_FDCWD, names[i].path, 0);
        }
        spoil_index(names[i].path, seed);
    }
    plan_kill();
}
