#include "cdclite/checkpointer.h"

#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct checkpointer {
    char *path;
    bool threaded;
    pthread_t thread;
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t changed;
    bool under_way, failed, stopping;
};

/* Opens its own connection with the first checkpoint. */
static bool copy_pages(sqlite3 **handle, const char *path)
{
    if (!*handle && (sqlite3_open_v2(path, handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ||
                     sqlite3_exec(*handle, "PRAGMA synchronous = FULL", NULL, NULL, NULL)))
        return false;
    int code = sqlite3_wal_checkpoint_v2(*handle, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY;
}

static void *work(void *context)
{
    struct checkpointer *checkpointer = context;
    sqlite3 *handle = NULL;
    pthread_mutex_lock(&checkpointer->mutex);
    while (!checkpointer->stopping) {
        if (!checkpointer->under_way) {
            pthread_cond_wait(&checkpointer->changed, &checkpointer->mutex);
            continue;
        }
        pthread_mutex_unlock(&checkpointer->mutex);
        bool done = copy_pages(&handle, checkpointer->path);
        pthread_mutex_lock(&checkpointer->mutex);
        checkpointer->failed = !done;
        checkpointer->under_way = false;
        pthread_cond_broadcast(&checkpointer->changed);
    }
    pthread_mutex_unlock(&checkpointer->mutex);
    sqlite3_close(handle);
    return NULL;
}

struct checkpointer *checkpointer_open(const char *path)
{
    struct checkpointer *checkpointer = calloc(1, sizeof *checkpointer);
    if (!checkpointer || !(checkpointer->path = strdup(path))) {
        free(checkpointer);
        return NULL;
    }
    pthread_mutex_init(&checkpointer->mutex, NULL);
    pthread_cond_init(&checkpointer->changed, NULL);
    return checkpointer;
}

/* Signals are for the thread that stores. */
static bool start(struct checkpointer *checkpointer)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    checkpointer->threaded = pthread_create(&checkpointer->thread, NULL, work, checkpointer) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return checkpointer->threaded;
}

void checkpointer_begin(struct checkpointer *checkpointer)
{
    bool started = checkpointer->threaded || start(checkpointer);
    pthread_mutex_lock(&checkpointer->mutex);
    checkpointer->failed = !started;
    checkpointer->under_way = started;
    pthread_cond_broadcast(&checkpointer->changed);
    pthread_mutex_unlock(&checkpointer->mutex);
}

bool checkpointer_wait(struct checkpointer *checkpointer)
{
    pthread_mutex_lock(&checkpointer->mutex);
    while (checkpointer->under_way) pthread_cond_wait(&checkpointer->changed, &checkpointer->mutex);
    bool done = !checkpointer->failed;
    pthread_mutex_unlock(&checkpointer->mutex);
    return done;
}

void checkpointer_close(struct checkpointer *checkpointer)
{
    if (!checkpointer) return;
    if (checkpointer->threaded) {
        checkpointer_wait(checkpointer);
        pthread_mutex_lock(&checkpointer->mutex);
        checkpointer->stopping = true;
        pthread_cond_broadcast(&checkpointer->changed);
        pthread_mutex_unlock(&checkpointer->mutex);
        pthread_join(checkpointer->thread, NULL);
    }
    pthread_cond_destroy(&checkpointer->changed);
    pthread_mutex_destroy(&checkpointer->mutex);
    free(checkpointer->path);
    free(checkpointer);
}
