#ifndef THREAD_H
#define THREAD_H

#include <pthread.h>

#include "cdclite/error.h"

/* Starts a thread that gets no signals: they are for the one that loads, which is the one that stops. */
int thread_start(pthread_t *thread, void *(*run)(void *context), void *context, struct error *error);

#endif
