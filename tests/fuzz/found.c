#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fuzz.h"

static char scratch[32];

static void remove_scratch(void)
{
    DIR *directory = opendir(scratch);
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        unlinkat(dirfd(directory), entry->d_name, 0);
    if (directory) closedir(directory);
    rmdir(scratch);
}

const char *scratch_path(const char *name)
{
    char *path = NULL;
    if (!*scratch) {
        const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
        snprintf(scratch, sizeof scratch, "%s/cdclite-fuzz-XXXXXX", base);
        if (!mkdtemp(scratch)) found("no directory for files in %s", base);
        atexit(remove_scratch);
    }
    if (asprintf(&path, "%s/%s", scratch, name) < 0) found("out of memory");
    return path;
}

void found(const char *format, ...)
{
    va_list arguments;
    /* Not by stderr, which a target may have turned away. */
    va_start(arguments, format);
    dprintf(STDERR_FILENO, "found: ");
    vdprintf(STDERR_FILENO, format, arguments);
    dprintf(STDERR_FILENO, "\n");
    va_end(arguments);
    if (*scratch) remove_scratch();
    abort();
}

struct slice copy_of(struct slice bytes)
{
    if (!bytes.at) return bytes;
    char *copy = malloc(bytes.size ? bytes.size : 1);
    if (!copy) found("out of memory");
    if (bytes.size) memcpy(copy, bytes.at, bytes.size);
    return (struct slice){copy, bytes.size};
}

/* The number of bytes that encode a character. */
static size_t encoded_size(uint32_t character)
{
    return character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
}

bool is_utf8(struct slice text)
{
    const unsigned char *at = (const unsigned char *)text.at, *end = at + text.size;
    while (at < end) {
        size_t size = *at < 0x80 ? 1 : *at >= 0xf0 ? 4 : *at >= 0xe0 ? 3 : *at >= 0xc0 ? 2 : 0;
        if (size == 0 || *at > 0xf7 || (size_t)(end - at) < size) return false;
        uint32_t character = size == 1 ? *at : *at & (0x7fU >> size);
        for (size_t i = 1; i < size; i++) {
            if ((at[i] & 0xc0) != 0x80) return false;
            character = character << 6 | (at[i] & 0x3f);
        }
        if (encoded_size(character) != size || character > 0x10ffff || character >> 11 == 0x1b) return false;
        at += size;
    }
    return true;
}

struct slice next_field(struct slice *rest, char separator)
{
    const char *end = rest->size ? memchr(rest->at, separator, rest->size) : NULL;
    struct slice field = {rest->at, end ? (size_t)(end - rest->at) : rest->size};
    size_t passed = field.size + (end != NULL);
    *rest = (struct slice){rest->at + passed, rest->size - passed};
    return field;
}
