#include "plan.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NOTHING = 0, KILL = -3 };

static const char *const series_names[] = {"io", "point", "memory"};
static const char *const kind_names[] = {"open",     "create", "read", "write", "sync",
                                         "truncate", "unlink", "map",  "lock"};
static const struct {
    const char *name;
    int what;
} faults[] = {{"kill", KILL}, {"power", FAULT_POWER}, {"short", FAULT_SHORT}, {"ENOSPC", ENOSPC},
              {"EIO", EIO},   {"EINTR", EINTR},       {"ENOMEM", ENOMEM}};

struct plan plan;

static struct {
    enum series series;
    long at;
    int what;
    bool ever, running;
    int trace;
} fault = {.trace = -1};
static long passed[3];

static _Noreturn void misused(const char *text)
{
    fprintf(stderr, "FAULT=%s: not SERIES:N:WHAT[:ever]\n", text);
    _exit(99);
}

static void read_fault(const char *text)
{
    char series[16], what[16], ever[8] = "";
    int parts = sscanf(text, "%15[a-z]:%ld:%15[a-zA-Z]:%7s", series, &fault.at, what, ever);
    if (parts < 3 || (parts == 4 && strcmp(ever, "ever") != 0)) misused(text);
    fault.ever = parts == 4;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (strcmp(faults[i].name, what) == 0) fault.what = faults[i].what;
    size_t found = 0;
    while (found < 3 && strcmp(series_names[found], series) != 0) found++;
    if (found == 3 || fault.what == NOTHING) misused(text);
    fault.series = (enum series)found;
}

static int number(const char *name)
{
    const char *text = getenv(name);
    return text ? atoi(text) : 0;
}

/* Before main, and after the libraries have allocated what is theirs. */
__attribute__((constructor)) static void begin(void)
{
    const char *text = getenv("FAULT"), *trace = getenv("FAULT_TRACE");
    if (text) read_fault(text);
    if (trace)
        fault.trace =
            (int)syscall(SYS_openat, AT_FDCWD, trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    plan = (struct plan){.directory = getenv("FAULT_DIR"),
                         .from = getenv("FAULT_FROM"),
                         .only = getenv("FAULT_ONLY"),
                         .unsynced = getenv("FAULT_NOSYNC"),
                         .seed = (unsigned)number("FAULT_SEED"),
                         .batch = number("FAULT_BATCH"),
                         .checkpoint = number("FAULT_CHECKPOINT"),
                         .cuts_power = fault.what == FAULT_POWER,
                         .sites = getenv("FAULT_SITES")};
    fault.running = true;
}

__attribute__((destructor)) static void end(void)
{
    char line[64];
    fault.running = false;
    if (fault.trace < 0) return;
    int size = snprintf(line, sizeof line, "end %ld allocations\n", passed[SERIES_MEMORY]);
    syscall(SYS_write, fault.trace, line, size);
}

_Noreturn void plan_kill(void)
{
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static int due(enum series series, const char *step)
{
    if (plan.from || (plan.only && strcmp(plan.only, step) != 0)) return NOTHING;
    /* The thread that reads ahead allocates too. */
    long now = __atomic_add_fetch(&passed[series], 1, __ATOMIC_RELAXED);
    if (fault.series != series || !fault.at) return NOTHING;
    return now == fault.at || (fault.ever && now > fault.at) ? fault.what : NOTHING;
}

static void trace(enum series series, const char *step)
{
    char line[256];
    if (fault.trace < 0) return;
    int size = snprintf(line, sizeof line, "%s %ld %.200s\n", series_names[series], passed[series], step);
    syscall(SYS_write, fault.trace, line, size);
}

/* Counts a passing: what shall become of it. */
static int passing(enum series series, const char *what, const char *name)
{
    char step[200];
    snprintf(step, sizeof step, "%s %.180s", what, name);
    int fate = due(series, step);
    trace(series, step);
    if (fate == KILL) plan_kill();
    return fate;
}

static bool strikes(int what, enum kind kind)
{
    switch (what) {
    case FAULT_SHORT: return kind == KIND_READ || kind == KIND_WRITE;
    case ENOSPC: return kind == KIND_CREATE || kind == KIND_WRITE || kind == KIND_SYNC;
    case EINTR: return kind <= KIND_WRITE || kind == KIND_TRUNCATE; /* a disk's sync is not interrupted */
    case ENOMEM: return kind == KIND_MAP;
    default: return true;
    }
}

int plan_io(enum kind kind, const char *name)
{
    if (!fault.running) return NOTHING;
    int fate = passing(SERIES_IO, kind_names[kind], name);
    return strikes(fate, kind) ? fate : NOTHING;
}

void plan_point(const char *when, const char *name)
{
    if (plan.from && strcmp(plan.from, name) == 0) plan.from = NULL;
    passing(SERIES_POINT, when, name);
}

bool plan_memory(void)
{
    return fault.running && due(SERIES_MEMORY, "") != NOTHING;
}

void plan_site(const char *library)
{
    char step[200];
    snprintf(step, sizeof step, "site %.180s", library);
    if (fault.running) trace(SERIES_MEMORY, step);
}
