/*
 * A slow disk for one program, by LD_PRELOAD: each write to a regular file takes as long as SLOW_DISK_MIB_S
 * (default 20) MiB a second allow, each sync SLOW_DISK_SYNC_MS (default 10) more. The time passes asleep, as
 * it would in the kernel; sockets and pipes are as fast as ever.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double setting(const char *name, double otherwise)
{
    const char *text = getenv(name);
    return text ? atof(text) : otherwise;
}

static void wait_seconds(double seconds)
{
    struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    int kept = errno;
    while (nanosleep(&time, &time) != 0) continue;
    errno = kept;
}

// Short waits are saved up: asleep one wakes up late.
static void written(int fd, ssize_t size)
{
    static _Thread_local double owed;
    struct stat facts;
    if (size <= 0 || fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) return;
    owed += (double)size / (setting("SLOW_DISK_MIB_S", 20) * 1048576);
    if (owed < 0.002) return;
    wait_seconds(owed);
    owed = 0;
}

static void *next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset)
{
    ssize_t (*real)(int, const void *, size_t, off64_t);
    *(void **)&real = next("pwrite64");
    ssize_t done = real(fd, bytes, size, offset);
    written(fd, done);
    return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    return pwrite64(fd, bytes, size, offset);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    ssize_t (*real)(int, const void *, size_t);
    *(void **)&real = next("write");
    ssize_t done = real(fd, bytes, size);
    written(fd, done);
    return done;
}

static int synced(int done)
{
    wait_seconds(setting("SLOW_DISK_SYNC_MS", 10) / 1000);
    return done;
}

int fdatasync(int fd)
{
    int (*real)(int);
    *(void **)&real = next("fdatasync");
    return synced(real(fd));
}

int fsync(int fd)
{
    int (*real)(int);
    *(void **)&real = next("fsync");
    return synced(real(fd));
}
