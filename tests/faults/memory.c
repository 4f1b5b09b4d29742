/* malloc and its relatives, for the program and all its libraries: libc's, but for those whose turn it is to
 * fail. */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "plan.h"

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *at, size_t size);

enum { DEPTH = 10, SITES = 1 << 20 };

/* The library that asks, by its path; "" for the program itself. */
static const char *asking(void *const *callers, int depth)
{
    Dl_info own, other;
    dladdr(callers[0], &own);
    for (int i = 1; i < depth && i < 5; i++)
        if (dladdr(callers[i], &other) && other.dli_fbase != own.dli_fbase &&
            !strstr(other.dli_fname, "libc."))
            return other.dli_fname;
    return "";
}

/* Whether an allocation was never asked for before by way of these callers. */
static bool is_new_site(void *const *callers, int depth)
{
    static uint64_t known[SITES];
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
    void *callers[DEPTH];
    int depth = backtrace(callers, DEPTH);
    if (is_new_site(callers, depth)) plan_site(asking(callers, depth));
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
