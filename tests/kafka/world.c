#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"

int begin(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    snprintf(world->directory, sizeof world->directory, "/tmp/cdclite-kafka-XXXXXX");
    assert_non_null(mkdtemp(world->directory));
    snprintf(world->db, sizeof world->db, "%s/history.db", world->directory);
    snprintf(world->text, sizeof world->text, "%s/output_data.txt", world->directory);
    snprintf(world->file, sizeof world->file, "%s/file.db", world->directory);
    stop_requested = 0;
    *state = world;
    return 0;
}

/* Whatever a test did: what it loaded holds together. */
static int verify(struct world *world)
{
    char *argv[] = {"cdclite", "verify", "--quiet", "--db", world->db, NULL};
    struct options options;
    if (access(world->db, F_OK) != 0) return 0;
    int result = options_parse(&options, 5, argv, &world->error);
    if (result == 0) result = options.command->run(&options, &world->error);
    options_free(&options);
    if (result) fprintf(stderr, "%s\n", world->error.text);
    return result;
}

int end(void **state)
{
    struct world *world = *state;
    char command[128];
    int verified = verify(world);
    mock_kafka_stop(world->mock);
    snprintf(command, sizeof command, "rm -rf %s", world->directory);
    free(world);
    return verified || system(command);
}

int load(struct world *world, ...)
{
    char *argv[32] = {"cdclite", "load", "--db", world->db, "--text", world->text};
    int argc = 6;
    va_list arguments;
    struct options options;
    va_start(arguments, world);
    while ((argv[argc] = va_arg(arguments, char *))) argc++;
    va_end(arguments);
    int result = options_parse(&options, argc, argv, &world->error);
    if (result == 0) result = options.command->run(&options, &world->error);
    options_free(&options);
    return result ? (int)world->error.kind : 0;
}

int64_t ask(const struct world *world, const char *db, const char *sql)
{
    sqlite3 *handle;
    sqlite3_stmt *statement;
    (void)world;
    assert_int_equal(sqlite3_open_v2(db, &handle, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    sqlite3_busy_timeout(handle, 5000);
    if (sqlite3_prepare_v2(handle, sql, -1, &statement, NULL) != SQLITE_OK) {
        sqlite3_close(handle);
        return -1; /* not there yet */
    }
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(handle);
    return value;
}

int64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
