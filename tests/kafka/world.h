#ifndef WORLD_H
#define WORLD_H

#include <stdint.h>

#include "cdclite/error.h"
#include "cdclite/mock_kafka.h"

/* What each test of the Kafka path has for itself: a folder, and a mock cluster once it is started. */
struct world {
    char directory[64], db[96], text[96], file[96];
    struct mock_kafka *mock;
    struct error error;
};

/* cmocka's setup and teardown. */
int begin(void **state);
int end(void **state);

/* Runs `cdclite load ARGUMENT…`, ended by NULL; gives the exit code. */
int load(struct world *world, ...);

/* The number that a query of a database gives, -1 where what it asks for is not there yet. */
int64_t ask(const struct world *world, const char *db, const char *sql);

int64_t milliseconds(void);

#endif
