#include "thread.h"

#include <signal.h>
#include <string.h>

int thread_start(pthread_t *thread, void *(*run)(void *context), void *context, struct error *error)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(thread, NULL, run, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code ? error_set(error, ERROR_FAILURE, "cannot start a thread: %s", strerror(code)) : 0;
}
