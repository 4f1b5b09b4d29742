/*
 * libc's calls on files, as the program and its libraries call them: defined in the executable, they come
 * before libc's. Those on files of the watched folder are counted, and fail, or cut the power, when it is
 * their turn.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "disk.h"
#include "plan.h"

enum { DESCRIPTORS = 1024 };

/* The open files of the watched folder, by descriptor. */
static struct {
    bool watched, directory;
    char name[NAME_MAX + 1];
    struct disk_file *file; /* NULL where no power is cut, and of the shared memory */
} all[DESCRIPTORS];

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), tail = strlen(end);
    return size >= tail && strcmp(text + size - tail, end) == 0;
}

static bool is_watched(const char *path)
{
    if (!plan.directory) return false;
    size_t size = strlen(plan.directory);
    return strncmp(path, plan.directory, size) == 0 && (path[size] == '/' || path[size] == '\0');
}

static const char *name_in(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool watches(int fd)
{
    return fd >= 0 && fd < DESCRIPTORS && all[fd].watched;
}

/* Fails as the plan says; a result other than -1 is to be gone on with. */
static long refused(int fault)
{
    errno = fault;
    return -1;
}

static void watch(int fd, const char *path, bool directory, bool created)
{
    if (fd < 0 || fd >= DESCRIPTORS) return;
    all[fd].watched = true;
    all[fd].directory = directory;
    snprintf(all[fd].name, sizeof all[fd].name, "%s", directory ? "." : name_in(path));
    all[fd].file =
        plan.cuts_power && !directory && !ends_with(path, "-shm") ? disk_open(path, created) : NULL;
}

int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, int) : 0;
    va_end(arguments);
    if (!is_watched(path)) return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    struct stat status;
    bool there = stat(path, &status) == 0;
    int fault = plan_io(there || !(flags & O_CREAT) ? KIND_OPEN : KIND_CREATE, name_in(path));
    if (fault == FAULT_POWER) disk_cut(plan.seed);
    if (fault) return (int)refused(fault);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    watch(fd, path, there && S_ISDIR(status.st_mode), !there);
    return fd;
}

int close(int fd)
{
    if (watches(fd)) all[fd].watched = false;
    return (int)syscall(SYS_close, fd);
}

/* How much of `size` is to be read; -1 when that fails. */
static ssize_t readable(int fd, size_t size)
{
    if (!watches(fd)) return (ssize_t)size;
    int fault = plan_io(KIND_READ, all[fd].name);
    if (fault == FAULT_POWER) disk_cut(plan.seed);
    if (fault == FAULT_SHORT && size > 1) size /= 2;
    return fault > 0 ? refused(fault) : (ssize_t)size;
}

ssize_t read(int fd, void *buffer, size_t size)
{
    ssize_t most = readable(fd, size);
    return most < 0 ? -1 : syscall(SYS_read, fd, buffer, most);
}

ssize_t pread(int fd, void *buffer, size_t size, off_t offset)
{
    ssize_t most = readable(fd, size);
    return most < 0 ? -1 : syscall(SYS_pread64, fd, buffer, most, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    if (watches(fd)) {
        int fault = plan_io(KIND_WRITE, all[fd].name);
        if (fault == FAULT_SHORT && size > 1) size /= 2;
        if (fault > 0) return refused(fault);
        if (all[fd].file) disk_write(all[fd].file, offset, bytes, size);
        if (fault == FAULT_POWER) disk_cut(plan.seed);
    }
    return syscall(SYS_pwrite64, fd, bytes, size, offset);
}

static int synced(int fd, long call)
{
    if (watches(fd)) {
        int fault = plan_io(KIND_SYNC, all[fd].name);
        if (fault == FAULT_POWER) disk_cut(plan.seed);
        if (fault > 0) return (int)refused(fault);
        if (plan.unsynced && ends_with(all[fd].name, plan.unsynced)) return 0;
        if (all[fd].directory && plan.cuts_power) disk_sync_directory();
        if (all[fd].file) disk_sync(all[fd].file);
        /* What the real disk does about it takes long and is not what is tested. */
        return 0;
    }
    return (int)syscall(call, fd);
}

int fsync(int fd)
{
    return synced(fd, SYS_fsync);
}

int fdatasync(int fd)
{
    return synced(fd, SYS_fdatasync);
}

int ftruncate(int fd, off_t size)
{
    if (watches(fd)) {
        int fault = plan_io(KIND_TRUNCATE, all[fd].name);
        if (fault > 0) return (int)refused(fault);
        if (all[fd].file) disk_truncate(all[fd].file, size);
        if (fault == FAULT_POWER) disk_cut(plan.seed);
    }
    return (int)syscall(SYS_ftruncate, fd, size);
}

int unlink(const char *path)
{
    if (is_watched(path)) {
        int fault = plan_io(KIND_UNLINK, name_in(path));
        if (fault > 0) return (int)refused(fault);
        if (plan.cuts_power) disk_unlink(path);
        if (fault == FAULT_POWER) disk_cut(plan.seed);
    }
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (watches(fd)) {
        int fault = plan_io(KIND_MAP, all[fd].name);
        if (fault == FAULT_POWER) disk_cut(plan.seed);
        if (fault > 0) {
            errno = fault;
            return MAP_FAILED;
        }
    }
    return (void *)syscall(SYS_mmap, address, size, protection, flags, fd, offset);
}

int flock(int fd, int operation)
{
    if (watches(fd)) {
        int fault = plan_io(KIND_LOCK, all[fd].name);
        if (fault == FAULT_POWER) disk_cut(plan.seed);
        if (fault > 0) return (int)refused(fault);
    }
    return (int)syscall(SYS_flock, fd, operation);
}

/* The names of them that libraries use. */
int open64(const char *path, int flags, ...) __attribute__((alias("open")));
ssize_t pread64(int fd, void *buffer, size_t size, off64_t offset) __attribute__((alias("pread")));
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset) __attribute__((alias("pwrite")));
int ftruncate64(int fd, off64_t size) __attribute__((alias("ftruncate")));
void *mmap64(void *address, size_t size, int protection, int flags, int fd, off64_t offset)
    __attribute__((alias("mmap")));

/* The power goes when all is done, before what the program left to the system has reached the disk. */
__attribute__((destructor)) static void end(void)
{
    if (plan_io(KIND_SYNC, "the end") == FAULT_POWER) disk_cut(plan.seed);
}
