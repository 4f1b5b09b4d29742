#ifndef CDCLITE_PORTABLE_H
#define CDCLITE_PORTABLE_H

#include <errno.h>
#include <time.h>
#include <unistd.h>

/* What glibc or Linux has and others lack: the same in its plain form. */

/* Calls again while a signal interrupts. */
#ifndef TEMP_FAILURE_RETRY
#define TEMP_FAILURE_RETRY(call)                 \
    (__extension__({                             \
        __typeof__(call) result_;                \
        do result_ = (call);                     \
        while (result_ == -1 && errno == EINTR); \
        result_;                                 \
    }))
#endif

/* Read without a system call where there is one; as exact as a clock tick. */
#ifndef CLOCK_MONOTONIC_COARSE
#define CLOCK_MONOTONIC_COARSE CLOCK_MONOTONIC
#endif

#endif
