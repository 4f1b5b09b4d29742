/* malloc and its relatives, for the program and all its libraries: libc's, but for those whose turn it is to
 * fail. */
#include <errno.h>
#include <execinfo.h>
#include <stddef.h>
#include <stdint.h>

#include "plan.h"

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *at, size_t size);

enum { DEPTH = 8, SITES = 1 << 20 };

/* Whether an allocation was never asked for from here before, by way of the same callers. */
static bool is_new_site(void)
{
    static uint64_t known[SITES];
    void *callers[DEPTH];
    int depth = backtrace(callers, DEPTH);
    uint64_t hash = 1;
    for (int i = 0; i < depth; i++) hash = (hash ^ (uintptr_t)callers[i]) * 0x9e3779b97f4a7c15u;
    size_t at = hash >> 44;
    for (; known[at]; at = (at + 1) % SITES)
        if (known[at] == hash) return false;
    known[at] = hash;
    return true;
}

/* Whether this allocation's turn has come. */
static bool fails(void)
{
    static bool looking;
    bool failing = plan_memory();
    /* The first backtrace allocates itself. */
    if (!plan.sites || looking) return failing;
    looking = true;
    if (is_new_site()) plan_site();
    looking = false;
    return failing;
}

static void *refused(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t size)
{
    return fails() ? refused() : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails() ? refused() : __libc_calloc(count, size);
}

void *realloc(void *at, size_t size)
{
    return fails() ? refused() : __libc_realloc(at, size);
}
