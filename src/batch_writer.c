#include "cdclite/batch_writer.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "cdclite/transaction.h"
#include "thread.h"

struct batch_writer {
    sqlite3 *db;
    int (*write)(void *context, struct error *error);
    void *context;
    bool started;
    pthread_t thread;

    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t changed;
    enum writer_state { IDLE, ASKED, WRITING, STOPPING } state;
    int result; /* of the batch written last */
    struct error error;
};

int batch_writer_open(sqlite3 *db, int (*write)(void *context, struct error *error), void *context,
                      struct batch_writer **opened, struct error *error)
{
    struct batch_writer *writer = *opened = calloc(1, sizeof *writer);
    if (!writer) return error_memory(error);
    writer->db = db;
    writer->write = write;
    writer->context = context;
    pthread_mutex_init(&writer->mutex, NULL);
    pthread_cond_init(&writer->changed, NULL);
    return 0;
}

/* Under the mutex. */
static void enter(struct batch_writer *writer, enum writer_state state)
{
    writer->state = state;
    pthread_cond_broadcast(&writer->changed);
}

static void *write_batches(void *context)
{
    struct batch_writer *writer = context;
    pthread_mutex_lock(&writer->mutex);
    for (;;) {
        while (writer->state == IDLE) pthread_cond_wait(&writer->changed, &writer->mutex);
        if (writer->state == STOPPING) break;
        pthread_mutex_unlock(&writer->mutex);
        /* Nobody else uses the connection before the state says that it is held. */
        sqlite3_mutex_enter(sqlite3_db_mutex(writer->db));
        pthread_mutex_lock(&writer->mutex);
        enter(writer, WRITING);
        pthread_mutex_unlock(&writer->mutex);
        int result = writer->write(writer->context, &writer->error);
        /* There may be no transaction, and what others do meanwhile would be committed at once. */
        if (result) transaction_hold(writer->db);
        sqlite3_mutex_leave(sqlite3_db_mutex(writer->db));
        pthread_mutex_lock(&writer->mutex);
        writer->result = result;
        enter(writer, IDLE);
    }
    pthread_mutex_unlock(&writer->mutex);
    return NULL;
}

int batch_writer_start(struct batch_writer *writer, struct error *error)
{
    if (!writer->started && thread_start(&writer->thread, write_batches, writer, error)) return -1;
    writer->started = true;
    pthread_mutex_lock(&writer->mutex);
    enter(writer, ASKED);
    while (writer->state == ASKED) pthread_cond_wait(&writer->changed, &writer->mutex);
    pthread_mutex_unlock(&writer->mutex);
    return 0;
}

bool batch_writer_is_busy(struct batch_writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    bool busy = writer->state != IDLE;
    pthread_mutex_unlock(&writer->mutex);
    return busy;
}

int batch_writer_wait(struct batch_writer *writer, struct error *error)
{
    pthread_mutex_lock(&writer->mutex);
    while (writer->state != IDLE) pthread_cond_wait(&writer->changed, &writer->mutex);
    int result = writer->result;
    if (result) *error = writer->error;
    pthread_mutex_unlock(&writer->mutex);
    return result;
}

void batch_writer_close(struct batch_writer *writer)
{
    if (!writer) return;
    pthread_mutex_lock(&writer->mutex);
    while (writer->state != IDLE) pthread_cond_wait(&writer->changed, &writer->mutex);
    enter(writer, STOPPING);
    pthread_mutex_unlock(&writer->mutex);
    if (writer->started) pthread_join(writer->thread, NULL);
    pthread_cond_destroy(&writer->changed);
    pthread_mutex_destroy(&writer->mutex);
    free(writer);
}
