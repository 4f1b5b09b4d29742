#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdclite/slice.h"

/* What a fuzz target defines; libFuzzer's entry. Gives 0 always: what is wrong ends the process. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process with what was found, as a failed assertion does. */
_Noreturn void found(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the process unless it holds. */
#define MUST_HOLD(condition)                                                  \
    do {                                                                      \
        if (!(condition)) found("%s:%d: %s", __FILE__, __LINE__, #condition); \
    } while (0)

/* A copy of its own size on the heap, so that AddressSanitizer sees the first byte read behind it; for
 * free(). Absent stays absent. */
struct slice copy_of(struct slice bytes);

/* The path of a file of that name in a directory of this process, in memory where there is /dev/shm; the
 * directory goes with the process. Never freed. */
const char *scratch_path(const char *name);

/* Whether all of it is well-formed UTF-8, by decoding each character and comparing it with its only encoding.
 */
bool is_utf8(struct slice text);

/* Cuts the next field off: what stands before the first `separator`, all of it when there is none. */
struct slice next_field(struct slice *rest, char separator);

#endif
